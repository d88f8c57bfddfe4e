"""Checks of robots call a touching event by the shapes that touch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim import check_grads, fn, robots, scan, stack
from rosesim.ad.instrument.decisions import Flip
from rosesim.ad.support.locate import Where, of_derivative

pytestmark = pytest.mark.usefixtures("unoptimised")

BALL = """<mujoco model="ball"><option timestep="0.01"/><worldbody>
  <geom name="ground" type="plane" size="5 5 1"/>
  <body><joint name="z" type="slide" axis="0 0 1" RANGE/><geom name="ball" size="0.1" mass="1"/></body>
</worldbody></mujoco>"""
H, G, RADIUS = 0.01, 9.81, 0.1
STEP = 6
"""The step at which it touches: velocity first, then place, so it has fallen g h² n (n + 1) / 2 before step n."""
DROP = G * H * H * STEP * (STEP + 1) / 2


def falling(file: Path, contact: str) -> Any:
    """The height after some steps, by the first."""
    ball = robots.load(file)

    @fn
    def height(z: Any) -> Any:
        def step(state: Any, t: Any) -> Any:
            return ball.step(state[0], state[1], [], contact=contact)

        return scan(step, (stack([z]), np.zeros(1)), STEP + 4)[0][0]

    return height


@pytest.mark.parametrize("contact", ["soft", "compliant"])
def test_a_touching_event_is_named_with_its_step(tmp_path: Path, contact: str):
    file = tmp_path / "ball.xml"
    file.write_text(BALL.replace("RANGE", ""))
    found = str(check_grads(falling(file, contact), RADIUS + DROP + 1e-9))
    assert f"whether ball touches ground in {__file__}" in found
    assert f", at step {STEP}" in found


@pytest.mark.full  # another program of half a second
def test_a_limit_is_named_by_its_joint(tmp_path: Path):
    """A metre above the ground the ball meets the end of its slide instead."""
    file = tmp_path / "ball.xml"
    file.write_text(BALL.replace("RANGE", 'range="1 9" limited="true"'))
    found = str(check_grads(falling(file, "soft"), 1.0 + DROP + 1e-9))
    assert f"most of all whether z is at its limit in {__file__}" in found and f", at step {STEP}" in found


def test_a_name_stays_with_its_line():
    line = Where("scene.py", 7, name="whether foot touches ground")
    assert str(Flip("the branch of cond", line, 37)) == "whether foot touches ground in scene.py:7, at step 37"
    assert str(Flip("the branch of cond", Where("scene.py", 7), 37)) == "the branch of cond in scene.py:7, at step 37"
    derived = of_derivative(line)
    assert derived is not None and derived.name == line.name and derived.derivative


def test_of_several_that_are_alike_the_one_that_touches_is_named(tmp_path: Path):
    """Contacts of one kind are one loop, in which each has its name."""
    file = tmp_path / "balls.xml"
    body = '<body><joint type="slide" axis="0 0 1"/><geom name="{}" size="0.1" mass="1" contype="0"/></body>'
    file.write_text(
        '<mujoco><option timestep="0.01"/><worldbody><geom name="ground" type="plane" size="5 5 1"/>'
        + "".join(map(body.format, ("high", "low", "higher")))
        + "</worldbody></mujoco>"
    )
    balls = robots.load(file)

    @fn
    def height(z: Any) -> Any:
        def step(state: Any, t: Any) -> Any:
            return balls.step(state[0], state[1], [])

        return scan(step, (stack([2.0, z, 3.0]), np.zeros(3)), STEP + 4)[0][1]

    found = str(check_grads(height, RADIUS + DROP + 1e-9))
    assert f"whether low touches ground in {__file__}" in found and f", at step {STEP}" in found
    assert "high" not in found
