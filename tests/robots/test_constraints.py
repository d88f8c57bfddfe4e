"""One constraint on one body has an acceleration in closed form: contact, limit, dry friction, equality."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import mjcf

from rosesim import Real, fn, stack
from rosesim.robots import Compliant, Model
from rosesim.robots.contact.compliant import ramp

BALL = '<geom size="0.1" mass="2" contype="{0}" conaffinity="{0}" solref="0.05 0.8" solimp="0.6 0.9 0.02"/>'
TURN = 0.4 * 2.0 * 0.1**2
"""The ball's moment of inertia."""
SOLREF, SOLIMP = (0.05, 0.8), (0.6, 0.9, 0.02, 0.5, 2.0)
SOFT = 'solref{0}="0.05 0.8" solimp{0}="0.6 0.9 0.02"'

BODIES = f"""
<geom type="plane" size="5 5 1"/>
<body pos="0 0 0.097"><joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 0 1"/><joint axis="0 0 1"/>
  <geom size="0.1" mass="2" condim="4" friction="0.6 0.02 0.001" {SOFT.format("")} priority="1"/></body>
<body pos="2 0 1"><joint type="ball" range="0 0.5" {SOFT.format("limit")}/>{BALL.format(0)}</body>
<body pos="4 0 1"><joint frictionloss="0.01" {SOFT.format("friction")}/>{BALL.format(0)}</body>
<body pos="6 0 1"><joint name="leads"/>{BALL.format(0)}</body>
<body pos="8 0 1"><joint name="follows"/>{BALL.format(0)}</body>
<body pos="9 0 1"><joint type="slide" axis="1 0 0"/>{BALL.format(2)}</body>
<body pos="9.198 0 1"><joint type="slide" axis="1 0 0"/>{BALL.format(2)}</body>"""
EQUALITY = (
    '<equality><joint joint1="follows" joint2="leads" polycoef="0.1 2 0 -0.5 0.3" solref="0.05 0.8"'
    ' solimp="0.6 0.9 0.02"/></equality>'
)


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Bodies that do not feel each other, but for the two that are coupled."""
    head = '<compiler angle="radian"/><option cone="elliptic" impratio="4" timestep="0.001"/>'
    return Model(
        mjcf(
            tmp_path_factory.mktemp("robot"),
            BODIES,
            head,
            EQUALITY,
        )
    )


def hardness(depth: float) -> float:
    """The impedance."""
    x = min(abs(depth) / SOLIMP[2], 1.0)
    y = 2.0 * x * x if x <= 0.5 else 1.0 - 2.0 * (1.0 - x) ** 2
    return SOLIMP[0] + (SOLIMP[1] - SOLIMP[0]) * y


def reference(depth: float, speed: float) -> float:
    """The acceleration that a row wants."""
    k, b = 1.0 / (0.9 * 0.05 * 0.8) ** 2, 2.0 / (0.9 * 0.05)
    return -b * speed - k * hardness(depth) * depth


def force(wanted: float, free: float, mobility: float, depth: float, weight: float, share: float = 1.0) -> float:
    """Of one row: what minimises its cost and that of the acceleration it changes."""
    d = share * hardness(depth) / ((1.0 - hardness(depth)) * weight)
    return d * (wanted - free) / (1.0 + mobility * d)


def accelerations(robot: Model, q: Any, v: Any) -> Any:
    return robot.acceleration(np.array(q, float), np.array(v, float), [])


def test_one_constraint_at_a_time(robot: Model):
    q, v = robot.start, np.zeros(robot.nv)
    v[:3] = 0.01, -0.3, 0.05
    angle = 0.51
    q[3:7] = np.cos(angle / 2.0), 0.0, np.sin(angle / 2.0), 0.0
    v[4] = 0.7
    v[6] = 0.02
    q[8], q[9], v[7], v[8] = 0.4, 0.85, 0.3, -0.2
    v[9:] = 0.5, -0.1
    found = accelerations(robot, q, v)

    depth, mean = -0.003, 2.0 / (3.0 * 2.0)  # the trace of J M⁻¹ Jᵀ over three; the ball does not move along y
    normal = force(reference(depth, v[1]), -9.81, 0.5, depth, mean)
    slide = force(reference(0.0, v[0]), 0.0, 0.5, depth, mean, 4.0)
    spin = force(reference(0.0, v[2]), 0.0, 1.0 / TURN, depth, mean, 4.0 * (0.02 / 0.6) ** 2)
    assert np.hypot(slide / 0.6, spin / 0.02) < normal  # it sticks
    assert found[:3] == pytest.approx([0.5 * slide, 0.5 * normal - 9.81, spin / TURN])

    limit = force(reference(0.5 - angle, -v[4]), 0.0, 1.0 / TURN, 0.5 - angle, 1.0 / TURN)
    assert found[3:6] == pytest.approx([0.0, -limit / TURN, 0.0], abs=1e-12)

    dry = force(-2.0 / (0.9 * 0.05) * v[6], 0.0, 1.0 / TURN, 0.0, 1.0 / TURN)
    assert abs(dry) < 0.01
    assert found[6] == pytest.approx(dry / TURN)

    x = q[8]
    gap, slope = q[9] - (0.1 + 2.0 * x - 0.5 * x**3 + 0.3 * x**4), 2.0 - 1.5 * x**2 + 1.2 * x**3
    mobility = (1.0 + slope**2) / TURN
    pull = force(reference(gap, v[8] - slope * v[7]), 0.0, mobility, gap, 2.0 / TURN)
    assert found[7:9] == pytest.approx([-slope * pull / TURN, pull / TURN])

    push = force(reference(-0.002, v[10] - v[9]), 0.0, 1.0, -0.002, 1.0)  # a slider's weight is 1 / m
    assert found[9:] == pytest.approx([-0.5 * push, 0.5 * push])


def test_a_contact_that_slides(robot: Model):
    """Between parting and sticking, the elliptic cone's cost is D / (1 + μ²) times the squared distance to it."""
    v = np.zeros(robot.nv)
    v[:2] = 3.0, -0.3
    depth, mu = -0.003, 0.6 / 2.0
    weight = (1.0 - hardness(depth)) / hardness(depth) / 3.0 * (1.0 + mu**2)
    pushed = (reference(depth, -0.3) + 9.81 - 0.6 * reference(0.0, 3.0)) / (weight + 0.5 * (1.0 + 0.6**2))
    assert accelerations(robot, robot.start, v)[:2] == pytest.approx([-0.3 * pushed, 0.5 * pushed - 9.81])


