"""Pictures: shapes by closed form, names and strings of any characters, and the references' pictures."""

import colorsys
import math
import struct
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pictures_kit as kit
import pytest

from rosesim.diagrams.errors import DiagramError, Place
from rosesim.diagrams.picture import png, shown, svg
from rosesim.diagrams.picture.markers import ARROWHEADS
from rosesim.diagrams.picture.paint import hexadecimal
from rosesim.diagrams.problem import Problem
from rosesim.diagrams.scalars import Scalar
from rosesim.diagrams.values import Clip, Color, List, Rows, Shape, Shapes, Value, Vector
from rosesim.diagrams.values import Path as PathData

RED, NONE = Color("rgba", (1.0, 0.0, 0.0, 0.5)), Color("none")
CANVAS = (200.0, 100.0)


def element(shape: Shape, folder: Path | None = None) -> Element:
    """A shape's element in a picture of it alone, with plain names."""
    root = ElementTree.fromstring(svg([shape], CANVAS, folder=folder))
    for e in root.iter():
        e.tag = e.tag.rpartition("}")[2]
    return root[1]


def shape(kind: str, **properties: Value) -> Shape:
    return Shape(kind, "a.icon", properties)


def boxlike(kind: str, **properties: Value) -> Shape:
    return shape(kind, center=Vector((10.0, 20.0)), width=40.0, height=10.0, **properties)


def line(**properties: Value) -> Shape:
    return shape("Line", start=Vector((-30.0, 0.0)), end=Vector((30.0, 0.0)), strokeColor=RED, **properties)


def test_the_origin_is_the_centre_of_the_canvas_and_y_points_upwards():
    circle = element(shape("Circle", center=Vector((10.0, 20.0)), r=5.0, fillColor=RED, strokeColor=NONE))
    assert (circle.tag, circle.attrib) == (
        "circle",
        {"cx": "110", "cy": "30", "r": "5", "fill": "#ff0000", "fill-opacity": "0.5", "stroke": "none"},
    )


@pytest.mark.parametrize("hue", [0.0, 40.0, 95.5, 150.0, 211.0, 290.0, 359.99, 360.0, 765.0, -30.0])
def test_a_hue_is_the_colour_of_its_sector(hue: float):
    rgb = colorsys.hsv_to_rgb(hue % 360 / 360, 0.7, 0.9)
    expected = "#" + "".join(f"{math.floor(255 * c + 0.5):02x}" for c in rgb)
    assert hexadecimal(Color("hsva", (hue, 70.0, 90.0, 1.0))) == expected


def test_a_rectangle_turns_about_its_centre():
    rect = element(boxlike("Rectangle", rotation=30.0, cornerRadius=2.0, fillColor=NONE))
    assert [rect.get(k) for k in ("x", "y", "width", "height", "rx")] == ["90", "25", "40", "10", "2"]
    assert rect.get("transform") == "rotate(30, 110, 30)"


def test_negative_sizes_are_drawn_as_none():
    assert element(shape("Circle", center=Vector((0.0, 0.0)), r=-5.0)).get("r") == "0"
    assert element(shape("Rectangle", center=Vector((0.0, 0.0)), width=-4.0, height=2.0)).get("width") == "0"


def test_a_dashed_stroke_has_dashes_unless_it_has_its_own():
    stroke = {"strokeColor": RED, "strokeWidth": 2.0, "strokeStyle": "dashed"}
    at: Value = Vector((0.0, 0.0))
    dashed = element(Shape("Circle", "c", {"center": at, "r": 1.0, **stroke}))
    own = element(Shape("Circle", "c", {"center": at, "r": 1.0, **stroke, "strokeDasharray": "1 2"}))
    assert (dashed.get("stroke-dasharray"), own.get("stroke-dasharray")) == ("7,5", "1 2")
    assert (dashed.get("stroke-width"), dashed.get("stroke-opacity")) == ("2", "0.5")


def test_an_arc_keeps_its_flags_and_turns_its_end():
    data = PathData((("M", (0.0, 0.0)), ("A", (5.0, 6.0, 7.0, 0.0, 1.0, 10.0, 20.0)), ("Z", ())))
    assert element(shape("Path", d=data)).get("d") == "M 100 50 A 5 6 7 0 1 110 30 Z"


@pytest.mark.parametrize("name", ARROWHEADS)
def test_the_tip_of_an_arrow_lies_at_the_end_of_its_line(name: str):
    head, width, size = ARROWHEADS[name], 3.0, 2.0
    group = element(line(strokeWidth=width, endArrowhead=name, endArrowheadSize=size))
    marker, drawn = group[0], group[1]
    assert drawn.get("marker-end") == f"url(#{marker.get('id')})"
    # The tip is the outline's right edge, `width - refX` of the marker's units ahead of the line's end.
    ahead = (head.width - float(marker.get("refX", ""))) * size * width
    assert float(drawn.get("x2", "")) + ahead == pytest.approx(130.0)
    assert (drawn.get("x1"), drawn.get("y1"), drawn.get("y2")) == ("70", "50", "50")


