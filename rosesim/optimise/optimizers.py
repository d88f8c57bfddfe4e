"""Gradient-based optimisers as pure rules: (point, gradient, state) to (next point, next state).

No library is used for them: the maintained ones need JAX or PyTorch, hundreds of megabytes for a few lines
each, and hide their state from our checkpoints. Vectors are flat and float64. A state is a dict of
arrays with everything that a rule remembers, so that a run from a checkpoint continues to the same bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rosesim.optimise.schedules import Schedule

Vector = NDArray[np.float64]
State = dict[str, NDArray[Any]]


class Rule(Protocol):
    """How an update follows from a gradient."""

    def start(self, x: Vector) -> State:
        """The state before the first update."""
        ...

    def step(self, rate: float, i: int, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """The next point and state after update i = 0, 1, ... with this learning rate."""
        ...


@dataclass(frozen=True)
class GradientDescent:
    """x - rate * gradient.

    >>> x, _ = GradientDescent().step(0.1, 0, np.array([1.0]), np.array([3.0]), {})
    >>> x
    array([0.7])
    """

    def start(self, x: Vector) -> State:
        """An empty state."""
        return {}

    def step(self, rate: float, i: int, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """Go against the gradient."""
        return x - rate * gradient, {}


@dataclass(frozen=True)
class Normalized:
    """A step of length `rate` against the gradient: x - rate / (|gradient| + 1e-6) * gradient.

    The norm is over all params together. Published with the mass-spring robots of DiffTaichi (Hu et al.,
    ICLR 2020), whose gradients differ by orders of magnitude from one gait to the next.

    >>> x, _ = Normalized().step(0.1, 0, np.array([1.0, 0.0]), np.array([30.0, 40.0]), {})
    >>> np.round(x, 6)
    array([ 0.94, -0.08])
    """

    softening: float = 1e-6

    def start(self, x: Vector) -> State:
        """An empty state."""
        return {}

    def step(self, rate: float, i: int, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """Go against the gradient by the length of the rate."""
        return x - rate / (norm(gradient) + self.softening) * gradient, {}


@dataclass(frozen=True)
class Bounded:
    """Gradient descent of rate 1, at most `rate` long: x - min(1, rate / (|gradient| + 1e-4)) gradient.

    The norm is over all params together. Published with the rigid-body robots of DiffTaichi (Hu et al., ICLR
    2020). Where the gradient is small it is gradient descent of rate 1. Where a contact makes it huge it is
    `Normalized`.

    >>> long, _ = Bounded().step(0.1, 0, np.array([1.0, 0.0]), np.array([30.0, 40.0]), {})
    >>> short, _ = Bounded().step(0.1, 0, np.array([1.0, 0.0]), np.array([0.03, 0.04]), {})
    >>> np.round(long, 5), short
    (array([ 0.94, -0.08]), array([ 0.97, -0.04]))
    """

    softening: float = 1e-4

    def start(self, x: Vector) -> State:
        """An empty state."""
        return {}

    def step(self, rate: float, i: int, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """Go against the gradient by the length of the rate or less."""
        return x - min(1.0, rate / (norm(gradient) + self.softening)) * gradient, {}


@dataclass(frozen=True)
class Momentum:
    """velocity = decay * velocity + gradient; x - rate * velocity (Polyak 1964, as PyTorch writes it).

    >>> rule, x = Momentum(), np.array([1.0])
    >>> state = rule.start(x)
    >>> for i in range(2):
    ...     x, state = rule.step(0.1, i, x, np.array([1.0]), state)
    >>> np.round(x, 6)  # 1 - 0.1 - 0.1 * 1.9
    array([0.71])
    """

    decay: float = 0.9

    def start(self, x: Vector) -> State:
        """A velocity of zero."""
        return {"velocity": np.zeros_like(x)}

    def step(self, rate: float, i: int, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """Go along the decaying sum of gradients."""
        velocity = self.decay * state["velocity"] + gradient
        return x - rate * velocity, {"velocity": velocity}


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba, Adam, ICLR 2015, algorithm 1, with the paper's constants.

    With a `weight_decay`, AdamW: Loshchilov & Hutter, Decoupled Weight Decay Regularization, ICLR 2019,
    algorithm 2, where x shrinks by rate * weight_decay beside the step.

    >>> rule, x = Adam(), np.array([1.0, 2.0])
    >>> x, state = rule.step(0.1, 0, x, np.array([5.0, -0.01]), rule.start(x))
    >>> np.round(x, 6)  # the first step has the rate's length along each axis
    array([0.9, 2.1])
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def start(self, x: Vector) -> State:
        """Two moments of zero."""
        return {"first": np.zeros_like(x), "second": np.zeros_like(x)}

    def step(self, rate: float, i: int, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """Go by the ratio of the moments, each corrected for its bias towards zero."""
        first = self.beta1 * state["first"] + (1.0 - self.beta1) * gradient
        second = self.beta2 * state["second"] + (1.0 - self.beta2) * gradient**2
        mean, square = first / (1.0 - power(self.beta1, i + 1)), second / (1.0 - power(self.beta2, i + 1))
        step = mean / (np.sqrt(square) + self.epsilon) + self.weight_decay * x
        return x - rate * step, {"first": first, "second": second}


RULES: dict[str, Rule] = {
    "gd": GradientDescent(),
    "normalized": Normalized(),
    "bounded": Bounded(),
    "momentum": Momentum(),
    "adam": Adam(),
    "adamw": Adam(weight_decay=0.01),  # the default of PyTorch's AdamW
}
"""Each rule by its name on the command line."""


CONSTANT = Schedule()


@dataclass(frozen=True)
class Optimizer:
    """A rule with a learning rate, a schedule of it, and a bound on the gradient's norm.

    >>> adam = Optimizer(Adam(), learning_rate=0.1)
    >>> x = np.array([1.0, -2.0])
    >>> state = adam.start(x)
    >>> for _ in range(200):
    ...     x, state = adam.step(x, 2.0 * x, state)
    >>> bool(np.abs(x).max() < 1e-3), int(state["iteration"])
    (True, 200)
    """

    rule: Rule
    learning_rate: float
    schedule: Schedule = CONSTANT
    clip: float | None = None
    """The largest norm of a gradient, over all params together; a longer one is scaled down to it."""
    bounds: tuple[Vector, Vector] | None = None
    """The least and the greatest params: an update beyond them is clipped."""

    def start(self, x: Vector) -> State:
        """The state before the first update; it depends on the point x alone."""
        return {"iteration": np.array(0), **self.rule.start(x)}

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """The next point and the next state; the arguments do not change."""
        i = int(state["iteration"])
        bounded = gradient if self.clip is None else clipped(gradient, self.clip)
        rate = self.learning_rate * self.schedule.factor(i)
        with np.errstate(all="ignore"):  # the caller checks the result, once
            after, rest = self.rule.step(rate, i, x, bounded, state)
            if self.bounds is not None:
                after = np.clip(after, *self.bounds)  # NaN stays NaN
        return after, {"iteration": np.array(i + 1), **rest}


def norm(x: Vector) -> float:
    """The Euclidean norm, without overflow or underflow of intermediate results.

    >>> norm(np.array([1e200, 0.0])), norm(np.array([3e-200, 4e-200]))
    (1e+200, 5e-200)
    """
    with np.errstate(all="ignore"):
        plain = math.sqrt(_total(x * x))
        if 1e-150 < plain < 1e150:
            return plain
        largest = float(np.max(np.abs(x), initial=0.0))
        if largest == 0.0 or not math.isfinite(largest):
            return largest
        return largest * math.sqrt(_total((x / largest) ** 2))


def _total(x: Vector) -> float:
    """The sum, one number after the other: an order that does not depend on threads, and that the rules have in a web
    page too (`rosesim.web.rules`)."""
    return float(np.add.accumulate(x)[-1]) if x.size else 0.0


def power(base: float, n: int) -> float:
    """base to the n, by squaring: the same bits wherever it is computed, unlike the C library's.

    >>> power(0.5, 3), power(0.9, 0)
    (0.125, 1.0)
    """
    result = 1.0
    while n:
        if n & 1:
            result *= base
        base *= base
        n >>= 1
    return result


def clipped(gradient: Vector, longest: float) -> Vector:
    """The gradient, scaled down to a norm of `longest` where it is longer (Pascanu et al., ICML 2013).

    >>> clipped(np.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    length = norm(gradient)
    return gradient if length <= longest else gradient * (longest / length)
