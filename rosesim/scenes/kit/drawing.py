"""How the kit's parts are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rosesim.scenes.canvas import Canvas

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


def draw_springs(
    canvas: Canvas,
    position: ArrayLike,
    ends: NDArray[np.integer[Any]],
    strain: ArrayLike,
    full: ArrayLike,
    width: float,
) -> None:
    """Draw springs as lines coloured by their strain: full colour at a strain of `full`, one number for each spring.

    A spring whose `full` is 0 is passive: thin and dark, whatever its strain.

    >>> canvas = Canvas((0.0, 0.0, 1.0, 1.0))
    >>> draw_springs(canvas, [[0, 0], [1, 0], [1, 1]], np.array([[0, 1], [1, 2]]), [0.2, -0.1], [0.1, 0.0], 0.02)
    >>> for p in canvas.primitives:
    ...     print(p)
    Line(points=((1.0, 0.0), (1.0, 1.0)), role='body', width=0.008, opacity=1.0)
    Line(points=((0.0, 0.0), (1.0, 0.0)), role='strain+4', width=0.02, opacity=1.0)
    """
    x, strain, full = np.asarray(position), np.asarray(strain), np.asarray(full)
    active = full > 0
    for k in np.flatnonzero(~active):
        canvas.line(x[ends[k]], "body", width=0.4 * width)
    for k in np.flatnonzero(active):
        level = round(float(np.clip(strain[k] / full[k], -1, 1)) * LEVELS)
        canvas.line(x[ends[k]], f"strain{level:+d}", width=width)


GAP, TITLE = 0.06, 0.05
"""The gap between two panels, and the height of the letters above them, in panel widths."""


def panels_extent(count: int) -> tuple[float, float, float, float]:
    """The extent of a picture of `count` square images of side 1 in a row, with titles.

    >>> panels_extent(2)
    (-0.06, -0.06, 2.12, 1.14)
    """
    return (-GAP, -GAP, round(count + count * GAP, 9), round(1.0 + 2 * TITLE + 0.04, 9))


def draw_panels(canvas: Canvas, images: Mapping[str, ArrayLike], role: str = "ink") -> None:
    """Draw square images, each from 0 to 1 as `Canvas.image` takes them, in a row, each with its title above.

    >>> canvas = Canvas(panels_extent(2))
    >>> draw_panels(canvas, {"state": np.zeros((4, 4)), "target": np.ones((4, 4))})
    >>> [type(p).__name__ for p in canvas.primitives]
    ['Image', 'Text', 'Image', 'Text']
    """
    for k, (title, pixels) in enumerate(images.items()):
        left = k * (1.0 + GAP)
        canvas.image(pixels, (left, 0.0), (left + 1.0, 1.0))
        canvas.text((left, 1.0 + TITLE / 2), title, role, size=TITLE)
