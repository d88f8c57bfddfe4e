"""Path data."""

import math

import pytest
from diagrams_kit import call

from rosesim.diagrams.library import CallError
from rosesim.diagrams.values import Path, Paths

SQUARE = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]


def letters(path: Path) -> str:
    return "".join(letter for letter, _ in path.commands)


def test_points_are_joined_by_lines():
    assert call("pathFromPoints", "open", SQUARE[:2]) == Path((("M", (0.0, 0.0)), ("L", (2.0, 0.0))))
    assert letters(call("pathFromPoints", "closed", SQUARE)) == "MLLLZ"


def test_quadratic_curves_go_on_smoothly():
    path = call("quadraticCurveFromPoints", "open", SQUARE)
    assert path.commands == (("M", (0.0, 0.0)), ("Q", (2.0, 0.0, 2.0, 2.0)), ("T", (0.0, 2.0)))
    with pytest.raises(CallError, match="there are 2 points; expected at least 3"):
        call("quadraticCurveFromPoints", "open", SQUARE[:2])


def test_cubic_curves_go_on_by_pairs():
    path = call("cubicCurveFromPoints", "closed", [*SQUARE, (5.0, 5.0), (6.0, 6.0)])
    assert letters(path) == "MCSZ"
    assert path.commands[2] == ("S", (5.0, 5.0, 6.0, 6.0))


def test_a_quadratic_passes_through_its_middle_point():
    path = call("interpolateQuadraticFromPoints", "open", (0, 0), (1, 3), (4, 0))
    (_, start), (_, (cx, cy, ex, ey)) = path.commands
    assert (start[0] + 2 * cx + ex) / 4 == 1
    assert (start[1] + 2 * cy + ey) / 4 == 3


def test_a_spline_has_catmull_and_rom_tangents():
    path = call("interpolatingSpline", "open", [(0, 0), (4, 4), (8, 0)])
    assert path.commands[1] == ("C", (1.0, 1.0, 2.0, 4.0, 4.0, 4.0))
    assert path.commands[2] == ("C", (6.0, 4.0, 7.0, 1.0, 8.0, 0.0))


def test_a_spline_of_two_points_is_straight():
    path = call("interpolatingSpline", "open", [(0, 0), (4, 8)])
    assert path.commands == (("M", (0.0, 0.0)), ("C", (1.0, 2.0, 3.0, 6.0, 4.0, 8.0)))


def test_a_closed_spline_comes_back():
    path = call("interpolatingSpline", "closed", SQUARE, 0.5)
    assert letters(path) == "MCCCCZ"
    # From (0, 2) home: tangents (−1, −1) half of (0, 0) − (2, 2), and half of (2, 0) − (0, 2).
    assert path.commands[4] == ("C", (-1.0, 1.0, -1.0, 1.0, 0.0, 0.0))


def test_an_arch_is_as_high_as_was_asked():
    path = call("makePath", (-5, 0), (5, 0), 3, 1)
    assert letters(path) == "MQ"
    # u points from the end to the start, to the left; its left is down.
    assert path.commands[0][1] == pytest.approx((-4, 0), abs=1e-5)
    assert path.commands[1][1] == pytest.approx((0, -3, 4, 0), abs=1e-4)


@pytest.mark.parametrize(("theta1", "flags"), [(1, (0, 0)), (4, (1, 0)), (-1, (0, 1)), (-4, (1, 1))])
def test_a_circular_arc_chooses_its_flags(theta1: float, flags: tuple[float, float]):
    path = call("circularArc", "open", (1, 2), 3, 0, theta1)
    assert path.commands[0] == ("M", (4.0, 2.0))
    assert path.commands[1][1][:5] == (3, 3, 0, *flags)
    assert path.commands[1][1][5:] == pytest.approx((1 + 3 * math.cos(theta1), 2 + 3 * math.sin(theta1)))


def test_a_closed_arc_is_a_piece_of_pie():
    path = call("circularArc", "closed", (1, 2), 3, 0, 1)
    assert letters(path) == "MALZ"
    assert path.commands[2] == ("L", (1.0, 2.0))


def test_arcs_and_wedges_take_flags():
    arc = call("arc", "open", (1, 0), (0, 1), (1, 1), 0, 0, 0)
    assert arc == Path((("M", (1.0, 0.0)), ("A", (1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))))
    assert letters(call("arc", "closed", (1, 0), (0, 1), (1, 1), 0, 0, 0)) == "MAZ"
    wedge = call("wedge", (0, 0), (1, 0), (0, 1), (1, 1), 0, 0, 0)
    assert wedge.commands == (*arc.commands, ("L", (0.0, 0.0)), ("Z", ()))


def test_paths_are_joined():
    a, b = call("pathFromPoints", "closed", SQUARE), call("pathFromPoints", "open", SQUARE[:2])
    assert letters(call("joinPaths", Paths((a, b)))) == "MLLLZML"


@pytest.mark.parametrize(("asked", "sides"), [(5, 5), (2, 3), (4.7, 4)])
def test_the_impossible_polygon_has_a_beam_a_side(asked: float, sides: int):
    path = call("Penrose", (0, 0), 10, 0.5, 0, asked)
    assert letters(path) == "MLLLLLZ" * sides


def test_the_impossible_polygon_reaches_to_its_radius_and_to_its_hole():
    path = call("Penrose", (1, 2), 10, 0.5, 0.3, 6)
    outer = [path.commands[7 * i + 1][1] for i in range(6)]
    inner = [path.commands[7 * i + 4][1] for i in range(6)]
    assert [math.dist(p, (1, 2)) for p in outer] == pytest.approx([10] * 6)
    assert [math.dist(p, (1, 2)) for p in inner] == pytest.approx([5] * 6)


def test_the_beams_of_an_impossible_square():
    """Inner corners are 5 away, outer ones 10; a beam is 5 / (4 cos 45°) = 1.7678 wide, 1.25 in each direction."""
    path = call("Penrose", (0, 0), 10, 0.5, 0, 4)
    expected = [(1.25, 8.75), (0, 10), (-8.75, 1.25), (-1.25, -6.25), (0, -5), (-6.25, 1.25)]
    # Directions are short of 1 by about 1e-6.
    assert [d for _, d in path.commands[:6]] == [pytest.approx(p, abs=1e-5) for p in expected]


def test_chirality_is_a_mirror_image():
    left, right = (call("Penrose", (0, 0), 10, 0.5, 0, 5, c) for c in ("ccw", "cw"))
    assert [(-d[0], d[1]) for _, d in left.commands if d] == [pytest.approx(d) for _, d in right.commands if d]
