"""The SVG document of a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from rosesim.diagrams.labels import Labels, Measured
from rosesim.diagrams.picture import boxes
from rosesim.diagrams.picture.elements import Drawing
from rosesim.diagrams.picture.paint import decimal
from rosesim.diagrams.values import Shape

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def svg(
    shapes: Sequence[Shape],
    canvas: tuple[float, float],
    labels: Labels | None = None,
    folder: Path | None = None,
    prefix: str = "d",
) -> str:
    """A picture of shapes whose numbers are known, the first at the bottom.

    `canvas` is its width and height; `labels` typeset its equations (those of rosesim[diagrams] if None); `folder`
    is where relative files of images lie, and without it images are placeholders; `prefix` begins all ids, so that
    pictures with different prefixes can stand in one page.

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
    SubElement(SubElement(root, "penrose"), "croppedViewBox").text = cropped(shapes, canvas)
    root.extend([drawing.element(shape) for shape in shapes])
    for element in root.iter():
        element.text = element.text and _FORBIDDEN.sub("�", element.text)
        element.tail = element.tail and _FORBIDDEN.sub("�", element.tail)
        element.attrib |= {key: _FORBIDDEN.sub("�", value) for key, value in element.attrib.items()}
    for element in root:
        element.tail = "\n"
    root[-1].tail = "\n"
    return ElementTree.tostring(root, encoding="unicode")


def cropped(shapes: Sequence[Shape], canvas: tuple[float, float]) -> str:
    """The view box that holds all shapes: left, top, width and height on the screen."""
    box = boxes.union(b for b in map(boxes.box, shapes) if b is not None)
    left, bottom, right, top = box or (-canvas[0] / 2.0, -canvas[1] / 2.0, canvas[0] / 2.0, canvas[1] / 2.0)
    numbers = canvas[0] / 2.0 + left, canvas[1] / 2.0 - top, right - left, top - bottom
    return " ".join(map(decimal, numbers))
