"""What a picture of a scene shows, in files and in the window alike: what stays below, what moves above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rosesim.scenes.base import Scene
from rosesim.scenes.canvas import Canvas
from rosesim.view.attempt import Attempt
from rosesim.view.gradient import Arrow

AnyScene = Scene[Any, Any, Any]

THIN = 0.005
"""Width of a past path, in parts of the picture's height; the present one is wider."""
GHOST_OPACITY = 0.5
RING = 0.022
"""Radius of the ring around what can be dragged, in parts of the picture's height."""
LONGEST_ARROW, SHORTEST_ARROW = 0.16, 0.05
"""Of the gradient, in parts of the picture's height."""


def below(scene: AnyScene, params: Any, inputs: Any, ghosts: Sequence[Attempt]) -> Canvas:
    """The backdrop, and the whole paths of past attempts."""
    canvas = Canvas(scene.extent)
    scene.backdrop(canvas, params, inputs)
    thin = THIN * canvas.height
    for past in ghosts:
        for path in past.trails():
            canvas.line(path, "ghost", width=thin, opacity=GHOST_OPACITY)
            canvas.circle(path[-1], 2 * thin, "ghost", opacity=GHOST_OPACITY)
    return canvas


def above(scene: AnyScene, now: Attempt, params: Any, inputs: Any, t: int, *, trails: bool = True) -> Canvas:
    """State t of an attempt, and its path until then."""
    canvas = Canvas(scene.extent)
    for path in now.trails(t) if trails else ():
        canvas.line(path, "trail", width=1.6 * THIN * canvas.height)
    scene.draw(canvas, now.trajectory[t], params, inputs)
    return canvas


def arrow_length(scene: AnyScene, steep: float, steepest: float) -> float:
    """How long the longest gradient arrow is: its cube root shows a fall by a thousand as one by ten."""
    height = scene.extent[3] - scene.extent[1]
    part = (steep / steepest) ** (1 / 3) if steepest > 0 else 0.0
    return height * max(LONGEST_ARROW * part, SHORTEST_ARROW)


def draw_gradient(canvas: Canvas, arrows: Sequence[Arrow]) -> None:
    """The gradient's arrows."""
    for tail, vector in arrows:
        canvas.arrow(tail, vector, "gradient", width=1.4 * THIN * canvas.height)


def draw_handles(canvas: Canvas, handles: Mapping[str, tuple[float, float]], hovered: str | None) -> None:
    """Rings around what can be dragged; a strong one, and its name, at what the mouse is on."""
    radius, thin = RING * canvas.height, THIN * canvas.height
    for name, at in handles.items():
        if name != hovered:
            canvas.circle(at, radius, "handle", width=0.5 * thin, opacity=0.6)
    if hovered is not None:
        x, y = handles[hovered]
        canvas.circle((x, y), radius, "handle", opacity=0.25)
        canvas.circle((x, y), 1.5 * radius, "handle", width=thin)
        canvas.text((x, y + 2.1 * radius), hovered, "handle", size=0.9 * radius, align="centre")
