"""The loss against the iteration, as a canvas."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rosesim.scenes.canvas import Canvas

LEFT, BOTTOM, RIGHT, TOP = 46.0, 34.0, 14.0, 16.0
"""Margins of the curve for its numbers, in points."""
LETTERS = 8.5
DOT = 5.0

LOGARITHMIC_FROM = 10.0
"""A positive loss that falls by at least this factor is shown on a logarithmic axis."""


def loss_curve(points: Sequence[tuple[int, float]], now: int, size: tuple[float, float]) -> Canvas:
    """The curve of (iteration, loss) points: faint as a whole, strong up to iteration `now`, with a dot there.

    The canvas has the size (width, height) in points, so that the letters do not scale with it.

    >>> len(loss_curve([(0, 1.0), (1, 0.5), (2, 0.25)], 1, (300.0, 200.0)).primitives) > 3
    True
    """
    width, height = size
    canvas = Canvas((0.0, 0.0, width, height))
    canvas.box((0.0, 0.0), (width, height), "panel")
    path = [(i, v) for i, v in points if math.isfinite(v)]
    if not path:
        return canvas
    low, high = min(v for _, v in path), max(v for _, v in path)
    logarithmic = low > 0 and high / low >= LOGARITHMIC_FROM
    scale = math.log10 if logarithmic else float
    ticks = powers_of_ten(low, high) if logarithmic else axis_numbers(low, high)
    bottom, top = min(scale(low), *map(scale, ticks)), max(scale(high), *map(scale, ticks))
    first, last = points[0][0], max(points[-1][0], points[0][0] + 1)

    def at(i: float, v: float) -> tuple[float, float]:
        x = LEFT + (width - LEFT - RIGHT) * (i - first) / (last - first)
        return x, BOTTOM + (height - BOTTOM - TOP) * (scale(v) - bottom) / max(top - bottom, 1e-300)

    for tick in ticks:
        canvas.line([at(first, tick), at(last, tick)], "grid", width=1.0)
        x, y = at(first, tick)
        canvas.text((x - 8, y - LETTERS / 2), short(tick), "muted", size=LETTERS, align="right")
    under = BOTTOM - LETTERS - 13
    canvas.text((LEFT, under), f"iteration {first}", "muted", size=LETTERS)
    canvas.text((width - RIGHT, under), f"{last}", "muted", size=LETTERS, align="right")
    if now < points[-1][0]:
        canvas.line([at(*p) for p in path], "muted", width=1.5, opacity=0.45)
    so_far = [at(i, v) for i, v in path if i <= now]
    canvas.line(so_far, "curve", width=2.25)
    if so_far:
        canvas.circle(so_far[-1], DOT + 1.5, "panel")
        canvas.circle(so_far[-1], DOT, "curve")
    return canvas


def powers_of_ten(low: float, high: float) -> list[float]:
    """At most about six powers of ten around the range."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    stride = max(1, (last - first) // 5)
    return [10.0**k for k in range(first, last + 1, stride)]


def axis_numbers(low: float, high: float, least: float = 1e-12) -> list[float]:
    """About four multiples of 1, 2 or 5 times a power of ten, around the range."""
    spread = max(high - low, 0.1 * max(abs(low), abs(high)) if high == low else 0.0, least)
    step = next(m * 10.0 ** math.floor(math.log10(spread)) for m in (0.2, 0.5, 1, 2) if
                m * 10.0 ** math.floor(math.log10(spread)) >= spread / 5)  # fmt: skip
    first = math.floor(low / step)
    return [k * step for k in range(first, math.ceil(high / step) + 1)]


def short(v: float) -> str:
    """A number beside an axis."""
    return f"{v:.3g}" if v == 0 or 1e-3 <= abs(v) < 1e4 else f"{v:.0e}".replace("e-0", "e-").replace("e+0", "e")
