"""The scalar operators. Each has one row, which says all about it.

A row gives the operator's name, the kinds of its arguments and result, its value (the function that the
interpreter computes, which is its meaning), its derivative, and its work (about how many additions it costs).
The other columns say how it is printed, the bounds of an integer result, its kink, whether it rounds, and
whether it can turn finite numbers into a NaN or an infinity. `tests/ad/program/test_rows.py` checks these other
columns against the values.

Kinds: `r` a real, `b` a boolean, `i` an integer, `p` a positive one, `u` one that is not negative, `n` a literal of
at least 1 that makes the result an Index[n], `a` any scalar (all `a` of a row are of one type).

The derivative is given by one of
- `partials(x, y, ..., z)`: the coefficient of each argument's tangent; z is the result. None if the
  argument carries no tangent or the coefficient is zero;
- `choose(x, y, ...)`, which gives (p, j, k): the tangent is that of argument j where p, else that of argument k;
- neither: the result carries no tangent, or (`flat`) is real and constant wherever it is smooth.

Conventions at kinks, all finite (tests/ad/derive/test_kinks.py): the derivative is 0 for sqrt, hypot, abs and
copysign at zero, for floor, ceil, trunc and sign, for asin and acos at +-1, for atan2 at the origin, for pow(x, y)
by y at x <= 0 and by x at y = 0. minimum and maximum have that of the first argument at a tie, fmod that of the
cell trunc(x / y), select that of the chosen side. The table for users is in docs/language.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rosesim.ad.program import intervals
from rosesim.ad.program.intervals import Interval
from rosesim.ad.program.sym import Sym

Meaning = Callable[[Any], Any] | Callable[[Any, Any], Any] | Callable[[Any, Any, Any], Any]
Slopes = tuple[Sym | float | None, ...]
Partials = Callable[[Sym, Sym], Slopes] | Callable[[Sym, Sym, Sym], Slopes]
Choice = tuple[Sym, int, int]
Choose = Callable[[Sym, Sym], Choice] | Callable[[Sym, Sym, Sym], Choice]
Formula = Callable[[Sym, Sym], Sym] | Callable[[Sym, Sym, Sym], Sym]
Bounds = Callable[[Interval], Interval] | Callable[[Interval, Interval], Interval]


@dataclass(frozen=True, slots=True)
class Kink:
    """Where an operator is not smooth, for reports on derivatives.

    A formula takes the arguments and the result, (x, y, ..., z), and gives a real. For an operator with `choose`,
    `decision` and `lost` follow from the choice.
    """

    word: str
    """The operator's name in reports."""
    decision: Callable[..., Sym] | None = None
    """A number that tells the smooth pieces apart: it is constant on each and differs between them."""
    lost: Callable[..., Sym] | None = None
    """The value whose derivative ends here."""
    lost_word: str = ""
    """The name of that value in reports; mostly `word`."""
    side: Callable[..., Sym] | None = None
    """For an operator that is smooth except at a singular point: on which side of the point it is."""
    jumps: bool = True
    """Whether the value may jump where the decision changes; otherwise only its slope does."""


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
    """The kinds of arguments (`t`: a tangent) for which the operator is linear and gives a tangent."""
    work: int = 1
    spelling: str = ""
    """A prefix for one argument, an infix for two, a template for three; empty means name(x, ...)."""
    bounds: Callable[..., Interval] | None = None
    """The bounds of an integer result, given the bounds of each argument (None for a real)."""
    kink: Kink | None = None
    exact: bool = False
    """Whether nothing is rounded: a real result is an argument up to its sign, or an integer."""
    harmless: bool = False
    """Whether the result is NaN only if an argument is, and infinite only if one is. Exact operators always are."""

    @property
    def can_be_bad(self) -> bool:
        """Whether it may turn finite numbers into a NaN or an infinity, or a NaN into an index."""
        if self.result == "r":
            return not (self.exact or self.harmless)
        return self.result == "i" and "r" in self.kinds

    def written(self, *args: str) -> str:
        """The text of the operator applied to the texts of its arguments.

        >>> from rosesim.ad.program.ops import OPS
        >>> OPS["mul"].written("x", "2"), OPS["neg"].written("x"), OPS["sqrt"].written("x")
        ('x * 2', '-x', 'sqrt(x)')
        """
        match len(args) if self.spelling else 0:
            case 1:
                return self.spelling + args[0]
            case 2:
                return f"{args[0]} {self.spelling} {args[1]}"
            case 3:
                return self.spelling.format(*args)
            case _:
                return f"{self.name}({', '.join(args)})"


