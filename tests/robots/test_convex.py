"""Where convex shapes touch that no closed form is there for: by geometry alone, and against MuJoCo's numbers."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contact_kit import MARGIN, listed, placed, unit
from robots_kit import rotation

from rosesim import Real, check_grads, const, fn, grad, jvp, scan
from rosesim.robots import Model, load
from rosesim.robots.contact import patches
from rosesim.robots.contact.hulls import Hulls
from rosesim.robots.description import Mesh

RECORDED: Any = json.loads((Path(__file__).parents[1] / "reference" / "convex.json").read_text(encoding="utf-8"))
SIZES: dict[str, tuple[float, ...]] = {
    "sphere": (0.1,),
    "capsule": (0.1, 0.2),
    "ellipsoid": (0.3, 0.2, 0.1),
    "cylinder": (0.2, 0.15),
    "box": (0.2, 0.15, 0.1),
}
MESHES = [
    Mesh(name, tuple(map(tuple, m["vertices"])), tuple(map(tuple, m["faces"])))
    for name, m in RECORDED["meshes"].items()
]
NAMES = [mesh.name for mesh in MESHES]
PAIRS = sorted({tuple(c["pair"]) for c in RECORDED["cases"]})
DEFAULT = {("ellipsoid", "cylinder"), ("cylinder", "box"), ("capsule", "mesh")}
"""Every shape, smooth, with edges, and with a radius; the other pairs are compiled in the whole suite."""
SHARE = [p if p in DEFAULT else pytest.param(p, marks=pytest.mark.full) for p in PAIRS]
LIE = [
    p if p in DEFAULT else pytest.param(p, marks=pytest.mark.full)
    for p in sorted({tuple(c["pair"]) for c in RECORDED["cases"] if c["kind"] == "flat"})
]
pytestmark = pytest.mark.usefixtures("unoptimised")


@cache
def hulls() -> Hulls:
    return Hulls(MESHES)


def sizes(pair: Any, meshes: Any = ("block", "stone")) -> Any:
    """Both shapes' numbers; five each, of which a shape takes its own."""
    found = np.zeros((2, 5))
    for k, kind in enumerate(pair):
        numbers = hulls().size(NAMES.index(meshes[k])) if kind == "mesh" else SIZES[kind]
        found[k, : len(numbers)] = numbers
    return found


def of_pair(pair: Any) -> Any:
    return placed(*pair, hulls() if "mesh" in pair else None)


def recorded(pair: Any, *kinds: str) -> list[tuple[Any, Any, Any]]:
    """Of each case its fields, what is found, and what MuJoCo finds."""
    found: list[tuple[Any, Any, Any]] = []
    for case in RECORDED["cases"]:
        if tuple(case["pair"]) == pair and case["kind"] in kinds:
            size = sizes(pair, case["meshes"])
            rows = listed(pair, case["pos"], case["mat"], size, hulls() if "mesh" in pair else None)
            found.append((case, rows, np.array([[c["dist"], *c["pos"], *c["normal"]] for c in case["contacts"]])))
    return found


@pytest.mark.parametrize("pair", SHARE)
def test_convex_shapes_touch_as_in_mujoco(pair: Any):
    """Its search stops at 1e-12 of a squared distance, so that its normals are off by some millionths, and places on
    smooth surfaces as much."""
    for case, found, expected in recorded(pair, "apart", "overlap"):
        assert found.shape == expected.shape, case["kind"]
        assert (np.abs(found - expected) < [1e-7, 2e-5, 2e-5, 2e-5, 1e-4, 1e-4, 1e-4]).all(), case["kind"]


def area(points: Any) -> float:
    """Of a quadrilateral, or the length of a line."""
    if len(points) == 2:
        return float(np.linalg.norm(points[0] - points[1]))
    ways = (points[list(order)] for order in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 1, 3, 2)))
    return max(0.5 * float(np.linalg.norm(np.cross(p[2] - p[0], p[3] - p[1]))) for p in ways)


@pytest.mark.parametrize("pair", LIE)
def test_flat_sides_lie_on_each_other_as_in_mujoco(pair: Any):
    """As many contacts on as large an area. Which corners count of more than four, and where those of a round end
    are, is another matter."""
    for case, found, expected in recorded(pair, "flat"):
        assert found.shape == expected.shape
        size = sizes(pair, case["meshes"])
        for row in found:
            for k, sign in enumerate((-1.0, 1.0)):
                surface = row[1:4] + 0.5 * sign * row[0] * row[4:]
                turn = np.reshape(case["mat"][k], (3, 3))
                assert abs(outside(pair[k], size[k], (surface - case["pos"][k]) @ turn)) < 1e-5  # by the tilt
        assert np.abs(expected[:, 4:] - found[0, 4:]).max() < 5e-3  # either side's normal
        assert area(found[:, 1:4]) > 0.85 * area(expected[:, 1:4])  # of six corners it takes the largest four
        assert found[:, 0].mean() == pytest.approx(expected[:, 0].mean(), abs=3e-4)


