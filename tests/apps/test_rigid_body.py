"""Rigid-body robots: the reference values, the laws of mechanics, the ground, robots from files."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import kept

from rosesim import value_and_grad
from rosesim.optimise.rules import make_optimizer
from rosesim.scenes import SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.check import check_gradient
from rosesim.scenes.kit import Network, RigidBodies, box_inertia
from rosesim.scenes.picture import picture
from rosesim.train import train

pytestmark = pytest.mark.usefixtures("unoptimised")

# By its entry point, as the command line finds it.
RigidBodyRobot: Any = find_scene("rigid_body")
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "rigid_body.json").read_text())
RELATIVE = 1e-9  # as the reference file says: the original in double precision agrees to 1e-11


def scene_of(*assignments: str) -> Any:
    return configure(RigidBodyRobot, assignments)[0]


def deterministic(scene: Any, seed: float) -> Any:
    """The weights that the reference values are for."""
    hidden, springs = scene.hidden, len(scene.robot.springs)
    inputs = scene.sines + 6 * len(scene.robot.boxes) + 2
    i, j = np.mgrid[:hidden, :inputs]
    weights1: Any = np.sin(seed + 7 * i + 3 * j) * np.sqrt(2 / (hidden + inputs)) * 0.5
    i, j = np.mgrid[:springs, :hidden]
    weights2: Any = np.sin(seed + 1 + 5 * i + 11 * j) * np.sqrt(2 / (hidden + springs))
    biases: list[Any] = [np.zeros(hidden), np.zeros(springs)]
    return Network(weights1, biases[0], weights2, biases[1])


# ------------------------------------------------------------------------------- the reference


def named(case: dict[str, Any]) -> str:
    return f"{case['robot']}-{case['steps']}-{case['seed']:g}-{case['penalty']:g}"


@pytest.mark.parametrize(
    "case",
    # B has no part that A has not; L has joints.
    [
        pytest.param(c, marks=[] if c["steps"] == 256 and c["robot"] != "B" else [pytest.mark.full])
        for c in REFERENCE["cases"]
    ],
    ids=named,
)
def test_loss_and_gradient_are_those_of_the_reference(case: dict[str, Any]):
    scene = scene_of(f"robot={case['robot']}", f"steps={case['steps']}", f"p={case['penalty']}")
    loss, gradient = compiled(scene).value_and_grad(deterministic(scene, case["seed"]), scene.inputs())
    assert loss == pytest.approx(case["loss"], rel=RELATIVE)
    for name, norm in case["grad_norm"].items():
        assert np.linalg.norm(getattr(gradient, name)) == pytest.approx(norm, rel=RELATIVE)
    some = case["grad_some"]
    scale = RELATIVE * max(case["grad_norm"].values())
    assert gradient.weights1[0, :5] == pytest.approx(some["weights1_0_0_to_4"], rel=RELATIVE, abs=scale)
    assert gradient.weights2[0, :5] == pytest.approx(some["weights2_0_0_to_4"], rel=RELATIVE, abs=scale)
    assert gradient.bias1[:5] == pytest.approx(some["bias1_0_to_4"], rel=RELATIVE, abs=scale)


def test_the_published_robots_are_those_of_the_reference():
    for name, data in REFERENCE["robots"].items():
        robot = scene_of(f"robot={name}").robot
        assert [list(b) for b in robot.boxes] == data["boxes"] and robot.head == data["head"]
        assert [list(s) for s in robot.springs] == data["springs"]


# --------------------------------------------------------------------------------- the physics

FREE = "gravity=0", "ground=-1000"


def box(x: float, y: float, angle: float = 0.0, half: tuple[float, float] = (0.05, 0.03)) -> list[float]:
    return [x, y, *half, angle]


def robot_text(boxes: list[list[float]], springs: list[list[float]]) -> str:
    return "robot=" + json.dumps({"boxes": boxes, "springs": springs, "head": 0})


SLACK = [0, 1, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
"""A spring without stiffness: a robot has one at least."""
FAR = box(50.0, 50.0)


def single(x: float, y: float, angle: float = 0.0, **half: Any) -> str:
    """A box alone; a second one is far away, for a robot's spring to end at."""
    return robot_text([box(x, y, angle, **half), FAR], [SLACK])


