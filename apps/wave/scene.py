"""Waves on a square of water: which initial surface will form a picture?

After DiffTaichi (Hu et al., ICLR 2020). Lengths are in sides of the square. Speed, time step and cell size only
enter as kappa = (c h n)^2. The simulation is linear and its own transpose: running the remaining error as a
wave gives the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real, max, maximum
from rosesim.scenes import Canvas, Measure, Published, Scene
from rosesim.scenes.kit import (
    Field,
    Grid,
    Picture,
    Relief,
    Surface,
    Waves,
    draw_panels,
    mean_over_cells,
    panels_extent,
    rings,
)

RINGS = Picture("rings")
"""The target by default: a ring around a hill and a dent."""


@dataclass(frozen=True)
class Initial:
    """What is tuned: the initial surface, of shape (n, n)."""

    height: Grid
    """Height of the water at the start."""


@dataclass(frozen=True)
class Given:
    """What is given: the target surface at the end, with mean 0, and the learning rate."""

    wanted: Grid
    """Height at the end, with mean 0."""
    learning_rate: Real


@dataclass(frozen=True)
class Wave(Scene[Initial, Given, Surface]):
    """Find the surface that the waves will turn into a picture."""

    name: ClassVar[str] = "wave"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=200)
    measure: ClassVar[Measure] = Measure("mean squared difference")
    most: ClassVar[dict[str, int]] = {"n": 4096}
    extent: ClassVar[tuple[float, float, float, float]] = panels_extent(3)

    steps: int = 255
    n: int = 256
    """Cells per side."""
    c: float = 340.0
    """Wave speed, sides per second: it only sets the time step."""
    alpha: float = 0.0
    """Damping, 1 / sides."""
    start: Literal["rest", "published"] = "rest"
    """From rest, or with a flat state 1, as the original leaves it."""
    target: Picture = RINGS
    """The picture: `rings`, or a PNG file, resampled to the grid."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n < 2:
            raise ValueError(f"n is the number of cells per side, 2 or more; it was {self.n}")
        if not (self.c > 0 and self.alpha >= 0):
            raise ValueError(f"c is positive and alpha not negative; they were {self.c} and {self.alpha}")
        if self.target.name not in ("", "rings"):
            raise ValueError(f"target is rings or a PNG file; it was {self.target.name[:60]!r}")

    def inputs(self) -> Given:
        """The picture less its mean. The rate grows with the number of cells, because the loss is a mean."""
        wanted: Any = rings(self.n)
        if self.target.png:
            picture = self.target.grey(self.n)
            wanted = picture - picture.mean()
        return Given(wanted=wanted, learning_rate=0.1 * self.n**2)

    def params(self, rng: np.random.Generator) -> Initial:
        """A flat surface."""
        height: Any = np.zeros((self.n, self.n))
        return Initial(height)

    def initial(self, params: Initial, inputs: Given) -> Surface:
        """The tuned surface."""
        return Surface(before=params.height, now=params.height)

    def step(self, state: Surface, t: Index, params: Initial, inputs: Given) -> Surface:
        """The wave equation, with an edge that does not move."""
        return Waves(self.n, self.c, self.alpha, self.start).step(state, t)

    def loss(self, state: Surface, params: Initial, inputs: Given) -> Real:
        """The mean squared difference from the picture."""
        return mean_over_cells(self.n, self.n, lambda i, j: (inputs.wanted[i, j] - state.now[i, j]) ** 2)

    def draw(self, canvas: Canvas, state: Surface, params: Initial, inputs: Given) -> None:
        """The surface as lit water, its height in colours, and the target picture."""
        limit = maximum(max(abs(inputs.wanted)), 1e-9)
        images = {
            "lit water": Relief(state.now, 16.0 * limit / self.n),
            "height": Field(state.now, -limit, limit),
            "wanted": Field(inputs.wanted, -limit, limit),
        }
        draw_panels(canvas, images)