def farthest(kind: str, size: Any, n: Any) -> Any:
    """The point of a shape at the origin that is farthest along a direction."""
    match kind:
        case "sphere":
            return size[0] * n
        case "capsule":
            return size[0] * n + [0.0, 0.0, size[1] * np.sign(n[2])]
        case "ellipsoid":
            return size[:3] ** 2 * n / np.linalg.norm(size[:3] * n)
        case "cylinder":
            return np.array([*(size[0] * n[:2] / max(float(np.hypot(*n[:2])), 1e-300)), size[1] * np.sign(n[2])])
        case "box":
            return size[:3] * np.sign(n)
        case _:
            points = hulls().vertices[int(size[0]) : int(size[0] + size[1])]
            return points[(points @ n).argmax()]


def outside(kind: str, size: Any, x: Any) -> float:
    """By how much a point is outside a shape at the origin, in some measure that is a length near the surface."""
    match kind:
        case "sphere":
            return float(np.linalg.norm(x) - size[0])
        case "capsule":
            return float(np.linalg.norm(x - [0.0, 0.0, np.clip(x[2], -size[1], size[1])]) - size[0])
        case "ellipsoid":
            return float((np.linalg.norm(x / size[:3]) - 1.0) * size[:3].min())
        case "cylinder":
            return float(max(np.hypot(*x[:2]) - size[0], abs(x[2]) - size[1]))
        case "box":
            return float((np.abs(x) - size[:3]).max())
        case _:
            first, count = int(size[2]), int(size[3])
            normals = hulls().normals[first : first + count]
            corners = hulls().vertices[hulls().corners[first : first + count, 0]]
            return float(np.einsum("fd,fd->f", normals, x - corners).max())


@pytest.mark.parametrize("pair", SHARE)
def test_the_nearest_points_are_on_both_shapes_and_no_direction_parts_them_better(pair: Any):
    """Of shapes apart both together say that the distance is right; of shapes that overlap, that no direction nearby
    is less deep, and of 300 others hardly one."""
    f, size, draw = of_pair(pair), sizes(pair), np.random.default_rng(4)
    counts = {"apart": 0, "overlap": 0}
    for _ in range(80):
        pos = np.array([np.zeros(3), draw.uniform(0.1, 0.6) * unit(*draw.normal(size=3))])
        turns = [rotation(unit(*draw.normal(size=4))) for _ in range(2)]
        found = f(pos, np.reshape(turns, (2, 9)), size)
        distance, point, n = found[0, 0], found[0, 1:4], found[0, 4:]
        if distance > MARGIN or (found[1:, 0] < 100.0).any():
            continue  # far; sides that lie on each other

        def gap(n: Any, pos: Any = pos, turns: Any = turns) -> float:
            a, b = (
                p + turn @ farthest(kind, s, sign * n @ turn)
                for kind, s, p, turn, sign in zip(pair, size, pos, turns, (1.0, -1.0), strict=True)
            )
            return float(n @ (b - a))

        assert np.linalg.norm(n) == pytest.approx(1.0, abs=1e-12)
        for k, sign in enumerate((-1.0, 1.0)):
            surface = point + 0.5 * sign * distance * n
            assert abs(outside(pair[k], size[k], (surface - pos[k]) @ turns[k])) < 1e-9
        assert gap(n + 1e-300) == pytest.approx(distance, abs=1e-9)
        near = [gap(unit(*(n + 0.01 * draw.normal(size=3)))) for _ in range(20)]
        assert max(near) < distance + 1e-9
        if distance < -0.05:  # deeper, a direction far away may be a little better
            continue
        counts["apart" if distance > 0.0 else "overlap"] += 1
        assert max(gap(unit(*draw.normal(size=3))) for _ in range(100)) < distance + 1e-9
    assert min(counts.values()) >= 3


