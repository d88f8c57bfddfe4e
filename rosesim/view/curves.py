"""The loss curves of several runs in one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.canvas import Canvas
from rosesim.view.axes import LETTERS, Axes
from rosesim.view.raster import Box, render
from rosesim.view.theme import colours

WIDTH, HEIGHT, ROW = 760, 420, 18
"""Size of the curves and height of a line of the legend, in pixels."""
LEFT = 46.0
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#22252b")
"""The colours of Okabe & Ito, which people with any colour vision tell apart, without their yellow."""


def loss_curves(runs: Sequence[tuple[str, Sequence[float]]], label: str = "loss") -> NDArray[np.uint8]:
    """The picture, of shape (height, width, 3): a curve for each (name, losses), with a legend below.

    The axis is logarithmic where all losses are positive and differ by ten times or more; `label` says what they
    measure. Raises ValueError without a finite loss.

    >>> loss_curves([("first", [1.0, 0.5, 0.25]), ("second", [1.0, 0.1, 0.01])], "distance, m").shape
    (456, 760, 3)
    """
    known = [[(i, v) for i, v in enumerate(losses) if math.isfinite(v)] for _, losses in runs]
    values = [v for curve in known for _, v in curve]
    if not values:
        raise ValueError("no finite loss was given; expected one or more")
    below = ROW * len(runs)
    size = (WIDTH, HEIGHT + below)
    legend, canvas = Canvas((0.0, 0.0, float(WIDTH), float(below))), Canvas((0.0, 0.0, float(WIDTH), float(HEIGHT)))
    legend.box((0.0, 0.0), (WIDTH, below), "panel")
    canvas.box((0.0, 0.0), (WIDTH, HEIGHT), "panel")
    last = max(curve[-1][0] for curve in known if curve)
    axes = Axes.of((float(WIDTH), float(HEIGHT)), (0, last), (min(values), max(values)))
    axes.draw(canvas, label)
    for k, ((name, _), curve) in enumerate(zip(runs, known, strict=True)):
        role = f"run {k}"
        if len(curve) > 1:
            canvas.line([axes.at(*p) for p in curve], role, width=2.0)
        elif curve:
            canvas.circle(axes.at(*curve[0]), 3.0, role)
        y = below - ROW * k - ROW / 2
        legend.line([(LEFT, y), (LEFT + 24, y)], role, width=3.0)
        best = f"{name}: best {min(v for _, v in curve):.4g}" if curve else f"{name}: no finite loss"
        legend.text((LEFT + 34, y - LETTERS / 2), best, "ink", size=LETTERS)
    own = {f"run {k}": COLOURS[k % len(COLOURS)] for k in range(len(runs))}
    panels = [(canvas, Box(0, 0, WIDTH, HEIGHT)), (legend, Box(0, HEIGHT, WIDTH, below))]
    return render(size, panels, colours(own))
