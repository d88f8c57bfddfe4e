"""Contacts of one kind are one loop: how large programs are, what loops know, and long eliminations."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robots_kit import mjcf
from shown import program

from rosesim import Real, fn, grad, jacobian, stack, value_and_grad
from rosesim.ad.program.ir import Block, all_lets, reachable
from rosesim.robots import Compliant, Model, elimination
from rosesim.robots.algebra import vector
from rosesim.robots.contact import contacts
from rosesim.robots.contact.tables import Made, Table, guarded, listed

pytestmark = pytest.mark.usefixtures("unoptimised")


def operations(func: Any) -> int:
    """How many operations a program has, with all that it calls."""
    return sum(len(list(all_lets(f.body))) for f in reachable(func) if isinstance(f.body, Block))


def clusters(folder: Path, count: int) -> Model:
    """Two sliding bodies of some balls each, on a plane: every ball may touch it, and the other body's balls."""
    balls = "".join(f'<geom size="0.1" pos="{0.1 * k} 0 0" mass="1"/>' for k in range(count))
    joints = '<joint type="slide" axis="0 0 1"/><joint type="slide" axis="1 0 0"/>'
    bodies = "".join(f'<body pos="0 0 {z}">{joints}{balls}</body>' for z in (0.09, 0.28))
    return Model(mjcf(folder, f'<geom type="plane" size="9 9 1"/>{bodies}'))


@pytest.mark.parametrize("contact", ["soft", "compliant"])
def test_a_program_is_as_large_as_its_kinds_of_contacts(contact: Any, tmp_path: Path):
    """8 contacts or 80 of two kinds, and their derivative: what grows is where the balls are."""
    sizes: dict[int, tuple[int, int]] = {}
    for count in (2, 8):
        robot = clusters(tmp_path, count)
        args = robot.start, np.zeros(robot.nv), np.zeros(0)

        def pulled(q: Any, v: Any, u: Any, robot: Model = robot) -> Any:
            return robot.acceleration(q, v, u, contact=contact)[2]

        sizes[count] = operations(program(pulled, *args)), operations(program(value_and_grad(fn(pulled)), *args))
    for few, many in zip(*sizes.values(), strict=True):
        assert many < 1.3 * few


def test_a_row_of_balls_carries_its_weight(tmp_path: Path):
    """Each of many contacts counts once, wherever it stands in its kind: those that touch are every other one."""
    balls = "".join(
        f'<geom size="{0.1 if k % 2 else 0.05}" pos="{0.2 * k - 0.9} {0.1 * (k % 4) - 0.15} 0" mass="1"/>'
        for k in range(10)
    )
    robot = Model(mjcf(tmp_path, f'<geom type="plane" size="9 9 1"/><body pos="0 0 0.1"><freejoint/>{balls}</body>'))
    step = robot.function("step", integrator="euler")
    q, v = robot.start, np.zeros(6)
    for _ in range(400):
        q, v = step(q, v, [])
    assert np.abs(v).max() < 1e-6 and 0.09 < q[2] < 0.1


def test_limbs_of_one_body_push_each_other_apart(tmp_path: Path):
    """With opposite forces, so that what carries them feels nothing; one of the two is two joints away from it."""
    slide = '<joint type="slide" axis="1 0 0"/>'
    ball = '<geom size="0.1" mass="1"/>'
    limbs = (
        f'<body pos="-0.09 0 0">{slide}{ball}</body><body pos="0.09 0 0">{slide}<inertial pos="0 0 0" mass="1" '
        f'diaginertia="1 1 1"/><body>{slide}{ball}</body></body>'
    )
    robot = Model(
        mjcf(
            tmp_path,
            f'<body pos="0 0 1">{slide}<geom size="0.01" mass="3" contype="0" conaffinity="0"/>{limbs}</body>',
        )
    )
    q, v = robot.start, np.array([0.1, 0.2, -0.1, -0.2])
    a = robot.acceleration(q, v, [])
    force = robot.inverse(q, v, a)
    assert force[1] < -1.0
    assert force == pytest.approx([0.0, force[1], -force[1], -force[1]], abs=1e-9)
    slopes = jacobian(fn(lambda v: robot.acceleration(q, v, [])))(v)
    h = 1e-5
    ends = [[robot.acceleration(q, v + side * h * e, []) for side in (1.0, -1.0)] for e in np.eye(4)]
    assert np.transpose(slopes) == pytest.approx(np.array([(x - y) / (2.0 * h) for x, y in ends]), rel=1e-6, abs=1e-6)


def test_numbers_that_are_known_and_alike_stay_known():
    """So a planar robot's loops are planar."""
    seen: list[Any] = []

    @fn
    def found(x: Any) -> Any:
        table = Table([[0.0, 1.0, x[0]], [0.0, 2.0, x[1]], [9.0, 9.0, 9.0]], [1, 0, 1])

        def make(i: Any) -> list[Any]:
            row = table.at(i)
            seen[:] = [isinstance(value, float) for value in row]
            return [*row, 5.0]

        made = Made(3, make)
        assert [isinstance(value, float) for value in made.at(0)] == [True, False, False, True]
        return stack([stack([Real(value) for value in made.at(k)]) for k in range(3)])

    assert found([7.0, 8.0]).tolist() == [[0.0, 2.0, 8.0, 5.0], [0.0, 1.0, 7.0, 5.0], [0.0, 2.0, 8.0, 5.0]]
    assert seen == [True, False, False]


