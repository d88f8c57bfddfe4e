"""What a soft constraint wants, by formulas: impedance, stiffness, cones, weights, and what holds for a pair."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import mjcf

from rosesim import Real, fn, jacobian, stack
from rosesim.robots import Model
from rosesim.robots.contact import rows
from rosesim.robots.contact.pairs import mixed_friction


def test_the_impedance_of_a_depth():
    """MuJoCo's: a power up to the midpoint, and the same mirrored beyond it, between the first two numbers."""
    solimp = (0.5, 0.9, 0.01, 0.3, 3.0)

    @fn
    def found(depth: Any) -> Any:
        return stack([rows.impedance(solimp, depth), rows.impedance((*solimp[:4], 1.0), depth)])

    for share, smooth in (
        (0.0, 0.0),
        (0.15, 0.3 * 0.5**3),
        (0.3, 0.3),
        (0.65, 1.0 - 0.7 * 0.5**3),
        (1.0, 1.0),
        (2.0, 1.0),
    ):
        for depth in (0.01 * share, -0.01 * share):
            assert found(depth) == pytest.approx([0.5 + 0.4 * smooth, 0.5 + 0.4 * min(share, 1.0)], abs=1e-14)
    assert rows.impedance((0.7, 0.7, 0.01, 0.5, 2.0), 0.0) == pytest.approx(0.7)


def test_stiffness_and_damping_of_a_reference():
    """From a time constant, at least two steps, and a damping ratio; negative numbers are the two themselves."""
    solimp = (0.5, 0.8, 0.01, 0.5, 2.0)
    k, b = rows.stiffness((0.1, 0.5), solimp, 0.001)
    assert (k, b) == pytest.approx((1.0 / (0.8**2 * 0.1**2 * 0.5**2), 2.0 / (0.8 * 0.1)))
    assert rows.stiffness((0.01, 0.5), solimp, 0.05) == (k, b)
    assert rows.stiffness((-100.0, -7.0), solimp, 0.001) == pytest.approx((100.0 / 0.8**2, 7.0 / 0.8))
    assert rows.regulariser(0.8, 3.0) == pytest.approx(3.0 * 0.2 / 0.8)


def test_dry_friction_is_bounded():
    @fn
    def found(x: Any) -> Any:
        force, second = rows.huber(x, 4.0, 0.5)
        return stack([Real(force[0]), Real(second[0, 0])])

    for x, expected in ((0.1, (-0.4, 4.0)), (-0.1, (0.4, 4.0)), (3.0, (-0.5, 0.0)), (-3.0, (0.5, 0.0))):
        assert found(x) == pytest.approx(expected)


def test_a_pyramid_whose_tangents_stand_still():
    """Tangents that never move may be left out: the force along the normal is the same."""

    @fn
    def found(x: Any) -> Any:
        whole, bend = rows.pyramid([x[0], x[1], 0.0 * x[0]], 3.0, (0.5, 0.7), 0)
        part, short = rows.pyramid([x[0], x[1]], 3.0, (0.5,), 1)
        return stack(
            [
                stack([Real(f) for f in (*whole[:2], *(bend[p] for p in short))]),
                stack([Real(f) for f in (*part, *short.values())]),
            ]
        )

    for x in np.random.default_rng(0).normal(size=(20, 2)):
        whole, part = found(x)
        assert part == pytest.approx(whole)


FRICTION, RATIO = (0.6, 0.6, 0.02), 4.0
MU = FRICTION[0] / RATIO**0.5
NORMAL = 3.0
TANGENT = [NORMAL * RATIO * f**2 / FRICTION[0] ** 2 for f in FRICTION]
"""D of the elliptic cone's tangents, as MuJoCo makes them from the normal's."""


@fn
def elliptic(x: Any) -> Any:
    return stack([Real(f) for f in rows.cone([x[k] for k in range(4)], [NORMAL, *TANGENT], FRICTION, MU)[0]])