def momenta(scene: Any, stacked: RigidBodies) -> tuple[np.ndarray, np.ndarray]:
    """Total momentum (times, 2) and angular momentum about the origin (times,)."""
    mass, moment = box_inertia(scene.robot.half)
    x, v, spin = (np.asarray(a) for a in (stacked.position, stacked.velocity, stacked.spin))
    linear = np.einsum("i,tic->tc", mass, v)
    around = np.einsum("i,ti->t", mass, x[..., 0] * v[..., 1] - x[..., 1] * v[..., 0]) + spin @ moment
    return linear, around


@pytest.mark.parametrize("robot", kept("ABL", "L"))
def test_springs_and_joints_add_no_momentum(robot: str):
    scene = scene_of(f"robot={robot}", "steps=300", *FREE)
    states = rollout(scene, deterministic(scene, 2.0)).stacked
    linear, _ = momenta(scene, states)
    assert np.abs(np.asarray(states.velocity)).max() > 0.1  # muscles at work
    assert np.abs(linear).max() < 1e-14


def test_a_joint_without_gap_and_a_central_pull_add_no_angular_momentum():
    """One step: impulses are opposite and act at one point, or along the line between the points."""
    joint, spring = [0, 1, 0.05, 0.0, -0.05, 0.0, -1, 100.0, 0.0], [0, 1, 0.0, 0.03, 0.0, 0.03, 0.07, 20.0, 0.0]
    boxes = [box(0.3, 0.5), box(0.4, 0.5)]
    scene = scene_of(robot_text(boxes, [joint, spring]), "steps=2", "damping=0", *FREE)
    # What a joint gives acts on velocities that differ: the spring of step one makes them so.
    states = rollout(scene, deterministic(scene, 1.0)).stacked
    _, around = momenta(scene, states)
    assert np.abs(np.asarray(states.spin)[-1]).max() > 1e-3
    # x changes with the new velocities after the impulse, which turns nothing: x × p changes by h v × m v = 0.
    assert np.abs(around[1]) < 1e-15
    assert np.abs(around[2]) < 1e-9  # the joint's gap is of the order of h² by then


def test_a_joint_stops_its_points_from_parting():
    """The stop takes relative velocity away; a tenth in |u| + 0.1 leaves a little."""
    joint = [0, 1, 0.05, 0.0, -0.05, 0.0, -1, 200.0, 0.0]
    scene = scene_of(robot_text([box(0.3, 0.5), box(0.4, 0.5)], [joint]), "steps=400", "damping=0", "ground=-1000")
    state = rollout(scene, deterministic(scene, 1.0))[-1]
    x, a = np.asarray(state.position), np.asarray(state.angle)
    ends = x + 0.05 * np.stack([np.cos(a), np.sin(a)], -1) * np.array([[1], [-1]])
    assert x[0, 1] < 0.0 and np.abs(ends[0] - ends[1]).max() < 1e-12  # they fall as one


def test_a_box_falls_by_the_closed_form_of_a_damped_fall():
    scene = scene_of(single(0.3, 0.5), "steps=300", "ground=-1000")
    keep, h = math.exp(-scene.h * scene.damping), scene.h
    speed = h * scene.gravity * (1 - keep ** np.arange(1, 301)) / (1 - keep)
    states = rollout(scene, deterministic(scene, 1.0)).stacked
    assert np.asarray(states.position)[1:, 0, 1] == pytest.approx(0.5 + h * np.cumsum(speed), abs=1e-13)
    assert not np.asarray(states.spin).any()


@pytest.mark.parametrize("mu", kept([0.0, 0.3, 5.0], 0.3, 5.0))
def test_a_corner_that_lands_is_stopped_and_the_friction_is_coulombs(mu: float):
    """u_y = 0 right after, to first order in h; |T| is at most mu N, and less only where the corner sticks."""
    left_over = []
    for h in (1e-3, 5e-4):
        scene = scene_of(single(0.3, 0.2, 0.5), "damping=0", "p=0", f"mu={mu}", f"h={h}", f"steps={round(0.25 / h)}")
        states = rollout(scene, deterministic(scene, 1.0)).stacked
        spin = np.asarray(states.spin)[:, 0]
        k = int(np.flatnonzero(spin)[0])  # the state after the first contact
        dv = np.asarray(states.velocity)[k, 0] - np.asarray(states.velocity)[k - 1, 0] - [0.0, h * scene.gravity]
        corners = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]]) * scene.robot.half[0]
        c, s = math.cos(0.5), math.sin(0.5)
        arm = min((np.array([c * a - s * b, s * a + c * b]) for a, b in corners), key=lambda r: r[1])
        if mu == 0:
            u_y = np.asarray(states.velocity)[k, 0, 1] + spin[k] * arm[0]
            assert np.asarray(states.velocity)[k - 1, 0, 1] < -0.3
            left_over.append(abs(u_y))
        assert dv[1] > 0 and dv[0] == pytest.approx(0.0, abs=1e-15)  # it falls straight: nothing to rub
    if left_over:
        assert left_over[0] < 0.02 and left_over[1] < 0.6 * left_over[0]


