"""Where two boxes touch: against MuJoCo's numbers, by geometry alone, and where faces and edges are aligned."""

import json
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contact_kit import compare, listed, placed, unit
from robots_kit import rotation

from rosesim import Real, const, fn, grad, jvp, scan, stack
from rosesim.robots import Model, load
from rosesim.robots.contact.overlap import corners

pytestmark = pytest.mark.usefixtures("unoptimised")

PAIR = ("box", "box")
RECORDED: Any = json.loads((Path(__file__).parents[1] / "reference" / "boxes.json").read_text(encoding="utf-8"))
BOX = (0.2, 0.15, 0.1)
X, Y, Z = np.eye(3)
TURN, SHIFT = rotation(unit(2.0, -1.0, 0.5, 1.0)), np.array([0.4, -0.3, 0.7])
"""Of the first box: whatever holds, holds anywhere."""


@pytest.mark.parametrize("kind", sorted({c["kind"] for c in RECORDED["cases"]}))
def test_boxes_touch_as_in_mujoco(kind: str):
    """A face of the first or the second, edges that cross or pass, faces that are preferred to edges, and nothing."""
    for case in RECORDED["cases"]:
        if case["kind"] == kind:
            expected = [[c["dist"], *c["pos"], *c["normal"]] for c in case["contacts"]]
            found = listed(PAIR, case["pos"], case["mat"], case["size"])
            compare(found, np.reshape(expected, (-1, 7)))
            back = listed(PAIR, case["pos"][::-1], case["mat"][::-1], case["size"][::-1])
            back[:, 4:] *= -1.0  # the other one first: the same, but the normal goes the other way
            compare(back, np.reshape(expected, (-1, 7)))


def on_top(offset: Any, turn: Any, size: Any = BOX) -> Any:
    """The contacts of a box at an offset from the first one, in the frame of that."""
    found = listed(PAIR, [SHIFT, TURN @ offset + SHIFT], [np.ravel(TURN), np.ravel(TURN @ turn)], [BOX, size])
    return np.concatenate([found[:, :1], (found[:, 1:4] - SHIFT) @ TURN, found[:, 4:] @ TURN], axis=1)


def corners_at(points: Any, gap: float) -> Any:
    """Contacts on top of the first box."""
    return np.array([[gap, x, y, 0.1 + 0.5 * gap, 0.0, 0.0, 1.0] for x, y in points])


def about_z(angle: float) -> Any:
    return rotation((np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)))


@pytest.mark.parametrize("angle", [0.0, 1e-13, -1e-12])
@pytest.mark.parametrize("gap", [-0.001, 0.02])
def test_aligned_boxes_touch_at_four_corners(angle: float, gap: float):
    """Also where rounding turns them: lines that are the same but for that are one."""
    turn = about_z(angle)
    full = [(x, y) for x in (-0.2, 0.2) for y in (-0.15, 0.15)]
    close = 1e-12 if angle == 0.0 else 1e-11

    def compare_to(found: Any, expected: Any):
        assert found.shape == expected.shape
        assert all(np.abs(found - row).max(axis=1).min() < close for row in expected)

    compare_to(on_top((0.0, 0.0, 0.2 + gap), turn), corners_at(full, gap))
    shifted = [(x, y) for x in (-0.15, 0.2) for y in (-0.15, 0.12)]
    compare_to(on_top((0.05, -0.03, 0.2 + gap), turn), corners_at(shifted, gap))
    small = [(x, y) for x in (0.0, 0.2) for y in (-0.1, 0.1)]  # side by side with one edge
    compare_to(on_top((0.1, 0.0, 0.2 + gap), turn, (0.1, 0.1, 0.1)), corners_at(small, gap))
    upright = about_z(angle + np.pi / 2)
    compare_to(on_top((0.0, 0.0, 0.2 + gap), upright, (0.15, 0.2, 0.1)), corners_at(full, gap))


def test_a_box_that_is_turned_on_another_touches_at_the_corners_of_an_octagon():
    found = on_top((0.0, 0.0, 0.199), about_z(0.3))
    c, s = np.cos(0.3), np.sin(0.3)
    assert len(found) == 8
    on_x = sorted(found[np.abs(found[:, 1] - 0.2) < 1e-12][:, 2])
    on_y = sorted(found[np.abs(found[:, 2] - 0.15) < 1e-12][:, 1])
    assert on_x == pytest.approx([(0.2 * s - 0.15) / c, (0.2 - 0.2 * c) / s])
    assert on_y == pytest.approx([(0.15 * c - 0.15) / s, (0.2 - 0.15 * s) / c])


@fn
def overlap(half: Any, centre: Any, sides: Any) -> Any:
    found = corners([half[0], half[1]], [centre[0], centre[1]], [[sides[k, 0], sides[k, 1]] for k in range(2)])
    return stack([stack([Real(x), Real(y), Real(there) * 1.0]) for x, y, there in found])


