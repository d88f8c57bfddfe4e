"""From canvases to pixels, with pygame; no display is needed.

Each canvas is painted into a box of the picture at several times its resolution and then averaged, which
antialiases all primitives in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.canvas import Canvas
from rosesim.view.painter import Painter, View, colour_of, load_pygame
from rosesim.view.theme import Colour

if TYPE_CHECKING:
    import pygame

SUPERSAMPLING = 3
"""Samples per pixel along each axis; at 2 thin slanted lines still show steps, 4 looks the same as 3."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture, in pixels, from its upper left corner.

    >>> Box(left=10, top=20, width=30, height=40).holds(39, 20)
    True
    """

    left: int
    top: int
    width: int
    height: int

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel lies inside."""
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height


class Sheet:
    """Pixels at several times a picture's resolution: a surface to paint on, averaged on request.

    The surface and the averaging share their memory, so nothing is copied between them.
    """

    def __init__(self, width: int, height: int, samples: int = SUPERSAMPLING):
        pygame = load_pygame()  # first: it says what to install where Pillow is missing, too
        from PIL import Image

        self.samples = samples
        self.size = width * samples, height * samples
        self._memory = np.zeros((self.size[1], self.size[0], 4), np.uint8)
        self.surface: pygame.Surface = pygame.image.frombuffer(self._memory, self.size, "RGBX")
        # Pillow's mean rounds; pygame's smoothscale truncates, which darkens every colour a little.
        self._image = Image.frombuffer("RGBX", self.size, self._memory, "raw", "RGBX", 0, 1)

    def averaged(self, part: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        """The averaged pixels of a box (left, top, right, bottom), of shape (height, width, 4)."""
        left, top, right, bottom = (self.samples * v for v in part)
        if self.samples == 1:
            return self._memory[top:bottom, left:right]
        return np.asarray(self._image.reduce(self.samples, (left, top, right, bottom)))


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
    sheet = Sheet(*size)
    sheet.surface.fill(colour_of(colours, "background"))
    for canvas, box in panels:
        left, top, width, height = (SUPERSAMPLING * v for v in (box.left, box.top, box.width, box.height))
        view = View(canvas.extent, (left, top, width, height))
        rect = load_pygame().Rect(left, top, width, height).clip(sheet.surface.get_rect())
        painter = Painter(sheet.surface, view, colours, sheet.samples)
        painter.paint([(p, painter.reach(p)) for p in canvas.primitives], rect)
    return np.ascontiguousarray(sheet.averaged((0, 0, *size))[..., :3])
