"""From Python's values to those of diagrams, and back: tuples are vectors, "#88aadd" is a colour."""

from __future__ import annotations

from typing import Any

from rosesim.diagrams.builder.mistakes import hint, mistake, place
from rosesim.diagrams.builder.vec import Vec, components, is_number, number
from rosesim.diagrams.errors import DiagramError, Place
from rosesim.diagrams.kinds import BOOLEAN, CLIP, COLOR, Kind, described
from rosesim.diagrams.scalars import Number, Scalar
from rosesim.diagrams.style.literals import collected, color
from rosesim.diagrams.values import Clip, Color, List, Pair, Path, Paths, Rows, Shape, Shapes, Value, Vector

ColorLike = str | Color | tuple[Number, Number, Number] | tuple[Number, Number, Number, Number]
""""#rrggbb", "#rrggbbaa", a name as CSS has it, "none", or channels from 0 to 1."""

PathLike = Path
"""Path data, as the library's functions make them."""

_VALUES = Scalar | Vector | List | Pair | Rows | Color | Path | Paths | Shape | Shapes | Clip


def accepted(value: Any, kind: Kind, what: str, error: str) -> Value:
    """A Python value as a kind wants it; `what` begins the sentence of a DiagramError of kind `error`."""
    plain = _color(value) if kind is COLOR else Clip(value) if kind is CLIP and isinstance(value, Shape) else None
    if plain is None:
        plain = value_of(value)
    found = None if plain is None else kind.accept(plain)
    if found is None:
        shown = repr(value) if plain is None else described(plain)
        raise mistake(error, f"{what} is {shown}; expected {_wanted(kind)}")
    return found


def _wanted(kind: Kind) -> str:
    if kind is COLOR:
        return 'a colour such as "#88aadd", "red", "none" or (r, g, b) with numbers from 0 to 1'
    return "True or False" if kind is BOOLEAN else kind.name


def value_of(value: Any) -> Value | None:
    """A Python value as diagrams have it; None for what has no meaning there. Shapes stand for themselves.

    >>> value_of((1, 2)), value_of([(0, 0), (1, 2)])
    (Vector(items=(1.0, 2.0)), Rows(rows=((0.0, 0.0), (1.0, 2.0)), kind='matrix'))
    """
    if isinstance(value, bool | str | _VALUES):
        return value
    if is_number(value):
        return number(value)
    if (vector := components(value)) is not None:
        return Vector(vector)
    if isinstance(value, tuple | list) or hasattr(value, "__array__"):
        items = [value_of(v) for v in value]
        if any(v is None for v in items):
            return None
        return collected("vector", [v for v in items if v is not None], place())
    return None


def _color(value: Any) -> Color | None:
    if isinstance(value, str):
        return _named(value)
    channels = components(value)
    if channels is None or len(channels) not in (3, 4):
        return None
    return Color("rgba", (*channels, 1.0)[:4])


def _named(text: str) -> Color:
    word = text.strip().lower()
    if word in ("none", "transparent"):
        return Color("none")
    digits = word.removeprefix("#")
    if word.startswith("#"):
        try:
            return color(digits, Place())
        except (DiagramError, ValueError):
            sentence = f'"{text}" is no colour; expected 3, 4, 6 or 8 hex digits after #'
            raise mistake("InvalidColorLiteral", sentence) from None
    from PIL.ImageColor import colormap  # CSS's names

    found = colormap.get(word)
    if found is None:
        sentence = f'no colour is called "{text}"{hint(word, colormap)}'
        raise mistake("InvalidColorLiteral", f'{sentence}; expected a name of CSS or "#rrggbb"')
    return color(str(found).removeprefix("#"), Place())


def user_value(value: Value) -> Any:
    """A value as a Python program gets it: vectors with operators, rows as a list of them."""
    match value:
        case Vector(items) | List(items) | Pair(items):
            return Vec(tuple(items))
        case Rows(rows):
            return [Vec(row) for row in rows]
        case Shapes(items):
            return list(items)
        case _:
            return value
