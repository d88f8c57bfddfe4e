"""Values as colours of increasing lightness: readable in greyscale and by colour-blind people."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

PALETTE = ((0.04, 0.13, 0.30), (0.30, 0.36, 0.49), (0.55, 0.54, 0.52), (0.79, 0.73, 0.45), (1.00, 0.93, 0.55))
"""Dark blue over grey to pale yellow: red, green, blue, 0 to 1, in equal steps of lightness. Colours between them are
linear. Nearly everybody can tell blue from yellow."""


def coloured(values: ArrayLike, low: float, high: float, palette: ArrayLike = PALETTE) -> NDArray[np.float64]:
    """Colours of shape (..., 3), each from 0 to 1, of values from `low` (dark blue) to `high` (pale yellow).

    Another palette is an array of colours, of shape (k, 3). A value beyond either end has the colour of that end. NaN
    has the lowest colour.

    >>> coloured([-1.0, 0.0, 5.0], -1.0, 1.0)
    array([[0.04, 0.13, 0.3 ],
           [0.55, 0.54, 0.52],
           [1.  , 0.93, 0.55]])
    """
    stops = np.asarray(palette, dtype=np.float64)
    part = (np.asarray(values, dtype=np.float64) - low) / (high - low)
    place = np.clip(np.nan_to_num(part), 0.0, 1.0) * (len(stops) - 1)
    below = np.minimum(place.astype(int), len(stops) - 2)
    rest = (place - below)[..., None]
    return (1 - rest) * stops[below] + rest * stops[below + 1]


def balanced(values: ArrayLike, least: float = 0.0) -> NDArray[np.float64]:
    """Colours of values around zero: zero is grey. The largest magnitude, or `least` if more, is an end of the scale.

    >>> balanced([[-2.0, 0.0, 1.0]])[0, 1]
    array([0.55, 0.54, 0.52])
    """
    limit = max(float(np.abs(np.nan_to_num(values)).max(initial=0.0)), least) or 1.0  # all zero: all grey
    return coloured(values, -limit, limit)


def shaded(height: ArrayLike, steepness: float) -> NDArray[np.float64]:
    """Greys of shape (rows, columns), 0 to 1, of a surface lit from the upper left.

    `steepness` is the change of height from cell to cell that tilts the surface by 45 degrees.

    >>> shaded(np.zeros((2, 2)), 1.0).round(3)
    array([[0.707, 0.707],
           [0.707, 0.707]])
    """
    down, right = np.gradient(np.nan_to_num(np.asarray(height, dtype=np.float64))) if np.size(height) > 1 else (0, 0)
    x, y = right / steepness, down / steepness
    # The light comes from the direction (-1/2, -1/2, 1/sqrt 2) of (right, down, up).
    return np.clip((0.5 * x + 0.5 * y + np.sqrt(0.5)) / np.sqrt(1 + x**2 + y**2), 0.0, 1.0)
