"""The properties of shapes as the canvas's methods take them by name.

Written by docs/figures/builder_types.py, from rosesim.diagrams.shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from rosesim.diagrams.builder.convert import ColorLike
from rosesim.diagrams.builder.vec import VecLike
from rosesim.diagrams.scalars import Number


class Properties(TypedDict, total=False):
    """Of all shapes."""

    name: str
    attributes: Mapping[str, str | float]
    """What the SVG element has as it is."""
    ensure_on_canvas: bool


class CircleProperties(Properties, total=False):
    """Of Circle."""

    stroke_width: Number
    stroke_style: str
    stroke: ColorLike
    stroke_dasharray: str
    fill: ColorLike
    center: VecLike
    r: Number


class EllipseProperties(Properties, total=False):
    """Of Ellipse."""

    stroke_width: Number
    stroke_style: str
    stroke: ColorLike
    stroke_dasharray: str
    fill: ColorLike
    center: VecLike
    rx: Number
    ry: Number


class RectangleProperties(Properties, total=False):
    """Of Rectangle."""

    stroke_width: Number
    stroke_style: str
    stroke: ColorLike
    stroke_dasharray: str
    fill: ColorLike
    center: VecLike
    rotation: Number
    width: Number
    height: Number
    corner_radius: Number


class PolygonProperties(Properties, total=False):
    """Of Polygon."""

    stroke_width: Number
    stroke_style: str
    stroke: ColorLike
    stroke_dasharray: str
    fill: ColorLike
    scale: Number


class PolylineProperties(Properties, total=False):
    """Of Polyline."""

    stroke_width: Number
    stroke_style: str
    stroke: ColorLike
    stroke_dasharray: str
    fill: ColorLike
    scale: Number
    stroke_linecap: str


class LineProperties(Properties, total=False):
    """Of Line."""

    stroke_width: Number
    stroke_style: str
    stroke: ColorLike
    stroke_dasharray: str
    fill: ColorLike
    stroke_linecap: str
    start_arrowhead: str
    end_arrowhead: str
    start_arrowhead_size: Number
    end_arrowhead_size: Number
    flip_start_arrowhead: bool


class PathProperties(Properties, total=False):
    """Of Path."""

    stroke_width: Number
    stroke_style: str
    stroke: ColorLike
    stroke_dasharray: str
    fill: ColorLike
    stroke_linecap: str
    start_arrowhead: str
    end_arrowhead: str
    start_arrowhead_size: Number
    end_arrowhead_size: Number
    flip_start_arrowhead: bool


class EquationProperties(Properties, total=False):
    """Of Equation."""

    fill: ColorLike
    center: VecLike
    rotation: Number
    width: Number
    height: Number
    ascent: Number
    descent: Number
    font_size: str | float


class TextProperties(Properties, total=False):
    """Of Text."""

    stroke_width: Number
    stroke_style: str
    stroke: ColorLike
    stroke_dasharray: str
    fill: ColorLike
    center: VecLike
    rotation: Number
    width: Number
    height: Number
    ascent: Number
    descent: Number
    font_size: str | float
    font_family: str
    font_style: str
    font_variant: str
    font_weight: str
    font_stretch: str
    line_height: str
    font_size_adjust: str
    visibility: str
    text_anchor: str
    alignment_baseline: str
    dominant_baseline: str


class ImageProperties(Properties, total=False):
    """Of Image."""

    center: VecLike
    rotation: Number
    width: Number
    height: Number
    preserve_aspect_ratio: str


class GroupProperties(Properties, total=False):
    """Of Group."""

    pass
