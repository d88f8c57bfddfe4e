"""Growth of a derivative with the steps: its closed forms, undamped and damped."""

import math
from typing import Any

import numpy as np
import pytest

from rosesim.scenes import Canvas, SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.canvas import Circle, Line
from rosesim.scenes.check import check_gradient
from rosesim.scenes.picture import picture
from rosesim.train import train

Growth: Any = find_scene("growth")
ALPHAS = [0.0, 1.0, 3.0, 10.0]


def closed_form(steps: int, alpha: float, h: float = 0.001) -> float:
    """x after so many steps of a = 1, and its derivative by a."""
    d = math.exp(-alpha * h)
    if alpha == 0:
        return h * steps * (steps + 1) / 2
    return h / (1 - d) * (steps - d * (1 - d**steps) / (1 - d))


def loss_and_slope(scene: Any, a: float) -> tuple[float, float]:
    loss, gradient = compiled(scene).value_and_grad(scene.params(None).__class__(a), scene.inputs())
    return loss, gradient.a


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("steps", [1, 10, 1000])
def test_loss_and_derivative_are_the_closed_form(alpha: float, steps: int):
    scene, wanted = Growth(alpha=alpha, steps=steps), closed_form(steps, alpha)
    # The closed form itself loses 1 - d, 1e-3, and that squared, of its digits.
    assert loss_and_slope(scene, 1.0) == pytest.approx((wanted, wanted), rel=1e-10)
    assert loss_and_slope(scene, -0.5) == pytest.approx((-0.5 * wanted, wanted), rel=1e-10)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_derivative_carried_forward_is_the_closed_form_at_every_step(alpha: float):
    scene = Growth(alpha=alpha, steps=200)
    states = rollout(scene, scene.params(None).__class__(0.7), scene.inputs())
    wanted = np.array([closed_form(n, alpha) for n in range(201)])
    assert states.stacked.x_by_a == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert states.stacked.x == pytest.approx(0.7 * wanted, rel=1e-9, abs=1e-12)
    assert np.asarray(states.stacked.count).tolist() == list(range(201))
    assert loss_and_slope(scene, 0.7)[1] == pytest.approx(states[-1].x_by_a, rel=1e-12)


def test_twice_the_steps_give_four_times_the_derivative_undamped_and_twice_damped():
    def ratio(alpha: float) -> float:
        slopes = [loss_and_slope(Growth(alpha=alpha, steps=n), 1.0)[1] for n in (4000, 8000)]
        return slopes[1] / slopes[0]

    assert ratio(0.0) == pytest.approx(4, rel=1e-3)
    assert ratio(10.0) == pytest.approx(2, rel=0.03)  # less 1/(alpha T), what the start takes


def test_the_gradient_check_passes_and_a_descent_is_a_line():
    assert check_gradient(Growth(alpha=3.0)).verdicts == {"a": "right"}
    slope = closed_form(1000, 0.0)
    assert train(Growth()).losses == pytest.approx(slope * (1 - 2e-4 * slope * np.arange(9)), rel=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_picture_shows_the_point_on_the_curve_of_its_alpha(alpha: float):
    scene = Growth(alpha=alpha, steps=100)
    state, params, inputs = rollout(scene)[-1], scene.params(None), scene.inputs()
    canvas = Canvas(scene.extent)
    picture(scene).backdrop(canvas, params, inputs)
    ends = [p.points[-1] for p in canvas.primitives if isinstance(p, Line) and p.role == "other"]
    picture(scene).draw(canvas, state, params, inputs)
    at_time, of_derivative = (p.centre for p in canvas.singles if isinstance(p, Circle))
    assert at_time == pytest.approx((1.0, state.x / closed_form(100, 0.0)))
    assert of_derivative == pytest.approx(ends[ALPHAS.index(alpha)])


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(SceneError, match=r"h is positive and alpha not negative; they were 0.001 and -1.0"):
        configure(Growth, ["alpha=-1"])
