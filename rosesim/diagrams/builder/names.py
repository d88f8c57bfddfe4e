"""How Python spells the properties of shapes: `stroke_width` is the languages' `strokeWidth`."""

from __future__ import annotations

import re
from functools import cache

from rosesim.diagrams.builder.mistakes import hint, unknown
from rosesim.diagrams.shapes import SHAPES
from rosesim.diagrams.style.hints import with_article

SHORT = {"fill_color": "fill", "stroke_color": "stroke"}
"""As SVG calls them."""
NOT_GIVEN = ("name",)
"""Properties that nobody writes: the name is an argument of its own."""


def spelling(property_: str) -> str:
    """A property's name in Python.

    >>> spelling("strokeWidth"), spelling("fillColor")
    ('stroke_width', 'fill')
    """
    snake = re.sub("[A-Z]", lambda m: f"_{m[0].lower()}", property_)
    return SHORT.get(snake, snake)


@cache
def spellings(kind: str) -> dict[str, str]:
    """The properties of a kind of shape, in order: from Python's names to the languages'.

    >>> list(spellings("Circle"))
    ['ensure_on_canvas', 'stroke_width', 'stroke_style', 'stroke', 'stroke_dasharray', 'fill', 'center', 'r']
    """
    return {spelling(name): name for name in SHAPES[kind].properties if name not in NOT_GIVEN}


def property_of(kind: str, name: str) -> str:
    """The languages' name of a property, which may also be written as they do.

    Raises UnknownNameError for a name that the kind has not, with the user's line.
    """
    known = spellings(kind)
    found = known.get(name) or (name if name in known.values() else None)
    if found is None:
        end = hint(name, known) or f"; expected one of {', '.join(known)}"
        raise unknown("MissingPathError", f"{with_article(kind.lower())} has no property {name}{end}")
    return found
