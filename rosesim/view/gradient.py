"""The gradient as arrows: where descent would move the handles that a user can drag."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.base import Scene
from rosesim.scenes.picture import picture
from rosesim.scenes.tree import FlatView

PUSH = 1e-6
"""Params are moved by this part of their length: far above rounding, far below the scale of curvature."""

Arrow = tuple[NDArray[np.float64], NDArray[np.float64]]


def gradient_arrows(
    scene: Scene[Any, Any, Any], params: Any, inputs: Any, gradient: Any, longest: float
) -> list[Arrow]:
    """(tail, vector) for each handle that params move: its motion along minus the gradient.

    The longest vector has the length `longest`, the others are in proportion. There are none for a gradient of zero,
    or for one that moves no handle.
    """
    flat = FlatView.of(params)
    x, g = flat.flatten(params), flat.flatten(gradient)
    steep = float(np.linalg.norm(g))
    if not (np.isfinite(steep) and steep > 0):
        return []
    push = PUSH * max(1.0, float(np.linalg.norm(x)))
    here = picture(scene).handles(params, inputs)
    there = picture(scene).handles(flat.unflatten(x - push / steep * g), inputs)
    moves = {name: (np.asarray(there[name]) - here[name]) / push for name in here}
    most = max((float(np.hypot(*v)) for v in moves.values()), default=0.0)
    if not (np.isfinite(most) and most > PUSH):  # a smaller motion is rounding
        return []
    return [(np.asarray(here[name]), longest / most * v) for name, v in moves.items() if v.any()]
