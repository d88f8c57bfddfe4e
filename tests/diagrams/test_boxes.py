"""Boxes around shapes, by geometry that is known."""

import math

import diagrams_kit as kit
import pytest
from diagrams_kit import ARROW, SQUARE, circle, group, line, poly, rectangle, shape

from rosesim.diagrams.boxes import Box, box, center, plain_box
from rosesim.diagrams.scalars import evaluated
from rosesim.diagrams.values import Path, Shape, Vector
from rosesim.diagrams.vectors import turned


def edges(b: Box) -> tuple[float, ...]:
    return tuple(evaluated([b.min_x, b.max_x, b.min_y, b.max_y], ()))


def path(*commands: tuple[str, tuple[float, ...]]) -> Shape:
    return Shape("Path", "path", {"d": Path(commands), "strokeWidth": 1.0})


def test_a_circle_reaches_to_the_outside_of_its_whole_stroke():
    assert edges(box(circle(1, 2, 3, stroke=2))) == (-3, 5, -2, 6)


def test_an_ellipse_has_two_radii():
    assert edges(box(shape("Ellipse", center=(0.0, 0.0), rx=4.0, ry=1.5, strokeWidth=2.0))) == (-5, 5, -2.5, 2.5)


def test_a_rectangle_counts_its_stroke_but_not_in_its_plain_box():
    s = rectangle(0, 0, 4, 2, stroke=1)
    assert edges(box(s)) == (-2.5, 2.5, -1.5, 1.5)
    assert edges(plain_box(s)) == (-2, 2, -1, 1)


def test_a_square_on_its_corner_is_wider_by_the_root_of_two():
    b = box(rectangle(1, 0, 2, 2, rotation=45))
    assert edges(b) == pytest.approx((1 - math.sqrt(2), 1 + math.sqrt(2), -math.sqrt(2), math.sqrt(2)))


def test_a_quarter_turn_is_clockwise_and_swaps_the_sides():
    assert edges(box(rectangle(0, 0, 4, 2, rotation=90))) == pytest.approx((-1, 1, -2, 2))
    # Clockwise: the longer side of a flat rectangle falls to the right.
    tall = box(rectangle(0, 0, 4, 0, rotation=30))
    assert tall.width == pytest.approx(4 * math.cos(math.pi / 6))


def test_turning_is_to_the_left():
    assert turned((1.0, 2.0), 90.0) == pytest.approx((-2, 1))


def test_a_negative_width_does_not_turn_a_box_inside_out():
    assert edges(box(rectangle(0, 0, -4, 2))) == (-2, 2, -1, 1)


def test_a_line_is_as_wide_as_its_stroke():
    assert edges(box(line((0, 0), (10, 0), stroke=2))) == pytest.approx((0, 10, -1, 1), abs=1e-5)
    diagonal = box(line((0, 0), (3, 3), stroke=math.sqrt(2)))
    assert edges(diagonal) == pytest.approx((-0.5, 3.5, -0.5, 3.5), abs=1e-5)


def test_a_polygon_is_scaled_about_the_origin_without_its_stroke():
    assert edges(box(poly("Polygon", *ARROW, scale=2.0))) == (-4, 4, -4, 4)


def test_a_group_holds_its_members():
    assert edges(box(group(circle(0, 0, 1), circle(5, 0, 2)))) == (-1, 7, -2, 2)


def test_a_clip_cuts_a_group():
    assert edges(box(group(circle(0, 0, 4), clip=rectangle(3, 0, 4, 2)))) == (1, 4, -1, 1)


def test_a_group_of_which_a_clip_leaves_nothing_is_at_the_origin():
    for x, y in ((9, 9), (9, 0), (0, 9)):
        assert edges(box(group(circle(x, y, 1), clip=rectangle(0, 0, 2, 2)))) == (0, 0, 0, 0)


