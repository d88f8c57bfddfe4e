"""Shapes as SVG elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.labels import Labels, font_of, pixels, string_of
from rosesim.diagrams.picture import images, markers, paint, properties
from rosesim.diagrams.picture.paint import Attributes, decimal
from rosesim.diagrams.picture.passthrough import pass_through
from rosesim.diagrams.picture.properties import Point
from rosesim.diagrams.scalars import Number, maximum
from rosesim.diagrams.values import Shape

SIZE = ("width", "height")
SCREEN_UNCHANGED = 5
"""How many numbers of an arc come before its end; they say the same on the screen."""


@dataclass(slots=True)
class Drawing:
    """What all elements of a picture share: the canvas, labels, the folder of images, and the next free id."""

    canvas: tuple[float, float]
    labels: Labels
    folder: Path | Sequence[Path] | None = None
    prefix: str = "d"
    numbers: Iterator[int] = field(default_factory=count)

    def ident(self, what: str) -> str:
        """An id that no other element of the picture has."""
        return f"{self.prefix}-{what}-{next(self.numbers)}"

    def folders(self, shape: Shape) -> list[Path]:
        """Where a shape's file is looked for: beside the text that has the shape, then in the folder or folders."""
        given = [] if self.folder is None else [self.folder] if isinstance(self.folder, Path) else list(self.folder)
        own = Path(shape.place.file).parent
        return sorted(given, key=lambda folder: folder != own)

    def screen(self, p: Point) -> Point:
        """A point of the canvas on the screen: y downwards, the origin at the top left."""
        return self.canvas[0] / 2.0 + p[0], self.canvas[1] / 2.0 - p[1]

    def element(self, shape: Shape) -> Element:
        """A shape's outermost element, with a title that is the shape's name."""
        draw = KINDS.get(shape.kind)
        if draw is None:
            sentence = f"{shape.name}: the kind {shape.kind} cannot be drawn; expected one of {', '.join(KINDS)}"
            raise DiagramError(Fault("InvalidShape", sentence, shape.place))
        element = draw(self, shape)
        title = Element("title")
        title.text = shape.name
        if shape.kind == "Text":
            title.tail, element.text = element.text, None
        first = shape.kind in ("Equation", "Text")
        element.insert(0 if first else len(element), title)
        pass_through(shape, element)
        return element


def _pair(names: tuple[str, str], p: Sequence[Number]) -> Attributes:
    return {names[0]: decimal(p[0]), names[1]: decimal(p[1])}


def _turn(d: Drawing, shape: Shape) -> str:
    """The rotation about the centre, which is always written."""
    x, y = d.screen(properties.point(shape, "center"))
    return f"rotate({decimal(properties.number(shape, 'rotation', 0.0))}, {decimal(x)}, {decimal(y)})"


def _size(d: Drawing, shape: Shape) -> tuple[Attributes, Point]:
    """Width and height, and the top left corner. A negative size is drawn as none, at the corner that it gives."""
    (x, y), w, h = d.screen(properties.point(shape, "center")), *(properties.number(shape, n) for n in SIZE)
    return _pair(SIZE, (maximum(0.0, w), maximum(0.0, h))), (x - w / 2.0, y - h / 2.0)


def _circle(d: Drawing, shape: Shape) -> Element:
    centre = _pair(("cx", "cy"), d.screen(properties.point(shape, "center")))
    r = {"r": decimal(maximum(0.0, properties.number(shape, "r")))}
    return Element("circle", centre | r | paint.fill(shape) | paint.stroke(shape))


def _ellipse(d: Drawing, shape: Shape) -> Element:
    centre = _pair(("cx", "cy"), d.screen(properties.point(shape, "center")))
    radii = maximum(0.0, properties.number(shape, "rx")), maximum(0.0, properties.number(shape, "ry"))
    return Element("ellipse", centre | _pair(("rx", "ry"), radii) | paint.fill(shape) | paint.stroke(shape))


def _rectangle(d: Drawing, shape: Shape) -> Element:
    size, corner = _size(d, shape)
    element = Element("rect", _pair(("x", "y"), corner) | size)
    element.attrib.update(paint.fill(shape) | paint.stroke(shape))
    element.set("rx", decimal(properties.number(shape, "cornerRadius", 0.0)))
    element.set("transform", _turn(d, shape))
    return element


def _points(d: Drawing, shape: Shape) -> Element:
    scale = f"scale({decimal(properties.number(shape, 'scale', 1.0))})"
    numbers = [decimal(n) for p in properties.points(shape) for n in d.screen(p)]
    tag = "polygon" if shape.kind == "Polygon" else "polyline"
    element = Element(tag, paint.fill(shape) | paint.stroke(shape))
    element.attrib |= {"transform": scale, "points": ",".join(numbers)}
    return element


