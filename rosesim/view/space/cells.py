"""Squares of a plane and the spheres that reach into each: so a ray asks tens of thousands, not all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 16384
"""Squares of a plane at most, as a program has room for them; on a larger plane they are larger."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Square cells of a plane in rows, and lists of what reaches into each, one after the other."""

    low: tuple[float, float]
    size: float
    columns: int
    rows: int
    which: NDArray[np.intp]
    """The lists, in the order of the cells; each in the order of what was given."""
    first: NDArray[np.float32]
    """Where each cell's list begins, of length `MOST` + 2; the last cell is for what lies outside, and empty."""

    def numbers(self) -> list[float]:
        """What a program needs to find a point's cell."""
        return [*self.low, self.size, self.columns, self.rows]


def cells(
    low: NDArray[np.float64], high: NDArray[np.float64], box: tuple[float, float, float, float], size: float
) -> Cells:
    """The cells of a box (left, bottom, right, top); boxes from `low` to `high`, of shape (n, 2), are put into them.

    >>> low = np.array([(0.2, 0.2), (0.8, 0.2)])
    >>> found = cells(low, low + 0.4, (0.0, 0.0, 2.0, 1.0), 1.0)
    >>> found.columns, found.rows, found.which.tolist(), found.first[:4].tolist()
    (2, 1, [0, 1, 1], [0.0, 2.0, 3.0, 3.0])
    """
    left, bottom, right, top = box
    wide, high_ = max(right - left, 1e-30), max(top - bottom, 1e-30)
    size = max(size, np.sqrt(wide * high_ / MOST), wide / MOST, high_ / MOST)
    while (columns := int(np.ceil(wide / size))) * (rows := int(np.ceil(high_ / size))) > MOST:
        size *= 1.02  # rounding up has made too many
    last = np.array([columns, rows]) - 1
    begin = np.clip(np.floor((low - [left, bottom]) / size), 0, last + 1).astype(np.int64)
    end = np.clip(np.floor((high - [left, bottom]) / size), -1, last).astype(np.int64)
    across, up = np.maximum(end - begin + 1, 0).T
    counts = across * up
    owners = np.repeat(np.arange(len(low)), counts)
    place = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    row, column = np.divmod(place, across[owners])
    cell = ((begin[owners, 1] + row) * columns + begin[owners, 0] + column).astype(np.uint16)
    first = np.full(MOST + 2, len(owners), np.float32)
    first[0] = 0.0
    first[1 : columns * rows + 1] = np.cumsum(np.bincount(cell, minlength=columns * rows))
    return Cells((left, bottom), size, columns, rows, owners[np.argsort(cell, kind="stable")], first)
