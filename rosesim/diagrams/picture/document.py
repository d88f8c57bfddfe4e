"""The SVG document of a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from rosesim.diagrams import boxes
from rosesim.diagrams.labels import Labels, Measured
from rosesim.diagrams.picture import slots
from rosesim.diagrams.picture.elements import Drawing
from rosesim.diagrams.picture.paint import decimal
from rosesim.diagrams.scalars import Number, Scalar
from rosesim.diagrams.values import Shape

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def svg(
    shapes: Sequence[Shape],
    canvas: tuple[float, float],
    labels: Labels | None = None,
    folder: Path | Sequence[Path] | None = None,
    prefix: str = "d",
) -> str:
    """A picture of shapes whose numbers are known, the first at the bottom.

    `canvas` is its width and height; `labels` typeset its equations (those of rosesim[diagrams] if None); `folder`
    is where relative files of images lie (of several, one beside the shape's text comes first), and without it images
    are placeholders; `prefix` begins all ids, so that pictures with different prefixes can stand in one page.

    Raises `DiagramError` where a property cannot be drawn (not a number, of a wrong kind), an equation cannot be
    typeset, or the extra that typesets is missing.

    >>> from rosesim.diagrams.values import Color, Vector
    >>> dot = Shape("Circle", "a.dot", {"center": Vector((10.0, 20.0)), "r": 5.0, "fillColor": Color("none")})
    >>> print(svg([dot], (100.0, 100.0)))
    <svg xmlns="http://www.w3.org/2000/svg" version="1.2" viewBox="0 0 100 100" penrose="0">...
    <circle cx="60" cy="30" r="5" fill="none" stroke="none"><title>a.dot</title></circle>
    </svg>
    """
    drawing = Drawing(canvas, labels or Measured(), folder, prefix)
    width, height = map(decimal, canvas)
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "version": "1.2"})
    root.attrib |= {
        "viewBox": f"0 0 {width} {height}",
        "penrose": "0",
    }  # editors of Penrose know its pictures by this
    elements = [drawing.element(shape) for shape in shapes]  # before boxes, which do not ask what a property is
    SubElement(SubElement(root, "penrose"), "croppedViewBox").text = cropped(shapes, canvas)
    root.extend(elements)
    for element in root.iter():
        element.text = element.text and _FORBIDDEN.sub("�", element.text)
        element.tail = element.tail and _FORBIDDEN.sub("�", element.tail)
        element.attrib |= {key: _FORBIDDEN.sub("�", value) for key, value in element.attrib.items()}
    for element in root:
        element.tail = "\n"
    root[-1].tail = "\n"
    return ElementTree.tostring(root, encoding="unicode")


def slotted(
    shapes: Sequence[Shape],
    canvas: tuple[float, float],
    labels: Labels | None = None,
    folder: Path | Sequence[Path] | None = None,
    prefix: str = "d",
) -> tuple[str, list[Scalar]]:
    """A picture of shapes whose numbers may be nodes: the document with slots (`slots`), and the nodes of the slots.

    Raises what `svg` raises, and DiagramError where a word has a character that slots are made of.
    """
    with slots.opened() as found:
        text = svg(shapes, canvas, labels, folder, prefix)
    slots.refuse_marks(text)
    return text, found.nodes


def sized(text: str, canvas: tuple[float, float]) -> str:
    """A picture with width and height, so that what shows it alone shows it as large as its canvas.

    Penrose writes neither: its pictures fill what holds them.

    >>> sized(svg([], (40.0, 30.0)), (40.0, 30.0))
    '<svg xmlns="http://www.w3.org/2000/svg" version="1.2" width="40" height="30" viewBox="0 0 40 30" penrose=...
    """
    width, height = map(decimal, canvas)
    return text.replace(" viewBox=", f' width="{width}" height="{height}" viewBox=', 1)


def cropped(shapes: Sequence[Shape], canvas: tuple[float, float]) -> str:
    """The view box that holds all shapes: left, top, width and height on the screen."""
    corners = [corner for shape in shapes for corner in _corners(shape)]
    box = boxes.hull(corners) if corners else boxes.sized(*canvas, (0.0, 0.0))
    numbers = canvas[0] / 2.0 + box.min_x, canvas[1] / 2.0 - box.max_y, box.width, box.height
    return " ".join(map(decimal, numbers))


def _corners(shape: Shape) -> Sequence[Sequence[Number]]:
    try:
        return boxes.box(shape).corners
    except ValueError:  # nothing of it is drawn: path data or a group without anything in it
        return ()