@pytest.mark.parametrize(
    "pair", [("ellipsoid", "cylinder"), pytest.param(("cylinder", "mesh"), marks=pytest.mark.full)]
)
def test_how_contacts_of_convex_shapes_move(pair: Any):
    """Distances, points and normals move as differences say: by place, turn and size."""
    f, slope, draw, h = of_pair(pair), jvp(of_pair(pair)), np.random.default_rng(5), 1e-6
    for case in RECORDED["cases"]:
        if tuple(case["pair"]) != pair or case["kind"] == "flat":
            continue
        pos, mat, size = np.array(case["pos"]), np.array(case["mat"]), sizes(pair)
        steps = [draw.normal(size=x.shape) for x in (pos, mat, size)]
        for k, kind in enumerate(pair):
            steps[2][k] *= 0.0 if kind == "mesh" else size[k] != 0.0
        skew = [np.cross(np.eye(3), draw.normal(size=3)) for _ in range(2)]
        steps[1] = np.array([np.ravel(w @ m.reshape(3, 3)) for w, m in zip(skew, mat, strict=True)])
        value, change = slope(pos, mat, size, *steps)
        ahead, back = (f(pos + d * steps[0], mat + d * steps[1], size + d * steps[2]) for d in (h, -h))
        there = value[:, 0] < 100.0
        np.testing.assert_allclose(change[there], ((ahead - back) / (2.0 * h))[there], rtol=1e-6, atol=1e-6)


OFFSETS = [
    np.array(x)
    for x in (
        (0.0, 0.0, 0.0),  # one centre
        (0.0, 0.0, 0.249),  # an end on a face
        (0.0, 0.0, 0.25),
        (0.35, 0.0, 0.0),  # a side on a face
        (0.399, 0.0, 0.0),
        (0.4, 0.0, 0.25),  # a rim on an edge
        (0.4, 0.3, 0.25),  # and on a corner
        (0.2, 0.15, 0.1),
    )
]
TURNS = [
    (1.0, 0.0, 0.0, 0.0),
    (1.0, 1.0, 0.0, 0.0),
    (1.0, 0.0, 0.0, 1.0),
    (1.0, 1e-9, 0.0, 0.0),
    (1.0, 1e-13, 1e-12, 0.0),
]
"""Aligned, and aligned but for rounding."""


@pytest.mark.parametrize(
    "pair",
    [("cylinder", "box"), *(pytest.param(p, marks=pytest.mark.full) for p in PAIRS if p != ("sphere", "mesh"))],
)
def test_aligned_shapes_have_derivatives(pair: Any):
    """All but a sphere whose centre is on a side of a mesh, as deep as its radius, where a distance of 0 has none."""
    slope, draw, size = jvp(of_pair(pair)), np.random.default_rng(1), sizes(pair, ("block", "block"))
    grows = (size != 0.0) * np.array([[kind != "mesh"] for kind in pair])
    for offset in OFFSETS:
        for quat in TURNS:
            pos, mat = (
                np.array([np.zeros(3), offset]),
                np.array([np.ravel(np.eye(3)), np.ravel(rotation(unit(*quat)))]),
            )
            steps = draw.normal(size=(2, 3)), draw.normal(size=(2, 9)), grows * draw.normal(size=(2, 5))
            value, change = slope(pos, mat, size, *steps)
            assert np.isfinite(value).all() and np.isfinite(change).all()
            assert np.abs(change).max() < 1e4
            there = value[:, 0] < 100.0
            assert np.abs(np.linalg.norm(value[there, 4:], axis=1) - 1.0).max(initial=0.0) < 1e-12


@pytest.mark.full
def test_the_second_derivative_of_a_contact():
    """Of where an egg is nearest to another one, by its place."""
    f, draw = of_pair(("ellipsoid", "ellipsoid")), np.random.default_rng(6)
    case = next(
        c for c in RECORDED["cases"] if tuple(c["pair"]) == ("ellipsoid", "ellipsoid") and c["kind"] == "apart"
    )
    pos, mat, size = np.array(case["pos"]), np.array(case["mat"]), sizes(("ellipsoid", "ellipsoid"))

    @fn
    def of(x: Any) -> Real:
        found = f(const(pos).at[1].set(x), const(mat), const(size))
        return found[0, 0] + 2.0 * found[0, 1] - found[0, 5]

    slope, way, h = grad(of), draw.normal(size=3), 1e-5
    bend = jvp(slope)(pos[1], way)[1]
    by_differences = (slope(pos[1] + h * way) - slope(pos[1] - h * way)) / (2.0 * h)
    np.testing.assert_allclose(bend, by_differences, rtol=1e-7, atol=1e-7)


def resting(name: str, folder: Path) -> tuple[Model, Any]:
    found = next(r for r in RECORDED["rests"] if r["name"] == name)
    file = folder / "robot.xml"
    file.write_text(found["model"].replace("ccd_", "_").replace('_tolerance="1e-12" _iterations="500"', ""))
    return load(file), np.array(found["qacc"])