def test_the_elliptic_cone_obeys_coulomb():
    """A force is within its friction: at the bound where it slides, below it and row by row where it sticks."""
    zones: set[str] = set()
    for x in np.random.default_rng(0).normal(size=(200, 4)) * (2.0, 0.1, 0.1, 2.0):
        force = elliptic(x)
        used = float(np.linalg.norm(force[1:] / np.array(FRICTION)))
        if not force.any():
            zone = "parts"
            assert x[0] >= 0.0
        elif used < force[0] * (1.0 - 1e-9):
            zone = "sticks"
            np.testing.assert_allclose(force, -np.array([NORMAL, *TANGENT]) * x, rtol=1e-12)
        else:
            zone = "slides"
            assert used == pytest.approx(force[0])
            pulled = force[1:] / (np.square(FRICTION) * x[1:])
            assert pulled == pytest.approx(np.full(3, pulled[0])) and pulled[0] < 0.0
        zones.add(zone)
    assert zones == {"parts", "sticks", "slides"}


def test_the_elliptic_cone_has_no_jumps():
    """From a point that sticks to one that parts, in small steps."""
    way = np.linspace(0.0, 1.0, 4001)[:, None]
    path = (1.0 - way) * np.array([-1.0, 0.1, -0.05, 1.0]) + way * np.array([1.0, 0.4, 0.2, 3.0])
    force = np.array([elliptic(x) for x in path])
    steps = np.abs(np.diff(force, axis=0)).max(axis=1)
    assert force[0].all() and not force[-1].any()
    assert steps.max() < 0.004 * np.abs(force).max()


def touch(tmp_path: Path, first: str, second: str, tail: str = "") -> Any:
    """What holds for two balls."""
    ball = '<body><freejoint/><geom name="{}" size="0.1" {}/></body>'
    (found,) = Model(mjcf(tmp_path, ball.format("a", first) + ball.format("b", second), tail=tail)).touches
    return found


def test_what_holds_for_a_pair_is_mixed_of_its_geoms(tmp_path: Path):
    first = 'friction="0.5 0.03 0.001" margin="0.01" condim="1" solmix="3" solref="0.02 1" solimp="0.8 0.9 0.01"'
    second = 'friction="0.8 0.01 0.002" margin="0.02" condim="4" solref="0.06 2" solimp="0.4 0.5 0.05"'
    found = touch(tmp_path, first, second)
    assert found.friction == (0.8, 0.8, 0.03, 0.002, 0.002)
    assert (found.condim, found.margin) == (4, pytest.approx(0.03))
    assert found.solref == pytest.approx((0.03, 1.25))
    assert found.solimp == pytest.approx((0.7, 0.8, 0.02, 0.5, 2.0))


def test_stiffness_given_itself_is_not_mixed(tmp_path: Path):
    assert touch(tmp_path, 'solref="-100 -1"', 'solref="-300 -0.5"').solref == (-300.0, -1.0)


def test_priority_takes_all_from_one_geom(tmp_path: Path):
    first = 'priority="1" friction="0.5" condim="1" solref="0.05 1"'
    for found in (touch(tmp_path, first, 'condim="6"'), touch(tmp_path, 'condim="6"', first)):
        assert (found.friction[0], found.condim, found.solref) == (0.5, 1, (0.05, 1.0))


def test_a_pair_of_the_file_holds_itself(tmp_path: Path):
    tail = '<contact><pair geom1="b" geom2="a" friction="0.1 0.2" condim="3" margin="0.5"/></contact>'
    found = touch(tmp_path, 'friction="0.9"', 'condim="6"', tail)
    assert found.friction == (0.1, 0.2, 0.005, 0.0001, 0.0001)
    assert (found.condim, found.margin) == (3, 0.5)
    ball = '<body><freejoint/><geom name="{}" size="0.1"/></body>'
    robot = mjcf(tmp_path, ball.format("a") + ball.format("b"), tail=tail)
    mixed = mixed_friction(robot, found, (0.5, 0.2, 0.03), (0.6, 0.1, 0.04))
    assert mixed == found.friction
    bare = touch(tmp_path, "", "", tail.replace('friction="0.1 0.2"', ""))
    assert mixed_friction(robot, bare, (0.5, 0.2, 0.03), (0.6, 0.1, 0.04)) == (0.6, 0.6, 0.2, 0.04, 0.04)


