"""A soft body of material points learns to crawl: four muscles pull to the beat of sine waves.

After DiffTaichi (Hu et al., ICLR 2020) and the material point method of Hu et al. (SIGGRAPH 2018). The unit
square, time in seconds; every particle has mass 1 and volume 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rosesim import Index, Real, Struct, Vec, clamp, concatenate, const, mean, sum, vec
from rosesim.scenes import Canvas, Measure, OneOf, Published, Scene, Trajectory, value
from rosesim.scenes.kit import (
    LEVELS,
    STRAIN_COLOURS,
    STRAIN_ROLES,
    Beat,
    Group,
    Particles,
    advance,
    beat,
    corotated,
    features,
    lattice,
    undeformed,
    with_muscle,
)

PARTS = ((0.0, 0.1, 0.3, -1), (0.0, 0.0, 0.05, 0), (0.05, 0.0, 0.05, 1), (0.2, 0.0, 0.05, 2), (0.25, 0.0, 0.05, 3))
"""Left, bottom and width of the blocks, each 0.1 high, and the muscle in them: the body, which has none, four
legs."""
MUSCLES = 4
PASSIVE = MUSCLES
"""The number of the muscle that never pulls."""


EMPTY = 1e-10
"""Added to a node's mass, so that a node without particles does not divide by 0 (as published)."""


@dataclass(frozen=True)
class World:
    """What is given: the learning rate."""

    learning_rate: Real = value(0.1)


@dataclass(frozen=True)
class Robot(Struct):
    """The particles, and the muscles' activation in the last step, -1 (extend) to 1 (contract)."""

    particles: Particles
    activation: Vec[Real, ...]


