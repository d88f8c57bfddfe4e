"""A box is thrown onto the ground: how rough must the ground be for the box to end at a goal?

After DiffTaichi's study of a discontinuity (Hu et al., ICLR 2020). There is no gravity, so the box lands,
bounces and flies away. The loss has a kink where more friction makes a sliding corner stick. With the
published contact it has a jump where a corner lands in another step; no derivative shows that jump, and
README.md shows the effect. Lengths are in metres, time in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real, Vec, concatenate, const
from rosesim.scenes import Canvas, Measure, Published, Range, Scene, value
from rosesim.scenes.kit import (
    Ground,
    Kick,
    PublishedGround,
    RigidBodies,
    RigidBody,
    box_inertia,
    direction,
    moved_on,
    outlines,
    squared_distance,
)

ARROW = 0.06
"""Seconds of flight that the throw's arrow shows."""
LEAST_DESCENT = 1e-3
"""For the published contact: the least speed of a sinking corner, metres per second."""


@dataclass(frozen=True)
class Friction:
    """What is tuned."""

    mu: Real = value(0.1)
    """Coefficient of friction between box and ground."""


@dataclass(frozen=True)
class Throw:
    """What is given: the throw of the box, its goal, and the learning rate."""

    position: Vec[Real, 2] = value((0.15, 0.45))
    """Where the box's centre starts [m]."""
    velocity: Vec[Real, 2] = value((3.0, -2.0))
    """Velocity of its centre [m/s]."""
    angle: Real = value(0.2)
    """How far it is turned at the start [rad]."""
    spin: Real = value(4.0)
    """Angular velocity [rad/s]."""
    goal: Vec[Real, 2] = value((0.8, 0.4))
    """Where its centre should end [m]."""
    learning_rate: Real = value(0.02)


@dataclass(frozen=True)
class BoxFriction(Scene[Friction, Throw, RigidBodies]):
    """Choose the friction with which a thrown box ends at a goal."""

    name: ClassVar[str] = "box_friction"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=40)
    measure: ClassVar[Measure] = Measure("squared distance", "m^2")
    ranges: ClassVar[Mapping[str, Range]] = {
        "angle": Range(-1.5, 1.5, "rad"),
        "spin": Range(-20.0, 20.0, "rad/s"),
    }
    extent: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 1.2, 0.8)
    colours: ClassVar[Mapping[str, str]] = {
        "sky": "#f3f6fa",
        "inside": "#dde3ea",
        "outline": "#2b2e36",
        "trail": "#2f6fd6",
    }

    steps: int = 2500
    h: float = 0.0002
    """Time step, seconds."""
    ground: float = 0.1
    """Height of the ground."""
    e: float = 0.3
    """Restitution: 0 where a corner that lands is stopped, 1 where it bounces off as fast as it came."""
    half: tuple[float, float] = (0.12, 0.08)
    """Half width and half height of the box; its mass is its area."""
    contact: Literal["published", "exact"] = "published"
    """The contact of the corners: as in DiffTaichi's study, or by mechanics (`PublishedGround`, `Ground`)."""
    time_of_impact: bool = True
    """For the published contact: whether the moment within a step at which a corner lands counts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.h > 0:
            raise ValueError(f"h is positive; it was {self.h}")
        if not 0 <= self.e <= 1:
            raise ValueError(f"e is 0 to 1; it was {self.e}")
        if not min(self.half) > 0:
            raise ValueError(f"half holds two positive lengths; they were {self.half[0]} and {self.half[1]}")

    def inputs(self) -> Throw:
        """A throw after which a corner slides or sticks."""
        return Throw()

    def params(self, rng: np.random.Generator) -> Friction:
        """The same friction, whatever the seed."""
        return Friction()

    def initial(self, params: Friction, inputs: Throw) -> RigidBodies:
        """The box as it is thrown."""
        state: Any = ([inputs.position], [inputs.velocity], [inputs.angle], [inputs.spin])
        return RigidBodies(*state)

    def step(self, state: RigidBodies, t: Index, params: Friction, inputs: Throw) -> RigidBodies:
        """Nothing acts but the ground."""
        ground: Ground | PublishedGround
        if self.contact == "exact":
            ground = Ground(self.h, self.ground, params.mu, self.e)
        else:
            toi, slow = self.time_of_impact, LEAST_DESCENT
            ground = PublishedGround(self.h, self.ground, params.mu, self.e, time_of_impact=toi, least_descent=slow)
        (mass,), (moment,) = box_inertia([self.half])

        def given(i: Index) -> tuple[Any, Any, Kick]:
            body = RigidBody(state.position[i], state.velocity[i], state.angle[i], state.spin[i])
            kick = ground.box_contact(body, direction(body.angle), self.half, float(mass), float(moment))
            return const(np.zeros(2)), 0.0, kick

        return moved_on(state, given, keep=1.0, h=self.h)

    def loss(self, state: RigidBodies, params: Friction, inputs: Throw) -> Real:
        """Squared distance of the box's centre from the goal."""
        return squared_distance(state.position[0], inputs.goal)

    def handles(self, params: Friction, inputs: Throw) -> dict[str, Any]:
        """The goal, the box where it starts, and the tip of its arrow."""
        start = inputs.position
        return {"goal": inputs.goal, "box": start, "throw": start + ARROW * inputs.velocity}

    def drag(self, handle: str, to: Vec[Real, 2], params: Friction, inputs: Throw) -> tuple[Friction, Throw]:
        """Set the goal, the start or the throw."""
        match handle:
            case "goal":
                return params, replace(inputs, goal=to)
            case "box":
                return params, replace(inputs, position=to)
            case "throw":
                return params, replace(inputs, velocity=(to - inputs.position) / ARROW)
            case _:
                raise KeyError(handle)

    def trail(self, state: RigidBodies) -> Any:
        """The centre's path."""
        return state.position

    def why_no_gradient(self, trajectory: Any, params: Friction, inputs: Throw) -> str | None:
        """Only friction on a corner that touches and slides changes the motion."""
        speeds = np.asarray(trajectory.stacked.velocity)[:, 0]
        if (speeds == speeds[0]).all():
            return "the box never touches the ground: throw it lower or give it more steps"
        return "every corner that touches the ground sticks to it: less friction would make it slide"

    def backdrop(self, canvas: Canvas, params: Friction, inputs: Throw) -> None:
        """Sky, ground and goal."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "sky")
        canvas.box((left, bottom), (right, self.ground), "ground")
        canvas.circle(inputs.goal, 0.014, "goal", width=0.005)

    def ghost(self, canvas: Canvas, state: RigidBodies, params: Friction, inputs: Throw) -> None:
        """Only the outline."""
        (corners,) = outlines(state.position, state.angle, [self.half])
        canvas.line(concatenate([corners, corners[:1]]), "ghost", width=0.0025)

    def draw(self, canvas: Canvas, state: RigidBodies, params: Friction, inputs: Throw) -> None:
        """The throw's arrow and the box."""
        canvas.arrow(inputs.position, ARROW * inputs.velocity, "arrow", width=0.006)
        (corners,) = outlines(state.position, state.angle, [self.half])
        canvas.polygon(corners, "inside")
        canvas.line(concatenate([corners, corners[:2]]), "outline", width=0.005)
        canvas.circle(state.position[0], 0.008, "outline")
