"""A shape's properties as plain numbers, strings and points, for who draws it."""

from __future__ import annotations

import math
from typing import NoReturn, cast

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.picture import slots
from rosesim.diagrams.scalars import Scalar
from rosesim.diagrams.values import Clip, Color, List, Pair, Path, Rows, Shape, Shapes, Value, Vector

Point = tuple[float, float]


def refuse(shape: Shape, name: str, found: object, expected: str) -> NoReturn:
    """A property that cannot be drawn."""
    sentence = f"{shape.kind} {shape.name}: property {name} is {found}; expected {expected}"
    raise DiagramError(Fault("InvalidProperty", sentence, shape.place))


def _finite(shape: Shape, name: str, value: object) -> float:
    if isinstance(value, Scalar) and slots.are_open():
        return cast(float, value)  # a node computes as a float does; only comparing it needs `scalars`
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(shape, name, repr(value), "a number that is known when the picture is drawn")
    if not math.isfinite(value):
        refuse(shape, name, value, "a finite number; look for a division by zero or a root of a negative number")
    return float(value)


def number(shape: Shape, name: str, default: float | None = None) -> float:
    """A finite number, or a node where slots are open; `default` where the shape does not have it."""
    value = shape.properties.get(name, default)
    return _finite(shape, name, value)


def text(shape: Shape, name: str, default: str = "") -> str:
    """A string."""
    value = shape.properties.get(name, default)
    return value if isinstance(value, str) else refuse(shape, name, repr(value), "a string")


def flag(shape: Shape, name: str, default: bool = False) -> bool:
    """A truth value."""
    value = shape.properties.get(name, default)
    return value if isinstance(value, bool) else refuse(shape, name, repr(value), "true or false")


def point(shape: Shape, name: str) -> Point:
    """A point of the canvas, y upwards."""
    value = shape.properties.get(name)
    if not isinstance(value, Vector | List | Pair) or len(value.items) != 2:
        refuse(shape, name, repr(value), "two numbers")
    return _finite(shape, name, value.items[0]), _finite(shape, name, value.items[1])


def points(shape: Shape, name: str = "points") -> list[Point]:
    """Points of the canvas."""
    value = shape.properties.get(name)
    if not isinstance(value, Rows) or any(len(r) != 2 for r in value.rows):
        refuse(shape, name, repr(value), "points of two numbers each")
    return [(_finite(shape, name, x), _finite(shape, name, y)) for x, y in value.rows]


def color(shape: Shape, name: str) -> Color:
    """A colour; none where the shape has none."""
    value = shape.properties.get(name, Color("none"))
    if not isinstance(value, Color):
        refuse(shape, name, repr(value), "a colour")
    return Color(value.space, tuple(_finite(shape, name, c) for c in value.channels))


def path(shape: Shape, name: str = "d") -> list[tuple[str, list[float]]]:
    """Path data."""
    value = shape.properties.get(name, Path())
    if not isinstance(value, Path):
        refuse(shape, name, repr(value), "path data")
    return [(letter, [_finite(shape, name, n) for n in numbers]) for letter, numbers in value.commands]


def members(shape: Shape) -> list[Shape]:
    """The shapes of a group but the one that it is clipped to."""
    value: Value = shape.properties.get("shapes", Shapes([]))
    if isinstance(value, List | Vector) and not value.items:  # an empty list counts as one of numbers
        return []
    if not isinstance(value, Shapes):
        refuse(shape, "shapes", repr(value), "a list of shapes")
    return [s for s in value.items if s is not clip(shape)]


def clip(shape: Shape) -> Shape | None:
    """What a group is clipped to."""
    value = shape.properties.get("clipPath", Clip())
    return (
        value.shape
        if isinstance(value, Clip)
        else refuse(shape, "clipPath", repr(value), "clip(a shape) or noClip()")
    )
