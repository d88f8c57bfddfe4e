"""The loop of an optimiser with a state: evaluate, observe, update.

Training takes every step (`EveryStep`). The viewer takes only those that lead down (`line_search`). Both go through
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
    """An optimiser over flat vectors that keeps what it remembers in a state of its own."""

    def start(self, x: Vector) -> Any:
        """The state before the first step from x."""
        ...

    def step(self, x: Vector, gradient: Vector, state: Any) -> tuple[Vector, Any]:
        """The next point and state."""
        ...


@dataclass(frozen=True)
class Position:
    """Where an optimiser is after so many updates: all that the rest of its run follows from."""

    iteration: int
    x: Vector
    state: Any = field(default_factory=dict[str, Any])
    """What its optimiser remembers; nothing where it keeps that to itself."""


class Watcher(Protocol):
    """Who watches a descent."""

    def observe(self, at: Position, loss: float, gradient_norm: float | None) -> None:
        """Take note of an iteration, in order, 0 the first; raises what ends the run."""
        ...


class Task(Watcher, Protocol):
    """What an optimiser works on, and who watches it."""

    def evaluate(self, x: Vector, iteration: int | None = None) -> tuple[float, Vector]:
        """The loss and its gradient, for the inputs of that iteration; for those that were given if for none."""
        ...

    def value(self, x: Vector) -> float:
        """The loss alone."""
        ...

    def consider(self, iteration: int, x: Vector, loss: float) -> None:
        """Take note of a point that is no iteration's but may be the best one seen."""
        ...


class NotFinite(Exception):
    """The loss, the gradient or the params stopped being finite numbers, at x in this iteration."""

    def __init__(self, what: str, iteration: int, x: Vector, when: str = ""):
        super().__init__(what)
        self.what, self.iteration, self.x = what, iteration, x
        self.when = when or f"at iteration {iteration}"


def require_finite(iteration: int, x: Vector, loss: float, gradient_norm: float | None, when: str = "") -> None:
    """Raise NotFinite where an evaluation gave what no optimiser can use."""
    if not math.isfinite(loss):
        raise NotFinite("loss", iteration, x, when)
    if gradient_norm is not None and not math.isfinite(gradient_norm):
        raise NotFinite("gradient", iteration, x, when)


class Steps(Protocol):
    """Which steps a descent tries, and which of them it takes."""

    def begin(self, loss: float) -> None:
        """The descent begins, or begins again, where the loss is this."""
        ...

    def propose(self, at: Position, gradient: Vector) -> Position:
        """What to try next. Raises NotFinite where that is no finite point."""
        ...

    def takes(self, trial: Position, loss: float, gradient_norm: float) -> bool:
        """Whether the descent goes on from the trial; otherwise it asks for another proposal."""
        ...


@dataclass(frozen=True)
class EveryStep:
    """The steps of an optimiser, each of which is taken: what training does."""

    optimizer: Stepper

    def begin(self, loss: float) -> None:
        """Nothing is held against a loss."""

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
    """Go on from a position until `total` updates are done and what they reached is evaluated."""
    asking = positions(EveryStep(optimizer), at, total, task)
    asked = next(asking, None)
    while asked is not None:
        asked = answer(asking, task.evaluate(asked.x, asked.iteration))


Asking = Generator[Position, tuple[float, Vector], None]
"""A descent that asks for the loss and its gradient at one position after another, and is sent them."""


def answer(asking: Asking, loss_and_gradient: tuple[float, Vector]) -> Position | None:
    """What it asks for next; None where it has come to its end."""
    try:
        return asking.send(loss_and_gradient)
    except StopIteration:
        return None


def positions(steps: Steps, at: Position, total: float, watcher: Watcher) -> Asking:
    """A descent for whoever evaluates it: many at once for example, or one that a person steers.

    It ends when `total` updates are done and the watcher has seen what they reached.
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
