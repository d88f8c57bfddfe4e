"""Every operator's slope keeps its relative accuracy over the operator's range: within 8 ulp of mpmath."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from slopes_kit import EXACT, arguments, worst

from rosesim import fn, grad, jvp, tanh
from rosesim.ad.language.mathematics import unit
from rosesim.ad.program.ops import OPS

ULPS = 8.0

HARD: dict[str, list[tuple[float, ...]]] = {
    "tanh": [(1e-9,), (1.6,), (-4.0,), (15.0,), (19.0,), (-19.5,), (100.0,), (-350.0,)],
    "erf": [(0.1,), (1.7,), (-5.3,), (10.1,), (-20.7,), (26.5,), (26.61,)],
    "asin": [(1 - 2**-53,), (-1 + 2**-30,), (0.999,), (1e-200,)],
    "acos": [(1 - 2**-53,), (-1 + 2**-30,), (0.999,), (1e-200,)],
    "atan": [(1e-160,), (1e8,), (-1e150,), (6e153,)],
    "atan2": [
        (3e-200, 1e-190), (-1e-190, 3e-200), (1e200, 3e190), (2e-170, -2e-170), (1e-300, 1.0), (1.0, -1e-300),
        (-1e250, 1e250), (1e-155, 3e-155),
    ],
    "pow": [
        (1e200, 1.1), (1e-200, 0.3), (1e300, 0.1), (1e-300, 0.7), (1e-200, 1.6), (2.5, 1e-20), (1 + 2**-40, 1e13),
        (3.0, -0.6), (0.5, 900.3), (7.0, 2.0), (7.0, 1.0), (1 + 40 * 2**-52, -7.7e16),
    ],
    "tan": [(1.5707963267948966,), (-4.71238898038469,), (1e22,)],
    "log1p": [(-1 + 2**-53,), (-0.5,), (1e-300,), (1e200,)],
    "expm1": [(-700.0,), (1e-300,), (709.0,)],
    "hypot": [(1e200, 1e-200), (3e-200, 4e-200), (1e300, 1e299)],
    "sinh": [(1e-200,), (-690.0,)],
    "cosh": [(1e-200,), (-690.0,)],
    "sqrt": [(1e-300,), (1e300,)],
    "div": [(1e-200, 1e-180), (1e200, 1e180)],
    "sin": [(1.5707963267948966,), (1e22,)],
    "cos": [(3.141592653589793,), (1e22,)],
}  # fmt: skip


def test_every_operator_with_a_slope_is_asked() -> None:
    """But the unit of a network, whose slope is 1 - z^2 by intention."""
    assert set(EXACT) == {name for name, row in OPS.items() if row.partials is not None} - {"unit"}


def test_the_table_of_largest_errors_names_every_operator_with_a_slope() -> None:
    page = (Path(__file__).parents[3] / "docs" / "trust.md").read_text(encoding="utf-8")
    section = page.split("\n## Slopes\n")[1].split("\n## ")[0]
    assert set(EXACT) <= set(re.findall(r"`(\w+)`", section))


@pytest.mark.parametrize("name", EXACT)
def test_slopes_over_the_whole_range(name: str) -> None:
    x, y = arguments(name, 150, np.random.default_rng(5))
    for label, (error, at) in worst(name, x, y).items():
        assert error <= ULPS, (label, at)


@pytest.mark.parametrize("name", HARD)
def test_slopes_where_formulas_cancel_or_overflow(name: str) -> None:
    points = np.array([(*p, 0.0)[:2] for p in HARD[name]])
    for label, (error, at) in worst(name, points[:, 0].copy(), points[:, 1].copy()).items():
        assert error <= ULPS, (label, at)


def test_the_ends_of_the_ranges() -> None:
    inf = math.inf
    slope = fn(lambda x: grad(lambda x: tanh(x))(x))
    assert [slope(x) for x in (inf, -inf, 1e6)] == [0.0, 0.0, 0.0]
    assert math.isnan(slope(math.nan))
    assert jvp(lambda x: tanh(x))(20.0, 1.0)[1] == slope(20.0) > 0.0


def test_the_unit_of_a_network_is_tanh_with_the_slope_of_its_output() -> None:
    f, g = fn(lambda x: unit(x)), fn(lambda x: tanh(x))
    for x in (-30.0, -0.7, 0.0, 1e-5, 2.0):
        assert f(x) == g(x)
        assert grad(f)(x) == pytest.approx(1.0 - math.tanh(x) ** 2, abs=2.3e-16)