def test_a_branch_keeps_what_is_known():
    @fn
    def found(x: Any) -> Any:
        values = guarded(x > 0.0, lambda: [0.0, 1.0, 2.0 * x])
        assert values[:2] == [0.0, 1.0]
        return values[2]

    assert (found(3.0), found(-3.0)) == (6.0, 0.0)


def test_active_ones_are_listed_in_order():
    @fn
    def found(x: Any) -> Any:
        return listed(5, lambda i: x[i] > 0.0)

    for x in ([1, 0, 0, 1, 1], [0] * 5, [1] * 5, [0, 0, 0, 0, 1]):
        order, count = found(np.array(x, float))
        assert order[:count].tolist() == np.flatnonzero(x).tolist()


def test_a_long_elimination_is_that_which_is_written_out(monkeypatch: pytest.MonkeyPatch):
    """Of two blocks that do not couple, in a pattern that says that they may, and of one that has no zeros."""
    n, rng = 7, np.random.default_rng(0)
    met = [list(range(k - 1, -1, -1)) for k in range(n)]
    half = rng.normal(size=(n, n))
    full = half @ half.T + np.eye(n)
    blocks = full * (np.arange(n)[:, None] // 4 == np.arange(n) // 4)
    b = rng.normal(size=n)

    def made() -> Any:
        @fn
        def found(matrix: Any, b: Any) -> Any:
            low = elimination.factor(met, {(i, j): matrix[i, j] for i in range(n) for j in range(i + 1)})
            low = elimination.unpacked(met, elimination.packed(met, low))
            return vector(elimination.solved(met, low, [b[i] for i in range(n)]))

        return found

    out, loops = made(), made()
    for matrix in (full, blocks):
        expected = np.linalg.solve(matrix, b)
        assert out(matrix, b) == pytest.approx(expected, rel=1e-12)
    monkeypatch.setattr(elimination, "LONG", 0)
    assert elimination.is_long(met)
    for matrix in (full, blocks):
        assert loops(matrix, b) == pytest.approx(np.linalg.solve(matrix, b), rel=1e-12)


@pytest.mark.parametrize("contact", ["soft", Compliant()])
def test_derivatives_through_a_long_elimination(contact: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The same as through one that is written out: of a sphere that slides on another one on the ground."""
    body = (
        '<geom type="plane" size="9 9 1"/><body pos="0 0 0.099"><joint type="slide" axis="0 0 1"/>'
        '<joint type="slide" axis="1 0 0" damping="0.1"/><geom size="0.1" mass="1"/></body><body pos="0.02 0 0.297">'
        '<joint type="slide" axis="0 0 1"/><joint type="slide" axis="1 0 0"/><geom size="0.1" mass="1"/></body>'
    )
    results: list[Any] = []
    for long in (elimination.LONG, 0):
        monkeypatch.setattr(elimination, "LONG", long)
        robot = Model(mjcf(tmp_path, body))

        @fn
        def end(q: Any, v: Any, robot: Model = robot) -> Any:
            q, v = robot.step(q, v, [], contact=contact, integrator="euler")
            return q @ v + v[0]

        q, v = np.array([0.0, 0.01, -0.001, 0.0]), np.array([-0.1, 0.2, -0.3, 0.1])
        results.append(np.concatenate(grad(end)(q, v)))
    assert results[1] == pytest.approx(results[0], rel=1e-9) and np.abs(results[0]).min() > 0.0


@pytest.mark.parametrize("contact", ["soft", "compliant"])
def test_contacts_of_several_shapes_in_one_loop_are_those_of_loops_apart(
    contact: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Spheres, a capsule and boxes, of other masses and frictions, each deep in another; boxes have eight."""
    shapes = (
        '<geom size="0.1" friction="0.3" mass="{m}"/>',
        '<geom type="box" size="0.1 0.1 0.1" friction="0.9" mass="{m}"/>',
        '<geom type="capsule" size="0.1 0.05" friction="0.6" mass="{m}"/>',
    )
    bodies = ""
    for k, shape in enumerate((*shapes, *shapes)):
        at = f"{0.5 * (k % 3)} 0.02 {0.17 * (k // 3)}"
        bodies += f'<body pos="{at}" euler="{4 * k} 3 2"><freejoint/>{shape.format(m=1 + 2 * k)}</body>'
    file = mjcf(tmp_path, bodies)
    v = np.random.default_rng(0).normal(0.0, 0.1, 36)
    found: list[Any] = []
    for joined in (True, False):
        if not joined:
            monkeypatch.setattr(contacts, "_joined", lambda meetings: [[one] for one in meetings])
        robot = Model(file)
        found.append(robot.acceleration(robot.start, v, [], contact=contact))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-8, atol=1e-8)
    at_rest = Model(file).acceleration(robot.start, v, [], contact="none")
    assert all(np.abs((found[0] - at_rest)[6 * k : 6 * k + 6]).max() > 0.1 for k in range(6)), "all touch"
