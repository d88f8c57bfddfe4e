"""What a scene draws into: a list of primitives, in the scene's own units, coloured by role.

Nothing is painted here: a window, a picture file, an SVG or a web page can each show the same list. y
points up, as in physics. Every length (radii, line widths, heights of letters too) is in the canvas's
units, so that a picture looks the same at any resolution. A role is what a thing is ("goal", "target"); the
viewer's theme gives it a colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Point = tuple[float, float]
Align = Literal["left", "centre", "right"]
Numbers = ArrayLike | Sequence[Any]
"""A point or points: an array or nested sequences. Their elements may also be what a scene annotates as `Real`."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A disc, or a ring of line width `width` if that is not 0."""

    centre: Point
    radius: float
    role: str
    width: float
    opacity: float


@dataclass(frozen=True, slots=True)
class Line:
    """An open path through two or more points, with round joints."""

    points: tuple[Point, ...]
    role: str
    width: float
    opacity: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """A filled polygon."""

    points: tuple[Point, ...]
    role: str
    opacity: float


@dataclass(frozen=True, slots=True)
class Arrow:
    """A straight arrow; its head is at `tip`."""

    tail: Point
    tip: Point
    role: str
    width: float
    opacity: float


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; `at` is the side of its baseline that `align` names, `size` the height of its letters."""

    at: Point
    text: str
    role: str
    size: float
    align: Align


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """Pixels of shape (rows, columns, 3), 0 to 255, first row on top, in the box from `low` to `high`."""

    pixels: NDArray[np.uint8]
    low: Point
    high: Point


Shape = Circle | Line | Polygon | Arrow
"""A shape filled with one colour, at its own opacity."""

Primitive = Shape | Text | Image


class Canvas:
    """A list of primitives, later ones above earlier ones, in the box `extent` = (left, bottom, right, top).

    >>> canvas = Canvas((0.0, 0.0, 2.0, 1.0))
    >>> canvas.circle((0.5, 0.5), 0.1, "ball")
    >>> canvas.line([(0, 0), (2, 0)], "line", width=0.01)
    >>> [type(p).__name__ for p in canvas.primitives]
    ['Circle', 'Line']
    """

    def __init__(self, extent: tuple[float, float, float, float]):
        left, bottom, right, top = map(float, extent)
        if not (left < right and bottom < top):
            raise ValueError(f"a canvas's extent is (left, bottom, right, top) with left < right: {extent}")
        self.extent = (left, bottom, right, top)
        self.primitives: list[Primitive] = []

    @property
    def width(self) -> float:
        """The width in the scene's units."""
        return self.extent[2] - self.extent[0]

    @property
    def height(self) -> float:
        """The height in the scene's units."""
        return self.extent[3] - self.extent[1]

    def circle(self, centre: Numbers, radius: float, role: str, *, width: float = 0.0, opacity: float = 1.0) -> None:
        """A disc, or a ring where `width` is not 0."""
        self.primitives.append(Circle(_point(centre), float(radius), role, float(width), float(opacity)))

    def line(self, points: Numbers, role: str, *, width: float, opacity: float = 1.0) -> None:
        """A path through points, an array of shape (n, 2). Fewer than two points draw nothing."""
        path = _points(points)
        if len(path) > 1:
            self.primitives.append(Line(path, role, float(width), float(opacity)))

    def polygon(self, points: Numbers, role: str, *, opacity: float = 1.0) -> None:
        """A filled polygon of three or more corners."""
        corners = _points(points)
        if len(corners) < 3:
            raise ValueError(f"a polygon has three or more corners; {len(corners)} were given")
        self.primitives.append(Polygon(corners, role, float(opacity)))

    def box(self, low: Numbers, high: Numbers, role: str, *, opacity: float = 1.0) -> None:
        """A filled upright rectangle from its lower left to its upper right corner."""
        (x0, y0), (x1, y1) = _point(low), _point(high)
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], role, opacity=opacity)

    def arrow(self, tail: Numbers, vector: Numbers, role: str, *, width: float, opacity: float = 1.0) -> None:
        """An arrow from `tail` along `vector`; the zero vector draws nothing."""
        (x, y), (u, v) = _point(tail), _point(vector)
        if (u, v) != (0.0, 0.0):
            self.primitives.append(Arrow((x, y), (x + u, y + v), role, float(width), float(opacity)))

    def text(self, at: Numbers, text: str, role: str, *, size: float, align: Align = "left") -> None:
        """A line of text whose letters are about `size` high; `at` is its lower left, centre or right."""
        self.primitives.append(Text(_point(at), text, role, float(size), align))

    def image(self, pixels: ArrayLike, low: Numbers, high: Numbers) -> None:
        """A picture in a box: (rows, columns) greys or (rows, columns, 3) colours, each from 0 to 1."""
        values = np.asarray(pixels, dtype=np.float64)
        if values.ndim == 2:
            values = np.repeat(values[:, :, None], 3, axis=2)
        if values.ndim != 3 or values.shape[2] != 3 or values.size == 0:
            raise ValueError(f"an image has the shape (rows, columns) or (rows, columns, 3), not {values.shape}")
        bytes_ = np.rint(np.clip(np.nan_to_num(values), 0.0, 1.0) * 255).astype(np.uint8)
        self.primitives.append(Image(bytes_, _point(low), _point(high)))


def _point(p: Numbers) -> Point:
    x, y = np.asarray(p, dtype=np.float64).tolist()
    return x, y


def _points(points: Any) -> tuple[Point, ...]:
    if isinstance(points, Sequence) and not len(points):
        return ()
    xy = np.asarray(points, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise ValueError(f"points have the shape (n, 2), not {xy.shape}")
    return tuple(map(tuple, xy.tolist()))
