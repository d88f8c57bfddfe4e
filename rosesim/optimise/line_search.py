"""A line search: steps of an optimiser that are taken only where they lower the loss.

A learning rate that suits where a scene begins may be far too large where a person has dragged it: plain descent then
climbs, and goes on climbing. So a step is a trial first. One that leads higher than all of the last ten losses is
refused and tried again with a quarter of its length, and each that is taken allows the next one twice the length, up
to what the optimiser says. While all goes well, its steps are those of training, to the bit.

Higher than the last ten, not than the last one (Grippo, Lampariello & Lucidi, SIAM J. Numer. Anal. 23, 1986): losses
of contacts are jagged, and whoever never climbs at all stays in the first notch. The loss that a drag left is the
first of the ten, so that no later one is above it.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from rosesim.optimise.descent import Position, Stepper, updated
from rosesim.optimise.optimizers import Vector

COMPARED = 10
"""Losses that a trial is held against: it must not be above the greatest of them."""
SHRINK, GROW = 0.25, 2.0
LEAST_PART = 2.0**-40
"""Of a step, below which no other is tried: the loss differs by rounding alone."""
STALE_AFTER = 6
"""Refusals, after which the fault may be with what the optimiser remembers (of another place of the goal, perhaps):
momentum need not point down, however short the step."""


class LineSearch:
    """What an optimiser proposes from a point whose loss and gradient are known, shorter with each refusal.

    It keeps the optimiser's state itself, for that outlives a descent: `begin` starts another one.

    >>> class Leaps:  # ten times too far for the loss x * x
    ...     def start(self, x): return None
    ...     def step(self, x, gradient, state): return x - 10.0 * gradient, state
    >>> here, steps = Position(0, np.array([1.0])), LineSearch(Leaps())
    >>> steps.begin(1.0)
    >>> while not steps.takes(trial := steps.propose(here, 2.0 * here.x), trial.x[0] ** 2, 1.0):
    ...     print(trial.x)
    [-19.]
    [-4.]
    >>> trial.iteration, trial.x
    (1, array([-0.25]))
    """

    def __init__(self, optimizer: Stepper):
        self.optimizer = optimizer
        self._memory: Any = None
        """The optimiser's state; None before its first step."""
        self._after: tuple[Vector, Any] | None = None
        """Where its step leads, whole, and what it then remembers."""
        self._part, self._refused = 1.0, 0
        self._losses: deque[float] = deque(maxlen=COMPARED)

    def propose(self, at: Position, gradient: Vector) -> Position:
        """A trial: the step, or the part of it that is allowed now; the point itself where nothing is left."""
        if self._refused >= STALE_AFTER and self._memory is not None:
            self._memory, self._after, self._part, self._refused = None, None, 1.0, 0
        if self._after is None:
            state = self.optimizer.start(at.x) if self._memory is None else self._memory
            self._after = self.optimizer.step(at.x, gradient, state)
        return updated(at, self._allowed(at.x, self._after[0]))

    def _allowed(self, x: Vector, after: Vector) -> Vector:
        if self._part < LEAST_PART:
            return x
        return after if self._part == 1.0 else x + self._part * (after - x)

    def takes(self, trial: Position, loss: float, gradient_norm: float) -> bool:
        """Whether the trial is where we are now; the next one is shorter where it is not."""
        is_lower = loss <= max(self._losses, default=np.inf)  # NaN is not
        if not (is_lower and np.isfinite(gradient_norm)):
            self._part, self._refused = SHRINK * self._part, self._refused + 1
            return False
        self.accept(loss)
        return True

    def accept(self, loss: float) -> None:
        """The trial is where we are now, whatever its loss."""
        self._losses.append(loss)
        if self._after is not None:
            self._memory = self._after[1]
        self._after, self._part, self._refused = None, min(1.0, GROW * self._part), 0

    def begin(self, loss: float) -> None:
        """The loss is this where a descent begins, and no step has been refused here yet."""
        self._losses.clear()
        self._losses.append(loss)
        self._after, self._part, self._refused = None, 1.0, 0
