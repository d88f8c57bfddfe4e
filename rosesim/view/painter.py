"""From a canvas's primitives to a pygame surface, each shape painted once and without antialiasing."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.canvas import Arrow, Circle, Circles, Image, Line, Point, Polygon, Primitive, Shape, Text
from rosesim.scenes.errors import without_view
from rosesim.scenes.space import Space
from rosesim.view.fonts import font
from rosesim.view.space import photograph
from rosesim.view.theme import Colour, no_colour

if TYPE_CHECKING:
    import pygame

ARROW_HEAD = 4.5
"""Length of an arrow head, in line widths."""
CLOSE = 0.3
"""Points of a path nearer to the last than this many line widths are left out: invisible, but each takes 10 µs."""
FAR = 1e5
"""Pixels. SDL's coordinates are 32-bit, and points this far outside a box are not visible anyway."""

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""
Placed = tuple[Primitive, Rectangle]
"""A primitive and the pixels that it may touch."""


def load_pygame() -> Any:
    """The module pygame; the first picture imports it. SceneError where the extra `view` is missing."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # its greeting would go to standard output
    try:
        import PIL  # noqa: F401 -- every surface is averaged and lettered by it
        import pygame
        import pygame.draw
    except ImportError as e:
        raise without_view(e) from e
    return pygame


def colour_of(colours: Mapping[str, Colour], role: str) -> Colour:
    """The role's colour; a SceneError that names the role where it has none."""
    try:
        return colours[role]
    except KeyError:
        raise no_colour(role, colours) from None


class View:
    """The map from a canvas's points to a box of pixels: the aspect ratio is kept, the canvas is centred.

    >>> view = View((0.0, 0.0, 2.0, 1.0), (0, 0, 100, 100))
    >>> view.pixel((1.0, 1.0)), view.point((50.0, 25.0))
    ((50.0, 25.0), (1.0, 1.0))
    """

    def __init__(self, extent: tuple[float, float, float, float], box: tuple[int, int, int, int]):
        left, bottom, right, top = extent
        x, y, width, height = box
        self.scale = min(width / (right - left), height / (top - bottom))
        self.origin = (
            x + (width - self.scale * (right - left)) / 2 - self.scale * left,
            y + (height - self.scale * (top - bottom)) / 2 + self.scale * top,
        )

    def pixel(self, p: Point) -> Point:
        """The pixel of a point."""
        x, y = self.origin[0] + self.scale * p[0], self.origin[1] - self.scale * p[1]
        if -FAR < x < FAR and -FAR < y < FAR:
            return x, y
        return _near(x), _near(y)

    def point(self, pixel: Point) -> Point:
        """The point at a pixel."""
        return (pixel[0] - self.origin[0]) / self.scale, (self.origin[1] - pixel[1]) / self.scale


