"""Waves on a square of water whose edge does not move: the wave equation by central differences.

The height p of the surface obeys d2p/dt2 = c^2 (Laplacian of p), with damping alpha as in DiffTaichi's
example (Hu et al., ICLR 2020). The heights of the present and of the previous state are the whole state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.values.annotations import Struct
from rosesim.ad.language.values.index import Index
from rosesim.scenes.kit.grids import Grid, cells, five_point

Start = Literal["rest", "published"]
"""State 1 of the surface. "rest": that of a surface at rest. "published": flat, so that it starts with velocity
-p/h."""


@dataclass(frozen=True)
class Surface(Struct):
    """The heights of the cells of a square, now and in the previous state."""

    before: Grid
    now: Grid


@dataclass(frozen=True)
class Waves:
    """The setup of the waves: n x n cells of a unit square, wave speed c, damping alpha (0: none), the start.

    The time step is the longest that is stable with the damping, (sqrt(alpha^2 + 1 / (3 n^2)) - alpha) / c. Without
    damping a wave then crosses 1/sqrt(3) of a cell per step.

    >>> Waves(n=4, c=2.0).h
    0.0721...
    """

    n: int
    c: float = 340.0
    alpha: float = 0.0
    start: Start = "rest"

    @property
    def h(self) -> float:
        """The time step."""
        return (math.sqrt(self.alpha**2 + 1 / (3 * self.n**2)) - self.alpha) / self.c

    def step(self, surface: Surface, t: Index) -> Surface:
        """State t + 1 from states t and t - 1; from state 0 alone where t is 0.

        >>> import numpy as np
        >>> from rosesim import Index, Real, Vec, fn
        >>> waves = Waves(n=3)
        >>> @fn
        ... def ripple(p: Vec[Vec[Real, 3], 3], t: Index[2]) -> Surface:
        ...     return waves.step(Surface(p, p), t)
        >>> drop = np.zeros((3, 3)); drop[1, 1] = 1.0
        >>> np.round(ripple(drop, 0).now, 6)  # half of 1/3 of the five-point sum
        array([[0.      , 0.166667, 0.      ],
               [0.166667, 0.333333, 0.166667],
               [0.      , 0.166667, 0.      ]])
        """
        p, o, n = surface.now, surface.before, self.n
        spring, drag = (self.c * self.h) ** 2, self.alpha * self.c * self.h
        first = t == 0
        rest = self.start == "rest"
        # State 1 is a half step of a surface that is at rest and has no previous state.
        keep = select(first, 1.0 if rest else 0.0, 2.0)
        back = select(first, 0.0, 1.0)
        pull = select(first, n**2 * spring / 2 if rest else 0.0, n**2 * (spring + drag))
        resist = select(first, 0.0, n**2 * drag)

        def height(i: Index, j: Index):
            moved = keep * p[i, j] - back * o[i, j] + pull * five_point(p, i, j, "fixed")
            return moved if self.alpha == 0 else moved - resist * five_point(o, i, j, "fixed")

        return Surface(before=p, now=cells(n, n, height))
