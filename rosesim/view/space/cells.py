"""Squares of a plane and the spheres that reach into each: so a ray asks tens of thousands, not all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 32768
"""Squares of a plane at most, as a program has room for them; on a larger plane they are larger."""
LISTED = 524_288
"""Entries of all lists at most, unless there is one cell: where spheres reach into more, as before an eye among them,
cells are larger."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Square cells of a plane in rows, and lists of what reaches into each, one after the other."""

    low: tuple[float, float]
    size: float
    columns: int
    rows: int
    which: NDArray[np.int32]
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
    size = max(size, np.sqrt(wide * high_ / (MOST / 2)), max(wide, high_) / (MOST / 4))
    columns, rows = int(np.ceil(wide / size)), int(np.ceil(high_ / size))  # with all that is rounded up, at most MOST
    last = np.array([columns, rows]) - 1
    begin = np.clip(np.floor((low - [left, bottom]) / size), 0, last + 1).astype(np.int32)
    end = np.clip(np.floor((high - [left, bottom]) / size), -1, last).astype(np.int32)
    across, up = np.maximum(end - begin + 1, 0).T
    counts = across * up
    if counts.sum() > LISTED and columns * rows > 1:
        return cells(low, high, box, 2.0 * size)
    # Each cell's number from that of its sphere's first cell; small integers, as these arrays are the largest.
    owners = np.repeat(np.arange(len(low), dtype=np.int32), counts)
    place = np.arange(len(owners), dtype=np.int32) - np.repeat((np.cumsum(counts) - counts).astype(np.int32), counts)
    up, column = np.divmod(place, across.take(owners))
    cell = ((begin[:, 1] * columns + begin[:, 0]).take(owners) + up * columns + column).astype(np.uint16)
    first = np.full(MOST + 2, len(owners), np.float32)
    first[0] = 0.0
    first[1 : columns * rows + 1] = np.cumsum(np.bincount(cell, minlength=columns * rows))
    return Cells((left, bottom), size, columns, rows, owners.take(np.argsort(cell, kind="stable")), first)