class Painter:
    """Paints primitives of one canvas into a box (left, top, width, height) of a surface.

    It paints only within `clip`, a rectangle of the surface.
    """

    def __init__(self, surface: pygame.Surface, view: View, colours: Mapping[str, Colour], samples: int = 1):
        self.pygame = load_pygame()
        self.surface, self.view, self.colours = surface, view, colours
        self.samples = samples
        """Samples of the surface for a pixel of the picture, along each axis."""
        self.shift: Point | None = None
        """The position of the layer that is painted on; None for the surface itself."""

    def paint(self, primitives: Sequence[Placed], clip: pygame.Rect) -> None:
        """Paint them in order, inside the rectangle only."""
        self.surface.set_clip(clip)
        for p, (left, top, right, bottom) in primitives:
            if left < clip.right and right > clip.left and top < clip.bottom and bottom > clip.top:
                self._one(p)
        self.surface.set_clip(None)

    def at(self, p: Point) -> Point:
        """The pixel of a point, on the surface or layer that is painted on now."""
        x, y = self.view.pixel(p)
        return (x, y) if self.shift is None else (x - self.shift[0], y - self.shift[1])

    def reach(self, p: Primitive) -> Rectangle:
        """The pixels that a primitive may touch."""
        scale = self.view.scale
        match p:
            case Circle():
                corners, margin = (p.centre,), (p.radius + p.width) * scale
            case Circles():
                return self._reach_of_all(p)
            case Line():
                corners, margin = p.points, p.width * scale
            case Polygon():
                corners, margin = p.points, 0.0
            case Arrow():
                corners, margin = (p.tail, p.tip), ARROW_HEAD * p.width * scale
            case Text():
                wide, high = font(p.size * scale, p.text).size(p.text)
                corners, margin = (p.at,), max(wide, high)
            case Image() | Space():
                corners, margin = (p.low, p.high), 0.0
            case _:
                assert_never(p)
        margin += 2.0
        if len(corners) == 1:
            x, y = self.view.pixel(corners[0])
            return x - margin, y - margin, x + margin, y + margin
        xs, ys = zip(*map(self.view.pixel, corners), strict=True)
        return min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin

    def _reach_of_all(self, p: Circles) -> Rectangle:
        """The pixels that any of the circles may touch."""
        seen = np.isfinite(p.centres).all(axis=1)
        if not seen.any():
            return 0.0, 0.0, 0.0, 0.0
        x, y = self._pixels(p.centres[seen])
        margin = (float(np.nan_to_num(p.radii).max()) + p.width) * self.view.scale + 2.0
        return x.min() - margin, y.min() - margin, x.max() + margin, y.max() + margin

    def _pixels(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The pixels of points of shape (n, 2)."""
        x, y = self.view.origin
        at = np.nan_to_num([x, y] + self.view.scale * points * [1.0, -1.0], nan=FAR)
        return tuple(np.clip(at, -FAR, FAR).T)

    def _circles(self, p: Circles) -> None:
        """Opaque circles all at once. pygame takes about a microsecond for each."""
        if p.width or (p.opacities < 1.0).any():
            for circle in p.each():
                self._one(circle)
            return
        circle, to = self.pygame.draw.circle, self.surface
        colours = [colour_of(self.colours, role) for role in p.roles]
        radii = np.nan_to_num(p.radii * self.view.scale)
        rows = zip(*(a.tolist() for a in (*self._pixels(p.centres), radii, p.which)), strict=True)
        for x, y, radius, which in rows:
            circle(to, colours[which], (x, y), radius)

    def _one(self, p: Primitive) -> None:
        if isinstance(p, Circles):
            self._circles(p)
        elif isinstance(p, Image):
            self._image(p)
        elif isinstance(p, Text):
            self._text(p)
        elif isinstance(p, Space):
            self._space(p)
        elif p.opacity >= 1.0:
            self._shape(self.surface, p, colour_of(self.colours, p.role))
        elif p.opacity > 0.0:
            self._translucent(p)

    def _translucent(self, p: Shape) -> None:
        """Paint the shape on a layer of its own, so that a path that crosses itself is not darker there."""
        left, top, right, bottom = self.reach(p)
        size = math.ceil(right - left), math.ceil(bottom - top)
        part = self.pygame.Rect(math.floor(left), math.floor(top), *size).clip(self.surface.get_clip())
        if part.width and part.height:
            # The bytes are in the order of the surfaces we paint on; in another order a blit takes ten times as long.
            layer = self.pygame.image.frombuffer(np.zeros((part.height, part.width, 4), np.uint8), part.size, "RGBA")
            self.shift = part.topleft
            self._shape(layer, p, (*colour_of(self.colours, p.role), round(255 * p.opacity)))
            self.shift = None
            self.surface.blit(layer, part)

    def _shape(self, to: pygame.Surface, p: Shape, colour: tuple[int, ...]) -> None:
        draw, scale = self.pygame.draw, self.view.scale
        match p:
            case Circle():
                width = max(1, round(p.width * scale)) if p.width else 0
                # pygame's ring grows inwards from its radius; ours is centred on it
                draw.circle(to, colour, self._cells([self.at(p.centre)])[0], p.radius * scale + width / 2, width)
            case Line():
                self._path(to, [self.at(q) for q in p.points], colour, p.width * scale)
            case Polygon():
                draw.polygon(to, colour, self._cells([self.at(q) for q in p.points]))
            case Arrow():
                self._arrow(to, p, colour)
            case _:
                assert_never(p)

    def _path(self, to: pygame.Surface, path: list[Point], colour: tuple[int, ...], width: float) -> None:
        half = max(width, 1.0) / 2
        path = _thinned(path, CLOSE * width)
        for (x0, y0), (x1, y1) in itertools.pairwise(path):
            length = math.hypot(x1 - x0, y1 - y0)
            if length > 0:  # as a quadrilateral, because pygame cuts thick lines along the axes
                u, v = half * (y1 - y0) / length, half * (x0 - x1) / length
                corners = [(x0 + u, y0 + v), (x1 + u, y1 + v), (x1 - u, y1 - v), (x0 - u, y0 - v)]
                self.pygame.draw.polygon(to, colour, self._cells(corners))
        if half >= 1.0:
            for centre in self._cells(path):
                self.pygame.draw.circle(to, colour, centre, half)

    def _arrow(self, to: pygame.Surface, p: Arrow, colour: tuple[int, ...]) -> None:
        (x0, y0), (x1, y1), width = self.at(p.tail), self.at(p.tip), p.width * self.view.scale
        length = math.hypot(x1 - x0, y1 - y0)
        if length == 0:
            return
        u, v = (x1 - x0) / length, (y1 - y0) / length
        head = min(ARROW_HEAD * width, length)
        neck = (x1 - head * u, y1 - head * v)
        if head < length:
            self._path(to, [(x0, y0), neck], colour, width)
        side = head * 0.45
        barbs = (neck[0] - side * v, neck[1] + side * u), (neck[0] + side * v, neck[1] - side * u)
        self.pygame.draw.polygon(to, colour, self._cells([(x1, y1), *barbs]))

    def _cells(self, points: list[Point]) -> list[Point]:
        """The pixels that contain points. pygame rounds towards its surface's origin, which differs on a layer."""
        if self.shift is None:
            return points
        return [(math.floor(x), math.floor(y)) for x, y in points]

    def _text(self, p: Text) -> None:
        letters = font(p.size * self.view.scale, p.text)
        text = letters.render(p.text, True, colour_of(self.colours, p.role))
        x, y = self.at(p.at)
        shift = {"left": 0.0, "centre": 0.5, "right": 1.0}[p.align]
        self.surface.blit(text, (x - shift * text.get_width(), y - letters.get_ascent()))

    def _image(self, p: Image) -> None:
        (x0, y1), (x1, y0) = self.at(p.low), self.at(p.high)
        rows, columns, channels = p.pixels.shape
        order = "RGB" if channels == 3 else "RGBA"
        pixels = self.pygame.image.frombuffer(np.ascontiguousarray(p.pixels), (columns, rows), order)
        size = max(1, round(x1 - x0)), max(1, round(y1 - y0))
        self.surface.blit(self.pygame.transform.scale(pixels, size), (round(x0), round(y0)))

    def _space(self, p: Space) -> None:
        """Rays are for whole pixels of the picture, of which the surface has several samples: they are smooth."""
        (x0, y1), (x1, y0), n = self.at(p.low), self.at(p.high), self.samples
        left, top = round(x0 / n), round(y0 / n)
        size = max(1, round(x1 / n) - left), max(1, round(y1 / n) - top)
        pixels = photograph(p, size, self.colours)
        surface = self.pygame.image.frombuffer(pixels, size, "RGB")
        self.surface.blit(self.pygame.transform.scale_by(surface, n), (n * left, n * top))


def _near(v: float) -> float:
    """A coordinate within FAR; NaN counts as outside."""
    return min(max(v, -FAR), FAR) if v == v else FAR


def _thinned(path: list[Point], least: float) -> list[Point]:
    """The path with its ends, and between them only points at least this far from the one before."""
    kept = path[:1]
    for p in path[1:-1]:
        if math.dist(p, kept[-1]) >= least:
            kept.append(p)
    return [*kept, path[-1]] if len(path) > 1 else kept