def test_the_ground_carries_the_weight_of_a_box_at_rest():
    """What gravity gives in a second, the ground takes: measured by what the velocity lacks."""
    scene = scene_of(single(0.3, 0.13), "steps=3000")
    states = rollout(scene, deterministic(scene, 1.0)).stacked
    y, v = np.asarray(states.position)[:, 0, 1], np.asarray(states.velocity)[:, 0, 1]
    keep, weight = math.exp(-scene.h * scene.damping), scene.h * scene.gravity
    kicks = v[1:] - keep * v[:-1] - weight
    assert kicks[2000:].mean() == pytest.approx(-weight, rel=1e-3)
    assert abs(y[-1] - 0.13) < 0.002
    sinking = rollout(replace(scene, p=0.0), deterministic(scene, 1.0)).stacked
    assert np.asarray(sinking.position)[-1, 0, 1] < y[-1]


@pytest.mark.parametrize("e", [0.0, 1.0])
def test_with_the_exact_contact_a_box_rests_and_bounces_as_mechanics_says(e: float):
    """Dropped flat by 0.05: at rest on the ground, to rounding, or back at its height, to what a step falls."""
    scene = scene_of(single(0.3, 0.18, half=(0.05, 0.03)), "contact=exact", "damping=0", f"e={e}", "steps=2000")
    states = rollout(scene, deterministic(scene, 1.0)).stacked
    y = np.asarray(states.position)[:, 0, 1]
    assert y.min() >= 0.13 - 1e-12
    if e == 0:
        assert y[500:] == pytest.approx(0.13, abs=1e-12)
    else:
        assert y[1000:].max() == pytest.approx(0.18, abs=0.003)


def mirrored(data: dict[str, Any]) -> dict[str, Any]:
    """About x = 0: places, angles and the points of springs."""
    boxes = [[-x, y, a, b, -angle] for x, y, a, b, angle in data["boxes"]]
    springs = [[i, j, -px, py, -qx, qy, *rest] for i, j, px, py, qx, qy, *rest in data["springs"]]
    return {"boxes": boxes, "springs": springs, "head": data["head"]}


@pytest.mark.parametrize("robot", kept("ABL", "L"))
def test_a_mirrored_robot_with_mirrored_weights_has_the_mirrored_gait(robot: str):
    scene = scene_of(f"robot={robot}", "steps=250")
    net, inputs = deterministic(scene, 5.0), scene.inputs()
    signs = np.concatenate([np.ones(scene.sines), np.tile([-1, 1, -1, 1, -1, -1], len(scene.robot.boxes)), [-1, 1]])
    other = scene_of("robot=" + json.dumps(mirrored(REFERENCE["robots"][robot])), "steps=250")
    there: Any = replace(other.inputs(), goal=np.asarray(inputs.goal) * [-1, 1])
    reflected: Any = replace(net, weights1=np.asarray(net.weights1) * signs)
    a, b = rollout(scene, net, inputs)[-1], rollout(other, reflected, there)[-1]
    assert np.abs(np.asarray(a.position) - np.asarray(inputs.start)[:, :2]).max() > 0.005
    assert np.asarray(b.position) == pytest.approx(
        np.asarray(a.position) * [-1, 1], abs=1e-9
    )  # it amplifies rounding
    assert np.asarray(b.angle) == pytest.approx(-np.asarray(a.angle), abs=1e-9)


