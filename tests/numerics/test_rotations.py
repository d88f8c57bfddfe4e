"""Rotations and poses, held against SciPy's, matrix exponentials and exact derivatives."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.linalg import expm
from scipy.spatial.transform import Rotation, Slerp
from support import interpreted

from rosesim import Real, TypeMismatch, Vec, fn, jacobian, jvp, qmul, rotations, scan, vec, vmap
from rosesim.numerics.rotations import Pose

pytestmark = pytest.mark.usefixtures("unoptimised")

AXIS = np.array([2.0, -1.0, 2.0]) / 3.0
POINT = np.array([0.3, -0.7, 1.1])
ANGLES = [0.0, 1e-9, 1e-4, 0.5, 1.0 - 1e-9, 1.0 + 1e-9, 2.0, np.pi - 1e-3, np.pi - 1e-9]
TURNS = [*ANGLES, 2.0 * np.arctan(0.2) - 1e-9, 2.0 * np.arctan(0.2) + 1e-9]
"""With those where a series ends: at 1, and of the logarithm at 2 atan(0.2)."""

RNG = np.random.default_rng(11)
HALF = np.pi - 1e-7
DIRECTIONS = RNG.normal(size=(40, 3)) * (np.pi / 5.0)
VECTORS = np.concatenate([
    np.array(ANGLES)[:, None] * AXIS,
    DIRECTIONS * np.minimum(1.0, HALF / np.linalg.norm(DIRECTIONS, axis=1))[:, None],
    HALF * np.concatenate([np.eye(3), -np.eye(3)]),  # each with another largest component
])  # fmt: skip


def quaternion(r: Rotation) -> np.ndarray:
    """SciPy's rotation as (w, x, y, z) with w >= 0."""
    q = np.roll(r.as_quat(), 1, axis=-1)
    return np.where(q[..., :1] < 0.0, -q, q)


def scipys(q: Any) -> Rotation:
    return Rotation.from_quat(np.roll(q, -1, axis=-1))


def skew(w: Any) -> np.ndarray:
    return np.array([[0.0, -w[2], w[1]], [w[2], 0.0, -w[0]], [-w[1], w[0], 0.0]])


@fn
def through_all(w: Vec[Real, 3]):
    """A rotated point, and the vector itself: by its quaternion, by its matrix, and by slerp."""
    q = rotations.exp(w)
    moved = rotations.rotate(q, POINT)
    by_matrix = rotations.log(rotations.from_matrix(rotations.to_matrix(q)))
    slerped = rotations.log(rotations.slerp([1.0, 0.0, 0.0, 0.0], q, 1.0))
    return [*moved, *rotations.log(q), *by_matrix, *slerped, *q]


@pytest.fixture(scope="module")
def second() -> Any:
    return jacobian(lambda w: (through_all(w), jacobian(through_all)(w))).compile(Vec[Real, 3])


def exact(w: np.ndarray, orders: tuple[int, ...]) -> list[float]:
    """A partial derivative of the rotated point by Rodrigues's formula, with 40 digits."""
    with mpmath.workdps(40):

        def moved(*x: Any) -> Any:
            r = mpmath.sqrt(sum(v * v for v in x))
            k, p = [v / r for v in x], [mpmath.mpf(float(v)) for v in POINT]
            cross = [k[1] * p[2] - k[2] * p[1], k[2] * p[0] - k[0] * p[2], k[0] * p[1] - k[1] * p[0]]
            along = sum(a * b for a, b in zip(k, p, strict=True)) * (1 - mpmath.cos(r))
            return [
                p[i] * mpmath.cos(r) + cross[i] * mpmath.sin(r) + k[i] * along for i in range(3)
            ]  # fmt: skip

        at = tuple(mpmath.mpf(float(v)) for v in w)
        return [float(mpmath.diff(lambda *x, i=i: moved(*x)[i], at, orders)) for i in range(3)]


