"""Every operator's derivative rule against values that do not come from the rule, and the conventions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from itertools import product
from typing import Any

import numpy as np
import pytest

from rosesim.ad.program.ir import BOOL, REAL, Atom, Lit
from rosesim.ad.program.ops import OPS, Operator
from rosesim.ad.program.sym import Sym

RNG = np.random.default_rng(3)
EDGES = [0.0, -0.0, 5e-324, 1e-300, 0.5, 1.0, -1.0, 3.7, 710.0, -746.0, 2.0**53, 1e17, 1.7e308, -1.7e308,
         math.inf, -math.inf, math.nan]  # fmt: skip


def value(name: str, *args: Any) -> Any:
    with np.errstate(all="ignore"):
        return OPS[name].value(*args)


def emit(name: str, args: tuple[Atom, ...]) -> Atom:
    """Computes where other emitters write: a formula of `Sym`s is then a number."""
    numbers: list[Any] = []
    for a in args:
        assert isinstance(a, Lit)
        numbers.append(np.float64(a.value) if a.ty == REAL else a.value)
    result = value(name, *numbers)
    return Lit(bool(result), BOOL) if OPS[name].result == "b" else Lit(result, REAL)


def sym(x: Any) -> Sym:
    return Sym(Lit(bool(x), BOOL) if isinstance(x, bool) else Lit(float(x), REAL), emit)


def slopes(name: str, *args: Any) -> list[float]:
    """The derivative by each argument, as the row's rule gives it (0 where it gives None)."""
    row = OPS[name]
    syms = [sym(a) for a in args]
    if row.choose is not None:
        p, j, k = row.choose(*syms)
        chosen = j if number(p) else k
        return [float(i == chosen) for i in range(len(args))]
    if row.partials is not None:
        return [
            0.0 if d is None else number(d) for d in row.partials(*syms, sym(value(name, *map(np.float64, args))))
        ]
    assert row.flat
    return [0.0] * len(args)


def number(x: Sym | float) -> float:
    if not isinstance(x, Sym):
        return x
    assert isinstance(x.atom, Lit)
    return float(x.atom.value)


# --------------------------------------------------------------------------------------- the table


def test_every_row_with_a_real_result_has_exactly_one_derivative():
    for row in OPS.values():
        rules = [row.partials is not None, row.choose is not None, row.flat]
        assert sum(rules) == (row.result in "ra"), row.name


def test_rows_are_consistent():
    for name, row in OPS.items():
        assert row.name == name and set(row.kinds) <= set("rbipuna") and row.result in "rbia"
        assert row.work >= 1
        for form in row.linear:
            assert len(form) == len(row.kinds) and "t" in form and set(form) <= set("trb")


def test_a_rule_has_a_coefficient_for_each_argument_and_none_for_those_without_a_tangent():
    for row in OPS.values():
        if row.partials is not None:
            z = sym(1.0)
            found = row.partials(*(sym(0.5) for _ in row.kinds), z)
            assert len(found) == len(row.kinds), row.name


def pools(row: Operator) -> Iterator[list[list[Any]]]:
    for kinds in sorted({row.kinds.replace("a", k) for k in "rbi"}):
        reals: list[Any] = [np.float64(x) for x in EDGES]
        sets = {
            "r": reals,
            "b": [False, True],
            "i": [-(2**40), -3, -1, 0, 1, 2, 7, 2**40],
            "p": [1, 2, 7],
            "u": [0, 1, 7, 64],
            "n": [1, 2, 7],
        }
        yield [sets[k] for k in kinds]


@pytest.mark.parametrize("name", OPS)
def test_values_never_raise_and_have_their_kind(name: str):
    row = OPS[name]
    result = {"r": (np.float64,), "b": (bool, np.bool_), "i": (int,), "a": (np.float64, bool, int)}[row.result]
    for pool in pools(row):
        for args in product(*pool):
            assert isinstance(value(name, *args), result), args


