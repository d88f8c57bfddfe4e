"""A charge drifts between eight electrodes; a small network sets their strengths so that it follows a goal.

After DiffTaichi (Hu et al., ICLR 2020). Lengths are in table units (the table is a unit square), time in
seconds, the charge has mass 1. Its controller sees the charge as it is before the step; the original reads
the values that an earlier evaluation left in memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real, Vec, concatenate, const, dot, fn, maximum, outer, select, sign, sqrt, sum, vec
from rosesim.scenes import Canvas, Measure, OneOf, Published, Scene, value
from rosesim.scenes.kit import Network, features, network, squared_distance, uniform

ELECTRODES = np.array(
    [(0.1, 0.1), (0.1, 0.9), (0.9, 0.9), (0.9, 0.1), (0.5, 0.9), (0.5, 0.1), (0.1, 0.5), (0.9, 0.5)]
)
"""The positions of the electrodes: the corners of a square and the middles of its sides."""
CORNERS = (0.3, 0.3), (0.7, 0.4), (0.5, 0.7)
"""The path by default: a triangle, traversed again and again."""
CENTRE = [0.5, 0.5]
ARROW = 6.0
"""Scale of the force's arrow: table units for each table unit per second squared."""
DISC = 0.03
"""Radius of the disc of an electrode without charge."""


@dataclass(frozen=True)
class Given:
    """What is given: the corners of the goal's path, of shape (segments + 1, 2), and the learning rate."""

    points: Vec[Vec[Real, 2], ...]
    """The corners, in table units."""
    learning_rate: Real = value(0.02)


@dataclass(frozen=True)
class State:
    """The charge, the electrodes' strengths in the last step, the goal, and the sum of their squared distances."""

    position: Vec[Real, 2]
    velocity: Vec[Real, 2]
    strengths: Vec[Real, 8]
    """-1 to 1; a positive strength repels."""
    goal: Vec[Real, 2]
    t: Real
    """Steps so far."""
    missed: Real
    """The sum over the steps of the squared distance from the goal."""


