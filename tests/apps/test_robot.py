"""The scene of robots from files: tasks, refusals, and its gradient against differences."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import kept

from rosesim.scenes import Canvas, SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.canvas import Line
from rosesim.scenes.picture import picture
from rosesim.scenes.space import Space
from rosesim.train import train

pytestmark = pytest.mark.usefixtures("unoptimised")

Robot: Any = find_scene("robot")


def test_training_makes_the_runner_run():
    scene, inputs = configure(Robot, ["steps=60", "contact=compliant"])
    run = train(scene, inputs=inputs, iterations=40, seed=0)
    assert run.best_loss < -0.8  # metres a second, from almost rest
    course = rollout(scene, params=run.best_params, inputs=inputs)
    x = np.asarray(course.stacked.q)[:, 0]
    assert x[-1] - x[0] > 0.4


@pytest.mark.parametrize(
    "settings",
    kept(
        [["task=balance"], ["task=reach", "model=arm"], ["controller=beat"], ["task=balance", "controller=beat"]],
        ["task=reach", "model=arm"],
        ["task=balance", "controller=beat"],
    ),
)
def test_the_gradient_of_each_task(settings: list[str]):
    scene, inputs = configure(Robot, ["steps=12", "contact=compliant", *settings])
    params = scene.params(np.random.default_rng(3))
    loss, gradient = compiled(scene).value_and_grad(params, inputs)
    assert np.isfinite(loss)
    name = "weights" if "controller=beat" in settings else "weights1"
    weights = np.asarray(getattr(params, name))
    direction = np.random.default_rng(4).normal(size=weights.shape)
    h = 1e-5
    ends = [
        compiled(scene).value_and_grad(replace(params, **{name: weights + s * h * direction}), inputs)[0]
        for s in (1.0, -1.0)
    ]
    slope = (ends[0] - ends[1]) / (2 * h)
    assert np.sum(np.asarray(getattr(gradient, name)) * direction) == pytest.approx(slope, rel=1e-5, abs=1e-9)


@pytest.fixture
def swung(tmp_path: Path) -> Path:
    """A recording of the arm that springs and dampers of other gains than the scene's first ones drew to a curve."""
    scene, inputs = configure(Robot, ["model=arm", "controller=pd", "steps=40", "contact=none", "task=balance"])
    gains = replace(scene.params(np.random.default_rng(0)), stiffness=np.array([3.0, 1.5, 2.5]))
    tilted = replace(inputs, start=np.array([0.3, -0.4, 0.5]))
    rows = rollout(scene, params=gains, inputs=tilted).stacked
    file = tmp_path / "swung.csv"
    robot: Any = scene
    time = robot.model.model.timestep * np.arange(41)
    head = "time,q0,q1,q2,v0,v1,v2"
    np.savetxt(file, np.column_stack([time, rows.q, rows.v]), delimiter=",", header=head, comments="")
    return file


def test_a_robot_follows_a_recording_from_its_first_row(swung: Path):
    settings = ["model=arm", "controller=pd", "steps=40", "contact=none", "task=follow", f"recording={swung}"]
    scene, inputs = configure(Robot, [*settings, "effort=0"])
    table = np.loadtxt(swung, delimiter=",", skiprows=1)
    assert np.allclose(inputs.start, table[0, 1:4]) and np.allclose(inputs.speed, table[0, 4:])
    params = scene.params(np.random.default_rng(0))
    course = rollout(scene, params=params, inputs=inputs)
    off = np.sum((np.asarray(course.stacked.q) - table[:, 1:4]) ** 2, axis=1)
    both = compiled(scene).value_and_grad
    loss, gradient = both(params, inputs)
    assert loss == pytest.approx(off.sum() / 40, rel=1e-12)
    for name in ("stiffness", "damping"):
        along = np.array([1.0, -2.0, 0.5]) * 1e-5
        ends = [replace(params, **{name: getattr(params, name) + s * along}) for s in (1.0, -1.0)]
        slope = np.subtract(*(both(p, inputs)[0] for p in ends)) / 2.0
        assert np.sum(np.asarray(getattr(gradient, name)) * along) == pytest.approx(slope, rel=1e-5)
    run = train(scene, inputs=inputs, iterations=60, seed=0, learning_rate=0.1)
    assert run.best_loss < 0.3 * loss


def test_a_recording_that_does_not_fit_is_refused(swung: Path, tmp_path: Path):
    with pytest.raises((SceneError, ValueError), match="nothing to follow; expected recording=FILE"):
        configure(Robot, ["task=follow"])
    with pytest.raises(SceneError, match=r"'nowhere\.csv' is no file; expected the path of a motion, \.csv"):
        configure(Robot, ["recording=nowhere.csv"])
    with pytest.raises((SceneError, ValueError), match="3 positions in a row; expected 9"):
        configure(Robot, [f"recording={swung}"])
    (tmp_path / "back.csv").write_text("time,q0,q1,q2\n0,0,0,0\n0,1,1,1\n")
    with pytest.raises((SceneError, ValueError), match="do not grow; expected them in s, in order"):
        configure(Robot, ["model=arm", f"recording={tmp_path / 'back.csv'}"])


