"""Sums of exponentials that do not overflow: `logsumexp` and `softmax`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rosesim.ad.language import trace
from rosesim.ad.language.axes import chosen_axes, given_vector
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.mathematics import exp, log
from rosesim.ad.language.totals import max, sum
from rosesim.ad.language.values.broadcast import elementwise, shape_of
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import VecValue
from rosesim.ad.support.errors import TraceError
from rosesim.ad.support.locate import here

if TYPE_CHECKING:
    from rosesim.ad.language.axes import Axes


def _top(x: VecValue, axis: Axes, what: str) -> Any:
    """The greatest elements, or 0 where they are infinite. As a constant: the result does not depend on it."""
    if not all(shape_of(x)[k] for k in chosen_axes(x, axis, what)):
        raise TraceError(f"{what} over nothing was found; expected at least one element", here())
    return elementwise("max", _finite_constant, max(x, axis=axis))


def _finite_constant(top: Real) -> Real:
    top = Real.of(trace.emit(lambda b: b.stop(trace.frame().resolve(top.atom))))
    return select(abs(top) < math.inf, top, 0.0)


def _against(x: VecValue, kept: Any, axis: Axes) -> Any:
    """What a reduction along some axes gives, with axes of length 1 in their place, so that it broadcasts with x."""
    if not isinstance(kept, VecValue):
        return kept
    chosen = chosen_axes(x, axis, "softmax")
    return kept[tuple(None if k in chosen else slice(None) for k in range(len(shape_of(x))))]


def logsumexp(x: Any, axis: Axes = None) -> Real:
    """log(sum(exp(x))), of all elements or along axes, without overflow.

    >>> from rosesim import fn, logsumexp
    >>> round(fn(lambda x: logsumexp(x))([1000.0, 1000.0]), 6)
    1000.693147
    """
    v = given_vector(x, "logsumexp")
    top = _top(v, axis, "logsumexp")
    return top + log(sum(exp(v - _against(v, top, axis)), axis=axis))


def softmax(x: Any, axis: Axes = -1) -> Real:
    """exp(x) / sum(exp(x)) along an axis, the last one unless another is given, without overflow.

    >>> from rosesim import fn, softmax
    >>> fn(lambda x: softmax(x))([0.0, 0.0, 1000.0, 1000.0])
    array([0. , 0. , 0.5, 0.5])
    """
    v = given_vector(x, "softmax")
    e = exp(v - _against(v, _top(v, axis, "softmax"), axis))
    return e / _against(v, sum(e, axis=axis), axis)