@pytest.mark.parametrize(
    ("contact", "option", "geom"),
    [
        ("soft", 'cone="pyramidal"', ""),
        pytest.param("soft", 'cone="elliptic" impratio="2"', 'priority="1"', marks=pytest.mark.full),
        pytest.param("compliant", 'cone="elliptic"', "", marks=pytest.mark.full),
    ],
)
def test_friction_is_a_parameter(contact: Any, option: str, geom: str, tmp_path: Path):
    """The same as in the file, with its derivative; also where the file's own is the larger, and below the least."""
    text = (
        '<geom type="plane" size="9 9 1" friction="0.3 0.02 0"/><body pos="0 0 0.098"><freejoint/>'
        '<geom name="ball" size="0.1" mass="2" condim="4" friction="{}" {}/></body>'
    )
    q, v = np.array([0.0, 0.0, 0.098, 1.0, 0.0, 0.0, 0.0]), np.array([0.4, 0.1, 0.0, 0.0, 0.0, 2.0])

    def robot(friction: str) -> Model:
        return Model(mjcf(tmp_path, text.format(friction, geom), f"<option {option}/>"))

    m = robot("0.9 0.01 0")

    @fn
    def given(friction: Any) -> Any:
        return m.acceleration(q, v, [], contact=contact, parameters={"geom ball friction": friction})

    for friction in ([0.5, 0.05, 0.0], [0.0, 0.001, 0.0]):
        expected = robot(" ".join(map(str, friction))).acceleration(q, v, [], contact=contact)
        np.testing.assert_allclose(given(friction), expected, rtol=1e-9, atol=1e-9)
    at, h = np.array([0.5, 0.05, 0.001]), 1e-6
    by_differences = [(given(at + d) - given(at - d)) / (2.0 * h) for d in h * np.eye(3)]
    np.testing.assert_allclose(jacobian(given)(at).T, by_differences, rtol=1e-6, atol=1e-6)
    assert np.abs(by_differences[0]).max() > 0.1


def test_a_limb_touches_all_but_its_neighbours(tmp_path: Path):
    limb = '<joint/><geom size="0.1"/>'
    chain = f'<geom size="0.1"/><body>{limb}<body>{limb}<body>{limb}</body></body></body>'
    m = Model(mjcf(tmp_path, chain))
    assert {(t.first, t.second) for t in m.touches} == {(0, 1), (0, 2), (0, 3), (1, 3)}
    m = Model(mjcf(tmp_path, chain, '<option><flag filterparent="disable"/></option>'))
    assert len(m.touches) == 6


def test_weights_are_inverse_inertias(tmp_path: Path):
    """Of a free box; of a slider that MuJoCo takes without its armature; of two sliders that a tendon pulls apart."""
    box = '<body><freejoint/><geom type="box" size="0.1 0.2 0.3" mass="2"/></body>'
    found = Model(mjcf(tmp_path, box)).weights
    turns = np.mean([1.0 / (2.0 / 3.0 * (a * a + b * b)) for a, b in ((0.2, 0.3), (0.1, 0.3), (0.1, 0.2))])
    assert found.translation == pytest.approx((0.0, 0.5))
    assert found.rotation == pytest.approx((0.0, turns))
    assert found.dof == pytest.approx((0.5,) * 3 + (turns,) * 3)
    slide = '<joint name="{}" type="slide" axis="0 0 1" armature="{}"/><geom size="0.1" mass="{}"/>'
    assert Model(mjcf(tmp_path, f"<body>{slide.format('a', 1, 2)}</body>")).weights.dof == pytest.approx((0.5,))
    two = f"<body>{slide.format('a', 0, 1)}<body>{slide.format('b', 0, 2)}</body></body>"
    apart = '<tendon><fixed name="t"><joint joint="a" coef="1"/><joint joint="b" coef="-1"/></fixed></tendon>'
    found = Model(mjcf(tmp_path, two, tail=apart)).weights
    assert found.dof == pytest.approx((1.0, 1.5))  # of M⁻¹ = [[1, -1], [-1, 1.5]]
    assert found.tendon == pytest.approx((4.5,))
