"""The soft robot: the reference values, the method's conservation laws, the material, and memory."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim import Real, Vec, fn, memory_budget
from rosesim.scenes import SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.check import check_gradient
from rosesim.scenes.kit import Beat, Carried, spline_weights, to_grid
from rosesim.train import train

# By its entry point, as the command line finds it.
DiffMPM: Any = find_scene("diffmpm")
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "diffmpm.json").read_text())
RELATIVE = 1e-9  # what the reference is good for: two programs agree on it to 1e-14

full = pytest.mark.full
pytestmark = pytest.mark.usefixtures("unoptimised")


def scene_of(*assignments: str) -> Any:
    return configure(DiffMPM, assignments)[0]


def deterministic(seed: float, size: float) -> Beat:
    """The weights that the reference values are for."""
    k, j = np.mgrid[:4, :4]
    weights: Any = size * np.sin(seed + 7 * k + 3 * j)
    bias: Any = size * np.sin(seed + 1 + 5 * np.arange(4))
    return Beat(weights, bias)


# ------------------------------------------------------------------------------- the reference


def of_reference(case: dict[str, Any]) -> tuple[Any, Beat]:
    ground, *friction = case["ground"].split()
    settings = [f"n={case['grid']}", f"steps={case['steps']}", f"ground={ground}"]
    return scene_of(*settings, *(f"friction={f}" for f in friction)), deterministic(case["seed"], case["size"])


def usual(case: dict[str, Any]) -> bool:
    """One case of each ground: the others are larger, and longer."""
    return (case["grid"], case["steps"], case["ground"]) in ((32, 200, "sticky"), (64, 255, "friction 0.5"))


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=[] if usual(c) else [full]) for c in REFERENCE["cases"]],
    ids=lambda c: f"{c['grid']}-{c['steps']}-{c['ground'].replace(' ', '')}",
)
def test_loss_and_gradient_are_those_of_the_reference(case: dict[str, Any]):
    scene, params = of_reference(case)
    assert len(scene.body()[0]) == case["particles"]
    loss, gradient = compiled(scene).value_and_grad(params, scene.inputs())
    # At 32 nodes the body reaches the left wall's nodes before anything moves sideways: rounding alone decides
    # which of them move into it and stop. Moving the robot by 1e-15 changes the gradient by 1e-8.
    relative = 2e-8 if case["grid"] == 32 else RELATIVE
    assert loss == pytest.approx(case["loss"], rel=RELATIVE)
    for name, norm in case["grad_norm"].items():
        assert np.linalg.norm(getattr(gradient, name)) == pytest.approx(norm, rel=relative)
    some, scale = case["grad_some"], relative * case["grad_norm"]["weights"]
    assert gradient.weights[0] == pytest.approx(some["weights_0_0_to_3"], rel=relative, abs=scale)
    assert gradient.weights[3] == pytest.approx(some["weights_3_0_to_3"], rel=relative, abs=scale)
    assert gradient.bias == pytest.approx(some["bias"], rel=relative, abs=scale)


def test_sines_half_a_period_apart_have_opposite_gradients():
    """Two of the published four waves say what the other two say."""
    scene = scene_of("n=32", "steps=150")
    gradient = compiled(scene).value_and_grad(deterministic(3.0, 0.5), scene.inputs())[1].weights
    assert np.abs(gradient).max() > 1e-6
    assert gradient[:, :2] == pytest.approx(-gradient[:, 2:], rel=1e-9)


# ------------------------------------------------------------------------------------ the grid


def random_particles(d: int, k: int, n: int) -> list[Any]:
    rng = np.random.default_rng(5)
    return [rng.uniform(2 / n, 1 - 3 / n, (k, d)), rng.normal(size=(k, d)), rng.normal(size=(k, d, d))]


@pytest.mark.parametrize("d", [2, 3])
def test_the_grid_has_the_mass_and_the_momentum_of_the_particles(d: int):
    k, n = 7, 12

    @fn
    def spread(x: Vec[Vec[Real, d], k], q: Vec[Vec[Real, d], k], a: Vec[Vec[Vec[Real, d], d], k]):
        return to_grid(Carried(x, 3.0, q, a), n=n)

    x, q, a = random_particles(d, k, n)
    grid = np.asarray(spread(x, q, a)).reshape(-1, 1 + d)
    assert grid[:, 0].sum() == pytest.approx(3.0 * k, rel=1e-14)
    assert grid[:, 1:].sum(axis=0) == pytest.approx(q.sum(axis=0), rel=1e-12)
    # Each node's place weighed by its mass: quadratic splines reproduce places too.
    nodes = np.stack(np.meshgrid(*[np.arange(n) / n] * d, indexing="ij"), axis=-1).reshape(-1, d)
    assert grid[:, 0] @ nodes == pytest.approx(3.0 * x.sum(axis=0), rel=1e-12)


@pytest.mark.parametrize("phi", [0.5, 0.8, 1.0, 1.37, 1.5])
def test_spline_weights_sum_to_one_and_have_their_moments(phi: float):
    @fn
    def weights(phi: Real):
        return spline_weights(phi)

    w, i = np.asarray(weights(phi)), np.arange(3)
    assert (w >= 0).all()
    assert w.sum() == pytest.approx(1, abs=1e-15)
    assert w @ (i - phi) == pytest.approx(0, abs=1e-15)
    assert w @ (i - phi) ** 2 == pytest.approx(0.25, abs=1e-15)  # why C has the factor 4 n^2


# --------------------------------------------------------------------------------- the material


def stress(f: Any, pull: float = 0.0) -> np.ndarray:
    scene = scene_of()

    @fn
    def of(f: Vec[Vec[Real, 2], 2], pull: Real):
        return scene.stress(f, pull)

    return np.asarray(of(np.asarray(f), pull))


def turned(angle: float) -> np.ndarray:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


@pytest.mark.parametrize("angle", [0.0, 0.3, 2.0, -3.0])
def test_a_rigid_rotation_has_no_stress(angle: float):
    assert stress(turned(angle)) == pytest.approx(np.zeros((2, 2)), abs=1e-13)


@pytest.mark.parametrize("s", [0.7, 0.99, 1.2])
def test_uniform_compression_has_the_pressure_of_the_closed_form(s: float):
    """Of mu (F - R) F^T and lambda (J - 1) J, whichever way the body is turned."""
    wanted = 2 * 10 * (s - 1) * s + 10 * (s**2 - 1) * s**2
    assert stress(s * turned(0.7)) == pytest.approx(wanted * np.eye(2), abs=1e-13)


def test_a_muscle_pulls_along_the_bodys_own_y():
    r = turned(0.4)
    along = r @ [0.0, 1.0]
    assert stress(r, pull=3.0) == pytest.approx(3.0 * np.outer(along, along), abs=1e-13)


# --------------------------------------------------------------------------------- the physics


def test_in_free_flight_the_centre_of_mass_falls_by_the_discrete_parabola():
    """Whatever the muscles do: inner stress moves no centre of mass, so the loss has no gradient. It falls upwards,
    where there is room."""
    scene = scene_of("n=64", "steps=60", "gravity=-60")
    params = deterministic(2.0, 3.0)
    states = np.asarray(rollout(scene, params).stacked.particles.position)
    centre, k = states.mean(axis=1), np.arange(61)
    assert np.ptp(states[-1] - states[0], axis=0).max() > 1e-3  # it has been deformed
    # A node's velocity is momentum / (mass + 1e-10): each step it loses about 1e-10 of it.
    fallen = scene.gravity * scene.h**2 * k * (k + 1) / 2
    assert centre[:, 1] == pytest.approx(centre[0, 1] - fallen, abs=1e-9)
    assert centre[:, 0] == pytest.approx(centre[0, 0] * np.ones(61), abs=1e-10)
    loss, gradient = compiled(scene).value_and_grad(params, scene.inputs())
    assert loss == pytest.approx(-0.25, abs=1e-10)
    assert np.abs(gradient.weights).max() < 1e-9  # 1e-3 and more once it has landed


def test_a_body_at_rest_stays_put():
    scene = scene_of("n=32", "steps=200", "gravity=0")
    states = rollout(scene, deterministic(0.0, 0.0)).stacked.particles
    assert np.abs(np.asarray(states.position) - np.asarray(states.position)[0]).max() < 1e-13
    assert np.abs(np.asarray(states.velocity)).max() < 1e-12


def test_the_ground_carries_the_robot():
    """It falls onto it and does not go through, and leans to neither side while no muscle pulls."""
    scene = scene_of("n=64", "steps=600")
    last = np.asarray(rollout(scene, deterministic(0.0, 0.0))[-1].particles.position)
    assert last[:, 1].min() > 2 / 64
    assert last[:, 0].mean() == pytest.approx(0.25, abs=1e-9)


def test_without_friction_nothing_pushes_sideways():
    """A ground without friction, as the sides are far, leaves the centre of mass where it is."""
    params = deterministic(1.0, 0.5)
    smooth, rough = (
        rollout(scene_of("n=64", "steps=300", "ground=friction", f"friction={f}"), params)[-1] for f in (0.0, 0.5)
    )
    assert np.asarray(smooth.particles.position)[:, 0].mean() == pytest.approx(0.25, abs=1e-9)
    assert abs(np.asarray(rough.particles.position)[:, 0].mean() - 0.25) > 1e-4


# --------------------------------------------------------------------------------- the scene


@pytest.mark.optimised  # hundreds of rollouts
@pytest.mark.parametrize("ground", [pytest.param("sticky", marks=full), "friction"])
def test_the_gradient_check_passes(ground: str):
    found = check_gradient(scene_of("n=64", "steps=70", "gravity=38", f"ground={ground}"))  # it has landed
    assert found.passed, found


def test_a_robot_that_has_not_landed_is_explained():
    scene = scene_of("n=64", "steps=30")
    params, inputs = deterministic(1.0, 0.5), scene.inputs()
    assert "has not reached the ground" in scene.why_no_gradient(rollout(scene, params), params, inputs)
    landed = replace(scene, steps=200)
    assert landed.why_no_gradient(rollout(landed, params), params, inputs) is None


def test_training_makes_the_robot_crawl():
    scene, inputs = configure(DiffMPM, ["n=32", "steps=700", "learning_rate=3"])
    run = train(scene, inputs=inputs, iterations=12)
    assert run.best_loss < run.losses[0] - 0.02


def test_a_small_memory_budget_gives_the_same_gradient():
    """A share of the carries as 64 MiB are of the 292 MB at full size."""
    scene, params = scene_of("n=32", "steps=200"), deterministic(1.0, 0.5)
    loss, gradient = compiled(scene).value_and_grad(params, scene.inputs())
    with memory_budget(64 * 2**20 * 200 * 156 // (1023 * 2976)):
        small = compiled(scene)
        again, thrifty = small.value_and_grad(params, scene.inputs())
    assert small is not compiled(scene)
    assert again == pytest.approx(loss, rel=1e-12)
    assert thrifty.weights == pytest.approx(gradient.weights, rel=1e-7, abs=1e-12)


@full
def test_the_whole_size_trains_in_64_mebibytes():
    scene, params = of_reference(REFERENCE["cases"][-1])
    with memory_budget(64 * 2**20):
        loss, gradient = compiled(scene).value_and_grad(params, scene.inputs())
    wanted = REFERENCE["cases"][-1]
    assert loss == pytest.approx(wanted["loss"], rel=RELATIVE)
    assert np.linalg.norm(gradient.weights) == pytest.approx(wanted["grad_norm"]["weights"], rel=RELATIVE)


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("n=12", "n is 20 or more and 6 times wall or more; they were 3 and 12"),
        ("h=0", "h and E are positive and friction is not negative; they were 0.0, 10.0, 0.5"),
        ("sines=0", "sines is the number of waves, 1 or more; it was 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(assignment: str, says: str):
    with pytest.raises(SceneError, match=says):
        scene_of(assignment)
