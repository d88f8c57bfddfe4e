"""A soft robot in three dimensions learns to crawl: sixteen muscles in four legs, with or without water around it.

After DiffTaichi (Hu et al., ICLR 2020), `diffmpm3d` and `liquid`. The unit cube, y upwards, time in seconds; a
particle of the robot has mass 1, one of water mass 4, both volume 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rosesim import Index, Real, Struct, Vec, clamp, concatenate, const, det, mean, sqrt, stack, sum, vec
from rosesim.scenes import Camera, Canvas, Measure, OneOf, Published, Scene, Trajectory
from rosesim.scenes.kit import (
    LEVELS,
    STRAIN_COLOURS,
    STRAIN_ROLES,
    Beat,
    Group,
    Particles,
    advance,
    beat,
    features,
    lattice,
    neo_hookean,
    undeformed,
    with_muscle,
)

EMPTY = 1e-10
"""Added to a node's mass, so that a node without particles does not divide by 0 (as published)."""
WALL = 3
"""Thickness of the walls at the grid's edges, in nodes (at the upper ends one less)."""
MUSCLES = 16
PASSIVE = MUSCLES
"""The number of the muscle that never pulls."""
WATER_MASS = 4.0
WATER, WATER_SIZE = (0.1, 0.15, 0.1), (0.2, 0.05, 0.2)
SPACING = 1 / 3
"""Between neighbouring particles, in cells."""
RADIUS = 0.8 * SPACING
"""Of a particle in the picture, in cells: more than half of a square's diagonal, so that they close a surface."""
SUNK = 0.5
"""How far below the wall's last node the picture has its floor, in cells: nodes above the wall still take part in
moving a particle there, and there the robot comes to rest."""
CAMERA = Camera((0.80, -0.90, 0.48), (0.39, 0.49, 0.075), 15.0)
"""x to the right, depth to the back, height up."""


@dataclass(frozen=True)
class World:
    """What is given: the learning rate."""

    learning_rate: Real


@dataclass(frozen=True)
class Robot(Struct):
    """The robot's particles, the water's if there is any, and the muscles' activation in the last step."""

    particles: Particles
    water: Any
    activation: Vec[Real, ...]


