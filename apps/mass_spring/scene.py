"""A robot of point masses and springs learns to run: a small network controls its muscles.

After DiffTaichi (Hu et al., ICLR 2020) and its port to Rose (Estep et al., ECOOP 2024). In the unit of length a
robot is a quarter wide; time is in seconds, every point has mass 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real, Vec, const, vec
from rosesim.scenes import Canvas, Measure, Published, Scene, Trajectory, value
from rosesim.scenes.kit import (
    STRAIN_COLOURS,
    Bodies,
    Body,
    Network,
    Table,
    at_rest,
    centre,
    draw_springs,
    features,
    ground_contact,
    network,
    sines,
    spring_impulses,
    strains,
    table,
)

from .robot import Robot

ROBOT = Robot.parse("C")
"""The robot by default."""
SOFTENING = 1e-4
"""Metres added to a spring's length (as published)."""
LEAST_FALL = 1e-4
"""Metres per second: the ground does not hold a node that falls more slowly (as published)."""


@dataclass(frozen=True)
class World:
    """What is given: the points' initial positions, the goal as an input of the network, and the learning rate."""

    start: Vec[Vec[Real, 2], ...]
    """Initial positions of the points."""
    goal: Vec[Real, 2] = value((0.9, 0.2))
    """A place that the network sees; the loss does not."""
    learning_rate: Real = value(0.2)


