"""Sliders for the inputs that have a range, beside the scene; sizes are in points."""

from __future__ import annotations

from collections.abc import Mapping

from rosesim.scenes.canvas import Canvas, Point
from rosesim.scenes.ranges import Range
from rosesim.view.controls import KNOB, LETTERS, TRACK_WIDTH

ROW = 44.0
"""Height of a slider with its words above."""
TRACK = 14.0
"""Height of the track above the lower edge of its row."""


class Sliders:
    """One slider below the other."""

    def __init__(self, width: float, ranges: Mapping[str, Range]):
        self.width, self.ranges = width, ranges
        self.height = ROW * len(ranges)

    def at(self, p: Point) -> str | None:
        """The name of the slider at a point, if one is there."""
        row = int((self.height - p[1]) // ROW)
        inside = 0 <= p[0] <= self.width and 0 <= row < len(self.ranges)
        return [*self.ranges][row] if inside and (self.height - p[1]) % ROW > ROW - TRACK - 2 * KNOB else None

    def value(self, name: str, p: Point) -> float:
        """The value of a slider whose knob is at a point."""
        found = self.ranges[name]
        part = min(max((p[0] - KNOB) / (self.width - 2 * KNOB), 0.0), 1.0)
        return found.least + part * (found.greatest - found.least)

    def canvas(self, values: Mapping[str, float], hovered: str | None) -> Canvas:
        """The sliders with their names, values and units."""
        canvas = Canvas((0.0, 0.0, self.width, max(self.height, 1.0)))
        for k, (name, found) in enumerate(self.ranges.items()):
            low = self.height - (k + 1) * ROW
            part = (values[name] - found.least) / (found.greatest - found.least)
            knob = KNOB + min(max(part, 0.0), 1.0) * (self.width - 2 * KNOB)
            words = f"{values[name]:.3g} {found.unit}".strip()
            canvas.text((0.0, low + TRACK + 14.0), found.label or name, "muted", size=LETTERS)
            canvas.text((self.width, low + TRACK + 14.0), words, "ink", size=LETTERS, align="right")
            canvas.line([(KNOB, low + TRACK), (self.width - KNOB, low + TRACK)], "hovered", width=TRACK_WIDTH)
            canvas.line([(KNOB, low + TRACK), (knob, low + TRACK)], "ink", width=TRACK_WIDTH)
            canvas.circle((knob, low + TRACK), KNOB + (1.5 if hovered == name else 0.0), "ink")
        return canvas
