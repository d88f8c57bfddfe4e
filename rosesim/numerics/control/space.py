"""The space that states live in: vectors, or a manifold whose tangents are vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _sum(x: Any, d: Any) -> Any:
    return x + d


def _difference(x1: Any, x0: Any) -> Any:
    return x1 - x0


@dataclass(frozen=True)
class Space:
    """States are vectors; changes of them are tangents, vectors of `size` numbers.

    `difference(moved(x, d), x)` is d. For a unit quaternion, `size` is 3, and `moved` is the exponential.
    """

    size: int
    moved: Callable[[Any, Any], Any] = _sum
    """(x, d) -> the state that the tangent d leads to from x."""
    difference: Callable[[Any, Any], Any] = _difference
    """(x1, x0) -> the tangent that leads from x0 to x1."""
