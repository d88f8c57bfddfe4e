"""A robot of boxes on joints and springs learns to walk to a goal: a small network controls its springs.

After DiffTaichi (Hu et al., ICLR 2020). Lengths in metres, time in seconds; a box's mass is its area. The
effect of ground, springs and joints in a step is in `rosesim.scenes.kit.rigid`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rosesim import Index, Real, Vec, concatenate, const, cos, norm, sin, stack, vec
from rosesim.scenes import Canvas, Measure, Published, Scene, value
from rosesim.scenes.kit import (
    STRAIN_COLOURS,
    Ground,
    Inertia,
    Kick,
    Network,
    PublishedGround,
    RigidBodies,
    RigidBody,
    box_inertia,
    direction,
    draw_springs,
    features,
    joint_impulse,
    link_impulses,
    moved_on,
    network,
    outlines,
    sines,
    spring_impulse,
    strains,
)

from .robot import Robot

ROBOT = Robot.parse("A")
"""The robot by default."""
LEAST_DESCENT = 1e-3
"""For the published contact: the least speed of a sinking corner, metres per second."""
SOFTENING, LEAST_SLIP = 1e-4, 0.1
"""Metres added to a spring's length, metres per second added to a joint's slip, as published."""


@dataclass(frozen=True)
class World:
    """What is given: the boxes' initial positions and angles, the goal, and the longest step of an update."""

    start: Vec[Vec[Real, 3], ...]
    """Position (two numbers) and angle of each box."""
    goal: Vec[Real, 2] = value((0.9, 0.15))
    """Where the head's centre should be at the end [m]."""
    learning_rate: Real = value(0.2)


