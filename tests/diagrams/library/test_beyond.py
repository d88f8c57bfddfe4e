"""Items beyond the first hundred, by what two references make of them."""

import math
from typing import Any

import diagrams_kit as kit
import pytest
from diagrams_kit import apply, call, circle, group, poly


def starts(data: dict[str, Any], path: str, what: str) -> list[float]:
    """The start values of a run of inputs."""
    first = 0
    for run in data["inputs"]:
        if run[:2] == [path, what]:
            return data["x0"][first : first + run[2]]
        first += run[2]
    raise KeyError(path)


def test_a_walk_on_stars_takes_the_steps_of_penrose():
    """Random points of disks and of a triangle, rays that meet a boundary, normals there, and silhouettes.

    The walk goes from star to star; a star reaches to the closest of one boundary's points and the other's
    silhouette.
    """
    data = kit.reference("walk-on-spheres__walk-on-stars")
    centers = {s["name"]: tuple(s["center"]) for s in data["end"]["shapes"] if "center" in s}
    corners: list[tuple[float, float]] = []
    for k, (x, y) in enumerate([(80, -80), (0, -80), (-80, -80), (-80, 80), (0, 80), (80, 80)]):
        dx, dy = call("diskRandom", draws=starts(data, f"`U`.p{k}", "diskRandom"))
        corners.append((x + 15 * dx, y + 15 * dy))

    def side(*chosen: int) -> kit.Shape:
        return poly("Polyline", *(corners[i] for i in chosen))

    goal, wall = group(side(5, 0), side(2, 3)), group(side(0, 1, 2), side(3, 4, 5))
    draws = starts(data, "`x0`.location", "triangleRandom")
    place = call("triangleRandom", corners[0], corners[2], corners[3], draws=draws)
    assert place == pytest.approx(centers["`x0`.dot"], abs=1e-7)
    middle, spread = 0.0, math.pi
    for k in range(4):
        nearest = call("closestPoint", goal, place)
        reach = max(1, min(math.dist(nearest, place), call("closestSilhouetteDistance", wall, place)))
        (share,) = starts(data, f"30:{k}.theta", "random")
        v = math.cos(middle + spread * share), math.sin(middle + spread * share)
        eye = place[0] + 0.1 * v[0], place[1] + 0.1 * v[1]
        step = min(call("rayIntersectDistance", wall, eye, v), reach)
        n = call("rayIntersectNormal", wall, eye, v)
        met = 1 - math.exp(-100 * (step - reach) ** 2)
        place = eye[0] + step * v[0], eye[1] + step * v[1]
        # Nine digits are written; where a ray meets the wall, Penrose stops 8e-8 before it.
        assert place == pytest.approx(centers[f"`x{k + 1}`.dot"], abs=1e-7)
        middle, spread = math.atan2(met * n[1] + 1e-7, met * n[0]), (1 - met / 2) * math.pi


def test_angles_and_circles_of_a_triangle_are_those_of_penrose():
    data = kit.reference("triangle-mesh-2d__diagrams__cotan-formula")
    i, j, k = (tuple(starts(data, f"`{name}`.center", "?")) for name in "ijk")
    terms = {
        (name, *args): v for (name, *args), v in zip(data["constraints"], data["constraint_values"], strict=True)
    }
    low, high = math.radians(40), math.radians(80)

    def to(a: Any, b: Any) -> tuple[float, float]:
        return b[0] - a[0], b[1] - a[1]

    for name, angle in (
        ("11:0.aTheta", call("angleFrom", to(i, j), to(i, k))),
        ("11:0.bTheta", call("angleFrom", to(j, k), to(j, i))),
    ):
        expected = terms["inRange", name, "toRadians(40)", "toRadians(80)"]
        assert apply("constraint", "inRange", angle, low, high) == pytest.approx(expected, rel=1e-12)
    x, y = call("circumcenter", i, j, k)
    around = circle(x, y, call("circumradius", i, j, k), stroke=1.5)
    expected = terms["onCanvas", "`Cijk`.icon", "canvas.width", "canvas.height"]
    assert apply("constraint", "onCanvas", around, *data["canvas"]) == pytest.approx(expected, rel=1e-11)
