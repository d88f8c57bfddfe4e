"""Vectors from sizes, from other vectors, and by a mask: zeros, arange, stack, concatenate, flip, roll, cumsum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.axes import along_axis, chosen_axes, element, given_vector, listing, mapped, one_axis
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.given import to_size
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.values.broadcast import listed, shape_of
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import Value, kind
from rosesim.ad.language.values.structures import added, typeof, unify
from rosesim.ad.language.values.vector import SHORT, VecValue, as_vec, lift, of_atoms, real_zero, to_atoms
from rosesim.ad.program.ir import Ty
from rosesim.ad.support.errors import TraceError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_integer, is_list, is_tuple

if TYPE_CHECKING:
    from rosesim.ad.language.axes import Axes
    from rosesim.ad.language.values.index import Number

    Shape = int | tuple[int, ...]


def _shape(n: Any, what: str) -> tuple[int, ...]:
    lengths = n if is_tuple(n) or is_list(n) else (n,)
    return tuple(to_size(k, what) for k in lengths)


def full(n: Shape, value: Any) -> Any:
    """A vector of n times the same value, or one of this shape.

    >>> from rosesim import fn, full, Real
    >>> fn(lambda x: full((2, 3), x)).compile(Real)(1.5)
    array([[1.5, 1.5, 1.5],
           [1.5, 1.5, 1.5]])
    """
    t = elem = typeof(value)
    shape = _shape(n, "a vector")
    if shape_of(t) or isinstance(elem, T.NullType):
        raise TypeMismatch(f"{kind(value)} was found in full; expected a number or a struct", here())
    atoms = [trace.frame().resolve(a) for a in to_atoms(value, elem)]
    for k in reversed(shape):
        t = T.VecType(k, t)
    return of_atoms(t, [trace.emit(lambda b, a=a: b.fill(a, Ty(a.ty.scalar, shape))) for a in atoms])


def zeros(n: Shape) -> Real:
    """A vector of n zeros, or one of this shape.

    >>> from rosesim import fn, zeros, Real
    >>> fn(lambda x: zeros(3) + x).compile(Real)(1.5)
    array([1.5, 1.5, 1.5])
    """
    return full(n, 0.0)


def ones(n: Shape) -> Real:
    """A vector of n ones, or one of this shape.

    >>> from rosesim import fn, ones, Real
    >>> fn(lambda x: x * ones((1, 2))).compile(Real)(1.5)
    array([[1.5, 1.5]])
    """
    return full(n, 1.0)


def arange(start: float, stop: float | None = None, step: float = 1) -> Any:
    """0, 1, ..., up to but without `start`; or start, start + step, ..., up to but without `stop`.

    Of Python integers it is a vector of `Index`, which also counts as numbers; otherwise of Reals.

    >>> from rosesim import arange, fn, Real
    >>> fn(lambda x: (x * arange(4), arange(1.0, 2.0, 0.5), arange(7, 0, -3))).compile(Real)(2.0)
    (array([0., 2., 4., 6.]), array([1. , 1.5]), array([7, 4, 1], dtype=uint8))
    """
    first, end = (0, start) if stop is None else (start, stop)
    if any(isinstance(v, Value) for v in (first, end, step)):
        raise TraceError(
            "arange with a traced bound was found; expected Python numbers, as they say how many elements there are: "
            "linspace(a, b, n) takes traced ends",
            here(),
        )
    if step == 0:
        raise TypeMismatch("arange with step 0 was found; expected another step, such as 1 or -1", here())
    n = max(0, math.ceil((end - first) / step))
    if all(map(is_integer, (first, end, step))):
        return listing(n, (), lambda i: _as_index(i, n) * int(step) + int(first))
    return listing(n, (), lambda i: first + Real(i) * step)


def _as_index(i: Any, n: int) -> Index:
    return i if isinstance(i, Index) else lift(i, T.index(n))


def linspace(start: Number, stop: Number, n: int) -> Real:
    """n numbers at equal distances, of which the first is `start` and the last is `stop`.

    >>> from rosesim import fn, linspace, Real
    >>> fn(lambda x: linspace(1.0, x, 5)).compile(Real)(2.0)
    array([1.  , 1.25, 1.5 , 1.75, 2.  ])
    """
    n = to_size(n, "linspace")
    a, b = Real(start), Real(stop)
    step = (b - a) / float(max(n - 1, 1))
    return listing(n, (), lambda i: select((_as_index(i, n) == n - 1) & (n > 1), b, a + Real(i) * step))


def stack(values: Any, axis: int = 0) -> Any:
    """The vector of these values: numbers, booleans, vectors or structs, traced or plain, of one type.

    Most functions take a list of them for a vector. Unlike a list, this one can be indexed by a traced index. With
    `axis`, vectors are put side by side along another axis of the result.

    >>> from rosesim import fn, stack, Index, Real, Vec
    >>> @fn
    ... def chosen(x: Real, i: Index[3]) -> Real:
    ...     return stack([x, x**2, x**3])[i]
    >>> chosen(2.0, 2)
    8.0
    >>> fn(lambda x: stack([x, 10.0 * x], axis=1))([1.0, 2.0, 3.0])
    array([[ 1., 10.],
           [ 2., 20.],
           [ 3., 30.]])
    """
    if isinstance(values, VecValue) and axis == 0:
        return values
    if not (is_list(values) or is_tuple(values) or isinstance(values, VecValue)) or not len(values):
        found = "nothing" if (is_list(values) or is_tuple(values)) else kind(values)
        raise TypeMismatch(f"stack of {found} was found; expected a list of values, as in stack([a, b])", here())
    items = list(values)
    if axis == 0:
        return lift(items, typeof(items))
    whole = lift(items, typeof(items))
    at = one_axis(whole, axis, "stack")
    rows = [v for item in items if (v := as_vec(item)) is not None]
    return mapped(shape_of(rows[0])[:at], rows, lambda *i: stack([_element(v, i) for v in rows]))


def _element(v: Any, at: Sequence[Any]) -> Any:
    for i in at:
        v = v[i]
    return v


def concatenate(values: Sequence[Any], axis: int = 0) -> Any:
    """The elements of several vectors one after the other, or along another axis.

    >>> from rosesim import concatenate, fn, Real, Vec
    >>> @fn
    ... def between_walls(x: Vec[Real, 3]):
    ...     return concatenate([[0.0], x, [1.0]])
    >>> between_walls([0.2, 0.5, 0.7])
    array([0. , 0.2, 0.5, 0.7, 1. ])
    """
    if not (is_list(values) or is_tuple(values)) or not values:
        raise TypeMismatch(f"concatenate of {kind(values)} was found; expected a list of vectors", here())
    rows = [given_vector(v, "concatenate") for v in values]
    at = one_axis(rows[0], axis, "concatenate")
    shapes = [shape_of(v) for v in rows]
    if any((*s[:at], *s[at + 1 :]) != (*shapes[0][:at], *shapes[0][at + 1 :]) for s in shapes):
        found = " and ".join(map(str, dict.fromkeys(shapes)))
        raise TypeMismatch(
            f"vectors of the shapes {found} were found in concatenate along axis {at}; expected equal lengths in all "
            "other axes",
            here(),
        )
    return mapped(shapes[0][:at], rows, lambda *i: _joined([_element(v, i) for v in rows]))


def _joined(rows: Sequence[VecValue]) -> VecValue:
    elem = rows[0].type.elem
    for v in rows[1:]:
        elem = unify(elem, v.type.elem, "the vectors of concatenate")
    n = sum(len(v) for v in rows)
    if n <= SHORT:
        return listed([x for v in rows for x in v]) if n else rows[0]
    out, start = real_zero(T.VecType(n, elem)), 0
    for v in rows:
        if len(v):
            out = out.at[start : start + len(v)].set(v)
        start += len(v)
    return out


def flip(x: Any, axis: Axes = None) -> Any:
    """x in the opposite order: along one axis, along several, or along all.

    >>> from rosesim import flip, fn
    >>> fn(lambda m: (flip(m), flip(m, axis=0)))([[1.0, 2.0], [3.0, 4.0]])
    (array([[4., 3.],
           [2., 1.]]), array([[3., 4.],
           [1., 2.]]))
    """
    v = given_vector(x, "flip")
    chosen = chosen_axes(v, axis, "flip")
    return v[tuple(slice(None, None, -1 if k in chosen else 1) for k in range(len(shape_of(v))))]


def roll(x: Any, shift: int, axis: int | None = None) -> Any:
    """x with its elements moved on by `shift` places, round the end, along an axis where there are several.

    >>> from rosesim import fn, roll
    >>> fn(lambda x: (roll(x, 1), roll(x, -1)))([1.0, 2.0, 3.0])
    (array([3., 1., 2.]), array([2., 3., 1.]))
    """
    v = given_vector(x, "roll")
    axes = len(shape_of(v))
    if axis is None and axes > 1:
        raise TypeMismatch(f"roll of {v.type} without an axis was found; expected roll(x, 1, axis=0), say", here())
    if not is_integer(shift):
        raise TypeMismatch(
            f"a shift of {kind(shift)} was found in roll; expected an integer: of a traced one, "
            "vec(n, lambda i: x[(i + k) % n])",
            here(),
        )
    at = one_axis(v, 0 if axis is None else axis, "roll")
    n = shape_of(v)[at]
    k = int(shift) % n if n else 0
    if not k:
        return v

    def moved(*places: Any) -> Any:  # not by two slices: a loop that reads round the end joins those that read it
        *before, i = places
        return element(v, (*before, (i - k) % n if isinstance(i, int) else Index[n].wrap(i - k)))

    return mapped(shape_of(v)[: at + 1], [v], moved)


where = select
"""`select` by NumPy's name."""


def cumsum(x: Any, axis: int | None = None) -> Any:
    """The sums of the first 1, 2, ... elements, along an axis where there are several.

    >>> from rosesim import cumsum, fn
    >>> fn(lambda x: cumsum(x))([1.0, 2.0, 4.0]), fn(lambda m: cumsum(m, axis=0))([[1.0, 2.0], [3.0, 4.0]])
    (array([1., 3., 7.]), array([[1., 2.],
           [4., 6.]]))
    """
    v = given_vector(x, "cumsum")
    axes = len(shape_of(v))
    if axis is None and axes > 1:
        raise TypeMismatch(f"cumsum of {v.type} without an axis was found; expected cumsum(x, axis=0), say", here())
    return along_axis(v, one_axis(v, 0 if axis is None else axis, "cumsum"), _sums)


def _sums(row: VecValue) -> Any:
    def step(so_far: Any, i: Any) -> Any:
        so_far = added(so_far, Real(row[i]) if not isinstance(row.type.elem, T.StructType) else row[i])
        return so_far, so_far

    start = real_zero(row.type.elem) if isinstance(row.type.elem, T.StructType) else Real(0.0)
    return scan(step, start, len(row))[1]
