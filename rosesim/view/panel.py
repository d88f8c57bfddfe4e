"""A box of the window that repaints only what has changed in it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.canvas import Canvas, Circles, Primitive
from rosesim.view.painter import Painter, Placed, Rectangle, View, colour_of, load_pygame
from rosesim.view.raster import SUPERSAMPLING, Box, Sheet
from rosesim.view.theme import Colour

if TYPE_CHECKING:
    import pygame

FINE_PIXELS = 1_200_000
"""A larger box, on a display with small pixels, gets one sample less per pixel along each axis."""


FEW = 300
"""Circles of one primitive that are compared and painted one by one, so that a ball that moves costs a ball. More of
them take longer to compare than to paint."""


def _pieces(canvas: Canvas) -> Iterator[Primitive]:
    """The primitives of a canvas, a few circles one by one."""
    for p in canvas.primitives:
        if isinstance(p, Circles) and len(p.which) <= FEW:
            yield from p.each()
        else:
            yield p


class Panel:
    """Canvases of one extent, one above the other, in a box of the window.

    The pixels of each layer are kept. When primitives of a layer differ from those shown before, it and the layers
    above are painted again, inside the smallest rectangle around the differences. The pixels equal those of
    `render`, and a ball that moves costs only the painting of a ball.
    """

    def __init__(
        self,
        box: Box,
        extent: tuple[float, float, float, float],
        colours: Mapping[str, Colour],
        layers: int = 1,
        samples: int | None = None,
    ):
        self.box, self.extent, self.colours = box, extent, colours
        samples = samples or SUPERSAMPLING - (box.width * box.height > FINE_PIXELS)
        self._sheets = [Sheet(box.width, box.height, samples) for _ in range(layers)]
        self._shown: list[list[Placed]] = [[] for _ in range(layers)]
        self.samples = samples
        """Samples per pixel along each axis."""
        self._pixels = np.zeros((box.height, box.width, 4), np.uint8)
        self._picture: pygame.Surface = load_pygame().image.frombuffer(self._pixels, (box.width, box.height), "RGBX")
        self._fresh = True
        self._what: object = None

    @property
    def view(self) -> View:
        """The map between the window's pixels and the canvases' units."""
        return View(self.extent, (self.box.left, self.box.top, self.box.width, self.box.height))

    def show(self, *canvases: Canvas) -> tuple[slice, slice]:
        """Show these canvases, one for each layer, the lowest first. Rows and columns outside of which no pixel has
        changed."""
        size = self._sheets[0].size
        view = View(self.extent, (0, 0, *size))
        changed: Rectangle | None = (0, 0, *size) if self._fresh else None
        for k, (sheet, canvas) in enumerate(zip(self._sheets, canvases, strict=True)):
            painter = Painter(sheet.surface, view, self.colours, sheet.samples)
            before = self._shown[k]
            shown = self._shown[k] = [
                was if was is not None and was[0] == p else (p, painter.reach(p))
                for p, was in zip(_pieces(canvas), itertools.chain(before, itertools.repeat(None)), strict=False)
            ]
            changed = _around(changed, *_difference(before, shown))
            rect = self._whole_pixels(changed)
            if rect is None:
                continue
            if k == 0:
                sheet.surface.fill(colour_of(self.colours, "background"), rect)
            else:
                sheet.surface.blit(self._sheets[k - 1].surface, rect, rect)
            painter.paint(shown, rect)
        self._fresh = False
        if (rect := self._whole_pixels(changed)) is None:
            return slice(0), slice(0)
        left, top, right, bottom = (v // self.samples for v in (rect.left, rect.top, rect.right, rect.bottom))
        where = slice(top, bottom), slice(left, right)
        self._pixels[where] = self._sheets[-1].averaged((left, top, right, bottom))
        return where

    def refresh(self, what: object, canvas: Callable[[], Canvas]) -> None:
        """Show a canvas, which is made only where `what`, all that it depends on, has changed."""
        if what != self._what:
            self._what = what
            self.show(canvas())

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The pixels shown, of shape (height, width, 3)."""
        return self._pixels[..., :3]

    def blit(self, window: pygame.Surface) -> None:
        """Put the box into the window."""
        window.blit(self._picture, (self.box.left, self.box.top))

    def _whole_pixels(self, changed: Rectangle | None) -> pygame.Rect | None:
        """The rectangle of samples around it, extended to whole pixels of the window; None for nothing."""
        if changed is None:
            return None
        n, (width, height) = self.samples, self._sheets[0].size
        left, top = (n * math.floor(max(v, 0) / n) for v in changed[:2])
        right, bottom = (
            n * math.ceil(min(v, most) / n) for v, most in zip(changed[2:], (width, height), strict=True)
        )
        if left >= right or top >= bottom:  # all of it is outside the box
            return None
        return load_pygame().Rect(left, top, right - left, bottom - top)


def _difference(old: Sequence[Placed], new: Sequence[Placed]) -> list[Rectangle]:
    """The rectangles of everything that is in one list and not at the same index of the other."""
    return [
        placed[1]
        for pair in itertools.zip_longest(old, new)
        if pair[0] is not pair[1]
        for placed in pair
        if placed is not None
    ]


def _around(first: Rectangle | None, *more: Rectangle) -> Rectangle | None:
    """The smallest rectangle around all."""
    all_ = more if first is None else (first, *more)
    if not all_:
        return None
    left, top, right, bottom = zip(*all_, strict=True)
    return min(left), min(top), max(right), max(bottom)
