"""Smoke in a periodic square: which initial wind blows a checkerboard of smoke into a picture?

After DiffTaichi (Hu et al., ICLR 2020) and the fluid example of autograd; the method is that of Stam, Stable
Fluids (SIGGRAPH 1999): what the wind carries is looked up at the place it came from, then a pressure removes the
divergence from the wind. Lengths are in cells, time in steps; y is the row, x the column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from rosesim import Index, Real, Vec, const, hypot, max, maximum, scan, stack, vec
from rosesim.scenes import Canvas, Measure, Published, Scene
from rosesim.scenes.kit import (
    Field,
    Grid,
    Picture,
    bilinear,
    cells,
    draw_panels,
    mean_over_cells,
    neighbour,
    panels_extent,
    rings,
)

RINGS = Picture("rings")


Vectors = Vec[Vec[Vec[Real, 2], ...], ...]
"""A vector for each cell: along y, then along x."""


@dataclass(frozen=True)
class Wind:
    """What is tuned: the initial wind, in cells per step, of shape (n, n, 2)."""

    wind: Vectors
    """Cells per step."""


@dataclass(frozen=True)
class Given:
    """What is given: the initial smoke and the target, 0 to 1, and the learning rate."""

    smoke: Grid
    """The initial smoke, 0 to 1."""
    wanted: Grid
    """The picture, 0 to 1."""
    learning_rate: Real


@dataclass(frozen=True)
class Air:
    """The state: smoke, wind, and the last two sweeps of the pressure, which only the published scheme reads."""

    smoke: Grid
    wind: Vectors
    ninth: Grid
    tenth: Grid


@dataclass(frozen=True)
class Smoke(Scene[Wind, Given, Air]):
    """Find the wind that blows smoke into a picture."""

    name: ClassVar[str] = "smoke"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=240)
    measure: ClassVar[Measure] = Measure("mean squared difference")
    most: ClassVar[dict[str, int]] = {"n": 4096, "sweeps": 10_000}
    extent: ClassVar[tuple[float, float, float, float]] = panels_extent(3)

    steps: int = 99
    n: int = 128
    """Cells per side."""
    sweeps: int = 10
    """Sweeps of Jacobi's method for the pressure, per step."""
    pressure: Literal["last", "published"] = "last"
    """The last sweep of this step, or, as in the original, the last but one of the previous step."""
    target: Picture = RINGS
    """The picture: `rings`, or a PNG file, resampled, dark for no smoke."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n < 8:
            raise ValueError(f"n is the number of cells per side, 8 or more; it was {self.n}")
        if self.sweeps < 2:
            raise ValueError(f"sweeps is the number of Jacobi sweeps per step, 2 or more; it was {self.sweeps}")
        if self.target.name not in ("", "rings"):
            raise ValueError(f"target is rings or a PNG file; it was {self.target.name[:60]!r}")

    def inputs(self) -> Given:
        """A checkerboard; the picture between 0 and 1; a rate that grows with the number of cells."""
        square = np.arange(self.n) // (self.n // 8)
        wanted: Any = self.target.grey(self.n) if self.target.png else rings(self.n)
        low, high = wanted.min(), wanted.max()
        smoke: Any = (square[:, None] + square[None, :]) % 2.0
        return Given(smoke, (wanted - low) / max(high - low, 1e-9), learning_rate=400.0 * (self.n / 128) ** 2)

    def params(self, rng: np.random.Generator) -> Wind:
        """Still air."""
        wind: Any = np.zeros((self.n, self.n, 2))
        return Wind(wind)

    def initial(self, params: Wind, inputs: Given) -> Air:
        """The checkerboard in the tuned wind."""
        still = const(np.zeros((self.n, self.n)))
        return Air(inputs.smoke, params.wind, still, still)

    def step(self, state: Air, t: Index, params: Wind, inputs: Given) -> Air:
        """The wind carries itself, the pressure removes its divergence, and the wind carries the smoke."""
        u = carried(state.wind, state.wind)
        source = divergence(u)
        if self.pressure == "published":
            ninth, tenth = sweeps(source, self.sweeps, state.tenth)
            wind = pushed(u, state.ninth)
        else:
            ninth, tenth = state.ninth, pressure(source, self.sweeps)
            wind = pushed(u, tenth)
        return Air(carried(state.smoke, wind), wind, ninth, tenth)

    def loss(self, state: Air, params: Wind, inputs: Given) -> Real:
        """The mean squared difference from the picture."""
        return mean_over_cells(self.n, self.n, lambda i, j: (inputs.wanted[i, j] - state.smoke[i, j]) ** 2)

    def draw(self, canvas: Canvas, state: Air, params: Wind, inputs: Given) -> None:
        """Smoke with arrows for the wind, the remaining divergence of the wind, and the target picture."""
        left = divergence(state.wind)
        limit = maximum(max(abs(left)), 1e-4)
        panels = {"smoke and wind": state.smoke, "divergence": Field(left, -limit, limit), "wanted": inputs.wanted}
        draw_panels(canvas, panels)
        every = max(1, self.n // 12)
        rows, columns = (const(k.ravel()) for k in np.mgrid[every // 2 : self.n : every, every // 2 : self.n : every])
        longest = maximum(max(hypot(state.wind[..., 0], state.wind[..., 1])), 1e-9)

        def vector(k: Index) -> Any:
            y, x = state.wind[rows[k], columns[k]]
            return stack([x, -y]) * (0.08 / longest)

        def middle(k: Index) -> Any:
            return stack([(columns[k] + 0.5) / self.n, 1.0 - (rows[k] + 0.5) / self.n])

        vectors = vec(len(rows), vector)
        canvas.arrows(vec(len(rows), middle) - vectors / 2.0, vectors, "arrow", width=0.006)


def carried(field: Any, wind: Vectors) -> Any:
    """The field (numbers or vectors) a step later: its value at the place that the wind comes from."""
    n = len(wind)
    return cells(n, n, lambda i, j: bilinear(field, i - wind[i, j][0], j - wind[i, j][1], "periodic"))


def divergence(wind: Vectors) -> Grid:
    """Minus the divergence times the square of a cell's side, 1 / n: the right side of Poisson's equation."""
    n = len(wind)

    def cell(i: Index, j: Index) -> Real:
        along_y = neighbour(wind, i, j, 1, 0, "periodic")[0] - neighbour(wind, i, j, -1, 0, "periodic")[0]
        along_x = neighbour(wind, i, j, 0, 1, "periodic")[1] - neighbour(wind, i, j, 0, -1, "periodic")[1]
        return -0.5 / n * (along_y + along_x)

    return cells(n, n, cell)


def central(p: Grid, i: Index, j: Index, di: int, dj: int) -> Real:
    """The difference of the two neighbours of a cell along y or x."""
    return neighbour(p, i, j, di, dj, "periodic") - neighbour(p, i, j, -di, -dj, "periodic")


def pressure(source: Grid, count: int) -> Grid:
    """The pressure by Jacobi's method after `count` sweeps from zero."""
    return sweeps(source, count, const(np.zeros((len(source), len(source)))))[1]


def sweeps(source: Grid, count: int, first: Grid) -> tuple[Grid, Grid]:
    """The pressure after all sweeps but one, and after all sweeps."""
    before = scan(lambda p, _: jacobi(p, source), first, count - 1)
    return before, jacobi(before, source)


def jacobi(p: Grid, source: Grid) -> Grid:
    """One sweep for the pressure: in each cell the mean of its neighbours and its part of the right side."""
    n = len(p)
    around = ((-1, 0), (1, 0), (0, -1), (0, 1))

    def cell(i: Index, j: Index) -> Real:
        up, down, left, right = (neighbour(p, i, j, di, dj, "periodic") for di, dj in around)
        return (source[i, j] + up + down + left + right) / 4

    return cells(n, n, cell)


def pushed(wind: Vectors, p: Grid) -> Vectors:
    """The wind without the gradient of the pressure."""
    n = len(p)
    return cells(n, n, lambda i, j: wind[i, j] - [n / 2 * central(p, i, j, 1, 0), n / 2 * central(p, i, j, 0, 1)])
