"""Pictures of an optimisation: the scene at several iterations, with trails, past attempts and the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.base import Scene
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.compiled import Trajectory, compiled
from rosesim.view.curve import loss_curve
from rosesim.view.raster import Box, render
from rosesim.view.theme import colours

HEIGHT = 400
"""Of the picture, in pixels; its width follows from the scene's extent."""
CAPTION, CURVE, GAP = 64, 240, 10
"""Height of the caption, width of the curve beside the scene, space around both, in pixels."""
FRAMES = 30
"""Frames an attempt is shown in."""
FRAME_SECONDS, HOLD_SECONDS, LAST_HOLD_SECONDS = 0.04, 0.5, 2.5

AnyScene = Scene[Any, Any, Any]


@dataclass(frozen=True)
class Attempt:
    """The params of one iteration, their loss, and where they lead."""

    iteration: int
    loss: float
    params: Any
    trajectory: Trajectory[Any]


def attempts(
    scene: AnyScene, inputs: Any, remembered: Sequence[tuple[int, Any]], losses: Sequence[float]
) -> list[Attempt]:
    """Attempts from (iteration, params) pairs and the losses of all iterations."""
    program = compiled(scene)
    return [Attempt(i, losses[i], params, program.trajectory(params, inputs)) for i, params in remembered]


def movie(
    scene: AnyScene, inputs: Any, attempts: Sequence[Attempt], losses: Sequence[float]
) -> tuple[list[NDArray[np.uint8]], list[float]]:
    """The attempts one after the other, as frames and how long each is shown, in seconds."""
    frames: list[NDArray[np.uint8]] = []
    seconds: list[float] = []
    for k, attempt in enumerate(attempts):
        so_far = attempts[: k + 1]
        words = _beside(scene, attempt, losses)
        for t in _times(len(attempt.trajectory)):
            frames.append(np.concatenate([_scene_picture(scene, inputs, so_far, t), words], axis=1))
            seconds.append(FRAME_SECONDS)
        seconds[-1] = LAST_HOLD_SECONDS if k == len(attempts) - 1 else HOLD_SECONDS
    return frames, seconds


def picture(
    scene: AnyScene, inputs: Any, attempts: Sequence[Attempt], losses: Sequence[float], t: int
) -> NDArray[np.uint8]:
    """State t of the last of the attempts, the earlier ones faint, with caption and loss curve."""
    left = _scene_picture(scene, inputs, attempts, t)
    return np.concatenate([left, _beside(scene, attempts[-1], losses)], axis=1)


def _scene_picture(scene: AnyScene, inputs: Any, attempts: Sequence[Attempt], t: int) -> NDArray[np.uint8]:
    left, bottom, right, top = scene.extent
    inner = HEIGHT - 2 * GAP
    wide = round(inner * (right - left) / (top - bottom))
    panel = scene_canvas(scene, inputs, attempts, t), Box(GAP, GAP, wide, inner)
    return render((wide + GAP, HEIGHT), [panel], colours(scene.colours))


def _beside(scene: AnyScene, now: Attempt, losses: Sequence[float]) -> NDArray[np.uint8]:
    """The caption and the loss curve, which stay while an attempt is shown."""
    high = HEIGHT - 2 * GAP - CAPTION
    panels = [
        (_caption(now), Box(GAP, GAP, CURVE, CAPTION)),
        (loss_curve(losses, now.iteration, CURVE / high), Box(GAP, GAP + CAPTION, CURVE, high)),
    ]
    return render((CURVE + 2 * GAP, HEIGHT), panels, colours(scene.colours))


def scene_canvas(scene: AnyScene, inputs: Any, attempts: Sequence[Attempt], t: int) -> Canvas:
    """State t of the last of the attempts, its trail until then, and the whole trails of the others."""
    now = attempts[-1]
    canvas = Canvas(scene.extent)
    scene.backdrop(canvas, now.params, inputs)
    thin = 0.005 * canvas.height
    for past in attempts[:-1]:
        for path in _trails(scene, past.trajectory, len(past.trajectory)):
            canvas.line(path, "ghost", width=thin, opacity=0.5)
            canvas.circle(path[-1], 2 * thin, "ghost", opacity=0.5)
    for path in _trails(scene, now.trajectory, t + 1):
        canvas.line(path, "trail", width=1.6 * thin)
    scene.draw(canvas, now.trajectory[t], now.params, inputs)
    return canvas


def _trails(scene: AnyScene, trajectory: Trajectory[Any], count: int) -> Iterator[NDArray[np.float64]]:
    """The paths through the first `count` states; few points, for a pixel is wider than a step."""
    some = np.unique(np.linspace(0, count - 1, 120).round().astype(int))
    points = np.stack([np.asarray(scene.trail(trajectory[int(k)])) for k in some])
    return (points[:, k] for k in range(points.shape[1]))


def _times(states: int) -> list[int]:
    return np.linspace(0, states - 1, min(FRAMES, states)).round().astype(int).tolist()


def _caption(now: Attempt) -> Canvas:
    canvas = Canvas((0.0, 0.0, CURVE / CAPTION, 1.0))
    canvas.text((0.1, 0.58), f"iteration {now.iteration}", "ink", size=0.26)
    canvas.text((0.1, 0.12), f"loss {now.loss:.3g}", "ink", size=0.26)
    return canvas
