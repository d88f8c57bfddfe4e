"""Which iterations a run remembers, and which of these a picture shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SHOWN = 8
"""Most attempts in a picture."""


def is_remembered(i: int) -> bool:
    """Whether a run keeps the params of iteration i: 0, 1, 2, 4, 8, ...

    They are denser where descent is quick, and do not depend on the total, which a resumption may raise.

    >>> [i for i in range(40) if is_remembered(i)]
    [0, 1, 2, 4, 8, 16, 32]
    """
    return i & (i - 1) == 0


def worth_showing(iterations: Sequence[int], count: int = SHOWN) -> list[int]:
    """At most `count` of the iterations (ascending), evenly spaced by their logarithm, with the first and the last.

    >>> worth_showing([0, 1, 2, 4, 8, 16, 32, 64, 128, 200])
    [0, 1, 4, 8, 16, 32, 128, 200]
    """
    if len(iterations) <= count:
        return list(iterations)
    logs = np.log1p(iterations)
    places = np.linspace(logs[0], logs[-1], count)
    return sorted({iterations[int(np.argmin(np.abs(logs - p)))] for p in places})