@dataclass(frozen=True)
class MassSpring(Scene[Network | Table, World, Bodies]):
    """Teach a robot of springs to run to the right."""

    name: ClassVar[str] = "mass_spring"
    published: ClassVar[Published] = Published(optimizer="normalized", iterations=100)
    measure: ClassVar[Measure] = Measure("minus x of the head")
    most: ClassVar[dict[str, int]] = {"sines": 1000, "hidden": 4096, "knots": 100_000}
    extent: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 1.2, 0.5)
    colours: ClassVar[Mapping[str, str]] = {
        **STRAIN_COLOURS,
        "sky": "#f3f6fa",
        "ground": "#5b5347",
        "node": "#2b2e36",
        "head": "#d62f26",
        "trail": "#eba19c",
    }

    steps: int = 1364
    robot: Robot = ROBOT
    """A, B, C or D, or a JSON file of the same form."""
    controller: Literal["network", "table"] = "network"
    """A network that sees the robot, or a table over time (an open loop)."""
    h: float = 0.004
    """Time step, seconds."""
    damping: float = 15.0
    """Damping of all velocities, per second."""
    gravity: float = -4.8
    """Lengths per second squared, upwards."""
    ground: float = 0.1
    """Height of the ground."""
    sines: int = 10
    """Sine waves among the network's inputs."""
    omega: float = 10.0
    """Their angular frequency, radians per second."""
    hidden: int = 32
    """Hidden units of the network."""
    knots: int = 48
    """Number of knots of the table."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.h > 0:
            raise ValueError(f"h is positive; it was {self.h}")
        if self.hidden < 1 or self.sines < 0 or self.knots < 2:
            raise ValueError(
                "hidden is 1 or more, sines 0 or more, knots 2 or more; "
                f"they were {self.hidden}, {self.sines} and {self.knots}"
            )

    def inputs(self) -> World:
        """The robot as its data has it, and the published goal."""
        start: Any = self.robot.positions  # a NumPy array, though the annotation has the traced type
        return World(start=start)

    def params(self, rng: np.random.Generator) -> Network | Table:
        """Random weights as published; a table with small random values."""
        outputs = len(self.robot.springs)
        if self.controller == "table":
            values: Any = rng.normal(0.0, 0.1, (self.knots, outputs))
            return Table(values)
        inputs = self.sines + 4 * len(self.robot.nodes) + 2
        return Network.random(rng, inputs, self.hidden, outputs, gains=(2.0, 3.0))

    def initial(self, params: Network | Table, inputs: World) -> Bodies:
        """At rest."""
        return at_rest(inputs.start)

    def step(self, state: Bodies, t: Index, params: Network | Table, inputs: World) -> Bodies:
        """The controller sees the robot, the springs pull, the ground holds points that touch it."""
        x, v = state.position, state.velocity
        pulls = self.springs(x, self.activations(state, t, params, inputs))
        keep = math.exp(-self.h * self.damping)

        def move(i: Index) -> Body:
            forced = keep * v[i] + pulls[i] + [0.0, self.h * self.gravity]
            return ground_contact(x[i], forced, ground=self.ground, h=self.h, least_fall=LEAST_FALL)

        after = vec(len(x), move)
        return Bodies(after.position, after.velocity)

    def activations(self, state: Bodies, t: Index, params: Network | Table, inputs: World) -> Vec[Real, ...]:
        """The activation of each spring, -1 (contract) to 1 (extend)."""
        if isinstance(params, Table):
            return table(params, t, self.steps)
        x, v = state.position, state.velocity
        c = centre(x)
        seen = vec(len(x), lambda i: [0.05 * (x[i] - c), 0.05 * v[i]])
        return network(params, features(sines(self.h * t, self.omega, self.sines), seen, inputs.goal - c))

    def springs(self, x: Vec[Vec[Real, 2], ...], activation: Vec[Real, ...]) -> Vec[Vec[Real, 2], ...]:
        """The springs' change of each velocity; a muscle's rest length follows its activation."""
        rest, stiffness, actuation = (const(self.robot.of_springs(column)) for column in (2, 3, 4))
        lengths = vec(len(rest), lambda k: rest[k] * (1 + activation[k] * actuation[k]))
        return spring_impulses(x, self.robot.ends, lengths, stiffness, self.h, SOFTENING)

    def loss(self, state: Bodies, params: Network | Table, inputs: World) -> Real:
        """Minus the x of the head."""
        return -state.position[0][0]

    def handles(self, params: Network | Table, inputs: World) -> dict[str, Any]:
        """The goal, and the initial position of every point of the robot."""
        return {"goal": inputs.goal, **{f"node {i}": x for i, x in enumerate(inputs.start)}}

    def drag(
        self, handle: str, to: Vec[Real, 2], params: Network | Table, inputs: World
    ) -> tuple[Network | Table, World]:
        """Move the goal, or stretch the robot: its springs keep their rest lengths."""
        if handle == "goal":
            return params, replace(inputs, goal=to)
        return params, replace(inputs, start=inputs.start.at[int(handle.removeprefix("node "))].set(to))

    def trail(self, state: Bodies) -> Any:
        """The head's path."""
        return state.position[:1]

    def why_no_gradient(self, trajectory: Trajectory[Bodies], params: Network | Table, inputs: World) -> str | None:
        """A head that touches the ground and never lifts is held where it lies."""
        head = np.asarray(trajectory.stacked.position)[1:, 0]
        if np.ptp(head[:, 0]) > 0 or (head[:, 1] > self.ground + 1e-9).any():
            return None
        return (
            "the head (node 0) lies on the ground, which holds it, and never lifts: "
            "drag it up or start the robot higher (--set start=...)"
        )

    def backdrop(self, canvas: Canvas, params: Network | Table, inputs: World) -> None:
        """Sky, ground, a mark every tenth, and the goal."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "sky")
        canvas.box((left, bottom), (right, self.ground), "ground")
        for k in range(math.ceil(left * 10), math.floor(right * 10) + 1):
            canvas.line([(k / 10, self.ground), (k / 10, self.ground - 0.012)], "sky", width=0.002)
        canvas.circle(inputs.goal, 0.012, "goal", width=0.004)

    def ghost(self, canvas: Canvas, state: Bodies, params: Network | Table, inputs: World) -> None:
        """Only the springs."""
        canvas.segments(state.position, self.robot.ends, "ghost", width=0.0025)

    def draw(self, canvas: Canvas, state: Bodies, params: Network | Table, inputs: World) -> None:
        """Springs, red where contracted and blue where extended, points, and the head."""
        x, ends = state.position, self.robot.ends
        strain = strains(x, ends, self.robot.of_springs(2))
        draw_springs(canvas, x, ends, strain, self.robot.of_springs(4), width=0.009)
        canvas.circles(x[1:], 0.006, "node")
        canvas.circle(x[0], 0.011, "head")
