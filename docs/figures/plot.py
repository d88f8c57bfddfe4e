"""Diagrams for the manual, drawn with our own canvas: axes, curves, marks, labels and a legend.

A `Plot` collects curves, marks and labels in its own coordinates; `write` draws one or several of them
beside each other into a PNG. Every number below is in points; a picture has `SHARPNESS` pixels per point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rosesim.scenes.canvas import Canvas
from rosesim.view.files import write_png
from rosesim.view.raster import Box, render
from rosesim.view.theme import colours

SHARPNESS = 2
LETTERS, TITLE = 10.0, 12.0
LEFT, BOTTOM, RIGHT, TOP = 58.0, 44.0, 18.0, 46.0
"""Room around the axes for numbers, names and the title."""
DASH, GAP = 6.0, 4.0
ROLES = {"first": "#1b3f8b", "second": "#d55e00", "third": "#009e73", "fourth": "#8b5a9f", "others": "#a9acb3"}
"""Colours of curves that the colour-blind tell apart (Okabe and Ito 2008), the first darker than the others."""

Style = Literal["line", "dashed", "dots"]


@dataclass(frozen=True)
class Curve:
    """Points joined by a line, by dashes, or not at all."""

    points: NDArray[np.float64]
    role: str
    style: Style
    name: str
    width: float


@dataclass
class Plot:
    """One diagram. The axes contain all finite points, unless `across` or `up` give their ranges.

    >>> plot = Plot("A parabola", "x", "y")
    >>> plot.curve([0, 1, 2], [0, 1, 4], "first", name="x squared")
    >>> plot.label((1.0, 1.0), "here")
    >>> len(plot.canvas(300, 200).primitives) > 5
    True
    """

    title: str
    x_name: str
    y_name: str
    across: tuple[float, float] | None = None
    up: tuple[float, float] | None = None
    logarithmic: bool = False
    """Whether the y axis is logarithmic; points that are not positive are left out."""
    logarithmic_x: bool = False
    """The same for x."""
    x_ticks: Sequence[float] = ()
    """The numbers on the x axis, if not round ones."""
    rows: Sequence[str] = ()
    """Names at y = 0, 1, ... instead of numbers, the first on top."""
    legend: Literal["left", "right"] = "left"
    _curves: list[Curve] = field(default_factory=list)
    _labels: list[tuple[tuple[float, float], str]] = field(default_factory=list)
    _verticals: list[float] = field(default_factory=list)

    def curve(
        self, x: ArrayLike, y: ArrayLike, role: str, *, style: Style = "line", name: str = "", width: float = 2.0
    ) -> None:
        """Points (x, y) as a line, dashes or dots; a NaN interrupts a line. A name appears in the legend."""
        self._curves.append(Curve(np.stack(np.broadcast_arrays(x, y), -1).astype(float), role, style, name, width))

    def label(self, at: tuple[float, float], text: str) -> None:
        """A short text whose lower left is at a point of the diagram."""
        self._labels.append((at, text))

    def vertical(self, x: float) -> None:
        """A thin line from the bottom to the top."""
        self._verticals.append(x)

    def canvas(self, width: float, height: float) -> Canvas:
        """The whole diagram, on a canvas of this size."""
        canvas = Canvas((0.0, 0.0, width, height))
        canvas.box((0.0, 0.0), (width, height), "panel")
        scale = np.log10 if self.logarithmic else np.asarray
        scale_x = np.log10 if self.logarithmic_x else np.asarray
        shown = np.concatenate([c.points for c in self._curves])
        for axis, by_logarithm in enumerate((self.logarithmic_x, self.logarithmic)):
            if by_logarithm:
                shown = shown[shown[:, axis] > 0]
        shown = shown[np.isfinite(shown).all(axis=1)]
        ends = self.across or (shown[:, 0].min(), shown[:, 0].max())
        x0, x1 = scale_x(ends)
        y_ticks = (
            _powers(*_range(shown[:, 1], self.up)) if self.logarithmic else _ticks(*_range(shown[:, 1], self.up))
        )
        y0, y1 = scale(self.up or (min(y_ticks[0], shown[:, 1].min()), max(y_ticks[-1], shown[:, 1].max())))
        if self.rows:
            y_ticks, y0, y1 = range(len(self.rows)), len(self.rows) - 0.5, -0.5
        margin = max(LEFT, 18 + 0.64 * LETTERS * max(map(len, self.rows), default=0))
        box = np.array([width - margin - RIGHT, height - BOTTOM - TOP])

        def at(points: ArrayLike) -> NDArray[np.float64]:
            x, y = np.moveaxis(np.asarray(points, dtype=float), -1, 0)
            with np.errstate(all="ignore"):
                part = np.stack([(scale_x(x) - x0) / (x1 - x0), (scale(y) - y0) / (y1 - y0)], -1)
            return (margin, BOTTOM) + box * part

        for tick in (t for t in y_ticks if min(y0, y1) - 1e-9 <= scale(t) <= max(y0, y1) + 1e-9):
            left, right = at([(ends[0], tick), (ends[1], tick)])
            canvas.line([left, right], "grid", width=1.0)
            name = self.rows[int(tick)] if self.rows else _short(tick)
            canvas.text((left[0] - 7, left[1] - LETTERS / 3), name, "muted", size=LETTERS, align="right")
        all_ticks = self.x_ticks or _powers(*ends) if self.logarithmic_x else _ticks(*ends)
        x_ticks = [t for t in all_ticks if x0 - 1e-9 * abs(x1) <= scale_x(t) <= x1 + 1e-9 * abs(x1)]
        bottom = BOTTOM
        for tick in x_ticks:
            x = margin + box[0] * (scale_x(tick) - x0) / (x1 - x0)
            canvas.line([(x, bottom), (x, bottom - 4)], "muted", width=1.0)
            canvas.text((x, bottom - 7 - LETTERS), _short(tick), "muted", size=LETTERS, align="centre")
        canvas.line([(margin, bottom), (margin + box[0], bottom)], "muted", width=1.0)
        for x in self._verticals:
            there = margin + box[0] * (scale_x(x) - x0) / (x1 - x0)
            canvas.line([(there, bottom), (there, bottom + box[1])], "muted", width=1.0)
        canvas.text((margin + box[0], 6), self.x_name, "ink", size=LETTERS, align="right")
        canvas.text((margin, height - TOP + 6), self.y_name, "muted", size=LETTERS)
        canvas.text((margin, height - TITLE - 8), self.title, "ink", size=TITLE)
        low, high = np.array([margin, BOTTOM]), np.array([margin, BOTTOM]) + box
        for curve in self._curves:
            for path in _inside(at(curve.points), low, high):
                _draw(canvas, path, curve)
        self._draw_legend(canvas, width, height)
        for point, text in self._labels:
            canvas.text(at(point), text, "ink", size=LETTERS)
        return canvas

    def _draw_legend(self, canvas: Canvas, width: float, height: float) -> None:
        named = [c for c in self._curves if c.name]
        wide = 40 + 0.6 * LETTERS * max((len(c.name) for c in named), default=0)
        left = LEFT + 10 if self.legend == "left" else width - RIGHT - wide
        for k, curve in enumerate(named):
            y = height - TOP - 12 - 1.6 * LETTERS * k
            _draw(canvas, np.array([(left, y), (left + 13, y), (left + 26, y)]), curve)
            canvas.text((left + 34, y - LETTERS / 3), curve.name, "ink", size=LETTERS)


def write(file: Path, plots: Sequence[Plot], *, width: int = 420, height: int = 300, columns: int = 0) -> None:
    """Write diagrams of this size (in points) beside each other into a PNG, or in rows of `columns`."""
    columns = columns or len(plots)
    w, h = SHARPNESS * width, SHARPNESS * height
    panels = [(p.canvas(width, height), Box(k % columns * w, k // columns * h, w, h)) for k, p in enumerate(plots)]
    write_png(file, render((w * columns, h * -(-len(plots) // columns)), panels, colours(ROLES)))


def _draw(canvas: Canvas, path: NDArray[np.float64], curve: Curve) -> None:
    match curve.style:
        case "line":
            canvas.line(path, curve.role, width=curve.width)
        case "dots":
            for point in path:
                canvas.circle(point, 1.4 * curve.width, curve.role)
        case "dashed":
            for dash in _dashes(path):
                canvas.line(dash, curve.role, width=curve.width)


def _dashes(path: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Pieces of DASH points along a path, GAP apart."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    cuts = np.arange(0.0, along[-1], DASH + GAP)
    made: list[NDArray[np.float64]] = []
    for a in cuts:
        b = min(a + DASH, along[-1])
        s = np.concatenate([[a], along[(along > a) & (along < b)], [b]])
        made.append(np.stack([np.interp(s, along, path[:, k]) for k in (0, 1)], -1))
    return made


def _inside(
    path: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """The pieces of a path whose points are finite and inside a box."""
    keep = np.isfinite(path).all(axis=1) & (path >= low - 1).all(axis=1) & (path <= high + 1).all(axis=1)
    ends = np.flatnonzero(np.diff(keep.astype(int))) + 1
    return [p for p, k in zip(np.split(path, ends), np.split(keep, ends), strict=True) if k.size and k[0]]


def _range(values: NDArray[np.float64], given: tuple[float, float] | None) -> tuple[float, float]:
    return given or (float(values.min()), float(values.max()))


def _ticks(low: float, high: float) -> list[float]:
    """Four to eight multiples of 1, 2 or 5 times a power of ten, around a range."""
    spread = max(high - low, 1e-12 * max(abs(low), abs(high), 1e-300))
    power = 10.0 ** math.floor(math.log10(spread))
    step = next(m * power for m in (0.2, 0.5, 1.0, 2.0) if m * power >= spread / 6)
    return [round(k * step, 12) for k in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _powers(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**k for k in range(first, last + 1, max(1, (last - first) // 6))]


def _short(v: float) -> str:
    return f"{v:.6g}" if v == 0 or 1e-3 <= abs(v) < 1e5 else f"{v:.0e}".replace("e-0", "e-").replace("e+0", "e")
