"""The loss against the iteration, as a canvas."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rosesim.scenes.canvas import Canvas
from rosesim.view.axes import Axes

DOT = 5.0


def loss_curve(
    points: Sequence[tuple[int, float]], now: int, size: tuple[float, float], label: str = "loss"
) -> Canvas:
    """The curve of (iteration, loss) points: faint as a whole, strong up to iteration `now`, with a dot there.

    The canvas has the size (width, height) in points, so that the letters do not scale with it. `label` says what the
    loss measures (`Measure.label`).

    >>> len(loss_curve([(0, 1.0), (1, 0.5), (2, 0.25)], 1, (300.0, 200.0)).primitives) > 3
    True
    """
    canvas = Canvas((0.0, 0.0, *size))
    canvas.box((0.0, 0.0), size, "panel")
    path = [(i, v) for i, v in points if math.isfinite(v)]
    if not path:
        return canvas
    axes = Axes.of(size, (points[0][0], points[-1][0]), (min(v for _, v in path), max(v for _, v in path)))
    axes.draw(canvas, label)
    if now < points[-1][0]:
        canvas.line([axes.at(*p) for p in path], "muted", width=1.5, opacity=0.45)
    so_far = [axes.at(i, v) for i, v in path if i <= now]
    canvas.line(so_far, "curve", width=2.25)
    if so_far:
        canvas.circle(so_far[-1], DOT + 1.5, "panel")
        canvas.circle(so_far[-1], DOT, "curve")
    return canvas