def test_a_flipped_arrow_at_the_start_ends_with_its_back():
    group = element(line(strokeWidth=1.0, startArrowhead="straight", flipStartArrowhead=True))
    assert group[0].get("orient") == "auto"
    assert float(group[1].get("x1", "")) == pytest.approx(70.0 + 2.36)


def test_a_line_without_length_is_left_alone():
    at: Value = Vector((1.0, 1.0))
    drawn = element(shape("Line", start=at, end=at, strokeColor=RED, endArrowhead="straight"))[1]
    assert (drawn.get("x1"), drawn.get("x2")) == ("101", "101")


def test_an_unknown_arrowhead_is_none():
    assert [e.tag for e in element(line(endArrowhead="spoon"))] == ["line", "title"]


def test_a_group_is_clipped_but_for_its_clip_shape():
    window = shape("Circle", center=Vector((0.0, 0.0)), r=9.0)
    member = boxlike("Rectangle")
    group = element(shape("Group", shapes=Shapes([window, member]), clipPath=Clip(window)))
    clip, wrapped, title = group
    assert [(e.tag, e[0].tag) for e in (clip, wrapped)] == [("clipPath", "circle"), ("g", "rect")]
    assert wrapped.get("clip-path") == f"url(#{clip.get('id')})"
    assert title.text == "a.icon"


def test_an_empty_list_makes_an_empty_group():
    assert [e.tag for e in element(shape("Group", shapes=List(())))] == ["title"]


def test_unknown_properties_become_attributes_in_svgs_spelling():
    circle = shape("Circle", center=Vector((0.0, 0.0)), r=1.0, fillColor=RED)
    circle.passthrough.update(
        {"strokeLinejoin": "round", "opacity": 0.25, "fill": "blue", "ensureOnCanvas": "x", "visibility": ""}
    )
    attributes = element(circle).attrib
    assert (attributes["stroke-linejoin"], attributes["opacity"], attributes["fill"]) == ("round", "0.25", "#ff0000")
    assert not {"ensureOnCanvas", "visibility", "strokeLinejoin"} & attributes.keys()


def test_a_style_is_appended_to_a_style():
    text = boxlike("Text", string="x", ascent=8.0, descent=2.0)
    text.passthrough["style"] = "filter: blur(2px)"
    assert element(text).get("style") == "font: 12px sans-serif; filter: blur(2px)"


def test_text_stands_on_its_baseline_and_is_centred():
    text = element(
        boxlike("Text", string="x", ascent=8.0, descent=2.0, fontWeight="bold", fontFamily="Georgia, serif")
    )
    # The box's bottom is at 30 + 10 / 2, its baseline the descent above.
    assert [text.get(k) for k in ("x", "y", "text-anchor")] == ["110", "33", "middle"]
    assert text.get("style") == "font: bold 12px Georgia, serif;"


def test_names_and_strings_of_any_characters_are_text():
    words = "<b>&\"'\\ ü \N{MATHEMATICAL ITALIC SMALL A} ]]> <!--"
    text = boxlike("Text", string=words, fontFamily='"Fira <Sans>"')
    text.name = "`<a & b>`.\x00text"
    text.passthrough["data-note"] = '"/><script>'
    drawn = element(text)
    assert drawn[0].text == "`<a & b>`.�text" and drawn[0].tail == words
    assert drawn.get("data-note") == '"/><script>' and drawn.get("style") == 'font: 12px "Fira <Sans>";'
    assert [e.tag for e in drawn] == ["title"]


def test_what_is_no_attribute_of_svg_is_refused():
    circle = Shape("Circle", "c", {"center": Vector((0.0, 0.0)), "r": 1.0}, {'x="1"': "2"}, Place("a.style", 3, 4))
    with pytest.raises(DiagramError, match=r"a\.style:3:4: Circle c: property x=.* is no attribute of SVG"):
        svg([circle], CANVAS)


@pytest.mark.parametrize("bad", [math.nan, math.inf, "5", True])
def test_a_property_that_is_no_finite_number_is_refused_by_name(bad: Value):
    circle = Shape("Circle", "`A`.icon", {"center": Vector((0.0, 0.0)), "r": bad}, place=Place("a.style", 3, 4))
    with pytest.raises(DiagramError, match=r"a\.style:3:4: Circle `A`\.icon: property r is .*; expected a"):
        svg([circle], CANVAS)


