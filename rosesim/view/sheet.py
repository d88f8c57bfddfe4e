"""A contact sheet: an optimisation at a glance, with an iteration in each row and later states to the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.base import AnyScene
from rosesim.scenes.canvas import Canvas
from rosesim.view import stage
from rosesim.view.attempt import Attempt
from rosesim.view.curve import loss_curve
from rosesim.view.history import History
from rosesim.view.movie import times
from rosesim.view.raster import Box, render
from rosesim.view.theme import colours
from rosesim.view.words import short, wrapped

ROWS, COLUMNS = 4, 4
CELL_PIXELS = 60_000
"""Pixels of one picture of the scene: about 270 by 220."""
WORDS, GAP, LINE = 118, 8, 26
"""Width of the text beside a row, space around everything, height of the line of times, in pixels."""
CURVE_HEIGHT = 190


def contact_sheet(
    scene: AnyScene, inputs: Any, attempts: Sequence[Attempt], losses: Sequence[float]
) -> NDArray[np.uint8]:
    """Up to four iterations, with the first and the last, at four times each, above the loss curve.

    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.view import attempts
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> shown = attempts(scene, inputs, [(0, scene.params(np.random.default_rng(0)))], losses=[0.3])
    >>> contact_sheet(scene, inputs, shown, [0.3]).shape[2]
    3
    """
    left, bottom, right, top = scene.extent
    aspect = (right - left) / (top - bottom)
    wide = round((CELL_PIXELS * aspect) ** 0.5)
    high = round(wide / aspect)
    chosen = sorted({round(k) for k in np.linspace(0, len(attempts) - 1, ROWS)})
    moments = times(len(attempts[0].trajectory), COLUMNS)
    width = WORDS + len(moments) * (wide + GAP)
    panels: list[tuple[Canvas, Box]] = []
    for column, t in enumerate(moments):
        x = WORDS + column * (wide + GAP)
        panels.append((_words(wide, LINE, [f"step {attempts[0].trajectory.times[t]}"]), Box(x, 0, wide, LINE)))
    for row, k in enumerate(chosen):
        now, y = attempts[k], LINE + row * (high + GAP)
        lines = [f"iteration {now.iteration}", *_measured(scene.measure.name, short(now.loss))]
        panels.append((_words(WORDS - GAP, high, lines), Box(GAP, y, WORDS - GAP, high)))
        below = stage.below(scene, now.params, inputs, attempts[:k])
        for column, t in enumerate(moments):
            box = Box(WORDS + column * (wide + GAP), y, wide, high)
            above = stage.above(scene, now, now.params, inputs, t, None, ghosts=attempts[:k])
            panels += [(below, box), (above, box)]
    y = LINE + len(chosen) * (high + GAP)
    box = Box(WORDS, y, width - WORDS - GAP, CURVE_HEIGHT)
    points, size = History.of(losses).points, (box.width, box.height)
    panels.append((loss_curve(points, attempts[-1].iteration, size, scene.measure.label), box))
    return render((width, y + CURVE_HEIGHT + GAP), panels, colours(scene.colours))


def _measured(name: str, number: str) -> list[str]:
    """The loss in one line, or in as many as its name needs."""
    *above, last = wrapped(name, WORDS - GAP)
    return [*above, *wrapped(f"{last} {number}", WORDS - GAP)]


def _words(width: int, height: int, lines: Sequence[str]) -> Canvas:
    canvas = Canvas((0.0, 0.0, width, height))
    for k, line in enumerate(lines):
        canvas.text((1.0, height - 18 - 18 * k), line, "muted" if k else "ink", size=9.0)
    return canvas
