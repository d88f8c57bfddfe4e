"""Tomography: which density in a box gives the pictures of it that were taken from all around?

After DiffTaichi (Hu et al., ICLR 2020). A unit box around the origin; the camera circles it in the x-z
plane at distance 1. A pixel is the sum of the density at the samples of its ray, so pictures are linear in
the density and the loss is quadratic.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rosesim import Index, Real, Vec, cond, const, fn, max, maximum, minimum, sqrt, sum, vec
from rosesim.scenes import Canvas, Measure, Published, Scene
from rosesim.scenes.kit import (
    Field,
    Grid,
    bordered,
    cells,
    draw_panels,
    mean_over_cells,
    multilinear,
    panels_extent,
)

Volume = Vec[Vec[Vec[Real, ...], ...], ...]
"""Values of the cells [z][y][x]."""


@dataclass(frozen=True)
class Density:
    """What is tuned, of shape (n, n, n): z, y, x."""

    density: Volume
    """Density of each cell: z, y, x."""


@dataclass(frozen=True)
class Given:
    """What is given: a picture for each view, of shape (views, pixels, pixels), and the learning rate."""

    wanted: Vec[Grid, ...]
    """The pictures, a sum of densities in each pixel."""
    learning_rate: Real


@dataclass(frozen=True)
class Shown:
    """The state: the picture of the last view rendered, and the error of all views so far."""

    picture: Grid
    error: Real
    views: Real
    """Number of views rendered so far."""


@dataclass(frozen=True)
class VolumeRenderer(Scene[Density, Given, Shown]):
    """Find the density that gives pictures taken all around."""

    name: ClassVar[str] = "volume_renderer"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=100)
    measure: ClassVar[Measure] = Measure("squared difference of views")
    most: ClassVar[dict[str, int]] = {"n": 512, "pixels": 4096, "samples": 10_000}
    extent: ClassVar[tuple[float, float, float, float]] = panels_extent(4)

    steps: int = 7
    """Views, spread over half a turn; each step renders one."""
    n: int = 128
    """Cells per side."""
    pixels: int = 512
    """Pixels per side of a picture."""
    s: float = 0.02
    """Distance of samples on a ray."""
    samples: int = 100
    """Samples of a ray."""
    lookup: Literal["linear", "nearest"] = "linear"
    """Interpolated between the eight nearest cells, zero beyond the box; or, as published, the cell's value."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.n, self.pixels, self.samples) < 1 or not self.s > 0:
            raise ValueError(
                "n, pixels and samples are 1 or more and s is positive; "
                f"they were {self.n}, {self.pixels}, {self.samples} and {self.s}"
            )

    def inputs(self) -> Given:
        """Pictures of a torus. The rate grows with the number of cells, because each pixel sees only a part of
        them."""
        wanted: Any = _pictures_of_torus(self)
        return Given(wanted, learning_rate=15.0 * (self.n / 128) ** 3)

    def params(self, rng: np.random.Generator) -> Density:
        """An empty box."""
        density: Any = np.zeros((self.n,) * 3)
        return Density(density)

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """A density is not negative."""
        return {"density": (0.0, math.inf)}

    def initial(self, params: Density, inputs: Given) -> Shown:
        """Nothing rendered yet."""
        return Shown(const(np.zeros((self.pixels, self.pixels))), Real(0.0), Real(0.0))

    def step(self, state: Shown, t: Index, params: Density, inputs: Given) -> Shown:
        """Render view t and compare it."""
        picture, p = self.render(params.density, t), self.pixels
        error = mean_over_cells(p, p, lambda i, j: (picture[i, j] - inputs.wanted[t, i, j]) ** 2)
        return Shown(picture, state.error + error, state.views + 1.0)

    def render(self, density: Volume, view: Index) -> Grid:
        """The picture of a view."""
        if self.lookup == "linear":
            density = bordered(density, (self.n, self.n, self.n))
        angles = math.pi * np.arange(self.steps) / self.steps - math.pi / 2
        c, s = const(np.cos(angles))[view], const(np.sin(angles))[view]

        def pixel(row: Index, column: Index) -> Real:
            u, w = ((place + 0.5) / (self.pixels / 2) - 1.0 for place in (column, row))
            short = 1.0 / sqrt(u * u + w * w + 1.0)
            u, w = u * short, w * short
            return self.ray(density, [s, Real(0.0), c], [u * c - short * s, w, -u * s - short * c])

        return cells(self.pixels, self.pixels, pixel)

    def ray(self, density: Volume, eye: list[Real], along: list[Real]) -> Real:
        """The sum of the density at the samples eye + (k + 1/2) s along that lie in the box."""
        enter, leave = Real(0.0), Real(self.samples * self.s)
        for e, d in zip(eye, along, strict=True):
            # Where the ray meets two opposite faces of the box; a ray almost never runs parallel to them.
            a, b = (-0.5 - e) / d, (0.5 - e) / d
            enter, leave = maximum(enter, minimum(a, b)), minimum(leave, maximum(a, b))
        # One more sample on both sides: each sample checks for itself whether it is in the box.
        first = Index[self.samples + 1].clamp(enter / self.s - 1.5)
        count = Index[self.samples + 1].clamp(leave / self.s + 1.5 - first)

        def sample(i: Index) -> Real:
            far = (first + i + 0.5) * self.s
            x, y, z = (e + far * d for e, d in zip(eye, along, strict=True))
            inside = (x >= -0.5) & (x < 0.5) & (y >= -0.5) & (y < 0.5) & (z >= -0.5) & (z < 0.5)
            inside = inside & (first + i < self.samples)
            return cond(inside, lambda: self.at(density, z, y, x), lambda: Real(0.0))

        return sum(self.samples, sample, upto=count)

    def at(self, density: Volume, z: Real, y: Real, x: Real) -> Real:
        """The density at a place in the box. For values between cells it has a border."""
        n = self.n
        if self.lookup == "nearest":
            i, j, k = (Index[n].clamp((place + 0.5) * n) for place in (z, y, x))
            return density[i, j, k]
        return multilinear(density, [(place + 0.5) * n - 0.5 for place in (z, y, x)], (n, n, n), "bordered")

    def loss(self, state: Shown, params: Density, inputs: Given) -> Real:
        """The sum over views of the mean squared difference of their pixels."""
        return state.error

    def draw(self, canvas: Canvas, state: Shown, params: Density, inputs: Given) -> None:
        """The last view, its target, the middle slice of the density, and its largest values along z."""
        density, views = params.density, inputs.wanted
        wanted = views[Index[len(views)].clamp(state.views - 1.0)]
        bright = maximum(max(views), 1e-9)
        through = max(density, axis=0)
        thick = maximum(1.0 / self.n, 0.7 * max(through))
        images = {
            "view": Field(state.picture, 0.0, bright),
            "wanted": Field(wanted, 0.0, bright),
            "slice at z = 0": Field(density[self.n // 2], 0.0, thick),
            "largest along z": Field(through, 0.0, thick),
        }
        draw_panels(canvas, images)


def torus(n: int) -> NDArray[np.float64]:
    """A torus around the x axis, of density 1/n, of shape (n, n, n)."""
    c = (np.arange(n) + 0.5) / n - 0.5
    z, y, x = c[:, None, None], c[None, :, None], c[None, None, :]
    inside = np.hypot(np.hypot(y, z) - 0.4, x) < 0.1
    return inside / n


@functools.lru_cache(maxsize=4)
def _pictures_of_torus(scene: VolumeRenderer) -> Any:
    """All views of the torus."""

    @fn
    def pictures(density: Volume):
        return vec(scene.steps, lambda view: scene.render(density, view))

    return np.asarray(pictures(torus(scene.n)))