@dataclass(frozen=True)
class RigidBodyRobot(Scene[Network, World, RigidBodies]):
    """Teach a robot of boxes, joints and springs to walk."""

    name: ClassVar[str] = "rigid_body"
    published: ClassVar[Published] = Published(optimizer="bounded", iterations=20)
    measure: ClassVar[Measure] = Measure("distance of the head", "m")
    most: ClassVar[dict[str, int]] = {"sines": 1000, "hidden": 4096}
    extent: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 1.2, 0.8)
    colours: ClassVar[Mapping[str, str]] = {
        **STRAIN_COLOURS,
        "sky": "#f3f6fa",
        "ground": "#5b5347",
        "inside": "#dde3ea",
        "outline": "#2b2e36",
        "head": "#d62f26",
        "trail": "#eba19c",
    }

    steps: int = 2047
    robot: Robot = ROBOT
    """A, B or L, or a JSON file of the same form."""
    h: float = 0.001
    """Time step, seconds."""
    gravity: float = -9.8
    """Upwards, metres per second squared."""
    ground: float = 0.1
    """Height of the ground."""
    e: float = 0.0
    """Restitution: 0 where a corner that lands is stopped, 1 where it bounces off as fast as it came."""
    mu: float = 1.0
    """Coefficient of friction."""
    damping: float = 10.0
    """Damping of all velocities, per second."""
    omega: float = 30.0
    """Angular frequency of the network's sine waves, radians per second."""
    sines: int = 10
    """Sine waves among the network's inputs."""
    hidden: int = 32
    """Hidden units of the network."""
    contact: Literal["published", "exact"] = "published"
    """The contact of the corners: as in DiffTaichi, or by mechanics (`PublishedGround`, `Ground`)."""
    time_of_impact: bool = True
    """For the published contact: whether the moment within a step at which a corner lands counts."""
    p: float = 1e4
    """For the published contact: penetration stiffness, per second squared, which pushes boxes out of the ground.

    It was published as 0.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.h > 0:
            raise ValueError(f"h is positive; it was {self.h}")
        if self.hidden < 1 or self.sines < 0:
            raise ValueError(f"hidden is 1 or more, sines 0 or more; they were {self.hidden} and {self.sines}")
        if not (0 <= self.e <= 1 and self.mu >= 0 and self.p >= 0):
            raise ValueError(f"e is 0 to 1, mu and p are 0 or more; they were {self.e}, {self.mu} and {self.p}")

    def inputs(self) -> World:
        """The robot as its data has it, and the published goal."""
        start: Any = self.robot.start  # a NumPy array, though the annotation has the traced type
        return World(start=start)

    def params(self, rng: np.random.Generator) -> Network:
        """Random weights as published; a joint also has an output, which is unused."""
        inputs = self.sines + 6 * len(self.robot.boxes) + 2
        return Network.random(rng, inputs, self.hidden, len(self.robot.springs), gains=(0.5, 1.0))

    def initial(self, params: Network, inputs: World) -> RigidBodies:
        """At rest."""
        start, n = inputs.start, len(self.robot.boxes)
        return RigidBodies(
            position=vec(n, lambda i: [start[i, 0], start[i, 1]]),
            velocity=const(np.zeros((n, 2))),
            angle=vec(n, lambda i: start[i, 2]),
            spin=const(np.zeros(n)),
        )

    def step(self, state: RigidBodies, t: Index, params: Network, inputs: World) -> RigidBodies:
        """The network sees the robot, springs and joints pull, the ground holds boxes that touch it."""
        axes = vec(len(self.robot.boxes), lambda i: direction(state.angle[i]))
        mass, moment = (const(v) for v in box_inertia(self.robot.half))
        pulls = self.pulls(state, axes, self.activations(state, t, params, inputs), Inertia(mass, moment))
        ground = self.floor()
        half, weight = const(self.robot.half), const(np.array([0.0, self.h * self.gravity]))

        keep = math.exp(-self.h * self.damping)

        def given(i: Index) -> tuple[Any, Any, Kick]:
            linear, angular = pulls[i].linear / mass[i] + weight, pulls[i].angular / moment[i]
            if self.contact == "exact":
                velocity, spin = keep * state.velocity[i] + linear, keep * state.spin[i] + angular
            else:  # as published: the ground considers no force but the weight
                velocity, spin = state.velocity[i] + weight, state.spin[i]
            body = RigidBody(state.position[i], velocity, state.angle[i], spin)
            return linear, angular, ground.box_contact(body, axes[i], half[i], mass[i], moment[i])

        return moved_on(state, given, keep, self.h)

    def floor(self) -> Ground | PublishedGround:
        """The ground, of the kind that `contact` names."""
        if self.contact == "exact":
            return Ground(self.h, self.ground, self.mu, self.e)
        return PublishedGround(self.h, self.ground, self.mu, self.e, self.p, self.time_of_impact, LEAST_DESCENT)

    def activations(self, state: RigidBodies, t: Index, params: Network, inputs: World) -> Vec[Real, ...]:
        """The activation of each spring, -1 (contract) to 1 (extend)."""
        x, v, head = state.position, state.velocity, state.position[self.robot.head]
        angle, spin = state.angle, state.spin

        def of_box(i: Index) -> list[Real]:
            numbers = [x[i, 0] - head[0], x[i, 1] - head[1], v[i, 0], v[i, 1], angle[i], spin[i]]
            return [0.05 * z for z in numbers]

        seen = vec(len(x), of_box)
        return network(params, features(sines(self.h * t, self.omega, self.sines), seen, inputs.goal))

    def pulls(self, state: RigidBodies, axes: Any, activation: Any, inertia: Inertia) -> Any:
        """The impulses of springs, whose rest lengths follow their activation, and of joints on the boxes."""
        springs, joints = self.robot.kind(joints=False), self.robot.kind(joints=True)
        rest, stiffness, actuation = (self.robot.of_springs(column) for column in (6, 7, 8))

        def spring(pair: Any) -> Any:
            k = pair.index
            length = const(rest[springs])[k] * (1 + const(actuation[springs])[k] * activation[const(springs)[k]])
            return spring_impulse(pair.gap, const(stiffness[springs])[k], length, self.h, SOFTENING)

        def joint(pair: Any) -> Any:
            return joint_impulse(pair, inertia, const(stiffness[joints])[pair.index], self.h, SOFTENING, LEAST_SLIP)

        groups = [(self.robot.links(springs), spring), (self.robot.links(joints), joint)]
        return link_impulses(state, axes, groups)

    def loss(self, state: RigidBodies, params: Network, inputs: World) -> Real:
        """Distance of the head's centre from the goal."""
        return norm(state.position[self.robot.head] - inputs.goal)

    def handles(self, params: Network, inputs: World) -> dict[str, Any]:
        """The goal, and the robot's head."""
        return {"goal": inputs.goal, "robot": inputs.start[self.robot.head][:2]}

    def drag(self, handle: str, to: Vec[Real, 2], params: Network, inputs: World) -> tuple[Network, World]:
        """Move the goal, or the whole robot."""
        if handle == "goal":
            return params, replace(inputs, goal=to)
        start = inputs.start
        return params, replace(inputs, start=start + concatenate([to - start[self.robot.head][:2], [0.0]]))

    def trail(self, state: RigidBodies) -> Any:
        """The head's path."""
        return state.position[self.robot.head][None]

    def backdrop(self, canvas: Canvas, params: Network, inputs: World) -> None:
        """Sky, ground with a mark every tenth, and the goal."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "sky")
        canvas.box((left, bottom), (right, self.ground), "ground")
        for k in range(math.ceil(left * 10), math.floor(right * 10) + 1):
            canvas.line([(k / 10, self.ground), (k / 10, self.ground - 0.012)], "sky", width=0.002)
        canvas.circle(inputs.goal, 0.014, "goal", width=0.005)

    def ghost(self, canvas: Canvas, state: RigidBodies, params: Network, inputs: World) -> None:
        """Only the outlines."""
        for corners in outlines(state.position, state.angle, self.robot.half):
            canvas.line(concatenate([corners, corners[:1]]), "ghost", width=0.0025)

    def draw(self, canvas: Canvas, state: RigidBodies, params: Network, inputs: World) -> None:
        """Boxes, the head in red, springs (red where contracted, blue where extended), and joints as dots."""
        robot = self.robot
        around = outlines(state.position, state.angle, robot.half)
        for k, corners in enumerate(around):
            canvas.polygon(corners, "inside", opacity=0.7)
            role, width = ("head", 0.006) if k == robot.head else ("outline", 0.003)
            canvas.line(concatenate([corners, corners[:2]]), role, width=width)
        springs, joints = robot.kind(joints=False), robot.kind(joints=True)
        p, q = self._points(state, springs)
        rest, actuation = robot.of_springs(6)[springs], robot.of_springs(8)[springs]
        ends = np.arange(2 * len(springs)).reshape(2, -1).T
        both = concatenate([p, q])
        strain = strains(both, ends, rest)
        draw_springs(canvas, both, ends, strain, actuation, width=0.008)
        canvas.circles(self._points(state, joints)[0], 0.007, "outline")

    def _points(self, state: RigidBodies, which: NDArray[np.int64]) -> tuple[Any, Any]:
        """The points where springs or joints are attached, of shapes (m, 2)."""
        links = self.robot.links(which)

        def fixed(bodies: NDArray[np.integer[Any]], arms: NDArray[np.float64]) -> Any:
            body, arm = const(bodies), const(arms)

            def point(k: Index) -> Any:
                x, y = arm[k]
                c, s = cos(state.angle[body[k]]), sin(state.angle[body[k]])
                return state.position[body[k]] + stack([c * x - s * y, s * x + c * y])

            return vec(len(bodies), point)

        return fixed(links.bodies[:, 0], links.first), fixed(links.bodies[:, 1], links.second)
