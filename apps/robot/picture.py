"""A robot from the side, in two dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rosesim import robots, stack
from rosesim.robots.description import Geom
from rosesim.scenes import Canvas


def from_the_side(
    canvas: Canvas,
    model: robots.Model,
    q: Any,
    middle: tuple[Any, Any],
    colour: Callable[[Geom], str],
    scale: float = 1.0,
) -> None:
    """Each shape as a line or disc in the plane of x and z, with `middle` at the picture's origin, a metre as long as
    `scale` says."""
    places, quats = model.geom_positions(q)
    for k, geom in enumerate(model.description.geoms):
        if geom.kind in ("plane", "hfield", "mesh"):
            continue
        at = scale * stack([places[k][0] - middle[0], places[k][2] - middle[1]])
        if geom.kind in ("capsule", "cylinder"):
            w, i, j, n = quats[k][0], quats[k][1], quats[k][2], quats[k][3]
            along = scale * geom.size[1] * stack([2.0 * (i * n + w * j), 1.0 - 2.0 * (i * i + j * j)])
            canvas.line(stack([at - along, at + along]), colour(geom), width=2.0 * scale * geom.size[0])
        else:
            canvas.circle(at, scale * float(np.mean(geom.size)), colour(geom))
