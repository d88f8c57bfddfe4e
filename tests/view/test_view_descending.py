"""Live optimising after a drag: steps are taken only where they lead down."""

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from viewing import Descent, opened

from rosesim.optimise.descent import Position
from rosesim.optimise.line_search import COMPARED, LineSearch
from rosesim.optimise.optimizers import RULES
from rosesim.scenes import configure, find_scene
from rosesim.train import make_optimizer
from rosesim.view.live import Live

FILE = Path(__file__).parents[2] / "benchmarks" / "live_drags.py"
spec = importlib.util.spec_from_file_location("live_drags", FILE)
assert spec is not None and spec.loader is not None
live_drags: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(live_drags)


def propose(steps: LineSearch, x: Any, gradient: Any) -> Any:
    return steps.propose(Position(0, x), gradient).x


def takes(steps: LineSearch, loss: float) -> bool:
    return steps.takes(Position(1, np.zeros(1)), loss, 1.0)


def bowl(x: Any) -> float:
    return float(50.0 * x @ x)


def descend(optimizer: Any, x: Any, turns: int) -> tuple[Any, list[float]]:
    """Minimise the bowl, whose curvature of 100 forbids plain rates above 0.02; the losses that were taken."""
    steps, losses = LineSearch(optimizer), [bowl(x)]
    steps.begin(losses[0])
    for _ in range(turns):
        trial = propose(steps, x, 100.0 * x)
        if takes(steps, loss := bowl(trial)):
            x = trial
            losses.append(loss)
    return x, losses


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("rate", [0.001, 0.1, 10.0, 1e6])
def test_no_rule_climbs_at_any_rate(name: str, rate: float):
    x, losses = descend(make_optimizer(name, rate), np.array([1.0, -2.0]), 400)
    assert max(losses) == losses[0]
    assert all(loss <= max(losses[max(0, k - COMPARED) : k]) for k, loss in enumerate(losses) if k)
    assert bowl(x) < 0.7 * losses[0]  # Adam's 400 steps of 0.001 come so far: (0.6 ** 2 + 1.6 ** 2) / 5 is 0.584


def test_the_length_of_steps_comes_back():
    """Refused at first, whole steps are taken again where the bowl has become flat enough for them."""
    steps = LineSearch(make_optimizer("gd", 1.0))
    x = np.array([4.0])
    steps.begin(1.0)
    while not takes(steps, 1.0 if abs((trial := propose(steps, x, x / 4.0 * 64.0))[0] - 4.0) < 2.0 else math.inf):
        pass
    assert abs(trial[0] - 4.0) == 1.0  # 64 / 4 / 4 / 4
    for doubled in (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 1.0):
        assert 4.0 - propose(steps, x, x / 4.0)[0] == doubled
        assert takes(steps, 1.0)


def test_a_memory_that_points_up_is_forgotten():
    """Momentum out of another valley: no part of its step goes down, and a fresh one does."""
    optimizer = make_optimizer("momentum", 0.001)
    steps, x = LineSearch(optimizer), np.array([1.0])
    propose(steps, x, np.array([-1e6]))  # as if a gradient had been the other way until now
    steps.accept(bowl(x))
    steps.begin(bowl(x))
    for _ in range(40):
        trial = propose(steps, x, 100.0 * x)
        if bowl(trial) < bowl(x):
            break
        takes(steps, math.inf)
    else:
        pytest.fail("it never went down again")


def test_a_loss_that_is_no_number_is_no_descent():
    steps = LineSearch(make_optimizer("gd", 0.1))
    steps.begin(1.0)
    propose(steps, np.array([1.0]), np.array([1.0]))
    assert not takes(steps, math.nan) and not takes(steps, math.inf) and takes(steps, 1.0)


def test_a_trial_without_a_finite_gradient_is_not_taken():
    steps = LineSearch(make_optimizer("gd", 0.1))
    steps.begin(1.0)
    trial = steps.propose(Position(0, np.array([1.0])), np.array([1.0]))
    assert not steps.takes(trial, 0.5, math.inf) and not steps.takes(trial, 0.5, math.nan)
    assert steps.takes(trial, 0.5, 1.0)


def test_nothing_is_proposed_while_nobody_optimises():
    scene, beginning = opened("billiards")

    class Lost(Descent):
        def step(self, x: Any, gradient: Any, state: int) -> tuple[Any, int]:
            raise AssertionError("a step was asked for")

    live = Live(scene, beginning, Lost(0.0))
    live.hold("goal", (0.7, 0.6))
    live_drags.turn(live)
    assert live.failure is None and live.latest and live.latest.inputs.goal.tolist() == [0.7, 0.6]


def turns(live: Live, count: int) -> list[float]:
    losses: list[float] = []
    for _ in range(count):
        live_drags.turn(live)
        losses.append(live._course.loss)
    return losses


@pytest.mark.parametrize("rate", [0.01, 1.0, 100.0, 1e8])
def test_a_rate_that_is_far_too_large_never_climbs_away(rate: float):
    scene, beginning = opened("billiards")
    live = Live(scene, beginning, Descent(rate))
    live.optimise(True)
    live.hold("goal", (0.7, 0.6))
    live.release()
    losses = turns(live, 80)
    assert live.failure is None
    assert max(losses) == losses[0] and losses[-1] < losses[0]


def test_a_curve_shows_what_was_taken_alone():
    scene, beginning = opened("billiards")
    live = Live(scene, beginning, Descent(100.0))
    live.optimise(True)
    losses = turns(live, 60)
    live.optimise(False)
    live_drags.turn(live)
    curve = dict(live.latest.curve) if live.latest else {}
    assert sorted(curve) == list(range(len(curve))) and len(curve) < 60
    assert curve[0] == losses[0] and list(curve.values())[-1] == losses[-1]
    assert live.latest and live.latest.attempt.loss == losses[-1]


def test_where_no_step_leads_down_it_rests_and_says_so():
    scene, beginning = opened("billiards")

    class Uphill(Descent):
        def step(self, x: Any, gradient: Any, state: int) -> tuple[Any, int]:
            return x + 0.01 * gradient, state + 1

    live = Live(scene, beginning, Uphill(0.0))
    live.optimise(True)
    turns(live, 60)
    before = live.evaluations
    turns(live, 5)
    assert live.evaluations == before
    assert live.latest and live.latest.note == "no step along the gradient lowers the loss any more"
    live.hold("goal", (0.7, 0.6))  # another problem, which is begun
    turns(live, 5)
    assert live.evaluations > before


@pytest.mark.parametrize(
    ("name", "handle", "reach", "settings", "count"),
    [("billiards", "goal", None, ["steps=300", "layers=1"], 6),
     ("billiards", "cue", None, ["steps=300", "layers=1"], 6),
     ("mass_spring", "node", 0.05, ["steps=150"], 2)],
)  # fmt: skip
def test_random_drags_end_at_or_below_where_they_began(
    name: str, handle: str, reach: Any, settings: list[str], count: int
):
    scene, inputs = configure(find_scene(name), settings)
    found = live_drags.drags(scene, inputs, handle, reach, count=count, seconds=0.0, turns=60)
    assert found["at_or_below"] == count
    assert found["median_reached"] <= found["median_after_the_drag"]
