"""A value that never changes, for functions of the language that read a large one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Fixed(Generic[A]):
    """A value that its owner never changes. A trace depends on everything that it reads, at any depth, but on nothing
    in here: for a graph of a thousand nodes, looking at each takes as long as tracing.

    >>> from rosesim import fn
    >>> held = Fixed([2.0, 3.0])
    >>> @fn
    ... def scaled(x: float):
    ...     return x * held.value[1]
    >>> scaled(2.0)
    6.0
    """

    value: A
