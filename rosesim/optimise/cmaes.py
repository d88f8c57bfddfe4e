"""CMA-ES, from the package cmaes."""

from __future__ import annotations

import math

import numpy as np

from rosesim.optimise.descent import Position, Task, require_finite
from rosesim.optimise.foreign import Foreign, Search
from rosesim.optimise.optimizers import Vector, norm

FULL_COVARIANCE_TO = 200
"""Up to this many params CMA-ES learns their full covariance; its cost per generation grows with their
cube (10 ms at 200). Above, sep-CMA-ES (Ros & Hansen, PPSN 2008) learns each one's own deviation."""

SIGMA_OF_PARAMS = 0.3
"""The deviation that CMA-ES starts with, relative to the root mean square of the initial params: they have some
scale of their own, and the first generation should stay within it."""


def drive(x0: Vector, search: Search, task: Task) -> str | None:
    """CMA-ES (Hansen, The CMA Evolution Strategy: A Tutorial, 2016); an iteration is a generation.

    The loss of an iteration is that at the distribution's mean. A candidate without a finite loss ranks
    last. Returns why it ended before the total, as a clause, or None.
    """
    from cmaes import CMA, SepCMA

    kind = SepCMA if len(x0) > FULL_COVARIANCE_TO else CMA
    box = None if search.bounds is None else np.stack(search.bounds, axis=1)
    sigma = default_sigma(x0) if search.sigma is None else search.sigma
    strategy = kind(mean=x0.copy(), sigma=sigma, seed=search.seed, bounds=box)
    _observe_mean(Position(0, x0), task)
    for generation in range(1, search.total + 1):
        if generation > 1 and strategy.should_stop():
            return "converged"
        candidates: list[tuple[Vector, float]] = []
        for _ in range(strategy.population_size):
            x = strategy.ask()
            loss = task.value(x)
            if math.isfinite(loss):
                task.consider(generation, x, loss)
            candidates.append((x, loss if math.isfinite(loss) else math.inf))
        if all(math.isinf(loss) for _, loss in candidates):
            require_finite(generation - 1, candidates[0][0], math.inf, None, f"in all of generation {generation}")
        strategy.tell(candidates)
        _observe_mean(Position(generation, strategy.mean.copy()), task)
    return None


def _observe_mean(at: Position, task: Task) -> None:
    task.observe(at, task.value(at.x), None)


def default_sigma(x0: Vector) -> float:
    """The deviation that CMA-ES starts with where none is given.

    >>> default_sigma(np.array([3.0, -4.0, 0.0, 0.0])), default_sigma(np.zeros(2))
    (0.75, 0.3)
    """
    size = norm(x0) / math.sqrt(max(len(x0), 1))
    return SIGMA_OF_PARAMS * (size if size > 0 else 1.0)


CMAES = Foreign(drive, "cmaes", "cma", needs_gradient=False, takes_sigma=True, seed_bits=32)
