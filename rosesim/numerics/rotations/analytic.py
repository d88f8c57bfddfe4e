"""Functions of a squared angle t = |w|^2 that are smooth at zero, where the angle itself, a norm, has a kink.

sin(r/2)/r with r = sqrt(t) is a power series in t: as a function of t it has no kink, so all its derivatives by w are
right. Below t = 1 each function here is its series, which is exact to rounding there; above, the closed form, in
which the terms that cancel in derivatives are about as large as the result. Either side stays finite where the other
is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.mathematics import atan2, cos, sin, sqrt
from rosesim.ad.language.values.real import Real

_TERMS = 11
"""Of each series: the first that is left out is below 2^-60 of the sum at t = 1, also in second derivatives."""


def cos_half(t: Real) -> Real:
    """cos(r / 2)."""
    series = [(-1) ** k / (4.0**k * math.factorial(2 * k)) for k in range(_TERMS)]
    return _either(t, series, lambda r: cos(0.5 * r))


def sin_half(t: Real) -> Real:
    """sin(r / 2) / r."""
    series = [(-1) ** k / (2.0 * 4.0**k * math.factorial(2 * k + 1)) for k in range(_TERMS)]
    return _either(t, series, lambda r: sin(0.5 * r) / r)


def versine(t: Real) -> Real:
    """(1 - cos r) / r^2."""
    half = sin_half(t)
    return 2.0 * half * half


def cubic(t: Real) -> Real:
    """(r - sin r) / r^3."""
    series = [(-1) ** k / math.factorial(2 * k + 3) for k in range(_TERMS)]
    return _either(t, series, lambda r: (r - sin(r)) / (r * r * r))


def cotangent(t: Real) -> Real:
    """(1 - (r / 2) cot(r / 2)) / r^2. Its pole is at a full turn."""
    return _either(t, _COTANGENT, lambda r: (1.0 - 0.5 * r * cos(0.5 * r) / sin(0.5 * r)) / (r * r))


def _bernoulli(n: int) -> list[Fraction]:
    """The Bernoulli numbers B_0 to B_n, by their recurrence."""
    found = [Fraction(1)]
    for m in range(1, n + 1):
        found.append(-sum(math.comb(m + 1, k) * found[k] for k in range(m)) / Fraction(m + 1))
    return found


_COTANGENT = [float(abs(b) / math.factorial(2 * k + 2)) for k, b in enumerate(_bernoulli(2 * _TERMS)[2::2])]


def angle_over_sine(t: Real, c: Real) -> Real:
    """2 atan(s / c) / s with s = sqrt(t), of a quaternion's squared vector part t and its scalar part c >= 0."""
    near = t < _NEAR * c * c
    u = select(near, t, 0.0) / select(near, c * c, 1.0)
    series = 2.0 * _polynomial([(-1) ** k / (2.0 * k + 1.0) for k in range(13)], u) / select(near, c, 1.0)
    s = sqrt(select(near, 1.0, t))
    return select(near, series, 2.0 * atan2(s, select(near, 1.0, c)) / s)


_NEAR = 0.04
"""Of the square of tan(angle / 2): 13 terms of the series of the arc tangent are exact to rounding below it."""


def _either(t: Real, series: Sequence[float], closed: Callable[[Real], Real]) -> Real:
    near = t < 1.0
    return select(near, _polynomial(series, select(near, t, 0.0)), closed(sqrt(select(near, 1.0, t))))


def _polynomial(coefficients: Sequence[float], x: Real) -> Real:
    value = Real(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        value = value * x + c
    return value
