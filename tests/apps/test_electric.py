"""Electric: reference values, and what charges must do whatever the program."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim import fn, scan
from rosesim.scenes import Canvas, SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.canvas import Circle
from rosesim.scenes.check import check_gradient
from rosesim.scenes.kit import Network
from rosesim.scenes.picture import picture
from rosesim.train import make_optimizer

Electric: Any = find_scene("electric")

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "electric.json").read_text(encoding="utf-8"))
TOLERANCE = 1e-10  # electric.md states it; the original agrees to 1e-15
DESCENT = 1e-6  # rounding grows along a thousand updates
ELECTRODES = np.array(
    [(0.1, 0.1), (0.1, 0.9), (0.9, 0.9), (0.9, 0.1), (0.5, 0.9), (0.5, 0.1), (0.1, 0.5), (0.9, 0.5)]
)


def net(weights1: Any, bias1: Any, weights2: Any, bias2: Any) -> Any:
    """Of weights in the reference's layout: inputs x hidden, hidden x outputs; ours are transposed."""
    return Network(weights1.T.copy(), bias1, weights2.T.copy(), bias2)


def deterministic(seed: float) -> Any:
    i, j = np.mgrid[:8, :64]
    k, e = np.mgrid[:64, :8]
    return net(
        0.15 * np.sin(seed + 7 * i + 3 * j), np.zeros(64), 0.15 * np.sin(seed + 1 + 5 * k + 11 * e), np.zeros(8)
    )


def constant(strengths: Any) -> Any:
    """Weights that ignore what they see and give these strengths."""
    return net(np.zeros((8, 64)), np.zeros(64), np.zeros((64, 8)), np.arctanh(strengths))


def along(scene: Any, points: Any) -> Any:
    return replace(scene.inputs(), points=np.array(points))


def of_case(case: dict[str, Any]) -> tuple[Any, Any]:
    scene = Electric(steps=(len(case["points"]) - 1) * case["segment"] - 1, segment=case["segment"])
    return scene, along(scene, case["points"])


# ------------------------------------------------------------------------------- the reference


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['segment']}-{c['seed']:g}")
def test_loss_and_gradient_are_those_of_the_reference(case: dict[str, Any]):
    scene, inputs = of_case(case)
    loss, gradient = compiled(scene).value_and_grad(deterministic(case["seed"]), inputs)
    assert loss == pytest.approx(case["loss"], rel=TOLERANCE)
    for name, norm in case["grad_norm"].items():
        assert np.linalg.norm(getattr(gradient, name)) == pytest.approx(norm, rel=TOLERANCE)
    some = case["grad_some"]
    assert gradient.weights1[:5, 0] == pytest.approx(some["weights1_0_0_to_4"], rel=TOLERANCE)
    assert gradient.weights2[:5, 0] == pytest.approx(some["weights2_0_0_to_4"], rel=TOLERANCE)
    assert gradient.bias1[:5] == pytest.approx(some["bias1_0_to_4"], rel=TOLERANCE)
    assert gradient.bias2[:5] == pytest.approx(some["bias2_0_to_4"], rel=TOLERANCE)


def test_the_original_with_its_controller_set_one_state_back_agrees():
    wanted = REFERENCE["original"]
    scene, inputs = of_case(REFERENCE["cases"][0])
    loss, gradient = compiled(scene).value_and_grad(deterministic(1.0), inputs)
    assert loss == pytest.approx(wanted["loss"], rel=1e-14)
    for name, norm in wanted["grad_norm"].items():
        assert np.linalg.norm(getattr(gradient, name)) == pytest.approx(norm, rel=1e-13)


def test_descent_is_that_of_the_reference():
    wanted = REFERENCE["descent"]
    case = REFERENCE["cases"][wanted["case"]]
    scene, inputs = of_case(case)
    program, flat = compiled(scene), compiled(scene).flat
    x, optimizer = flat.flatten(deterministic(case["seed"])), make_optimizer("gd", wanted["learning_rate"])
    state, expected = optimizer.start(x), dict(wanted["loss_at"])
    for k in range(max(expected) + 1):
        loss, gradient = program.value_and_grad(flat.unflatten(x), inputs)
        if k in expected:
            assert loss == pytest.approx(expected[k], rel=DESCENT), f"iteration {k}"
        x, state = optimizer.step(x, flat.flatten(gradient), state)


