"""A cue ball is shot at a triangle of balls so that one chosen ball ends on a goal.

After DiffTaichi (Hu et al., ICLR 2020) and its port to Rose (Estep et al., ECOOP 2024). Lengths are in
table units (the table's width is 1), time in seconds, all balls have equal mass; no walls, no friction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rosesim import Bool, Index, Real, Vec, accumulate, cond, const, dot, fn, for_each, vec
from rosesim.scenes import Canvas, Measure, OneOf, Published, Range, Scene, Trajectory, value
from rosesim.scenes.kit import (
    Bodies,
    Bump,
    disc_contact,
    discs_touch,
    opposite,
    published_disc_contact,
    squared_distance,
)

ARROW = 0.4
"""Scale of the shot's arrow: table units for each table unit per second."""
SOFTENING, LEAST_APPROACH = 1e-6, 1e-3
"""For the published contact: table units added to a distance, and table units per second."""


@dataclass(frozen=True)
class Shot:
    """What is tuned: the cue ball's initial position and velocity."""

    position: Vec[Real, 2] = value((0.1, 0.5))
    """Where the cue ball starts, in table units."""
    velocity: Vec[Real, 2] = value((0.3, 0.0))
    """Its velocity, in table units per second."""


@dataclass(frozen=True)
class Table:
    """What is given: the goal of the target ball, the restitution of a collision, and the learning rate."""

    goal: Vec[Real, 2] = value((0.9, 0.75))
    """Where the target ball should end, in table units."""
    restitution: Real = value(0.8)
    """How fast two balls part, as a fraction of how fast they met."""
    learning_rate: Real = value(0.01)


