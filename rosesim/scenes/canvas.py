"""What a scene draws into: a list of primitives, in the scene's own units, coloured by role.

Nothing is painted here: a window, a picture file, an SVG or a web page can each show the same list. y
points up, as in physics. Every length (radii, line widths, heights of letters too) is in the canvas's
units, so that a picture looks the same at any resolution. A role is what a thing is ("goal", "target"); the
viewer's theme gives it a colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rosesim.scenes.colours import coloured, shaded
from rosesim.scenes.roles import OneOf, Role, role_of, roles_of
from rosesim.scenes.space import Camera, Space, triple

Point = tuple[float, float]
Number = Any
"""A number: Python's, NumPy's, or what a scene annotates as `Real`."""
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
    """Pixels of shape (rows, columns, 3), 0 to 255, first row on top, in the box from `low` to `high`.

    The window also paints pixels with a fourth channel, their opacity; scenes make none.
    """

    pixels: NDArray[np.uint8]
    low: Point
    high: Point


@dataclass(frozen=True, slots=True, eq=False)
class Circles:
    """Many discs, or rings: arrays with an element for each circle, in the order of painting."""

    centres: NDArray[np.float64]
    """Of shape (n, 2)."""
    radii: NDArray[np.float64]
    roles: tuple[str, ...]
    which: NDArray[np.int64]
    """The place of each circle's role in `roles`."""
    width: float
    opacities: NDArray[np.float64]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Circles) or (self.roles, self.width) != (other.roles, other.width):
            return False
        arrays = ("centres", "radii", "which", "opacities")
        return all(np.array_equal(getattr(self, a), getattr(other, a), equal_nan=a != "which") for a in arrays)

    __hash__ = None  # pyright: ignore[reportAssignmentType] -- it holds arrays

    def each(self) -> Iterator[Circle]:
        """The circles one by one."""
        rows = zip(
            self.centres.tolist(), self.radii.tolist(), self.which.tolist(), self.opacities.tolist(), strict=True
        )
        for (x, y), radius, which, opacity in rows:
            yield Circle((x, y), radius, self.roles[which], self.width, opacity)


Shape = Circle | Line | Polygon | Arrow
"""A shape filled with one colour, at its own opacity."""

