"""Inputs that are drawn anew for each iteration of training."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from rosesim.scenes.base import Scene

I = TypeVar("I")  # noqa: E741 -- the letter of inputs


def drawn(scene: Scene[Any, I, Any], inputs: I, seed: int, iteration: int, nth: int = 0) -> I:
    """The inputs of an iteration: what the scene draws for it, or `inputs` where it draws nothing.

    Of a batch it is those of its `nth` run; the first has what an iteration without a batch has. They follow
    from the seed, the iteration and `nth` alone, so that a run that is resumed meets the same ones.
    """
    # A key of its own for each, and none of them the stream that params are made from.
    key = (iteration, nth) if nth else (iteration,)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    sampled = scene.sample(inputs, rng)
    return inputs if sampled is None else sampled


def is_drawn(scene: Scene[Any, Any, Any], inputs: Any) -> bool:
    """Whether iterations of training differ in their inputs."""
    return scene.sample(inputs, np.random.default_rng(0)) is not None
