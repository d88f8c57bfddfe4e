"""MJCF as MuJoCo compiles it: field by field against the references; and the robots of other packages."""

import re
from typing import Any

import numpy as np
import pytest
from robots_kit import NAMES, body_inertia, gymnasium_file, model_file, package_folder, reference, rotation

from rosesim.robots.description import Description
from rosesim.robots.files import RobotError, load


def assert_close(found: Any, expected: Any) -> None:
    """To the 15 digits that the references have."""
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def assert_same_turn(found: Any, expected: Any) -> None:
    """Quaternions up to sign."""
    np.testing.assert_allclose(np.array(found) * np.sign(np.dot(found, expected)), expected, rtol=0, atol=1e-14)


@pytest.fixture(scope="module", params=NAMES)
def both(request: pytest.FixtureRequest) -> tuple[Description, dict[str, Any]]:
    """A robot as read, and as compiled."""
    return load(model_file(request.param)), reference(request.param)["compiled"]


def test_bodies_stand_where_the_reference_has_them(both: tuple[Description, dict[str, Any]]):
    robot, compiled = both
    assert len(robot.bodies) == len(compiled["bodies"])
    for body, expected in zip(robot.bodies, compiled["bodies"], strict=True):
        assert (body.name, body.parent) == (expected["name"] or "", expected["parent"])
        assert_close(body.pos, expected["pos"])
        assert_same_turn(body.quat, expected["quat"])


def test_mass_and_inertia_are_the_references(both: tuple[Description, dict[str, Any]]):
    robot, compiled = both
    found = [body_inertia(robot, i) for i in range(len(robot.bodies))]
    total = robot.options.total_mass
    scale = total / sum(m for m, _, _ in found) if total else 1.0
    for (mass, com, inertia), expected in zip(found[1:], compiled["bodies"][1:], strict=True):
        assert_close(mass * scale, expected["mass"])
        assert_close(com, expected["inertial_pos"])
        r = rotation(expected["inertial_quat"])
        np.testing.assert_allclose(
            inertia * scale, r @ np.diag(expected["principal_inertia"]) @ r.T, rtol=1e-11, atol=1e-13
        )


def test_joints_are_the_references(both: tuple[Description, dict[str, Any]]):
    robot, compiled = both
    start: list[float] = []
    spring: list[float] = []
    for joint, expected in zip(robot.joints, compiled["joints"], strict=True):
        assert (joint.name, joint.kind, joint.body) == (expected["name"] or "", expected["type"], expected["body"])
        assert_close(joint.pos, expected["pos"])
        assert_close(joint.axis, expected["axis"])
        assert (joint.range is not None) == expected["limited"]
        if joint.range:
            assert_close(joint.range, expected["range"])
        assert (joint.stiffness, joint.margin) == (expected["stiffness"], expected["margin"])
        assert_close(joint.soft_limit.solref, expected["solref"])
        assert_close(joint.soft_limit.solimp, expected["solimp"])
        quat = (1.0, 0.0, 0.0, 0.0)
        body = robot.bodies[joint.body]
        own = {"free": (*body.pos, *body.quat), "ball": quat}.get(joint.kind)
        start += own or (joint.ref,)
        spring += own or (joint.springref,)
    assert_close(start, compiled["qpos0"])
    assert_close(spring, compiled["qpos_spring"])
    for name, field in (("damping", "damping"), ("armature", "armature"), ("frictionloss", "frictionloss")):
        found = [getattr(j, field) for j in robot.joints for _ in range(j.nv)]
        assert_close(found, compiled[f"dof_{name}"])


def test_geoms_are_the_references(both: tuple[Description, dict[str, Any]]):
    robot, compiled = both
    for geom, expected in zip(robot.geoms, compiled["geoms"], strict=True):
        assert (geom.name, geom.kind, geom.body) == (expected["name"] or "", expected["type"], expected["body"])
        assert_close((*geom.size, 0.0, 0.0)[:3], expected["size"])
        assert_close(geom.pos, expected["pos"])
        assert_same_turn(geom.quat, expected["quat"])
        for name in ("contype", "conaffinity", "condim", "margin"):
            assert getattr(geom, name) == expected[name]
        for name in ("friction", "solref", "solimp"):
            assert_close(getattr(geom, name), expected[name])


def test_actuators_are_the_references(both: tuple[Description, dict[str, Any]]):
    robot, compiled = both
    for actuator, expected in zip(robot.actuators, compiled["actuators"], strict=True):
        assert actuator.name == (expected["name"] or "")
        assert (actuator.on, actuator.target) == ("joint", expected["target"][0])
        for name in ("gear", "gain", "bias"):
            assert_close(getattr(actuator, name), expected[name])
        for ours, limited, bounds in (
            (actuator.ctrl_range, "ctrl_limited", "ctrlrange"),
            (actuator.force_range, "force_limited", "forcerange"),
        ):
            assert (ours is not None) == expected[limited]
            assert ours is None or list(ours) == expected[bounds]


def test_options_are_the_references(both: tuple[Description, dict[str, Any]]):
    robot, compiled = both
    assert (robot.options.timestep, list(robot.options.gravity)) == (compiled["timestep"], compiled["gravity"])
    assert robot.options.integrator == ("euler", "rk4")[compiled["integrator"]]
    assert compiled["nq"] == sum(j.nq for j in robot.joints) and compiled["nv"] == sum(j.nv for j in robot.joints)


@pytest.mark.parametrize(
    "name",
    "ant half_cheetah hopper humanoid humanoidstandup inverted_double_pendulum inverted_pendulum point pusher"
    " pusher_v5 reacher swimmer walker2d walker2d_v5".split(),
)
def test_every_robot_of_gymnasium_is_read_whole(name: str):
    robot = load(gymnasium_file(f"{name}.xml"))
    assert robot.joints and robot.actuators
    assert all(i.harmless for i in robot.ignored)


@pytest.mark.parametrize(
    "name",
    "ant half_cheetah hopper humanoid humanoidstandup inverted_double_pendulum inverted_pendulum pusher reacher"
    " swimmer walker2d".split(),
)
def test_every_robot_of_brax_is_read_whole(name: str):
    robot = load(package_folder("brax", "envs/assets") / f"{name}.xml")
    assert robot.joints and robot.actuators
    assert all(i.harmless for i in robot.ignored)


SUITE: dict[str, tuple[tuple[str, ...], str]] = {
    # The robots of dm_control that are not read whole: what to leave out, and what the first refusal says.
    "dog": (("option noslip_iterations", "mesh"), "<option noslip_iterations>"),
    "quadruped": (("geom hfield",), '<geom type="hfield"> of "terrain"'),
}


@pytest.mark.parametrize(
    "name",
    "acrobot ball_in_cup cartpole cheetah dog finger fish hopper humanoid humanoid_CMU manipulator pendulum"
    " point_mass quadruped reacher stacker swimmer walker".split(),
)
def test_every_robot_of_dm_control_is_read_or_refused_by_name(name: str):
    file = package_folder("dm_control", "suite") / f"{name}.xml"
    ignore, sentence = SUITE.get(name, ((), ""))
    if ignore:
        with pytest.raises(RobotError, match=re.escape(sentence)):
            load(file)
    robot = load(file, ignore)
    assert robot.joints
    assert {i.what for i in robot.ignored if not i.harmless} == set(ignore)
