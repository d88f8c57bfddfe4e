"""From canvases to pixels, with pygame; no display is needed.

Each canvas is painted into a box of the picture at several times its resolution and averaged down, which
antialiases every primitive alike.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.canvas import Arrow, Canvas, Circle, Image, Line, Point, Polygon, Primitive, Text
from rosesim.view.theme import Colour

if TYPE_CHECKING:
    import pygame

SUPERSAMPLING = 3
"""Samples a pixel along each axis; at 2 thin slanted lines still show steps, 4 looks the same as 3."""

ARROW_HEAD = 4.5
"""An arrow head's length, in line widths."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture, in pixels, from its upper left corner."""

    left: int
    top: int
    width: int
    height: int


def render(
    size: tuple[int, int], panels: Sequence[tuple[Canvas, Box]], colours: Mapping[str, Colour]
) -> NDArray[np.uint8]:
    """The picture, as an array of shape (height, width, 3), in which each canvas fills its box.

    A canvas keeps its aspect ratio and is centred in its box; nothing of it leaves the box. A role that
    `colours` lacks raises a ValueError that names it.

    >>> canvas = Canvas((0, 0, 1, 1))
    >>> canvas.box((0, 0), (1, 0.5), "ink")
    >>> pixels = render((4, 4), [(canvas, Box(0, 0, 4, 4))], {"background": (9, 9, 9), "ink": (1, 2, 3)})
    >>> pixels[0, 0].tolist(), pixels[3, 3].tolist()
    ([9, 9, 9], [1, 2, 3])
    """
    from PIL import Image as PixelImage

    pygame = _pygame()
    width, height = size
    big = pygame.Surface((width * SUPERSAMPLING, height * SUPERSAMPLING), 0, 32)
    big.fill(_colour(colours, "background"))
    for canvas, box in panels:
        rect = pygame.Rect(*(SUPERSAMPLING * v for v in (box.left, box.top, box.width, box.height)))
        _Painter(pygame, big, canvas, rect, colours).paint()
    # Pillow's mean rounds; pygame's smoothscale truncates, which darkens every colour a little.
    painted = PixelImage.frombuffer("RGB", big.get_size(), pygame.image.tobytes(big, "RGB"), "raw", "RGB", 0, 1)
    return np.asarray(painted.reduce(SUPERSAMPLING))


def _pygame():
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # its greeting would spoil standard output
    import pygame
    import pygame.surfarray

    if not pygame.font.get_init():
        pygame.font.init()
    return pygame


def _colour(colours: Mapping[str, Colour], role: str) -> Colour:
    try:
        return colours[role]
    except KeyError:
        raise ValueError(f"no colour for the role {role!r}; there are {', '.join(sorted(colours))}") from None


def _reach(p: Line | Polygon | Arrow) -> float:
    """How far a shape goes beyond its points, in units."""
    return 0.0 if isinstance(p, Polygon) else p.width * ARROW_HEAD