OPS: dict[str, Operator] = {}


def _kink(
    word: str,
    *,
    decision: Formula | None = None,
    lost: Formula | None = None,
    lost_word: str = "",
    side: Formula | None = None,
    jumps: bool = True,
) -> Kink:
    return Kink(word, decision, lost, lost_word or word, side, jumps)


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
    spelling: str = "",
    bounds: Bounds | None = None,
    kink: Kink | None = None,
    exact: bool = False,
    harmless: bool = False,
) -> None:
    if kink is not None and choose is not None:
        kink = replace(kink, decision=_taken(choose), lost=_not_taken(choose))
    OPS[name] = Operator(
        name, kinds, result, value, partials, choose, flat, linear, work, spelling, bounds, kink, exact, harmless
    )


def _taken(choose: Callable[..., Choice]) -> Callable[..., Sym]:
    """1 where the first of two arguments is chosen, else 0."""
    return lambda *args: choose(*args[:-1])[0].select(1.0, 0.0)


def _not_taken(choose: Callable[..., Choice]) -> Callable[..., Sym]:
    """The argument that is not chosen."""

    def other(*args: Sym) -> Sym:
        p, j, k = choose(*args[:-1])
        return p.select(args[k], args[j])

    return other


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
    """pow as in C and as for NumPy's arrays. For one number and y = 0.5 NumPy uses sqrt: wrong at -0.0 and -inf."""
    return np.power(np.array([x]), np.array([y]))[0]


def _cell(x: Sym, y: Sym, z: Sym) -> Sym:
    """The integer trunc(x / y), made of z = fmod(x, y), because x / y itself may round up into the next cell."""
    return ((x - z) / y + 0.5).op("floor")


def _arc_slope(x: Sym) -> Sym:
    """1 / sqrt(1 - x^2), factored: near 1, rounding x^2 would lose the digits of the difference."""
    w = (1.0 - x) * (1.0 + x)
    return w.eq(0.0).select(0.0, 1.0 / w.op("sqrt"))


def _power_slope(x: Sym, y: Sym) -> Sym:
    """y x^(y - 1); if y - 1 would be rounded, by x^(y/2), because log x amplifies an error of the exponent."""
    rounded = y.op("floor").op("ne", y).op("or", y.op("abs").ge(2.0**53))
    halved = x.gt(0.0).op("and", rounded)
    h = x.op("pow", halved.select(0.5 * y, y - 1.0))
    return y.eq(0.0).select(0.0, halved.select(y * h / x * h, y * h))


def _angle_slopes(y: Sym, x: Sym) -> tuple[Sym, Sym]:
    """x / (x^2 + y^2) and -y / (x^2 + y^2), by the ratio of the smaller to the larger, because squares overflow and
    underflow."""
    wide = x.op("abs").ge(y.op("abs"))
    big, small = wide.select(x, y), wide.select(y, x)
    r = small / big
    d = big + small * r
    by_big, by_small = (big.eq(0.0).select(0.0, v / d) for v in (1.0, r))
    return wide.select(by_big, by_small), -wide.select(by_small, by_big)


def _bell(x: Sym) -> Sym:
    """exp(-x^2). The rounding error of x^2 is amplified up to 745 times, so x is split into h, whose square is exact,
    and a rest."""
    a = x.op("abs").op("minimum", 30.0)  # beyond 27.3 all is zero
    h = (a * 1048576.0).op("trunc") * (1.0 / 1048576.0)
    t = (h - a) * (h + a)  # up to 6e-5, so that the terms of its exponential up to t^3 are enough
    return (-(h * h)).op("exp") * (1.0 + t * (1.0 + t * (0.5 + t * (1.0 / 6.0))))


def _half_line(y: Sym, x: Sym) -> Sym:
    """Where the point of atan2 is: above or below the negative x-axis, across which it jumps, to the right of it,
    or at the origin."""
    side = y.op("lt", 0.0).select(-1.0, 1.0)
    return x.op("lt", 0.0).select(side, 0.0) + 3.0 * y.op("hypot", x).op("sign")


def _step(word: str) -> Kink:
    """The kink of a step function of a real: constant between its jumps, so its result is the decision."""
    return _kink(word, decision=lambda x, z: z, lost=lambda x, z: x)


_INDEX = _kink("an index", decision=lambda x, n, z: z.op("real"), lost=lambda x, n, z: x)
_COMPARISON = _kink("a comparison", lost=lambda x, y, z: x - y)


