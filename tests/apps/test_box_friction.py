"""A thrown box: Coulomb's law, the time of impact, and a loss that friction bends and breaks."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rosesim import value_and_grad
from rosesim.scenes import SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.check import check_gradient
from rosesim.scenes.kit import box_inertia
from rosesim.scenes.picture import picture
from rosesim.train import train

pytestmark = pytest.mark.usefixtures("unoptimised")

BoxFriction: Any = find_scene("box_friction")
SCENE = BoxFriction()


def friction(mu: Any) -> Any:
    return replace(SCENE.params(np.random.default_rng(0)), mu=mu)


def first_contact(mu: float) -> tuple[Any, Any]:
    """The states before and after the step in which the box first touches the ground."""
    trajectory = rollout(SCENE, friction(mu), SCENE.inputs())
    spin = np.asarray(trajectory.stacked.spin)[:, 0]
    k = int(np.flatnonzero(np.diff(spin))[0])
    return trajectory[k], trajectory[k + 1]


def lowest_corner(state: Any) -> np.ndarray:
    """The arm to it, in NumPy, from the rotation matrix."""
    a = float(np.asarray(state.angle)[0])
    rotation = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    corners = rotation @ (np.array([[-1, 1, -1, 1], [-1, -1, 1, 1]]) * np.array(SCENE.half)[:, None])
    return corners[:, corners[1].argmin()]


@pytest.mark.parametrize("mu", [0.0, 0.2, 0.45, 0.48, 2.0])
def test_a_landing_corner_obeys_coulombs_law(mu: float):
    """Newton's restitution for what comes down, and friction to its limit or until nothing slides.

    Each impulse is that of a contact in one direction alone: it divides by 1/m + r²/I of its own direction.
    """
    before, after = first_contact(mu)
    (mass,), (moment,) = box_inertia([SCENE.half])
    r, v, spin = lowest_corner(before), np.asarray(before.velocity)[0], float(np.asarray(before.spin)[0])
    u = v + spin * np.array([-r[1], r[0]])
    normal, tangential = mass * (np.asarray(after.velocity)[0] - v)[::-1]
    assert normal == pytest.approx(-(1 + SCENE.e) * u[1] / (1 / mass + r[0] ** 2 / moment), rel=1e-9)
    sticking = -u[0] / (1 / mass + r[1] ** 2 / moment)
    assert tangential == pytest.approx(max(sticking, -mu * normal), rel=1e-9, abs=1e-15)
    assert (abs(sticking) > mu * normal) == (mu < 0.4628)  # where the figure has its kink
    turned = moment * (float(np.asarray(after.spin)[0]) - spin)
    there = r + SCENE.h * u  # where the impulse acts
    assert turned == pytest.approx(there[0] * normal - there[1] * tangential, rel=1e-9)


def test_without_contact_the_box_flies_straight():
    scene = replace(SCENE, ground=-10.0)
    last, inputs = rollout(scene, friction(0.3), scene.inputs())[-1], scene.inputs()
    wanted = np.asarray(inputs.position) + scene.h * scene.steps * np.asarray(inputs.velocity)
    assert np.asarray(last.position)[0] == pytest.approx(wanted, abs=1e-12)
    assert np.asarray(last.angle)[0] == pytest.approx(inputs.angle + scene.h * scene.steps * inputs.spin, abs=1e-12)
    found = check_gradient(scene)
    assert "the box never touches the ground" in str(found.verdicts)


@pytest.mark.parametrize("time_of_impact", [True, False])
def test_only_with_the_time_of_impact_is_the_derivative_by_the_height_right(time_of_impact: bool):
    """A flat square at speed v: its two corners give 2 (1 + e) / (1 + a² m / I) of v, here 1.6 v.

    Without gravity it turns at once: the last height is a constant minus 0.6 times the first one, exactly.
    """
    scene = replace(SCENE, half=(0.1, 0.1), e=1.0, time_of_impact=time_of_impact, steps=2000)
    throw: Any = replace(
        scene.inputs(), position=np.array([0.5, 0.5]), velocity=np.array([0.0, -2.0]), angle=0.0, spin=0.0
    )
    above = replace(throw, goal=np.array([0.5, 2.0]))
    program = compiled(scene)
    loss, by_inputs = value_and_grad(program.loss, wrt=1).compile(friction(0.0), above)(friction(0.0), above)
    if time_of_impact:
        last = 0.2 + 0.6 * 2.0 * (0.4 - 0.3 / 2.0)
        assert loss == pytest.approx((2.0 - last) ** 2, rel=1e-9)
    slope = by_inputs.position[1] / (-2 * math.sqrt(loss))
    assert slope == pytest.approx(-0.6 if time_of_impact else 1.0, abs=1e-9)


def losses(low: float, high: float, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mu = np.linspace(low, high, count)
    loss, gradient = compiled(SCENE).batch(count, gradient=True)(friction(mu), SCENE.inputs())
    return mu, np.asarray(loss), np.asarray(gradient.mu)


def test_within_a_tooth_the_derivative_is_right_and_across_teeth_it_has_the_wrong_sign():
    """Between two jumps loss and derivative agree; the losses of two teeth go the other way."""
    mu, loss, slope = losses(0.44, 0.4626, 4001)
    rise = np.diff(loss) / np.diff(mu)
    teeth = rise > 100  # a jump within one small interval
    assert 5 <= teeth.sum() <= 12
    assert rise[~teeth] == pytest.approx(slope[:-1][~teeth], abs=0.01)
    assert slope.max() < -2.0
    assert np.polyfit(mu, loss, 1)[0] > 0.1


def test_a_sticking_corner_asks_for_no_more_friction():
    """From a friction on all corners stick: the loss is flat and the gradient zero, which is explained."""
    _, loss, slope = losses(0.6, 0.9, 50)
    assert np.ptp(loss) == 0.0 and not slope.any()
    params, inputs = friction(0.7), SCENE.inputs()
    why = SCENE.why_no_gradient(rollout(SCENE, params, inputs), params, inputs)
    assert why.startswith("every corner that touches the ground sticks to it")


def test_the_teeth_shrink_with_the_time_step_and_the_derivative_stays_wrong():
    """Smaller steps make smaller jumps, and more of them: the slope between them does not change."""
    jumps, slopes = [], []
    for h, steps in ((4e-4, 1250), (1e-4, 5000)):
        scene = replace(SCENE, h=h, steps=steps)
        mu = np.linspace(0.44, 0.4626, 2001)
        loss, gradient = compiled(scene).batch(2001, gradient=True)(friction(mu), scene.inputs())
        jumps.append(np.diff(loss).max())
        slopes.append(np.median(gradient.mu))
    assert jumps[1] < 0.4 * jumps[0]
    assert slopes[1] == pytest.approx(slopes[0], rel=0.05)


def test_descent_goes_past_the_least_loss_and_a_search_without_gradient_finds_it():
    """The derivative draws towards more friction until all corners stick; the best found is not where it ends."""
    by_gradient = train(SCENE)
    by_samples = train(SCENE, optimizer="cmaes")
    assert by_samples.best_loss < 0.45 < by_gradient.losses[-1]


def test_the_gradient_check_passes():
    found = check_gradient(SCENE)
    assert found.passed and set(found.verdicts.values()) == {"right"}, found


def test_with_the_exact_contact_there_are_no_teeth_and_descent_finds_the_least_loss():
    """Kinks where a corner begins to stick, and between them a derivative that differences confirm."""
    scene = replace(SCENE, contact="exact")
    mu = np.linspace(0.2, 0.6, 801)
    loss, gradient = compiled(scene).batch(801, gradient=True)(friction(mu), scene.inputs())
    loss, slope = np.asarray(loss), np.asarray(gradient.mu)
    rise = np.diff(loss) / np.diff(mu)
    middle = 0.5 * (slope[1:] + slope[:-1])
    kinks = np.abs(np.diff(slope)) > 0.05
    assert kinks.sum() == 2 and np.abs(rise - middle)[~kinks].max() < 1e-3
    assert np.abs(np.diff(loss)).max() < 1e-3  # nothing jumps
    assert train(scene).losses[-1] == pytest.approx(loss.min(), rel=1e-6)


def test_dragging_sets_the_throw():
    params, inputs = friction(0.3), SCENE.inputs()
    for handle, to in (("goal", (0.3, 0.4)), ("box", (0.2, 0.5)), ("throw", (0.4, 0.1))):
        _, inputs = picture(SCENE).drag(handle, to, params, inputs)
        assert picture(SCENE).handles(params, inputs)[handle] == pytest.approx(to)


@pytest.mark.parametrize(
    ("setting", "says"),
    [("h=0", "h is positive"), ("e=1.5", "e is 0 to 1; it was 1.5"), ("half=0.1,0", "half holds")],
)
def test_settings_that_make_no_sense_are_refused(setting: str, says: str):
    with pytest.raises(SceneError, match=says):
        configure(BoxFriction, [setting])
