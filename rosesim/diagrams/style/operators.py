"""Operators of Style: one table from the operator and the kinds of its operands to what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from rosesim.diagrams import scalars
from rosesim.diagrams.errors import DiagramError, Fault, Place
from rosesim.diagrams.kinds import described
from rosesim.diagrams.scalars import Number, Scalar
from rosesim.diagrams.values import Rows, Value, Vector

Numbers = tuple[Number, ...]
Matrix = tuple[Numbers, ...]
Step = Callable[[Number, Number], Number]
Rule = Callable[..., Number | Numbers | Matrix | str]
T = TypeVar("T")


class _Unequal(Exception):
    """Operands of different sizes."""


def _zipped(a: Sequence[T], b: Sequence[T]) -> Iterator[tuple[T, T]]:
    if len(a) != len(b):
        raise _Unequal
    return zip(a, b, strict=True)


def _vectors(step: Step) -> Callable[[Numbers, Numbers], Numbers]:
    def rule(v: Numbers, w: Numbers) -> Numbers:
        return tuple([step(a, b) for a, b in _zipped(v, w)])

    return rule


def _matrices(step: Step) -> Callable[[Matrix, Matrix], Matrix]:
    rows = _vectors(step)

    def rule(m: Matrix, n: Matrix) -> Matrix:
        return tuple([rows(v, w) for v, w in _zipped(m, n)])

    return rule


def _vector_by(step: Step) -> Callable[[Numbers, Number], Numbers]:
    def rule(v: Numbers, a: Number) -> Numbers:
        return tuple([step(x, a) for x in v])

    return rule


def _matrix_by(step: Step) -> Callable[[Matrix, Number], Matrix]:
    def rule(m: Matrix, a: Number) -> Matrix:
        return tuple([tuple([step(x, a) for x in v]) for v in m])

    return rule


def _by_vector(a: Number, v: Numbers) -> Numbers:
    return tuple([scalars.mul(a, x) for x in v])


def _by_matrix(a: Number, m: Matrix) -> Matrix:
    return tuple([_by_vector(a, v) for v in m])


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


def _row_times(v: Numbers, m: Matrix) -> Numbers:
    return _times(transposed(m), v)


def _joined(a: str, b: str) -> str:
    return a + b


_add, _sub, _mul, _div = scalars.add, scalars.sub, scalars.mul, scalars.div

RULES: dict[tuple[str, str, str], Rule] = {
    ("+", "number", "number"): _add,
    ("-", "number", "number"): _sub,
    ("*", "number", "number"): _mul,
    ("/", "number", "number"): _div,
    ("^", "number", "number"): scalars.power,
    ("+", "vector", "vector"): _vectors(_add),
    ("-", "vector", "vector"): _vectors(_sub),
    (".*", "vector", "vector"): _vectors(_mul),
    ("./", "vector", "vector"): _vectors(_div),
    ("*", "number", "vector"): _by_vector,
    ("*", "vector", "number"): _vector_by(_mul),
    ("/", "vector", "number"): _vector_by(_div),
    ("*", "number", "matrix"): _by_matrix,
    ("*", "matrix", "number"): _matrix_by(_mul),
    ("/", "matrix", "number"): _matrix_by(_div),
    ("*", "matrix", "vector"): _times,
    ("*", "vector", "matrix"): _row_times,
    ("*", "matrix", "matrix"): _product,
    ("+", "matrix", "matrix"): _matrices(_add),
    ("-", "matrix", "matrix"): _matrices(_sub),
    (".*", "matrix", "matrix"): _matrices(_mul),
    ("./", "matrix", "matrix"): _matrices(_div),
    ("+", "string", "string"): _joined,
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

    >>> unary("'", Rows(((1.0, 2.0), (3.0, 4.0))), Place())
    Rows(rows=((1.0, 3.0), (2.0, 4.0)), ...)
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
