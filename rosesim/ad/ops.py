"""The scalar operators: one row each, holding all that there is to know of it.

A row gives the operator's name, the kinds of its arguments and result, its value (the meaning of the
language: what the interpreter computes), its derivative, and its work (about how many additions it costs).

Kinds: `r` a real, `b` a truth, `i` a whole number, `a` any scalar (all `a` of a row are of one type).
An operator with a whole result takes its bounds from the variable it is bound to.

The derivative is given by one of
- `partials(x, y, ..., z)`: the coefficient of each argument's tangent, z being the result. None where
  an argument carries none or where it is zero;
- `choose(x, y, ...)`: (p, j, k): the tangent is that of argument j where p, else that of argument k;
- neither: the result carries no tangent, or (`flat`) is real and constant wherever it is smooth.

Conventions at kinks, all finite (tested in tests/test_kinks.py): sqrt and hypot at zero 0, abs and
copysign at zero 0, minimum and maximum at a tie that of the first argument, floor, ceil, trunc and sign
0, fmod that of the cell that trunc names, asin and acos at +-1 0, atan2 at the origin 0, pow(x, y) by y at
x <= 0 0 and by x at y = 0 0, select that of the side chosen. The table for users is in docs/language.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.ad.sym import Sym

Meaning = Callable[[Any], Any] | Callable[[Any, Any], Any] | Callable[[Any, Any, Any], Any]
Slopes = tuple[Sym | float | None, ...]
Partials = Callable[[Sym, Sym], Slopes] | Callable[[Sym, Sym, Sym], Slopes]
Choice = tuple[Sym, int, int]
Choose = Callable[[Sym, Sym], Choice] | Callable[[Sym, Sym, Sym], Choice]


@dataclass(frozen=True, slots=True)
class Operator:
    """A row of the table."""

    name: str
    kinds: str
    result: str
    value: Callable[..., Any]
    partials: Callable[..., Slopes] | None = None
    choose: Callable[..., Choice] | None = None
    flat: bool = False
    linear: tuple[str, ...] = ()
    """The argument kinds, `t` a tangent, with which the operator is linear and gives a tangent."""
    work: int = 1


OPS: dict[str, Operator] = {}


def _row(
    name: str,
    kinds: str,
    result: str,
    value: Meaning,
    *,
    partials: Partials | None = None,
    choose: Choose | None = None,
    flat: bool = False,
    linear: tuple[str, ...] = (),
    work: int = 1,
) -> None:
    OPS[name] = Operator(name, kinds, result, value, partials, choose, flat, linear, work)


def _minimum(x: Any, y: Any) -> Any:
    if x != x or y != y:
        return np.float64(math.nan)
    if x == y == 0:
        return x if np.signbit(x) else y
    return x if x < y else y


def _sign(x: Any) -> Any:
    return np.float64(1.0 if x > 0 else -1.0 if x < 0 else 0.0 if x == 0 else math.nan)


def _floor_clamp(x: Any, n: int) -> int:
    if not x > 0:  # also NaN
        return 0
    return n - 1 if x >= n else math.floor(x)


def _floor_wrap(x: Any, n: int) -> int:
    return math.floor(x) % n if math.isfinite(x) else 0


def _pow(x: Any, y: Any) -> Any:
    """As C and NumPy's arrays have it: NumPy takes a single number to 0.5 by sqrt, wrong at -0.0 and -inf."""
    return np.power(np.array([x]), np.array([y]))[0]


def _cell(x: Sym, y: Sym, z: Sym) -> Sym:
    """The whole number trunc(x / y) of z = fmod(x, y); x / y itself may round up into the next cell."""
    return ((x - z) / y + 0.5).op("floor")


def _arc_slope(x: Sym) -> Sym:
    """1 / sqrt(1 - x^2), factored because x^2 near 1 would have rounded away what the root reads."""
    w = (1.0 - x) * (1.0 + x)
    return w.eq(0.0).select(0.0, 1.0 / w.op("sqrt"))


