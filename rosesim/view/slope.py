"""A value along its gradient, with the tangent, at several scales, as a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rosesim.checks.along import Along
from rosesim.scenes.canvas import Canvas
from rosesim.view.axes import axis_numbers
from rosesim.view.raster import Box, render
from rosesim.view.theme import colours

WIDTH, HEIGHT, GAP, TITLE = 380, 260, 8, 34
"""Size of one scale's curve, of the space around it and of the line above them all, in pixels."""
LEFT, BOTTOM, RIGHT, TOP = 78.0, 40.0, 16.0, 30.0
"""Margins of a curve for its numbers."""
LETTERS = 8.5


def tangents(found: Along) -> NDArray[np.uint8]:
    """The picture, of shape (height, width, 3): two scales in each row, from the longest steps to the shortest.

    The tangent has the slope of the gradient. Where the curve does not follow it at any scale, the gradient is wrong,
    or is true only of pieces too short to be of use.

    >>> from rosesim import Real, fn, sin
    >>> from rosesim.checks.grads import along_gradient
    >>> tangents(along_gradient(fn(lambda x: sin(x)), 1.0)).shape
    (570, 784, 3)
    """
    columns, rows = 2, -(-len(found.steps) // 2)
    size = (GAP + columns * (WIDTH + GAP), TITLE + rows * (HEIGHT + GAP))
    title = Canvas((0.0, 0.0, size[0], TITLE))
    title.text((GAP, 11.0), f"{found.name} along its gradient: value {found.value:.6g}, slope {found.slope:.6g}",
               "ink", size=11.0)  # fmt: skip
    panels = [(title, Box(0, 0, size[0], TITLE))]
    for k, (steps, values) in enumerate(zip(found.steps, found.values, strict=True)):
        left, top = GAP + (k % columns) * (WIDTH + GAP), TITLE + (k // columns) * (HEIGHT + GAP)
        panels.append((tangent_curve(found, steps, values), Box(left, top, WIDTH, HEIGHT)))
    return render(size, panels, colours({}))


def tangent_curve(found: Along, steps: NDArray[np.float64], values: NDArray[np.float64]) -> Canvas:
    """One scale: the values as a curve, the tangent as a straight line, the point as a dot."""
    canvas = Canvas((0.0, 0.0, float(WIDTH), float(HEIGHT)))
    canvas.box((0.0, 0.0), (float(WIDTH), float(HEIGHT)), "panel")
    # The change is shown and not the value: at the shortest steps it is far smaller than the value.
    change = values - found.value
    known = np.isfinite(change)
    reach = float(steps[-1])
    line = found.slope * steps
    drawn = change[known]
    high = max(float(np.abs(drawn).max(initial=0.0)), 1e-300)
    if np.isfinite(line).all() and float(np.abs(line).max()) < 5 * high:  # a tangent far steeper is cut off
        high = max(high, float(np.abs(line).max()))
    ticks = axis_numbers(-high, high, least=1e-300)
    top = max(high, *map(abs, ticks))

    def at(t: float, v: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * (t / reach + 1) / 2
        return x, BOTTOM + (HEIGHT - BOTTOM - TOP) * (v / top + 1) / 2

    for tick in ticks:
        canvas.line([at(-reach, tick), at(reach, tick)], "grid", width=1.0)
        x, y = at(-reach, tick)
        canvas.text((x - 8, y - LETTERS / 2), f"{tick:.2g}", "muted", size=LETTERS, align="right")
    canvas.text((LEFT, BOTTOM - 22), f"{-reach:.0e}", "muted", size=LETTERS)
    canvas.text((WIDTH - RIGHT, BOTTOM - 22), f"{reach:.0e}", "muted", size=LETTERS, align="right")
    canvas.text((LEFT, HEIGHT - 20.0), f"change of the value, steps up to {reach:.0e}", "muted", size=LETTERS)
    if np.isfinite(found.slope):
        end = min(reach, top / abs(found.slope)) if found.slope else reach
        canvas.line([at(-end, -found.slope * end), at(end, found.slope * end)], "arrow", width=2.0)
    for part in _pieces(known):
        points = [at(float(t), float(v)) for t, v in zip(steps[part], change[part], strict=True)]
        if len(points) > 1:
            canvas.line(points, "curve", width=2.0)
    canvas.circle(at(0.0, 0.0), 4.0, "ink")
    return canvas


def _pieces(known: NDArray[np.bool_]) -> list[slice]:
    """The parts without a gap."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
