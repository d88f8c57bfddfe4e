"""The loss against the iteration, as a canvas."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rosesim.scenes.canvas import Canvas

MARGIN = (0.17, 0.13, 0.04, 0.05)
"""Left, bottom, right, top: room for the numbers, in parts of the canvas's height."""

LOGARITHMIC_FROM = 10.0
"""A positive loss that falls by this factor or more is shown on a logarithmic axis."""


def loss_curve(losses: Sequence[float], now: int, aspect: float) -> Canvas:
    """The curve of all losses, faint, and up to iteration `now`, strong; the canvas is `aspect` by 1.

    >>> len(loss_curve([1.0, 0.5, 0.25], 1, 1.5).primitives) > 3
    True
    """
    canvas = Canvas((0.0, 0.0, aspect, 1.0))
    canvas.box((0.0, 0.0), (aspect, 1.0), "panel")
    finite = [v for v in losses if math.isfinite(v)]
    if not finite:
        return canvas
    low, high = min(finite), max(finite)
    logarithmic = low > 0 and high / low >= LOGARITHMIC_FROM
    scale = math.log10 if logarithmic else float
    ticks = _powers_of_ten(low, high) if logarithmic else _round_numbers(low, high)
    bottom, top = min(scale(low), *map(scale, ticks)), max(scale(high), *map(scale, ticks))
    left, under, right, above = MARGIN
    last = max(len(losses) - 1, 1)

    def at(i: float, v: float) -> tuple[float, float]:
        x = left + (aspect - left - right) * i / last
        return x, under + (1 - under - above) * (scale(v) - bottom) / max(top - bottom, 1e-300)

    for tick in ticks:
        canvas.line([at(0, tick), at(last, tick)], "grid", width=0.004)
        x, y = at(0, tick)
        canvas.text((x - 0.015, y - 0.015), _short(tick), "muted", size=0.034, align="right")
    for i in (0, last):
        x, _ = at(i, low)
        align = "left" if i == 0 else "right"
        canvas.text((x, under - 0.065), f"{i}" if i else "iteration 0", "muted", size=0.034, align=align)
    path = [at(i, v) for i, v in enumerate(losses) if math.isfinite(v)]
    canvas.line(path, "muted", width=0.006, opacity=0.45)
    so_far = [at(i, v) for i, v in enumerate(losses[: now + 1]) if math.isfinite(v)]
    canvas.line(so_far, "curve", width=0.009)
    if so_far:
        canvas.circle(so_far[-1], 0.02, "curve")
    return canvas


def _powers_of_ten(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    stride = max(1, (last - first) // 5)
    return [10.0**k for k in range(first, last + 1, stride)]


def _round_numbers(low: float, high: float) -> list[float]:
    """About four multiples of 1, 2 or 5 times a power of ten, around the range."""
    spread = max(high - low, 1e-6 * max(abs(low), abs(high)), 1e-12)
    step = next(m * 10.0 ** math.floor(math.log10(spread)) for m in (0.2, 0.5, 1, 2) if
                m * 10.0 ** math.floor(math.log10(spread)) >= spread / 5)  # fmt: skip
    first = math.floor(low / step)
    return [k * step for k in range(first, math.ceil(high / step) + 1)]


def _short(v: float) -> str:
    return f"{v:.3g}" if v == 0 or 1e-3 <= abs(v) < 1e4 else f"{v:.0e}".replace("e-0", "e-").replace("e+0", "e")
