"""Bodies with a position and a velocity and nothing else: point masses, balls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.ad.language.constants import const
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.values.annotations import Struct, Vec
from rosesim.ad.language.values.real import Real


@dataclass(frozen=True)
class Body(Struct):
    """One body: an element of a `Vec[Body, n]`."""

    position: Vec[Real, 2]
    velocity: Vec[Real, 2]


@dataclass(frozen=True)
class Bodies(Struct):
    """The positions and velocities of n bodies; many scenes have it as their state.

    >>> from rosesim import const, fn
    >>> @fn
    ... def two_that_part():
    ...     return Bodies(position=const(np.zeros((2, 2))), velocity=const(np.array([[1.0, 0.0], [-1.0, 0.0]])))
    >>> two_that_part().velocity
    array([[ 1.,  0.],
           [-1.,  0.]])
    """

    position: Vec[Vec[Real, 2], ...]
    """Lengths."""
    velocity: Vec[Vec[Real, 2], ...]
    """Lengths per unit of time."""


def at_rest(position: Any) -> Bodies:
    """Bodies at rest at these positions, of shape (n, 2).

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def start(x: Vec[Vec[Real, 2], 3]) -> Bodies:
    ...     return at_rest(x)
    >>> start(np.ones((3, 2))).velocity
    array([[0., 0.],
           [0., 0.],
           [0., 0.]])
    """
    return Bodies(position=position, velocity=const(np.zeros((len(position), 2))))


def centre(position: Vec[Vec[Real, 2], ...]) -> Vec[Real, 2]:
    """The mean of the positions: the centre of mass of equal masses.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def middle(x: Vec[Vec[Real, 2], 2]) -> Vec[Real, 2]:
    ...     return centre(x)
    >>> middle([[0.0, 1.0], [4.0, 3.0]])
    array([2., 2.])
    """
    n = len(position)
    return sum(n, lambda i: position[i]) / n
