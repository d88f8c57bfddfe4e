"""Which iterations a run remembers, and which of them a picture shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SHOWN = 8
"""Attempts in a picture."""


def is_remembered(i: int) -> bool:
    """Whether a run keeps the params of iteration i: 0, 1, 2, 4, 8, ...

    Closer together where descent is quick, and whatever the total, which may grow by a resumption.

    >>> [i for i in range(40) if is_remembered(i)]
    [0, 1, 2, 4, 8, 16, 32]
    """
    return i & (i - 1) == 0


def worth_showing(iterations: Sequence[int], count: int = SHOWN) -> list[int]:
    """At most `count` of the iterations (ascending), evenly by their logarithm; the first and the last stay.

    >>> worth_showing([0, 1, 2, 4, 8, 16, 32, 64, 128, 200])
    [0, 1, 4, 8, 16, 32, 128, 200]
    """
    if len(iterations) <= count:
        return list(iterations)
    logs = np.log1p(iterations)
    places = np.linspace(logs[0], logs[-1], count)
    return sorted({iterations[int(np.argmin(np.abs(logs - p)))] for p in places})