@dataclass(frozen=True)
class Electric(Scene[Network, Given, State]):
    """Teach a network to lead a charge along a path by eight electrodes."""

    name: ClassVar[str] = "electric"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=200_000)
    measure: ClassVar[Measure] = Measure("squared distance over time", "table units^2 s")
    most: ClassVar[dict[str, int]] = {"hidden": 4096}
    colours: ClassVar[dict[str, str]] = {
        "table": "#15181f",
        "positive": "#f08a3c",
        "negative": "#4fb3a5",
        "neutral": "#4a5060",
        "charge": "#ff5a4f",
        "goal": "#6fa8ff",
        "trail": "#8f4a48",
        "arrow": "#f4e3b0",
        "ghost": "#565c6a",
    }

    steps: int = 511
    segment: int = 256
    """States (one more than steps) in which the goal moves from one corner to the next."""
    h: float = 0.03
    """Time step, seconds."""
    damping: float = 0.2
    """Damping of the velocity, per second."""
    strength: float = 1e-3
    """Strength of the force: table units cubed per second squared."""
    softening: float = 0.1
    """Radius around an electrode within which the force falls to zero, in table units."""
    hidden: int = 64
    """Hidden units of the network."""
    path: Literal["random", "fixed"] = "random"
    """In training: sampled anew for each iteration unless `points` are given, or always `points`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.segment < 1 or self.hidden < 1:
            raise ValueError(f"segment and hidden are 1 or more; they were {self.segment} and {self.hidden}")
        if not (self.h > 0 and self.softening > 0 and self.damping >= 0):
            raise ValueError(
                "h and softening are positive, damping is not negative; "
                f"they were {self.h}, {self.softening} and {self.damping}"
            )

    @property
    def segments(self) -> int:
        """The number of segments of the goal's path."""
        return self.steps // self.segment + 1

    def inputs(self) -> Given:
        """A triangle."""
        points: Any = np.array([CORNERS[k % len(CORNERS)] for k in range(self.segments + 1)])
        return Given(points)

    def sample(self, inputs: Given, rng: np.random.Generator) -> Given | None:
        """Corners at random in a smaller square; corners that a user has given or dragged stay."""
        given = not np.array_equal(np.asarray(inputs.points), np.asarray(self.inputs().points))
        if self.path == "fixed" or given:
            return None
        points: Any = rng.uniform(0.2, 0.8, (self.segments + 1, 2))
        return replace(inputs, points=points)

    def params(self, rng: np.random.Generator) -> Network:
        """Weights of shapes (hidden, 8) and (8, hidden), uniform in ±0.15; no biases."""
        e = len(ELECTRODES)
        made: list[Any] = [
            uniform(rng, (self.hidden, 8), 0.15),
            np.zeros(self.hidden),
            uniform(rng, (e, self.hidden), 0.15),
            np.zeros(e),
        ]
        return Network(*made)

    def initial(self, params: Network, inputs: Given) -> State:
        """At rest, on the goal."""
        first = inputs.points[0]
        return State(first, const(np.zeros(2)), const(np.zeros(len(ELECTRODES))), first, Real(0.0), Real(0.0))

    def step(self, state: State, t: Index, params: Network, inputs: Given) -> State:
        """The network sees the charge and the goal with its velocity; the electrodes push, the charge moves."""
        x, v = state.position, state.velocity
        k = t + 1  # the index of the state after the step
        i, part = k // self.segment, (k % self.segment) / self.segment
        along = inputs.points[i + 1] - inputs.points[i]  # the goal's velocity per segment
        goal = inputs.points[i] + part * along
        strengths = network(params, features(x - CENTRE, v, goal - CENTRE, along - CENTRE))
        v = math.exp(-self.h * self.damping) * v + self.h * self.force(x, strengths)
        x = x + self.h * v
        return State(x, v, strengths, goal, Real(k), state.missed + squared_distance(x, goal))

    @fn
    def force(self, x: Vec[Real, 2], strengths: Vec[Real, 8]) -> Vec[Real, 2]:
        """Coulomb's force of all electrodes on a charge at x; within the softening radius it is linear in the
        distance."""

        def of(i: Index):
            r = x - const(ELECTRODES)[i]
            square = maximum(dot(r, r), self.softening**2)
            return strengths[i] / (square * sqrt(square)) * r

        return self.strength * sum(len(ELECTRODES), of)

    def loss(self, state: State, params: Network, inputs: Given) -> Real:
        """The squared distance from the goal, summed over time."""
        return self.h * state.missed

    def handles(self, params: Network, inputs: Given) -> dict[str, Any]:
        """The corners of the path."""
        return {f"corner {i}": point for i, point in enumerate(inputs.points)}

    def drag(self, handle: str, to: Vec[Real, 2], params: Network, inputs: Given) -> tuple[Network, Given]:
        """Move a corner of the path; the charge starts at the first."""
        return params, replace(inputs, points=inputs.points.at[int(handle.removeprefix("corner "))].set(to))

    def trail(self, state: State) -> Any:
        """The charge's path."""
        return state.position[None]

    def backdrop(self, canvas: Canvas, params: Network, inputs: Given) -> None:
        """The table, and the whole path of the goal."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "table")
        canvas.line(inputs.points, "goal", width=0.002, opacity=0.35)

    def ghost(self, canvas: Canvas, state: State, params: Network, inputs: Given) -> None:
        """Only the charge."""
        canvas.circle(state.position, 0.012, "ghost", width=0.003)

    def draw(self, canvas: Canvas, state: State, params: Network, inputs: Given) -> None:
        """Electrodes, whose size shows their strength, with their signs; the path ahead, the goal, the charge."""
        q, points, count = state.strengths, inputs.points, len(ELECTRODES)
        canvas.circles(ELECTRODES, DISC, "neutral", width=0.002)
        canvas.circles(ELECTRODES, DISC * (1.0 + q), OneOf(("negative", "neutral", "positive"), 1.0 + sign(q)))
        arm = 0.35 * DISC * (1.0 + q)
        for along, shown in (([1.0, 0.0], q != 0.0), ([0.0, 1.0], q > 0.0)):
            half = outer(arm, along)
            bars = concatenate([ELECTRODES - half, ELECTRODES + half])
            ends = np.arange(2 * count).reshape(2, count).T
            canvas.segments(bars, ends, "table", width=arm / 3.0, opacity=Real(shown))
        ahead = vec(len(points), lambda i: select(i * self.segment > state.t, points[i], state.goal))
        canvas.line(concatenate([[state.goal], ahead]), "goal", width=0.005)
        canvas.circle(state.goal, 0.018, "goal", width=0.005)
        canvas.circle(state.position, 0.014, "charge")
        canvas.arrow(state.position, ARROW * self.force(state.position, q), "arrow", width=0.005)