def _power_slope(x: Sym, y: Sym) -> Sym:
    """y x^(y - 1); where y - 1 may be rounded, by x^(y/2), because the rounding of an exponent counts log x times."""
    rounded = y.op("floor").op("ne", y).op("or", y.op("abs").ge(2.0**53))
    halved = x.gt(0.0).op("and", rounded)
    h = x.op("pow", halved.select(0.5 * y, y - 1.0))
    return y.eq(0.0).select(0.0, halved.select(y * h / x * h, y * h))


def _angle_slopes(y: Sym, x: Sym) -> tuple[Sym, Sym]:
    """x / (x^2 + y^2) and -y / (x^2 + y^2) by the ratio of the lesser to the greater, for squares over- and
    underflow."""
    wide = x.op("abs").ge(y.op("abs"))
    big, small = wide.select(x, y), wide.select(y, x)
    r = small / big
    d = big + small * r
    by_big, by_small = (big.eq(0.0).select(0.0, v / d) for v in (1.0, r))
    return wide.select(by_big, by_small), -wide.select(by_small, by_big)


def _bell(x: Sym) -> Sym:
    """exp(-x^2): the rounding of x^2 counts up to 745 times, so x is h, whose square is exact, and a rest."""
    a = x.op("abs").op("minimum", 30.0)  # beyond 27.3 all is zero
    h = (a * 1048576.0).op("trunc") * (1.0 / 1048576.0)
    t = (h - a) * (h + a)  # up to 6e-5, so that three terms of its exponential are enough
    return (-(h * h)).op("exp") * (1.0 + t * (1.0 + t * (0.5 + t * (1.0 / 6.0))))


def _tanh_slope(x: Sym) -> Sym:
    """1 / cosh(x)^2 = 4 e / (1 + e)^2, e = exp(-2|x|): 1 - tanh(x)^2 has lost its digits at 15 and is zero at 20."""
    e = (x.op("abs") * -2.0).op("exp")
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


# arithmetic
_row("neg", "r", "r", lambda x: -x, partials=lambda x, z: (-1.0,), linear=("t",))
_row("add", "rr", "r", lambda x, y: x + y, partials=lambda x, y, z: (1.0, 1.0), linear=("tt",))
_row("sub", "rr", "r", lambda x, y: x - y, partials=lambda x, y, z: (1.0, -1.0), linear=("tt",))
_row("mul", "rr", "r", lambda x, y: x * y, partials=lambda x, y, z: (y, x), linear=("rt", "tr"))
_row("div", "rr", "r", lambda x, y: x / y, partials=lambda x, y, z: (1.0 / y, -z / y), linear=("tr",), work=4)
_row("fmod", "rr", "r", np.fmod, partials=lambda x, y, z: (1.0, -_cell(x, y, z)), work=20)

# pieces
_row("abs", "r", "r", abs, partials=lambda x, z: (x.op("sign"),))
_row("sign", "r", "r", _sign, flat=True)
_row("floor", "r", "r", np.floor, flat=True)
_row("ceil", "r", "r", np.ceil, flat=True)
_row("trunc", "r", "r", np.trunc, flat=True)
_row(
    "copysign",
    "rr",
    "r",
    np.copysign,
    partials=lambda x, y, z: (x.op("sign") * z.op("sign"), None),
)
_row("minimum", "rr", "r", _minimum, choose=lambda x, y: (x.le(y), 0, 1), work=2)
_row("maximum", "rr", "r", lambda x, y: -_minimum(-x, -y), choose=lambda x, y: (x.ge(y), 0, 1), work=2)

# powers
_row("sqrt", "r", "r", np.sqrt, partials=lambda x, z: (x.eq(0.0).select(0.0, 0.5 / z),), work=5)
_row(
    "hypot",
    "rr",
    "r",
    np.hypot,
    partials=lambda x, y, z: (z.eq(0.0).select(0.0, x / z), z.eq(0.0).select(0.0, y / z)),
    work=20,
)
_row(
    "pow",
    "rr",
    "r",
    _pow,
    partials=lambda x, y, z: (
        _power_slope(x, y),
        x.gt(0.0).select(z * x.op("log"), 0.0),
    ),
    work=40,
)
_row("exp", "r", "r", np.exp, partials=lambda x, z: (z,), work=20)
_row("expm1", "r", "r", np.expm1, partials=lambda x, z: (x.op("exp"),), work=20)
_row("log", "r", "r", np.log, partials=lambda x, z: (1.0 / x,), work=20)
_row("log1p", "r", "r", np.log1p, partials=lambda x, z: (1.0 / (1.0 + x),), work=20)
_row(
    "erf",
    "r",
    "r",
    lambda x: np.float64(math.erf(x)),
    partials=lambda x, z: (_bell(x) * (2.0 / math.sqrt(math.pi)),),
    work=20,
)

