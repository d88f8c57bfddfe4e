"""Losses: how bad the last state is."""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.linalg import dot
from rosesim.ad.language.values.real import Real


def squared_distance(a: Any, b: Any) -> Real:
    """The square of the distance of two points.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def miss(a: Vec[Real, 2], b: Vec[Real, 2]) -> Real:
    ...     return squared_distance(a, b)
    >>> miss([0.0, 0.0], [3.0, 4.0])
    25.0
    """
    d = a - b
    return dot(d, d)
