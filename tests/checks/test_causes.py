"""What the causes of a missed change are, held against lines of which each part is in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from rosesim import Real, check_grads, cond, floor, fn, maximum, scan, select, sin, sqrt, while_loop
from rosesim.ad.instrument.decisions import Flip
from rosesim.checks.causes import Cause, because, causes, netted
from rosesim.checks.distance import AtStep, OverDistance, over_distance
from rosesim.checks.flips import Node

pytestmark = pytest.mark.usefixtures("unoptimised")


class Parts:
    """A line whose value is a smooth function and the sum of jumps and kinks at known places.

    `jumps` has rows (place, word, jump of the value, jump of the slope). A decision is on which side of its place
    a node is.
    """

    def __init__(
        self,
        jumps: Sequence[tuple[float, str, float, float]],
        smooth: Callable[[Any], Any] = lambda s: 0.0 * s,
        slope: Callable[[Any], Any] = lambda s: 0.0 * s,
    ):
        self._jumps, self._smooth, self._slope = jumps, smooth, slope
        self.ran = 0

    def nodes(self, at: Sequence[float]) -> list[Node | None]:
        self.ran += len(at)
        return [self._node(s) for s in at]

    def _node(self, s: float) -> Node:
        value, slope = float(self._smooth(s)), float(self._slope(s))
        for place, _, jump, kink in self._jumps:
            if s > place:
                value += jump + kink * (s - place)
                slope += kink
        table = np.array([float(s > place) for place, *_ in self._jumps])
        return Node(s, value, slope, hash(table.tobytes()), table)

    def flips(self, one: Node, other: Node) -> list[Flip]:
        words = [w for (_, w, _, _), a, b in zip(self._jumps, one.table, other.table, strict=True) if a != b]
        return [Flip(w, None, 0) for w in dict.fromkeys(words)]


def of(line: Parts) -> dict[str, float]:
    """The shares by word; "bend" for the rest."""
    return {"bend" if c.flip is None else c.flip.what: c.share for c in causes([line], [1.0])}


def test_jumps_have_the_shares_of_their_sizes():
    found = of(Parts([(0.31, "select", 3.0, 0.0), (-0.47, "floor", 1.0, 0.0)]))
    assert found["select"] == pytest.approx(0.75)
    assert found["floor"] == pytest.approx(0.25)


def test_a_kink_counts_by_the_way_on_which_its_slope_lasts():
    """A slope of 2 from 0.4 on adds 2 * 0.6; one of -4 from -0.7 on is there at the middle, and is missing for 0.3
    before: -(-4) * 0.3... seen from the middle, the part before -0.7 is 4 steeper, which adds 1.2 as well."""
    found = of(Parts([(0.4, "maximum", 0.0, 2.0), (-0.7, "abs", 0.0, -4.0)]))
    assert found["maximum"] == pytest.approx(0.5, abs=1e-4)
    assert found["abs"] == pytest.approx(0.5, abs=1e-4)


def test_a_steep_smooth_term_is_not_blamed_on_a_decision_that_flips_within_it():
    """s^3 misses 2, ten jumps of `size` on each side 20 times that."""
    for size in (1e-4, 1e-2, 0.1):
        many = [(s / 11 + 0.013, "count", size, 0.0) for s in range(-10, 11) if s]
        found = of(Parts(many, lambda s: s**3, lambda s: 3 * s**2))
        assert found["bend"] == pytest.approx(2.0 / (2.0 + 20 * size), abs=0.1)


def test_a_decision_that_flips_a_thousand_times_without_effect_gets_next_to_nothing():
    """Brackets that are not bisected are judged by those that were: here what is in them is smooth."""
    many = [(s, "select", 0.0, 0.0) for s in np.linspace(-0.999, 0.998, 1000)]
    line = Parts(many, lambda s: s**3, lambda s: 3 * s**2)
    assert of(line)["bend"] > 0.95
    assert line.ran < 9 + 4 * 12 + 2 * 20


def test_of_stairs_too_fine_to_be_told_apart_all_is_the_decision_s():
    """Ten thousand stairs of 1e-4: no slope anywhere, and each is too small to be looked for."""
    many = [(s, "select", 2e-4, 0.0) for s in np.linspace(-0.99999, 0.9999, 10_000)]
    assert of(Parts(many))["select"] == pytest.approx(1.0, abs=0.02)


def test_a_slope_that_another_decision_soon_takes_back_counts_only_as_long_as_it_lasts():
    """A contact of 0.01 with a slope of 50: it adds 0.5, as the jump does, however long the way to the end."""
    found = of(Parts([(0.2, "touch", 0.0, 50.0), (0.21, "leave", 0.0, -50.0), (0.6, "jump", 0.5, 0.0)]))
    assert found["touch"] == pytest.approx(0.5, abs=0.02)
    assert found["jump"] == pytest.approx(0.5, abs=0.02)
    assert found.get("leave", 0.0) < 0.02


def test_effects_that_cancel_are_nobody_s():
    found = of(Parts([(0.3, "up", 5.0, 0.0), (0.6, "down", -5.0, 0.0), (0.9, "more", 1.0, 0.0)]))
    assert sum(found.values()) == pytest.approx(1.0)
    assert "down" not in found
    assert netted({"a": 1.0, "b": -1.0}) == {}


def test_of_two_that_flip_together_that_which_flips_elsewhere_without_effect_is_not_blamed():
    """The first in the run is `often`; it flips at 20 other places as well, where nothing happens."""
    often = [(s / 21, "often", 0.0, 0.0) for s in range(-20, 21) if s]
    assert of(Parts([(0.33, "often", 0.0, 0.0), *often, (0.33, "once", 1.0, 0.0)]))["once"] > 0.99
    alone = of(Parts([(0.33, "first", 0.0, 0.0), (0.33, "then", 1.0, 0.0)]))
    assert alone["first"] > 0.99  # nothing tells them apart, and the first may make the other flip


class Fine(Parts):
    """`floor` flips each 2e-7 and is first in the run: some of it lies in each bracket. `select` flips each
    `spacing`, and the value jumps by as much. `curve` is the coefficient of s^3."""

    def __init__(self, spacing: float, curve: float):
        super().__init__([(0.0, "floor", 0.0, 0.0), (0.0, "select", 0.0, 0.0)])
        self._spacing, self._curve = spacing, curve

    def _node(self, s: float) -> Node:
        jumps = math.floor((s + 1.234567) / self._spacing) if self._spacing else 0
        table = np.array([math.floor((s + 1.2345678) / 2e-7), jumps], dtype=np.float64)
        value = self._spacing * jumps + self._curve * s**3
        return Node(s, value, 3 * self._curve * s**2, hash(table.tobytes()), table)


@pytest.mark.parametrize("spacing", [0.9, 5e-5])
def test_a_decision_that_flips_everywhere_is_not_blamed_for_the_jumps_of_one_beside_it(spacing: float):
    assert of(Fine(spacing, 0.0))["select"] > 0.95


def test_a_bend_along_which_a_decision_flips_everywhere_stays_a_bend():
    """However narrow a bracket, `floor` flips in it, and the slope is another at its end."""
    assert of(Fine(0.0, 1.0))["bend"] > 0.99


def test_a_slope_that_recovers_by_itself_counts_only_until_then():
    """It jumps by 50 at 0.2 and decays within 0.01, as beside a graze: 0.5 is all that it adds, as does the jump."""

    def after(s: float) -> float:
        return max(0.0, s - 0.2) / 0.01

    line = Parts(
        [(0.2, "graze", 0.0, 50.0), (0.6, "jump", 0.5, 0.0)],
        lambda s: -50 * (max(0.0, s - 0.2) - 0.01 * (1 - math.exp(-after(s)))),
        lambda s: -50 * (1 - math.exp(-after(s))),
    )
    found = of(line)
    assert found["jump"] == pytest.approx(0.5, abs=0.05)
    assert found.get("graze", 0.0) + found.get("bend", 0.0) == pytest.approx(0.5, abs=0.05)


def test_where_what_flips_does_next_to_nothing_no_runs_are_spent_on_it():
    line = Parts([(0.1, "select", 1e-9, 0.0)], lambda s: max(0.0, s - 0.5) ** 2, lambda s: 2 * max(0.0, s - 0.5))
    assert of(line)["bend"] == pytest.approx(1.0)
    assert line.ran == 9


def test_where_the_value_jumps_a_maximum_is_not_blamed():
    """`maximum` has a kink and never jumps."""
    assert of(Parts([(0.33, "maximum", 0.0, 0.1), (0.33, "floor", 1.0, 0.0)]))["floor"] > 0.9


def test_shares_of_several_lines_are_weighted_means():
    one, other = Parts([(0.3, "select", 1.0, 0.0)]), Parts([(0.3, "floor", 7.0, 0.0)])
    found = causes([one, other], [1.0, 3.0])
    assert [(c.flip.what, c.share) for c in found if c.flip] == [("floor", 0.75), ("select", 0.25)]


def test_the_words_leave_out_what_explains_next_to_nothing():
    floored, tiny = Flip("floor", None, 3), Flip("select", None, 4)
    said = because([Cause(floored, 0.7), Cause(None, 0.27), Cause(tiny, 0.03)], 16)
    assert (
        "in 16 of them, 70 % comes from floor, at step 3, 27 % comes from a bend that no single decision makes"
        in said
    )
    assert "select" not in said


# ------------------------------------------------------------------------------- in programs


def test_a_stiff_penalty_is_not_blamed_on_the_count_of_steps_that_flips_first():
    @fn
    def thrown(v: Real) -> Real:
        """How far it lands, at the end of a step, and a penalty for height above 1."""
        far, _, _, high = while_loop(
            lambda s: s[1] >= 0.0,
            lambda s: (s[0] + 0.01 * v, s[1] + 0.01 * s[2], s[2] - 0.1, s[3] + maximum(s[1] - 1.0, 0.0) ** 2),
            (0.0, 0.0, v, 0.0),
            limit=400,
        )
        return 1e-6 * far + sin(1e3 * high)

    (found,) = check_grads(thrown, 5.0).over_distance
    assert found.limit is not None
    assert "the value bends within the step" in found.text
    assert not any(c.share > 0.02 for c in found.causes if c.flip is not None)


def test_of_two_branches_the_second_is_named_where_it_carries_the_jump():
    @fn
    def walled(x: Real) -> Real:
        first = cond(sin(900.0 * x) > 0.0, lambda: 1e-5, lambda: 0.0)
        then = select(sin(700.0 * x) > 0.0, 0.03, 0.0)
        return x + first + then

    (found,) = check_grads(walled, 1.0).over_distance
    assert found.causes[0].share > 0.99
    assert found.causes[0].flip is not None
    assert found.causes[0].flip.what == "select"
    assert "cond" not in found.text


def test_of_two_that_always_flip_together_both_are_named():
    @fn
    def twice(x: Real) -> Real:
        first = select(sin(700.0 * x) > 0.0, 0.03, 0.0)
        then = select(sin(700.0 * x) > 0.0, 0.0, 0.01)
        return x + first + then

    (found,) = check_grads(twice, 1.0).over_distance
    first, *_ = found.causes
    assert first.flip is not None and first.flip.where is not None
    (other,) = first.together
    assert other.where is not None and other.where.line == first.flip.where.line + 1
    assert f"{first.flip} with select in {other.where}" in found.text


def test_a_decision_of_many_steps_is_not_blamed_for_the_jump_of_another():
    """At each hundredth a select of the loop flips with `floor`, and at 1 the point lies on both. It flips fifty
    times more often, and changes 1e-9."""

    @fn
    def sorted_in(x: Real) -> Real:
        counted = scan(lambda s, t: s + select(x > 0.9 + 0.0002 * Real(t), 1e-9, 0.0), 0.0, 1000)
        return counted + 0.01 * floor(100.0 * x) - 0.3 * x

    report = check_grads(sorted_in, 1.0)
    assert report.of("x").kind == "jumps"
    assert ": floor in" in report.of("x").why
    assert report.over_distance[0].causes[0].share > 0.99
    assert "comes from floor in" in report.over_distance[0].text


def test_of_decisions_that_flip_at_the_point_the_kink_is_that_which_bends_most():
    @fn
    def tied(x: Real) -> Real:
        touched = scan(lambda s, t: s + 1e-9 * maximum(x - 0.9 - 0.0002 * Real(t), 0.0), 0.0, 1000)
        return touched + abs(x - 1.0)

    verdict = check_grads(tied, 1.0).of("x")
    assert verdict.kind == "kinked"
    assert "; abs in" in verdict.why


def test_what_jumps_is_not_what_only_bends_though_that_is_first_on_the_line():
    verdict = check_grads(lambda x: maximum(x - 1.0, 0.0) + floor(x), 1.0).of("x")
    assert verdict.kind == "jumps"
    assert ": floor in" in verdict.why


def test_a_tip_is_not_blamed_on_a_decision_that_flips_further_off():
    @fn
    def cone(x: Real) -> Real:
        return sqrt((x - 1.0) ** 2) + select(x > 1.05, 1e-9, 0.0)

    verdict = check_grads(cone, 1.0).of("x")
    assert verdict.kind == "kinked"
    assert "sqrt" in verdict.why and "select" not in verdict.why


def test_bisection_in_a_scan_is_blamed_on_its_select():
    @fn
    def root(a: Real) -> Real:
        def halved(s: Any, t: Any) -> Any:
            middle = 0.5 * (s[0] + s[1])
            low = middle * middle < a
            return select(low, middle, s[0]), select(low, s[1], middle)

        return scan(halved, (0.0, 3.0), 60)[0]

    (found,) = check_grads(root, 2.0).over_distance
    assert found.causes[0].flip is not None
    assert (found.causes[0].flip.what, round(found.causes[0].share, 2)) == ("select", 1.0)


# --------------------------------------------------------------- a gradient that explains little


def stairs(width: float) -> Any:
    """A slope of 1 and stairs up of 10 widths, one in each `width` of 50: most steps see the slope alone."""

    @fn
    def f(x: Real) -> Real:
        return x + 0.2 * floor(x / width)

    return f


def test_a_gradient_with_the_right_sign_that_explains_little_is_told():
    """Within +-1e-3 lies a stair of 0.2 with probability 0.002/0.05 = 4 %, its change 0.202 against 0.002 that is
    predicted (nearly nothing of it is explained), and the sign is right everywhere."""
    report = check_grads(stairs(0.05), 1.0123)
    assert report.of("x").kind == "right"
    (found,) = report.over_distance
    first = found.at[0]
    assert first.same_sign == 1.0 and first.explained < 0.05
    assert found.short is None and found.limit == first
    assert abs(first.missed / 256 - 0.04) < 5 * math.sqrt(0.04 / 256)
    assert f"right, but over 1e-3 it explains {100 * first.explained:.0f} % of the change, though" in str(report)
    assert f"in {min(first.missed, 16)} of them, 100 % comes from floor in" in found.text
    record = found.limit_record()
    assert record is not None
    assert (record["step"], record["text"]) == (1e-3, found.text)
    assert record["causes"][0]["what"] == "floor"


def test_few_directions_that_are_missed_are_no_news():
    for missed, told in ((2, False), (3, True)):
        found = OverDistance((AtStep(1e-2, 1.0, 0.1, 1.0, 8, 0, 0, missed),))
        assert (found.limit is not None) is told


@pytest.mark.parametrize("part, missed", [(0.4, 200), (0.6, 0), (1.4, 0), (1.6, 200)])
def test_a_direction_is_missed_by_more_than_half_of_its_change(part: float, missed: int):
    class Linear:
        def values(self, points: Any) -> Any:
            return 3.0 * points[:, 0]

        def gradients(self, points: Any) -> Any:
            return 3.0 * part + 0.0 * points

    x = np.ones(1)
    assert [a.missed for a in over_distance(Linear(), x, x, np.random.default_rng(0), count=200).at] == [missed] * 3


def test_of_a_wrong_sign_the_directions_that_went_the_other_way_are_examined():
    """Stairs of 1 up, rarely met and missed by far the most, and a ripple that turns the sign of a slope of 1."""

    class Rippled:
        def values(self, points: Any) -> Any:
            p = points[:, 0]
            return p + 5.0 * np.sin(5000.0 * p) / 5000.0 + np.floor(20.0 * p)

        def gradients(self, points: Any) -> Any:
            return 1.0 + 5.0 * np.cos(5000.0 * points)

    class Nowhere:
        def nodes(self, at: Sequence[float]) -> list[Node | None]:
            return [None for _ in at]

        def flips(self, one: Node, other: Node) -> list[Flip]:
            raise AssertionError

    asked: list[float] = []

    def line(p: Any, d: Any) -> Nowhere:
        left, right = Rippled().values(np.array([p - d, p + d]))
        asked.append((right - left) * float(Rippled().gradients(p)[0]) * float(d[0]))
        return Nowhere()

    x = np.ones(1)
    found = over_distance(Rippled(), x, x, np.random.default_rng(0), line=line)
    assert found.limit is not None and found.limit.turns
    assert len(asked) == 16 and max(asked) < 0
    assert found.why == "the value jumps or bends within the step"


def test_over_which_distance_it_is_of_use_is_told():
    """Of sin(250 x) a step of 1e-2 to both sides changes 2 sin(2.5) cos(250 p), where 5 cos(250 p) is predicted."""
    (found,) = check_grads(lambda x: sin(250.0 * x), 1.0).over_distance
    assert found.at[0].explained > 0.98
    assert found.at[1].same_sign == 1.0
    expected = max(0.0, 1 - (2 * math.sin(2.5) - 5) ** 2 / (2 * math.sin(2.5)) ** 2)
    assert found.at[1].explained == pytest.approx(expected, abs=1e-9)
    assert found.text.startswith(
        "over 1e-2 it explains 0 % of the change, over 1e-3 100 %, though its sign is that of"
    )


def test_a_function_that_bends_over_a_tenth_only_is_no_news():
    (found,) = check_grads(lambda x: sin(25.0 * x), 1.0).over_distance
    assert found.at[2].explained < 0.1 and found.at[2].same_sign == 1.0
    assert found.text == "" and found.limit_record() is None
