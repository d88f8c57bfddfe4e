"""The soft robot in three dimensions: the reference values, its material, the water, and what ends a run."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim import Real, Vec, fn, memory_budget
from rosesim.scenes import SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.check import check_gradient
from rosesim.scenes.kit import Beat, neo_hookean
from rosesim.scenes.picture import picture
from rosesim.scenes.space import Space
from rosesim.train import train

pytestmark = pytest.mark.usefixtures("unoptimised")

# By its entry point, as the command line finds it.
DiffMPM3D: Any = find_scene("diffmpm3d")
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "diffmpm3d.json").read_text())
RELATIVE = 1e-9
WATER = ("liquid=true", "start=lattice")


def scene_of(*assignments: str) -> Any:
    return configure(DiffMPM3D, assignments)[0]


def deterministic(seed: float, size: float) -> Beat:
    """The weights that the reference values are for."""
    k, j = np.mgrid[:16, :4]
    weights: Any = size * np.sin(seed + 7 * k + 3 * j)
    bias: Any = size * np.sin(seed + 1 + 5 * np.arange(16))
    return Beat(weights, bias)


# ------------------------------------------------------------------------------- the reference


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=pytest.mark.full) for c in REFERENCE["cases"]],  # ten seconds each
    ids=lambda c: f"{c['steps']}-{'water' if c['water'] else 'air'}",
)
def test_loss_and_gradient_are_those_of_the_reference(case: dict[str, Any]):
    settings = [f"n={case['grid']}", f"steps={case['steps']}", f"block={case['block']}"]
    scene = scene_of(*settings, *(WATER if case["water"] else ()))
    assert len(scene.body()[0]) + (len(scene.pool()) if case["water"] else 0) == case["particles"]
    loss, gradient = compiled(scene).value_and_grad(deterministic(case["seed"], case["size"]), scene.inputs())
    assert loss == pytest.approx(case["loss"], rel=RELATIVE)
    for name, norm in case["grad_norm"].items():
        assert np.linalg.norm(getattr(gradient, name)) == pytest.approx(norm, rel=RELATIVE)
    some, scale = case["grad_some"], RELATIVE * case["grad_norm"]["weights"]
    assert gradient.weights[0] == pytest.approx(some["weights_0_0_to_3"], rel=RELATIVE, abs=scale)
    assert gradient.bias[:5] == pytest.approx(some["bias_0_to_4"], rel=RELATIVE, abs=scale)


# --------------------------------------------------------------------------------- the physics


def stress(f: Any) -> np.ndarray:
    @fn
    def of(f: Vec[Vec[Real, 3], 3]):
        return neo_hookean(f, 10.0, 10.0)

    return np.asarray(of(np.asarray(f)))


def test_a_rotation_has_no_stress_and_compression_that_of_the_closed_form():
    q, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    q *= np.sign(np.linalg.det(q))
    assert stress(q) == pytest.approx(np.zeros((3, 3)), abs=1e-13)
    s = 0.9
    assert stress(s * q) == pytest.approx((10 * (s**2 - 1) + 10 * 3 * np.log(s)) * np.eye(3), abs=1e-13)


@pytest.mark.parametrize("more", [(), WATER], ids=["air", "water"])
def test_in_free_flight_the_centre_of_mass_falls_by_the_discrete_parabola(more: tuple[str, ...]):
    """It falls upwards, where there is room; the muscles have pulled, and the loss has no gradient."""
    scene = scene_of("n=44", "steps=15", "gravity=-200", "block=0.05", *more)  # a coarser robot is in the wall
    params, k = deterministic(1.0, 0.05), np.arange(16)
    states = rollout(scene, params).stacked
    groups = [(np.asarray(states.particles.position), 1.0)]
    if scene.liquid:
        groups.append((np.asarray(states.water.position), 4.0))
    mass = sum(m * x.shape[1] for x, m in groups)
    centre = np.sum([m * x.sum(axis=1) for x, m in groups], axis=0) / mass
    fallen = scene.gravity * scene.h**2 * k * (k + 1) / 2
    assert centre[:, 1] == pytest.approx(centre[0, 1] - fallen, abs=1e-8)  # nodes lose 1e-10 of it a step
    assert centre[:, 0] == pytest.approx(centre[0, 0] * np.ones(16), abs=1e-9)
    moved = groups[0][0][-1] - groups[0][0][0]
    assert np.ptp(moved, axis=0).max() > 1e-4


def test_the_water_keeps_only_its_volume():
    scene = scene_of("n=20", "steps=100", "block=0.05", *WATER)
    f = np.asarray(rollout(scene, deterministic(1.0, 0.3))[-1].water.deformation)
    assert np.ptp(f[:, 0, 0]) > 1e-5
    assert f == pytest.approx(f[:, :1, :1] * np.diag([1.0, 1.0, 0.0]) + np.diag([0.0, 0.0, 1.0]), abs=0)


def test_random_water_is_where_the_lattice_is():
    random, lattice = (scene_of("liquid=true", f"start={start}").pool() for start in ("random", "lattice"))
    assert random.shape == lattice.shape
    assert random.min(axis=0) == pytest.approx(lattice.min(axis=0), abs=0.01)
    assert random.max(axis=0) == pytest.approx(lattice.max(axis=0), abs=0.01)
    assert random.mean(axis=0) == pytest.approx(lattice.mean(axis=0), abs=0.002)


def test_muscles_pull_along_the_axis_that_is_said():
    """In free flight, what the muscles do to the robot's extent along each axis."""
    strong: Any = Beat(*np.split(np.zeros((16, 5)), [4], axis=1))
    strong = Beat(strong.weights, np.ones(16))
    for axis in "xyz":
        scene = scene_of("n=20", "steps=4", "block=0.05", "gravity=-200", f"axis={axis}")
        last = rollout(scene, strong)[-1].particles.deformation
        legs = np.asarray(last)[scene.body()[1] < 16].mean(axis=0)
        assert np.argmin(np.diag(legs)) == "xyz".index(axis) and np.diag(legs).min() < 1 - 1e-4