# angles
_row("sin", "r", "r", np.sin, partials=lambda x, z: (x.op("cos"),), work=20)
_row("cos", "r", "r", np.cos, partials=lambda x, z: (-x.op("sin"),), work=20)
_row("tan", "r", "r", np.tan, partials=lambda x, z: (1.0 + z * z,), work=20)
_row("asin", "r", "r", np.arcsin, partials=lambda x, z: (_arc_slope(x),), work=20)
_row("acos", "r", "r", np.arccos, partials=lambda x, z: (-_arc_slope(x),), work=20)
_row("atan", "r", "r", np.arctan, partials=lambda x, z: (1.0 / (1.0 + x * x),), work=20)
_row(
    "atan2",
    "rr",
    "r",
    np.arctan2,
    partials=lambda y, x, z: _angle_slopes(y, x),
    work=25,
)
_row("sinh", "r", "r", np.sinh, partials=lambda x, z: (x.op("cosh"),), work=25)
_row("cosh", "r", "r", np.cosh, partials=lambda x, z: (x.op("sinh"),), work=25)
_row("tanh", "r", "r", np.tanh, partials=lambda x, z: (_tanh_slope(x),), work=20)
_row("unit", "r", "r", np.tanh, partials=lambda x, z: (1.0 - z * z,), work=20)  # tanh in a network: see `unit`

# comparison (false where either is NaN, but for ne) and logic
_row("eq", "rr", "b", lambda x, y: x == y)
_row("ne", "rr", "b", lambda x, y: x != y)
_row("lt", "rr", "b", lambda x, y: x < y)
_row("le", "rr", "b", lambda x, y: x <= y)
_row("gt", "rr", "b", lambda x, y: x > y)
_row("ge", "rr", "b", lambda x, y: x >= y)
_row("not", "b", "b", lambda p: not p)
_row("and", "bb", "b", lambda p, q: p and q)
_row("or", "bb", "b", lambda p, q: p or q)
_row("xor", "bb", "b", lambda p, q: p != q)
_row("select", "baa", "a", lambda p, x, y: x if p else y, choose=lambda p, x, y: (p, 1, 2), linear=("btt",))

# whole numbers: the bounds of the result are proved when the program is built, so nothing overflows
_row("iadd", "ii", "i", lambda i, j: i + j)
_row("isub", "ii", "i", lambda i, j: i - j)
_row("imul", "ii", "i", lambda i, j: i * j)
_row("idiv", "ii", "i", lambda i, j: i // j, work=10)  # floor; the divisor's bounds exclude zero
_row("imod", "ii", "i", lambda i, j: i % j, work=10)  # in 0 .. j - 1; the divisor is positive
_row("ieq", "ii", "b", lambda i, j: i == j)
_row("ilt", "ii", "b", lambda i, j: i < j)
_row("ile", "ii", "b", lambda i, j: i <= j)
_row("cast", "i", "i", lambda i: i)  # to wider bounds

# between reals and whole numbers; n is the result's bound + 1 and is given as the last argument
_row("real", "i", "r", lambda i: np.float64(i), flat=True)
_row("floor_clamp", "ri", "i", _floor_clamp, work=3)  # floor(x) into 0 .. n - 1; NaN to 0
_row("floor_wrap", "ri", "i", _floor_wrap, work=12)  # floor(x) mod n; NaN and infinities to 0
_row("int_clamp", "ii", "i", lambda i, n: min(max(i, 0), n - 1), work=2)
_row("int_wrap", "ii", "i", lambda i, n: i % n, work=4)