@pytest.mark.parametrize("angle", [0.0, 1e-9])
def test_first_and_second_derivatives_at_zero_are_the_generators(second: Any, angle: float):
    first, curvature = second(angle * AXIS)
    np.testing.assert_allclose(first[:3], -skew(POINT), atol=2e-9)
    i, v = np.eye(3), POINT  # the second derivative of w (w . v) / 2 - |w|^2 v / 2
    want = 0.5 * (np.einsum("ai,j->aij", i, v) + np.einsum("aj,i->aij", i, v)) - np.einsum("a,ij->aij", v, i)
    np.testing.assert_allclose(curvature[:3], want, atol=5e-9)
    np.testing.assert_allclose(curvature[12], -0.25 * i, atol=1e-15)  # of cos(|w| / 2)


@pytest.mark.parametrize("angle", [1e-4, 1.0 - 1e-9, 1.0 + 1e-9, np.pi - 1e-3, np.pi, 6.0])
def test_first_and_second_derivatives_of_a_rotated_point_are_exact(second: Any, angle: float):
    w = angle * AXIS
    first, curvature = second(w)
    np.testing.assert_allclose(first[:3, 1], exact(w, (0, 1, 0)), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(curvature[:3, 0, 2], exact(w, (1, 0, 1)), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(curvature[:3, 1, 1], exact(w, (0, 2, 0)), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("angle", TURNS)
def test_the_way_there_and_back_is_the_identity_to_second_order(second: Any, angle: float):
    first, curvature = second(angle * AXIS)
    for part in (slice(3, 6), slice(6, 9), slice(9, 12)):
        np.testing.assert_allclose(through_all(angle * AXIS)[part], angle * AXIS, rtol=1e-14)
        np.testing.assert_allclose(first[part], np.eye(3), atol=2e-14)
        np.testing.assert_allclose(curvature[part], 0.0, atol=5e-14)


def test_quaternions_and_matrices_are_scipys():
    @fn
    def converted(w: Vec[Real, 3]):
        q = rotations.exp(w)
        m = rotations.to_matrix(q)
        return q, m, rotations.from_matrix(m), rotations.log(q * -3.0)

    q, m, again, w = vmap(converted)(VECTORS)
    theirs = Rotation.from_rotvec(VECTORS)
    np.testing.assert_allclose(q, quaternion(theirs), atol=3e-16)
    np.testing.assert_allclose(m, theirs.as_matrix(), atol=1e-15)
    np.testing.assert_allclose(again, q, atol=1e-15)
    np.testing.assert_allclose(w, VECTORS, atol=1e-14)


SEQUENCES = ["".join(p) for p in permutations("xyz")] + [a + b + a for a, b in permutations("xyz", 2)]


def test_euler_angles_are_scipys_in_every_sequence():
    sequences = [*SEQUENCES, *map(str.upper, SEQUENCES)]

    @fn
    def angles(w: Vec[Real, 3]) -> Any:
        q = rotations.exp(w)
        found = [rotations.to_euler(q, s) for s in sequences]
        return found, [rotations.from_euler(s, a) for s, a in zip(sequences, found, strict=True)]

    both: Any = vmap(angles)(VECTORS[9:])
    found, back = both
    theirs = Rotation.from_rotvec(VECTORS[9:])
    assert abs(found).max() <= np.pi
    for k, s in enumerate(sequences):
        np.testing.assert_allclose(np.cos(found[:40, k] - theirs[:40].as_euler(s)), 1.0, atol=1e-15)
        same = scipys(back[:, k]) * theirs.inv()
        assert same.magnitude().max() < 1e-14, s  # next to gimbal lock too
        q = quaternion(Rotation.from_euler(s, found[0, k]))
        np.testing.assert_allclose(back[0, k] * np.sign(back[0, k, 0]), q, atol=1e-15)


def test_slerp_turns_evenly_the_short_way():
    a, b = Rotation.from_rotvec(RNG.normal(size=(2, 3)))
    ends = [quaternion(r) for r in (a, b)]
    f = fn(lambda a, b: vec(5, lambda k: rotations.slerp(a, b, 0.25 * k)))
    theirs = Slerp([0.0, 1.0], Rotation.concatenate([a, b]))(0.25 * np.arange(5))
    for other in (ends[1], -ends[1]):
        ours = scipys(f(ends[0], other))
        assert (ours * theirs.inv()).magnitude().max() < 1e-14


@fn
def rigid(v: Vec[Real, 6], u: Vec[Real, 6], d: Vec[Real, 6]):
    a, b = rotations.exp_pose(v), rotations.exp_pose(u)
    ab = rotations.compose(a, b)
    moving = jvp(lambda w: rotations.to_matrix(rotations.exp(w)))(v[:3], d[:3])
    spin = moving[1] @ vec(3, lambda i: vec(3, lambda j: moving[0][j, i]))
    return {
        "pose": a,
        "by_hand": rotations.place(a, rotations.place(b, POINT)) - rotations.place(ab, POINT),
        "back": rotations.log_pose(rotations.compose(rotations.inverse_pose(a), ab)),
        "adjoints": [rotations.adjoint(a), rotations.adjoint(b), rotations.adjoint(ab)],
        "coadjoint": rotations.coadjoint(a),
        "spin": [spin[2, 1], spin[0, 2], spin[1, 0]],
        "dexp": rotations.dexp(v[:3]) @ d[:3],
        "motion": vec(6, lambda i: rotations.cross_motion(v, vec(6, lambda j: Real(i == j)))),
        "force": vec(6, lambda i: rotations.cross_force(v, vec(6, lambda j: Real(i == j)))),
        "steps": scan(lambda q, t: rotations.integrate(q, v[:3], 0.1), rotations.exp(u[:3]), 10),
        "body_steps": scan(lambda q, t: rotations.integrate_body(q, v[:3], 0.1), rotations.exp(u[:3]), 10),
        "inertia": rotations.spatial_inertia(2.0, u[:3], [[2.0, 0.1, 0.0], [0.1, 3.0, 0.2], [0.0, 0.2, 4.0]]),
    }


@pytest.mark.parametrize("angle", [0.0, 1e-5, 0.9, 1.1, 3.0])
def test_rigid_motions_are_a_group_with_its_exponential(angle: float):
    v, u, d = np.array([*(angle * AXIS), 1.0, 2.0, -0.5]), RNG.normal(size=6), RNG.normal(size=6)
    r = rigid(v, u, d)
    screw = expm(np.block([[skew(v[:3]), v[3:, None]], [np.zeros((1, 4))]]))
    np.testing.assert_allclose(scipys(r["pose"].rotation).as_matrix(), screw[:3, :3],
                               atol=1e-14)  # fmt: skip
    np.testing.assert_allclose(r["pose"].position, screw[:3, 3], rtol=1e-13)
    np.testing.assert_allclose(r["by_hand"], 0.0, atol=1e-14)
    np.testing.assert_allclose(r["back"], u, rtol=1e-12)
    crm = r["motion"].T
    np.testing.assert_allclose(crm, np.block([[skew(v[:3]), np.zeros((3, 3))], [skew(v[3:]), skew(v[:3])]]))
    np.testing.assert_allclose(r["adjoints"][0], expm(crm), atol=1e-13)
    np.testing.assert_allclose(r["adjoints"][0] @ r["adjoints"][1], r["adjoints"][2], atol=1e-13)
    np.testing.assert_allclose(r["coadjoint"], np.linalg.inv(r["adjoints"][0]).T, atol=1e-13)
    np.testing.assert_allclose(r["force"].T, -crm.T)
    np.testing.assert_allclose(r["dexp"], r["spin"], atol=1e-14)
    first, turn = Rotation.from_rotvec(u[:3]), Rotation.from_rotvec(v[:3])
    for steps, want in ((r["steps"], turn * first), (r["body_steps"], first * turn)):
        assert (scipys(steps) * want.inv()).magnitude() < 1e-14


def test_a_spatial_inertia_is_that_of_its_masses():
    masses, places = RNG.uniform(0.5, 1.0, 6), RNG.normal(size=(6, 3))
    centre = masses @ places / masses.sum()
    about: Any = sum(m * skew(p) @ skew(p).T for m, p in zip(masses, places - centre, strict=True))
    momentum = fn(lambda m, c, i, v: rotations.spatial_inertia(m, c, i) @ v)
    v = RNG.normal(size=6)
    speeds = [v[3:] + np.cross(v[:3], p) for p in places]
    linear: Any = sum(m * s for m, s in zip(masses, speeds, strict=True))
    angular: Any = sum(m * np.cross(p, s) for m, p, s in zip(masses, places, speeds, strict=True))
    np.testing.assert_allclose(momentum(masses.sum(), centre, about, v), [*angular, *linear], rtol=1e-12)


def test_poses_there_and_back_are_the_identity_to_second_order():
    f = fn(lambda v: rotations.log_pose(rotations.exp_pose(v)))
    both = jacobian(lambda v: (f(v), jacobian(f)(v))).compile(Vec[Real, 6])
    for angle in (0.0, 1e-5, 1.0 - 1e-9, 1.0 + 1e-9, np.pi - 1e-6):
        first, curvature = both([*(angle * AXIS), 1.0, 2.0, -0.5])
        np.testing.assert_allclose(first, np.eye(6), atol=1e-13)
        np.testing.assert_allclose(curvature, 0.0, atol=1e-12)


def test_results_are_the_same_strict_in_lanes_and_nearly_so_in_single_precision():
    w = 0.7 * AXIS
    strict = through_all.compile(math="strict")(w)
    np.testing.assert_allclose(interpreted(through_all, w), strict, rtol=1e-15)
    lanes = vmap(through_all).compile(Vec[Vec[Real, 3], 4], math="strict")([w, 2.0 * w, 0.0 * w, w])
    np.testing.assert_array_equal(lanes[[0, 3]], [strict, strict])
    single = through_all.compile(precision="f32")
    for angle in TURNS[:-3]:
        np.testing.assert_allclose(single(angle * AXIS)[:6], through_all(angle * AXIS)[:6], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda x: rotations.exp([x, x]), "Vec[Real, 2] was found in exp; expected a vector of 3"),
        (lambda x: rotations.log(x), "Real was found in log; expected a vector of 4"),
        (lambda x: rotations.from_matrix([x, x, x]), "expected a matrix of 3 rows and columns"),
        (lambda x: rotations.from_euler("xyX", [x, x, x]), "the sequence 'xyX' was found; expected 1 or 2 or 3 of x"),
        (lambda x: rotations.to_euler([x, x, x, x], "xxy"), "none twice in a row"),
        (
            lambda x: rotations.from_euler("xy", [x, x, x]),
            "Vec[Real, 3] was found in from_euler; expected a vector of 2",
        ),
    ],
)
def test_what_is_no_rotation_is_refused_at_its_line(use: Any, said: str):
    with pytest.raises(TypeMismatch) as caught:
        fn(use)(1.0)
    assert said in str(caught.value) and str(caught.value.where).startswith(__file__)


def test_a_pose_is_a_struct():
    f = fn(lambda poses: scan(lambda p, i: rotations.compose(p, poses[i]), Pose([1.0, 0.0, 0.0, 0.0], [0.0] * 3), 2))
    half = [0.0, 0.0, 0.0, 1.0]
    last: Any = f([Pose(half, [1.0, 0.0, 0.0]), Pose(half, [1.0, 0.0, 0.0])])
    assert abs(last.rotation[0]) == 1.0 and last.position.tolist() == [0.0, 0.0, 0.0]
    none: Any = fn(lambda q: qmul(q, rotations.inverse(q)))(half)
    assert none.tolist() == [1.0, 0.0, 0.0, 0.0]
