"""By how much a tangent grows with each step of a rollout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.instrument.record import Recording

FEWEST = 4
"""With fewer steps than this a growth rate means nothing."""


@dataclass(frozen=True, slots=True)
class Growth:
    """`a_step` is the factor of one step, from a least squares fit of the norms' logarithms; `whole` that of all
    steps.

    It is a fit and not a ratio of two norms, so that steady addition (a position under a constant push) has a factor
    near 1.
    """

    a_step: float = 1.0
    whole: float = 1.0

    @property
    def log10(self) -> float:
        """The decimal exponent of `whole`."""
        return float(np.log10(max(self.whole, 1e-300)))


def largest_growth(program: Recording, table: NDArray[Any]) -> Growth:
    """The growth of the loop whose tangents grow the most, given the table of `ad.instrument.growth`."""
    best = Growth()
    for rows in program.rows:
        if rows.n == 0 or not rows.carries:
            continue
        norms = table[rows.first : rows.first + rows.count, 0]
        steps = np.flatnonzero(norms > 0)
        if len(steps) < FEWEST:
            continue
        logs = np.log(np.minimum(norms[steps], np.finfo(np.float64).max))
        rate = float(np.polyfit(steps.astype(np.float64), logs, 1)[0]) / rows.chunk
        whole = float(np.exp(min(rate * (steps[-1] - steps[0]) * rows.chunk, 700.0)))
        if whole > best.whole:
            best = Growth(float(np.exp(min(rate, 700.0))), whole)
    return best
