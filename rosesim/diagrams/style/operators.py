"""Operators of Style: one table from the operator and the kinds of its operands to what it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rosesim.diagrams import scalars
from rosesim.diagrams.errors import DiagramError, Fault, Place
from rosesim.diagrams.kinds import described
from rosesim.diagrams.scalars import Number, Scalar
from rosesim.diagrams.values import Rows, Value, Vector

Numbers = tuple[Number, ...]
Matrix = tuple[Numbers, ...]
Rule = Callable[..., Number | Numbers | Matrix | str]

SPELLING = {"add": "+", "sub": "-", "mul": "*", "div": "/", "elementwise mul": ".*", "elementwise div": "./"}


class _Unequal(Exception):
    """Operands of different sizes."""


def _zipped(a: Sequence, b: Sequence) -> zip:  # noqa: ANN001
    if len(a) != len(b):
        raise _Unequal
    return zip(a, b, strict=True)


def _each(f: Callable[[Number, Number], Number]) -> Rule:
    return lambda v, w: tuple(f(a, b) for a, b in _zipped(v, w))


def _each_row(f: Rule) -> Rule:
    return lambda m, n: tuple(f(v, w) for v, w in _zipped(m, n))


def _dot(v: Numbers, w: Numbers) -> Number:
    return scalars.total(scalars.mul(a, b) for a, b in _zipped(v, w))


def _times(m: Matrix, v: Numbers) -> Numbers:
    if len(m) != len(v):  # so the language defines it: only the number of rows is looked at
        raise _Unequal
    return tuple(_dot(row, v) for row in m)


def transposed(m: Matrix) -> Matrix:
    """Rows to columns."""
    if len({len(row) for row in m}) != 1:
        raise _Unequal
    return tuple(zip(*m, strict=True))


def _product(m: Matrix, n: Matrix) -> Matrix:
    if len(m) != len(n):
        raise _Unequal
    columns = transposed(n)
    return tuple(tuple(_dot(row, column) for column in columns) for row in m)


def _scaled(v: Numbers, a: Number) -> Numbers:
    return tuple(scalars.mul(x, a) for x in v)


_add, _sub, _mul, _div = scalars.add, scalars.sub, scalars.mul, scalars.div

RULES: dict[tuple[str, str, str], Rule] = {
    ("+", "number", "number"): _add,
    ("-", "number", "number"): _sub,
    ("*", "number", "number"): _mul,
    ("/", "number", "number"): _div,
    ("^", "number", "number"): scalars.power,
    ("+", "vector", "vector"): _each(_add),
    ("-", "vector", "vector"): _each(_sub),
    (".*", "vector", "vector"): _each(_mul),
    ("./", "vector", "vector"): _each(_div),
    ("*", "number", "vector"): lambda a, v: tuple(_mul(a, x) for x in v),
    ("*", "vector", "number"): _scaled,
    ("/", "vector", "number"): lambda v, a: tuple(_div(x, a) for x in v),
    ("*", "number", "matrix"): lambda a, m: tuple(tuple(_mul(a, x) for x in v) for v in m),
    ("*", "matrix", "number"): lambda m, a: tuple(_scaled(v, a) for v in m),
    ("/", "matrix", "number"): lambda m, a: tuple(tuple(_div(x, a) for x in v) for v in m),
    ("*", "matrix", "vector"): _times,
    ("*", "vector", "matrix"): lambda v, m: _times(transposed(m), v),
    ("+", "matrix", "matrix"): _each_row(_each(_add)),
    ("-", "matrix", "matrix"): _each_row(_each(_sub)),
    ("*", "matrix", "matrix"): _product,
    (".*", "matrix", "matrix"): _each_row(_each(_mul)),
    ("./", "matrix", "matrix"): _each_row(_each(_div)),
    ("+", "string", "string"): lambda a, b: a + b,
}


def binary(op: str, left: Value, right: Value, place: Place) -> Value:
    """`left op right`.

    Faults: BinOpTypeError.

    >>> binary("*", 2.0, Vector((1.0, 3.0)), Place())
    Vector(items=(2.0, 6.0))
    """
    kinds = (_kind(left), _kind(right))
    rule = RULES.get((op, *kinds))
    if rule is None:
        known = [f"{a} {op} {b}" for o, a, b in RULES if o == op]
        sentence = f"{described(left)} {op} {described(right)} has no meaning; `{op}` takes {', '.join(known)}"
        raise DiagramError(Fault("BinOpTypeError", sentence, place))
    try:
        return _wrapped(rule(_bare(left), _bare(right)))
    except _Unequal:
        sentence = f"{described(left)} {op} {described(right)}: expected operands of the same size"
        raise DiagramError(Fault("BinOpTypeError", sentence, place)) from None


def unary(op: str, value: Value, place: Place) -> Value:
    """`-value` of a number or vector (op "-"), or the transpose of a matrix (op "'").

    Faults: UOpTypeError.

    >>> unary("'", Rows(((1.0, 2.0), (3.0, 4.0))), Place()).rows
    ((1.0, 3.0), (2.0, 4.0))
    """
    kind = _kind(value)
    if op == "-" and kind == "number":
        return scalars.neg(value)  # pyright: ignore[reportArgumentType]  # its kind says that it is a number
    if op == "-" and isinstance(value, Vector):
        return Vector(tuple(scalars.neg(a) for a in value.items))
    if op == "'" and kind == "matrix" and isinstance(value, Rows):
        try:
            return Rows(transposed(value.rows))
        except _Unequal:
            pass
    expected = "a number or a vector" if op == "-" else "a matrix, written ((a, b), (c, d))"
    sentence = f"`{op}` of {described(value)} has no meaning; expected {expected}"
    raise DiagramError(Fault("UOpTypeError", sentence, place))


def _kind(value: Value) -> str:
    match value:
        case bool():
            return ""
        case float() | int() | Scalar():
            return "number"
        case Vector():
            return "vector"
        case Rows(kind="matrix"):
            return "matrix"
        case str():
            return "string"
        case _:  # lists, pairs, colours, paths and shapes have no operators
            return ""


def _bare(value: Value) -> Number | Numbers | Matrix | str:
    if isinstance(value, Vector):
        return value.items
    return value.rows if isinstance(value, Rows) else value  # pyright: ignore[reportReturnType]  # by its kind


def _wrapped(result: Number | Numbers | Matrix | str) -> Value:
    if not isinstance(result, tuple):
        return result
    return Rows(result) if result and isinstance(result[0], tuple) else Vector(result)  # pyright: ignore
