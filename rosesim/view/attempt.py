"""One iteration of an optimisation: its params and the trajectory that they produce."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.base import AnyScene
from rosesim.scenes.compiled import Trajectory, compiled
from rosesim.scenes.picture import picture

TRAIL_POINTS = 120
"""Most points of a path: fewer than states, because a pixel is wider than a step."""


MOST_BYTES = 1 << 28
"""The states of all attempts of a picture. Where they need more, some are left out, which no picture would show."""
LEAST_STATES = 4 * TRAIL_POINTS
"""As many states remain: paths and frames are taken at even distances among them."""


@dataclass(frozen=True)
class Attempt:
    """The params of one iteration, their loss, and their trajectory."""

    scene: AnyScene
    iteration: int
    loss: float
    params: Any
    trajectory: Trajectory[Any]
    terms: Mapping[str, float] = field(default_factory=dict[str, float])
    """What the loss is the sum of, by name; empty where the scene gives one number."""

    @functools.cached_property
    def _sampled(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The sampled times, and the trail's points at each: (times, points, 2)."""
        count = len(self.trajectory)
        times = np.unique(np.linspace(0, count - 1, min(TRAIL_POINTS, count)).round().astype(np.int64))
        return times, picture(self.scene).trails(self.trajectory.stacked, times)

    def trails(self, t: int | None = None) -> list[NDArray[np.float64]]:
        """The paths, each of shape (n, 2), until state t; until the end if t is None."""
        if t is None:
            return self._whole
        times, points = self._sampled
        before = int(np.searchsorted(times, t))
        until = np.concatenate([points[:before], picture(self.scene).trail(self.trajectory[t])[None]])
        return [_straightened(until[:, k]) for k in range(until.shape[1])]

    @functools.cached_property
    def _whole(self) -> list[NDArray[np.float64]]:
        _, points = self._sampled
        return [_straightened(points[:, k]) for k in range(points.shape[1])]


def attempt(scene: AnyScene, iteration: int, loss: float, params: Any, inputs: Any) -> Attempt:
    """The attempt with its trails already sampled, so that drawing does not wait for them."""
    program = compiled(scene)
    terms = program.terms(params, inputs) if program.term_names else {}
    made = Attempt(scene, iteration, loss, params, program.trajectory(params, inputs), terms)
    made.trails()
    return made


def attempts(
    scene: AnyScene, inputs: Any, remembered: Sequence[tuple[int, Any]], losses: Sequence[float]
) -> list[Attempt]:
    """Attempts from (iteration, params) pairs and the losses of all iterations.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> params = scene.params(np.random.default_rng(0))
    >>> (only,) = attempts(scene, inputs, [(0, params)], losses=[0.3])
    >>> only.iteration, only.loss, len(only.trajectory)
    (0, 0.3, 65)
    """
    program = compiled(scene)
    every = min(program.every_within(MOST_BYTES // len(remembered)), max(1, scene.steps // LEAST_STATES))
    return [
        Attempt(scene, i, losses[i], params, program.trajectory(params, inputs, every=every))
        for i, params in remembered
    ]


STRAIGHT = 1e-4
"""A point this close to the line between its neighbours, relative to their distance, is left out."""


def _straightened(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """The path without the points at which it is straight or stands still: each costs time to paint."""
    if len(path) < 3:
        return path
    d = np.diff(path, axis=0)
    cross = np.abs(d[:-1, 0] * d[1:, 1] - d[:-1, 1] * d[1:, 0])
    lengths = (d**2).sum(axis=1)
    along = (d[:-1] * d[1:]).sum(axis=1)
    bends = (cross > STRAIGHT * np.maximum(lengths[:-1], lengths[1:])) | (along < 0)
    keep = np.concatenate([[True], bends, [True]])
    return path[keep]
