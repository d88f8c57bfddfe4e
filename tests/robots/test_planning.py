"""Plans of robots: with quaternions, within the motors' ranges, and where nothing was given that fits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim import concatenate, fn, grad, robots, scan, sum

pytestmark = pytest.mark.usefixtures("unoptimised")

SATELLITE = """<mujoco model="satellite">
  <option timestep="0.02" gravity="0 0 0"/>
  <worldbody><body name="hull"><joint name="turn" type="ball"/>
    <inertial pos="0 0 0" mass="1" diaginertia="0.02 0.03 0.04"/></body></worldbody>
  <actuator>
    <motor joint="turn" gear="1 0 0" ctrlrange="-0.3 0.3"/>
    <motor joint="turn" gear="0 1 0" ctrlrange="-0.3 0.3"/>
    <motor joint="turn" gear="0 0 1" ctrlrange="-0.06 0.3"/>
  </actuator>
</mujoco>"""
GOAL = np.array([0.2, 0.4, -0.4, 0.8])
"""A turn of 157 degrees about an axis between all."""
SPIN = np.array([2.0, 0.0, -1.0])


@pytest.fixture(scope="module")
def satellite(tmp_path_factory: pytest.TempPathFactory) -> robots.Model:
    file = tmp_path_factory.mktemp("plan") / "satellite.xml"
    file.write_text(SATELLITE)
    return robots.load(file)


def effort(q: Any, v: Any, u: Any, t: Any) -> Any:
    return u


def test_a_robot_with_a_quaternion_turns_to_a_goal_where_the_gradient_of_its_cost_is_zero(
    satellite: robots.Model, tmp_path: Path
):
    def arrive(q: Any, v: Any) -> Any:
        return concatenate([100.0 * satellite.difference(q, GOAL), 20.0 * v])

    plan = robots.plan(
        satellite, effort, arrive, horizon=60, start=(satellite.start, SPIN), contact="none", tolerance=1e-13
    )
    assert plan.converged
    assert abs(satellite.difference(plan.q[-1], GOAL)).max() < 0.02 and abs(plan.v[-1]).max() < 0.1
    low, high = satellite.control_range.T
    u = plan.controls
    told = plan.control(satellite.moved(plan.q[7], [1e-3, 0.0, 0.0]), plan.v[7] + [0.0, 0.0, 1e-3], 7)
    assert told == pytest.approx(np.clip(u[7] + 1e-3 * (plan.gains[7, :, 0] + plan.gains[7, :, 5]), low, high))
    assert abs(told - u[7]).max() > 1e-4
    plan.save(tmp_path / "turn.csv")
    record = robots.read_record(tmp_path / "turn.csv")
    assert record.ctrl is not None and record.v is not None and record.times is not None
    assert (record.q == plan.q).all() and (record.v == plan.v).all() and (record.ctrl[:-1] == plan.controls).all()
    assert record.times[-1] == pytest.approx(1.2)
    assert (low <= u).all() and (u <= high).all()

    @fn
    def cost(u: Any) -> Any:
        def step(state: Any, t: Any) -> Any:
            return satellite.step(state[0], state[1], u[t], contact="none")

        q, v = scan(step, (satellite.start, SPIN), 60)
        end = arrive(q, v)
        return 0.5 * (sum(u * u) + end @ end)

    slope = grad(cost)(u)
    held = ((u == low) & (slope > 0.0)) | ((u == high) & (slope < 0.0))
    assert plan.cost == pytest.approx(cost(u), rel=1e-12)
    assert abs(slope[~held]).max() < 1e-4 * abs(grad(cost)(0.0 * u)).max() and held.any()


def test_a_plan_of_rows_that_do_not_fit_is_refused(satellite: robots.Model):
    def plan(**given: Any) -> robots.Plan:
        return robots.plan(satellite, effort, lambda q, v: v, **given)

    with pytest.raises(
        ValueError, match=r"horizon=, a number of steps, or controls=, a guess of \(T, nu\); expected one"
    ):
        plan()
    with pytest.raises(ValueError, match="horizon=0 was found; expected a number of steps"):
        plan(horizon=0)
    with pytest.raises(ValueError, match=r"controls have the shape \(3, 2\); expected \(T, 3\)"):
        plan(controls=np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"start has the shapes \(3,\) and \(3,\); expected \(4,\) and \(3,\)"):
        plan(horizon=3, start=(np.zeros(3), np.zeros(3)))
    with pytest.raises(ValueError, match=r"motion has the shapes .*; expected \(4, 4\) and \(4, 3\)"):
        plan(horizon=3, motion=(np.zeros((3, 4)), np.zeros((3, 3))))


def test_a_robot_without_motors_has_no_plan(tmp_path: Path):
    file = tmp_path / "ball.xml"
    file.write_text(
        '<mujoco model="ball"><worldbody><body><freejoint/><geom size="0.1"/></body></worldbody></mujoco>'
    )
    with pytest.raises(ValueError, match="the robot 'ball' has no motors; expected some to be controlled"):
        robots.plan(robots.load(file), effort, lambda q, v: v, horizon=3)
