"""Convex parts."""

import math
import random
from collections.abc import Sequence

import diagrams_kit as kit
import pytest
from diagrams_kit import ARROW, SQUARE

from rosesim.diagrams.library import at_start
from rosesim.diagrams.library.partition import convex_parts, parts
from rosesim.diagrams.library.polygons import outward_sides
from rosesim.diagrams.scalars import evaluated

Points = Sequence[tuple[float, float]]


def area(points: Points) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True)) / 2


def star(tips: int, inner: float = 0.4) -> Points:
    angles = [math.pi * i / tips for i in range(2 * tips)]
    return [
        ((inner if i % 2 else 1) * math.cos(a), (inner if i % 2 else 1) * math.sin(a)) for i, a in enumerate(angles)
    ]


def jagged(seed: int, n: int) -> Points:
    """A star-shaped polygon with random radii."""
    draw = random.Random(seed)
    angles = sorted(draw.uniform(0, 2 * math.pi) for _ in range(n))
    radii = [draw.uniform(0.2, 1) for _ in range(n)]
    return [(r * math.cos(a), r * math.sin(a)) for a, r in zip(angles, radii, strict=True)]


COMB = [(0, 0), (6, 0), (6, 3), (5, 3), (5, 1), (4, 1), (4, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)]
POLYGONS = {
    "arrow": ARROW,
    "star": star(5),
    "comb": [(float(x), float(y)) for x, y in COMB],
    **{f"jagged {n}": jagged(n, n) for n in (7, 12, 25)},
}


def is_convex(points: Points) -> bool:
    n = len(points)
    return all(area([points[i - 1], points[i], points[(i + 1) % n]]) > 0 for i in range(n))


@pytest.mark.parametrize("turned", [False, True], ids=["counter-clockwise", "clockwise"])
@pytest.mark.parametrize("name", POLYGONS)
def test_parts_are_convex_and_have_the_whole_area(name: str, turned: bool):
    points = list(reversed(POLYGONS[name])) if turned else POLYGONS[name]
    found = [[points[i] for i in part] for part in convex_parts(points)]
    assert all(map(is_convex, found))
    assert sum(map(area, found)) == pytest.approx(abs(area(points)))


def test_a_convex_polygon_is_its_only_part():
    assert convex_parts(SQUARE) == [[0, 1, 2, 3]]
    assert convex_parts(SQUARE[::-1]) == [[3, 2, 1, 0]]


def test_three_points_are_one_part_as_they_are():
    assert parts(SQUARE[:3][::-1]) == [list(SQUARE[:3][::-1])]


def test_a_corner_on_a_side_is_left_out():
    assert convex_parts([(-1.0, -1.0), (0.0, -1.0), *SQUARE[1:]]) in ([[4, 0, 2, 3]], [[0, 2, 3, 4]], [[2, 3, 4, 0]])


@pytest.mark.parametrize("name", POLYGONS)
def test_no_two_parts_make_a_convex_one(name: str):
    points = POLYGONS[name]
    found = convex_parts(points)
    for one in found:
        for other in found:
            for k, start in enumerate(one):
                end = one[(k + 1) % len(one)]
                if (end, start) in zip(other, [*other[1:], other[0]], strict=True):
                    i = other.index(start)
                    between = (other[i:] + other[:i])[1:-1]
                    joint = one[: k + 1] + between + one[k + 1 :]
                    assert not is_convex([points[j] for j in joint])


def test_hertel_and_mehlhorn_need_no_more_than_a_part_a_reflex_corner_twice():
    for tips in (4, 5, 8):
        assert len(convex_parts(star(tips))) <= 2 * tips + 1


def test_a_contour_that_crosses_itself_is_cut_all_the_same():
    assert convex_parts([(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0)])
    assert convex_parts([(0.0, 0.0)] * 4) == []


def test_unknown_points_are_cut_where_they_start():
    x = [c for p in ARROW for c in p]
    unknown = [(kit.variable(2 * i), kit.variable(2 * i + 1)) for i in range(4)]
    with at_start(x):
        found = parts(unknown)
    assert len(found) == 2
    assert all(p in unknown for part in found for p in part)


def test_outside_of_a_start_there_are_no_parts():
    with pytest.raises(ValueError, match="at_start"):
        parts([(kit.variable(0), 0.0), *SQUARE[1:]])


@pytest.mark.parametrize("points", [SQUARE, SQUARE[::-1]], ids=["counter-clockwise", "clockwise"])
def test_sides_face_outwards_whatever_the_orientation(points: Points):
    sides = outward_sides(points)
    assert evaluated([s.offset for s in sides], ()) == pytest.approx([1] * 4, abs=1e-5)
    normals = {tuple(map(round, evaluated(s.normal, ()))) for s in sides}
    assert normals == {(-1, 0), (0, -1), (0, 1), (1, 0)}
