"""Functions of numbers, element by element on vectors of any depth, with NumPy's rule for their shapes.

Shapes are aligned at the right. A length of 1 is stretched, and a value with fewer axes is the same for all elements
of the axes that it lacks. The result is one nest of loops; the function is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.ad.language import types as T
from rosesim.ad.language.values.chains import chained
from rosesim.ad.language.values.refused import Value, kind
from rosesim.ad.language.values.structures import typeof, unify
from rosesim.ad.language.values.vector import SHORT, VecValue, as_vec, lift
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "%": lambda a, b: a % b,
    "//": lambda a, b: a // b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
"""Python's operators of two numbers, by how they are written."""


def shape_of(v: Any) -> tuple[int, ...]:
    """The lengths of a vector's axes, the outermost first; () for anything else."""
    shape: list[int] = []
    t = v.type if isinstance(v, VecValue) else v if isinstance(v, T.VecType) else None
    while isinstance(t, T.VecType):
        shape.append(t.n)
        t = t.elem
    return tuple(shape)


def elementwise(what: str, f: Callable[..., Any], *operands: Any) -> Any:
    """The vector of f(a, b, ...) for the elements of the operands at each place; f itself where all are numbers.

    Raises TypeMismatch where NumPy would not broadcast the operands; `what` is the operator's sign or the function.
    """
    values = [v if (x := as_vec(v)) is None else x for v in operands]
    return _over(f, common_shape(what, values), values)


def common_shape(what: str, values: Sequence[Any]) -> tuple[int, ...]:
    """The shape that the values are broadcast to. Raises TypeMismatch where there is none."""
    shape: tuple[int, ...] = ()
    for v in values:
        own = shape_of(v)
        longer, shorter = (shape, own) if len(shape) >= len(own) else (own, shape)
        lead = len(longer) - len(shorter)
        pairs = list(zip(longer[lead:], shorter, strict=True))
        if any(a != b and 1 not in (a, b) for a, b in pairs):
            _refuse_shapes(what, values)
        shape = (*longer[:lead], *(b if a == 1 else a for a, b in pairs))
    return shape


def _refuse_shapes(what: str, values: Sequence[Any]) -> None:
    vectors = [v for v in values if isinstance(v, VecValue)]
    found = f" {what} ".join(str(v.type) if isinstance(v, VecValue) else kind(v) for v in values)
    if what.isidentifier():
        found = f"{what} of {' and '.join(str(v.type) for v in vectors)}"
    shapes = " and ".join(str(shape_of(v)) for v in vectors)
    raise TypeMismatch(
        f"{found} was found, whose shapes are {shapes}; expected vectors of equal length, or of length 1, in each "
        "axis from the last one back: x[:, None] has one more axis, of length 1",
        here(),
    )


def _over(f: Callable[..., Any], shape: tuple[int, ...], values: Sequence[Any]) -> Any:
    if not shape:
        return f(*values)
    n, axes = shape[0], len(shape)

    def at(i: Any) -> Any:
        return _over(f, shape[1:], [part_of(v, n, axes, i) for v in values])

    if 0 < n <= SHORT:
        return listed([at(i) for i in range(n)])
    if n == 0:
        from rosesim.ad.language.control.loops import vec  # late: a loop makes vectors

        return vec(n, at)
    own = [v for v in values if shape_of(v) == shape]
    return chained(shape, own, [v for v in values if shape_of(v) != shape], at)


def part_of(v: Any, n: int, axes: int, i: Any) -> Any:
    """What stands at place i of n of a value that is broadcast over so many axes."""
    if not isinstance(v, VecValue) or len(shape_of(v)) < axes:
        return v
    return v[0] if len(v) == 1 and n != 1 else v[i]


def listed(items: list[Any]) -> VecValue:
    """The vector of a few values, held one by one: it needs no memory until something reads it at a traced place."""
    types = [typeof(v) for v in items]
    t = types[0]
    for other in types[1:]:
        t = unify(t, other, "the elements of a vector")
    kept = [v if isinstance(v, Value) and own == t else lift(v, t) for v, own in zip(items, types, strict=True)]
    return VecValue(T.VecType(len(items), t), items=kept)
