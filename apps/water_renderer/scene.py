"""A picture lies under shallow water: which initial surface will make it look like the target?

After DiffTaichi (Hu et al., ICLR 2020): waves, refraction and a loss on pixels in one gradient. Lengths are in
sides of the square.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rosesim import Index, Real, Vec, clamp, fn, max, maximum, scan
from rosesim.scenes import Canvas, Measure, Published, Scene, value
from rosesim.scenes.kit import (
    Grid,
    Picture,
    Relief,
    Surface,
    Waves,
    bilinear,
    cells,
    draw_panels,
    mean_over_cells,
    neighbour,
    panels_extent,
)

Colours = Vec[Vec[Vec[Real, 3], ...], ...]
"""A colour for each pixel, each component 0 to 1."""
TILES, DROP = Picture("tiles"), Picture("drop")


@dataclass(frozen=True)
class Initial:
    """What is tuned: the initial surface, of shape (n, n)."""

    height: Grid
    """Height of the water at the start, in sides of the square."""


@dataclass(frozen=True)
class Given:
    """What is given: the picture on the bottom, the target picture, and the learning rate."""

    below: Colours
    """The picture on the bottom: red, green, blue, 0 to 1."""
    wanted: Colours
    """The target: red, green, blue, 0 to 1."""
    learning_rate: Real = value(100.0)


@dataclass(frozen=True)
class WaterRenderer(Scene[Initial, Given, Surface]):
    """Find the surface through which a picture will look like the target."""

    name: ClassVar[str] = "water_renderer"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=200)
    measure: ClassVar[Measure] = Measure("mean squared difference")
    most: ClassVar[dict[str, int]] = {"n": 4096}
    extent: ClassVar[tuple[float, float, float, float]] = panels_extent(3)

    steps: int = 255
    n: int = 256
    """Cells, and pixels, per side."""
    c: float = 340.0
    """Wave speed, sides per second: it only sets the time step."""
    alpha: float = 0.0
    """Damping, 1 / sides."""
    start: Literal["rest", "published"] = "rest"
    """From rest, or with a flat state 1, as the original leaves it."""
    refraction: float = 2 / 256
    """How far a slope of 1 shifts the line of sight, in sides."""
    bottom: Picture = TILES
    """The picture under water: `tiles`, or a PNG file, resampled."""
    target: Picture = DROP
    """The target: `drop`, the bottom seen through the waves of one drop, or a PNG file, resampled."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n < 2:
            raise ValueError(f"n is the number of cells per side, 2 or more; it was {self.n}")
        if not (self.c > 0 and self.alpha >= 0):
            raise ValueError(f"c is positive and alpha not negative; they were {self.c} and {self.alpha}")
        for what, picture, own in (("bottom", self.bottom, "tiles"), ("target", self.target, "drop")):
            if picture.name not in ("", own):
                raise ValueError(f"{what} is {own} or a PNG file; it was {picture.name[:60]!r}")

    def inputs(self) -> Given:
        """The pictures. One rate serves all sizes: more pixels share the mean, but a slope shifts them farther."""
        pictures: Any = _pictures(self)
        return Given(*pictures)

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

    @fn
    def seen(self, height: Grid, below: Colours):
        """The bottom as seen through the water: the slope of the surface shifts each pixel's line of sight."""
        n = self.n

        def pixel(i: Index, j: Index):
            down = n / 2 * (neighbour(height, i, j, 1, 0, "fixed") - neighbour(height, i, j, -1, 0, "fixed"))
            right = n / 2 * (neighbour(height, i, j, 0, 1, "fixed") - neighbour(height, i, j, 0, -1, "fixed"))
            shift = self.refraction * n
            # Clamped to the last cell but one, as published: the last row and column show their neighbours.
            y, x = (clamp(place, 0.0, n - 2.0) for place in (i - shift * down, j - shift * right))
            return bilinear(below, y, x, "free")

        return cells(n, n, pixel)

    def loss(self, state: Surface, params: Initial, inputs: Given) -> Real:
        """The mean squared difference between view and target, over pixels and colours."""
        seen = self.seen(state.now, inputs.below)

        def error(i: Index, j: Index) -> Real:
            d = seen[i, j] - inputs.wanted[i, j]
            return (d[0] ** 2 + d[1] ** 2 + d[2] ** 2) / 3

        return mean_over_cells(self.n, self.n, error)

    def draw(self, canvas: Canvas, state: Surface, params: Initial, inputs: Given) -> None:
        """The picture through the water, the surface lit from the side, and the target picture."""
        now = state.now
        images = {
            "seen": self.seen(now, inputs.below),
            "surface": Relief(now, 8.0 * maximum(max(abs(now)), 0.05) / self.n),
            "wanted": inputs.wanted,
        }
        draw_panels(canvas, images)


@functools.lru_cache(maxsize=16)
def _pictures(scene: WaterRenderer) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The bottom and the target picture, of shape (n, n, 3)."""
    n = scene.n
    below = scene.bottom.colour(n) if scene.bottom.png else tiles(n)
    return below, scene.target.colour(n) if scene.target.png else _through_a_drop(scene, below)


def tiles(n: int) -> NDArray[np.float64]:
    """A bottom of coloured tiles, of shape (n, n, 3)."""
    u = (np.arange(n) + 0.5) / n
    u, w, k = u[:, None, None], u[None, :, None], np.arange(3) / 3
    squares = 0.3 * np.sin(2 * np.pi * (3 * u + k)) * np.cos(8 * np.pi * w)
    return 0.5 + squares + 0.2 * np.sin(2 * np.pi * (2 * u + 5 * w + 2 * k))


def _through_a_drop(scene: WaterRenderer, below: NDArray[np.float64]) -> Any:
    """The view, after the scene's steps, through a surface that starts as one hill of water."""
    n, u = scene.n, (np.arange(scene.n) + 0.5) / scene.n
    hill = 0.3 * np.exp(-((u[:, None] - 0.6) ** 2 + (u[None, :] - 0.45) ** 2) / 0.08**2)
    waves = Waves(n, scene.c, scene.alpha, scene.start)

    @fn
    def seen(height: Grid, below: Colours):
        surface = scan(lambda s, t: waves.step(s, t), Surface(height, height), scene.steps)
        return scene.seen(surface.now, below)

    return seen(hill, below)
