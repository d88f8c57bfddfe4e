"""exp and its relatives.

All begin alike: x = k log 2 + r with |r| <= log(2) / 2. The logarithm is split in two parts, of which k times the
first is exact (Cody and Waite, Software Manual for the Elementary Functions, 1980), so that r is known together with
its rounding error. Then exp x = 2^k (1 + r + r^2 P(r)).
"""

from __future__ import annotations

from rosesim.codegen.llvm.maths import coefficients
from rosesim.codegen.llvm.maths.exact import ordered_sum
from rosesim.codegen.llvm.maths.values import Doubles, Integers, Writer

LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
"""The high part of log 2, with so few bits that its product with an integer of eleven bits is exact."""
LN2_LOW = 1.9082149292705877e-10
"""The low part of log 2."""
_LOG2_E = 1.4426950408889634
ROUNDS = 1.5 * 2**52
"""If this is added to a number below 2^51, the low bits of the sum are the nearest integer."""
_FAR = 64.0
"""From this k on, 2^-k is negligible beside 1."""


def exp(w: Writer, x: Doubles) -> Doubles:
    """2^k (1 + (r + r^2 P(r)))."""
    r, rest, k = reduced(w, bounded(w, x, -746.0, 710.0))
    return scaled(w, series(w, r, rest) + r + 1.0, k)


def expm1(w: Writer, x: Doubles) -> Doubles:
    """2^k ((1 - 2^-k) + r + r^2 P(r)), with the rounding error of the first sum added back."""
    head, tail, k = _less_one(w, bounded(w, x, -40.0, 710.0))
    return w.signed(scaled(w, head + tail, k), x)


def sinh(w: Writer, x: Doubles) -> Doubles:
    """2^(k-1) (e - 2^-2k / e), with e = exp(r) in two parts. Up to 1 an odd polynomial, which has no cancellation."""
    size = w.size(x)
    high, low, k = pair(w, at_most(w, size, 711.0))
    large = scaled(w, high - (_inverse(w, high, k) - low), k - 1.0)
    z = size * size
    small = size + size * z * w.polynomial(z, coefficients.SINH)
    return w.signed(w.choose(size < 1.0, small, large), x)


def cosh(w: Writer, x: Doubles) -> Doubles:
    """2^(k-1) (e + 2^-2k / e), with e = exp(r) in two parts."""
    high, low, k = pair(w, at_most(w, w.size(x), 711.0))
    return scaled(w, high + (_inverse(w, high, k) + low), k - 1.0)


def tanh(w: Writer, x: Doubles) -> Doubles:
    """m / (m + 2), with m = exp(2|x|) - 1. Where m is small, the rounding error of m + 2 is corrected."""
    size = w.size(x)
    r, rest, k = reduced(w, at_most(w, size + size, 44.0))  # beyond 19.1, tanh is 1
    scale = power_of_two(k)
    head, lost = ordered_sum(scale.minus(1.0), scale.times(r))
    m = head + (lost + scale * series(w, r, rest))
    d = m.plus(2.0)
    excess = m.minus(d.minus(2.0))
    large = m > 4.0
    q = w.choose(large, -2.0, m) / d
    half = 0.5 - q * 0.5  # 1 / (m + 2), if m is small
    return w.signed(w.choose(large, q + 1.0, q - q * (excess * half)), x)


def bounded(w: Writer, x: Doubles, low: float, high: float) -> Doubles:
    """x between two bounds. A NaN stays NaN."""
    return at_most(w, w.choose(x < low, low, x), high)


def at_most(w: Writer, x: Doubles, high: float) -> Doubles:
    """The lesser of x and a bound. A NaN stays NaN."""
    return w.choose(x > high, high, x)


def reduced(w: Writer, x: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """r, its rounding error, and k."""
    k = nearest(x * _LOG2_E)
    high = x - k * LN2_HIGH
    low = k.times(LN2_LOW)
    r = high.minus(low)
    return r, high.minus(r).minus(low), k


def series(w: Writer, r: Doubles, rest: Doubles) -> Doubles:
    """exp(r + rest) - 1 - r."""
    return r * r * w.polynomial(r, coefficients.EXP) + rest


def pair(w: Writer, x: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """exp(x) as 2^k (high + tail)."""
    r, rest, k = reduced(w, x)
    head, lost = ordered_sum(w.real(1.0), r)
    high, tail = ordered_sum(head, series(w, r, rest) + lost)
    return high, tail, k


def nearest(x: Doubles) -> Doubles:
    """The nearest integer, for numbers below 2^51."""
    return (x + ROUNDS).minus(ROUNDS)


def power_of_two(k: Doubles) -> Doubles:
    """2^k, for an integer k in -1022 .. 1023."""
    return ((low_bits(k) + 1023) << 52).real


def low_bits(k: Doubles) -> Integers:
    """An integer whose low bits are those of k, an integer in a double."""
    return k.plus(ROUNDS).bits


def scaled(w: Writer, x: Doubles, k: Doubles) -> Doubles:
    """2^k x, in two steps, because one power of 2 alone cannot cover the range."""
    half = nearest(k * 0.5)
    return x.times(power_of_two(half)).times(power_of_two(k.minus(half)))


def _less_one(w: Writer, x: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """exp(x) - 1 as 2^k (head + tail)."""
    r, rest, k = reduced(w, x)
    head, lost = ordered_sum(1.0 - power_of_two(at_most(w, k, _FAR) * -1.0), r)
    return head, series(w, r, rest) + lost, k


def _inverse(w: Writer, e: Doubles, k: Doubles) -> Doubles:
    """2^-2k / e."""
    return power_of_two(at_most(w, k, _FAR) * -2.0) / e