# ----------------------------------------------------------------------- derivatives, smooth places

Numbers = tuple[float, float]

# Functions that NumPy knows on the complex plane, with a range of each argument.
ANALYTIC: dict[str, tuple[Callable[..., Any], list[Numbers]]] = {
    "neg": (np.negative, [(-9, 9)]),
    "add": (np.add, [(-9, 9), (-9, 9)]),
    "sub": (np.subtract, [(-9, 9), (-9, 9)]),
    "mul": (np.multiply, [(-9, 9), (-9, 9)]),
    "div": (np.divide, [(-9, 9), (0.01, 9)]),
    "sqrt": (np.sqrt, [(1e-6, 50)]),
    "pow": (np.power, [(0.01, 9), (-5, 5)]),
    "exp": (np.exp, [(-30, 30)]),
    "expm1": (np.expm1, [(-3, 3)]),
    "log": (np.log, [(1e-6, 50)]),
    "log1p": (np.log1p, [(-0.9, 50)]),
    "sin": (np.sin, [(-30, 30)]),
    "cos": (np.cos, [(-30, 30)]),
    "tan": (np.tan, [(-30, 30)]),
    "asin": (np.arcsin, [(-0.99, 0.99)]),
    "acos": (np.arccos, [(-0.99, 0.99)]),
    "atan": (np.arctan, [(-9, 9)]),
    "sinh": (np.sinh, [(-9, 9)]),
    "cosh": (np.cosh, [(-9, 9)]),
    "tanh": (np.tanh, [(-30, 30)]),
    "unit": (np.tanh, [(-3, 3)]),
}

# The others, by differences of the value itself, in ranges without kinks (a tie of `hypot` is none).
DIFFERENCED: dict[str, list[list[Numbers]]] = {
    "abs": [[(0.1, 9)], [(-9, -0.1)]],
    "sign": [[(0.1, 9)], [(-9, -0.1)]],
    "floor": [[(2.1, 2.9)], [(-2.9, -2.1)]],
    "ceil": [[(2.1, 2.9)], [(-2.9, -2.1)]],
    "trunc": [[(2.1, 2.9)], [(-2.9, -2.1)], [(-0.9, 0.9)]],
    "copysign": [[(a, a + 5), (b, b + 5)] for a in (0.1, -5.1) for b in (0.1, -5.1)],
    "minimum": [[(0, 4), (4.1, 9)], [(4.1, 9), (0, 4)]],
    "maximum": [[(0, 4), (4.1, 9)], [(4.1, 9), (0, 4)]],
    "fmod": [[(7.1, 7.9), (2.0, 2.3)], [(-7.9, -7.1), (2.0, 2.3)], [(7.1, 7.9), (-2.3, -2.0)]],
    "hypot": [[(-5, 5), (0.1, 5)]],
    "atan2": [[(-5, 5), (0.1, 5)], [(0.1, 5), (-5, 5)], [(-5, -0.1), (-5, 5)]],
    "erf": [[(-3, 3)]],
}


def test_every_rule_has_a_test():
    reals = {name for name, row in OPS.items() if row.result == "r" and "i" not in row.kinds}
    assert set(ANALYTIC) | set(DIFFERENCED) == reals


def drawn(ranges: list[Numbers], count: int) -> Iterator[list[np.float64]]:
    for _ in range(count):
        yield [np.float64(RNG.uniform(*r)) for r in ranges]


@pytest.mark.parametrize("name", ANALYTIC)
def test_rule_against_the_complex_step(name: str):
    """f(x + ih) has the imaginary part h f'(x), without cancellation, so h may be as small as one likes.

    Both sides are a few roundings of functions good to some ulp (1e-16 each), enlarged at most a hundred
    times by arguments of size 30 and slopes near the ends of the ranges. A network's unit has its own bound:
    1 - tanh^2 loses what tanh rounded near 1.
    """
    f, ranges = ANALYTIC[name]
    h = 1e-30
    for args in drawn(ranges, 300):
        for k, slope in enumerate(slopes(name, *args)):
            moved: list[complex] = [complex(a) for a in args]
            moved[k] += 1j * h
            exact = complex(f(*moved)).imag / h
            assert slope == pytest.approx(exact, rel=3e-14, abs=4e-16 if name == "unit" else 0.0), args