def _tanh_slope(x: Sym) -> Sym:
    """1 / cosh(x)^2 as 4 e / (1 + e)^2, e = exp(-2|x|): 1 - tanh(x)^2 has no digits left at 15 and is 0 at 20."""
    e = (x.op("abs") * -2.0).op("exp")
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


# arithmetic
_row("neg", "r", "r", lambda x: -x, partials=lambda x, z: (-1.0,), linear=("t",), spelling="-", exact=True)
_row("add", "rr", "r", lambda x, y: x + y, partials=lambda x, y, z: (1.0, 1.0), linear=("tt",), spelling="+")
_row("sub", "rr", "r", lambda x, y: x - y, partials=lambda x, y, z: (1.0, -1.0), linear=("tt",), spelling="-")
_row("mul", "rr", "r", lambda x, y: x * y, partials=lambda x, y, z: (y, x), linear=("rt", "tr"), spelling="*")
_row(
    "div",
    "rr",
    "r",
    lambda x, y: x / y,
    partials=lambda x, y, z: (1.0 / y, -z / y),
    linear=("tr",),
    work=4,
    spelling="/",
    kink=_kink("a division", side=lambda x, y, z: y.op("sign")),
)
_row(
    "fmod",
    "rr",
    "r",
    np.fmod,
    partials=lambda x, y, z: (1.0, -_cell(x, y, z)),
    work=20,
    kink=_kink("fmod", decision=_cell),
)

# pieces
_row(
    "abs",
    "r",
    "r",
    abs,
    partials=lambda x, z: (x.op("sign"),),
    kink=_kink("abs", decision=lambda x, z: x.op("sign"), jumps=False),
    exact=True,
)
_row("sign", "r", "r", _sign, flat=True, kink=_step("sign"), exact=True)
_row("floor", "r", "r", np.floor, flat=True, kink=_step("floor"), exact=True)
_row("ceil", "r", "r", np.ceil, flat=True, kink=_step("ceil"), exact=True)
_row("trunc", "r", "r", np.trunc, flat=True, kink=_step("trunc"), exact=True)
_row(
    "copysign",
    "rr",
    "r",
    np.copysign,
    partials=lambda x, y, z: (x.op("sign") * z.op("sign"), None),
    kink=_kink(
        "copysign",
        decision=lambda x, y, z: x.op("sign") + 3.0 * z.op("sign"),
        lost=lambda x, y, z: y,
        lost_word="the sign for copysign",
    ),
    exact=True,
)
_row(
    "minimum",
    "rr",
    "r",
    _minimum,
    choose=lambda x, y: (x.le(y), 0, 1),
    work=2,
    kink=_kink("minimum", jumps=False),
    exact=True,
)
_row(
    "maximum",
    "rr",
    "r",
    lambda x, y: -_minimum(-x, -y),
    choose=lambda x, y: (x.ge(y), 0, 1),
    work=2,
    kink=_kink("maximum", jumps=False),
    exact=True,
)

# powers
_row(
    "sqrt",
    "r",
    "r",
    np.sqrt,
    partials=lambda x, z: (x.eq(0.0).select(0.0, 0.5 / z),),
    work=5,
    kink=_kink("sqrt", side=lambda x, z: x.op("sign")),
)
_row(
    "hypot",
    "rr",
    "r",
    np.hypot,
    partials=lambda x, y, z: (z.eq(0.0).select(0.0, x / z), z.eq(0.0).select(0.0, y / z)),
    work=20,
    kink=_kink("hypot", side=lambda x, y, z: z.op("sign")),
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
    kink=_kink("pow", side=lambda x, y, z: x.op("sign")),
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
    harmless=True,
)

