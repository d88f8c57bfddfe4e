"""What decides a label's size: the properties of its font, and the box that is measured."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.values import Shape

PIXELS = {"px": 1.0, "in": 96.0, "cm": 96.0 / 2.54, "mm": 9.6 / 2.54}
"""Pixels per unit."""

_LENGTH = re.compile(r"\s*(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*([a-z]+)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Size:
    """A label's box in pixels: `ascent` is above the baseline, `descent` below it.

    A pair of Style's properties does not always add up: `ascent + descent` is `height` to rounding only.
    """

    width: float
    height: float
    ascent: float
    descent: float


NOTHING = Size(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Font:
    """A shape's font, property by property, as Style gives them. An Equation has a size alone."""

    size: str = "16px"
    family: str = ""
    style: str = ""
    variant: str = ""
    weight: str = ""
    stretch: str = ""
    line_height: str = ""

    def __str__(self) -> str:
        """As tables of measured labels have it: the size of an equation; otherwise all, with bars between."""
        if not self.family:
            return self.size
        return "|".join(
            (self.style, self.variant, self.weight, self.stretch, self.size, self.line_height, self.family)
        )

    @property
    def css(self) -> str:
        """The CSS rule `font`.

        >>> Font("12px", "Georgia, serif", style="italic").css
        'italic 12px Georgia, serif'
        """
        size = f"{self.size}/{self.line_height}" if self.line_height else self.size
        return " ".join(filter(None, (self.stretch, self.style, self.variant, self.weight, size, self.family)))


_PROPERTIES = {
    "size": "fontSize",
    "family": "fontFamily",
    "style": "fontStyle",
    "variant": "fontVariant",
    "weight": "fontWeight",
    "stretch": "fontStretch",
    "line_height": "lineHeight",
}
_DEFAULTS = {"Equation": Font(), "Text": Font("12px", "sans-serif")}


def font_of(shape: Shape) -> Font:
    """The font of an Equation or a Text.

    >>> str(font_of(Shape("Text", "a.text", {"fontSize": "20px", "fontWeight": "bold"})))
    '||bold||20px||sans-serif'
    """
    default = _DEFAULTS[shape.kind]
    if shape.kind == "Equation":
        return Font(_word(shape, "fontSize", default.size))
    return Font(**{field: _word(shape, name, getattr(default, field)) for field, name in _PROPERTIES.items()})


def string_of(shape: Shape) -> str:
    """What an Equation or a Text says."""
    return _word(shape, "string", "defaultLabelText" if shape.kind == "Equation" else "defaultText")


def _word(shape: Shape, name: str, default: str) -> str:
    value = shape.properties.get(name, default)
    if isinstance(value, str):
        return value
    sentence = f"{shape.kind} {shape.name}: property {name} is {value!r}; expected a string"
    raise DiagramError(Fault("InvalidProperty", sentence, shape.place))


def pixels(size: str) -> float:
    """A font size in pixels.

    >>> pixels("12px"), pixels("1in"), round(pixels("2.54 cm"), 9)
    (12.0, 96.0, 96.0)
    """
    found = _LENGTH.fullmatch(size)
    if found is None or found[3] not in PIXELS:
        sentence = f'font size "{size}" is unknown; expected a number and one of px, in, cm, mm, such as "12px"'
        raise DiagramError(Fault("InvalidFontSize", sentence))
    return float(found[1] + (found[2] or "")) * PIXELS[found[3]]
