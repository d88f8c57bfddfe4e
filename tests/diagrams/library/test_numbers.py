"""Functions of numbers, and random ones."""

import math

import pytest
from diagrams_kit import call


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("sqrt", (9,), 3),
        ("log", (math.e,), 1),
        ("exp", (1,), math.e),
        ("max", (2, 3), 3),
        ("min", (2, 3), 2),
        ("sqr", (-3,), 9),
        ("abs", (-3,), 3),
        ("sin", (math.pi / 6,), 0.5),
        ("cos", (math.pi / 3,), 0.5),
        ("MathPI", (), math.pi),
        ("toRadians", (180,), math.pi),
        ("toDegrees", (math.pi,), 180),
        ("atan2", (0, 2), math.pi / 2),  # x first: the point (0, 2)
        ("atan2", (-1, 0), math.pi),
    ],
)
def test_a_known_value(name: str, args: tuple[float, ...], expected: float):
    assert call(name, *args) == pytest.approx(expected, rel=1e-14)


def test_a_random_number_is_the_draw():
    assert call("random", 2, 5, draws=[3.5]) == 3.5


def test_a_random_point_of_the_disk_has_the_square_of_its_radius_from_the_first_draw():
    x, y = call("diskRandom", draws=[0.25, 0.25])
    assert (x, y) == pytest.approx((0, 0.5))
    assert math.hypot(*call("diskRandom", draws=[0.49, 0.1])) == pytest.approx(0.7)


def test_a_random_point_of_the_sphere_has_its_height_from_the_first_draw():
    x, y, z = call("sphereRandom", draws=[0.25, 0.5])
    assert z == 0.5
    assert math.hypot(x, y, z) == pytest.approx(1)
    assert (x, y) == pytest.approx((-math.sqrt(0.75), 0))


@pytest.mark.parametrize(("draws", "corner"), [((0, 0.3), 0), ((1, 0), 1), ((1, 1), 2)])
def test_extreme_draws_are_the_corners_of_a_triangle(draws: tuple[float, float], corner: int):
    corners = ((1.0, 1.0), (4.0, 0.0), (2.0, 3.0))
    assert call("triangleRandom", *corners, draws=[float(d) for d in draws]) == corners[corner]


def test_points_of_a_triangle_are_uniform():
    """A quarter of them is in the half of the height that has the first corner; the centre is the mean."""
    draws = [((i + 0.5) / 50, (k + 0.5) / 50) for i in range(50) for k in range(50)]
    found = [call("triangleRandom", (0, 0), (6, 0), (0, 3), draws=d) for d in draws]
    assert sum(x for x, _ in found) / len(found) == pytest.approx(2, rel=1e-3)
    assert sum(y for _, y in found) / len(found) == pytest.approx(1, rel=1e-3)
    near = [1 for x, y in found if x / 6 + y / 3 < 0.5]
    assert len(near) / len(found) == pytest.approx(0.25, abs=0.02)
