"""The inputs of every peer: numbers of our scenes, as NumPy arrays.

rosesim is imported when they are requested, so that this does not count where a tool's import is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Run = Callable[[Array], tuple[Any, Any]]
"""One evaluation: from the tuned numbers as one vector to loss and gradient (for a batch, to all of them)."""

H, R, E = 0.003, 0.03, 0.8
"""For billiards: time step in seconds, radius of a ball, restitution."""
GOAL = np.array([0.9, 0.75])
SHOT = np.array([0.1, 0.5, 0.3, 0.0])
"""The published first shot: position and velocity of the cue ball."""
BREAK = np.array([0.42, 0.502, 0.9, 0.01])
"""A shot that hits within a few steps. Gradients are compared there too, because SHOT's is zero before step 512."""


def _scene(name: str, *settings: str) -> Any:
    from rosesim.scenes import configure, find_scene

    return configure(find_scene(name), settings)[0]


def points(task: str, **sizes: Any) -> list[Array]:
    """The points where tools are compared; the first is the one that is timed."""
    from family import small

    match task:
        case "billiards":
            return [SHOT, BREAK]
        case "mass_spring":
            return [weights()]
        case "batch":
            return [shots(sizes["shots"])]
        case "family":
            z = small(sizes["seed"]).start
            return [z, 1.1 * z]
        case _:
            raise ValueError(task)


def rack() -> Array:
    """The initial positions of the eleven balls, of shape (11, 2)."""
    return _scene("billiards").rack()


def shots(count: int) -> Array:
    """A batch around the published first shot, which is its first: of shape (count, 4)."""
    z = SHOT + 0.02 * np.random.default_rng(0).uniform(-1, 1, (count, 4))
    z[0] = SHOT
    return z


def robot() -> Any:
    """Robot D of mass_spring: `positions`, `ends`; `of_springs` gives rest, stiffness, actuation (2, 3, 4)."""
    return _scene("mass_spring", "robot=D").robot


def weights() -> Array:
    """The robot's deterministic weights (those of the reference values) as one vector: W1, b1, W2, b2 in rows."""
    n, m, hidden = len(robot().nodes), len(robot().springs), 32
    inputs = 10 + 4 * n + 2
    i, j = np.mgrid[:hidden, :inputs]
    first = np.sin(1.0 + 7 * i + 3 * j) * np.sqrt(2 / (hidden + inputs)) * 2
    i, j = np.mgrid[:m, :hidden]
    second = np.sin(2.0 + 5 * i + 11 * j) * np.sqrt(2 / (hidden + m)) * 3
    return np.concatenate([first.ravel(), np.zeros(hidden), second.ravel(), np.zeros(m)])
