"""`[a, b]`, `(a, b)`, `{a, b}`, `listof f from xs` and `#rrggbb`: what their elements make of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.diagrams.errors import DiagramError, Fault, Place
from rosesim.diagrams.kinds import described
from rosesim.diagrams.scalars import Number, Scalar
from rosesim.diagrams.values import Color, List, Pair, Path, Paths, Rows, Shape, Shapes, Value, Vector

NUMBERS = {"list": List, "vector": Vector, "listof": Vector}
ROWS = {"list": "lists", "vector": "matrix"}
ROWS_OF = {List: "lists", Pair: "points", Vector: "matrix"}
"""For `listof`: by the first element."""

CHANNELS = {3: 1, 4: 1, 6: 2, 8: 2}
"""How many hex digits a colour has, and how many a channel then has."""


def is_number(value: object) -> bool:
    """Whether it is a number, known or not."""
    return isinstance(value, float | Scalar) or (isinstance(value, int) and not isinstance(value, bool))


def collected(form: str, values: Sequence[Value], place: Place) -> Value:
    """The value of elements written as `form`: "list", "vector", "pair" or "listof".

    Faults: BadElementError.

    >>> collected("vector", [1.0, 2.0], Place())
    Vector(items=(1.0, 2.0))
    >>> collected("listof", [Pair((1.0, 2.0))], Place())
    Rows(rows=((1.0, 2.0),), kind='points')
    """
    if form == "pair":
        return _pair(values, place)
    if not values:
        return NUMBERS[form](())
    first = values[0]
    if is_number(first):
        return NUMBERS[form](tuple(_all(values, is_number, "numbers", place)))
    if isinstance(first, Vector | List | Pair):
        rows = _all(values, lambda v: isinstance(v, Vector | List | Pair), "vectors, lists or pairs", place)
        kind = ROWS.get(form) or ROWS_OF[type(first)]
        return Rows(tuple(row.items for row in rows), kind)
    if isinstance(first, Shape):
        return Shapes(_all(values, lambda v: isinstance(v, Shape), "shapes", place))
    if isinstance(first, Path) and form != "listof":
        return Paths(tuple(_all(values, lambda v: isinstance(v, Path), "path data", place)))
    raise _bad(1, first, "a number, a vector, a list, a pair, a shape or path data", place)


def _pair(values: Sequence[Value], place: Place) -> Value:
    if len(values) != 2:
        raise DiagramError(Fault("BadElementError", f"{{...}} takes two numbers; found {len(values)}", place))
    a, b = _all(values, is_number, "numbers", place)
    return Pair((a, b))


def _all(values: Sequence[Value], fits: Callable[[Value], bool], what: str, place: Place) -> list[Any]:
    for i, value in enumerate(values, 1):
        if not fits(value):
            raise _bad(i, value, f"{what} only, as the first element is" if i > 1 else what, place)
    return list(values)


def _bad(number: int, value: Value, expected: str, place: Place) -> DiagramError:
    sentence = f"element {number} is {described(value)}; expected {expected}"
    return DiagramError(Fault("BadElementError", sentence, place))


def color(digits: str, place: Place) -> Color:
    """The colour of hex digits, with alpha 1 where they have none.

    Faults: InvalidColorLiteral.

    >>> color("f00", Place())
    Color(space='rgba', channels=(1.0, 0.0, 0.0, 1.0))
    """
    width = CHANNELS.get(len(digits))
    if width is None:
        sentence = f"#{digits} has {len(digits)} hex digits; a colour has 3, 4, 6 or 8"
        raise DiagramError(Fault("InvalidColorLiteral", sentence, place))
    groups = [digits[i : i + width] for i in range(0, len(digits), width)]
    channels: list[Number] = [int(g * (3 - width), 16) / 255 for g in groups]
    return Color("rgba", (*channels, 1.0) if len(channels) == 3 else tuple(channels))
