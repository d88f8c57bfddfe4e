"""A bounce: its derivative is exact with the time of impact, and has the wrong sign without it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rosesim.scenes import SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.check import check_gradient
from rosesim.scenes.picture import picture
from rosesim.train import train

Bounce: Any = find_scene("bounce")
# Where a step ends exactly on the ground (multiples of 0.004), rounding would decide when the ball turns.
DELTAS = [-0.0017, 0.0003, 0.0011, 0.0029, 0.1, 0.3]
SAW = 2 * 0.002 * 2.0
"""Height of the saw: twice the fall of a step."""


def loss_and_slope(scene: Any, delta: float) -> tuple[float, float]:
    loss, gradient = compiled(scene).value_and_grad(scene.params(None).__class__(delta), scene.inputs())
    return loss, gradient.delta


@pytest.mark.parametrize("delta", DELTAS)
def test_with_the_time_of_impact_loss_and_derivative_are_those_of_the_reflected_line(delta: float):
    loss, slope = loss_and_slope(Bounce(), delta)
    assert loss == pytest.approx(0.512 - delta, abs=1e-13)  # 203 additions of rounding 1e-16
    assert slope == -1.0


@pytest.mark.parametrize("delta", DELTAS)
def test_without_it_the_loss_is_a_saw_under_the_same_line_and_the_derivative_has_the_wrong_sign(delta: float):
    """The ball turns at the first end of a step below the ground: the line, lowered by twice the depth there."""
    loss, slope = loss_and_slope(Bounce(time_of_impact=False), delta)
    depth = -(0.4 + delta) % 0.004
    assert loss == pytest.approx(0.512 - delta - 2 * depth, abs=1e-13)
    assert 0 <= 0.512 - delta - loss < SAW
    assert slope == 1.0


def test_the_saw_has_its_full_height():
    deltas = np.linspace(1e-5, 0.004 - 1e-5, 50)  # from one jump to the next
    below = [0.512 - d - loss_and_slope(Bounce(time_of_impact=False), d)[0] for d in deltas]
    assert np.ptp(below) == pytest.approx(SAW, rel=0.01)


def test_a_descent_goes_down_with_the_time_of_impact_and_up_without():
    with_it, without = (train(Bounce(time_of_impact=toi)).losses for toi in (True, False))
    assert with_it == pytest.approx(0.511 - 0.02 * np.arange(16), abs=1e-12)
    assert without[-1] > without[0] + 0.29


def test_sideways_the_ball_goes_on_and_its_speed_is_kept():
    states = rollout(Bounce()).stacked
    assert np.asarray(states.position)[:, 0] == pytest.approx(0.7 - 0.002 * np.arange(204), abs=1e-13)
    assert np.abs(np.asarray(states.velocity)).tolist() == [[1.0, 2.0]] * 204
    assert np.asarray(states.position)[:, 1].min() >= 0.1


@pytest.mark.parametrize("time_of_impact", [True, False])
def test_differences_agree_with_either_derivative_for_a_saw_is_steep_between_its_teeth(time_of_impact: bool):
    """So a gradient check cannot find the mistake: what is wrong is the simulation, not its derivative."""
    assert check_gradient(Bounce(time_of_impact=time_of_impact)).verdicts == {"delta": "right"}


def test_a_dragged_start_changes_delta_upwards_and_the_place_sideways():
    scene = Bounce()
    params, inputs = picture(scene).drag("start", (0.6, 0.55), scene.params(None), scene.inputs())
    assert params.delta == pytest.approx(0.05) and inputs.place == pytest.approx((0.6, 0.5))
    assert picture(scene).handles(params, inputs)["start"] == pytest.approx((0.6, 0.55))


def test_a_time_step_of_nothing_is_refused():
    with pytest.raises(SceneError, match=r"h is positive; it was 0.0"):
        configure(Bounce, ["h=0"])


def test_another_ground_and_throw_bounce_as_the_reflected_line_too():
    scene = Bounce(ground=0.2, steps=400)
    inputs = replace(scene.inputs(), velocity=np.array([0.5, -1.0]))
    loss = compiled(scene).value(scene.params(None), inputs)
    assert loss == pytest.approx(0.2 + abs(0.501 - 0.2 - 0.8), abs=1e-13)
