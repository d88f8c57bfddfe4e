"""What any mechanics obeys: energy, momentum, other coordinates; and where formulas divide by 0."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import kept

from rosesim import Real, const, fn, hessian, jacobian, rotations, scan, stack
from rosesim.robots import Model, load

pytestmark = pytest.mark.usefixtures("unoptimised")

SWING = """<mujoco><option timestep="{h}" integrator="{how}"/><worldbody><body pos="0 0 2">
  <joint axis="0 1 0"/><geom type="capsule" fromto="0 0 0 0.1 0.2 -0.5" size="0.04"/>
  <body pos="0.1 0.2 -0.5"><joint axis="1 0 0.3"/><joint type="slide" axis="0 0 1" stiffness="30"/>
    <geom type="box" size="0.1 0.05 0.2" pos="0 0.1 -0.2"/></body>
</body></worldbody></mujoco>"""

FREE = """<mujoco><option timestep="0.002" integrator="RK4" gravity="0 0 0"/><worldbody><body pos="0 0 1"><freejoint/>
  <geom type="ellipsoid" size="0.2 0.1 0.05"/>
  <body pos="0.2 0 0"><joint type="ball" stiffness="0.5"/><geom type="capsule" fromto="0 0 0 0.3 0 0.1" size="0.03"/>
  </body></body></worldbody>
  <sensor><subtreelinvel body="trunk"/><subtreeangmom body="trunk"/></sensor></mujoco>""".replace(
    '<body pos="0 0 1">', '<body name="trunk" pos="0 0 1">'
)


@cache
def robot(text: str) -> Model:
    """A robot from the text of its file."""
    import tempfile

    file = Path(tempfile.mkdtemp()) / "robot.xml"
    file.write_text(text)
    return load(file)


def drift(how: str, h: float) -> float:
    """By how much the energy of half a second differs at its end."""
    m = robot(SWING.format(h=h, how=how))
    step = m.function("step", contact="none")
    q, v = np.array([0.7, -0.4, 0.1]), np.array([1.0, 2.0, -0.5])
    before = sum(m.energy(q, v))
    for _ in range(round(0.5 / h)):
        q, v = step(q, v, [])
    return abs(sum(m.energy(q, v)) - before)


def test_energy_is_kept_to_the_order_of_the_integrator():
    assert 3.0 < np.log2(drift("RK4", 0.01) / drift("RK4", 0.005)) < 5.5
    assert 0.7 < np.log2(drift("Euler", 0.002) / drift("Euler", 0.001)) < 1.3


def test_a_free_robot_keeps_its_momentum_while_its_limb_moves():
    """To second order in the step: MuJoCo's RK4 turns a quaternion once a step."""
    m = robot(FREE)
    v = np.random.default_rng(0).normal(size=m.nv)
    before = m.sensors(m.start, v, [], contact="none")
    errors = []
    for h in (0.004, 0.002):
        q, w = after(m, v, 0.6, h)
        found = m.sensors(q, w, [], contact="none")
        errors.append(np.abs(found - before).max())
    assert np.abs(m.difference(q, m.start)).max() > 0.1 and np.linalg.norm(before[3:]) > 0.01
    assert errors[1] < 1e-6 and 3.0 < errors[0] / errors[1] < 20.0


def after(m: Model, v: Any, seconds: float, h: float) -> Any:
    """Where a robot is, from its start, with a step of this length."""
    q = m.start
    for _ in range(round(seconds / h)):
        q, v = m.step(q, v, [], contact="none", parameters={"timestep": h})
    return q, v


def test_the_mass_matrix_is_the_second_derivative_of_kinetic_energy():
    m = robot(SWING.format(h=0.01, how="RK4"))
    q = np.array([0.3, 0.5, -0.05])

    @fn
    def kinetic(v: Any) -> Any:
        return m.energy(const(q), v)[0]

    np.testing.assert_allclose(hessian(kinetic)(np.zeros(3)), m.mass_matrix(q), rtol=1e-12, atol=1e-13)


def test_half_the_change_of_the_mass_matrix_is_the_work_of_coriolis_forces():
    """vᵀ Ṁ v = 2 vᵀ c without gravity."""
    m = robot(SWING.format(h=0.01, how="RK4"))
    q, v = np.array([0.3, 0.5, -0.05]), np.array([1.0, -2.0, 0.4])
    no_gravity = {"gravity": [0.0, 0.0, 0.0]}

    @fn
    def moved(s: Any) -> Any:
        return m.mass_matrix([const(q)[k] + s * const(v)[k] for k in range(3)])

    rate = np.asarray(jacobian(moved)(0.0))
    assert v @ rate @ v == pytest.approx(2.0 * v @ m.bias(q, v, parameters=no_gravity), rel=1e-11)


