"""The loss curves of several runs in one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.canvas import Canvas
from rosesim.view.curve import BOTTOM, LEFT, LETTERS, LOGARITHMIC_FROM, RIGHT, TOP, axis_numbers, powers_of_ten, short
from rosesim.view.raster import Box, render
from rosesim.view.theme import colours

WIDTH, HEIGHT, ROW = 760, 420, 18
"""Size of the curves and height of a line of the legend, in pixels."""
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#22252b")
"""The colours of Okabe & Ito, which people with any colour vision tell apart, without their yellow."""


def loss_curves(runs: Sequence[tuple[str, Sequence[float]]]) -> NDArray[np.uint8]:
    """The picture, of shape (height, width, 3): a curve for each (name, losses), with a legend below.

    The axis is logarithmic where all losses are positive and differ by ten times or more. Raises ValueError without a
    finite loss.

    >>> loss_curves([("first", [1.0, 0.5, 0.25]), ("second", [1.0, 0.1, 0.01])]).shape
    (456, 760, 3)
    """
    known = [[(i, v) for i, v in enumerate(losses) if math.isfinite(v)] for _, losses in runs]
    values = [v for curve in known for _, v in curve]
    if not values:
        raise ValueError("no finite loss was given; expected one or more")
    size = (WIDTH, HEIGHT + ROW * len(runs))
    canvas = Canvas((0.0, 0.0, float(size[0]), float(size[1])))
    canvas.box((0.0, 0.0), size, "panel")
    low, high, last = min(values), max(values), max((curve[-1][0] for curve in known if curve), default=1) or 1
    logarithmic = low > 0 and high / low >= LOGARITHMIC_FROM
    scale = math.log10 if logarithmic else float
    ticks = powers_of_ten(low, high) if logarithmic else axis_numbers(low, high)
    bottom, top = min(scale(low), *map(scale, ticks)), max(scale(high), *map(scale, ticks))
    under = ROW * len(runs) + BOTTOM

    def at(i: float, v: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * i / last
        return x, under + (HEIGHT - BOTTOM - TOP) * (scale(v) - bottom) / max(top - bottom, 1e-300)

    for tick in ticks:
        canvas.line([at(0, tick), at(last, tick)], "grid", width=1.0)
        x, y = at(0, tick)
        canvas.text((x - 8, y - LETTERS / 2), short(tick), "muted", size=LETTERS, align="right")
    canvas.text((LEFT, under - LETTERS - 13), "iteration 0", "muted", size=LETTERS)
    canvas.text((WIDTH - RIGHT, under - LETTERS - 13), f"{last}", "muted", size=LETTERS, align="right")
    for k, ((name, _), curve) in enumerate(zip(runs, known, strict=True)):
        role = f"run {k}"
        if len(curve) > 1:
            canvas.line([at(*p) for p in curve], role, width=2.0)
        elif curve:
            canvas.circle(at(*curve[0]), 3.0, role)
        y = ROW * (len(runs) - k) - ROW / 2
        canvas.line([(LEFT, y), (LEFT + 24, y)], role, width=3.0)
        best = f"{name}: best {min(v for _, v in curve):.4g}" if curve else f"{name}: no finite loss"
        canvas.text((LEFT + 34, y - LETTERS / 2), best, "ink", size=LETTERS)
    own = {f"run {k}": COLOURS[k % len(COLOURS)] for k in range(len(runs))}
    return render(size, [(canvas, Box(0, 0, *size))], colours(own))
