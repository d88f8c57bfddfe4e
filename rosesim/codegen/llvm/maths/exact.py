"""Sums and products together with their rounding errors (Muller et al., Handbook of Floating-Point Arithmetic,
chapter 4). A pair (high, low) holds a number to twice the digits."""

from __future__ import annotations

from rosesim.codegen.llvm.maths.values import Doubles

Pair = tuple[Doubles, Doubles]

_SPLIT = 2.0**27 + 1
"""A double times this, rounded, gives its upper 26 bits (Dekker)."""


def ordered_sum(a: Doubles, b: Doubles | float) -> Pair:
    """a + b, if |a| >= |b| or a = 0 (Dekker)."""
    b = a.w.real(b)
    high = a.plus(b)
    return high, b.minus(high.minus(a))


def any_sum(a: Doubles, b: Doubles) -> Pair:
    """a + b (Knuth)."""
    high = a.plus(b)
    of_b = high.minus(a)
    return high, a.minus(high.minus(of_b)).plus(b.minus(of_b))


def product(a: Doubles, b: Doubles) -> Pair:
    """a b, if the product neither overflows nor underflows. It has the same bits with and without fma."""
    high = a.times(b)
    if a.w.fma:
        minus = a.w.real(-0.0).minus(high)
        return high, a.w.intrinsic("fma", a, b, minus)
    (ah, al), (bh, bl) = _halves(a), _halves(b)
    rest = ah.times(bh).minus(high).plus(ah.times(bl)).plus(al.times(bh))
    return high, rest.plus(al.times(bl))


def _halves(a: Doubles) -> Pair:
    big = a.times(_SPLIT)
    high = big.minus(big.minus(a))
    return high, a.minus(high)