@dataclass(frozen=True)
class DiffMPM(Scene[Beat, World, Robot]):
    """Teach a soft body with four muscles to crawl to the right."""

    name: ClassVar[str] = "diffmpm"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=100)
    measure: ClassVar[Measure] = Measure("minus mean x", "sides")
    most: ClassVar[dict[str, int]] = {"n": 2048, "sines": 1000, "wall": 300}
    extent: ClassVar[tuple[float, float, float, float]] = (0.0, -0.03, 1.0, 0.37)
    colours: ClassVar[dict[str, str]] = {**STRAIN_COLOURS, "sky": "#f3f6fa", "start": "#8b8f98", "mean": "#ffffff"}

    steps: int = 1023
    n: int = 128
    """Nodes of the grid per side; two particles per cell along each axis."""
    h: float = 0.001
    """Time step, seconds."""
    gravity: float = 3.8
    """Downwards, lengths per second squared."""
    E: float = 10.0
    """Young's modulus; both Lame parameters are E."""
    omega: float = 20.0
    """Angular frequency of the muscles' beat, radians per second."""
    sines: int = 4
    """Sine waves that make up the beat, their phases spread over a period."""
    strength: float = 4.0
    """Stress of a muscle at activation 1."""
    wall: int = 3
    """Thickness of the walls at the grid's edges, in nodes (at the right and the top one less)."""
    ground: Literal["sticky", "friction"] = "sticky"
    """Whether the ground stops nodes that move into it, as published, or lets them slide with Coulomb's friction."""
    friction: float = 0.5
    """Friction coefficient of the ground, where it is not sticky."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.wall < 1 or self.n < max(20, 6 * self.wall):
            raise ValueError(
                "a leg is a cell wide and starts above the ground: wall is 1 or more, n is 20 or more and "
                f"6 times wall or more; they were {self.wall} and {self.n}"
            )
        if not (self.h > 0 and self.E > 0 and self.friction >= 0):
            raise ValueError(
                f"h and E are positive and friction is not negative; they were {self.h}, {self.E}, {self.friction}"
            )
        if self.sines < 1:
            raise ValueError(f"sines is the number of waves, 1 or more; it was {self.sines}")

    def body(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The particles' initial positions, of shape (k, 2), and the muscle of each; PASSIVE means none."""
        blocks = [
            lattice((x + 0.1, y + 3.84 / self.n), (width, 0.1), (2 * int(width * self.n), 2 * int(0.1 * self.n)))
            for x, y, width, _ in PARTS
        ]
        muscles = [np.full(len(b), muscle % (MUSCLES + 1)) for b, (*_, muscle) in zip(blocks, PARTS, strict=True)]
        return np.concatenate(blocks), np.concatenate(muscles)

    def inputs(self) -> World:
        """The published rate."""
        return World()

    def params(self, rng: np.random.Generator) -> Beat:
        """Muscles that nearly rest."""
        return Beat.random(rng, self.sines, MUSCLES, 0.01)

    def initial(self, params: Beat, inputs: World) -> Robot:
        """At rest, a little above the ground."""
        places, _ = self.body()
        particles = undeformed(const(places), const(np.zeros_like(places)))
        return Robot(particles, const(np.zeros(MUSCLES)))

    def step(self, state: Robot, t: Index, params: Beat, inputs: World) -> Robot:
        """Stresses push the grid's nodes, walls and ground stop them, particles move with the nodes."""
        activation = beat(params, t * self.h, self.omega)
        muscle, pull = const(self.body()[1]), features(self.strength * activation, 0.0)
        friction = self.friction if self.ground == "friction" else None

        def respond(p: Index, f: Any) -> tuple[Any, Any]:
            return f, self.stress(f, pull[muscle[p]])

        (after,) = advance(
            Group(state.particles, 1.0, respond), n=self.n, h=self.h, gravity=self.gravity,
            walls="stick", thickness=self.wall, friction=friction, empty=EMPTY,
        )  # fmt: skip
        return Robot(after, activation)

    def stress(self, f: Any, pull: Real) -> list[list[Real]]:
        """The stress of an elastic body whose muscle pulls along its own y."""
        return with_muscle(corotated(f, self.E, self.E), f, 1, pull)

    def loss(self, state: Robot, params: Beat, inputs: World) -> Real:
        """Minus the mean x of the particles."""
        x = state.particles.position
        return -sum(len(x), lambda p: x[p][0]) / len(x)

    def trail(self, state: Robot) -> Any:
        """The path of the centre of mass."""
        return mean(state.particles.position, axis=0)[None]

    def why_no_gradient(self, trajectory: Trajectory[Robot], params: Beat, inputs: World) -> str | None:
        """Muscles cannot move the centre of mass: only the ground can."""
        lowest = np.asarray(trajectory.stacked.particles.position)[..., 1].min()
        if lowest > (self.wall + 0.5) / self.n:
            return "the body has not reached the ground, and inner forces move no centre of mass: try more steps"
        return None

    def backdrop(self, canvas: Canvas, params: Beat, inputs: World) -> None:
        """The ground, a mark every tenth, and the initial x of the centre of mass."""
        left, bottom, right, top = canvas.extent
        ground = self.wall / self.n
        canvas.box((left, bottom), (right, top), "sky")
        canvas.box((left, bottom), (right, ground), "ground")
        for k in range(11):
            canvas.line([(k / 10, ground), (k / 10, ground - 0.01)], "sky", width=0.002)
        start = self.body()[0][:, 0].mean()
        canvas.line([(start, ground), (start, top)], "start", width=0.0025)

    def draw(self, canvas: Canvas, state: Robot, params: Beat, inputs: World) -> None:
        """Particles: the body dark, muscles red and dark where they contract, blue and light where they extend."""
        ground, x, muscles = self.wall / self.n, state.particles.position, const(self.body()[1])
        levels = clamp(LEVELS - LEVELS * state.activation, 0.0, 2.0 * LEVELS)
        numbers = concatenate([levels, [2.0 * LEVELS + 1.0]])  # the last is that of particles without a muscle
        roles = OneOf((*STRAIN_ROLES, "body"), vec(len(x), lambda k: numbers[muscles[k]]))
        canvas.circles(x, 0.4 / self.n, roles)
        middle = mean(x[:, 0])
        canvas.arrow((middle, ground - 0.035), (0.0, 0.03), "mean", width=0.006)
        canvas.text((middle + 0.015, ground - 0.035), f"{middle:.3f}", "mean", size=0.018)
