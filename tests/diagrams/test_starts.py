"""Many starts: drawn anew they are those of reading, on threads they end as each does alone. And stages that cannot
settle."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from diagrams_style_kit import trio_problem, trio_reference, trios

from rosesim.diagrams import Canvas
from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.labels import Measured
from rosesim.diagrams.layout import Diagram, Layout, StageEnd, Text, Watch, read
from rosesim.diagrams.solver import MOST_STEPS
from rosesim.diagrams.starts import best_of, seeds, starts
from rosesim.diagrams.style.inputs import redrawn

TRIOS = (
    "tutorials/tutorial3",
    "graph-domain/textbook/sec1/fig1",
    "matrix-ops/tests/matrix-transpose",
    "animation/center-shrink-circle",
    "set-theory-domain/tree-euler-3d",
    "logic-circuit-domain/half-adder",
    "interactive/planets",
    "alloy-models/icicle-plot-file-system",
    "geometric-queries/closest-point/test-group",
    "atoms-and-bonds/one-water-molecule",
    "structural-formula/molecules/caffeine",
    "set-potatoes/relation-not-a-function",
)


@pytest.mark.parametrize("name", TRIOS)
def test_a_start_that_is_drawn_anew_is_that_of_reading_bit_for_bit(name: str):
    p = trio_problem(name, "another start")
    x0 = redrawn(p.inputs, p.x0, trios()[name]["variation"])
    drawn = [i for i, made in enumerate(p.inputs) if made.kind != "label"]
    assert [x0[i] for i in drawn] == [trio_reference(name)["x0"][i] for i in drawn]
    assert x0 != p.x0


BOX = "canvas {\n width = 200\n height = 100\n}\n"
POLYGON = """forall Shop s {
  s.icon = Polygon { points: [(?, ?), (?, ?), (?, ?), (?, ?)]
                     ensureOnCanvas: false }
  s.dot = Circle { r: 3
                   ensureOnCanvas: false }
  ASKED
}
"""
TERM = "ensure contains(s.icon, s.dot)"
EXPRESSION = "ensure greaterThan(shapeDistance(s.icon, s.icon), 5)"


def shops(style: str, variation: str) -> Diagram:
    texts = Text("type Shop", "a"), Text("Shop a", "b"), [Text(BOX + style, "c")]
    return read(*texts, variation=variation, labels=Measured())


def test_terms_cut_polygons_anew_where_another_start_has_them():
    made = shops(POLYGON.replace("ASKED", TERM), "one")
    assert (made.problem.cut_at_start, made.energy.cut_at_start) == (False, True)
    x = np.linspace(-60.0, 60.0, len(made.problem.x0))
    found = [made.values(x).tolist()]
    for word in ("two", "three"):
        restarted, as_read = made.restarted(word), shops(POLYGON.replace("ASKED", TERM), word)
        assert restarted.problem.x0 == as_read.problem.x0
        found.append(restarted.values(x).tolist())
        assert found[-1] == as_read.values(x).tolist()
    assert found[0] != found[1]  # otherwise this test shows nothing


def test_where_expressions_cut_polygons_another_start_is_read_again():
    style = POLYGON.replace("ASKED", EXPRESSION)
    made = shops(style, "one")
    assert made.problem.cut_at_start
    found: list[str] = []
    for word in ("two", "three"):
        restarted, as_read = made.restarted(word), shops(style, word)
        assert restarted.problem.x0 == as_read.problem.x0
        terms = [repr(p.constraints[0].args) for p in (restarted.problem, as_read.problem)]
        assert terms[0] == terms[1]
        found.append(terms[0])
    assert repr(made.problem.constraints[0].args) not in found


def test_where_nothing_is_cut_all_starts_share_their_kernels_and_tables():
    made = shops("forall Shop s {\n s.icon = Circle { }\n}", "one")
    assert made.restarted("two").energy is made.energy


@pytest.fixture(scope="module")
def crowd() -> Diagram:
    """Circles with several minima, each start ending in one of its own."""
    d = Canvas(120, 80)
    shapes = [d.circle(r=10 + k) for k in range(4)]
    for k, a in enumerate(shapes):
        for b in shapes[:k]:
            d.ensure.disjoint(a, b, 2)
            d.encourage.near(a, b)
    return d.diagram("word")


@pytest.fixture
def even_short_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also short layouts run on threads."""
    monkeypatch.setattr("rosesim.diagrams.starts.SHORT_SECONDS", 0.0)


