"""Steps of an optimiser that are taken only where they lower the loss.

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
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

COMPARED = 10
"""Losses that a trial is held against: it must not be above the greatest of them."""
SHRINK, GROW = 0.25, 2.0
LEAST_PART = 2.0**-40
"""Of a step, below which no other is tried: the loss differs by rounding alone."""
STALE_AFTER = 6
"""Refusals, after which the fault may be with what the optimiser remembers (of another place of the goal, perhaps):
momentum need not point down, however short the step."""


class Optimizer(Protocol):
    """An optimiser over flat vectors that keeps what it remembers in a state of its own."""

    def start(self, x: Vector) -> Any:
        """The state before the first step from x."""
        ...

    def step(self, x: Vector, gradient: Vector, state: Any) -> tuple[Vector, Any]:
        """The next point and state."""
        ...


class Descending:
    """What an optimiser proposes from a point whose loss and gradient are known, shorter with each refusal.

    >>> class Leaps:  # ten times too far for the loss x * x
    ...     def start(self, x): return None
    ...     def step(self, x, gradient, state): return x - 10.0 * gradient, state
    >>> x, steps = np.array([1.0]), Descending(Leaps())
    >>> steps.begin_again(1.0)
    >>> while not steps.takes((trial := steps.propose(x, 2.0 * x))[0] ** 2):
    ...     print(trial)
    [-19.]
    [-4.]
    >>> trial
    array([-0.25])
    """

    def __init__(self, optimizer: Optimizer):
        self.optimizer = optimizer
        self._memory: Any = None
        """The optimiser's state; None before its first step."""
        self._after: tuple[Vector, Any] | None = None
        """Where its step leads, whole, and what it then remembers."""
        self._part, self._refused = 1.0, 0
        self._losses: deque[float] = deque(maxlen=COMPARED)

    def propose(self, x: Vector, gradient: Vector) -> Vector:
        """A point to try: the step from x, or the part of it that is allowed now; x itself where nothing is left."""
        if self._refused >= STALE_AFTER and self._memory is not None:
            self._memory, self._after, self._part, self._refused = None, None, 1.0, 0
        if self._after is None:
            state = self.optimizer.start(x) if self._memory is None else self._memory
            self._after = self.optimizer.step(x, gradient, state)
        if self._part < LEAST_PART:
            return x
        return self._after[0] if self._part == 1.0 else x + self._part * (self._after[0] - x)

    def takes(self, loss: float) -> bool:
        """Whether the trial, which has this loss, is where we are now; the next one is shorter where it is not."""
        if not loss <= max(self._losses, default=np.inf):  # NaN is no descent either
            self._part, self._refused = SHRINK * self._part, self._refused + 1
            return False
        self.take(loss)
        return True

    def take(self, loss: float) -> None:
        """The trial is where we are now, whatever its loss."""
        self._losses.append(loss)
        if self._after is not None:
            self._memory = self._after[1]
        self._after, self._part, self._refused = None, min(1.0, GROW * self._part), 0

    def begin_again(self, loss: float) -> None:
        """Something has been changed from outside, and this is the loss now: no step has been refused here yet."""
        self._losses.clear()
        self._losses.append(loss)
        self._after, self._part, self._refused = None, 1.0, 0
