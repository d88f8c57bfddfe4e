"""The axes of a loss curve: round numbers beside lines, and the names of what they count."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.scenes.canvas import Canvas

BOTTOM, RIGHT, TOP = 40.0, 18.0, 32.0
"""Margins of the curve for its numbers and names, in points; the one on the left is as wide as the numbers."""
LETTERS = 8.5
WIDEST_DIGIT = 0.75 * LETTERS
"""A digit of the font is 0.71 of a capital's height wide, a point or a sign less."""
NUMBER_GAP = 8.0
MOST_ITERATIONS = 7
"""Numbers below the curve, after the first: more are not read."""

LOGARITHMIC_FROM = 10.0
"""A positive loss that falls by at least this factor is shown on a logarithmic axis."""
SUBDIVIDED_BELOW = 2
"""Decades below which a logarithmic axis has numbers at 2 and 5 times the powers of ten, too: those alone are few."""
ROUNDING = 1e-12
"""Multiples of a step err by some units in the last place, 2e-16; their digits end before."""


@dataclass(frozen=True)
class Axes:
    """Where iterations and losses lie on a canvas of some size, with the numbers beside both axes.

    >>> axes = Axes.of((300.0, 200.0), (0, 100), (0.0, 0.9))
    >>> axes.at(0, 0.0)[1] < axes.at(0, 0.9)[1], axes.iterations
    (True, [0, 20, 40, 60, 80, 100])
    """

    size: tuple[float, float]
    first: int
    last: int
    is_logarithmic: bool
    ticks: list[float]
    """The numbers beside the losses."""
    iterations: list[int]
    """The numbers below the curve."""
    bottom: float
    """The least of the losses' axis, on its scale."""
    top: float

    @classmethod
    def of(cls, size: tuple[float, float], iterations: tuple[int, int], losses: tuple[float, float]) -> Axes:
        """Axes for (first, last) iteration and (least, greatest) loss; the numbers lie around the losses."""
        (first, last), (low, high) = iterations, losses
        last = max(last, first + 1)
        is_logarithmic = low > 0 and high / low >= LOGARITHMIC_FROM
        scale = math.log10 if is_logarithmic else float
        ticks = log_numbers(low, high) if is_logarithmic else axis_numbers(low, high)
        bottom, top = min(scale(low), scale(ticks[0])), max(scale(high), scale(ticks[-1]))
        count = min(MOST_ITERATIONS, int((size[0] - RIGHT - 40.0) / (WIDEST_DIGIT * len(f"{last}") + 2 * NUMBER_GAP)))
        return cls(size, first, last, is_logarithmic, ticks, whole_numbers(first, last, count), bottom, top)

    @functools.cached_property
    def left(self) -> float:
        """The left margin: as wide as the longest number beside the axis."""
        return NUMBER_GAP + 6.0 + WIDEST_DIGIT * max(map(len, tick_texts(self.ticks)))

    def at(self, i: float, v: float) -> tuple[float, float]:
        """The place of a loss at an iteration."""
        (width, height), scaled = self.size, math.log10(v) if self.is_logarithmic else v
        x = self.left + (width - self.left - RIGHT) * (i - self.first) / (self.last - self.first)
        return x, BOTTOM + (height - BOTTOM - TOP) * (scaled - self.bottom) / max(self.top - self.bottom, 1e-300)

    def draw(self, canvas: Canvas, label: str) -> None:
        """Draw the lines, their numbers, and the axes' names: `label` is that of the losses."""
        for tick, text in zip(self.ticks, tick_texts(self.ticks), strict=True):
            canvas.line([self.at(self.first, tick), self.at(self.last, tick)], "grid", width=1.0)
            x, y = self.at(self.first, tick)
            canvas.text((x - NUMBER_GAP, y - LETTERS / 2), text, "muted", size=LETTERS, align="right")
        for i in self.iterations:
            x, y = self.at(i, self.ticks[0])
            canvas.line([(x, y), (x, y - 4.0)], "muted", width=1.0)
            canvas.text((x, y - LETTERS - 7.0), f"{i}", "muted", size=LETTERS, align="centre")
        width, height = self.size
        canvas.text((width - RIGHT, 5.0), "iteration", "muted", size=LETTERS, align="right")
        canvas.text((6.0, height - LETTERS - 8.0), label, "muted", size=LETTERS)


