"""A point gets the same push a at every step: how the derivative of its final position grows with the steps.

After the example of DiffTaichi (Hu et al., ICLR 2020) on gradient explosion. v <- e^(-alpha h) v + a and
x <- x + h v, from rest. Undamped, dx/da grows as the square of the number of steps; damped, as the number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rosesim import Index, Real, fn, jvp
from rosesim.scenes import Canvas, Measure, Published, Scene, value

SHOWN = (0.0, 1.0, 3.0, 10.0)
"""The alphas whose derivatives are drawn faintly beside the scene's own."""
LEFT, RIGHT = 0.0, 1.2
"""The left ends of the two halves of the picture."""


@dataclass(frozen=True)
class Push:
    """What is tuned: the velocity that every step adds."""

    a: Real = value(1.0)
    """The velocity that every step adds."""


@dataclass(frozen=True)
class Given:
    """What is given: the learning rate."""

    learning_rate: Real = value(2e-4)


@dataclass(frozen=True)
class Point:
    """The point's position and velocity, the derivatives of both by a, and the number of steps so far."""

    x: Real
    v: Real
    x_by_a: Real
    v_by_a: Real
    count: Real


@dataclass(frozen=True)
class Growth(Scene[Push, Given, Point]):
    """Push a point less far; the derivative grows with the steps."""

    name: ClassVar[str] = "growth"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=8)
    measure: ClassVar[Measure] = Measure("x at the end")
    extent: ClassVar[tuple[float, float, float, float]] = (-0.08, -0.12, 2.5, 1.14)
    colours: ClassVar[Mapping[str, str]] = {"axis": "#8b8f98", "other": "#c9ccd3", "point": "#d62f26"}

    steps: int = 1000
    h: float = 0.001
    """Time step, seconds."""
    alpha: float = 0.0
    """Damping, per second."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.h > 0 and self.alpha >= 0):
            raise ValueError(f"h is positive and alpha not negative; they were {self.h} and {self.alpha}")

    def inputs(self) -> Given:
        """A rate at which eight updates nearly stop the undamped point."""
        return Given()

    def params(self, rng: np.random.Generator) -> Push:
        """1, whatever the seed."""
        return Push()

    def initial(self, params: Push, inputs: Given) -> Point:
        """At rest at 0, for every a."""
        return Point(x=Real(0.0), v=Real(0.0), x_by_a=Real(0.0), v_by_a=Real(0.0), count=Real(0.0))

    def step(self, state: Point, t: Index, params: Push, inputs: Given) -> Point:
        """One push, and for the picture its derivative in forward mode."""

        @fn
        def pushed(x: Real, v: Real, a: Real) -> tuple[Real, Real]:
            faster = math.exp(-self.alpha * self.h) * v + a
            return x + self.h * faster, faster

        (x, v), (x_by_a, v_by_a) = jvp(pushed)(state.x, state.v, params.a, state.x_by_a, state.v_by_a, 1.0)
        return Point(x, v, x_by_a, v_by_a, count=t + 1.0)

    def loss(self, state: Point, params: Push, inputs: Given) -> Real:
        """The final position; its derivative by a is where the right half of the picture ends."""
        return state.x

    def trail(self, state: Point) -> Any:
        """x against time on the left, dx/da on the right."""
        return [self.place(LEFT, state.count, state.x), self.place(RIGHT, state.count, state.x_by_a)]

    def place(self, left: float, count: Any, height: Any) -> tuple[float, float]:
        """A place in the half that begins at `left`. The height is relative to the largest derivative, the undamped
        one."""
        return left + count / self.steps, height / derivative(self.steps, self.h, 0.0)

    def backdrop(self, canvas: Canvas, params: Push, inputs: Given) -> None:
        """Both axes, and dx/da for some alphas, in closed form."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "panel")
        for x, name in ((LEFT, "x"), (RIGHT, "dx/da")):
            canvas.line([(x, 1.0), (x, 0.0), (x + 1.0, 0.0)], "axis", width=0.006)
            canvas.text((x - 0.02, 1.05), f"{name} to {derivative(self.steps, self.h, 0.0):.4g}", "ink", size=0.055)
            canvas.text((x + 1.0, -0.08), f"time to {self.steps * self.h:.4g} s", "ink", size=0.055, align="right")
        counts = np.linspace(0, self.steps, 40)
        for alpha in SHOWN:
            curve = [self.place(RIGHT, n, derivative(n, self.h, alpha)) for n in counts]
            canvas.line(curve, "other", width=0.008)
            canvas.text((curve[-1][0] + 0.02, curve[-1][1] - 0.02), f"alpha {alpha:g}", "muted", size=0.045)

    def draw(self, canvas: Canvas, state: Point, params: Push, inputs: Given) -> None:
        """The point on both curves, and the numbers."""
        canvas.circles(self.trail(state), 0.02, "point")
        canvas.text((LEFT + 0.05, 0.88), f"a {params.a:.3f}, x {state.x:.4g}", "ink", size=0.055)
        canvas.text((RIGHT + 0.05, 0.88), f"alpha {self.alpha:g}, dx/da {state.x_by_a:.4g}", "ink", size=0.055)


def derivative(n: float, h: float, alpha: float) -> float:
    """dx/da after n steps: h (n - d (1 - d^n) / (1 - d)) / (1 - d) with d = e^(-alpha h), h n (n + 1) / 2 undamped.

    >>> derivative(1000, 0.001, 0.0)
    500.5
    """
    if alpha == 0:
        return h * n * (n + 1) / 2
    rest, kept = -math.expm1(-alpha * h), math.exp(-alpha * h)
    return h / rest * (n + kept * math.expm1(-alpha * h * n) / rest)
