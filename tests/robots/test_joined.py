"""Bodies that are joined beside the tree, against the minimum of their quadratic costs by NumPy's algebra."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from robots_kit import mjcf, rotation

from rosesim import fn, grad
from rosesim.robots import Model, RobotError
from rosesim.robots.description import ConnectEquality, WeldEquality

Array = NDArray[np.float64]
BODIES = """
<body name="a" pos="0 0 1" quat="0.9 0.1 0.3 0.2"><joint type="ball"/>
  <geom type="box" size="0.1 0.2 0.15" pos="0 0.1 0.2"/></body>
<body name="b" pos="0.5 0.2 0.8"><joint axis="0 1 0.4"/><joint type="slide" axis="1 0 0"/>
  <geom type="box" size="0.1 0.1 0.2" pos="0 0.1 0.1"/>
  <body name="b2" pos="0.1 0 0.2" quat="0.5 0.5 -0.2 0.3"><geom size="0.05"/></body></body>"""
SOFT = 'solref="0.05 0.8" solimp="0.6 0.9 0.3"'
ANCHOR = np.array([0.1, 0.2, -0.1])
SCALE = 0.4
JOINED = f"""<equality>
  <connect body1="a" body2="b2" anchor="0.1 0.2 -0.1" {SOFT}/>
  <weld body1="b" anchor="0.02 0.03 0.04" torquescale="{SCALE}" {SOFT}/>
</equality>"""
"""The weld holds a point of the world at one of b, as they are at the start."""
FREE = '<option timestep="0.001"/><default><geom contype="0" conaffinity="0"/></default>'


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model(mjcf(tmp_path_factory.mktemp("joined"), BODIES, FREE, JOINED))


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model(mjcf(tmp_path_factory.mktemp("loose"), BODIES, FREE))


def product(a: Any, b: Any) -> Array:
    """Of quaternions."""
    return np.array([a[0] * b[0] - a[1:] @ b[1:], *(a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:]))])


def conjugate(q: Any) -> Array:
    return q * np.array([1.0, -1.0, -1.0, -1.0])


def gaps(m: Model, q: Array) -> tuple[Array, Array]:
    """What connect and weld hold at zero."""
    (x0, t0), (x, t) = m.positions(m.start), m.positions(q)
    a, b, b2 = 1, 2, 3
    on_b2 = rotation(t0[b2]).T @ (x0[a] + rotation(t0[a]) @ ANCHOR - x0[b2])
    connect = x[a] + rotation(t[a]) @ ANCHOR - x[b2] - rotation(t[b2]) @ on_b2
    # The weld's first body is b and its second the world, in whose frame the anchor is.
    own = rotation(t0[b]).T @ (np.array([0.02, 0.03, 0.04]) - x0[b])
    turned = product(t[b], conjugate(t0[b]))
    weld = np.array([*(x[b] + rotation(t[b]) @ own - [0.02, 0.03, 0.04]), *(SCALE * turned[1:])])
    return connect, weld


def test_the_acceleration_minimises_the_costs_of_all_rows(robot: Model, loose: Model):
    rng = np.random.default_rng(0)
    q, v = np.asarray(loose.moved(loose.start, 0.2 * rng.normal(size=5))), rng.normal(size=5)
    h = 1e-4

    def along(d: Array, t: float) -> Array:
        return np.concatenate(gaps(loose, np.asarray(loose.moved(q, t * d))))

    here = along(v, 0.0)
    j = np.stack([(along(e, h) - along(e, -h)) / (2 * h) for e in np.eye(5)], axis=1)
    drift = (along(v, h) - 2 * here + along(v, -h)) / h**2
    far = np.repeat([np.linalg.norm(g) for g in gaps(loose, q)], [3, 6])
    share = np.minimum(far / 0.3, 1.0)
    imp = 0.6 + 0.3 * np.where(share <= 0.5, 2 * share**2, 1 - 2 * (1 - share) ** 2)
    k, b = 1.0 / (0.9 * 0.05 * 0.8) ** 2, 2.0 / (0.9 * 0.05)
    wanted = -b * (j @ v) - k * imp * here - drift
    w = loose.weights
    inverse = [w.translation[1] + w.translation[3]] * 3 + [w.translation[2]] * 3 + [w.rotation[2]] * 3
    soft = np.diag((1.0 - imp) / imp * inverse)
    free = np.asarray(loose.acceleration(q, v, [], contact="none"))
    by = np.linalg.solve(loose.mass_matrix(q), j.T)
    known = free + by @ np.linalg.solve(j @ by + soft, wanted - j @ free)
    assert np.asarray(robot.acceleration(q, v, [])) == pytest.approx(known, rel=1e-5, abs=1e-5 * abs(known).max())
    assert abs(known - free).max() > 10.0


@pytest.mark.full  # its gradient is a program of two seconds
def test_the_gradient_is_that_of_differences(robot: Model):
    rng = np.random.default_rng(1)
    q, v = np.asarray(robot.moved(robot.start, 0.2 * rng.normal(size=5))), rng.normal(size=5)
    weights, along, h = rng.normal(size=5), rng.normal(size=5), 1e-5

    @fn
    def pulled(d: Any, v: Any) -> Any:
        return robot.acceleration(robot.moved(q, d), v, []) @ weights

    by_q, by_v = grad(pulled, wrt=(0, 1))(np.zeros(5), v)
    rise_q = (pulled(h * along, v) - pulled(-h * along, v)) / (2 * h)
    rise_v = (pulled(np.zeros(5), v + h * along) - pulled(np.zeros(5), v - h * along)) / (2 * h)
    assert by_q @ along == pytest.approx(rise_q, rel=1e-6) and by_v @ along == pytest.approx(rise_v, rel=1e-6)


def test_what_joins_bodies_is_read(tmp_path: Path, robot: Model):
    connect, weld = robot.description.joined
    assert isinstance(connect, ConnectEquality) and isinstance(weld, WeldEquality)
    assert (connect.first, connect.second, connect.anchor) == (1, 3, (0.1, 0.2, -0.1))
    assert (weld.first, weld.second, weld.pos, weld.torque_scale) == (2, 0, None, SCALE)
    given = '<equality><weld body1="a" body2="b" relpose="1 2 3 0 2 0 0"/></equality>'
    (weld,) = mjcf(tmp_path, BODIES, FREE, given).joined
    assert isinstance(weld, WeldEquality) and (weld.pos, weld.quat) == ((1.0, 2.0, 3.0), (0.0, 1.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('<connect body1="a" body2="a" anchor="0 0 0"/>', "names the same body as body1; name two"),
        ('<weld body2="a"/>', "body1"),
        ('<connect body1="a"/>', "anchor"),
        ('<weld body1="nobody"/>', 'names the body "nobody"'),
    ],
)
def test_mistakes_are_refused_at_their_line(tmp_path: Path, words: str, said: str):
    with pytest.raises(RobotError, match=said):
        mjcf(tmp_path, BODIES, FREE, f"<equality>{words}</equality>")


def test_joined_bodies_and_contact_without_constraints_are_refused(robot: Model):
    with pytest.raises(ValueError, match=r"<weld>.*, which act with contact=.soft.; contact='none'"):
        robot.acceleration(robot.start, np.zeros(5), [], contact="none")
