"""A line search: steps of an optimiser that are taken only where they lower the loss.

A learning rate that suits the start of a scene may be far too large where a user has dragged it to. Plain descent
then climbs, and goes on climbing. So each step is first a trial. A trial whose loss is above all of the last ten
losses is refused, and tried again with a quarter of its length. Each step that is taken allows the next one twice the
length, up to the optimiser's own. As long as none is refused, the steps are those of training, to the bit.

A trial is compared with the last ten losses, not with the last one (Grippo, Lampariello & Lucidi, SIAM J. Numer.
Anal. 23, 1986): losses of contacts are jagged, and a descent that never climbs stays in the first notch. The loss
after a drag is the first of the ten, so that no later loss is above it.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from rosesim.optimise.descent import Position, Stepper, updated
from rosesim.optimise.optimizers import Vector

COMPARED = 10
"""Number of losses with which a trial is compared: it must not be above the greatest of them."""
SHRINK, GROW = 0.25, 2.0
LEAST_PART = 2.0**-40
"""The smallest part of a step that is tried: below it the loss differs by rounding alone."""
STALE_AFTER = 6
"""Refusals after which the optimiser's memory may be at fault (it may be of another place of the goal): momentum need
not point downhill, however short the step."""


class LineSearch:
    """The proposals of an optimiser from a point whose loss and gradient are known, shorter after each refusal.

    It keeps the optimiser's state itself, because the state outlives a descent: `begin` starts another one.

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
        """The end of the optimiser's full step, and its state after it."""
        self._part, self._refused = 1.0, 0
        self._losses: deque[float] = deque(maxlen=COMPARED)

    def propose(self, at: Position, gradient: Vector) -> Position:
        """A trial: the step, or the part of it that is allowed now; the point itself where no part is left."""
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
        """Whether the trial becomes the present point; if not, the next trial is shorter."""
        is_lower = loss <= max(self._losses, default=np.inf)  # NaN is not
        if not (is_lower and np.isfinite(gradient_norm)):
            self._part, self._refused = SHRINK * self._part, self._refused + 1
            return False
        self.accept(loss)
        return True

    def accept(self, loss: float) -> None:
        """Make the trial the present point, whatever its loss."""
        self._losses.append(loss)
        if self._after is not None:
            self._memory = self._after[1]
        self._after, self._part, self._refused = None, min(1.0, GROW * self._part), 0

    def begin(self, loss: float) -> None:
        """Begin a descent at a point with this loss, where no step has been refused yet."""
        self._losses.clear()
        self._losses.append(loss)
        self._after, self._part, self._refused = None, 1.0, 0
