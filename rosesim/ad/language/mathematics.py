"""The functions of real numbers: those of the operator table, and functions composed of them."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from functools import partial
from typing import Any, cast, overload

from rosesim.ad.language import trace
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.broadcast import elementwise
from rosesim.ad.language.values.index import Number
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.scalar import to_real, try_real
from rosesim.ad.language.values.structures import is_traced
from rosesim.ad.language.values.vector_operators import is_vector
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here


def _one(name: str, x: Any) -> Real:
    atom = try_real(x)
    if atom is not None:
        return Real.of(trace.op(name, atom))
    if is_vector(x):
        return elementwise(name, partial(_one, name), x)
    return Real.of(to_real(x))  # which raises


def _two(name: str, x: Any, y: Any) -> Real:
    if is_vector(x) or is_vector(y):
        return elementwise(name, partial(_two, name), x, y)
    return Real.of(trace.op(name, to_real(x), to_real(y)))


def sqrt(x: Number) -> Real:
    """The square root; NaN below zero. Its derivative at zero is taken as 0.

    >>> from rosesim import fn, sqrt, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return sqrt(x)
    >>> f(4.0)
    2.0
    """
    return _one("sqrt", x)


def exp(x: Number) -> Real:
    """e to the x.

    >>> from rosesim import fn, exp, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return exp(x)
    >>> f(0.0)
    1.0
    """
    return _one("exp", x)


def expm1(x: Number) -> Real:
    """e to the x, minus 1, exact near zero.

    >>> from rosesim import fn, expm1, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return expm1(x)
    >>> f(0.0)
    0.0
    """
    return _one("expm1", x)


def log(x: Number) -> Real:
    """The natural logarithm; minus infinity at zero, NaN below.

    >>> from rosesim import fn, log, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return log(x)
    >>> f(1.0)
    0.0
    """
    return _one("log", x)


def log1p(x: Number) -> Real:
    """The natural logarithm of 1 + x, exact near zero.

    >>> from rosesim import fn, log1p, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return log1p(x)
    >>> f(0.0)
    0.0
    """
    return _one("log1p", x)


def sin(x: Number) -> Real:
    """The sine; x in radians.

    >>> from rosesim import fn, sin, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return sin(x)
    >>> f(0.0)
    0.0
    """
    return _one("sin", x)


def cos(x: Number) -> Real:
    """The cosine; x in radians.

    >>> from rosesim import fn, cos, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return cos(x)
    >>> f(0.0)
    1.0
    """
    return _one("cos", x)


def tan(x: Number) -> Real:
    """The tangent; x in radians.

    >>> from rosesim import fn, tan, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return tan(x)
    >>> f(0.0)
    0.0
    """
    return _one("tan", x)


def asin(x: Number) -> Real:
    """The angle in radians whose sine is x; NaN outside of -1 .. 1. Its derivative at -1 and 1 is taken as 0.

    >>> from rosesim import fn, asin, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return asin(x)
    >>> f(0.0)
    0.0
    """
    return _one("asin", x)


def acos(x: Number) -> Real:
    """The angle in radians whose cosine is x; NaN outside of -1 .. 1. Its derivative at -1 and 1 is taken as 0.

    >>> from rosesim import fn, acos, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return acos(x)
    >>> f(1.0)
    0.0
    """
    return _one("acos", x)


def atan(x: Number) -> Real:
    """The angle in radians, between -pi/2 and pi/2, whose tangent is x.

    >>> from rosesim import fn, atan, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return atan(x)
    >>> f(0.0)
    0.0
    """
    return _one("atan", x)


def sinh(x: Number) -> Real:
    """The hyperbolic sine.

    >>> from rosesim import fn, sinh, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return sinh(x)
    >>> f(0.0)
    0.0
    """
    return _one("sinh", x)


def cosh(x: Number) -> Real:
    """The hyperbolic cosine.

    >>> from rosesim import fn, cosh, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return cosh(x)
    >>> f(0.0)
    1.0
    """
    return _one("cosh", x)


def tanh(x: Number) -> Real:
    """The hyperbolic tangent.

    >>> from rosesim import fn, tanh, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return tanh(x)
    >>> f(0.0)
    0.0
    """
    return _one("tanh", x)


def unit(x: Number) -> Real:
    """tanh(x) for the units of a network. Its derivative, 1 - z^2, needs the output z alone.

    `tanh` itself keeps x, because its slope is right to the last digits however small it is: a layer's history is
    then twice as long. The slope of `unit` is rounded at 1e-16, as in other frameworks; so far in saturation nothing
    is learned.

    >>> from rosesim import fn, grad, Real, tanh
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return unit(x)
    >>> f(20.0) == fn(lambda x: tanh(x))(20.0), grad(f)(20.0), 0 < grad(lambda x: tanh(x))(20.0) < 1e-16
    (True, 0.0, True)
    """
    return _one("unit", x)


def erf(x: Number) -> Real:
    """The error function.

    >>> from rosesim import fn, erf, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return erf(x)
    >>> f(0.0)
    0.0
    """
    return _one("erf", x)


def sign(x: Number) -> Real:
    """-1, 0 or 1; NaN of NaN. Its derivative is 0.

    >>> from rosesim import fn, sign, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return sign(x)
    >>> f(-3.0)
    -1.0
    """
    return _one("sign", x)


def floor(x: Number) -> Real:
    """The greatest integer not above x, as a Real. Its derivative is 0.

    >>> from rosesim import fn, floor, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return floor(x)
    >>> f(-1.5)
    -2.0
    """
    return _one("floor", x)


def ceil(x: Number) -> Real:
    """The least integer not below x, as a Real. Its derivative is 0.

    >>> from rosesim import fn, ceil, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return ceil(x)
    >>> f(1.5)
    2.0
    """
    return _one("ceil", x)


def trunc(x: Number) -> Real:
    """x rounded toward zero to an integer, as a Real. Its derivative is 0.

    >>> from rosesim import fn, trunc, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return trunc(x)
    >>> f(-1.5)
    -1.0
    """
    return _one("trunc", x)


def atan2(y: Number, x: Number) -> Real:
    """The angle in radians of the point (x, y), between -pi and pi. Its derivative at the origin is taken as 0.

    >>> from rosesim import fn, atan2, Real
    >>> @fn
    ... def f(y: Real, x: Real) -> Real:
    ...     return atan2(y, x)
    >>> f(0.0, 1.0)
    0.0
    """
    return _two("atan2", y, x)


def hypot(x: Number, y: Number) -> Real:
    """sqrt(x**2 + y**2) without overflow. Its derivative at the origin is taken as 0.

    >>> from rosesim import fn, hypot, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return hypot(x, y)
    >>> f(3.0, 4.0)
    5.0
    """
    return _two("hypot", x, y)


def minimum(x: Number, y: Number) -> Real:
    """The lesser; NaN if either is NaN. At a tie its derivative is that of x.

    >>> from rosesim import fn, minimum, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return minimum(x, y)
    >>> f(1.0, 2.0)
    1.0
    """
    return _two("minimum", x, y)


def maximum(x: Number, y: Number) -> Real:
    """The greater; NaN if either is NaN. At a tie its derivative is that of x.

    >>> from rosesim import fn, maximum, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return maximum(x, y)
    >>> f(1.0, 2.0)
    2.0
    """
    return _two("maximum", x, y)


def copysign(x: Number, y: Number) -> Real:
    """|x| with the sign of y.

    >>> from rosesim import fn, copysign, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return copysign(x, y)
    >>> f(3.0, -0.0)
    -3.0
    """
    return _two("copysign", x, y)


def fmod(x: Number, y: Number) -> Real:
    """The remainder of x / y with the sign of x. (x % y has the sign of y.)

    >>> from rosesim import fn, fmod, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return fmod(x, y)
    >>> f(-7.0, 4.0)
    -3.0
    """
    return _two("fmod", x, y)


@overload
def pow(x: int, y: int, mod: int | None = None) -> Any: ...
@overload
def pow(x: Number, y: Number) -> Real: ...
def pow(x: Any, y: Any, mod: Any = None) -> Any:
    """x to the y. `x ** y` is the same. Its derivative with respect to y is taken as 0 at x <= 0.

    Of numbers none of which is traced it is Python's `pow(x, y, mod=None)`.

    >>> from rosesim import fn, pow, Real
    >>> @fn
    ... def f(x: Real, y: Real) -> Real:
    ...     return pow(x, y)
    >>> f(2.0, 3.0)
    8.0
    """
    traced = is_traced(x) or is_traced(y) or is_vector(x) or is_vector(y)
    if mod is not None and (traced or is_traced(mod)):
        raise TypeMismatch("pow(x, y, mod) of traced values was found; expected pow(x, y) % mod", here())
    if not traced:
        return cast("Any", builtins.pow)(x, y, mod)
    return _two("pow", x, y)


def clamp(x: Number, low: Number, high: Number) -> Real:
    """x, but at least `low` and at most `high`. Its derivative is that of the one it equals; of x at a tie.

    >>> from rosesim import fn, clamp, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return clamp(x, 0.0, 1.0)
    >>> f(-2.0), f(0.5), f(2.0)
    (0.0, 0.5, 1.0)
    """
    return minimum(maximum(x, low), high)


clip = clamp
"""`clamp` by NumPy's name."""


def isnan(x: Number) -> Bool:
    """Whether x is NaN, no number.

    >>> from rosesim import fn, isnan
    >>> fn(lambda x: isnan(x))([1.0, float("inf"), float("nan")])
    array([False, False,  True])
    """
    return _test("isnan", lambda v: v != v, x)


def isfinite(x: Number) -> Bool:
    """Whether x is neither infinite nor NaN.

    >>> from rosesim import fn, isfinite
    >>> fn(lambda x: isfinite(x))([1.0, float("inf"), float("nan")])
    array([ True, False, False])
    """
    return _test("isfinite", lambda v: abs(v) < math.inf, x)


def _test(name: str, holds: Callable[[Real], Any], x: Any) -> Any:
    if is_vector(x):
        return elementwise(name, partial(_test, name, holds), x)
    return holds(Real.of(to_real(x)))
