"""The places of all parts of a window of a given size."""

from __future__ import annotations

from dataclasses import dataclass

from rosesim.view.controls import BAR_HEIGHT, Switches
from rosesim.view.raster import Box
from rosesim.view.words import HELP_SIZE, NUMBERS_HEIGHT

WINDOW = (1000, 640)
"""The window size at which a point is a pixel."""
LEAST = (640, 420)
HIGH = (500, 730)
"""The range of a new window's height: room for the curve, and small enough for laptops' screens."""
MARGIN, SIDE = 16.0, 256.0
ZOOM = (0.8, 1.6)
"""The range in which letters scale with the window; they grow and shrink less than it does."""


def window_size(extent: tuple[float, float, float, float]) -> tuple[int, int]:
    """The size of a new window; a scene of that extent fills its box unless it is very flat or high.

    >>> window_size((0.0, 0.0, 1.0, 1.0)), window_size((0.0, 0.0, 4.0, 1.0))
    ((1000, 730), (1000, 500))
    """
    left, bottom, right, top = extent
    width = WINDOW[0] - SIDE - 3 * MARGIN
    high = width * (top - bottom) / (right - left) + BAR_HEIGHT + 2.5 * MARGIN
    return WINDOW[0], round(min(max(high, HIGH[0]), HIGH[1]))


@dataclass(frozen=True)
class Layout:
    """Boxes in pixels. A point, the unit of letters and buttons, is `unit` pixels."""

    unit: float
    scene: Box
    bar: Box
    numbers: Box
    sliders: Box
    """Of the height that was asked for, or less high than a point where there are none."""
    curve: Box
    switches: Box
    help: Box

    def points(self, box: Box) -> tuple[float, float]:
        """A box's width and height in points."""
        return box.width / self.unit, box.height / self.unit


def layout(width: int, height: int, density: float, sliders: float = 0.0) -> Layout:
    """The layout of a window of this many pixels; `density` of them make one pixel of the desktop. `sliders` is
    the height that they take, in points.

    >>> made = layout(1000, 640, 1.0)
    >>> made.unit, made.scene, made.bar.top + made.bar.height
    (1.0, Box(left=16, top=16, width=696, height=556), 624)
    """
    smaller = min(width / WINDOW[0], height / WINDOW[1]) / density
    unit = density * min(max(smaller**0.5, ZOOM[0]), ZOOM[1])

    def box(left: float, top: float, right: float, bottom: float) -> Box:
        x, y = round(left), round(top)
        return Box(x, y, max(round(right) - x, 8), max(round(bottom) - y, 8))

    margin = MARGIN * unit
    right, low = width - margin, height - margin
    beside = right - SIDE * unit
    split = beside - margin
    bar_top, switches_top = low - BAR_HEIGHT * unit, low - Switches.HEIGHT * unit
    scene = box(margin, margin, split, bar_top - margin / 2)
    numbers_low = margin + NUMBERS_HEIGHT * unit
    x, y = scene.left + scene.width / 2, scene.top + scene.height / 2
    wide, high = (v * unit / 2 for v in HELP_SIZE)
    return Layout(
        unit=unit,
        scene=scene,
        bar=box(margin, bar_top, split, low),
        numbers=box(beside, margin, right, numbers_low),
        sliders=box(beside, numbers_low, right, numbers_low + sliders * unit),
        curve=box(beside, numbers_low + sliders * unit, right, switches_top - margin),
        switches=box(beside, switches_top, right, low),
        help=box(max(x - wide, 0), max(y - high, 0), min(x + wide, width), min(y + high, height)),
    )
