"""Values as colours of increasing lightness: readable in greyscale and by colour-blind people."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_CIVIDIS = """
    00224e 002656 002a5f 002d68 003070 083370 163770 203a6f 273e6e 2e416d 34456c 3a486c 3f4c6c 444f6c 49536c
    4e566c 535a6d 575d6d 5c616e 60646f 656870 696b71 6d6f72 727274 767676 7a7a78 7e7d78 838179 888578 8d8878
    928c78 969077 9b9476 a09875 a59c74 aaa073 afa471 b5a86f baac6d bfb06b c4b468 c9b965 cfbd62 d4c15f dac65b
    dfca57 e5cf52 ead34c f0d846 f6dd3f fce236 fee838
"""
PALETTE = tuple(tuple(round(int(row[k : k + 2], 16) / 255, 4) for k in (0, 2, 4)) for row in _CIVIDIS.split())
"""Cividis, dark blue over grey to yellow: red, green, blue, 0 to 1. Lightness rises evenly, and people with a common
colour deficiency see nearly the same as everybody else (Nunez, Anderton and Renslow, Optimizing colormaps with
consideration for color vision deficiency, PLOS ONE 13(7), e0199239, 2018). These are every fifth of the 256 rows of
their table; colours between them are linear, which is off by at most 4 / 255."""


def coloured(values: ArrayLike, low: float, high: float, palette: ArrayLike = PALETTE) -> NDArray[np.float64]:
    """Colours of shape (..., 3), each from 0 to 1, of values from `low` (dark blue) to `high` (yellow).

    Another palette is an array of colours, of shape (k, 3). A value beyond either end has the colour of that end. NaN
    has the lowest colour.

    >>> coloured([-1.0, 0.0, 5.0], -1.0, 1.0)
    array([[0.     , 0.1333 , 0.3059 ],
           [0.48625, 0.4843 , 0.4706 ],
           [0.9961 , 0.9098 , 0.2196 ]])
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
    array([0.48625, 0.4843 , 0.4706 ])
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
