"""Colours, fills and strokes as SVG's attributes."""

from __future__ import annotations

import colorsys
import math

from rosesim.diagrams.picture import properties
from rosesim.diagrams.values import Color, Shape

DASHES = "7,5"
"""Of a stroke whose style is "dashed"."""

Attributes = dict[str, str]


def decimal(value: float) -> str:
    """A number as SVG writes it: no exponent, six decimals at most, which is a millionth of a pixel.

    >>> decimal(12.5), decimal(3.0), decimal(-1e-9), decimal(1e21)
    ('12.5', '3', '0', '1000000000000000000000')
    """
    digits = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def _rgb(color: Color) -> tuple[float, float, float]:
    a, b, c = (float(v) for v in color.channels[:3] if isinstance(v, int | float))
    return colorsys.hsv_to_rgb(a % 360.0 / 360.0, b / 100.0, c / 100.0) if color.space == "hsva" else (a, b, c)


def hexadecimal(color: Color) -> str:
    """`#rrggbb`, or "none". A channel outside 0 to 1 is cut there: more digits would be no colour.

    >>> hexadecimal(Color("rgba", (1.0, 0.5, 0.0, 1.0))), hexadecimal(Color("hsva", (240.0, 100.0, 100.0, 1.0)))
    ('#ff8000', '#0000ff')
    """
    if color.space == "none":
        return "none"
    return "#" + "".join(f"{math.floor(255.0 * min(max(c, 0.0), 1.0) + 0.5):02x}" for c in _rgb(color))


def opacity(color: Color) -> str:
    """The last channel."""
    return decimal(float(color.channels[3])) if isinstance(color.channels[3], int | float) else ""


def _painted(name: str, color: Color) -> Attributes:
    return {name: hexadecimal(color)} | ({} if color.space == "none" else {f"{name}-opacity": opacity(color)})


def fill(shape: Shape) -> Attributes:
    """`fill`, and its opacity unless it is none."""
    return _painted("fill", properties.color(shape, "fillColor"))


def stroke(shape: Shape) -> Attributes:
    """`stroke`, and unless it is none its opacity, width, dashes and caps."""
    color = properties.color(shape, "strokeColor")
    if color.space == "none":
        return {"stroke": "none"}
    attributes = _painted("stroke", color) | {"stroke-width": decimal(properties.number(shape, "strokeWidth", 0.0))}
    dashed = properties.text(shape, "strokeStyle", "solid") == "dashed"
    if dashes := properties.text(shape, "strokeDasharray") or (DASHES if dashed else ""):
        attributes["stroke-dasharray"] = dashes
    if cap := properties.text(shape, "strokeLinecap"):
        attributes["stroke-linecap"] = cap
    return attributes
