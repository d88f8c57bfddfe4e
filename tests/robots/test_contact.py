"""Contact against MuJoCo's numbers: converged soft constraints, and their derivatives."""

from typing import Any

import numpy as np
import pytest
from robots_kit import controls, model, off, reference

from rosesim import Real, const, fn, hessian, jacobian, scan, stack, value_and_grad
from rosesim.robots import Compliant
from rosesim.robots.contact import rows

pytestmark = pytest.mark.usefixtures("unoptimised")

SOFT = ("planarhopper", "freebox")
"""Pyramids with limits, and an elliptic cone."""


@pytest.mark.parametrize("name", SOFT)
def test_the_acceleration_in_contact(name: str):
    robot = model(name)
    for state in reference(name)["contact_states"]:
        found = robot.acceleration(state["qpos"], state["qvel"], state["ctrl"])
        assert off(found, state["qacc"]) < 1e-9
    assert len(reference(name)["contact_states"]) > 3


@pytest.mark.parametrize("name", SOFT)
def test_a_course_through_contact(name: str):
    data, robot = reference(name), model(name)
    course = data["contact_trajectories"][0]
    step = robot.function("step", integrator=course["integrator"])
    u = controls(data, 400, robot.nu, 0.4)
    q, v, done = np.array(course["qpos"]), np.array(course["qvel"]), 0
    for row in course["rows"]:
        for now in range(done, row["step"]):
            q, v = step(q, v, u[now])
        done = row["step"]
        assert np.abs(q - row["qpos"]).max() < max(1e-8, 1e3 * row["deviation_when_start_is_moved_by_1e_12"])
    assert done == 400


def test_the_implicit_derivative_of_contact():
    """Against differences of MuJoCo's converged solve, to what they reach: by position, velocity and control."""
    robot = model("planarhopper")
    states = [s for s in reference("planarhopper")["contact_states"] if s.get("derivatives")]
    assert states

    @fn
    def moved(d: Any, v: Any, u: Any, q: Any) -> Any:
        return robot.acceleration(robot.moved(q, d), v, u)

    derivatives = jacobian(moved, wrt=(0, 1, 2))
    for state in states:
        q, v, u = (np.array(state[k]) for k in ("qpos", "qvel", "ctrl"))
        found = derivatives(np.zeros(robot.nv), v, u, q)
        given = state["derivatives"]
        for key, value in zip(("by_q", "by_v", "by_ctrl"), found, strict=True):
            expected = np.array(given[f"qacc_{key}"])
            allowed = max(10.0 * given["estimated_error"][key], 1e-8 * np.abs(expected).max())
            assert np.abs(value - expected).max() < allowed, key


def test_the_gradient_of_a_hundred_steps_through_contact():
    data, robot = reference("planarhopper"), model("planarhopper")
    given = data["contact_rollout_gradient"]
    start, steps = np.array(given["qpos"]), given["steps"]

    @fn
    def loss(v: Any, u: Any) -> Any:
        q, v = scan(lambda s, t: robot.step(s[0], s[1], u[t], integrator="euler"), (const(start), v), steps)
        return -q[0] + 0.0005 * (v @ v)

    value, (by_v, by_u) = value_and_grad(loss)(np.array(given["qvel"]), controls(data, steps, robot.nu, 0.4))
    assert value == pytest.approx(given["loss"], rel=1e-10)
    for found, key in ((by_v, "by_qvel"), (by_u[given["by_ctrl"]["steps"]], "by_ctrl")):
        expected = np.array(given[key]["value"])
        allowed = max(10.0 * given[key]["estimated_error"], 1e-8 * np.abs(expected).max())
        assert np.abs(found - expected).max() < allowed, key


@pytest.mark.parametrize("contact", ["soft", Compliant(stiffness=2000.0)])
def test_a_box_at_rest_stays_and_carries_its_weight(contact: Any):
    """Without the references: a box on a plane settles where the forces carry it, and slides with its friction."""
    robot = model("freebox")
    q, v = robot.start, np.zeros(6)
    q[2] = 0.2005
    step = robot.function("step", contact=contact, integrator="euler")
    for _ in range(1500):
        q, v = step(q, v, [])
    assert np.abs(v).max() < 2e-3 and 0.18 < q[2] < 0.2005
    assert np.abs(robot.acceleration(q, v, [], contact=contact)).max() < 0.2


def test_second_derivatives_through_contact():
    """Hessian of the acceleration at a state in contact, against differences of the exact Jacobian."""
    robot = model("freebox")
    state = next(s for s in reference("freebox")["contact_states"] if len(s["contacts"]) == 2)
    q = np.array(state["qpos"])

    @fn
    def spin(v: Any) -> Any:
        return robot.acceleration(const(q), v, [])[3]

    v = np.array(state["qvel"])
    found = np.array(hessian(spin)(v))
    slope = jacobian(spin)
    h = 1e-5
    expected = [(np.array(slope(v + h * e)) - np.array(slope(v - h * e))) / (2 * h) for e in np.eye(6)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(found).max())
    np.testing.assert_allclose(found, found.T, rtol=1e-9, atol=1e-9 * np.abs(found).max())


@pytest.mark.parametrize(
    "cost", [lambda x: rows.pyramid(x, 3.0, (0.5, 0.7), 0), lambda x: rows.cone(x, (3.0, 2.0, 1.5), (0.5, 0.7), 0.4)]
)
def test_forces_are_slopes_of_one_cost(cost: Any):
    """The second derivative is the slope of the force, in every zone."""

    @fn
    def force(x: Any) -> Any:
        return stack([Real(f) for f in cost([x[0], x[1], x[2]])[0]])

    @fn
    def bend(x: Any) -> Any:
        second = cost([x[0], x[1], x[2]])[1]
        return stack([stack([Real(second.get((max(i, j), min(i, j)), 0.0)) for j in range(3)]) for i in range(3)])

    slopes, zones = jacobian(force), 0
    for x in np.random.default_rng(1).normal(size=(40, 3)):
        exact = np.array(slopes(x))
        zones += bool(np.abs(exact).max() > 0.0)
        np.testing.assert_allclose(-exact, bend(x), rtol=1e-9, atol=1e-12)
    assert 10 < zones < 40