@pytest.mark.parametrize("time_of_impact", [True, False])
def test_only_with_the_time_of_impact_is_the_derivative_by_the_height_right(time_of_impact: bool):
    """A square falls flat by d, bounces, and rises for a while: DiffTaichi's point, in closed form.

    Its two lower corners give 2 (1 + e) / (1 + a² m / I) = 1.6 of what comes (oddity of the four corners), so it
    leaves with 0.6 of its speed. With t = √(2 d / g), the last height is 0.6 g t (T - t) - g (T - t)² / 2 above
    where it bounced, whose derivative by d is (1.6 (T - t) - 0.6 t) / t. Where velocities turn in the step of the
    contact whatever its moment, it seems to be 1: all heights move with the first one. The time of impact makes
    it -0.6; the rest of it, 1.6 (T - t) / t, is what gravity changes within a step, so T is little more than t.
    """
    d, g, h = 0.25, 9.8, 1e-4
    t = math.sqrt(2 * d / g)
    steps = round(1.05 * t / h)
    settings = f"steps={steps}", f"h={h}", "e=1", "damping=0", "p=0", f"time_of_impact={time_of_impact}"
    scene = scene_of(single(0.3, 0.15 + d, half=(0.05, 0.05)), *settings)
    net = deterministic(scene, 1.0)
    below: Any = replace(scene.inputs(), goal=np.array([0.3, -10.0]))  # the loss is the last height, and 10
    program = compiled(scene)
    loss, gradient = value_and_grad(program.loss, wrt=1).compile(net, below)(net, below)
    left, right = steps * h - t, (1.6 * (steps * h - t) - 0.6 * t) / t
    assert loss - 10 == pytest.approx(0.15 + 0.6 * g * t * left - g * left**2 / 2, abs=2e-3)
    start = np.asarray(below.start)
    up = np.array([[0, 0.01, 0], [0, 0, 0]])  # hundreds of steps' fall: the saw of single steps is seen as its mean
    far = [program.value(net, replace(below, start=start + s * up)) for s in (-1, 1)]
    assert (far[1] - far[0]) / 0.02 == pytest.approx(right, abs=0.05)
    assert gradient.start[0, 1] == pytest.approx(-0.6 if time_of_impact else 1.0, abs=1e-9)
    assert abs(right + 0.6) < 0.1


# --------------------------------------------------------------------------------- the scene


@pytest.mark.optimised  # the programs that users get, against differences
@pytest.mark.parametrize(
    "settings",
    [
        ["robot=A", "steps=60"],
        pytest.param(["robot=A", "steps=200"], marks=pytest.mark.full),
        pytest.param(["robot=B", "steps=300"], marks=pytest.mark.full),
        pytest.param(["robot=L", "steps=300"], marks=pytest.mark.full),
    ],
)
def test_the_gradient_check_passes(settings: list[str]):
    found = check_gradient(scene_of(*settings))
    assert found.passed, found


def test_training_brings_the_walker_nearer():
    scene = scene_of("robot=L", "steps=512")
    run = train(scene, iterations=8)
    assert run.best_loss < run.losses[0] - 0.01


def test_the_published_step_is_the_gradient_but_no_longer_than_the_rate():
    rule = make_optimizer("bounded", 0.2)
    x = np.array([1.0, -2.0])
    for gradient in (np.array([0.03, 0.04]), np.array([30.0, -40.0])):
        wanted = x - min(1.0, 0.2 / (np.linalg.norm(gradient) + 1e-4)) * gradient
        assert rule.step(x, gradient, rule.start(x))[0] == pytest.approx(wanted, rel=1e-15)


def test_dragging_moves_the_goal_or_the_whole_robot():
    scene = scene_of("robot=B", "steps=10")
    params, inputs = scene.params(np.random.default_rng(0)), scene.inputs()
    _, moved = picture(scene).drag("robot", (0.5, 0.6), params, inputs)
    assert picture(scene).handles(params, moved)["robot"] == pytest.approx((0.5, 0.6))
    assert np.diff(moved.start, axis=0) == pytest.approx(np.diff(inputs.start, axis=0))
    _, there = picture(scene).drag("goal", (0.2, 0.3), params, inputs)
    assert picture(scene).handles(params, there)["goal"] == pytest.approx((0.2, 0.3))


