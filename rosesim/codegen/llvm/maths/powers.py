"""pow and hypot."""

from __future__ import annotations

import math

from rosesim.codegen.llvm.maths import coefficients
from rosesim.codegen.llvm.maths.exact import Pair, ordered_sum, product
from rosesim.codegen.llvm.maths.exponential import LN2_HIGH, LN2_LOW, bounded, exp, pair, scaled
from rosesim.codegen.llvm.maths.logarithm import log, split
from rosesim.codegen.llvm.maths.values import Doubles, Writer

_SURE = 2.0**65
"""With an exponent of at least this size, every power is 0, 1 or infinity."""
_THIRD_LOW = 1.850371707708594e-17
"""1/3 minus the nearest double."""


def power(w: Writer, x: Doubles, y: Doubles) -> Doubles:
    """exp(y log|x|), with the logarithm and the product in pairs; then the special cases of the C standard.

    The exponential turns an absolute error of its argument into a relative one, and the argument may be as large as
    745. So the logarithm is needed to 2^-65. It is 2 atanh(s) = 2 s (1 + z (1/3 + z Q(z))) with z = s^2, and all of
    it but z Q(z) is summed in pairs. A float is 2^29 times coarser and needs no pairs.
    """
    size, exponent = w.size(x), bounded(w, y, -_SURE, _SURE)
    if w.short:
        value = exp(w, exponent * log(w, size))
    else:
        high, low = _logarithm(w, size)
        e, rest = product(exponent, high)
        rest = rest + exponent * low
        inside = bounded(w, e, -746.0, 710.0)
        head, tail, k = pair(w, inside)
        value = scaled(w, head + (tail + head * w.choose(inside.equals(e), rest, 0.0)), k)
    endless = size.equals(0.0) | size.equals(math.inf)
    value = w.choose(endless, w.choose((size > 1.0) ^ (y < 0.0), math.inf, 0.0), value)
    is_integer = w.intrinsic("floor", y).equals(y)
    half = y.times(0.5)
    even = w.intrinsic("floor", half).equals(half)
    value = w.choose(is_integer & ~even, w.signed(value, x), value)
    value = w.choose((x < 0.0) & (size < math.inf) & ~is_integer, math.nan, value)
    value = w.choose(x.unordered(y), math.nan, value)
    return w.choose(x.equals(1.0) | y.equals(0.0), 1.0, value)


def hypot(w: Writer, x: Doubles, y: Doubles) -> Doubles:
    """sqrt(x^2 + y^2). Both numbers are scaled by a power of 2 so that no square overflows or underflows."""
    a, b = w.size(x), w.size(y)
    large, small = w.choose(a < b, b, a), w.choose(a < b, a, b)
    huge, tiny = large > 2.0**500, large < 2.0**-400
    factor = w.choose(huge, 2.0**-600, w.choose(tiny, 2.0**700, 1.0))
    back = w.choose(huge, 2.0**600, w.choose(tiny, 2.0**-700, 1.0))
    p, q = large.times(factor), small.times(factor)
    root = w.intrinsic("sqrt", p * p + q * q).times(back)
    value = w.choose(x.unordered(y), math.nan, root)
    return w.choose(a.equals(math.inf) | b.equals(math.inf), math.inf, value)


def _logarithm(w: Writer, x: Doubles) -> Pair:
    """The logarithm of a positive finite number, with a relative error of 2^-65."""
    m, k = split(w, x)
    f = m.minus(1.0)
    d, d_low = ordered_sum(w.real(2.0), f)
    inverse = w.real(1.0) / d
    s = f.times(inverse)
    p, p_low = product(s, d)
    s_low = (f.minus(p).minus(p_low) - s * d_low) * inverse
    z, z_low = product(s, s)
    z_low = z_low + s * s_low * 2.0
    u, u_low = ordered_sum(w.real(1 / 3), z * w.polynomial(z, coefficients.LOG_TAIL))
    v, v_low = product(z, u)
    v_low = v_low + (z * (u_low + _THIRD_LOW) + z_low * u)
    t, t_low = product(s, v)
    t_low = t_low + (s * v_low + s_low * v)
    a, a_low = ordered_sum(s.times(2.0), t.times(2.0))
    c, c_low = ordered_sum(k.times(LN2_HIGH), a)
    rest = c_low + ((t_low + s_low) * 2.0 + a_low + k * LN2_LOW)
    return ordered_sum(c, rest)
