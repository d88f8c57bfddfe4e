"""Shapes as a Python program holds them: properties are attributes."""

from __future__ import annotations

from typing import Any

from rosesim.diagrams.builder.convert import accepted, user_value
from rosesim.diagrams.builder.mistakes import unknown
from rosesim.diagrams.builder.names import property_of, spelling, spellings
from rosesim.diagrams.builder.vec import is_number
from rosesim.diagrams.shapes import SHAPES
from rosesim.diagrams.style.hints import with_article
from rosesim.diagrams.values import Shape

_FIELDS = frozenset(("kind", "name", "properties", "passthrough", "place"))
"""What a `Shape` has itself."""


class Drawn(Shape):
    """A shape of a `Canvas`. Its properties are attributes, to be read and written.

    A property that was not given is free, or has its default: `circle.r` is then a number that the layout decides.
    Who writes a property changes it for all terms; an expression that was computed before keeps the old value.

    >>> from rosesim.diagrams.builder.canvas import Canvas
    >>> d = Canvas(100, 100)
    >>> a = d.circle(r=5)
    >>> a.r, a
    (5.0, <circle1>)
    >>> a.r = 8
    >>> a.r
    8.0
    >>> a.radius  # type: ignore
    Traceback (most recent call last):
    rosesim...UnknownNameError: <doctest ...>:1: a circle has no property radius; expected one of ...
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in _FIELDS:  # what Python and notebooks ask of any object
            raise AttributeError(name)
        found = property_of(self.kind, name)
        value = self.properties.get(found)
        if value is None:  # only path data have no default that can be drawn
            raise unknown("MissingPathError", f"{self.name} has no {spelling(found)} yet; write it first")
        return user_value(value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIELDS:
            super().__setattr__(name, value)
        else:
            self.properties[property_of(self.kind, name)] = checked(self.kind, self.name, name, value)

    def __dir__(self) -> list[str]:
        return ["kind", "name", *spellings(self.kind)]


def checked(kind: str, path: str, name: str, value: Any) -> Any:
    """A property's value in the form that its kind asks for."""
    known = SHAPES[kind].properties[property_of(kind, name)]
    if known.name == "fontSize" and is_number(value):
        value = f"{value:g}px"
    return accepted(value, known.kind, f"{path}.{name}", "BadShapeParamTypeError")


def _of(kind: str) -> type[Drawn]:
    lines = "\n".join(f"    {name}" for name in spellings(kind))
    doc = f"{with_article(kind).capitalize()} of a `Canvas`. Its properties:\n\n{lines}\n"
    return type(kind, (Drawn,), {"__slots__": (), "__doc__": doc, "__module__": __name__})


Circle, Ellipse, Rectangle = _of("Circle"), _of("Ellipse"), _of("Rectangle")
Polygon, Polyline, Line, Path = _of("Polygon"), _of("Polyline"), _of("Line"), _of("Path")
Equation, Text, Image, Group = _of("Equation"), _of("Text"), _of("Image"), _of("Group")

KINDS: dict[str, type[Drawn]] = {
    c.__name__: c for c in (Circle, Ellipse, Rectangle, Polygon, Polyline, Line, Path, Equation, Text, Image, Group)
}