def test_a_path_holds_its_controls():
    b = box(path(("M", (0.0, 0.0)), ("Q", (5.0, 8.0, 10.0, 0.0)), ("T", (20.0, 0.0))))
    # T reflects the control (5, 8) at (10, 0).
    assert edges(b) == (0, 20, -8, 8)
    s = box(path(("M", (0.0, 0.0)), ("C", (0.0, 1.0, 4.0, 3.0, 5.0, 0.0)), ("S", (9.0, 1.0, 9.0, 0.0)), ("Z", ())))
    assert edges(s) == (0, 9, -3, 3)


def test_a_half_circle_has_the_box_of_its_circle():
    b = box(path(("M", (-5.0, 0.0)), ("A", (5.0, 5.0, 0.0, 0.0, 1.0, 5.0, 0.0))))
    assert edges(b) == pytest.approx((-5, 5, -5, 5), abs=1e-7)


@pytest.mark.parametrize(("large", "sweep", "y"), [(0.0, 0.0, 3), (0.0, 1.0, -3), (1.0, 0.0, -3), (1.0, 1.0, 3)])
def test_flags_of_an_arc_choose_its_centre(large: float, sweep: float, y: float):
    """Through (−4, 0) and (4, 0) go two circles of radius 5, with centres 3 above and below.

    On the screen, where y points down, sweep = 1 goes clockwise from the left over the top: in our coordinates the
    short way passes above the middle of the chord, so its centre lies below.
    """
    b = box(path(("M", (-4.0, 0.0)), ("A", (5.0, 5.0, 0.0, large, sweep, 4.0, 0.0))))
    assert b.center == pytest.approx((0, y))
    assert b.width == pytest.approx(10)


def test_an_arc_whose_radii_are_too_small_is_scaled_up():
    b = box(path(("M", (-5.0, 0.0)), ("A", (1.0, 1.0, 0.0, 0.0, 1.0, 5.0, 0.0))))
    assert edges(b) == pytest.approx((-5, 5, -5, 5), abs=1e-7)


def test_flags_of_an_arc_may_be_unknown():
    flag = kit.variable(0)
    arc = ("A", (5.0, 5.0, 0.0, 0.0, flag, 4.0, 0.0))
    b = box(Shape("Path", "p", {"d": Path((("M", (-4.0, 0.0)), arc))}))
    assert evaluated(b.center, [1.0]) == pytest.approx([0, -3])
    assert evaluated(b.center, [0.0]) == pytest.approx([0, 3])


@pytest.mark.parametrize("d", [(), (("L", (0.0, 0.0)),)], ids=["nothing", "no move"])
def test_path_data_without_a_start_have_no_box(d: tuple[tuple[str, tuple[float, ...]], ...]):
    with pytest.raises(ValueError, match=r"expected (at least a move|M)"):
        box(path(*d))


def test_a_group_without_members_has_no_box():
    with pytest.raises(ValueError, match="without members"):
        box(group())


def test_the_centre_is_the_property_or_the_middle_of_the_box():
    assert center(circle(3, 4, 1)) == (3, 4)
    assert center(line((0, 0), (4, 2), stroke=0.0)) == (2, 1)
    assert center(poly("Polygon", *SQUARE)) == (0, 0)


def test_a_box_that_depends_on_inputs_has_the_same_numbers():
    x = [kit.variable(i) for i in range(5)]
    s = Shape("Rectangle", "r", {"center": Vector((x[0], x[1])), "width": x[2], "height": x[3], "rotation": x[4]})
    known = rectangle(1, 2, 5, 3, rotation=20)
    assert evaluated([box(s).min_x, box(s).height], [1, 2, 5, 3, 20]) == pytest.approx(
        [edges(box(known))[0], box(known).height]
    )


def test_corners_start_at_the_top_right_and_go_counter_clockwise():
    assert box(circle(0, 0, 1)).corners == ((1, 1), (-1, 1), (-1, -1), (1, -1))
