"""Many evaluations at once: one program, called once an iteration with stacked arrays.

What a batch is of follows from the scene. Where its `sample` draws inputs, an iteration draws as many as the
batch has runs, and trains on their mean (`mean`): one run, whose gradient has less luck in it. Where it draws
none, the runs are starts of consecutive seeds, each with an optimiser of its own (see `starts`).
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

    `like` has what is not tuned beside the point, where that is another than the scene's own.
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
    """The same at n points, of shape (n, size), for one input; `likes` have what is not tuned beside each."""
    n = len(rows)
    losses, gradients = program.batch(n, gradient=True)(program.flat.stack(rows, likes), inputs)
    return losses, program.flat.unstack(gradients, n)


def mean(losses: Vector, gradients: Vector) -> tuple[float, Vector]:
    """The mean loss and the mean gradient, which is the gradient of the mean loss.

    >>> mean(np.array([1.0, 3.0]), np.array([[2.0, 0.0], [4.0, 1.0]]))
    (2.0, array([3. , 0.5]))
    """
    with np.errstate(all="ignore"):  # whoever drives this looks at the result, once
        return float(np.mean(losses)), np.mean(gradients, axis=0)


def first_not_finite(losses: Vector, gradients: Vector) -> int:
    """Which of a batch first has a loss or a gradient that is not finite; 0 where none has."""
    return int(np.argmax(~(np.isfinite(losses) & np.isfinite(gradients).all(axis=1))))
