"""A line between shapes ends at their outlines."""

import math
from typing import Any

import pytest

import rosesim.diagrams as rd
from rosesim.diagrams import DiagramError

BOTH = {"stroke": "black", "stroke_width": 2}


def canvas() -> rd.Canvas:
    return rd.Canvas(200, 100)


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2, 2.5, -1.571])
def test_at_a_circle_it_ends_a_radius_and_half_a_stroke_from_the_centre(angle: float):
    d = canvas()
    u, v = math.cos(angle), math.sin(angle)
    line = d.line(d.circle(r=5, center=(1, 2), **BOTH), d.circle(r=7, center=(1 + 30 * u, 2 + 30 * v), **BOTH))
    assert [*line.start] == pytest.approx([1 + 6 * u, 2 + 6 * v])
    assert [*line.end] == pytest.approx([1 + 22 * u, 2 + 22 * v])


@pytest.mark.parametrize("start", [(40, 0), (40, 10), (3, 40), (0, -30), (-20, -20)])
@pytest.mark.parametrize("rotation", [0, 30, 90, -200])
def test_at_a_rectangle_it_ends_on_a_side(start: tuple[float, float], rotation: float):
    """In the rectangle's own axes one coordinate is half a side, the other one less."""
    d = canvas()
    x, y = d.line(start, d.rectangle(width=20, height=8, center=(0, 0), rotation=rotation, **BOTH)).end
    assert x * start[1] == pytest.approx(y * start[0], abs=1e-9) and x * start[0] + y * start[1] > 0
    a = math.radians(rotation)  # clockwise, as in SVG
    along, across = abs(math.cos(a) * x - math.sin(a) * y), abs(math.sin(a) * x + math.cos(a) * y)
    assert max(along / 11, across / 5) == pytest.approx(1.0)


def test_at_an_ellipse_it_ends_on_the_ellipse():
    d = canvas()
    x, y = d.line((30, 20), d.ellipse(rx=8, ry=4, center=(0, 0))).end
    assert (x / 8) ** 2 + (y / 4) ** 2 == pytest.approx(1.0) and x == pytest.approx(1.5 * y)


def test_it_follows_where_the_layout_puts_the_shapes_and_may_be_constrained():
    d = canvas()
    a, b = d.circle(r=10), d.rectangle(width=20, height=20)
    line = d.line(a, b, end_arrowhead="straight")
    d.ensure.equal(d.functions.vdist(line.start, line.end), 30)
    picture = d.layout(seed="word")
    assert picture.verdict().startswith("all")
    (x0, y0), (x1, y1), (x, y) = picture[line].start, picture[line].end, picture[a].center
    assert math.hypot(x1 - x0, y1 - y0) == pytest.approx(30, abs=0.1)  # as the layout keeps it
    assert math.hypot(x0 - x, y0 - y) == pytest.approx(10)


def test_of_shapes_that_overlap_it_never_runs_beyond_the_other_centre():
    d = canvas()
    line = d.line(d.circle(r=10, center=(0, 0)), d.circle(r=10, center=(4, 0)))
    assert ([*line.start], [*line.end]) == ([4.0, 0.0], [0.0, 0.0])
    same = d.line(d.circle(r=10, center=(0, 0)), d.rectangle(width=1, height=1, center=(0, 0)))
    assert [*same.start] == [*same.end] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        (lambda d, a: (d.line((0, 0), (1, 1)), a), "cannot end at the outline of <line1>; expected a circle"),
        (lambda d, a: (a, None), "has <circle1> and None as ends; expected shapes or points"),
        (lambda d, a: ("there", a), "has <circle1> and 'there' as ends; expected shapes or points"),
        (lambda d, a: ((0, 0, 0), a), "expected shapes or points"),
    ],
)
def test_what_has_no_outline_and_what_is_no_point_is_refused(ends: Any, says: str):
    d = canvas()
    a = d.circle(r=5)
    with pytest.raises(DiagramError, match=says):
        d.line(*ends(d, a))
