"""Many evaluations at once: one program, called once per iteration with stacked arrays.

The scene decides what the runs of a batch are. If its `sample` samples inputs, each iteration samples one set for
each run of the batch and trains on the mean (`mean`): one training, whose gradient depends less on chance. If not,
the runs are starts with consecutive seeds, each with an optimiser of its own (see `starts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rosesim.optimise.optimizers import Vector
from rosesim.scenes.compiled import Compiled
from rosesim.scenes.tree import map_leaves


def over_inputs(
    program: Compiled[Any, Any, Any], x: Vector, inputs: Sequence[Any], like: Any = None
) -> tuple[Vector, Vector]:
    """The losses, of shape (n,), and gradients, (n, size), at one point for n inputs.

    `like` holds the params that are not tuned, where they differ from the scene's own.
    """
    n = len(inputs)

    def together(_: str, *leaf: Any) -> Any:
        return np.stack([np.asarray(a) for a in leaf])

    stacked = map_leaves(together, *inputs)
    losses, gradients = program.batch(n, gradient=True, params=False, inputs=True)(
        program.flat.unflatten(x, like), stacked
    )
    return losses, program.flat.unstack(gradients, n)


def over_params(
    program: Compiled[Any, Any, Any], rows: Vector, inputs: Any, likes: Sequence[Any] | None = None
) -> tuple[Vector, Vector]:
    """The same at n points, of shape (n, size), for one input; `likes` hold the untuned params of each."""
    n = len(rows)
    losses, gradients = program.batch(n, gradient=True)(program.flat.stack(rows, likes), inputs)
    return losses, program.flat.unstack(gradients, n)


def mean(losses: Vector, gradients: Vector) -> tuple[float, Vector]:
    """The mean loss and the mean gradient, which is the gradient of the mean loss.

    >>> mean(np.array([1.0, 3.0]), np.array([[2.0, 0.0], [4.0, 1.0]]))
    (2.0, array([3. , 0.5]))
    """
    with np.errstate(all="ignore"):  # the caller checks the result, once
        return float(np.mean(losses)), np.mean(gradients, axis=0)


def first_not_finite(losses: Vector, gradients: Vector) -> int:
    """The index of the first run of a batch with a loss or a gradient that is not finite; 0 where there is none."""
    return int(np.argmax(~(np.isfinite(losses) & np.isfinite(gradients).all(axis=1))))
