"""A diagram's solver as a program of its own: the numbers of the solver that calls kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim import diagrams as rd
from rosesim.diagrams import trios
from rosesim.diagrams.layout import Diagram
from rosesim.diagrams.solver import FIRST_WEIGHT
from rosesim.diagrams.whole import Whole, whole

FOLDER = Path(__file__).parents[2] / "examples" / "diagrams"
Array = np.ndarray[Any, Any]


def example(name: str) -> Diagram:
    return trios.from_json(FOLDER / name / "trio.json").read()


def phi(made: Whole, diagram: Diagram, x: Array, weight: float, stage: int) -> tuple[float, Array]:
    s = made.stages[stage]
    value, slopes = made.phi(x[list(diagram.energy.live)], weight, s.objective, s.constraint, s.moves)
    gradient = np.zeros(len(x))
    gradient[list(diagram.energy.live)] = slopes
    return value, gradient


def test_phi_and_its_gradient_are_those_of_the_kernels():
    diagram = example("multiples-of-three")
    made = whole(diagram.energy)
    x = np.array(diagram.problem.x0)
    value, gradient = phi(made, diagram, x, 250.0, 0)
    expected, slopes = diagram.phi(x, 250.0, 0)
    assert np.count_nonzero(slopes) > 5
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-12 * np.abs(slopes).max())


def test_a_term_of_another_stage_is_not_evaluated():
    d = rd.Canvas(100, 100, stages=("first", "second"))
    a = d.free(start=-1.0)
    d.encourage.equal(a, 3.0, stages="first")
    d.encourage.minimal(d.functions.sqrt(a), stages="second")  # NaN where the first stage begins
    diagram = d.diagram()
    made, x = whole(diagram.energy), np.array(diagram.problem.x0)
    assert phi(made, diagram, x, 1.0, 0) == (16.0, [-8.0])
    assert np.isnan(phi(made, diagram, x, 1.0, 1)[0])


def test_with_one_row_as_objective_phi_is_the_value_of_its_term():
    d = rd.Canvas(300, 200)
    a, b = (d.circle(r=20, center=(d.free(start=x), d.free(start=0))) for x in (-60, 20))
    d.ensure.touching(a, b, 10)
    d.encourage.near(a, b)
    diagram = d.diagram()
    made, x = whole(diagram.energy), np.array(diagram.problem.x0)
    values = diagram.values(x)
    none = np.zeros(len(made.terms))
    for row, term in enumerate(made.terms):
        one = none.copy()
        one[row] = 1.0
        value, _ = made.phi(x[list(diagram.energy.live)], 9.0, one, none, np.zeros(len(diagram.energy.live)))
        assert value == pytest.approx(values[term], rel=1e-12)
    assert len(set(values.tolist())) > 2


def test_a_layout_ends_where_the_kernels_end():
    d = rd.Canvas(300, 200)
    a, b, c = (d.circle(r=20, center=(d.free(start=x), d.free(start=y))) for x, y in ((-60, 5), (20, 0), (30, 9)))
    d.ensure.touching(a, b, 10)
    d.ensure.disjoint(b, c, 10)
    diagram = d.diagram()
    made, live = whole(diagram.energy), list(diagram.energy.live)
    stage, x = made.stages[0], np.array(diagram.problem.x0)[live]
    held = stage.moves.copy()
    held[:2] = 0.0  # a hand holds the first disc
    end = made.solve(x, FIRST_WEIGHT, np.inf, 0, np.inf, stage.objective, stage.constraint, held)
    expected = diagram.layout(fixed=live[:2])
    assert end.done and end.x[:2].tolist() == [-60.0, 5.0]
    assert (end.w, end.steps, int(end.rounds)) == (expected.stages[0].weight, expected.stages[0].steps, end.rounds)
    np.testing.assert_allclose(end.x, expected.x[live], rtol=0, atol=1e-6)  # rounding is in another order
    assert np.abs(end.x - x).max() > 5.0