def _with_markers(d: Drawing, shape: Shape, drawn: Element) -> Element:
    """A group of the arrowheads' definitions and what they are drawn on."""
    group = Element("g")
    for end in markers.ENDS:
        ident = d.ident("marker") if markers.arrowhead(shape, end) else ""
        if (definition := markers.marker(shape, end, ident)) is not None:
            group.append(definition)
            drawn.set(f"marker-{end}", f"url(#{ident})")
    group.append(drawn)
    return group


def _line(d: Drawing, shape: Shape) -> Element:
    a, b = map(d.screen, markers.shortened(shape))
    line = Element("line", _pair(("x1", "y1"), a) | _pair(("x2", "y2"), b) | paint.stroke(shape))
    return _with_markers(d, shape, line)


def _path(d: Drawing, shape: Shape) -> Element:
    words: list[str] = []
    for letter, numbers in properties.path(shape):
        kept = SCREEN_UNCHANGED if letter == "A" else 0
        ends = [n for i in range(kept, len(numbers), 2) for n in d.screen((numbers[i], numbers[i + 1]))]
        words += [letter, *map(decimal, (*numbers[:kept], *ends))]
    path = Element("path", paint.fill(shape) | paint.stroke(shape) | {"d": " ".join(words)})
    has_ends = any(markers.arrowhead(shape, end) for end in markers.ENDS)
    return _with_markers(d, shape, path) if has_ends else path


def _placed(d: Drawing, shape: Shape, inner: Element) -> Element:
    """A group that puts an inner `svg` of the shape's width and height to its place."""
    size, corner = _size(d, shape)
    inner.attrib |= size
    group = Element("g", {"transform": f"{_turn(d, shape)}translate({decimal(corner[0])}, {decimal(corner[1])})"})
    group.append(inner)
    return group


def _image(d: Drawing, shape: Shape) -> Element:
    inner = images.image(properties.text(shape, "href"), d.folders(shape), d.ident("image") + "-")
    ratio = properties.text(shape, "preserveAspectRatio")
    inner.attrib.pop("preserveAspectRatio", None)
    if ratio:
        inner.set("preserveAspectRatio", ratio)
    return _placed(d, shape, inner)


def _equation(d: Drawing, shape: Shape) -> Element:
    try:
        equation = d.labels.typeset(string_of(shape))
    except DiagramError as error:
        raise DiagramError(
            [Fault(f.kind, f"{shape.name}: {f.sentence}", shape.place) for f in error.faults]
        ) from None
    size = font_of(shape).size
    inner = Element("svg", {"style": f"font-size: {decimal(pixels(size))}px"})
    inner.set("viewBox", " ".join(map(decimal, equation.view_box)))
    group = SubElement(inner, "g", {"stroke": "none", "stroke-width": "0"} | paint.fill(shape))
    for outline in equation.outlines:
        SubElement(group, outline.tag, dict(outline.attributes))
    return _placed(d, shape, inner)


_TEXT_WORDS = {
    "fontSizeAdjust": "",
    "alignmentBaseline": "alphabetic",
    "dominantBaseline": "alphabetic",
    "textAnchor": "middle",
    "visibility": "",
}
_KEBAB = {"textAnchor": "text-anchor", "visibility": "visibility", "fontSizeAdjust": "font-size-adjust"} | {
    "alignmentBaseline": "alignment-baseline",
    "dominantBaseline": "dominant-baseline",
}


def _text(d: Drawing, shape: Shape) -> Element:
    (x, y), (size, _) = d.screen(properties.point(shape, "center")), _size(d, shape)
    height, descent = properties.number(shape, "height"), properties.number(shape, "descent", 0.0)
    element = Element("text", paint.fill(shape) | paint.stroke(shape))
    element.attrib |= {"transform": _turn(d, shape), "style": f"font: {font_of(shape).css};"}
    element.attrib |= _pair(("x", "y"), (x, y + height / 2.0 - descent)) | size
    element.attrib |= _pair(("ascent", "descent"), (properties.number(shape, "ascent", 0.0), descent))
    for name, default in _TEXT_WORDS.items():
        if word := properties.text(shape, name, default):
            element.set(_KEBAB[name], word)
    element.text = string_of(shape)
    return element


def _group(d: Drawing, shape: Shape) -> Element:
    group = Element("g")
    members = [d.element(m) for m in properties.members(shape)]
    clip = properties.clip(shape)
    if clip is None:
        group.extend(members)
        return group
    ident = d.ident("clip")
    SubElement(group, "clipPath", {"id": ident}).append(d.element(clip))
    for member in members:
        SubElement(group, "g", {"clip-path": f"url(#{ident})"}).append(member)
    return group


KINDS = {
    "Circle": _circle,
    "Ellipse": _ellipse,
    "Rectangle": _rectangle,
    "Line": _line,
    "Path": _path,
    "Polygon": _points,
    "Polyline": _points,
    "Image": _image,
    "Equation": _equation,
    "Text": _text,
    "Group": _group,
}
"""How each kind of shape is drawn."""