def test_dry_friction_ends_at_its_bound(robot: Model):
    v = np.zeros(robot.nv)
    v[6] = 5.0
    assert accelerations(robot, robot.start, v)[6] == pytest.approx(-0.01 / TURN)


def test_compliant_contact_is_a_spring_that_never_pulls(tmp_path: Path):
    """Its force by depth, rate and sliding speed; what parts fast is let go."""
    robot = Model(mjcf(tmp_path, BODIES, '<compiler angle="radian"/><option cone="elliptic" timestep="0.001"/>'))
    numbers = Compliant(stiffness=1000.0, ramp=0.002, dissipation=2.0, slip=0.05)
    q, v = robot.start, np.zeros(robot.nv)
    for rise, slide in ((-0.3, 0.1), (0.2, -0.02), (0.7, 0.1)):
        v[:2] = slide, rise
        push = 1000.0 * (0.003 - 0.001) * max(1.0 - 2.0 * rise, 0.0)
        drag = -0.6 * push * slide / np.hypot(slide, 0.05)
        found = robot.acceleration(q, v, [], contact=numbers)
        assert found[:2] == pytest.approx([0.5 * drag, 0.5 * push - 9.81], abs=1e-12)


def test_the_ramp_of_compliant_contact_begins_and_goes_on_smoothly():
    @fn
    def delta(depth: Any) -> Any:
        return stack([Real(x) for x in ramp(depth, 0.01)])

    for depth, expected in ((0.0, 0.0), (0.005, 0.00125), (0.01, 0.005), (0.03, 0.025)):
        assert delta(depth)[0] == pytest.approx(expected, abs=1e-15)
        change = (delta(depth + 1e-7)[0] - delta(depth - 1e-7)[0]) / 2e-7
        assert delta(depth)[1] == pytest.approx(change, abs=1e-5)  # at a kink of the slope half of one step
