"""Pictures of an optimisation: the scene at several iterations, with trails, past attempts and the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.base import AnyScene
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.measure import Measure
from rosesim.view import stage
from rosesim.view.attempt import Attempt
from rosesim.view.curve import loss_curve
from rosesim.view.history import History
from rosesim.view.panel import Panel
from rosesim.view.raster import Box, render
from rosesim.view.theme import colours
from rosesim.view.words import short

Picture = NDArray[np.uint8]

SCENE_PIXELS = 180_000
"""Pixels of the scene in a frame: about 470 by 380; a wider scene has the same area."""
WIDEST = 640
CAPTION, CURVE, LEAST_CURVE, GAP = 72, 240, 170, 10
"""Height of the caption, the curve's width beside the scene and its least height, space around all, in pixels."""
FRAMES = 30
"""Frames per attempt."""
FRAME_SECONDS, HOLD_SECONDS, LAST_HOLD_SECONDS = 0.04, 0.5, 2.5


@dataclass(frozen=True)
class Frame:
    """The places in a frame: the curve is beside a scene that is high enough, else below it."""

    size: tuple[int, int]
    scene: Box
    caption: Box
    curve: Box

    @classmethod
    def of(cls, scene: AnyScene) -> Frame:
        """The frame for a scene's aspect ratio; both sides are even, as video codecs require."""
        left, bottom, right, top = scene.extent
        aspect = (right - left) / (top - bottom)
        wide = min(round((SCENE_PIXELS * aspect) ** 0.5), WIDEST)
        high = round(wide / aspect)
        if high >= CAPTION + LEAST_CURVE:
            x = wide + 2 * GAP
            caption, curve = Box(x, GAP, CURVE, CAPTION), Box(x, GAP + CAPTION, CURVE, high - CAPTION)
            size = x + CURVE + GAP, high + 2 * GAP
        else:
            y = high + 2 * GAP
            caption = Box(GAP, y, CURVE, LEAST_CURVE)
            curve = Box(CURVE + GAP, y, wide - CURVE, LEAST_CURVE)
            size = wide + 2 * GAP, y + LEAST_CURVE + GAP
        return cls((size[0] + size[0] % 2, size[1] + size[1] % 2), Box(GAP, GAP, wide, high), caption, curve)


def movie(
    scene: AnyScene, inputs: Any, attempts: Sequence[Attempt], losses: Sequence[float]
) -> tuple[list[Picture], list[float]]:
    """The attempts one after the other, as frames and the seconds that each is shown.

    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.view import attempts
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> shown = attempts(scene, inputs, [(0, scene.params(np.random.default_rng(0)))], losses=[0.3])
    >>> frames, seconds = movie(scene, inputs, shown, [0.3])
    >>> len(frames), frames[0].shape[2], len(seconds)
    (30, 3, 30)
    """
    frames: list[Picture] = []
    seconds: list[float] = []
    where, theme = Frame.of(scene), colours(scene.colours)
    box = where.scene
    rows, columns = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
    panel = Panel(Box(0, 0, box.width, box.height), scene.extent, theme, layers=2)
    for k, attempt in enumerate(attempts):
        now = render(where.size, _beside(where, attempt, losses, scene.measure), theme)
        now[rows, columns] = panel.pixels
        below = stage.below(scene, attempt.params, inputs, attempts[:k])
        for t in times(len(attempt.trajectory), FRAMES):
            first = attempts[0] if k else None
            above = stage.above(scene, attempt, attempt.params, inputs, t, first, ghosts=attempts[:k])
            changed = panel.show(below, above)
            now = now.copy()
            now[rows, columns][changed] = panel.pixels[changed]
            frames.append(now)
            seconds.append(FRAME_SECONDS)
        seconds[-1] = LAST_HOLD_SECONDS if k == len(attempts) - 1 else HOLD_SECONDS
    return frames, seconds


def times(states: int, count: int) -> list[int]:
    """`count` states, or all where there are fewer: the first, the last, and others evenly between."""
    return np.linspace(0, states - 1, min(count, states)).round().astype(int).tolist()


def _beside(where: Frame, now: Attempt, losses: Sequence[float], measure: Measure) -> list[tuple[Canvas, Box]]:
    """The caption and the loss curve, which stay while an attempt is shown."""
    size = (where.curve.width, where.curve.height)
    curve = loss_curve(History.of(losses).points, now.iteration, size, measure.label)
    return [(_caption(now, where.caption, measure.name), where.caption), (curve, where.curve)]


def _caption(now: Attempt, box: Box, measured: str) -> Canvas:
    canvas = Canvas((0.0, 0.0, box.width, box.height))
    top = box.height
    for x, label, text in ((2.0, "iteration", f"{now.iteration}"), (0.32 * box.width, measured, short(now.loss))):
        canvas.text((x, top - 18), label, "muted", size=9.0)
        canvas.text((x, top - 45), text, "ink", size=17.0)
    return canvas
