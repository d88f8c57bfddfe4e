"""The inverse trigonometric functions."""

from __future__ import annotations

import math

from rosesim.codegen.llvm.maths import coefficients
from rosesim.codegen.llvm.maths.values import Booleans, Doubles, Writer

_QUARTER = float.fromhex("0x1.921fb54442d00p-1")
"""The high part of pi / 4, with so few bits that small multiples of it are exact."""
_QUARTER_LOW = 2.6951514290790595e-15
"""The rest of pi / 4."""


def atan(w: Writer, x: Doubles) -> Doubles:
    """The angle of the point (1, |x|), with the sign of x."""
    return w.signed(_angle(w, w.size(x), w.real(1.0), None), x)


def atan2(w: Writer, y: Doubles, x: Doubles) -> Doubles:
    """The angle of the point (|x|, |y|), then its mirror images.

    Two infinities have the direction of (1, 1), two zeros that of (1, 0). Huge numbers are scaled down, so that their
    sum is finite.
    """
    a, b = w.size(y), w.size(x)
    both = a.equals(math.inf) & b.equals(math.inf)
    huge = (a > 2.0**1000) | (b > 2.0**1000)
    factor = w.choose(huge, 2.0**-10, 1.0)
    a, b = (w.choose(both, 1.0, v.times(factor)) for v in (a, b))
    angle = _angle(w, a, b, (w.signed(w.real(1.0), x) < 0.0))
    return w.choose(x.unordered(y), math.nan, w.signed(angle, y))


def asin(w: Writer, x: Doubles) -> Doubles:
    """x + x^3 P(x^2) up to 1/2; beyond, pi/2 - 2 asin(sqrt((1 - x) / 2)), where 1 - x is exact."""
    size = w.size(x)
    far, s, rest = _arc(w, size)
    beyond = _sum(w.real(2.0), s * -2.0, rest * -2.0)
    return w.signed(w.choose(far, beyond, s + rest), x)


def acos(w: Writer, x: Doubles) -> Doubles:
    """pi/2 - asin x up to 1/2; beyond, 2 asin(sqrt((1 - |x|) / 2)), or pi less that."""
    far, s, rest = _arc(w, w.size(x))
    s, rest = w.signed(s, x), w.choose(x < 0.0, rest * -1.0, rest)
    quarters = w.choose(far, w.choose(x < 0.0, 4.0, 0.0), 2.0)
    factor = w.choose(far, 2.0, -1.0)
    return _sum(quarters, s * factor, rest * factor)


def _arc(w: Writer, size: Doubles) -> tuple[Booleans, Doubles, Doubles]:
    """Whether size > 1/2; s, which is size or sqrt((1 - size) / 2); and asin(s) - s."""
    far = size > 0.5
    z = w.choose(far, (1.0 - size) * 0.5, size * size)
    s = w.choose(far, w.intrinsic("sqrt", z), size)
    return far, s, s * z * w.polynomial(z, coefficients.ASIN)


def _angle(w: Writer, a: Doubles, b: Doubles, mirrored: Booleans | None) -> Doubles:
    """The angle of the point (b, a), or of (-b, a) where `mirrored`; neither a nor b is negative.

    Let q be the smaller divided by the larger. atan q is q's polynomial up to 1/2, or pi/4 + atan((q - 1) / (q + 1));
    one division serves both. The result is that angle, pi/2 minus it, or pi minus that. It is computed as a multiple
    of pi/4 plus a small number.
    """
    steep = b < a
    large, small = w.choose(steep, a, b), w.choose(steep, b, a)
    far = small > large * 0.5
    above = w.choose(far, small - large, small)
    below = w.choose(far, small + large, large)
    t = above / w.choose(below.equals(0.0), 1.0, below)
    z = t * t
    rest = t * z * w.polynomial(z, coefficients.ATAN)
    quarters = w.choose(far, 1.0, 0.0)
    negated = steep
    if mirrored is not None:
        negated = steep ^ mirrored
        base = w.choose(steep, 2.0, w.choose(mirrored, 4.0, 0.0))
    else:
        base = w.choose(steep, 2.0, 0.0)
    sign = w.choose(negated, -1.0, 1.0)
    return _sum(base + sign * quarters, sign * t, sign * rest)


def _sum(quarters: Doubles, x: Doubles, rest: Doubles) -> Doubles:
    """A multiple of pi/4, plus a small number and its rounding error."""
    return quarters * _QUARTER + (x + (rest + quarters * _QUARTER_LOW))