def test_three_hinges_are_a_ball():
    """The same motion in other coordinates: where the last body is after a while."""
    geom = '<geom type="box" size="0.1 0.2 0.3" pos="0.1 0 -0.2"/>'
    hinges = '<joint axis="1 0 0"/><joint axis="0 1 0"/><joint axis="0 0 1"/>'
    text = '<mujoco><option timestep="0.001" integrator="RK4"/><worldbody><body>{}</body></worldbody></mujoco>'
    three, ball = robot(text.format(hinges + geom)), robot(text.format('<joint type="ball"/>' + geom))
    spin = np.array([0.5, -1.0, 2.0])

    def apart(h: float) -> float:
        ends = [m.geom_positions(after(m, spin, 0.3, h)[0])[0] for m in (three, ball)]
        assert np.abs(ends[0] - three.geom_positions(three.start)[0]).max() > 0.05
        return float(np.abs(ends[0] - ends[1]).max())

    assert apart(0.001) < 1e-7 and 3.0 < apart(0.004) / apart(0.002) < 20.0


CONTACT = '<mujoco><option cone="{cone}"/><worldbody><geom type="plane" size="5 5 1"/>{body}</worldbody></mujoco>'
CAPSULE = '<geom type="capsule" size="0.1 0.2"{more}/>'
PLACES = {
    "a box flat on the ground, at rest": (
        "elliptic",
        '<body pos="0 0 0.1"><freejoint/><geom type="box" size="0.1 0.1 0.101"/></body>',
    ),
    "a capsule upright": ("pyramidal", f'<body pos="0 0 0.299"><freejoint/>{CAPSULE.format(more="")}</body>'),
    "parallel capsules": (
        "pyramidal",
        f'<body pos="0 0 1"><freejoint/>{CAPSULE.format(more="")}</body>' + CAPSULE.format(more=' pos="0.199 0 1.1"'),
    ),
    "spheres with one centre": (
        "pyramidal",
        '<body pos="0 0 1"><freejoint/><geom size="0.1"/></body><geom size="0.1" pos="0 0 1"/>',
    ),
    "a ball joint at rest": (
        "pyramidal",
        '<body pos="0 0 1"><joint type="ball" stiffness="2"/><geom size="0.1" pos="0.3 0 0"/></body>',
    ),
}


@pytest.mark.parametrize("place", kept(PLACES, *(place for place in PLACES if "capsule" not in place)))
def test_no_nan_where_a_formula_divides_by_zero(place: str):
    """First derivatives at the exact point are finite, and those of the ball to second order right."""
    cone, body = PLACES[place]
    m = robot(CONTACT.format(cone=cone, body=body))

    @fn
    def moved(d: Any, v: Any) -> Any:
        return m.acceleration(m.moved(const(m.start), d), v, [])

    zero = np.zeros(m.nv)
    assert np.isfinite(moved(zero, zero)).all()
    for part in jacobian(moved, wrt=(0, 1))(zero, zero):
        assert np.isfinite(part).all()


def test_a_rotation_at_rest_has_right_second_derivatives():
    m = robot(CONTACT.format(cone="pyramidal", body=PLACES["a ball joint at rest"][1]))

    @fn
    def energy(d: Any) -> Any:
        return m.energy(m.moved(const(m.start), d), const(np.zeros(3)))[1]

    found = np.asarray(hessian(energy)(np.zeros(3)))
    assert found[0, 0] == pytest.approx(2.0) and np.allclose(found, found.T)

    @fn
    def there(d: Any) -> Any:
        return rotations.log(rotations.exp(stack([Real(d[k]) for k in range(3)])))

    assert np.allclose(jacobian(there)(np.zeros(3)), np.eye(3))


def test_a_rollout_keeps_quaternions_unit():
    m = robot(FREE)

    @fn
    def run(v: Any) -> Any:
        return scan(lambda s, t: m.step(s[0], s[1], [], contact="none"), (const(m.start), v), 500)[0]

    q = run(np.random.default_rng(1).normal(size=m.nv))
    assert np.linalg.norm(q[3:7]) == pytest.approx(1.0, abs=1e-12)
    assert np.linalg.norm(q[7:11]) == pytest.approx(1.0, abs=1e-12)
