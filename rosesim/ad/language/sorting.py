"""Sorting by merging, in n log n steps.

The order is an array of indices. It has no derivative; that of the sorted values is the permutation.
"""

from __future__ import annotations

from typing import Any

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.axes import along_axis, given_vector, listing, one_axis
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.scalar import to_real
from rosesim.ad.language.values.vector import VecValue
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here


def argsort(x: Any, axis: int = -1) -> Any:
    """The indices in the order of the elements, from the least to the greatest; NaN come last.

    Equal elements keep their order. Along the last axis, unless another is given.

    >>> from rosesim import argsort, fn
    >>> fn(lambda x: argsort(x))([3.0, 1.0, 2.0, 1.0])
    array([1, 3, 2, 0], dtype=uint8)
    """
    v = _numbers(x, "argsort")
    return along_axis(v, one_axis(v, axis, "argsort"), _order)


def sort(x: Any, axis: int = -1) -> Any:
    """The elements from the least to the greatest; NaN come last. Along the last axis, unless another is given.

    The derivative is the permutation: of equal elements, the first in x is the first in the result.

    >>> from rosesim import fn, grad, sort
    >>> fn(lambda x: sort(x))([3.0, 1.0, 2.0]), grad(lambda x: sort(x)[0])([3.0, 1.0, 2.0])
    (array([1., 2., 3.]), array([0., 1., 0.]))
    """
    v = _numbers(x, "sort")

    def row(v: VecValue) -> Any:
        order = _order(v)
        return listing(len(v), (v, order), lambda k: v[order[k]])

    return along_axis(v, one_axis(v, axis, "sort"), row)


def _numbers(x: Any, what: str) -> VecValue:
    """x as a vector of numbers, which have an order."""
    v = given_vector(x, what)
    t: Any = v.type
    while isinstance(t, T.VecType):
        t = t.elem
    if isinstance(t, T.BoolType):
        raise TypeMismatch(f"{v.type} was found in {what}; expected numbers: {what}(Real(p))", here())
    return v


def _order(x: VecValue) -> Any:
    """The order of a vector: runs of 1, 2, 4, ... sorted elements are merged, two at a time."""
    n = len(x)
    identity = listing(n, (), lambda k: k if isinstance(k, Index) else Index[n](k))
    if n < 2:
        return identity
    keys = listing(n, (x,), lambda k: _constant(x[k]))
    place = Index[n + 1].clamp
    kinds = keys.type, identity.type

    def merge(state: Any, _: Any) -> Any:
        keys, order, more = state
        width = more + 1

        def step(at: Any, k: Any) -> Any:
            """The k-th element, of the two runs around it: from the left one at i, or from the right one at j."""
            offset = k % (2 * width)
            start = k - offset
            i, j = select(offset == 0, (place(k), place(k + width)), at)
            left, right = Index[n].clamp(i), Index[n].clamp(j)
            right_has_ended = (j >= start + 2 * width) | (j == n)
            takes_left = (i < start + width) & (right_has_ended | ~_is_less(keys[right], keys[left]))
            chosen = select(takes_left, left, right)
            return select(takes_left, (place(i + 1), j), (i, place(j + 1))), (keys[chosen], order[chosen])

        _, merged = scan(step, (place(0), place(0)), n)
        keys, order = (VecValue(t, leaves=(leaf,)) for t, leaf in zip(kinds, merged.leaves(), strict=True))
        return keys, order, place(2 * width - 1)

    _, order, _ = scan(merge, (keys, identity, place(0)), (n - 1).bit_length())
    return order


def _constant(x: Any) -> Real:
    """A key without its derivative: no result depends on it but by which element comes first."""
    return Real.of(trace.emit(lambda b: b.stop(trace.frame().resolve(to_real(x)))))


def _is_less(a: Real, b: Real) -> Any:
    return (a < b) | ((a == a) & (b != b))
