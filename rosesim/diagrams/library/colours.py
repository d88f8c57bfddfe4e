"""Colours and clips."""

from __future__ import annotations

from rosesim.diagrams.kinds import NUMBER, shape
from rosesim.diagrams.library.items import function
from rosesim.diagrams.scalars import Number
from rosesim.diagrams.shapes import SHAPES
from rosesim.diagrams.values import Clip, Color, Shape


@function(r=NUMBER, g=NUMBER, b=NUMBER, a=NUMBER)
def rgba(r: Number, g: Number, b: Number, a: Number) -> Color:
    """A colour of red, green, blue and opacity, each 0 to 1; not clamped."""
    return Color("rgba", (r, g, b, a))


@function(h=NUMBER, s=NUMBER, v=NUMBER, a=NUMBER)
def hsva(h: Number, s: Number, v: Number, a: Number) -> Color:
    """A colour of hue in degrees, saturation and value in percent, opacity 0 to 1; converted when drawn."""
    return Color("hsva", (h, s, v, a))


@function()
def none() -> Color:
    """No paint."""
    return Color("none")


@function(s=shape(*(name for name in SHAPES if name != "Group")))
def clip(s: Shape) -> Clip:
    """Clips a group to a shape, which is not a group."""
    return Clip(s)


@function()
def noClip() -> Clip:
    """Clips a group to nothing: all of it is seen."""
    return Clip()
