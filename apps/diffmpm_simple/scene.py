"""An elastic square is thrown so that it ends at a place.

After DiffTaichi (Hu et al., ICLR 2020), `diffmpm_simple`. The unit square, time in seconds; every particle has
mass 1 and volume 1. Before it hits anything, the derivative of its centre's position by its velocity is the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rosesim import Index, Real, Vec, const, mean, vec
from rosesim.scenes import Canvas, Measure, Published, Scene, value
from rosesim.scenes.kit import Group, Particles, advance, centre, corotated, squared_distance, undeformed

EMPTY = 1e-10
"""Added to a node's mass, so that a node without particles does not divide by 0 (as published)."""
WALL = 3
"""Thickness of the walls at the grid's edges, in nodes (at the right and the top one less)."""
ARROW = 0.05
"""Scale of the throw's arrow: lengths for each length per second."""


@dataclass(frozen=True)
class Throw:
    """What is tuned: the initial velocity of the whole square."""

    velocity: Vec[Real, 2] = value((0.0, 0.0))
    """Sides of the unit square per second."""


@dataclass(frozen=True)
class World:
    """What is given: the goal of the centre, and the learning rate."""

    goal: Vec[Real, 2] = value((0.3, 0.6))
    """Where the centre should end, in sides of the unit square."""
    learning_rate: Real = value(10.0)


@dataclass(frozen=True)
class DiffMPMSimple(Scene[Throw, World, Particles]):
    """Throw an elastic square so that its centre ends at a place."""

    name: ClassVar[str] = "diffmpm_simple"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=30)
    measure: ClassVar[Measure] = Measure("half squared distance", "sides^2")
    most: ClassVar[dict[str, int]] = {"n": 4096, "side": 2048}
    colours: ClassVar[dict[str, str]] = {"air": "#f3f6fa", "wall": "#5b5347", "square": "#2f6fd6", "side": "#8fb4ee"}

    steps: int = 1023
    n: int = 120
    """Nodes of the grid per side."""
    side: int = 60
    """Particles per side of the square, 0.7 of a node's spacing apart."""
    h: float = 3e-4
    """Time step, seconds."""
    gravity: float = 9.8
    """Downwards, lengths per second squared."""
    E: float = 100.0
    """Young's modulus; both Lame parameters are E."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.side <= self.n:
            raise ValueError(f"side is 1 or more particles and at most n; it was {self.side}, n {self.n}")
        if self.n < 6 * WALL:
            raise ValueError(f"n is {6 * WALL} or more, because walls are {WALL} nodes thick; it was {self.n}")
        if not (self.h > 0 and self.E > 0):
            raise ValueError(f"h and E are positive; they were {self.h} and {self.E}")

    def square(self) -> NDArray[np.float64]:
        """The initial positions of the particles, of shape (side^2, 2)."""
        i, j = np.mgrid[: self.side, : self.side]
        places = np.stack([0.7 * i + self.n / 12, 0.7 * j + 5 * self.n / 24], axis=-1) / self.n
        return places.reshape(-1, 2)

    def inputs(self) -> World:
        """The published goal."""
        return World()

    def params(self, rng: np.random.Generator) -> Throw:
        """A velocity of zero, whatever the seed."""
        return Throw()

    def initial(self, params: Throw, inputs: World) -> Particles:
        """All particles with the velocity of the throw."""
        places = self.square()
        return undeformed(const(places), vec(len(places), lambda p: params.velocity))

    def step(self, state: Particles, t: Index, params: Throw, inputs: World) -> Particles:
        """Stress pushes the grid's nodes, walls remove the velocity into them, particles move with the nodes."""

        def respond(p: Index, f: Any) -> tuple[Any, Any]:
            return f, corotated(f, self.E, self.E)

        body = Group(state, 1.0, respond)
        return advance(body, n=self.n, h=self.h, gravity=self.gravity, walls="slip", thickness=WALL, empty=EMPTY)[0]

    def loss(self, state: Particles, params: Throw, inputs: World) -> Real:
        """Half the squared distance of the centre from the goal."""
        return 0.5 * squared_distance(centre(state.position), inputs.goal)

    def handles(self, params: Throw, inputs: World) -> dict[str, Any]:
        """The goal, and the tip of the throw's arrow."""
        return {"goal": inputs.goal, "throw": self.square().mean(axis=0) + ARROW * params.velocity}

    def drag(self, handle: str, to: Vec[Real, 2], params: Throw, inputs: World) -> tuple[Throw, World]:
        """Set the goal or the velocity."""
        if handle == "goal":
            return params, replace(inputs, goal=to)
        return replace(params, velocity=(to - self.square().mean(axis=0)) / ARROW), inputs

    def trail(self, state: Particles) -> Any:
        """The path of the centre."""
        return mean(state.position, axis=0)[None]

    def ghost(self, canvas: Canvas, state: Particles, params: Throw, inputs: World) -> None:
        """Only the outline."""
        canvas.line(self.outline(state), "ghost", width=0.003)

    def backdrop(self, canvas: Canvas, params: Throw, inputs: World) -> None:
        """The box, and the goal."""
        left, bottom, right, top = canvas.extent
        low, high = WALL / self.n, 1 - (WALL - 1) / self.n
        canvas.box((left, bottom), (right, top), "wall")
        canvas.box((low, low), (high, high), "air")
        canvas.circle(inputs.goal, 0.02, "goal", width=0.006)

    def draw(self, canvas: Canvas, state: Particles, params: Throw, inputs: World) -> None:
        """The square, with a light left side that shows its rotation, its centre, and the throw."""
        outline = self.outline(state)
        canvas.polygon(outline, "square")
        canvas.line(outline[: self.side], "side", width=0.012)
        canvas.circle(self.trail(state)[0], 0.01, "goal")
        canvas.arrow(self.square().mean(axis=0), ARROW * params.velocity, "arrow", width=0.008)

    def outline(self, state: Particles) -> Any:
        """The positions of the particles on the square's edge, once around, the left side first."""
        i = np.arange(self.side**2).reshape(self.side, self.side)
        edge = const(np.concatenate([i[0], i[1:, -1], i[-1, -2::-1], i[-2::-1, 0]]))
        return vec(len(edge), lambda k: state.position[edge[k]])
