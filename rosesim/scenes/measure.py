"""What a scene's loss measures: its name and its unit, which pictures, pages and summaries show."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_NAME, LONGEST_UNIT = 32, 16
"""Characters: what a curve of 240 points has room for beside its axis."""


@dataclass(frozen=True)
class Measure:
    """What a loss measures, in `Scene.measure`: a name and, where it has one, a unit.

    Write powers as in "m^2": the letters of pictures have no raised digits. Raises ValueError for a text that is
    too long for a picture or has more than one line, and TypeError for what is no text.

    >>> Measure("distance", "m").label, Measure("mean squared difference").label, Measure().label
    ('distance, m', 'mean squared difference', 'loss')
    >>> Measure("")
    Traceback (most recent call last):
        ...
    ValueError: a measure's name is a line of 1 to 32 characters, such as 'distance'; it was ''
    """

    name: str = "loss"
    unit: str = ""

    def __post_init__(self) -> None:
        for what, text, least, most, such in (
            ("name", self.name, 1, LONGEST_NAME, "distance"), ("unit", self.unit, 0, LONGEST_UNIT, "m")
        ):  # fmt: skip
            if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] -- users may give anything
                raise TypeError(f"a measure's {what} is a text, such as {such!r}; it was {text!r}")
            if not least <= len(text) <= most or not text.isprintable() or text != text.strip():
                raise ValueError(
                    f"a measure's {what} is a line of {least} to {most} characters, such as {such!r}; it was {text!r}"
                )

    @property
    def label(self) -> str:
        """The name and the unit, as an axis has them."""
        return f"{self.name}, {self.unit}" if self.unit else self.name

    @property
    def is_declared(self) -> bool:
        """Whether the scene says more than that it is a loss."""
        return self != Measure()
