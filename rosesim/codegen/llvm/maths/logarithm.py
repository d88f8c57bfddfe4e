"""log and log1p: x = 2^k m, m in sqrt(1/2) .. sqrt(2), and log m by the series of atanh.

With f = m - 1 and s = f / (2 + f), log m = 2 atanh(s) = f - (f^2 / 2 - s (f^2 / 2 + s^2 Q(s^2))), in which the
large term f is exact (Tang, Table-driven implementation of the logarithm function, 1990, has the same order
of sums).
"""

from __future__ import annotations

import math

from rosesim.codegen.llvm.maths import coefficients
from rosesim.codegen.llvm.maths.exact import any_sum
from rosesim.codegen.llvm.maths.exponential import LN2_HIGH, LN2_LOW, power_of_two
from rosesim.codegen.llvm.maths.values import Doubles, Writer

_ROOT = 0x3FE6A09E667F3BCD
"""The bits of sqrt(1/2)."""
_ONE = 0x3FF0000000000000
"""The bits of 1."""
_MANTISSA = (1 << 52) - 1
_SMALLEST = 2.0**-1022
"""The least double of full precision."""


def log(w: Writer, x: Doubles) -> Doubles:
    """k log 2 + log m."""
    m, k = split(w, x)
    return ends(w, x, _sum(w, m.minus(1.0), k), x, 0.0)


def log1p(w: Writer, x: Doubles) -> Doubles:
    """The logarithm of u = 1 + x, with f corrected by 2^-k times the rounding error of u."""
    u, lost = any_sum(w.real(1.0), x)
    m, k = split(w, u)
    near = w.choose(k > 100.0, 0.0, k)
    f = m.minus(1.0) + w.choose(k > 100.0, 0.0, lost) * power_of_two(near * -1.0)
    return w.signed(ends(w, u, _sum(w, f, k), x, -1.0), x)


def split(w: Writer, x: Doubles) -> tuple[Doubles, Doubles]:
    """m and k of a positive number."""
    small = x < _SMALLEST
    shifted = w.choose(small, x * 2.0**54, x).bits + (_ONE - _ROOT)
    m = ((shifted & _MANTISSA) + _ROOT).real
    k = ((shifted >> 52) | w.real(2.0**52).bits).real.minus(2.0**52 + 1023)
    return m, k.minus(w.choose(small, 54.0, 0.0))


def ends(w: Writer, u: Doubles, inside: Doubles, x: Doubles, zero: float) -> Doubles:
    """The logarithm of u: `inside` if u is positive and finite. x is the argument; u is 0 at x = `zero`."""
    below = w.choose(x < zero, math.nan, x)
    outside = w.choose(x.equals(zero), -math.inf, below)
    return w.choose((u > 0.0) & (u < math.inf), inside, outside)


def _sum(w: Writer, f: Doubles, k: Doubles) -> Doubles:
    s = f / (f + 2.0)
    z = s * s
    half = f * f * 0.5
    rest = s * (half + z * w.polynomial(z, coefficients.LOG))
    return k * LN2_HIGH - ((half - (rest + k * LN2_LOW)) - f)
