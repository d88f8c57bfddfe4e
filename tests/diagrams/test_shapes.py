"""The kinds of shapes."""

import pytest

from rosesim.diagrams.shapes import SHAPES, Measured, Sampled, ShapeKind
from rosesim.diagrams.values import Color, Vector

ALL = pytest.mark.parametrize("kind", SHAPES.values(), ids=lambda k: k.name)


def test_there_are_eleven_kinds():
    assert " ".join(SHAPES) == "Circle Ellipse Rectangle Polygon Polyline Line Path Equation Text Image Group"


@ALL
def test_its_sampled_properties_are_those_that_are_drawn(kind: ShapeKind):
    assert {p.name for p in kind.properties.values() if isinstance(p.default, Sampled)} == set(kind.draws)


@ALL
def test_its_measured_properties_are_those_of_labels(kind: ShapeKind):
    measured = {p.name for p in kind.properties.values() if isinstance(p.default, Measured)}
    assert measured == set(kind.measured)
    assert bool(measured) == (kind.name in ("Equation", "Text"))


@ALL
def test_a_default_is_of_the_kind_that_its_property_accepts(kind: ShapeKind):
    for p in kind.properties.values():
        if isinstance(p.default, Sampled):
            lows = [low for low, _ in (r(400.0, 300.0) for r in p.default.ranges)]
            assert p.kind.accept(p.default.make(*lows)) is not None, p.name
        elif not isinstance(p.default, Measured):
            assert p.kind.accept(p.default) is not None, p.name


def test_samples_are_drawn_from_the_canvas():
    def bounds(kind: str, name: str) -> list[tuple[float, float]]:
        default = SHAPES[kind].properties[name].default
        assert isinstance(default, Sampled)
        return [r(600.0, 300.0) for r in default.ranges]

    assert bounds("Circle", "center") == [(-300.0, 300.0), (-150.0, 150.0)]
    assert bounds("Circle", "r") == [(3.0, 100.0)]
    assert bounds("Ellipse", "ry") == bounds("Image", "height") == [(3.0, 50.0)]
    assert bounds("Polygon", "fillColor") == [(0.1, 0.9)] * 3


def test_sampled_colours_are_half_clear():
    fill = SHAPES["Circle"].properties["fillColor"].default
    assert isinstance(fill, Sampled)
    assert fill.make(0.2, 0.3, 0.4) == Color("rgba", (0.2, 0.3, 0.4, 0.5))


def test_lines_are_black_and_circles_have_no_stroke():
    assert SHAPES["Line"].properties["strokeColor"].default == Color("rgba", (0.0, 0.0, 0.0, 1.0))
    assert SHAPES["Line"].properties["strokeWidth"].default == 1.0
    assert SHAPES["Circle"].properties["strokeColor"].default == Color("none")
    assert SHAPES["Circle"].properties["strokeWidth"].default == 0.0


def test_plain_defaults():
    def numbers(kind: str) -> dict[str, object]:
        return {
            p.name: p.default for p in SHAPES[kind].properties.values() if isinstance(p.default, int | float | str)
        }

    common = {"name": "defaultName", "ensureOnCanvas": True}
    stroke = {"strokeWidth": 0.0, "strokeStyle": "solid", "strokeDasharray": ""}
    thin = {**stroke, "strokeWidth": 1.0}
    arrows = {
        "startArrowhead": "none", "endArrowhead": "none", "startArrowheadSize": 1.0, "endArrowheadSize": 1.0,
        "flipStartArrowhead": False,
    }  # fmt: skip
    assert numbers("Circle") == numbers("Ellipse") == {**common, **stroke}
    assert numbers("Rectangle") == {**common, **stroke, "rotation": 0.0, "cornerRadius": 0.0}
    assert numbers("Polygon") == {**common, **stroke, "scale": 1.0}
    assert numbers("Polyline") == {**common, **thin, "scale": 1.0, "strokeLinecap": "butt"}
    assert numbers("Line") == {**common, **thin, **arrows, "strokeLinecap": ""}
    assert numbers("Path") == {**common, **thin, **arrows, "strokeLinecap": "butt"}
    label = {**common, "rotation": 0.0, "string": "defaultLabelText", "fontSize": "16px"}
    assert numbers("Equation") == label
    assert numbers("Image") == {**common, "rotation": 0.0, "href": "defaultImage", "preserveAspectRatio": ""}
    assert numbers("Group") == common
    assert numbers("Text")["fontSize"] == "12px"


def test_labels_have_their_sizes_in_the_order_of_their_inputs():
    assert SHAPES["Equation"].measured == ("width", "height", "descent", "ascent")
    assert SHAPES["Text"].measured == ("width", "height", "ascent", "descent")


def test_draws_come_in_the_order_of_the_engine():
    assert SHAPES["Rectangle"].draws == ("fillColor", "center", "width", "height")
    assert SHAPES["Line"].draws == ("start", "end")
    assert SHAPES["Path"].draws == SHAPES["Polyline"].draws == SHAPES["Group"].draws == ()
    start = SHAPES["Line"].properties["start"].default
    assert isinstance(start, Sampled) and start.make(1.0, 2.0) == Vector((1.0, 2.0))


def test_an_equation_has_no_stroke_and_a_line_no_center():
    assert "strokeWidth" not in SHAPES["Equation"].properties
    assert "center" not in SHAPES["Line"].properties
    assert SHAPES["Text"].has_size and not SHAPES["Polygon"].has_size
