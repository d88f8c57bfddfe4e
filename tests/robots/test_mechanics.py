"""Kinematics, dynamics and integrators against MuJoCo's numbers; `ROSESIM_ALL_ROBOTS=1` takes every robot."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from robots_kit import NAMES, TRIED, controls, model, off, reference
from rows import crossed, kept

from rosesim import fn, grad, jacobian, scan
from rosesim.robots import dynamics, kinematics
from rosesim.robots.mechanism import Mechanism
from rosesim.robots.parameters import Parameters

pytestmark = pytest.mark.usefixtures("unoptimised")

STATES = 1e-10
"""Relative to the largest entry, as the references say."""


@pytest.mark.parametrize("name", NAMES)
def test_the_mechanics_on_plain_numbers(name: str):
    """All that is written for traced values computes with floats too: every robot, without compiling."""
    m = Mechanism(model(name).description, Parameters({}, {}))
    for state in reference(name)["states"]:
        q, v = state["qpos"], state["qvel"]
        f = kinematics.frames(m, q)
        inertias = dynamics.spatial_inertias(m, f)
        low = dynamics.mass_matrix(m, f, inertias)
        found = [[low.get((max(i, j), min(i, j)), 0.0) for j in range(m.nv)] for i in range(m.nv)]
        gx, gy, gz = m.robot.options.gravity
        gravity = gx, gy, gz
        assert off(found, state["mass_matrix"]) < STATES
        assert off(dynamics.newton_euler(m, f, inertias, v, gravity=gravity), state["bias"]) < STATES
        still = [0.0] * m.nv
        assert off(dynamics.newton_euler(m, f, inertias, still, gravity=gravity), state["gravity_bias"]) < STATES
        places, quats = kinematics.poses(m, q)
        assert off(places, state["xpos"]) < STATES
        signs = np.sign(np.sum(np.array(quats) * state["xquat"], axis=1))
        assert off(np.array(quats) * signs[:, None], state["xquat"]) < STATES


@pytest.mark.parametrize("name", TRIED)
def test_states(name: str):
    robot = model(name)
    for state in reference(name)["states"]:
        q, v = state["qpos"], state["qvel"]
        assert off(robot.positions(q)[0], state["xpos"]) < STATES
        assert off(robot.mass_matrix(q), state["mass_matrix"]) < STATES
        assert off(robot.bias(q, v), state["bias"]) < STATES
        assert off(robot.acceleration(q, v, state["ctrl"], contact="none"), state["qacc"]) < STATES
        assert off(robot.inverse(q, v, state["inverse"]["qacc"]), state["inverse"]["force"]) < STATES
        kinetic, potential = robot.energy(q, v)
        assert off([kinetic, potential], [state["kinetic"], state["potential"]]) < STATES


@pytest.mark.parametrize("name", ["arm7", "pendulum"])
def test_sensors(name: str):
    robot = model(name)
    for state in reference(name)["states"]:
        found = robot.sensors(state["qpos"], state["qvel"], state["ctrl"], contact="none")
        assert off(found, state["sensors"]) < STATES
        assert off(robot.site_positions(state["qpos"])[0], state["site_xpos"]) < STATES


@pytest.mark.parametrize(
    ("name", "integrator"),
    crossed(["freebox", "gymnasium_swimmer", "balltree", "arm7"], ["euler", "implicitfast", "implicit", "rk4"], 1),
)
def test_trajectories(name: str, integrator: str):
    data, robot = reference(name), model(name)
    [course] = [t for t in data["trajectories"] if t["integrator"] == integrator]
    step = robot.function("step", contact="none", integrator=integrator)
    rows = [r for r in course["rows"] if r["step"] <= 200]
    u = controls(data, rows[-1]["step"], robot.nu)
    q, v, t = np.array(course["qpos"]), np.array(course["qvel"]), 0
    for row in rows:
        for now in range(t, row["step"]):
            q, v = step(q, v, u[now])
        t = row["step"]
        assert np.abs(q - row["qpos"]).max() < row["tolerance"]
        assert np.abs(v - row["qvel"]).max() < row["tolerance"] * max(1.0, np.abs(row["qvel"]).max())


@cache
def rolled(name: str) -> tuple[Any, Any]:
    """The gradient of a reference's rollout, by start, controls and all its parameters."""
    data, robot = reference(name)["rollout_gradient"], model(name)
    steps, body, goal = data["steps"], data["body"], np.array(data["goal"])
    start, speed = np.array(data["qpos"]), np.array(data["qvel"])
    words = ("mass", "damping", "armature", "gear", "pos")
    chosen = {k: x for k, x in robot.parameters().items() if k.split()[-1] in words and not k.startswith("geom")}

    @fn
    def loss(d: Any, v: Any, u: Any, given: Any) -> Any:
        def step(s: Any, t: Any) -> Any:
            return robot.step(s[0], s[1], u[t], contact="none", integrator="euler", parameters=given)

        q, v = scan(step, (robot.moved(start, d), v), steps)
        places, _ = robot.positions(q, parameters=given)
        off = places[body] - goal
        return 0.5 * (off @ off) + 0.0005 * (v @ v)

    u = controls(reference(name), steps, robot.nu)
    return grad(loss)(np.zeros(robot.nv), speed, u, chosen), chosen


