"""A box of the window that repaints no more than what has changed in it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.canvas import Canvas, Primitive
from rosesim.view.painter import Painter, Rectangle, View, colour_of, load_pygame
from rosesim.view.raster import SUPERSAMPLING, Box, Sheet
from rosesim.view.theme import Colour

if TYPE_CHECKING:
    import pygame

FINE_PIXELS = 1_200_000
"""A larger box, of a display with small pixels, gets a sample less a pixel along each axis."""


class Panel:
    """Canvases of one extent, one above the other, in a box of the window.

    Each layer's painting is kept. When primitives of a layer differ from those shown before, it and those
    above are painted again, inside the smallest rectangle around the differences: the pixels are those of
    `render`, and a ball that moves costs a ball.
    """

    def __init__(
        self, box: Box, extent: tuple[float, float, float, float], colours: Mapping[str, Colour], layers: int = 1
    ):
        self.box, self.extent, self.colours = box, extent, colours
        samples = SUPERSAMPLING - (box.width * box.height > FINE_PIXELS)
        self._sheets = [Sheet(box.width, box.height, samples) for _ in range(layers)]
        self._shown: list[list[Primitive]] = [[] for _ in range(layers)]
        self._samples = samples
        self._pixels = np.zeros((box.height, box.width, 4), np.uint8)
        self._picture: pygame.Surface = load_pygame().image.frombuffer(self._pixels, (box.width, box.height), "RGBX")
        self._fresh = True

    @property
    def view(self) -> View:
        """Between the window's pixels and the canvases' units."""
        return View(self.extent, (self.box.left, self.box.top, self.box.width, self.box.height))

    def show(self, *canvases: Canvas) -> None:
        """What is to be seen now, a canvas a layer, the lowest first."""
        size = self._sheets[0].size
        view = View(self.extent, (0, 0, *size))
        changed: Rectangle | None = (0, 0, *size) if self._fresh else None
        for k, (sheet, canvas) in enumerate(zip(self._sheets, canvases, strict=True)):
            painter = Painter(sheet.surface, view, self.colours)
            changed = _around(changed, _difference(painter, self._shown[k], canvas.primitives))
            self._shown[k] = canvas.primitives
            if changed is None:
                continue
            rect = self._whole_pixels(changed)
            if k == 0:
                sheet.surface.fill(colour_of(self.colours, "background"), rect)
            else:
                sheet.surface.blit(self._sheets[k - 1].surface, rect, rect)
            painter.paint(canvas.primitives, rect)
        if changed is not None:
            self._fresh = False
            rect = self._whole_pixels(changed)
            left, top, right, bottom = (v // self._samples for v in (rect.left, rect.top, rect.right, rect.bottom))
            self._pixels[top:bottom, left:right] = self._sheets[-1].averaged((left, top, right, bottom))

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """What is seen now, of shape (height, width, 3)."""
        return self._pixels[..., :3]

    def blit(self, window: pygame.Surface) -> None:
        """Put the box into the window."""
        window.blit(self._picture, (self.box.left, self.box.top))

    def _whole_pixels(self, r: Rectangle) -> pygame.Rect:
        """The rectangle of samples around r that begins and ends with a pixel of the window."""
        n = self._samples
        left, top = (n * math.floor(max(v, 0) / n) for v in r[:2])
        right, bottom = (n * math.ceil(max(v, 0) / n) for v in r[2:])
        return load_pygame().Rect(left, top, right - left, bottom - top).clip(self._sheets[0].surface.get_rect())


def _difference(painter: Painter, old: Sequence[Primitive], new: Sequence[Primitive]) -> Rectangle | None:
    """Around everything that is in one list and not at the same place of the other."""
    changed = None
    for a, b in itertools.zip_longest(old, new):
        if a is not b and a != b:
            for p in (a, b):
                changed = _around(changed, painter.reach(p) if p is not None else None)
    return changed


def _around(a: Rectangle | None, b: Rectangle | None) -> Rectangle | None:
    if a is None or b is None:
        return a or b
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
