"""The values of Style: numbers, words, colours, lists, paths and shapes."""

from __future__ import annotations

from dataclasses import dataclass, field

from rosesim.diagrams.errors import NOWHERE, Place
from rosesim.diagrams.scalars import Number, Truth


@dataclass(frozen=True, slots=True)
class Vector:
    """`(a, b, ...)`: numbers."""

    items: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class List:
    """`[a, b, ...]`: numbers. An empty list counts as one of numbers."""

    items: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """`{a, b}`: two numbers."""

    items: tuple[Number, Number]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of numbers. `kind` says how they were written: "matrix", "lists" (a list of lists) or "points"."""

    rows: tuple[tuple[Number, ...], ...]
    kind: str = "matrix"


@dataclass(frozen=True, slots=True)
class Color:
    """A colour. `space` is "rgba" (four channels, 0 to 1), "hsva" (degrees, percent, percent, 0 to 1) or "none"."""

    space: str
    channels: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """Path data: (letter, numbers) in a row. M, L: point; Q: control, end; C: two controls, end; T: end; S: control,
    end; A: rx, ry, rotation, largeArc, sweep, end; Z: nothing."""

    commands: tuple[tuple[str, tuple[Number, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Paths:
    """A list of path data."""

    items: tuple[Path, ...]


@dataclass(eq=False, slots=True)
class Shape:
    """A shape that is drawn: its kind ("Circle"), its path (its name), and all properties, by name.

    `passthrough` are properties that the kind does not know, which go to the SVG element as they are. Two shapes are
    the same only if they are one object.
    """

    kind: str
    name: str
    properties: dict[str, Value] = field(default_factory=dict)
    passthrough: dict[str, Value] = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(eq=False, slots=True)
class Shapes:
    """A list of shapes. Library functions may reverse it in place, as Penrose's do."""

    items: list[Shape]


@dataclass(frozen=True, slots=True)
class Clip:
    """What a group is clipped to; None where it is not."""

    shape: Shape | None = None


Value = Number | Truth | str | Vector | List | Pair | Rows | Color | Path | Paths | Shape | Shapes | Clip