@pytest.mark.parametrize("name", kept(["arm7", "gymnasium_half_cheetah"], "arm7"))
def test_the_gradient_of_a_hundred_steps(name: str):
    """By start, speed, controls, masses, lengths, damping, armature and gears, against differences of MuJoCo."""
    data, robot = reference(name)["rollout_gradient"], model(name).description
    (by_q, by_v, by_u, by_given), chosen = rolled(name)
    found = {
        "by_qpos": by_q,
        "by_qvel": by_v,
        "by_ctrl": by_u,
        "by_mass_scale": [by_given[f"body {b.name} mass"] * chosen[f"body {b.name} mass"] for b in robot.bodies[1:]],
        "by_body_pos_scale": [
            by_given[f"body {b.name} pos"] @ chosen[f"body {b.name} pos"] for b in robot.bodies[1:]
        ],
        "by_damping": [by_given[f"joint {j.name} damping"] for j in robot.joints],
        "by_armature": [by_given[f"joint {j.name} armature"] for j in robot.joints],
        "by_gear_scale": [
            by_given[f"actuator {a.name or f'#{k}'} gear"] @ chosen[f"actuator {a.name or f'#{k}'} gear"]
            for k, a in enumerate(robot.actuators)
        ],
    }
    for key, value in found.items():
        expected = np.array(data[key]["value"])
        allowed = max(10.0 * data[key]["estimated_error"], 1e-8 * np.abs(expected).max())
        assert np.abs(value - expected).max() < allowed, key


@pytest.mark.parametrize(
    "name", kept(["arm7", "balltree"], "balltree")
)  # of an arm, a hundred steps have theirs above
def test_derivatives_of_the_acceleration(name: str):
    robot = model(name)

    @fn
    def moved(d: Any, v: Any, u: Any, q: Any) -> Any:
        return robot.acceleration(robot.moved(q, d), v, u, contact="none")

    derivatives = jacobian(moved, wrt=(0, 1, 2))
    for given in reference(name)["derivatives"]:
        q, v, u = (np.array(given[k]) for k in ("qpos", "qvel", "ctrl"))
        found = derivatives(np.zeros(robot.nv), v, u, q)
        for key, value in zip(("qacc_by_q", "qacc_by_v", "qacc_by_ctrl"), found, strict=True):
            expected = np.array(given[key])
            error = given["estimated_error"][key.removeprefix("qacc_")]
            assert np.abs(value - expected).max() < max(10.0 * error, 1e-8 * np.abs(expected).max()), key