@dataclass(frozen=True)
class DiffMPM3D(Scene[Beat, World, Robot]):
    """Teach a soft robot in three dimensions to crawl to the right."""

    name: ClassVar[str] = "diffmpm3d"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=100)
    measure: ClassVar[Measure] = Measure("minus mean x", "sides")
    most: ClassVar[dict[str, int]] = {"n": 256, "sines": 1000}
    extent: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 1.0, 0.45)
    colours: ClassVar[dict[str, str]] = {
        **STRAIN_COLOURS,
        "sky": "#f3f6fa",
        "floor": "#e0dacd",
        "mark": "#c2baa9",
        "start": "#8b8f98",
        "water": "#9fd3e0",
    }

    steps: int = 511
    n: int = 64
    """Nodes of the grid per side; three particles per cell along each axis."""
    h: float = 0.002
    """Time step, seconds."""
    gravity: float = 10.0
    """Downwards, lengths per second squared."""
    E: float = 10.0
    """Young's modulus; both Lame parameters are E."""
    omega: float = 40.0
    """Angular frequency of the muscles' beat, radians per second."""
    sines: int = 4
    """Sine waves that make up the beat, their phases spread over a period."""
    strength: float = 5.0
    """Stress of a muscle at activation 1."""
    axis: Literal["x", "y", "z"] = "z"
    """The axis of the body along which muscles pull: z, sideways to the gait, as published."""
    block: float = 0.1
    """Side of the blocks that the robot is made of, lengths."""
    liquid: bool = False
    """Whether there is water too."""
    start: Literal["random", "lattice"] = "random"
    """The water's initial particles: at random places, as published, or on a lattice."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n < 20:
            raise ValueError(f"n is 20 nodes or more, because walls are {WALL} nodes thick; it was {self.n}")
        if not 1 / (1.05 * self.n) <= self.block <= 0.2:
            raise ValueError(
                "block is 0.2 or less, because three stand in a row, and so long that a leg's part has a particle: "
                f"{1 / (1.05 * self.n):.3g} or more; it was {self.block}"
            )
        if not (self.h > 0 and self.E > 0):
            raise ValueError(f"h and E are positive; they were {self.h} and {self.E}")
        if self.sines < 1:
            raise ValueError(f"sines is the number of waves, 1 or more; it was {self.sines}")

    @property
    def offset(self) -> NDArray[np.float64]:
        """The position of the robot: a little above the ground."""
        return np.array([0.1, 3.2 / self.n, 0.3])

    @property
    def floor(self) -> float:
        """The height of the floor in the picture."""
        return (WALL - SUNK) / self.n

    def blocks(self) -> list[tuple[tuple[float, ...], tuple[float, ...], int]]:
        """Lower corners, sizes, and the muscle in each: four parts per leg, then the body's three blocks."""
        b = self.block
        legs = [(0.0, 0.0), (0.0, 2 * b), (2 * b, 0.0), (2 * b, 2 * b)]
        parts = [
            ((x + b / 2 * (i // 2), 0.35 * b * (i % 2), z), (b / 2, 0.35 * b, b), 4 * leg + i)
            for leg, (x, z) in enumerate(legs)
            for i in range(4)
        ]
        return parts + [((b * i, 0.0, b), (b, 0.7 * b, b), PASSIVE) for i in range(3)]

    def lattice(self, low: tuple[float, ...], size: tuple[float, ...]) -> NDArray[np.float64]:
        """A block's particles, of shape (k, 3), at the robot's position."""
        return lattice(np.array(low) + self.offset, size, [int(3 * w * self.n) for w in size])

    def body(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The initial positions of the robot's particles, of shape (k, 3), and the muscle of each."""
        blocks = [(self.lattice(low, size), muscle) for low, size, muscle in self.blocks()]
        return np.concatenate([p for p, _ in blocks]), np.concatenate([np.full(len(p), m) for p, m in blocks])

    def pool(self) -> NDArray[np.float64]:
        """The initial positions of the water's particles, of shape (k, 3)."""
        places = self.lattice(WATER, WATER_SIZE)
        if self.start == "random":
            shape, low = places.shape, self.offset + np.array(WATER)
            places = low + np.random.default_rng(0).uniform(0.0, WATER_SIZE, shape)
        return places

    def inputs(self) -> World:
        """The published rate."""
        rate: Any = 10.0 if self.liquid else 30.0
        return World(rate)

    def params(self, rng: np.random.Generator) -> Beat:
        """Muscles that nearly rest."""
        return Beat.random(rng, self.sines, MUSCLES, 0.01)

    def initial(self, params: Beat, inputs: World) -> Robot:
        """At rest, a little above the ground."""
        robot, *water = [
            undeformed(const(x), const(np.zeros_like(x)))
            for x in (self.body()[0], *([self.pool()] if self.liquid else []))
        ]
        return Robot(robot, water[0] if water else None, const(np.zeros(MUSCLES)))

    def step(self, state: Robot, t: Index, params: Beat, inputs: World) -> Robot:
        """Stresses push the grid's nodes, walls and ground stop them, particles move with the nodes."""
        activation = beat(params, t * self.h, self.omega)
        muscle, pull = const(self.body()[1]), features(self.strength * activation, 0.0)

        def elastic(p: Index, f: Any) -> tuple[Any, Any]:
            return f, with_muscle(neo_hookean(f, self.E, self.E), f, "xyz".index(self.axis), pull[muscle[p]])

        def fluid(p: Index, f: Any) -> tuple[Any, Any]:
            """Remember only the volume J."""
            j = det(f)
            side, pressure, zero = sqrt(j), self.E * (j - 1), 0.0 * j
            remembered = [[side, zero, zero], [zero, side, zero], [zero, zero, zero + 1.0]]
            return remembered, [[pressure, zero, zero], [zero, pressure, zero], [zero, zero, pressure]]

        groups = [Group(state.particles, 1.0, elastic)]
        if self.liquid:
            groups.append(Group(state.water, WATER_MASS, fluid))
        robot, *water = advance(
            *groups, n=self.n, h=self.h, gravity=self.gravity, walls="stick", thickness=WALL, empty=EMPTY
        )
        return Robot(robot, water[0] if water else None, activation)

    def loss(self, state: Robot, params: Beat, inputs: World) -> Real:
        """Minus the mean x of the robot's particles."""
        x = state.particles.position
        return -sum(len(x), lambda p: x[p][0]) / len(x)

    def why_not_finite(self, trajectory: Trajectory[Robot], params: Beat, inputs: World) -> str | None:
        """The stress needs ln J, which does not exist for J <= 0."""
        volumes = np.linalg.det(np.nan_to_num(np.asarray(trajectory.stacked.particles.deformation)))
        inverted = np.argwhere(volumes <= 0)
        if not len(inverted):
            return None
        t, p = inverted[0]
        return (
            f"particle {p} is turned inside out after step {t} (its volume is {volumes[t, p]:.2g} of what it was), "
            "and the stress needs the volume's logarithm: try weaker muscles (--set strength=...), a shorter time "
            "step (--set h=...) or a lower learning rate"
        )

    def why_no_gradient(self, trajectory: Trajectory[Robot], params: Beat, inputs: World) -> str | None:
        """Muscles cannot move the centre of mass: only the ground can."""
        lowest = np.asarray(trajectory.stacked.particles.position)[..., 1].min()
        if lowest > (WALL + 0.5) / self.n:
            return "the robot has not reached the ground, and inner forces move no centre of mass: try more steps"
        return None

    def surface(self) -> NDArray[np.int64]:
        """The indices of the particles at the robot's surface: those of which a neighbour's place is in no block."""
        places = self.body()[0] - self.offset
        lows, sizes = (np.array(v)[:, None] for v in ([b[k] for b in self.blocks()] for k in (0, 1)))
        aside = SPACING / self.n * 1.3  # lattices have whole numbers of particles, so some are a little wider
        kept = np.zeros(len(places), np.bool_)
        for way in np.concatenate([np.eye(3), -np.eye(3)]):
            off = places + aside * way - lows
            kept |= ~((off >= 0) & (off <= sizes)).all(axis=2).any(axis=0)
        return np.flatnonzero(kept)

    def shown(self, place: Any) -> Any:
        """Where the picture has a point of space, whose height is the second number here and the third there."""
        return stack(CAMERA.seen([place[0], place[2], place[1]], self.extent))

    def trail(self, state: Robot) -> Any:
        """The path of the robot's centre of mass, along the floor in front of it."""
        at = mean(state.particles.position, axis=0)
        return self.shown([at[0], self.floor, self.offset[2] - 0.5 * self.block])[None]

    def draw(self, canvas: Canvas, state: Robot, params: Beat, inputs: World) -> None:
        """Particles on a floor: muscles red and dark where they contract, blue where they extend."""
        x0, _, z0 = self.body()[0].mean(axis=0)
        space = canvas.space(CAMERA)
        space.ground(self.floor, cell=0.1, line="mark")
        space.capsule((x0, z0 - 0.25, self.floor), (x0, z0 + 0.25, self.floor), 0.002, "start")
        levels = clamp(LEVELS - LEVELS * state.activation, 0.0, 2.0 * LEVELS)
        numbers = concatenate([levels, [2.0 * LEVELS + 1.0]])  # no muscle
        muscles, places = self.body()[1], state.particles.position
        which, radius = const(self.surface()), RADIUS / self.n
        roles = OneOf((*STRAIN_ROLES, "body"), vec(len(which), lambda k: numbers[const(muscles)[which[k]]]))
        space.spheres(vec(len(which), lambda k: _upright(places[which[k]])), radius, roles)
        if self.liquid:
            water = state.water.position
            space.spheres(vec(len(water), lambda k: _upright(water[k])), radius, "water")


def _upright(place: Any) -> Any:
    """A particle's place with its height last, as a view of space has it."""
    return stack([place[0], place[2], place[1]])
