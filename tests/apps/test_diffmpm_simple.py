"""The thrown square: the reference values and descent, the time as a derivative, and walls that let slide."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim.scenes import SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.check import check_gradient
from rosesim.scenes.picture import picture
from rosesim.train import train

# By its entry point, as the command line finds it.
DiffMPMSimple: Any = find_scene("diffmpm_simple")
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "diffmpm_simple.json").read_text())
RELATIVE = 1e-9
DESCENT = 1e-6  # what 31 updates of rate 10 make of the rounding of each


def scene_of(*assignments: str) -> Any:
    return configure(DiffMPMSimple, assignments)[0]


def throw(scene: Any, u: float, v: float) -> Any:
    return type(scene.params(np.random.default_rng(0)))(np.array([u, v]))


# ------------------------------------------------------------------------------- the reference


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['steps']}-{c['v0'][0]}")
def test_loss_and_gradient_are_those_of_the_reference(case: dict[str, Any]):
    scene = scene_of(f"n={case['grid']}", f"side={case['side']}", f"steps={case['steps']}")
    loss, gradient = compiled(scene).value_and_grad(throw(scene, *case["v0"]), scene.inputs())
    assert loss == pytest.approx(case["loss"], rel=RELATIVE)
    assert gradient.velocity == pytest.approx(np.array(case["grad"]), rel=RELATIVE)


def test_the_published_descent():
    wanted = REFERENCE["descent"]
    settings = [f"n={wanted['grid']}", f"side={wanted['side']}", f"steps={wanted['steps']}"]
    scene, inputs = configure(DiffMPMSimple, [*settings, f"learning_rate={wanted['learning_rate']}"])
    run = train(scene, inputs=inputs, iterations=31)
    for iteration, loss in wanted["loss_at"]:
        assert run.losses[iteration] == pytest.approx(loss, rel=DESCENT)
    assert run.params.velocity == pytest.approx(np.array(wanted["v0_after_31_updates"]), rel=DESCENT)


# --------------------------------------------------------------------------------- the physics


@pytest.mark.parametrize("velocity", [(0.0, 0.0), (0.7, 1.3)])
def test_before_a_contact_the_derivative_is_the_time(velocity: tuple[float, float]):
    scene = scene_of("n=48", "side=24", "steps=200")
    params, inputs = throw(scene, *velocity), scene.inputs()
    last = np.asarray(rollout(scene, params)[-1].position).mean(axis=0)
    t, k = scene.h * 200, np.arange(1, 201)
    fallen = scene.square().mean(axis=0) + t * np.array(velocity) - [0.0, scene.gravity * scene.h**2 * k.sum()]
    assert last == pytest.approx(fallen, abs=1e-9)  # nodes lose 1e-10 of their velocity a step
    gradient = compiled(scene).value_and_grad(params, inputs)[1].velocity
    assert gradient == pytest.approx(t * (last - inputs.goal), rel=1e-7)


def test_walls_take_the_velocity_into_them_and_leave_the_other():
    """A square that slides along the floor without gravity pressing it keeps its speed."""
    scene = scene_of("n=48", "side=24", "steps=300", "gravity=0")
    states = rollout(scene, throw(scene, 0.5, -3.0)).stacked
    mean = np.asarray(states.velocity).mean(axis=1)
    assert mean[-1, 1] > -2.0  # the floor has been felt
    assert mean[:, 0] == pytest.approx(0.5 * np.ones(301), abs=1e-7)  # nodes lose 1e-10 of it a step


# --------------------------------------------------------------------------------- the scene


def test_the_gradient_check_passes():
    assert check_gradient(scene_of("n=48", "side=24", "steps=255")).passed


def test_the_goal_and_the_throw_are_dragged():
    scene = scene_of("n=48", "side=24", "steps=5")
    params, inputs = scene.params(np.random.default_rng(0)), scene.inputs()
    for handle in ("goal", "throw"):
        params, inputs = picture(scene).drag(handle, (0.4, 0.7), params, inputs)
        assert picture(scene).handles(params, inputs)[handle] == pytest.approx((0.4, 0.7))
    assert rollout(scene, params, inputs)[0].velocity[7] == pytest.approx(params.velocity)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["side=0"], "side is 1 or more particles and at most n; it was 0, n 120"),
        (["n=12", "side=4"], "n is 18 or more, because walls are 3 nodes thick; it was 12"),
        (["E=-1"], "h and E are positive; they were 0.0003 and -1.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: list[str], says: str):
    with pytest.raises(SceneError, match=says):
        scene_of(*settings)