def test_corners_of_an_overlap_are_all_points_where_bounds_meet():
    """Of all points where two of the eight lines meet, those that are within the other bounds."""
    draw, counts = np.random.default_rng(3), set[int]()
    for k in range(120):
        half, centre = draw.uniform(0.5, 1.0, 2), draw.uniform(-1.2, 1.2, 2)
        sides = draw.normal(size=(2, 2))
        if k % 4 == 0:  # a rectangle that is turned a little: up to eight corners
            centre, sides = 0.1 * centre, half[:, None] * about_z(draw.uniform(0.05, 0.4))[:2, :2]
        inverse = np.linalg.inv(sides.T)
        rows = np.concatenate([np.eye(2), inverse])
        middle, reach = np.concatenate([np.zeros(2), inverse @ centre]), np.concatenate([half, np.ones(2)])
        expected: list[Any] = []
        for i, j in combinations(range(4), 2):
            for a in (-1.0, 1.0):
                for b in (-1.0, 1.0):
                    at = np.linalg.solve(rows[[i, j]], middle[[i, j]] + [a * reach[i], b * reach[j]])
                    if (abs(rows @ at - middle) < reach + 1e-9).all():
                        expected.append(at)
        found = overlap(half, centre, sides)
        found = found[found[:, 2] > 0.5][:, :2]
        assert len(found) == len(expected)
        for row in expected:
            assert np.abs(found - row).max(axis=1).min() < 1e-9  # of nearly parallel lines
        counts.add(len(found))
    assert counts >= {0, 3, 4, 5, 6, 7, 8}


@cache
def slope() -> Any:
    return jvp(placed(*PAIR))


def test_how_contacts_of_boxes_move():
    """Distances, points and normals move as differences say: by place, turn and size."""
    f = placed(*PAIR)
    draw, h = np.random.default_rng(5), 1e-6
    for case in RECORDED["cases"]:
        pos, mat, size = (np.array(case[k]) for k in ("pos", "mat", "size"))
        steps = [draw.normal(size=x.shape) for x in (pos, mat, size)]
        skew = [np.cross(np.eye(3), draw.normal(size=3)) for _ in range(2)]
        steps[1] = np.array([np.ravel(w @ m.reshape(3, 3)) for w, m in zip(skew, mat, strict=True)])
        value, change = slope()(pos, mat, size, *steps)
        there = value[:, 0] < 100.0
        ahead, back = (f(pos + d * steps[0], mat + d * steps[1], size + d * steps[2]) for d in (h, -h))
        assert (change[~there][:, 0] == 0.0).all()
        np.testing.assert_allclose(change[there], ((ahead - back) / (2.0 * h))[there], rtol=1e-6, atol=1e-6)


ALIGNED = [
    (np.zeros(3), np.eye(3)),
    (0.2 * Z, np.eye(3)),
    (0.199 * Z, np.eye(3)),
    (0.3 * Y, np.eye(3)),
    (0.4 * X + 0.3 * Y, np.eye(3)),  # edge on edge
    (0.4 * X + 0.3 * Y + 0.2 * Z, np.eye(3)),  # corner on corner
    (0.42 * X + 0.33 * Y, rotation(unit(1.0, 2e-9, 1e-9, 0.0))),
    (0.199 * Z, about_z(np.pi / 2)),
    (0.199 * Z, about_z(np.pi / 4)),
    (0.1 * Z + 0.2 * np.sqrt(0.5) * Z, rotation(unit(1.0, np.tan(np.pi / 8), 0.0, 0.0))),  # an edge along a face
]
"""Where faces, edges and corners are exactly on each other, or edges are parallel but for rounding."""


@pytest.mark.parametrize("size", [BOX, (0.2, 0.2, 0.2)])
def test_aligned_boxes_have_derivatives(size: Any):
    draw = np.random.default_rng(1)
    for offset, turn in ALIGNED:
        pos, mat = np.array([np.zeros(3), offset]), np.array([np.ravel(np.eye(3)), np.ravel(turn)])
        for _ in range(3):
            steps = draw.normal(size=(2, 3)), draw.normal(size=(2, 9)), draw.normal(size=(2, 3))
            value, change = slope()(pos, mat, np.array([BOX, size]), *steps)
            assert np.isfinite(value).all()
            assert np.isfinite(change).all()
            assert np.abs(change).max() < 1e3
            there = value[:, 0] < 0.6
            assert np.abs(np.linalg.norm(value[there, 4:], axis=1) - 1.0).max(initial=0.0) < 1e-12


def falling(k: int, folder: Path) -> Model:
    file = folder / "boxes.xml"
    file.write_text(RECORDED["falls"][k]["model"], encoding="utf-8")
    return load(file)


@pytest.mark.parametrize("k", [0, pytest.param(1, marks=pytest.mark.full)])
def test_a_box_falls_and_comes_to_rest_as_in_mujoco(k: int, tmp_path: Path):
    """On its edge, over onto a face of a fixed box, or of one that stands on the ground."""
    fall, robot = RECORDED["falls"][k], falling(k, tmp_path)
    step = robot.function("step").compile()
    q, v, at = robot.start, np.zeros(robot.nv), 0
    for steps, expected in fall["qpos"]:
        for _ in range(steps - at):
            q, v = step(q, v, np.zeros(0))
        at = steps
        np.testing.assert_allclose(q, expected, atol=1e-12)  # 1e-15 as a rule
    assert np.abs(v).max() < 2e-3


@pytest.mark.full
def test_the_gradient_of_a_fall_onto_a_box(tmp_path: Path):
    """Through touching an edge and turning over it, by the start's velocity."""
    robot = falling(0, tmp_path)

    @fn
    def end(v: Any) -> Real:
        q = scan(lambda s, t: robot.step(s[0], s[1], []), (const(robot.start), v), 110)[0]
        return q[0] + 2.0 * q[1] + 3.0 * q[2] + q[4]

    v = np.array([0.1, 0.05, -0.4, 0.2, -0.3, 0.1])
    found = grad(end)(v)
    for h in (1e-5, 1e-6):
        by_differences = [(end(v + d) - end(v - d)) / (2.0 * h) for d in h * np.eye(6)]
        np.testing.assert_allclose(found, by_differences, rtol=1e-5, atol=1e-6)
