"""The axes of a vector of vectors: which of them a function works over, and loops over the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.ad.language import trace
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.values.broadcast import listed, shape_of
from rosesim.ad.language.values.chains import chained
from rosesim.ad.language.values.refused import kind
from rosesim.ad.language.values.vector import SHORT, VecValue, as_vec
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_array, is_integer, is_list, is_tuple

Axes = int | tuple[int, ...] | list[int] | None
"""One axis, several, or all (None). Negative ones count from the last."""


def vector_of(v: Any, axis: Axes = None) -> VecValue | None:
    """v as a vector where a function of numbers or of a sequence was called; None where Python's own is meant.

    A list is a sequence to Python; with an axis it is a vector. So is an array in a function under trace.
    """
    if isinstance(v, VecValue):
        return v
    if axis is not None:
        return given_vector(v, "a function with an axis")
    return as_vec(v) if is_array(v) and trace.current() is not None else None


def given_vector(v: Any, what: str) -> VecValue:
    """v as a vector. Raises TypeMismatch, naming the function, if it is none."""
    x = as_vec(v)
    if x is None:
        raise TypeMismatch(f"{kind(v)} was found in {what}; expected a vector", here())
    return x


def one_axis(x: VecValue, axis: Any, what: str) -> int:
    """The axis, counted from the first. Raises TypeMismatch if x has none of that number."""
    axes = len(shape_of(x))
    if not is_integer(axis) or not -axes <= axis < axes:
        raise TypeMismatch(
            f"axis={axis!r} was found in {what} of {x.type}; expected an integer in {-axes} .. {axes - 1}", here()
        )
    return int(axis) % axes


def chosen_axes(x: VecValue, axis: Axes, what: str) -> tuple[int, ...]:
    """The axes, counted from the first, in order; all of them for None."""
    if axis is None:
        return tuple(range(len(shape_of(x))))
    chosen = sorted(one_axis(x, a, what) for a in (axis if is_tuple(axis) or is_list(axis) else (axis,)))
    if len(set(chosen)) < len(chosen):
        raise TypeMismatch(f"axis={axis!r} was found in {what}; expected each axis once", here())
    return tuple(chosen)


def element(x: Any, indices: Sequence[Any]) -> Any:
    """x[i][j]...; x itself without indices."""
    for i in indices:
        x = x[i]
    return x


def mapped(shape: Sequence[int], x: Sequence[VecValue], f: Callable[..., Any], *at: Any) -> Any:
    """The vector of this shape with the elements f(i, j, ...), which may read the vectors x at any place."""
    if not shape:
        return f(*at)
    n, rest = shape[0], shape[1:]
    if 0 < n <= SHORT:
        return listed([mapped(rest, x, f, *at, i) for i in range(n)])
    if n == 0:
        return vec(n, lambda i: mapped(rest, x, f, *at, i))
    return chained(tuple(shape), (), x, lambda i: mapped(rest, x, f, *at, i))


def listing(n: int, x: Sequence[VecValue], f: Callable[[Any], Any]) -> Any:
    """The vector of f(0), ..., f(n - 1), which may read the vectors x at any place."""
    return mapped((n,), x, f)


def by_rows(x: VecValue, f: Callable[[Any], Any]) -> Any:
    """The vector of f(row) for the elements of x. If arithmetic has just made x, f goes into its loop."""
    n = len(x)
    if 0 < n <= SHORT:
        return listed([f(x[i]) for i in range(n)])
    return chained(shape_of(x), (x,), (), lambda i: f(x[i])) if n else vec(n, lambda i: f(x[i]))


def reduced(x: VecValue, axis: Axes, what: str, over: Callable[[int, Callable[[Any], Any]], Any]) -> Any:
    """over(n, f) applied along some axes of x, the first one outermost; the others are those of the result."""
    shape, chosen = shape_of(x), chosen_axes(x, axis, what)
    if not chosen:
        return mapped(shape, [x], lambda *at: over(1, lambda _: element(x, at)))
    if 0 not in chosen:
        rest = tuple(k - 1 for k in chosen)
        return by_rows(x, lambda row: reduced(row, rest, what, over))
    kept = [k for k in range(len(shape)) if k not in chosen]

    def along(left: Sequence[int], indices: dict[int, Any]) -> Any:
        if not left:
            return element(x, [indices[k] for k in range(len(shape))])
        return over(shape[left[0]], lambda i: along(left[1:], {**indices, left[0]: i}))

    return mapped([shape[k] for k in kept], [x], lambda *at: along(chosen, dict(zip(kept, at, strict=True))))


def permuted(x: VecValue, order: Sequence[int]) -> Any:
    """x with its axes in another order: axis k of the result is axis order[k] of x."""
    shape = shape_of(x)
    back = [order.index(k) for k in range(len(order))]
    return mapped([shape[k] for k in order], [x], lambda *at: element(x, [at[k] for k in back]))


def along_axis(x: VecValue, axis: int, f: Callable[[VecValue], Any]) -> Any:
    """f, from a vector to a vector, applied to each row of x along one axis."""
    shape = shape_of(x)
    order = [k for k in range(len(shape)) if k != axis] + [axis]
    back = [order.index(k) for k in range(len(order))]
    is_last = axis == len(shape) - 1
    turned = x if is_last else permuted(x, order)
    done = mapped(shape_of(turned)[:-1], [turned], lambda *at: f(element(turned, at)))
    return done if is_last else permuted(done, back)