@dataclass(frozen=True)
class Billiards(Scene[Shot, Table, Bodies]):
    """Shoot the cue ball so that the last ball of the triangle ends on the goal."""

    name: ClassVar[str] = "billiards"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=200)
    measure: ClassVar[Measure] = Measure("squared distance", "table units^2")
    most: ClassVar[dict[str, int]] = {"layers": 100}
    ranges: ClassVar[dict[str, Range]] = {"restitution": Range(0.0, 1.0)}
    extent: ClassVar[tuple[float, float, float, float]] = (0.0, -0.05, 1.3, 1.0)
    colours: ClassVar[dict[str, str]] = {
        "table": "#1e5a40",
        "cue": "#ffffff",
        "ball": "#e0604f",
        "target": "#8fbaff",
        "goal": "#0d1411",
        "trail": "#a9c8ff",
        "ghost": "#a8d5bf",
        "shadow": "#164531",
        "arrow": "#f2c14e",
    }

    steps: int = 1024
    h: float = 0.003
    """Time step, seconds."""
    radius: float = 0.03
    """Radius of every ball, in table units."""
    layers: int = 4
    """Rows of the triangle; n = 1 + layers (layers + 1) / 2 balls."""
    contact: Literal["exact", "published"] = "exact"
    """Whether balls collide where they touch, or where the step ends (see `published_disc_contact`)."""
    time_of_impact: bool = True
    """For the published contact: whether balls move as if their velocities had changed when they touched."""
    pairs: Literal["guarded", "dense"] = "guarded"
    """Whether only pairs that touch are computed, or all pairs: the same numbers at another speed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layers < 1:
            raise ValueError(f"layers is the number of rows of balls, 1 or more; it was {self.layers}")
        if not (self.h > 0 and self.radius > 0):
            raise ValueError(f"h and radius are positive; they were {self.h} and {self.radius}")

    @property
    def n(self) -> int:
        """The number of balls."""
        return 1 + self.layers * (self.layers + 1) // 2

    def inputs(self) -> Table:
        """The published table."""
        return Table()

    def params(self, rng: np.random.Generator) -> Shot:
        """The published first shot, whatever the seed."""
        return Shot()

    def rack(self) -> NDArray[np.float64]:
        """The initial positions, of shape (n, 2): the cue ball, then the triangle in rows of i = 0 .. layers - 1."""
        r = self.radius
        triangle = [
            (2 * r * i + 0.5, 2 * r * j + 0.5 - 0.7 * r * i) for i in range(self.layers) for j in range(i + 1)
        ]
        return np.array([(0.0, 0.0), *triangle])

    def initial(self, params: Shot, inputs: Table) -> Bodies:
        """The cue ball with its shot, the triangle at rest."""
        return Bodies(
            position=const(self.rack()).at[0].set(params.position),
            velocity=const(np.zeros((self.n, 2))).at[0].set(params.velocity),
        )

    def step(self, state: Bodies, t: Index, params: Shot, inputs: Table) -> Bodies:
        """All collisions of the step, computed from the state before it; then everything moves."""
        x, v = state.position, state.velocity
        first, second = map(const, np.tril_indices(self.n, -1))  # each pair once

        def collide(bumps: Any, i: Index, j: Index) -> None:
            def both() -> None:
                bump = self.bump(x[i], v[i], x[j], v[j], inputs.restitution)
                bumps.at[i].add(bump)
                bumps.at[j].add(opposite(bump))

            if self.pairs == "dense":
                both()
                return
            cond(self.touch(x[i], v[i], x[j], v[j]), both, lambda: None)

        bumps = accumulate(
            Vec[Bump, self.n], lambda bumps: for_each(len(first), lambda k: collide(bumps, first[k], second[k]))
        )
        after = vec(self.n, lambda i: v[i] + bumps[i].impulse)
        return Bodies(
            position=vec(self.n, lambda i: x[i] + bumps[i].shift + self.h * after[i]),
            velocity=after,
        )

    def touch(self, x_i: Vec[Real, 2], v_i: Vec[Real, 2], x_j: Vec[Real, 2], v_j: Vec[Real, 2]) -> Bool:
        """Whether there is anything to compute for a pair: a guard, kept as short as possible."""
        if self.contact == "exact":
            return discs_touch(x_i, v_i, x_j, v_j, radius=self.radius, h=self.h)
        d = (x_i + self.h * v_i) - (x_j + self.h * v_j)
        return dot(d, d) < (2 * self.radius) ** 2

    @fn
    def bump(
        self,
        x_i: Vec[Real, 2],
        v_i: Vec[Real, 2],
        x_j: Vec[Real, 2],
        v_j: Vec[Real, 2],
        restitution: Real,
    ) -> Bump:
        """The effect of ball j on ball i in a step; zero where they do not touch or move apart."""
        if self.contact == "exact":
            return disc_contact(x_i, v_i, x_j, v_j, radius=self.radius, restitution=restitution, h=self.h)
        return published_disc_contact(
            x_i,
            v_i,
            x_j,
            v_j,
            radius=self.radius,
            restitution=restitution,
            h=self.h,
            softening=SOFTENING,
            least_approach=LEAST_APPROACH,
            time_of_impact=self.time_of_impact,
        )

    def loss(self, state: Bodies, params: Shot, inputs: Table) -> Real:
        """Squared distance of the target ball from the goal."""
        return squared_distance(state.position[-1], inputs.goal)

    def trail(self, state: Bodies) -> Any:
        """The target ball's path."""
        return state.position[-1:]

    def handles(self, params: Shot, inputs: Table) -> dict[str, Any]:
        """The goal, the cue ball where it starts, and the tip of the shot's arrow."""
        cue = params.position
        return {"goal": inputs.goal, "shot": cue + ARROW * params.velocity, "cue": cue}

    def drag(self, handle: str, to: Vec[Real, 2], params: Shot, inputs: Table) -> tuple[Shot, Table]:
        """Set the goal, the cue ball's start or its velocity; none of these needs a new program."""
        match handle:
            case "goal":
                return params, replace(inputs, goal=to)
            case "cue":
                return replace(params, position=to), inputs
            case "shot":
                return replace(params, velocity=(to - params.position) / ARROW), inputs
            case _:
                raise KeyError(handle)

    def why_no_gradient(self, trajectory: Trajectory[Bodies], params: Shot, inputs: Table) -> str | None:
        """The target ball does not move until something hits it."""
        if not np.array_equal(np.asarray(trajectory[0].position)[-1], np.asarray(trajectory[-1].position)[-1]):
            return None
        speed = float(np.linalg.norm(params.velocity))
        return (
            f"nothing has touched the target ball in {self.steps} steps at speed {speed:.3g}: "
            f"try more steps (--set steps={2 * self.steps})"
        )

    def backdrop(self, canvas: Canvas, params: Shot, inputs: Table) -> None:
        """The table's cloth and the goal."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "table")
        canvas.circle(inputs.goal, 1.25 * self.radius, "goal", width=self.radius / 4)

    def draw(self, canvas: Canvas, state: Bodies, params: Shot, inputs: Table) -> None:
        """The shot's arrow, then the balls."""
        x = state.position
        canvas.arrow(params.position, ARROW * params.velocity, "arrow", width=self.radius / 4)
        canvas.circles(x + 0.15 * self.radius * np.array([1.0, -1.0]), self.radius, "shadow")
        balls = OneOf(("cue", "ball", "target"), [0] + [1] * (self.n - 2) + [2])
        canvas.circles(x, self.radius, balls, which=[*range(1, self.n), 0])
