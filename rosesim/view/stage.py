"""A scene's picture, in files and in the window alike: a lower layer that stays, an upper layer that moves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rosesim.scenes.base import AnyScene
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.picture import picture
from rosesim.scenes.space import Orbit, Space
from rosesim.view.attempt import Attempt
from rosesim.view.gradient import Arrow

THIN = 0.005
"""Width of a past path relative to the picture's height; the present one is wider."""
GHOST_OPACITY = 0.5
RING = 0.022
"""Radius of the ring around a handle, relative to the picture's height."""
HOVERED = 2.2
"""Factor by which that ring is larger under the mouse, so that it does not cover the thing inside."""
LONGEST_ARROW = 0.16
"""Length of the gradient's longest arrow, relative to the picture's height."""
SLENDER = 9.0
"""An arrow is at least this many times as long as wide; its head takes half of that."""


def below(scene: AnyScene, params: Any, inputs: Any, ghosts: Sequence[Attempt]) -> Canvas:
    """The backdrop, and the whole paths of past attempts."""
    canvas = Canvas(scene.extent)
    picture(scene).backdrop(canvas, params, inputs)
    _draw_past(canvas, ghosts)
    return canvas


def above(
    scene: AnyScene,
    now: Attempt,
    params: Any,
    inputs: Any,
    t: int,
    ghost: Attempt | None,
    *,
    ghosts: Sequence[Attempt] = (),
    trails: bool = True,
) -> Canvas:
    """State t of an attempt with its path until then, and the same state of an earlier attempt beside it.

    A view of space hides what lies below it, so paths lie above one, those of past attempts (`ghosts`) too.
    """
    canvas = Canvas(scene.extent)
    for path in now.trails(t) if trails else ():
        canvas.line(path, "trail", width=1.6 * THIN * canvas.height)
    paths = canvas.primitives[:]
    if ghost is not None:
        picture(scene).ghost(canvas, ghost.trajectory[t], ghost.params, inputs)
    picture(scene).draw(canvas, now.trajectory[t], params, inputs)
    if any(isinstance(p, Space) for p in canvas.primitives):
        del canvas.primitives[: len(paths)]
        _draw_past(canvas, ghosts)
        canvas.primitives.extend(paths)
    return canvas


def _draw_past(canvas: Canvas, ghosts: Sequence[Attempt]) -> None:
    """Draw the whole paths of past attempts."""
    thin = THIN * canvas.height
    for past in ghosts:
        for path in past.trails():
            canvas.line(path, "ghost", width=thin, opacity=GHOST_OPACITY)
            canvas.circle(path[-1], 2 * thin, "ghost", opacity=GHOST_OPACITY)


def move_eye(canvases: Sequence[Canvas], orbit: Orbit) -> bool:
    """Move the eye of each view of space as the user has; whether there is one."""
    found = False
    for canvas in canvases:
        for k, p in enumerate(canvas.primitives):
            if isinstance(p, Space):
                found = True
                canvas.primitives[k] = p.orbited(orbit)
    return found


def arrow_length(scene: AnyScene, steep: float, steepest: float) -> float:
    """Length of the longest gradient arrow. It follows the cube root: a fall by a thousand shows as one by ten."""
    part = (steep / steepest) ** (1 / 3) if steepest > 0 else 0.0
    return LONGEST_ARROW * part * (scene.extent[3] - scene.extent[1])


def draw_gradient(canvas: Canvas, arrows: Sequence[Arrow]) -> None:
    """Draw the gradient's arrows; a short one is thin, so that its head leaves some of the shaft visible."""
    for tail, vector in arrows:
        width = min(1.4 * THIN * canvas.height, math.hypot(*vector) / SLENDER)
        canvas.arrow(tail, vector, "gradient", width=width)


def draw_handles(canvas: Canvas, handles: Mapping[str, tuple[float, float]], hovered: str | None) -> None:
    """Draw rings around the handles, and a larger one with a name around the handle under the mouse."""
    radius, thin = RING * canvas.height, THIN * canvas.height
    for name, at in handles.items():
        if name != hovered:
            _ring(canvas, at, 0.8 * radius, 0.4 * thin)
    if hovered is not None:
        x, y = handles[hovered]
        _ring(canvas, (x, y), HOVERED * radius, 0.8 * thin)
        size = 0.8 * radius
        half, low = (0.35 * len(hovered) + 0.8) * size, y + (HOVERED + 0.5) * radius
        if low + 2.2 * size > canvas.extent[3]:
            low = y - (HOVERED + 0.5) * radius - 2.2 * size
        canvas.box((x - half, low), (x + half, low + 2.2 * size), "panel")
        canvas.text((x, low + 0.6 * size), hovered, "ink", size=size, align="centre")


def _ring(canvas: Canvas, centre: tuple[float, float], radius: float, width: float) -> None:
    """A dark ring with a light rim on both sides, visible on any background."""
    canvas.circle(centre, radius, "panel", width=3 * width)
    canvas.circle(centre, radius, "ink", width=width)