@pytest.mark.parametrize("name", DIFFERENCED)
def test_rule_against_differences(name: str):
    """Richardson's difference over (2h, h, h/2) has an error of about h^6 = 1e-15 (times a high derivative,
    up to 1e5 at the distance 0.1 from a singularity) and a rounding of 1e-16 * 30 / h = 1e-12."""
    h = 3e-3
    for ranges in DIFFERENCED[name]:
        for args in drawn(ranges, 100):
            for k, slope in enumerate(slopes(name, *args)):

                def central(d: float, k: int = k, args: list[np.float64] = args) -> float:
                    up, down = list(args), list(args)
                    up[k] += d
                    down[k] -= d
                    return (value(name, *up) - value(name, *down)) / (up[k] - down[k])

                wide, mid, narrow = central(2 * h), central(h), central(h / 2)
                first, second = (4 * mid - wide) / 3, (4 * narrow - mid) / 3
                assert slope == pytest.approx((16 * second - first) / 15, rel=1e-8, abs=1e-8), args


def test_the_slope_of_a_select_is_one_for_the_side_chosen():
    assert slopes("select", True, 3.0, 4.0) == [0.0, 1.0, 0.0]
    assert slopes("select", False, 3.0, 4.0) == [0.0, 0.0, 1.0]


def test_the_slope_of_arc_functions_keeps_its_digits_close_to_one():
    for gap in (1e-3, 1e-7, 1e-12, 2.0**-53):
        x = 1.0 - gap
        with localcontext() as c:
            c.prec = 50
            exact = float(1 / (1 - Decimal(x) ** 2).sqrt())
        assert slopes("asin", x) == [pytest.approx(exact, rel=1e-15)]
        assert slopes("acos", -x) == [pytest.approx(-exact, rel=1e-15)]


def test_the_slope_of_expm1_keeps_its_digits_far_below_zero():
    assert slopes("expm1", -40.0) == [pytest.approx(float(Decimal(-40).exp()), rel=1e-15)]


def test_the_slope_of_fmod_belongs_to_the_cell_that_its_value_is_in():
    cells = 0
    for _ in range(2000):
        y = RNG.uniform(0.1, 1.0)
        x = math.nextafter(int(RNG.integers(1, 50)) * y, 0.0)
        with localcontext() as c:
            c.prec = 60
            exact = int(Decimal(x) / Decimal(y))
        cells += exact != math.trunc(x / y)
        assert slopes("fmod", x, y) == [1.0, -exact]
    assert cells > 0  # the quotient's rounding did cross into the next cell somewhere


# ---------------------------------------------------------------------------------- the conventions


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_conventions_at_zero(zero: float):
    for name in ("sqrt", "abs", "sign", "floor", "ceil", "trunc"):
        assert slopes(name, zero) == [0.0], name
    assert slopes("hypot", zero, zero) == [0.0, 0.0]
    assert slopes("atan2", zero, zero) == [0.0, 0.0]
    for sign in (2.0, -2.0, 0.0, -0.0):
        assert slopes("copysign", zero, sign) == [0.0, 0.0]


@pytest.mark.parametrize("x", [0.0, 2.0, -2.0, 4.0, -4.0])
@pytest.mark.parametrize("y", [2.0, -2.0, 4.0, -4.0, 0.0])
def test_atan2_has_its_slope_wherever_but_at_the_origin(y: float, x: float):
    """On the axes and the diagonals too, where a careless guard would take the convention."""
    square = x * x + y * y
    assert slopes("atan2", y, x) == ([x / square, -y / square] if square else [0.0, 0.0])


