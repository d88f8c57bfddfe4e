"""Three masses, three springs, a wall: which rest lengths leave a triangle of a given area?

After the first example of DiffTaichi (Hu et al., ICLR 2020). Three numbers are tuned, so it is the
smallest complete scene. Lengths in units of the picture's width, time in seconds; no gravity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real, Vec, clamp, concatenate, minimum, select, sign, vec
from rosesim.scenes import Canvas, Measure, Published, Range, Scene, Trajectory, value
from rosesim.scenes.kit import STRAIN_COLOURS, Bodies, Body, at_rest, draw_springs, spring_impulses, strains

SOFTENING = 1e-4
"""Metres added to a spring's length (as published)."""
ENDS = np.array([[0, 1], [1, 2], [2, 0]])
"""The masses that each spring joins."""


@dataclass(frozen=True)
class Springs:
    """What is tuned: the springs' rest lengths."""

    rest: Vec[Real, 3] = value((0.1, 0.1, 0.1 * math.sqrt(2)))
    """In widths of the picture."""


@dataclass(frozen=True)
class World:
    """What is given: the masses' initial positions, the wall's x, the target area, and the learning rate."""

    start: Vec[Vec[Real, 2], 3] = value(((0.3, 0.5), (0.3, 0.4), (0.4, 0.4)))
    """Initial positions of the masses, in widths of the picture."""
    wall_x: Real = value(0.4)
    """The x of the wall, in widths of the picture."""
    area: Real = value(0.1)
    """The area that the last triangle should have, in squared widths of the picture."""
    learning_rate: Real = value(5.0)


@dataclass(frozen=True)
class MassSpringSimple(Scene[Springs, World, Bodies]):
    """Find the rest lengths of three springs that leave a triangle of a given area."""

    name: ClassVar[str] = "mass_spring_simple"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=25)
    measure: ClassVar[Measure] = Measure("squared error of the area", "widths^4")
    ranges: ClassVar[Mapping[str, Range]] = {"area": Range(0.005, 0.3, label="Wanted area")}
    extent: ClassVar[tuple[float, float, float, float]] = (-0.1, 0.05, 0.5, 0.85)
    colours: ClassVar[Mapping[str, str]] = {
        **STRAIN_COLOURS,
        "paper": "#f6f4ef",
        "wall": "#8a8378",
        "area": "#9fb7d6",
        "mass": "#2b2e36",
        "letters": "#2b2e36",
    }

    steps: int = 1023
    h: float = 0.001
    """Time step, seconds."""
    stiffness: float = 10.0
    """Stiffness of each spring."""
    mass: float = 1.0
    """Mass of each point."""
    damping: float = 20.0
    """Damping of all velocities, per second."""
    friction: float = 0.01
    """Friction of the wall: how much velocity along it is lost for each unit of velocity into it."""
    wall: Literal["holds", "published"] = "holds"
    """Whether the wall stops a mass where it touches, or, as in the original, only its velocity, after the step."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.h > 0 and self.mass > 0):
            raise ValueError(f"h and mass are positive; they were {self.h} and {self.mass}")
        if self.stiffness < 0 or self.damping < 0 or self.friction < 0:
            raise ValueError(
                "stiffness, damping and friction are not negative; "
                f"they were {self.stiffness}, {self.damping} and {self.friction}"
            )

    def inputs(self) -> World:
        """The published world."""
        return World()

    def params(self, rng: np.random.Generator) -> Springs:
        """Springs at rest in the initial positions, whatever the seed."""
        return Springs()

    def initial(self, params: Springs, inputs: World) -> Bodies:
        """At rest."""
        return at_rest(inputs.start)

    def step(self, state: Bodies, t: Index, params: Springs, inputs: World) -> Bodies:
        """The springs pull, all velocities decay, the wall stops masses that reach it."""
        x, v = state.position, state.velocity
        pulls = spring_impulses(x, ENDS, params.rest, np.full(3, self.stiffness / self.mass), self.h, SOFTENING)
        keep = math.exp(-self.h * self.damping)
        after = vec(3, lambda i: self.against_wall(x[i], keep * v[i] + pulls[i], inputs.wall_x))
        return Bodies(after.position, after.velocity)

    def against_wall(self, x: Vec[Real, 2], v: Vec[Real, 2], wall_x: Real) -> Body:
        """A mass at the end of the step: it moves with v up to the wall, and from then on with the velocity that the
        wall leaves it."""
        # Not >=: a mass that starts exactly on the wall is not behind it.
        reaches = (x[0] + self.h * v[0] > wall_x) & (v[0] > 0.0)
        slides = v[1] - sign(v[1]) * minimum(abs(v[1]), self.friction * v[0])
        after = select(reaches, v.at[0].set(0.0).at[1].set(slides), v)
        if self.wall == "published":
            return Body(x + self.h * v, after)
        tau = select(reaches, clamp((wall_x - x[0]) / v[0], 0.0, self.h), self.h)
        return Body(x + tau * v + (self.h - tau) * after, after)

    def loss(self, state: Bodies, params: Springs, inputs: World) -> Real:
        """The squared difference of the last triangle's area from the target."""
        return (area(state.position) - inputs.area) ** 2

    def why_no_gradient(self, trajectory: Trajectory[Bodies], params: Springs, inputs: World) -> str | None:
        """The area is an absolute value, which has no slope where it is zero."""
        return "the last triangle is a line, whose area is 0" if area(trajectory[-1].position) == 0 else None

    def handles(self, params: Springs, inputs: World) -> dict[str, Any]:
        """The masses where they start, and the wall."""
        return {"wall": (inputs.wall_x, 0.15), **{f"mass {i}": x for i, x in enumerate(inputs.start)}}

    def drag(self, handle: str, to: Vec[Real, 2], params: Springs, inputs: World) -> tuple[Springs, World]:
        """Move the wall, or stretch the triangle: its springs keep their rest lengths."""
        if handle == "wall":
            return params, replace(inputs, wall_x=to[0])
        return params, replace(inputs, start=inputs.start.at[int(handle.removeprefix("mass "))].set(to))

    def backdrop(self, canvas: Canvas, params: Springs, inputs: World) -> None:
        """Paper, and the wall."""
        left, bottom, right, top = canvas.extent
        canvas.box((left, bottom), (right, top), "paper")
        canvas.box((inputs.wall_x, bottom), (right, top), "wall")

    def ghost(self, canvas: Canvas, state: Bodies, params: Springs, inputs: World) -> None:
        """Only the sides."""
        x = state.position
        canvas.line(concatenate([x, x[:1]]), "ghost", width=0.003)

    def draw(self, canvas: Canvas, state: Bodies, params: Springs, inputs: World) -> None:
        """The area and its number, springs dark red where contracted and light blue where extended, masses."""
        x = state.position
        left, _, _, top = canvas.extent
        canvas.polygon(x, "area", opacity=0.4)
        draw_springs(canvas, x, ENDS, strains(x, ENDS, params.rest), np.full(3, FULL), width=0.01)
        canvas.circles(x, 0.011, "mass")
        canvas.text((left + 0.02, top - 0.04), f"area {area(x):.4f}", "letters", size=0.025)
        canvas.text((left + 0.02, top - 0.08), f"wanted {inputs.area:.4f}", "letters", size=0.025)


FULL = 0.8
"""The strain that is drawn in full colour."""


def area(x: Any) -> Any:
    """The area of the triangle whose corners are x, of shape (3, 2)."""
    a, b = x[0] - x[1], x[0] - x[2]
    return 0.5 * abs(a[0] * b[1] - a[1] * b[0])