@pytest.mark.parametrize(
    ("setting", "says"),
    [("h=0", "h is positive; it was 0"), ("e=2", "e is 0 to 1"), ("mu=-1", "mu and p are 0 or more"),
     ("p=-1", "mu and p are 0 or more"), ("hidden=0", "hidden is 1 or more"), ("steps=0", "steps is the number")],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(setting: str, says: str):
    with pytest.raises(SceneError, match=says):
        scene_of(setting)


# ---------------------------------------------------------------------------- robots from files

TWO = {
    "boxes": [[0.3, 0.3, 0.05, 0.03, 0.0], [0.3, 0.2, 0.02, 0.04, 0.1]],
    "springs": [[0, 1, 0.0, 0.0, 0.0, 0.0, 0.1, 20, 0.05], [0, 1, 0.01, 0.0, 0.0, 0.01, -1, 20, 0.0]],
    "head": 1,
}


def test_a_robot_is_read_from_a_file_and_its_scene_does_not_depend_on_it(tmp_path: Path):
    file = tmp_path / "two.json"
    file.write_text(json.dumps(TWO))
    scene = scene_of(f"robot={file}", "steps=40")
    assert [list(b) for b in scene.robot.boxes] == TWO["boxes"]
    assert [list(s) for s in scene.robot.springs] == TWO["springs"] and scene.robot.head == 1
    assert check_gradient(scene).passed
    file.unlink()
    assert scene_of(f"robot={scene.robot}", "steps=40") == scene  # its text is all of it
    assert str(scene_of("robot=L").robot) == "L"


def changed(**entries: Any) -> dict[str, Any]:
    """The robot with boxes_1 or springs_0 and such replaced."""
    made = json.loads(json.dumps(TWO))
    for name, v in entries.items():
        key, _, k = name.partition("_")
        if k:
            made[key][int(k)] = v
        else:
            made[key] = v
    return made


OFF = [0.0, 0.0, 0.0, 0.0]
MALFORMED = {
    "box out of range": (
        changed(springs_1=[1, 2, *OFF, 0.1, 3, 0]),
        "springs[1] names box 2; there are boxes 0 to 1",
    ),
    "half a box": (changed(springs_1=[1, 0.5, *OFF, 0.1, 3, 0]), "springs[1] names box 0.5"),
    "one box": (changed(springs_0=[1, 1, *OFF, 0.1, 3, 0]), "springs[0] joins box 1 to itself"),
    "no size": (changed(boxes_1=[0.2, 0.2, 0.0, 0.1, 0]), "boxes[1] has the half sides 0 and 0.1; expected positive"),
    "no rest length": (
        changed(springs_0=[1, 0, *OFF, 0, 3, 0]),
        "springs[0] has the rest length 0; expected a posit",
    ),
    "negative stiffness": (changed(springs_0=[1, 0, *OFF, 0.1, -3, 0]), "springs[0] has the stiffness -3; expected"),
    "too strong": (changed(springs_0=[1, 0, *OFF, 0.1, 3, 1]), "springs[0] has the actuation 1; expected 0 or more"),
    "too few numbers": (changed(boxes_0=[0.2, 0.2]), "boxes[0] is [0.2, 0.2]; expected [x, y, half width, half"),
    "not a number": (changed(boxes_0=[math.nan, 0.1, 0.1, 0.1, 0]), "boxes[0] holds NaN; expected finite numbers"),
    "no head": (changed(head=5), "head names box 5; there are boxes 0 to 1"),
    "a head of words": (changed(head="big"), 'head names box "big"; expected an integer'),
    "no springs": (changed(springs=[]), "has 2 boxes and 0 springs; expected at least one of each"),
    "no boxes": ({"springs": []}, "it has no list of boxes"),
    "no object": ([1, 2], "it has no list of boxes"),
}


@pytest.mark.parametrize("mistake", MALFORMED)
def test_a_malformed_robot_is_refused_with_the_entry_named(mistake: str, tmp_path: Path):
    data, says = MALFORMED[mistake]
    file = tmp_path / "robot.json"
    file.write_text(json.dumps(data))
    with pytest.raises(SceneError) as e:
        scene_of(f"robot={file}")
    assert says in str(e.value) and str(file) in str(e.value) and "\n" not in str(e.value)


def test_a_name_that_is_no_robot_is_refused():
    with pytest.raises(SceneError, match="a robot is one of A, B, L or a JSON file of boxes and springs; 'C' is"):
        scene_of("robot=C")
