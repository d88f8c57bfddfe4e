"""A ball bounces once off the ground: why a contact has to know the moment at which it happens.

After the example of DiffTaichi (Hu et al., ICLR 2020) on the time of impact. There is no gravity and no loss:
a ball that starts higher by delta touches later, and ends lower by delta. The derivative of the
final height is -1; a step that does not know when the ball touched gives +1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from rosesim import Index, Real, Vec, select, stack
from rosesim.scenes import Canvas, Measure, Published, Scene, value
from rosesim.scenes.kit import Body


@dataclass(frozen=True)
class Lift:
    """What is tuned: how far above its place the ball starts."""

    # Not 0: then a step would end exactly on the ground, and rounding would decide whether the ball has touched.
    delta: Real = value(0.001)
    """Added to the height of the ball's place."""


@dataclass(frozen=True)
class World:
    """What is given: the ball's place and velocity, and the learning rate."""

    place: Vec[Real, 2] = value((0.7, 0.5))
    """Where the ball starts, but for delta."""
    velocity: Vec[Real, 2] = value((-1.0, -2.0))
    """The ball's velocity before it bounces, per second."""
    learning_rate: Real = value(0.02)


@dataclass(frozen=True)
class Bounce(Scene[Lift, World, Body]):
    """Let a ball end as low as possible after it has bounced."""

    name: ClassVar[str] = "bounce"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=15)
    measure: ClassVar[Measure] = Measure("height at the end")
    extent: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 1.0, 1.0)
    colours: ClassVar[Mapping[str, str]] = {
        "sky": "#f3f6fa",
        "ground": "#5b5347",
        "ball": "#d62f26",
        "trail": "#e58a84",
        "ghost": "#9aa7b8",
        "letters": "#2b2e36",
    }

    steps: int = 203
    h: float = 0.002
    """Time step, seconds."""
    ground: float = 0.1
    """The height of the ground."""
    time_of_impact: bool = True
    """Whether the ball turns at the moment of contact, or in the step after it is found below the ground."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.h > 0:
            raise ValueError(f"h is positive; it was {self.h}")

    def inputs(self) -> World:
        """The published throw."""
        return World()

    def params(self, rng: np.random.Generator) -> Lift:
        """A quarter of a step's fall, whatever the seed."""
        return Lift()

    def initial(self, params: Lift, inputs: World) -> Body:
        """The ball, lifted by delta."""
        return Body(inputs.place.at[1].add(params.delta), inputs.velocity)

    def step(self, state: Body, t: Index, params: Lift, inputs: World) -> Body:
        """Motion in a straight line, and reflection at the ground."""
        x, v = state.position, state.velocity
        up = v.at[1].set(-v[1])
        if self.time_of_impact:
            touches = (x[1] + self.h * v[1] < self.ground) & (v[1] < 0.0)
            tau = select(touches, (self.ground - x[1]) / v[1], 0.0)
        else:
            touches = (x[1] < self.ground) & (v[1] < 0.0)
            tau = 0.0
        after = select(touches, up, v)
        return Body(x + tau * v + (self.h - tau) * after, after)

    def loss(self, state: Body, params: Lift, inputs: World) -> Real:
        """The ball's height at the end."""
        return state.position[1]

    def handles(self, params: Lift, inputs: World) -> dict[str, Any]:
        """The ball where it starts."""
        x, y = inputs.place
        return {"start": (x, y + params.delta)}

    def drag(self, handle: str, to: Vec[Real, 2], params: Lift, inputs: World) -> tuple[Lift, World]:
        """Vertical motion changes delta, horizontal motion the place."""
        y = inputs.place[1]
        return replace(params, delta=to[1] - y), replace(inputs, place=stack([to[0], y]))

    def trail(self, state: Body) -> Any:
        """The ball's path."""
        return state.position[None]

    def backdrop(self, canvas: Canvas, params: Lift, inputs: World) -> None:
        """Sky and ground."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "sky")
        canvas.box((left, bottom), (right, self.ground), "ground")

    def ghost(self, canvas: Canvas, state: Body, params: Lift, inputs: World) -> None:
        """The ball."""
        canvas.circle(state.position, 0.02, "ghost")

    def draw(self, canvas: Canvas, state: Body, params: Lift, inputs: World) -> None:
        """The ball and its height."""
        canvas.circle(state.position, 0.02, "ball")
        canvas.text((0.03, 0.93), f"height {state.position[1]:.3f}, delta {params.delta:+.3f}", "letters", size=0.035)
