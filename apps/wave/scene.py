"""Waves on a square of water: which surface, let go, will form a picture?

After DiffTaichi (Hu et al., ICLR 2020). Lengths in sides of the square; speed, time step and cell only
enter as kappa = (c h n)^2. The simulation is linear and its own transpose: the gradient is what the
remaining error becomes when it runs as a wave itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real
from rosesim.scenes import Canvas, Published, Scene
from rosesim.scenes.kit import (
    Grid,
    Picture,
    Surface,
    Waves,
    coloured,
    draw_panels,
    mean_over_cells,
    panels_extent,
    rings,
    shaded,
)

RINGS = Picture("rings")
"""The target if nobody says otherwise: a ring around a hill and a dent."""


@dataclass(frozen=True)
class Initial:
    """What is tuned: the surface at first, of shape (n, n)."""

    height: Grid


@dataclass(frozen=True)
class Given:
    """What is given: the surface that is wanted at the end, with mean 0, and the length of an update."""

    wanted: Grid
    learning_rate: Real


@dataclass(frozen=True)
class Wave(Scene[Initial, Given, Surface]):
    """Find the surface that the waves will turn into a picture."""

    name: ClassVar[str] = "wave"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=200)
    most: ClassVar[dict[str, int]] = {"n": 4096}
    extent: ClassVar[tuple[float, float, float, float]] = panels_extent(3)

    steps: int = 255
    n: int = 256
    """Cells a side."""
    c: float = 340.0
    """Wave speed, sides a second: it only sets the time step."""
    alpha: float = 0.0
    """Damping, 1 / sides."""
    start: Literal["rest", "published"] = "rest"
    """From rest, or with state 1 flat, as the original leaves it."""
    target: Picture = RINGS
    """The picture: `rings`, or a PNG file, resampled to the grid."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n < 2:
            raise ValueError(f"n is the number of cells a side, 2 or more; it was {self.n}")
        if not (self.c > 0 and self.alpha >= 0):
            raise ValueError(f"c is positive and alpha not negative; they were {self.c} and {self.alpha}")
        if self.target.name not in ("", "rings"):
            raise ValueError(f"target is rings or a PNG file; it was {self.target.name[:60]!r}")

    def inputs(self) -> Given:
        """The picture less its mean; the rate grows with the number of cells, for the loss is a mean."""
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
        """The surface as lit water, its height in colours, and the picture that it should be."""
        now, wanted = np.asarray(state.now), np.asarray(inputs.wanted)
        limit = max(float(np.abs(wanted).max()), 1e-9)
        images = {
            "lit water": shaded(now, steepness=16 * limit / self.n),
            "height": coloured(now, -limit, limit),
            "wanted": coloured(wanted, -limit, limit),
        }
        draw_panels(canvas, images)
