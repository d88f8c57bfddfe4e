"""The solver beside the schedule in plain Python, and beside closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from rosesim.diagrams import library
from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.labels import Measured
from rosesim.diagrams.layout import Diagram, continued
from rosesim.diagrams.problem import Input, Problem, Term
from rosesim.diagrams.scalars import Number, Scalar
from rosesim.diagrams.values import Shape, Value, Vector

ALL = frozenset({0})


class Making:
    """A problem as tests write it."""

    def __init__(self, stages: tuple[str, ...] = ("",)):
        self.stages = stages
        self.inputs: list[Input] = []
        self.x0: list[float] = []
        self.objectives: list[Term] = []
        self.constraints: list[Term] = []
        self.every = frozenset(range(len(stages)))

    def free(self, start: float, stages: frozenset[int] | None = None) -> Scalar:
        moves = self.every if stages is None else stages
        self.inputs.append(Input(f"x{len(self.x0)}", "?", "given", start, start, moves))
        self.x0.append(start)
        return Scalar("input", index=len(self.x0) - 1)

    def circle(self, at: tuple[float, float], r: Number) -> Shape:
        centre = Vector((self.free(at[0]), self.free(at[1])))
        return Shape("Circle", "c", {"center": centre, "r": r, "strokeWidth": 0.0})

    def ensure(self, name: str, *args: Value, stages: frozenset[int] | None = None) -> None:
        item = library.constraint(name)
        assert item is not None
        self.constraints.append(Term(name, item.check(args), ("a", 3.0), stages or self.every))

    def encourage(self, name: str, *args: Value, stages: frozenset[int] | None = None) -> None:
        item = library.objective(name)
        assert item is not None
        self.objectives.append(Term(name, item.check(args), (), stages or self.every))

    def diagram(self) -> Diagram:
        problem = Problem((400, 300), self.stages, self.inputs, self.x0, self.objectives, self.constraints, [])
        return Diagram(problem, Measured())


def crowd(n: int = 7) -> Making:
    """Circles that are drawn together and may not overlap."""
    m = Making()
    angles = [(k * 2.4, 40.0 + 9.0 * k) for k in range(n)]
    shapes = [m.circle((d * math.cos(a), d * math.sin(a)), 8.0 + k) for k, (a, d) in enumerate(angles)]
    for k, a in enumerate(shapes):
        m.encourage("sameCenter", a, shapes[0])
        for b in shapes[:k]:
            m.ensure("disjoint", a, b, 2.0)
    return m


def by_the_book(phi: Callable[[np.ndarray, float], tuple[float, np.ndarray]], x: np.ndarray):
    """One stage as the engine's description says it: the end, and the calls of each round."""
    calls: list[int] = []

    def ask(at: np.ndarray, w: float) -> tuple[float, np.ndarray]:
        calls[-1] += 1
        return phi(at, w)

    def search(x0: np.ndarray, r: np.ndarray, f0: float, g0: np.ndarray, w: float) -> np.ndarray:
        slope, a, b, t, j = -r @ g0, 0.0, math.inf, 1.0, 0
        while True:
            at = x0 - t * r
            if abs(a - b) < 1e-9 or j > 10:
                return at
            f, g = ask(at, w)
            if not f <= f0 + 1e-3 * t * slope:
                b = t
            elif not -r @ g >= 0.9 * slope:
                a = t
            else:
                return at
            t = (a + b) / 2 if b < math.inf else 2 * a
            j += 1

    def direction(pairs: list[tuple[np.ndarray, np.ndarray]], g: np.ndarray) -> np.ndarray:
        q, alphas = g.copy(), list[float]()
        for s, y in pairs:
            alphas.append(float(1 / (y @ s + 1e-11) * (s @ q)))
            q = q - alphas[-1] * y
        s, y = pairs[0]
        q = q * ((s @ y) / (y @ y + 1e-11))
        for (s, y), alpha in zip(reversed(pairs), reversed(alphas), strict=True):
            q = q + (alpha - 1 / (y @ s + 1e-11) * (y @ q)) * s
        return q

    def minimise(x: np.ndarray, w: float) -> tuple[np.ndarray, float]:
        calls.append(0)
        f, g = ask(x, w)
        new, pairs = search(x, g, f, g, w), list[tuple[np.ndarray, np.ndarray]]()
        before, g_before = x, g
        while True:
            f, g = ask(new, w)
            pairs = [(new - before, g - g_before), *pairs][:17]
            before, g_before = new, g
            r = direction(pairs, g)
            new = search(new, r, f, g, w)
            if g @ r < 1e-2:
                return new, f

    w, k, last, energy = 1e3, 0, x, math.inf
    while True:
        x, e = minimise(x, w)
        if k > 1 and (np.linalg.norm(x - last) < 1e-3 or abs(e - energy) < 1e-3):
            return x, w, e, calls
        last, energy, w, k = x, e, 10 * w, k + 1