# --------------------------------------------------------------------------------- the physics


def test_without_charge_on_the_electrodes_the_charge_stands_still():
    scene = Electric(steps=99, segment=50)
    inputs = along(scene, [(0.2, 0.3), (0.6, 0.3), (0.6, 0.8)])
    states = rollout(scene, constant(np.zeros(8)), inputs).stacked
    assert (np.asarray(states.position) == (0.2, 0.3)).all()
    k = np.arange(50) / 50  # parts of a segment
    first, second = 0.16 * k**2, 0.16 + 0.25 * k**2
    loss = compiled(scene).value(constant(np.zeros(8)), inputs)
    assert loss == pytest.approx(scene.h * (first.sum() + second.sum()), rel=1e-12)


def test_without_force_the_velocity_fades_exponentially():
    scene, speed, steps = Electric(damping=0.7, h=0.05), np.array([0.3, -0.2]), 40
    state = replace(rollout(scene)[0], velocity=speed)

    @fn
    def coast(state: type(state), params: Network, inputs: type(scene.inputs())):  # pyright: ignore[reportInvalidTypeForm] -- a class found by its scene's name
        return scan(lambda s, t: scene.step(s, t, params, inputs), state, steps)

    last = coast(state, constant(np.zeros(8)), scene.inputs())
    keep = math.exp(-0.7 * 0.05)
    assert last.velocity == pytest.approx(speed * keep**steps, rel=1e-12)
    way = 0.05 * speed * keep * (1 - keep**steps) / (1 - keep)
    assert last.position == pytest.approx(np.asarray(state.position) + way, rel=1e-12)


@pytest.mark.parametrize(("q", "electrode"), [(0.9, 6), (-0.9, 0)])
def test_energy_in_the_field_of_one_electrode_is_kept_to_first_order_in_the_time_step(q: float, electrode: int):
    """v^2/2 + k q / |r|, outside of the softening radius: half the time step, half the largest error."""
    strengths, errors = np.zeros(8), list[float]()
    strengths[electrode] = q
    for h, steps in ((0.04, 180), (0.02, 360), (0.01, 720)):
        scene = Electric(steps=steps, segment=steps + 1, h=h, damping=0.0, strength=0.01)
        states = rollout(scene, constant(strengths), along(scene, [(0.6, 0.7), (0.5, 0.5)])).stacked
        distance = np.linalg.norm(np.asarray(states.position) - ELECTRODES[electrode], axis=1)
        motion = (np.asarray(states.velocity) ** 2).sum(axis=1) / 2
        assert distance.min() > scene.softening
        assert motion.max() > 0.1 * scene.strength * abs(q) / distance[0]  # it has moved, and far
        energy = motion + scene.strength * q / distance
        errors.append(float(np.abs(energy - energy[0]).max()))
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.1)


def test_in_the_centre_of_equal_electrodes_there_is_no_force():
    assert Electric().force([0.5, 0.5], np.full(8, 0.7)) == pytest.approx([0, 0], abs=1e-17)


def test_the_force_is_coulombs_outside_of_the_softening_radius_and_linear_inside():
    scene, direction = Electric(), np.array([0.6, 0.8])
    strengths = np.zeros(8)
    strengths[0] = -0.5
    for distance in (0.1, 0.2, 0.5):
        force = scene.force(ELECTRODES[0] + distance * direction, strengths)
        assert force == pytest.approx(-0.5e-3 / distance**2 * direction, rel=1e-12)  # attracts
    for distance in (0.0, 0.03, 0.09):
        force = scene.force(ELECTRODES[0] + distance * direction, strengths)
        assert force == pytest.approx(-0.5 * distance * direction, rel=1e-12, abs=1e-18)


