"""Arrowheads: SVG markers at the ends of lines and paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from xml.etree.ElementTree import Element, SubElement

from rosesim.diagrams.picture import paint, properties
from rosesim.diagrams.picture.properties import Point
from rosesim.diagrams.scalars import Number, choose, floor, same
from rosesim.diagrams.values import Shape
from rosesim.diagrams.vectors import distance


@dataclass(frozen=True, slots=True)
class Arrowhead:
    """An outline in a box; `at` is the point of it that lies on the line's end. Lengths are in stroke widths."""

    width: float
    height: float
    at: Point
    outline: str
    stroked: bool = False
    round: bool = True
    """Whether a stroked outline has round caps."""
    box_height: float | None = None
    """The box's height where it is not the marker's."""


_BARB = "M 7 7 A 6 6.75 0 0 1 1 1 M 7 7 A 6 6.75 0 0 0 1 13"
_SECOND_BARB = "M 12 7 A 6 6.75 0 0 1 6 1 M 7 7 L 12 7 M 12 7 A 6 6.75 0 0 0 6 13"
_LOOP_UP = "M 1 10 A 4 4 0 0 1 1 19"
_LOOP_DOWN = "M 1 1 A 4 4 0 0 1 1 10"

ARROWHEADS = {
    "straight": Arrowhead(9.95, 8.12, (2.36, 4.06), "M 9.95 4.06 L 0 8.12 L 2.36 4.06 L 0 0 Z"),
    "concave": Arrowhead(8, 8, (2.5, 4), "M 0 0 A 30 30 0 0 0 8 4 A 30 30 0 0 0 0 8 L 2.5 4 Z"),
    "line": Arrowhead(7.5, 14, (5, 7), _BARB, stroked=True),
    "doubleLine": Arrowhead(12.5, 14, (5, 7), f"{_BARB} {_SECOND_BARB}", stroked=True),
    "perp": Arrowhead(1, 10.15, (0.5, 5.08), "M 0.5 10.2 L 0.5 0", stroked=True, round=False, box_height=10.2),
    "loopup": Arrowhead(6, 28, (1, 10), _LOOP_UP, stroked=True),
    "loopdown": Arrowhead(6, 28, (1, 10), _LOOP_DOWN, stroked=True),
    "loop": Arrowhead(6, 28, (1, 10), f"{_LOOP_UP} {_LOOP_DOWN}", stroked=True),
}
"""By name. Every other name draws none."""

ENDS = ("start", "end")


def arrowhead(shape: Shape, end: str) -> Arrowhead | None:
    """What stands at an end, "start" or "end", of a line or path."""
    return ARROWHEADS.get(properties.text(shape, f"{end}Arrowhead", "none"))


def _is_flipped(shape: Shape, end: str) -> bool:
    return end == "start" and properties.flag(shape, "flipStartArrowhead")


def _scaled(length: float, size: Number) -> str:
    """Two decimals, halves up."""
    return paint.decimal(floor(100.0 * length * size + 0.5) / 100.0)


def marker(shape: Shape, end: str, ident: str) -> Element | None:
    """The definition of an end's arrowhead, in the stroke's colour."""
    head = arrowhead(shape, end)
    if head is None:
        return None
    size = properties.number(shape, f"{end}ArrowheadSize", 1.0)
    color = properties.color(shape, "strokeColor")
    paints = {"": paint.hexadecimal(color)} | ({} if color.space == "none" else {"-opacity": paint.opacity(color)})
    element = Element("marker", {"id": ident, "markerUnits": "strokeWidth"})
    element.set("markerWidth", _scaled(head.width, size))
    element.set("markerHeight", _scaled(head.height, size))
    box_height = head.height if head.box_height is None else head.box_height
    element.set("viewBox", f"0 0 {paint.decimal(head.width)} {paint.decimal(box_height)}")
    element.set("refX", paint.decimal(head.at[0]))
    element.set("refY", paint.decimal(head.at[1]))
    element.set("orient", "auto" if _is_flipped(shape, end) else "auto-start-reverse")
    outline = SubElement(element, "path", {"d": head.outline})
    if head.stroked:
        element.attrib.update({f"stroke{name}": value for name, value in paints.items()})
        outline.set("fill", "none")
        if head.round:
            outline.set("stroke-linecap", "round")
    else:
        outline.attrib.update({f"fill{name}": value for name, value in paints.items()})
    return element


def shortened(shape: Shape) -> tuple[Point, Point]:
    """A line's ends, moved back along it so that the tips of its arrowheads lie where the ends were."""
    a, b = properties.point(shape, "start"), properties.point(shape, "end")
    away = distance(a, b)
    length = choose(same(away, 0.0), 1.0, away)  # ends that lie on each other stay
    u = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    back: list[Number] = []
    for end in ENDS:
        head = arrowhead(shape, end)
        scale = properties.number(shape, f"{end}ArrowheadSize", 1.0) * properties.number(shape, "strokeWidth", 1.0)
        ahead = 0.0 if head is None else head.at[0] if _is_flipped(shape, end) else head.width - head.at[0]
        back.append(ahead * scale)
    ends = (a[0] + back[0] * u[0], a[1] + back[0] * u[1]), (b[0] - back[1] * u[0], b[1] - back[1] * u[1])
    return cast(tuple[Point, Point], ends)