class _Painter:
    """Paints one canvas into a box of a surface."""

    def __init__(
        self, module: Any, surface: pygame.Surface, canvas: Canvas, rect: pygame.Rect, colours: Mapping[str, Colour]
    ):
        self.pygame, self.surface, self.canvas, self.rect, self.colours = (
            module,
            surface,
            canvas,
            rect,
            colours,
        )
        self.scale = min(rect.width / canvas.width, rect.height / canvas.height)
        left, _, _, top = canvas.extent
        self.origin = (
            rect.left + (rect.width - self.scale * canvas.width) / 2 - self.scale * left,
            rect.top + (rect.height - self.scale * canvas.height) / 2 + self.scale * top,
        )

    def paint(self) -> None:
        self.surface.set_clip(self.rect)
        for p in self.canvas.primitives:
            self._one(p)
        self.surface.set_clip(None)

    def at(self, p: Point) -> Point:
        x, y = self.origin[0] + self.scale * p[0], self.origin[1] - self.scale * p[1]
        # SDL's coordinates are 32-bit; what lies far outside the box is not seen anyway.
        return min(max(x, -1e5), 1e5), min(max(y, -1e5), 1e5)

    def _one(self, p: Primitive) -> None:
        if isinstance(p, Image):
            self._image(p)
        elif isinstance(p, Text):
            self._text(p)
        elif p.opacity >= 1.0:
            self._shape(self.surface, p, _colour(self.colours, p.role))
        elif p.opacity > 0.0:
            self._translucent(p)

    def _translucent(self, p: Circle | Line | Polygon | Arrow) -> None:
        """Drawn whole on a layer of its own, so that a path that crosses itself is not darker there."""
        margin = 2 + self.scale * (p.radius + p.width if isinstance(p, Circle) else _reach(p))
        corners = [p.centre] if isinstance(p, Circle) else [p.tail, p.tip] if isinstance(p, Arrow) else p.points
        xs, ys = zip(*map(self.at, corners), strict=True)
        left, top = min(xs) - margin, min(ys) - margin
        size = max(xs) + margin - left, max(ys) + margin - top
        part = self.pygame.Rect(*map(math.floor, (left, top)), *map(math.ceil, size)).clip(self.rect)
        if part.width and part.height:
            layer = self.pygame.Surface(part.size, self.pygame.SRCALPHA, 32)
            shifted, self.origin = self.origin, (self.origin[0] - part.left, self.origin[1] - part.top)
            self._shape(layer, p, (*_colour(self.colours, p.role), round(255 * p.opacity)))
            self.origin = shifted
            self.surface.blit(layer, part)

    def _shape(self, to: pygame.Surface, p: Circle | Line | Polygon | Arrow, colour: tuple[int, ...]) -> None:
        draw = self.pygame.draw
        match p:
            case Circle():
                width = max(1, round(p.width * self.scale)) if p.width else 0
                # pygame's ring grows inwards from its radius; ours is centred on it
                draw.circle(to, colour, self.at(p.centre), p.radius * self.scale + width / 2, width)
            case Line():
                self._path(to, [self.at(q) for q in p.points], colour, p.width * self.scale)
            case Polygon():
                draw.polygon(to, colour, [self.at(q) for q in p.points])
            case Arrow():
                self._arrow(to, p, colour)

    def _path(self, to: pygame.Surface, path: list[Point], colour: tuple[int, ...], width: float) -> None:
        half = max(width, 1.0) / 2
        for (x0, y0), (x1, y1) in itertools.pairwise(path):
            length = math.hypot(x1 - x0, y1 - y0)
            if length > 0:  # a quadrilateral, because pygame's thick lines are cut along the axes
                u, v = half * (y1 - y0) / length, half * (x0 - x1) / length
                corners = [(x0 + u, y0 + v), (x1 + u, y1 + v), (x1 - u, y1 - v), (x0 - u, y0 - v)]
                self.pygame.draw.polygon(to, colour, corners)
        if half >= 1.0:
            for x, y in path:
                self.pygame.draw.circle(to, colour, (x, y), half)

    def _arrow(self, to: pygame.Surface, p: Arrow, colour: tuple[int, ...]) -> None:
        (x0, y0), (x1, y1), width = self.at(p.tail), self.at(p.tip), p.width * self.scale
        length = math.hypot(x1 - x0, y1 - y0)
        if length == 0:
            return
        u, v = (x1 - x0) / length, (y1 - y0) / length
        head = min(ARROW_HEAD * width, length)
        neck = (x1 - head * u, y1 - head * v)
        if head < length:
            self._path(to, [(x0, y0), neck], colour, width)
        side = head * 0.45
        self.pygame.draw.polygon(
            to,
            colour,
            [(x1, y1), (neck[0] - side * v, neck[1] + side * u), (neck[0] + side * v, neck[1] - side * u)],
        )

    def _text(self, p: Text) -> None:
        font = self.pygame.font.Font(None, max(6, round(1.4 * p.size * self.scale)))
        text = font.render(p.text, True, _colour(self.colours, p.role))
        x, y = self.at(p.at)
        shift = {"left": 0.0, "centre": 0.5, "right": 1.0}[p.align]
        self.surface.blit(text, (x - shift * text.get_width(), y - font.get_ascent()))

    def _image(self, p: Image) -> None:
        (x0, y1), (x1, y0) = self.at(p.low), self.at(p.high)
        pixels = self.pygame.surfarray.make_surface(p.pixels.swapaxes(0, 1))
        size = max(1, round(x1 - x0)), max(1, round(y1 - y0))
        self.surface.blit(self.pygame.transform.scale(pixels, size), (round(x0), round(y0)))