def test_the_shapes_in_space_are_where_the_file_draws_them():
    scene, inputs = configure(Robot, ["task=reach", "model=arm", "steps=1"])
    params = scene.params(np.random.default_rng(0))
    canvas = Canvas(scene.extent)
    picture(scene).draw(canvas, rollout(scene, params=params, inputs=inputs)[0], params, inputs)
    (space,) = canvas.primitives
    assert isinstance(space, Space)
    upper, lower, hand, goal = space.bodies
    assert [(b.kind, b.centre[2], *b.size) for b in (upper, lower, hand)] == [
        ("capsule", pytest.approx(0.55), 0.05, 0.05, pytest.approx(0.25)),
        ("capsule", pytest.approx(1.0), 0.04, 0.04, pytest.approx(0.2)),
        ("capsule", pytest.approx(1.3), 0.03, 0.03, pytest.approx(0.1)),
    ]
    assert goal.centre == (0.5, 0.0, 0.9)
    # The ring around the goal is where the picture has it.
    ring = picture(scene).handles(params, inputs)["goal"]
    assert ring == pytest.approx(space.camera.seen(goal.centre, scene.extent))


def test_a_goal_that_is_dragged_in_space_comes_to_the_pointer():
    scene, inputs = configure(Robot, ["task=reach", "model=arm"])
    params, drawn = scene.params(np.random.default_rng(0)), picture(scene)
    moved = drawn.drag("goal", (0.3, 1.1), params, inputs)
    assert drawn.handles(*moved)["goal"] == pytest.approx((0.3, 1.1))


def test_a_dragged_goal_is_the_goal():
    scene, inputs = configure(Robot, ["task=reach", "model=arm", "view=side"])
    params = scene.params(np.random.default_rng(0))
    _, moved = scene.drag("goal", np.array([0.1, 0.2]), params, inputs)
    assert moved.goal.tolist() == [0.1, 0.2] and list(scene.handles(params, inputs)) == ["goal"]


def test_what_cannot_be_a_robot_is_refused(tmp_path: Path):
    with pytest.raises(SceneError, match="neither a robot of ours"):
        configure(Robot, ["model=nobody"])
    file = tmp_path / "still.xml"
    file.write_text("<mujoco><worldbody><body><joint/><geom size='1'/></body></worldbody></mujoco>")
    with pytest.raises((SceneError, ValueError), match="no actuators"):
        configure(Robot, [f"model={file}"])
    file.write_text("<mujoco><worldbody><body><joint dampning='1'/><geom size='1'/></body></worldbody></mujoco>")
    with pytest.raises(SceneError, match=r'still\.xml:1: .*"damping"'):
        configure(Robot, [f"model={file}"])


def test_the_picture_shows_the_shapes_where_they_are():
    """The arm stands upright at first: its capsules are lines from joint to joint, as wide as they are thick."""
    scene, inputs = configure(Robot, ["task=reach", "model=arm", "steps=1", "view=side"])
    params = scene.params(np.random.default_rng(0))
    drawn = picture(scene)
    assert drawn.refusals == {}
    canvas = Canvas(scene.extent)
    drawn.draw(canvas, rollout(scene, params=params, inputs=inputs)[0], params, inputs)
    lines = [p for p in canvas.singles if isinstance(p, Line)]
    found = [(*(round(float(y), 9) for _, y in p.points), round(p.width, 9)) for p in lines]
    assert [(min(a, b), max(a, b), w) for a, b, w in found] == [(0.3, 0.8, 0.1), (0.8, 1.2, 0.08), (1.2, 1.4, 0.06)]
    assert all(abs(x) < 1e-12 for p in lines for x, _ in p.points)


def test_each_run_has_a_ground_and_a_push_of_its_own():
    scene, inputs = configure(Robot, ["ridges=3", "roughness=0.2", "jostle=0.1"])
    rng = np.random.default_rng(0)
    drawn = [d for _ in range(200) if (d := scene.sample(inputs, rng)) is not None]
    heights = np.array([d.heights for d in drawn])
    assert heights.shape == (200, 3) and heights.min() >= 0.0 and 0.19 < heights.max() <= 0.2
    assert np.std([d.speed for d in drawn]) == pytest.approx(0.1, rel=0.1)
    by_hand = replace(inputs, heights=np.zeros(3), speed=inputs.speed + 1.0)
    assert scene.sample(by_hand, rng) is None
    assert Robot(jostle=0.0).sample(Robot().inputs(), rng) is None


def test_a_runner_is_stopped_by_a_wall_of_a_ridge():
    """It walks into it in the picture, too: the ridge is drawn as high as it is."""
    ends: list[float] = []
    for height in (0.0, 1.0):
        scene, inputs = configure(Robot, ["ridges=1", f"roughness={height}", "steps=60", "contact=compliant"])
        inputs = replace(inputs, speed=np.array([8.0, *[0.0] * 8]))
        course = rollout(scene, inputs=inputs)
        ends.append(float(np.asarray(course.stacked.q)[-1, 0]))
    assert ends[1] < ends[0] - 0.5


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (["ridges=-1"], "ridges is 0 or more"),
        (["roughness=-0.1"], "roughness is 0 or more"),
        (["jostle=-1"], "jostle is 0 or more"),
        (["ridges=2", "contact=none"], "ridges are nothing without contact"),
        (["ridges=2", "model=arm", "task=reach"], "has no ground for ridges"),
    ],
)
def test_ground_that_is_none(setting: list[str], words: str):
    with pytest.raises(SceneError, match=words):
        configure(Robot, setting)
