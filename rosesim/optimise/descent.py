"""The loop of an optimiser with a state: evaluate, observe, update.

Training takes every step (`EveryStep`). The viewer takes only those that lower the loss (`line_search`). Both use
`positions`.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from rosesim.optimise.optimizers import Vector, norm


class Stepper(Protocol):
    """An optimiser over flat vectors whose memory is an explicit state."""

    def start(self, x: Vector) -> Any:
        """The state before the first step from x."""
        ...

    def step(self, x: Vector, gradient: Vector, state: Any) -> tuple[Vector, Any]:
        """The next point and state."""
        ...


@dataclass(frozen=True)
class Position:
    """The point of an optimiser after some updates, with all that the rest of its run depends on."""

    iteration: int
    x: Vector
    state: Any = field(default_factory=dict[str, Any])
    """The optimiser's state; empty where the optimiser hides it."""


class Watcher(Protocol):
    """An observer of a descent."""

    def observe(self, at: Position, loss: float, gradient_norm: float | None) -> None:
        """Take note of an iteration, in order, 0 first; raise an exception to end the run."""
        ...


class Task(Watcher, Protocol):
    """The task of an optimiser, which also observes it."""

    def evaluate(self, x: Vector, iteration: int | None = None) -> tuple[float, Vector]:
        """The loss and its gradient at x: for the inputs of that iteration, or for the task's fixed inputs if it is
        None."""
        ...

    def value(self, x: Vector) -> float:
        """The loss without its gradient."""
        ...

    def consider(self, iteration: int, x: Vector, loss: float) -> None:
        """Take note of a point that is not an iteration's but may be the best one seen."""
        ...


class NotFinite(Exception):
    """The loss or the gradient at x, or the update from x, is not finite in this iteration."""

    def __init__(self, what: str, iteration: int, x: Vector, when: str = ""):
        super().__init__(what)
        self.what, self.iteration, self.x = what, iteration, x
        self.when = when or f"at iteration {iteration}"


def require_finite(iteration: int, x: Vector, loss: float, gradient_norm: float | None, when: str = "") -> None:
    """Raise NotFinite for an evaluation that no optimiser can use."""
    if not math.isfinite(loss):
        raise NotFinite("loss", iteration, x, when)
    if gradient_norm is not None and not math.isfinite(gradient_norm):
        raise NotFinite("gradient", iteration, x, when)


class Steps(Protocol):
    """The steps that a descent tries, and which of them it takes."""

    def begin(self, loss: float) -> None:
        """The descent begins, or begins again, at a point with this loss."""
        ...

    def propose(self, at: Position, gradient: Vector) -> Position:
        """The next trial. Raises NotFinite where it is not finite."""
        ...

    def takes(self, trial: Position, loss: float, gradient_norm: float) -> bool:
        """Whether the descent continues from the trial; if not, it requests another proposal."""
        ...


@dataclass(frozen=True)
class EveryStep:
    """The steps of an optimiser, all of them taken, as training does."""

    optimizer: Stepper

    def begin(self, loss: float) -> None:
        """Do nothing: no step depends on this loss."""

    def propose(self, at: Position, gradient: Vector) -> Position:
        """The optimiser's step."""
        return updated(at, *self.optimizer.step(at.x, gradient, at.state))

    def takes(self, trial: Position, loss: float, gradient_norm: float) -> bool:
        """Always."""
        return True


def updated(at: Position, x: Vector, *state: Any) -> Position:
    """The position after an update to x; raises NotFinite where x is not finite."""
    if not np.isfinite(x).all():
        raise NotFinite("update", at.iteration, at.x)
    return Position(at.iteration + 1, x, *state)


def descend(optimizer: Stepper, at: Position, total: int, task: Task) -> None:
    """Continue from a position until `total` updates are done and the last point is evaluated."""
    descent = positions(EveryStep(optimizer), at, total, task)
    requested = next(descent, None)
    while requested is not None:
        requested = answer(descent, task.evaluate(requested.x, requested.iteration))


Descent = Generator[Position, tuple[float, Vector], None]
"""A descent that yields one position after another, and is sent the loss and its gradient at each."""


def answer(descent: Descent, loss_and_gradient: tuple[float, Vector]) -> Position | None:
    """Send the loss and its gradient to a descent. Returns the position that it requests next, or None if it
    ended."""
    try:
        return descent.send(loss_and_gradient)
    except StopIteration:
        return None


def positions(steps: Steps, at: Position, total: float, watcher: Watcher) -> Descent:
    """A descent whose caller evaluates it: many at once for example, or one that a user steers.

    It ends when `total` updates are done and the watcher has observed the last point.
    """
    loss, gradient = yield at
    length = norm(gradient)
    steps.begin(loss)
    while True:
        watcher.observe(at, loss, length)
        if at.iteration >= total:
            return
        while True:
            trial = steps.propose(at, gradient)
            loss, slope = yield trial
            length = norm(slope)
            if steps.takes(trial, loss, length):
                break
        at, gradient = trial, slope
