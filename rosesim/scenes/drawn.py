"""Inputs that are sampled anew for each iteration of training (`Scene.sample`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from rosesim.scenes.base import Scene
from rosesim.scenes.tree import leaves

I = TypeVar("I")  # noqa: E741 -- the letter of inputs


def drawn(scene: Scene[Any, I, Any], inputs: I, seed: int, iteration: int, nth: int = 0) -> I:
    """The inputs of an iteration: those that the scene samples for it, or `inputs` where it samples none.

    In a batch, `nth` is the number of the run; the first run has the inputs of an iteration without a batch. They
    depend on the seed, the iteration and `nth` alone, so that a resumed run has the same ones.
    """
    # Each iteration and run has its own key, and none of these streams is the one that params are made from.
    key = (iteration, nth) if nth else (iteration,)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    sampled = scene.sample(inputs, rng)
    return inputs if sampled is None else sampled


def is_drawn(scene: Scene[Any, Any, Any], inputs: Any) -> bool:
    """Whether the inputs differ between iterations of training."""
    return scene.sample(inputs, np.random.default_rng(0)) is not None


def drawn_names(scene: Scene[Any, Any, Any], inputs: Any) -> list[str]:
    """The names of the inputs that iterations sample, whatever their given values; empty where none are sampled."""
    sampled = scene.sample(inputs, np.random.default_rng(0))
    if sampled is None:
        return []
    given = leaves(inputs)
    return [name for name, v in leaves(sampled).items() if not np.array_equal(v, given[name])]


def starts_alike(scene: Scene[Any, Any, Any], seeds: Sequence[int]) -> bool:
    """Whether training begins with the same params for all of these seeds."""
    first, *others = (leaves(scene.params(np.random.default_rng(seed))) for seed in seeds[:3])
    return all(np.array_equal(v, other[name]) for other in others for name, v in first.items())