@pytest.mark.parametrize("mirror", [[[1, 0], [0, -1]], [[-1, 0], [0, 1]], [[0, 1], [1, 0]]], ids=["y", "x", "x=y"])
def test_a_mirrored_path_and_mirrored_weights_give_the_mirrored_motion(mirror: list[list[int]]):
    """Each electrode gets what its mirror image got, and each input comes from its mirror image.

    One input is the goal's velocity less 1/2, which no mirror maps to itself: the bias takes the difference.
    """
    m = np.array(mirror)
    centre = np.array([0.5, 0.5])
    image = [int(np.argmin(((ELECTRODES - p) ** 2).sum(axis=1))) for p in (ELECTRODES - centre) @ m + centre]
    scene, few = Electric(strength=4e-3), deterministic(3.0)
    params = replace(few, weights1=3 * few.weights1, weights2=3 * few.weights2)
    inputs = along(scene, [(0.3, 0.45), (0.7, 0.25), (0.6, 0.7)])
    w1 = np.asarray(params.weights1) @ np.kron(np.eye(4, dtype=int), m)
    shift = np.asarray(params.weights1)[:, 6:] @ (m @ centre - centre)
    there = Network(w1, np.asarray(params.bias1) + shift, np.asarray(params.weights2)[image], params.bias2)
    a = np.asarray(rollout(scene, params, inputs).stacked.position)
    b = np.asarray(rollout(scene, there, along(scene, (inputs.points - centre) @ m + centre)).stacked.position)
    assert np.ptp(a, axis=0).min() > 0.05
    assert b == pytest.approx((a - centre) @ m + centre, abs=1e-12)


def test_the_goal_passes_the_corners_at_multiples_of_the_segment():
    scene = Electric(steps=191, segment=64)
    goal = np.asarray(rollout(scene).stacked.goal)
    assert scene.inputs().points.shape == (4, 2)
    for k, corner in enumerate(scene.inputs().points[:3]):
        assert goal[64 * k] == pytest.approx(corner)
    assert goal[32] == pytest.approx((goal[0] + goal[64]) / 2)


# ---------------------------------------------------------------------------------- the scene


@pytest.mark.usefixtures("unoptimised")
def test_the_gradient_is_right():
    found = check_gradient(Electric(steps=60, segment=40, hidden=8))
    assert found.passed and set(found.verdicts.values()) == {"right"}


@pytest.mark.parametrize("bad", ["h=0", "softening=0", "damping=-1", "segment=0", "hidden=0", "steps=0"])
def test_settings_that_make_no_sense_are_refused(bad: str):
    with pytest.raises(SceneError, match=bad.partition("=")[0]):
        configure(Electric, [bad])


def test_corners_can_be_dragged():
    scene = Electric()
    params = deterministic(1.0)
    _, after = picture(scene).drag("corner 0", (0.6, 0.6), params, scene.inputs())
    assert picture(scene).handles(params, after)["corner 0"] == (0.6, 0.6)
    assert np.array_equal(rollout(scene, params, after)[0].position, (0.6, 0.6))
    assert np.array_equal(after.points[1:], scene.inputs().points[1:])
    _, after = picture(scene).drag("corner 2", (0.1, 0.2), params, scene.inputs())
    assert picture(scene).handles(params, after)["corner 2"] == (0.1, 0.2)
    assert np.array_equal(after.points[:2], scene.inputs().points[:2])


def test_electrodes_are_as_large_as_they_are_strong():
    scene, canvas = Electric(steps=3), Canvas(Electric.extent)
    strengths = np.array([0.5, -0.5, 0, 0, 0, 0, 0, 0.9])
    picture(scene).draw(canvas, rollout(scene, constant(strengths))[2], constant(strengths), scene.inputs())
    discs = {p.centre: (p.radius, p.role) for p in canvas.singles if isinstance(p, Circle) and not p.width}
    first, second, third = (discs[tuple(p)] for p in ELECTRODES[:3])
    assert first[0] == pytest.approx(1.5 * third[0]) and second[0] == pytest.approx(0.5 * third[0])
    assert (first[1], second[1], third[1]) == ("positive", "negative", "neutral")