# --------------------------------------------------------------------------------- the scene


def test_the_gradient_check_passes():
    assert check_gradient(scene_of("n=20", "steps=4", "block=0.05")).passed


@pytest.mark.full
def test_the_gradient_check_passes_with_water():
    assert check_gradient(scene_of("n=20", "steps=80", *WATER)).passed


def test_a_particle_turned_inside_out_ends_the_run_with_a_clear_statement():
    scene = scene_of("n=20", "steps=60", "block=0.05", "strength=1e5")
    with pytest.raises(Exception, match="is no longer finite") as e:
        train(scene, iterations=1)
    assert re.search(
        r"first is not finite in the state after step \d+ of 60: particle \d+ is turned inside out after step \d+ "
        r"\(its volume is -.* of what it was\), and the stress needs the volume's logarithm: try weaker muscles",
        str(e.value),
    )


@pytest.mark.full  # test_diffmpm.py has it in two dimensions
def test_a_small_memory_budget_gives_the_same_gradient():
    scene, params = scene_of("n=20", "steps=12", "block=0.05"), deterministic(1.0, 0.3)
    _, gradient = compiled(scene).value_and_grad(params, scene.inputs())
    with memory_budget(2**18):
        _, thrifty = compiled(scene).value_and_grad(params, scene.inputs())
    assert thrifty.weights == pytest.approx(gradient.weights, rel=1e-7, abs=1e-12)


def test_a_picture_has_the_surface_and_the_water_with_heights_last():
    scene = scene_of("n=20", "steps=1", *WATER)
    state, params = rollout(scene)[0], scene.params(np.random.default_rng(0))
    canvas = Canvas(scene.extent)
    picture(scene).draw(canvas, state, params, scene.inputs())
    (space,) = canvas.primitives
    assert isinstance(space, Space)
    robot, water = space.clouds
    assert {robot.roles[k] for k in robot.which} == {"body", "strain+0"}
    assert robot.centres == pytest.approx(np.asarray(state.particles.position)[scene.surface()][:, [0, 2, 1]])
    assert water.centres == pytest.approx(np.asarray(state.water.position)[:, [0, 2, 1]])
    # The path is on the floor, in front of the robot's nearest particle.
    x, depth, _ = robot.centres.min(axis=0)
    before = space.camera.seen([x, depth, scene.floor], scene.extent)
    assert picture(scene).trail(state)[0][1] < before[1]


def test_the_surface_is_where_the_robot_ends():
    """Each particle has a cube of its own. Of a hidden one, all six neighbours' cubes are there."""
    scene = scene_of("n=32")
    places = scene.body()[0]
    hidden = np.setdiff1d(np.arange(len(places)), scene.surface())
    assert 0.3 * len(places) < len(hidden) < 0.7 * len(places)
    apart = np.abs(places[hidden, None] - places[None]).max(axis=2)
    for axis in range(3):
        for sign in (-1, 1):
            beyond = sign * (places[None, :, axis] - places[hidden, None, axis]) > 0.4 / (3 * scene.n)
            assert ((apart < 1.5 / (3 * scene.n)) & beyond).any(axis=1).all()


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("n=10", "n is 20 nodes or more, because walls are 3 nodes thick; it was 10"),
        ("block=0.3", "block is 0.2 or less, because three stand in a row"),
        ("h=0", "h and E are positive; they were 0.0 and 10.0"),
        ("sines=0", "sines is the number of waves, 1 or more; it was 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(assignment: str, says: str):
    with pytest.raises(SceneError, match=re.escape(says)):
        scene_of(assignment)