# angles
_row("sin", "r", "r", np.sin, partials=lambda x, z: (x.op("cos"),), work=20)
_row("cos", "r", "r", np.cos, partials=lambda x, z: (-x.op("sin"),), work=20)
_row("tan", "r", "r", np.tan, partials=lambda x, z: (1.0 + z * z,), work=20)
_row("asin", "r", "r", np.arcsin, partials=lambda x, z: (_arc_slope(x),), work=20)
_row("acos", "r", "r", np.arccos, partials=lambda x, z: (-_arc_slope(x),), work=20)
_row("atan", "r", "r", np.arctan, partials=lambda x, z: (1.0 / (1.0 + x * x),), work=20, harmless=True)
_row(
    "atan2",
    "rr",
    "r",
    np.arctan2,
    partials=lambda y, x, z: _angle_slopes(y, x),
    work=25,
    kink=_kink("atan2", side=lambda y, x, z: _half_line(y, x)),
    harmless=True,
)
_row("sinh", "r", "r", np.sinh, partials=lambda x, z: (x.op("cosh"),), work=25)
_row("cosh", "r", "r", np.cosh, partials=lambda x, z: (x.op("sinh"),), work=25)
_row("tanh", "r", "r", np.tanh, partials=lambda x, z: (_tanh_slope(x),), work=20, harmless=True)
# tanh in a network: see `unit`
_row("unit", "r", "r", np.tanh, partials=lambda x, z: (1.0 - z * z,), work=20, harmless=True)

# comparison (false where either is NaN, but for ne) and logic
_row("eq", "rr", "b", lambda x, y: x == y, spelling="==", kink=_COMPARISON)
_row("ne", "rr", "b", lambda x, y: x != y, spelling="!=", kink=_COMPARISON)
_row("lt", "rr", "b", lambda x, y: x < y, spelling="<", kink=_COMPARISON)
_row("le", "rr", "b", lambda x, y: x <= y, spelling="<=", kink=_COMPARISON)
_row("gt", "rr", "b", lambda x, y: x > y, spelling=">", kink=_COMPARISON)
_row("ge", "rr", "b", lambda x, y: x >= y, spelling=">=", kink=_COMPARISON)
_row("not", "b", "b", lambda p: not p, spelling="not ")
_row("and", "bb", "b", lambda p, q: p and q, spelling="and")
_row("or", "bb", "b", lambda p, q: p or q, spelling="or")
_row("xor", "bb", "b", lambda p, q: p != q, spelling="xor")
_row(
    "select",
    "baa",
    "a",
    lambda p, x, y: x if p else y,
    choose=lambda p, x, y: (p, 1, 2),
    linear=("btt",),
    spelling="{1} if {0} else {2}",
    kink=_kink("select"),
    exact=True,
)

# integers: the bounds of the result are proved when the program is built, so nothing overflows
_row("iadd", "ii", "i", lambda i, j: i + j, spelling="+", bounds=intervals.added)
_row("isub", "ii", "i", lambda i, j: i - j, spelling="-", bounds=intervals.subtracted)
_row("imul", "ii", "i", lambda i, j: i * j, spelling="*", bounds=intervals.multiplied)
_row("idiv", "ip", "i", lambda i, j: i // j, work=10, spelling="//", bounds=intervals.divided)  # floor
_row("imod", "ip", "i", lambda i, j: i % j, work=10, spelling="%", bounds=intervals.remainder)  # in 0 .. j - 1
# bit by bit, of two's complement with as many bits as it takes
_row("iand", "ii", "i", lambda i, j: i & j, spelling="&", bounds=intervals.anded)
_row("ior", "ii", "i", lambda i, j: i | j, spelling="|", bounds=intervals.ored)
_row("ixor", "ii", "i", lambda i, j: i ^ j, spelling="^", bounds=intervals.xored)
_row("ishl", "iu", "i", lambda i, j: i << j, spelling="<<", bounds=intervals.shifted_left)
_row("ishr", "iu", "i", lambda i, j: i >> j, spelling=">>", bounds=intervals.shifted_right)
_row("ieq", "ii", "b", lambda i, j: i == j, spelling="==")
_row("ilt", "ii", "b", lambda i, j: i < j, spelling="<")
_row("ile", "ii", "b", lambda i, j: i <= j, spelling="<=")
_row("cast", "i", "i", lambda i: i, bounds=lambda i: i)  # to wider bounds

# between reals and integers, and into an Index[n]
_row("real", "i", "r", lambda i: np.float64(i), flat=True, exact=True)
# floor(x) into 0 .. n - 1; NaN to 0
_row("floor_clamp", "rn", "i", _floor_clamp, work=3, bounds=lambda x, n: intervals.below(n), kink=_INDEX)
# floor(x) mod n; NaN and infinities to 0
_row("floor_wrap", "rn", "i", _floor_wrap, work=12, bounds=lambda x, n: intervals.below(n), kink=_INDEX)
_row("int_clamp", "in", "i", lambda i, n: min(max(i, 0), n - 1), work=2, bounds=lambda i, n: intervals.below(n))
_row("int_wrap", "in", "i", lambda i, n: i % n, work=4, bounds=lambda i, n: intervals.below(n))
