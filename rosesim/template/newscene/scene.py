"""A ball is thrown through the air so that it ends on a goal. Lengths in metres, time in seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from rosesim import Index, Real, Vec, const, norm
from rosesim.scenes import Canvas, Measure, Published, Scene, value
from rosesim.scenes.kit import Body, squared_distance

ARROW = 0.2
"""Scale of the throw's arrow: metres for each metre per second."""


@dataclass(frozen=True)
class Throw:
    """What is tuned: the velocity with which the ball leaves the hand."""

    velocity: Vec[Real, 2] = value((3.0, 4.0))
    """To the right and upwards [m/s]."""


@dataclass(frozen=True)
class World:
    """What is given when the program runs."""

    goal: Vec[Real, 2] = value((4.0, 1.0))
    """Where the ball shall end [m]."""
    learning_rate: Real = value(0.5)


@dataclass(frozen=True)
class Newscene(Scene[Throw, World, Body]):
    """Throw a ball so that it ends on the goal."""

    name: ClassVar[str] = "newscene"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=40)
    measure: ClassVar[Measure] = Measure("squared distance", "m^2")
    extent: ClassVar[tuple[float, float, float, float]] = (-0.5, -1.0, 5.5, 3.0)

    # Settings: known while the program is built.
    steps: int = 100
    h: float = 0.01
    """Time step [s]."""
    gravity: float = -9.8
    """Acceleration upwards [m/s^2]."""
    air: float = 0.1
    """Drag [1/m]: the deceleration divided by the square of the speed."""

    def inputs(self) -> World:
        """The default world."""
        return World()

    def params(self, rng: np.random.Generator) -> Throw:
        """Where tuning begins."""
        return Throw()

    def initial(self, params: Throw, inputs: World) -> Body:
        """The ball in the hand."""
        return Body(position=const(np.zeros(2)), velocity=params.velocity)

    def step(self, state: Body, t: Index, params: Throw, inputs: World) -> Body:
        """Gravity and air change the velocity, the velocity moves the ball (symplectic Euler)."""
        v = state.velocity
        v = v + self.h * (-self.air * norm(v) * v + [0.0, self.gravity])
        return Body(position=state.position + self.h * v, velocity=v)

    def loss(self, state: Body, params: Throw, inputs: World) -> Real:
        """Squared distance from the goal, square metres."""
        return squared_distance(state.position, inputs.goal)

    # What a person can drag in the window.
    def handles(self, params: Throw, inputs: World) -> dict[str, Any]:
        """The goal, and the tip of the throw's arrow."""
        return {"goal": inputs.goal, "throw": ARROW * params.velocity}

    def drag(self, handle: str, to: Vec[Real, 2], params: Throw, inputs: World) -> tuple[Throw, World]:
        """Set the goal or the throw."""
        if handle == "goal":
            return params, replace(inputs, goal=to)
        return replace(params, velocity=to / ARROW), inputs

    def trail(self, state: Body) -> Any:
        """The ball's path."""
        return state.position[None]

    def backdrop(self, canvas: Canvas, params: Throw, inputs: World) -> None:
        """The ground and the goal."""
        super().backdrop(canvas, params, inputs)
        canvas.line([(-0.5, 0.0), (5.5, 0.0)], "ground", width=0.03)
        canvas.circle(inputs.goal, 0.15, "goal", width=0.04)

    def draw(self, canvas: Canvas, state: Body, params: Throw, inputs: World) -> None:
        """The throw's arrow and the ball."""
        canvas.arrow((0.0, 0.0), ARROW * params.velocity, "arrow", width=0.04)
        canvas.circle(state.position, 0.1, "target")