def test_a_stage_goes_the_way_of_the_schedule_step_by_step():
    """Three rounds to the call. At the last weight, 1e6, rounding decides how many steps the end takes."""
    made = crowd(3).diagram()
    found = made.layout()
    x, w, e, calls = by_the_book(lambda x, w: made.phi(x, w, 0), np.array(made.problem.x0))
    (stage,) = found.stages
    assert sum(calls[:3]) > 100
    assert stage.calls[:3] == tuple(calls[:3])
    assert (stage.weight, stage.settled) == (w, True)
    assert stage.energy == pytest.approx(e, rel=1e-3)
    assert found.x == pytest.approx(x, abs=0.02)


def test_two_circles_that_are_drawn_together_end_by_touching():
    m = Making()
    a, b = m.circle((-50.0, 3.0), 10.0), m.circle((60.0, -4.0), 20.0)
    m.encourage("sameCenter", a, b)
    m.ensure("disjoint", a, b, 5.0)
    found = m.diagram().layout()
    ax, ay, bx, by = found.x
    # The penalty lets the constraint give way: d/dl [l^2 + w (35 - l)^2] = 0.
    w = found.stages[-1].weight
    assert math.hypot(ax - bx, ay - by) == pytest.approx(35.0 * w / (1.0 + w), rel=1e-6)
    assert found.objective == pytest.approx(35.0**2, rel=1e-3)
    assert found.verdict() == "all 1 constraints hold"


def test_what_a_stage_does_not_free_stays_and_later_stages_go_on_from_there():
    m = Making(("first", "second"))
    x, y = m.free(3.0, frozenset({0})), m.free(4.0, frozenset({1}))
    m.encourage("equal", x, 10.0, stages=frozenset({0}))
    m.encourage("equal", y, x, stages=frozenset({1}))
    found = m.diagram().layout()
    assert found.stages[0].x == pytest.approx([10.0, 4.0], abs=1e-6)
    assert found.x == pytest.approx([10.0, 10.0], abs=1e-6)


def test_constraints_that_cannot_hold_are_told_with_the_worst():
    m = Making()
    x = m.free(0.0)
    m.ensure("lessThan", x, -3.0)
    m.ensure("greaterThan", x, 5.0)
    found = m.diagram().layout()
    assert found.x[0] == pytest.approx(1.0, abs=1e-3)
    assert found.verdict() == "2 of 2 constraints are violated; the worst is " + str(found.broken[0])
    assert found.violation == pytest.approx(4.0, abs=1e-3)


def test_dead_inputs_stay_where_they_are():
    m = Making()
    dead, x = m.free(7.5), m.free(1.0)
    m.encourage("equal", x, 2.0)
    made = m.diagram()
    assert (made.energy.live, dead.index) == ((1,), 0)
    assert made.layout().x == pytest.approx([7.5, 2.0], abs=1e-6)


def test_an_energy_without_a_number_is_a_mistake_that_names_the_term():
    m = Making()
    x = m.free(-1.0)
    m.encourage("minimal", Scalar("log", (x,)))
    with pytest.raises(DiagramError, match=r"minimal.*is not a number"):
        m.diagram().layout()


def test_phi_is_what_differences_say():
    made = crowd().diagram()
    x0 = np.array(made.problem.x0)
    _, gradient = made.phi(x0, 1e3)
    rng = np.random.default_rng(1)
    d = rng.normal(size=len(x0))
    h = 1e-5
    along = (made.phi(x0 + h * d, 1e3)[0] - made.phi(x0 - h * d, 1e3)[0]) / (2 * h)
    assert gradient @ d == pytest.approx(along, rel=1e-6)


def test_an_edited_diagram_goes_on_from_where_it_was():
    before, after = crowd().diagram(), crowd()
    found = before.layout()
    after.circle((1.0, 2.0), 3.0)
    start = continued(after.diagram().problem, before.problem, found.x)
    assert start == [*found.x.tolist(), 1.0, 2.0]