@pytest.mark.parametrize(
    "name",
    [
        "a cylinder on a box",
        "a tetrahedron on the ground",
        pytest.param("an egg on a can", marks=pytest.mark.full),
        pytest.param("a block on a block", marks=pytest.mark.full),
    ],
)
def test_what_rests_stays_at_rest(name: str, tmp_path: Path):
    """It begins with MuJoCo's acceleration, whose meshes are in single precision, and ends without a velocity."""
    robot, expected = resting(name, tmp_path)
    step = robot.function("step").compile()
    q, v = robot.start, np.zeros(6)
    first = step(q, v, np.zeros(0))[1] / robot.timestep
    np.testing.assert_allclose(first, expected, atol=2e-4 * 9.81)
    for _ in range(1500):
        q, v = step(q, v, np.zeros(0))
    assert np.abs(v).max() < 1e-6
    before = np.array(q)
    for _ in range(300):
        q, v = step(q, v, np.zeros(0))
    np.testing.assert_allclose(q, before, atol=1e-7)


@pytest.mark.full
def test_a_touching_event_is_named(tmp_path: Path):
    """A mesh 2 cm above the ground touches after 31 or 32 steps of 2 ms, by a billionth of a metre."""
    robot, _ = resting("a tetrahedron on the ground", tmp_path)

    @fn
    def height(z: Any) -> Real:
        start = const(robot.start).at[2].set(z)
        return scan(lambda s, t: robot.step(s[0], s[1], []), (start, np.zeros(6)), 36)[0][2]

    fallen = 9.81 * 0.002**2 * 31 * 32 / 2
    found = str(check_grads(height, fallen + 1e-9))
    assert f"whether stone touches ground in {__file__}" in found


@pytest.mark.full
def test_the_gradient_of_a_fall_onto_a_flat_side(tmp_path: Path):
    """A cylinder comes down on its rim, and over onto its end, by the start's velocity."""
    robot, _ = resting("a cylinder on a box", tmp_path)
    start = robot.start.copy()
    start[2], start[3:] = 0.12, unit(1.0, 0.2, 0.1, 0.0)

    @fn
    def end(v: Any) -> Real:
        q = scan(lambda s, t: robot.step(s[0], s[1], []), (const(start), v), 100)[0]
        return q[0] + 2.0 * q[1] + 3.0 * q[2] + q[4]

    v = np.array([0.1, 0.05, -0.8, 0.2, -0.3, 0.1])
    found = grad(end)(v)
    for h in (1e-5, 1e-6):
        by_differences = [(end(v + d) - end(v - d)) / (2.0 * h) for d in h * np.eye(6)]
        np.testing.assert_allclose(found, by_differences, rtol=1e-5, atol=1e-6)


@fn
def overlap(own: Any, other: Any) -> Any:
    return patches.common(own, other, (Real(0.0), Real(0.0), Real(-1.0)), Real(0.0) > 1.0)[0]


def test_corners_that_two_flat_sides_share():
    """Two rectangles side by side, one in the other, the same; and a triangle over a corner."""
    square = [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)]

    def side(corners: Any, height: float = 0.0) -> Any:
        rows = [*corners, *[corners[0]] * (8 - len(corners))]
        return np.array([[x, y, height] for x, y in rows])

    for middle, half in (
        ((0.1, 0.2), 1.0),
        ((0.0, 0.0), 1.0),
        ((0.1, 0.2), 0.5),
        ((0.0, 0.5), 1.0),
        ((-1.5, 0.0), 1.0),
    ):
        met = [(middle[0] + half * x, middle[1] + half * y) for x, y in square]
        low = [max(-1.0, m - half) for m in middle]
        high = [min(1.0, m + half) for m in middle]
        found = overlap(side(square), side(met[::-1], 0.25))
        assert (found[:, 3] > 0.5).all() and (found[:, 2] == 0.25).all()
        expected = [(x, y) for x in (low[0], high[0]) for y in (low[1], high[1])]
        for corner in expected:
            assert np.abs(found[:, :2] - corner).max(axis=1).min() < 1e-12
    found = overlap(side(square), side([(0.0, 0.0), (0.0, 3.0), (3.0, 0.0)]))
    assert sorted(map(tuple, found[:, :2].round(12).tolist())) == [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
    found = overlap(side(square), side([(2.0, 2.0), (2.0, 3.0), (3.0, 2.0)]))
    assert (found[:, 3] == 0.0).all()