Primitive = Shape | Circles | Text | Image | Space


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

    @property
    def singles(self) -> list[Shape | Text | Image | Space]:
        """The primitives, each of many circles on its own."""
        return [q for p in self.primitives for q in (p.each() if isinstance(p, Circles) else (p,))]

    def circle(
        self, centre: Numbers, radius: Number, role: Role, *, width: Number = 0.0, opacity: Number = 1.0
    ) -> None:
        """A disc, or a ring where `width` is not 0."""
        self._add(Circle(_point(centre), float(radius), role_of(role), float(width), float(opacity)))

    def circles(
        self,
        centres: Numbers,
        radius: Numbers | Number,
        role: Role,
        *,
        width: Number = 0.0,
        opacity: Numbers | Number = 1.0,
        which: Sequence[int] | NDArray[np.integer[Any]] | None = None,
        depth: Numbers | None = None,
    ) -> None:
        """Many discs, or rings where `width` is not 0, at `centres` of shape (n, 2).

        Radius, opacity, and the number of a `OneOf` role are single ones or have an element for each centre. `which`
        are the indices of the centres that are drawn, in that order; known while tracing. With `depth`, those of a
        larger depth are drawn first.
        """
        at = np.asarray(centres, dtype=np.float64)
        if at.ndim != 2 or at.shape[1] != 2:
            raise ValueError(f"centres have the shape (n, 2), not {at.shape}")
        shown = np.arange(len(at)) if which is None else np.asarray(which, dtype=np.int64)
        if depth is not None:
            shown = shown[np.argsort(-np.asarray(depth, dtype=np.float64)[shown], kind="stable")]

        def of_each(values: Any) -> NDArray[Any]:
            return np.broadcast_to(values, (len(at),))[shown]

        roles, number = roles_of(role)
        opacities = np.asarray(opacity, dtype=np.float64)
        self._add(Circles(at[shown], of_each(radius), roles, of_each(number), float(width), of_each(opacities)))

    def line(self, points: Numbers, role: Role, *, width: Number, opacity: Number = 1.0) -> None:
        """A path through points, an array of shape (n, 2). Fewer than two points draw nothing."""
        path = _points(points)
        if len(path) > 1:
            self._add(Line(path, role_of(role), float(width), float(opacity)))

    def segments(
        self, points: Numbers, ends: Any, role: Role, *, width: Numbers | Number, opacity: Numbers | Number = 1.0
    ) -> None:
        """Straight lines between points of shape (n, 2).

        `ends`, of shape (m, 2), are the indices of the two points of each line, known while tracing. Width, opacity,
        and the number of a `OneOf` role are single ones or one for each line.
        """
        path, pairs = _points(points), np.asarray(ends, dtype=np.int64).reshape(-1, 2).tolist()
        roles, number = roles_of(role)
        columns = [np.broadcast_to(np.asarray(v), (len(pairs),)).tolist() for v in (number, width, opacity)]
        for (a, b), k, wide, opaque in zip(pairs, *columns, strict=True):
            self._add(Line((path[a], path[b]), roles[k], float(wide), float(opaque)))

    def polygon(self, points: Numbers, role: Role, *, opacity: Number = 1.0) -> None:
        """A filled polygon of three or more corners."""
        corners = _points(points)
        if len(corners) < 3:
            raise ValueError(f"a polygon has three or more corners; {len(corners)} were given")
        self._add(Polygon(corners, role_of(role), float(opacity)))

    def box(self, low: Numbers, high: Numbers, role: Role, *, opacity: Number = 1.0) -> None:
        """A filled upright rectangle from its lower left to its upper right corner."""
        (x0, y0), (x1, y1) = _point(low), _point(high)
        self._add(Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), role_of(role), float(opacity)))

    def arrow(self, tail: Numbers, vector: Numbers, role: Role, *, width: Number, opacity: Number = 1.0) -> None:
        """An arrow from `tail` along `vector`; the zero vector draws nothing."""
        (x, y), (u, v) = _point(tail), _point(vector)
        if (u, v) != (0.0, 0.0):
            self._add(Arrow((x, y), (x + u, y + v), role_of(role), float(width), float(opacity)))

    def arrows(self, tails: Numbers, vectors: Numbers, role: Role, *, width: Number, opacity: Number = 1.0) -> None:
        """Arrows from `tails` along `vectors`, arrays of shape (n, 2)."""
        tail, vector = np.asarray(tails, dtype=np.float64), np.asarray(vectors, dtype=np.float64)
        if tail.ndim != 2 or tail.shape[1] != 2 or vector.shape != tail.shape:
            raise ValueError(f"tails and vectors have the shape (n, 2), not {tail.shape} and {vector.shape}")
        for at, along in zip(tail.tolist(), vector.tolist(), strict=True):
            self.arrow(at, along, role, width=width, opacity=opacity)

    def text(self, at: Numbers, text: str | OneOf, role: Role, *, size: Number, align: Align = "left") -> None:
        """A line of text whose letters are about `size` high; `at` is its lower left, centre or right.

        A number in it has a format: `f"height {state.height:.3f}"`.
        """
        self._add(Text(_point(at), f"{text}", role_of(role), float(size), align))

    def image(
        self,
        pixels: Numbers,
        low: Numbers,
        high: Numbers,
        *,
        palette: ArrayLike | None = None,
        least: Number = 0.0,
        greatest: Number = 1.0,
    ) -> None:
        """A picture in a box: (rows, columns) greys or (rows, columns, 3) colours, 0 to 1, first row on top.

        With a palette (k colours at equal distances, of shape (k, 3), such as the kit's `PALETTE`), `pixels` are
        values of shape (rows, columns): `least` has the palette's first colour, `greatest` its last.
        """
        values = np.asarray(pixels, dtype=np.float64)
        if palette is not None and values.ndim == 2:
            values = coloured(values, float(least), float(greatest), palette)
        if values.ndim == 2:
            values = np.repeat(values[:, :, None], 3, axis=2)
        if values.ndim != 3 or values.shape[2] != 3 or values.size == 0:
            raise ValueError(f"an image has the shape (rows, columns) or (rows, columns, 3), not {values.shape}")
        bytes_ = np.rint(np.clip(np.nan_to_num(values), 0.0, 1.0) * 255).astype(np.uint8)
        self._add(Image(bytes_, _point(low), _point(high)))

    def lit(self, height: Numbers, low: Numbers, high: Numbers, *, steepness: Number) -> None:
        """A surface of heights (rows, columns) in a box, first row on top, lit from the upper left.

        `steepness` is the change of height from cell to cell that tilts the surface by 45 degrees.
        """
        self.image(shaded(np.asarray(height, dtype=np.float64), float(steepness)), low, high)

    def space(
        self,
        camera: Camera,
        *,
        light: Numbers = (-0.45, -0.5, 0.85),
        sky: Role = "sky",
        low: Numbers | None = None,
        high: Numbers | None = None,
    ) -> Space:
        """A view of bodies in space, z upward, in a box of the canvas or all of it. What it returns takes the bodies.

        `light` points towards the light, which is far away. `sky` is the colour behind all bodies.

        >>> canvas = Canvas((0.0, 0.0, 3.0, 2.0))
        >>> space = canvas.space(Camera(eye=(1.0, -4.0, 2.0), target=(0.0, 0.0, 0.5)))
        >>> space.ground()
        >>> space.capsule((0.0, 0.0, 0.5), (0.5, 0.0, 0.5), 0.1, "body")
        >>> [type(p).__name__ for p in canvas.primitives], len(space.bodies)
        (['Space'], 1)
        """
        left, bottom, right, top = self.extent
        space = Space(
            camera.fixed(),
            triple(light),
            role_of(sky),
            (left, bottom) if low is None else _point(low),
            (right, top) if high is None else _point(high),
        )
        self._add(space)
        return space

    def _add(self, primitive: Primitive) -> None:
        self.primitives.append(primitive)


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
