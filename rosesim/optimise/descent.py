"""The loop of an optimiser with a state: evaluate, observe, update."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rosesim.train.optimizers import Optimizer, State, Vector, norm


@dataclass(frozen=True)
class Position:
    """Where an optimiser is after so many updates: all that the rest of its run follows from."""

    iteration: int
    x: Vector
    state: State


class Task(Protocol):
    """What an optimiser works on, and who watches it."""

    def evaluate(self, x: Vector, iteration: int | None = None) -> tuple[float, Vector]:
        """The loss and its gradient, for the inputs of that iteration; for those that were given if for none."""
        ...

    def value(self, x: Vector) -> float:
        """The loss alone."""
        ...

    def observe(self, at: Position, loss: float, gradient_norm: float | None) -> None:
        """Take note of an iteration, in order, 0 the first; raises what ends the run."""
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


def descend(optimizer: Optimizer, at: Position, total: int, task: Task) -> None:
    """Go on from a position until `total` updates are done and what they reached is evaluated."""
    asking = positions(optimizer, at, total, task)
    wanted = next(asking, None)
    while wanted is not None:
        wanted = answer(asking, task.evaluate(wanted.x, wanted.iteration))


Asking = Generator[Position, tuple[float, Vector], None]
"""A descent that asks for the loss and its gradient at one position after another, and is sent them."""


def answer(asking: Asking, loss_and_gradient: tuple[float, Vector]) -> Position | None:
    """What it asks for next; None where it has come to its end."""
    try:
        return asking.send(loss_and_gradient)
    except StopIteration:
        return None


def positions(optimizer: Optimizer, at: Position, total: int, task: Task) -> Asking:
    """The same as `descend` for whoever evaluates himself, many such descents at once for example."""
    while True:
        loss, gradient = yield at
        task.observe(at, loss, norm(gradient))
        if at.iteration >= total:
            return
        x, state = optimizer.step(at.x, gradient, at.state)
        if not np.isfinite(x).all():
            raise NotFinite("update", at.iteration, at.x)
        at = Position(at.iteration + 1, x, state)
