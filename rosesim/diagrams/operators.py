"""The operators of `scalars` in rosesim's language, with Penrose's derivatives where they differ from ours."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from rosesim.ad.language import mathematics
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.custom import Dual
from rosesim.ad.language.function import fn
from rosesim.ad.language.values.real import Real
from rosesim.diagrams.scalars import EPS


@fn
def _sqrt(x: Real) -> Real:
    return mathematics.sqrt(x)


@_sqrt.defjvp
def _(x: Dual) -> Dual:
    y = mathematics.sqrt(x.re)
    return Dual(y, x.du / (2.0 * mathematics.maximum(y, EPS)))


@fn
def _acos(x: Real) -> Real:
    return mathematics.acos(x)


@_acos.defjvp
def _(x: Dual) -> Dual:
    root = mathematics.sqrt(mathematics.maximum(1.0 - x.re * x.re, 0.0))
    return Dual(mathematics.acos(x.re), -x.du / mathematics.maximum(root, EPS))


@fn
def _asin(x: Real) -> Real:
    return mathematics.asin(x)


@_asin.defjvp
def _(x: Dual) -> Dual:
    root = mathematics.sqrt(mathematics.maximum(1.0 - x.re * x.re, 0.0))
    return Dual(mathematics.asin(x.re), x.du / mathematics.maximum(root, EPS))


def _abs(a: Any) -> Any:
    return select(a < 0.0, -a, a)


def _max(a: Any, b: Any) -> Any:
    return select(a > b, a, b)


def _min(a: Any, b: Any) -> Any:
    return select(a < b, a, b)


LANGUAGE: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "pow": mathematics.pow,
    "sqrt": _sqrt,
    "abs": _abs,
    "sign": mathematics.sign,
    "floor": mathematics.floor,
    "ceil": mathematics.ceil,
    "trunc": mathematics.trunc,
    "sin": mathematics.sin,
    "cos": mathematics.cos,
    "tan": mathematics.tan,
    "asin": _asin,
    "acos": _acos,
    "atan": mathematics.atan,
    "atan2": mathematics.atan2,
    "exp": mathematics.exp,
    "log": mathematics.log,
    "max": _max,
    "min": _min,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "and": operator.and_,
    "or": operator.or_,
    "not": operator.invert,
    "choose": select,
}
"""What each operator does to traced values (and to numbers among them)."""