@pytest.mark.parametrize("short", [0.0, 60.0])
def test_layouts_on_threads_end_as_each_does_alone(crowd: Diagram, short: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rosesim.diagrams.starts.SHORT_SECONDS", short)
    words = seeds("word", 9)
    alone = [crowd.restarted(word).layout() for word in words]
    for threads in (1, 3):
        found = list(starts(crowd, words, threads=threads))
        assert [f.seed for f in found] == words
        assert all(np.array_equal(a.x, f.layout.x) for a, f in zip(alone, found, strict=True))
    best = best_of(crowd, words, threads=3)
    assert best.layout.rank() == min(a.rank() for a in alone)
    assert len({round(a.objective, 3) for a in alone}) > 2  # otherwise any start would do


@pytest.mark.usefixtures("even_short_ones")
def test_the_error_of_a_start_on_a_thread_is_raised():
    d = Canvas(100, 100)
    d.encourage.minimal(d.functions.log(d.free(-1, 1)))
    with pytest.raises(DiagramError, match="is not a number there"):
        best_of(d.diagram("word"), seeds("word", 8), threads=2)


@pytest.fixture(scope="module")
def contradicting() -> Diagram:
    """Four circles on a canvas that has no room for the distances that they shall have."""
    d = Canvas(400, 300)
    shapes = [d.circle(r=60) for _ in range(4)]
    for k, a in enumerate(shapes):
        for b in shapes[:k]:
            d.ensure.disjoint(a, b, 200)
    return d.diagram("one")


def test_constraints_that_contradict_each_other_end_soon_and_say_so(contradicting: Diagram):
    """Some starts settle by chance, and rounding decides which; so this looks at several."""
    ends = [start.layout for start in starts(contradicting, seeds("one", 12))]
    lost = [(end, *end.stages) for end in ends if not end.stages[0].settled]
    assert lost
    for end, stage in lost:
        assert 2.0**-52 * stage.energy > 1e-2  # rounding would decide the steps from here on
        assert 2.0**-52 * stage.energy < 1e-1  # as it has in one round at most
        assert stage.steps < MOST_STEPS  # with nothing to end it, the first took 187,433
        assert end.verdict().startswith(f"not settled after {stage.steps:,} steps; ")
        assert "constraints are violated; the worst is" in end.verdict()


def test_a_cap_on_steps_ends_a_stage_and_is_told(crowd: Diagram):
    whole = crowd.layout()
    steps = whole.stages[0].steps
    assert whole.stages[0].settled
    short = crowd.layout(steps=steps // 2)
    assert (short.stages[0].steps, short.stages[0].settled) == (steps // 2, False)
    assert short.verdict().startswith(f"not settled after {steps // 2} steps; ")
    assert np.array_equal(crowd.layout(steps=steps + 1).x, whole.x)


def test_a_long_stage_tells_how_it_goes_on_and_can_be_ended(contradicting: Diagram):
    heard: list[StageEnd] = []

    def watch(stages: Sequence[StageEnd]) -> None:
        heard.append(stages[-1])

    for word in seeds("one", 6):
        contradicting.restarted(word).layout(watch=watch)
    assert len(heard) > 6  # a short stage is heard of once
    assert any(0 < a.steps < b.steps and a.weight < b.weight for a, b in pairwise(heard))

    def ended(stages: Sequence[StageEnd]) -> None:
        watch(stages)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        contradicting.layout(watch=ended)
    so_far = contradicting.ended(heard[-1:])
    assert so_far.values.tolist() == contradicting.values(heard[-1].x).tolist()


@pytest.mark.usefixtures("even_short_ones")
def test_who_stops_listening_stops_the_others(crowd: Diagram):
    to_the_end: list[bool] = []

    def layout(made: Diagram, watch: Watch) -> Layout:
        time.sleep(0.05)  # so that the others have begun when the first ends
        until = time.monotonic() + 3.0
        while made is not crowd and time.monotonic() < until:
            watch(())
            time.sleep(1e-3)
        to_the_end.append(made is crowd)
        return made.layout()

    found = starts(crowd, seeds("word", 20), layout, threads=2)
    next(found)
    found.close()  # pyright: ignore[reportAttributeAccessIssue] -- it is a generator
    assert to_the_end == [True]