def test_conventions_at_whole_numbers():
    for name in ("floor", "ceil", "trunc"):
        assert slopes(name, 2.0) == [0.0]
    assert slopes("fmod", 6.0, 2.0) == [1.0, -3.0]
    assert slopes("fmod", -6.0, 2.0) == [1.0, 3.0]
    assert slopes("fmod", 1.0, math.inf) == [1.0, 0.0]


def test_the_end_of_arc_functions_has_slope_zero():
    for x in (1.0, -1.0):
        assert slopes("asin", x) == [0.0]
        assert slopes("acos", x) == [0.0]


@pytest.mark.parametrize("x", [0.0, -0.0, 3.5, math.inf, -math.inf])
def test_a_tie_goes_to_the_first_argument(x: float):
    for name in ("minimum", "maximum"):
        assert slopes(name, x, x) == [1.0, 0.0]
        assert slopes(name, x, -x) == ([1.0, 0.0] if x == 0 or (x < 0) == (name == "minimum") else [0.0, 1.0])


def test_pow_of_a_half_is_no_square_root_at_the_edges():
    for x, expected in ((-0.0, 0.0), (-math.inf, math.inf)):
        found = value("pow", np.float64(x), np.float64(0.5))
        assert found == expected and math.copysign(1.0, found) == 1.0


def test_pow_at_and_below_zero():
    assert slopes("pow", 0.0, 0.0) == [0.0, 0.0]
    assert slopes("pow", 0.0, 1.0) == [1.0, 0.0]
    assert slopes("pow", 0.0, 2.0) == [0.0, 0.0]
    assert slopes("pow", -3.0, 2.0) == [-6.0, 0.0]
    assert slopes("pow", -3.0, 3.0) == [27.0, 0.0]
    assert slopes("pow", 2.0, 0.0) == [0.0, pytest.approx(math.log(2.0))]


def test_copysign_of_infinity_has_a_slope():
    assert slopes("copysign", math.inf, -1.0) == [-1.0, 0.0]
    assert slopes("copysign", -math.inf, -1.0) == [1.0, 0.0]


def test_values_at_signed_zeros_and_nan():
    assert math.copysign(1.0, value("minimum", np.float64(0.0), np.float64(-0.0))) == -1.0
    assert math.copysign(1.0, value("maximum", np.float64(-0.0), np.float64(0.0))) == 1.0
    for name in ("minimum", "maximum"):
        assert math.isnan(value(name, np.float64(math.nan), np.float64(1.0)))
        assert math.isnan(value(name, np.float64(1.0), np.float64(math.nan)))
    assert value("sign", np.float64(-0.0)) == 0.0


def test_conversion_of_reals_to_indices_is_total():
    f = np.float64
    clamped = [(-0.5, 0), (2.9, 2), (5.0, 4), (1e300, 4), (math.inf, 4), (-math.inf, 0), (math.nan, 0)]
    wrapped = [(-0.5, 4), (2.9, 2), (5.0, 0), (-11.0, 4), (math.inf, 0), (-math.inf, 0), (math.nan, 0)]
    assert [value("floor_clamp", f(x), 5) for x, _ in clamped] == [i for _, i in clamped]
    assert [value("floor_wrap", f(x), 5) for x, _ in wrapped] == [i for _, i in wrapped]
    assert value("floor_wrap", f(1e300), 7) == int(1e300) % 7


def test_whole_numbers_divide_downwards():
    assert [value("idiv", i, 3) for i in (-4, -3, -1, 0, 2, 3)] == [-2, -1, -1, 0, 0, 1]
    assert [value("imod", i, 3) for i in (-4, -3, -1, 0, 2, 3)] == [2, 0, 2, 0, 2, 0]
    assert [value("int_clamp", i, 3) for i in (-4, 2, 3)] == [0, 2, 2]
    assert [value("int_wrap", i, 3) for i in (-4, 2, 3)] == [2, 2, 0]