def log_numbers(low: float, high: float) -> list[float]:
    """Several round numbers around a positive range: powers of ten, and 2 and 5 times those where they are few.

    >>> log_numbers(0.03, 0.9), log_numbers(1e-9, 2e-1)
    ([0.02, 0.05, 0.1, 0.2, 0.5, 1.0], [1e-09, 1e-07, 1e-05, 0.001, 0.1, 10.0])
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    stride = max(1, math.ceil((last - first) / 5))
    few = math.log10(high) - math.log10(low) < SUBDIVIDED_BELOW
    last = first + stride * math.ceil((last - first) / stride)
    every = [
        float(f"{m}e{k}") for k in range(first, last + 1, 1 if few else stride) for m in ((1, 2, 5) if few else (1,))
    ]
    every = [v for v in every if 0 < v < math.inf]  # not those beyond what a double holds
    below = max((k for k, v in enumerate(every) if v <= low), default=0)
    above = next((k for k, v in enumerate(every) if v >= high), len(every) - 1)
    return every[below : above + 1]


def axis_numbers(low: float, high: float, least: float = 1e-12) -> list[float]:
    """About four multiples of 1, 2 or 5 times a power of ten, around the range; a single number lies in their middle.

    >>> axis_numbers(0.0, 0.9), axis_numbers(50.0, 50.0)
    ([0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0], [47.0, 48.0, 49.0, 50.0, 51.0, 52.0, 53.0])
    """
    if high == low:
        low, high = (low - 0.05 * abs(low), low + 0.05 * abs(low)) if low else (0.0, 1.0)
    spread = max(high - low, least)
    step = next(m * 10.0 ** math.floor(math.log10(spread)) for m in (0.2, 0.5, 1, 2) if
                m * 10.0 ** math.floor(math.log10(spread)) >= spread / 5)  # fmt: skip
    first = math.floor(low / step)
    return [k * step for k in range(first, math.ceil(high / step) + 1)]


def whole_numbers(first: int, last: int, most: int) -> list[int]:
    """The multiples of 1, 2 or 5 times a power of ten from `first` to `last`, `most` + 1 of them or fewer.

    >>> whole_numbers(0, 200, 4), whole_numbers(0, 1, 4), whole_numbers(0, 511, 3)
    ([0, 50, 100, 150, 200], [0, 1], [0, 200, 400])
    """
    power, wide = 1, (last - first) / max(most, 1)
    while 10 * power < wide:
        power *= 10
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= wide)
    return [*range(-(-first // step) * step, last + 1, step)]


def tick_texts(ticks: Sequence[float]) -> list[str]:
    """The numbers beside an axis, each in as few digits as say it.

    >>> tick_texts([0.0, 0.5, 1.0]), tick_texts([1000.0, 1000.5]), tick_texts([10000.0, 15000.0, 20000.0])
    (['0', '0.5', '1'], ['1000', '1000.5'], ['10000', '15000', '20000'])
    >>> tick_texts([1e-9, 1e-7, 1e-5, 0.001, 0.1]), tick_texts([2e6, 2.5e6])
    (['1e-9', '1e-7', '1e-5', '0.001', '0.1'], ['2e6', '2.5e6'])
    """
    return [_text(v) for v in ticks]


def _text(v: float) -> str:
    """The fewest digits that say the number but for its rounding."""
    digits, power = next(t for n in range(17) if abs(float(t := f"{v:.{n}e}") - v) <= ROUNDING * abs(v)).split("e")
    if v == 0 or 1e-3 <= abs(v) < 1e5:
        return f"{v:.{max(0, len(digits.partition('.')[2]) - int(power))}f}"
    return f"{digits}e{int(power)}"
