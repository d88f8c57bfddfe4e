"""A scene that can leave its table, for tests: then an index guard of its step fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rosesim import Index, Real, const
from rosesim.scenes import Canvas, Published, Range, Scene, value

CELLS = 8
HEIGHTS = np.linspace(0.0, 1.0, CELLS)


@dataclass(frozen=True)
class Walk:
    """What is tuned."""

    speed: Real = value(0.5)


@dataclass(frozen=True)
class Ground:
    """What is given."""

    start: Real = value(1.0)
    learning_rate: Real = value(1.0)


@dataclass(frozen=True)
class Place:
    """The state."""

    x: Real
    climbed: Real


@dataclass(frozen=True)
class Walker(Scene[Walk, Ground, Place]):
    """Walk so that the ground below is high."""

    name: ClassVar[str] = "walker"
    published: ClassVar[Published] = Published("gd", 50)
    extent: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 8.0, 4.0)
    ranges: ClassVar[dict[str, Range]] = {"start": Range(0.0, 20.0)}
    steps: int = 4

    def inputs(self) -> Ground:
        return Ground()

    def params(self, rng: np.random.Generator) -> Walk:
        return Walk()

    def initial(self, params: Walk, inputs: Ground) -> Place:
        return Place(inputs.start + 0.0, Real(0.0))

    def step(self, state: Place, t: Index, params: Walk, inputs: Ground) -> Place:
        x = state.x + params.speed
        return Place(x, state.climbed + x * const(HEIGHTS)[Index[CELLS].check(x)])

    def loss(self, state: Place, params: Walk, inputs: Ground) -> Real:
        return -1.0 * state.climbed

    def draw(self, canvas: Canvas, state: Place, params: Walk, inputs: Ground) -> Any:
        canvas.circle((state.x, 1.0), 0.2, "target")
