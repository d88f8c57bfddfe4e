"""Diagrams by optimisation: three small languages, a library of shapes and relations, and a solver.

A person writes what a diagram is about (Domain, Substance) and how it should look (Style); constraints and
objectives become one energy, which compiled gradients minimise. The languages are those of Penrose (Ye and others,
SIGGRAPH 2020, *Penrose: from mathematical notation to beautiful diagrams*). A Python program may say the same by
calls (`Canvas`).

    errors, scalars <- values <- syntax <- language (the three parsers and their checks)
    shapes, library <- style (matching, assignment, evaluation) -> problem
    builder (the same from Python) -> problem
    problem -> energy (terms by template, compiled) -> solve -> picture (SVG)

>>> from rosesim import diagrams as rd
>>> d = rd.Canvas(400, 300)
>>> a, b = d.circle(r=20), d.circle(r=d.free(10, 40))
>>> term = d.ensure.disjoint(a, b, 10)
>>> d.layout(seed="word")
<Picture: all 4 constraints hold>
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rosesim.diagrams.builder.canvas import Canvas
    from rosesim.diagrams.builder.consistent import consistent
    from rosesim.diagrams.builder.handles import (
        Circle,
        Drawn,
        Ellipse,
        Equation,
        Group,
        Image,
        Line,
        Path,
        Polygon,
        Polyline,
        Rectangle,
        Text,
    )
    from rosesim.diagrams.builder.picture import Picture
    from rosesim.diagrams.builder.texts import Texts, load, read
    from rosesim.diagrams.builder.vec import Vec
    from rosesim.diagrams.errors import DiagramError
    from rosesim.diagrams.scalars import Scalar

_SHAPES = [
    "Circle", "Drawn", "Ellipse", "Equation", "Group", "Image", "Line", "Path", "Polygon", "Polyline", "Rectangle",
    "Text",
]  # fmt: skip
_LATER = {
    "Canvas": "builder.canvas",
    "consistent": "builder.consistent",
    "Picture": "builder.picture",
    "Vec": "builder.vec",
    **dict.fromkeys(("Texts", "load", "read"), "builder.texts"),
    **dict.fromkeys(_SHAPES, "builder.handles"),
    "DiagramError": "errors",
    "Scalar": "scalars",
}
"""Where each name is, which is loaded at its first use."""

__all__ = [
    "Canvas", "Circle", "DiagramError", "Drawn", "Ellipse", "Equation", "Group", "Image", "Line", "Path", "Picture",
    "Polygon", "Polyline", "Rectangle", "Scalar", "Text", "Texts", "Vec", "consistent", "load", "read",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'rosesim.diagrams' has no attribute {name!r}")
    return getattr(import_module(f"rosesim.diagrams.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