def test_the_cropped_view_box_holds_all_shapes():
    corners = Rows(((-50.0, 0.0), (0.0, 40.0), (10.0, 0.0)), "points")
    shapes = [
        shape("Polygon", points=corners, scale=1.0),
        shape("Circle", center=Vector((20.0, 0.0)), r=4.0, strokeWidth=2.0),
    ]
    root = ElementTree.fromstring(svg(shapes, CANVAS))
    # From x = -50 to 20 + 4 + 1, from y = 40 down to -5.
    assert root[0][0].text == "50 10 75 45"


IMAGE = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:e="urn:editor" width="20"
  height="10px" e:note="1" onload="alert(1)">
<style>.a{fill:url(#g)} #r:hover{stroke:red}</style><e:view/><script>alert(2)</script>
<defs><linearGradient id="g"/></defs><rect id="r" class="a" fill="url(#g)"/><use xlink:href="#r"/></svg>"""


def test_images_keep_their_ids_to_themselves(tmp_path: Path):
    (tmp_path / "i.svg").write_text(IMAGE, encoding="utf-8")
    images = [boxlike("Image", href="i.svg", preserveAspectRatio="none"), boxlike("Image", href="i.svg")]
    text = svg(images, CANVAS, folder=tmp_path)
    ids = [e.get("id") for e in ElementTree.fromstring(text).iter() if e.get("id")]
    assert len(set(ids)) == len(ids) == 4
    first, second = ids[0], ids[2]
    assert first and second
    for gradient in (first, second):  # the style's, and the rectangle's
        assert text.count(f"url(#{gradient})") == 2
    assert f'xlink:href="#{ids[1]}"' in text and f"#{ids[1]}:hover" in text
    assert "alert" not in text and "editor" not in text
    inner = element(images[0], tmp_path)[0]
    assert [inner.get(k) for k in ("width", "height", "viewBox", "preserveAspectRatio")] == [
        "40", "10", "0 0 20 10", "none",
    ]  # fmt: skip


def test_an_image_is_looked_for_beside_the_text_that_names_it_and_then_in_all_folders(tmp_path: Path):
    for name, files in (("theme", ("both", "theme")), ("own", ("both", "own")), ("substance", ("substance",))):
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / f"{file}.svg").write_text(
                f'<svg viewBox="0 0 9 9"><desc>{name}</desc></svg>', encoding="utf-8"
            )
    folders = [tmp_path / name for name in ("theme", "own", "substance")]
    for file, found in (("both", "own"), ("theme", "theme"), ("own", "own"), ("substance", "substance")):
        image = boxlike("Image", href=f"{file}.svg")
        image.place = Place(str(tmp_path / "own" / "a.style"), 3, 1)
        assert "".join(ElementTree.fromstring(svg([image], CANVAS, folder=folders)).itertext()).endswith(
            f"{found}a.icon\n"
        )


@pytest.mark.parametrize("href", ["missing.svg", "https://example.org/a.svg", "broken.svg"])
def test_an_image_that_cannot_be_read_has_a_placeholder(tmp_path: Path, href: str):
    (tmp_path / "broken.svg").write_text("<svg>", encoding="utf-8")
    assert href in "".join(element(boxlike("Image", href=href), tmp_path).itertext())


def test_shapes_are_shown_where_their_inputs_are_and_shared_shapes_stay_shared():
    x, y = (Scalar("input", index=i) for i in (0, 1))
    window = Shape("Circle", "w", {"center": Vector((x, 2.0 * y)), "r": 1.0}, {"opacity": x})
    group = Shape("Group", "g", {"shapes": Shapes([window]), "clipPath": Clip(window)})
    problem = Problem((1.0, 1.0), ("",), [], [0.0, 0.0], [], [], [group])
    (found,) = shown(problem, [3.0, 4.0])
    shapes, clip = found.properties["shapes"], found.properties["clipPath"]
    assert isinstance(shapes, Shapes) and isinstance(clip, Clip) and clip.shape is shapes.items[0]
    assert shapes.items[0].properties["center"] == Vector((3.0, 8.0))
    assert shapes.items[0].passthrough == {"opacity": 3.0} and window.passthrough == {"opacity": x}


def test_a_png_has_the_size_of_its_view_box():
    pytest.importorskip("resvg_py")
    picture = png(svg([boxlike("Rectangle", fillColor=RED)], CANVAS), scale=1.5)
    assert struct.unpack(">II", picture[16:24]) == (300, 150)
    with pytest.raises(DiagramError, match="the picture cannot be drawn"):
        png("<svg")


@pytest.mark.parametrize("name", kit.TRIED)
def test_pictures_of_the_references_shapes_are_the_references_pictures(name: str):
    pytest.importorskip("ziamath")
    data = kit.reference(name)
    shapes = [kit.shape(s) for s in data["end"]["shapes"]]
    width, height = data["canvas"]
    picture = svg(shapes, (width, height), folder=kit.image_folder(data["trio"]))
    # The references have four decimals, their shapes nine digits.
    assert kit.differences(picture, kit.reference_svg(name), 1e-3) == []
