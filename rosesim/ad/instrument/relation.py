"""Relations between the numbers of a value and the inputs that they depend on, as sorted pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.support.errors import TooLarge

Keys = NDArray[np.int64]
"""Pairs of a row and an input, sorted: row << SHIFT | input."""
Known = NDArray[Any]
"""Numbers that are known, in each iteration of the loops around."""

SHIFT = 31
MASK = (1 << SHIFT) - 1
MOST = 1 << 27
"""Most pairs at a time, 1 GiB: a structure of so many places is no sparse one."""


EMPTY = np.zeros(0, np.int64)


def union(*parts: Keys) -> Keys:
    """All pairs of these. Raises TooLarge beyond `MOST`."""
    filled = [p for p in parts if len(p)]
    if not filled:
        return EMPTY
    if sum(map(len, filled)) > MOST:
        raise TooLarge(f"the structure of a derivative has more than {MOST} places; expected a sparse one")
    return filled[0] if len(filled) == 1 else np.unique(np.concatenate(filled))


def taken(keys: Keys, rows: Keys) -> tuple[Keys, Keys]:
    """The inputs of these rows, one row after the other, and for each the number of its row among the taken ones."""
    first = np.searchsorted(keys, rows << SHIFT)
    counts = np.searchsorted(keys, (rows + 1) << SHIFT) - first
    if (total := int(counts.sum())) > MOST:
        raise TooLarge(f"the structure of a derivative has more than {MOST} places; expected a sparse one")
    ends = np.cumsum(counts)
    at = np.arange(total) - np.repeat(ends - counts - first, counts)
    return keys[at] & MASK, np.repeat(np.arange(len(rows)), counts)


def moved(keys: Keys, rows: Keys, to: Keys) -> Keys:
    """The keys of these rows, as those of other rows."""
    inputs, which = taken(keys, rows)
    return np.unique(to[which] << SHIFT | inputs)


@dataclass(frozen=True, slots=True, eq=False)
class Ref:
    """An accumulator. Its rows are those of a value."""

    size: int


@dataclass(frozen=True, slots=True)
class Reads:
    """Pairs of rows and inputs, with the iteration of the loops around in which each was met: until these loops have
    been walked, the carries of their bodies are among the inputs."""

    runs: Keys
    rows: Keys
    inputs: Keys
    ref: Ref | None = None
    """The accumulator that they were added to."""

    @property
    def keys(self) -> Keys:
        """The pairs, whichever iteration they are of."""
        return np.unique(self.rows << SHIFT | self.inputs)


__all__ = ["EMPTY", "MASK", "MOST", "SHIFT", "Keys", "Known", "Reads", "Ref", "moved", "taken", "union"]
