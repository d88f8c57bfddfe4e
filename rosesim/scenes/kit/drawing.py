"""How the kit's parts are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rosesim.ad.language.constants import const
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.values.refused import is_traced
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.colours import PALETTE
from rosesim.scenes.roles import OneOf

LEVELS = 4
"""Shades from no strain to full strain. A role has one colour, so that any renderer can show it."""
_REST, _CONTRACTED, _EXTENDED = (0x66, 0x6B, 0x77), (0xB4, 0x14, 0x10), (0x4C, 0x9B, 0xFF)
"""Darker and lighter than at rest, so that the sign is visible in greyscale too."""


def _shade(strong: tuple[int, int, int], part: float) -> str:
    mixed = (round((1 - part) * a + part * b) for a, b in zip(_REST, strong, strict=True))
    return "#" + "".join(f"{v:02x}" for v in mixed)


STRAIN_COLOURS: dict[str, str] = {
    f"strain{sign * level:+d}": _shade(_CONTRACTED if sign < 0 else _EXTENDED, level / LEVELS)
    for sign in (-1, 1)
    for level in range(LEVELS + 1)
}
"""The roles that `draw_springs` uses, for `Scene.colours`: red where contracted, blue where extended."""
STRAIN_ROLES = tuple(f"strain{level:+d}" for level in range(-LEVELS, LEVELS + 1))
"""The same roles from full contraction to full extension: a strain s from -1 to 1 has number LEVELS (1 + s)."""


def draw_springs(
    canvas: Canvas,
    position: Any,
    ends: NDArray[np.integer[Any]],
    strain: Any,
    full: ArrayLike,
    width: float,
) -> None:
    """Draw springs as lines coloured by their strain: full colour at a strain of `full`, one number for each spring.

    Positions and strains are traced values or NumPy's. A spring whose `full` is 0 is passive: thin and dark, whatever
    its strain.

    >>> canvas = Canvas((0.0, 0.0, 1.0, 1.0))
    >>> draw_springs(canvas, [[0, 0], [1, 0], [1, 1]], np.array([[0, 1], [1, 2]]), [0.2, -0.1], [0.1, 0.0], 0.02)
    >>> for p in canvas.primitives:
    ...     print(p)
    Line(points=((1.0, 0.0), (1.0, 1.0)), role='body', width=0.008, opacity=1.0)
    Line(points=((0.0, 0.0), (1.0, 0.0)), role='strain+4', width=0.02, opacity=1.0)
    """
    most = np.asarray(full, dtype=np.float64)
    passive, active = np.flatnonzero(most <= 0), np.flatnonzero(most > 0)
    if passive.size:
        canvas.segments(position, ends[passive], "body", width=0.4 * width)
    if active.size:
        of_active = _of(strain, active)
        level = of_active * (LEVELS / most[active]) + LEVELS
        canvas.segments(position, ends[active], OneOf(STRAIN_ROLES, level), width=width)


def _of(strain: Any, which: NDArray[np.integer[Any]]) -> Any:
    if not is_traced(strain):
        return np.asarray(strain)[which]
    places = const(which)
    return vec(which.size, lambda k: strain[places[k]])


GAP, TITLE = 0.06, 0.05
"""The gap between two panels, and the height of the letters above them, in panel widths."""


def panels_extent(count: int) -> tuple[float, float, float, float]:
    """The extent of a picture of `count` square images of side 1 in a row, with titles.

    >>> panels_extent(2)
    (-0.06, -0.06, 2.12, 1.14)
    """
    return (-GAP, -GAP, round(count + count * GAP, 9), round(1.0 + 2 * TITLE + 0.04, 9))


@dataclass(frozen=True)
class Field:
    """An image of values for `draw_panels`: dark blue at `least`, yellow at `greatest` (`PALETTE`).

    >>> from rosesim.scenes.canvas import Image
    >>> canvas = Canvas(panels_extent(1))
    >>> draw_panels(canvas, {"height": Field(np.array([[0.0, 2.0]]), 0.0, 2.0)})
    >>> [p.pixels[0].tolist() for p in canvas.primitives if isinstance(p, Image)]
    [[[0, 34, 78], [254, 232, 56]]]
    """

    values: Any
    """Of shape (rows, columns)."""
    least: Any
    greatest: Any


@dataclass(frozen=True)
class Relief:
    """An image of a surface lit from the upper left, for `draw_panels`; see `Canvas.lit`.

    >>> from rosesim.scenes.canvas import Image
    >>> canvas = Canvas(panels_extent(1))
    >>> draw_panels(canvas, {"surface": Relief(np.zeros((2, 2)), 1.0)})
    >>> [p.pixels[0, 0].tolist() for p in canvas.primitives if isinstance(p, Image)]
    [[180, 180, 180]]
    """

    height: Any
    """Of shape (rows, columns)."""
    steepness: Any


def draw_panels(canvas: Canvas, images: Mapping[str, Any], role: str = "ink") -> None:
    """Draw square images in a row, each with its title above: a `Field`, a `Relief`, or greys or colours from 0 to 1
    as `Canvas.image` takes them.

    >>> canvas = Canvas(panels_extent(2))
    >>> draw_panels(canvas, {"state": np.zeros((4, 4)), "target": np.ones((4, 4))})
    >>> [type(p).__name__ for p in canvas.primitives]
    ['Image', 'Text', 'Image', 'Text']
    """
    for k, (title, pixels) in enumerate(images.items()):
        left = k * (1.0 + GAP)
        low, high = (left, 0.0), (left + 1.0, 1.0)
        match pixels:
            case Field(values, least, greatest):
                canvas.image(values, low, high, palette=PALETTE, least=least, greatest=greatest)
            case Relief(height, steepness):
                canvas.lit(height, low, high, steepness=steepness)
            case _:
                canvas.image(pixels, low, high)
        canvas.text((left, 1.0 + TITLE / 2), title, role, size=TITLE)
