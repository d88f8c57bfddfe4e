"""Optimisers of other packages, which keep their state to themselves: L-BFGS-B of SciPy, CMA-ES of cmaes.

They run from the start each time; a resumed run answers them from the record of evaluations (see
`evaluations`) until it is where it was.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from rosesim.scenes.errors import SceneError
from rosesim.train.descent import Position, Task, require_finite
from rosesim.train.optimizers import Vector, norm

FOREIGN = {"lbfgs": ("scipy.optimize", "lbfgs"), "cmaes": ("cmaes", "cma")}
"""Each by the name that the command line knows it by: the module that it needs, the extra that brings it."""

FULL_COVARIANCE_TO = 200
"""Params up to which CMA-ES learns how all of them vary together; its cost a generation grows with their
cube (10 ms at 200). Above, sep-CMA-ES (Ros & Hansen, PPSN 2008) learns each one's own deviation."""

SIGMA_OF_PARAMS = 0.3
"""The deviation that CMA-ES starts with, of the root mean square of the params that it starts from: what
is tuned has some scale of its own, and the first generation should stay within it."""

FTOL, GTOL = 10 * np.finfo(float).eps, 1e-10
"""Where L-BFGS-B says that it has converged. Far below SciPy's own, for a loss here is often a small square
(a goal missed by 1e-5 is a loss of 1e-10), and the number of iterations is the user's bound on the work."""


def require(name: str) -> None:
    """SceneError where a foreign optimiser's package cannot be imported."""
    module, extra = FOREIGN[name]
    try:
        importlib.import_module(module)
    except ImportError as e:
        package = module.partition(".")[0]
        raise SceneError(f"{name} needs the package {package}: pip install 'rosesim[{extra}]' ({e})") from e


def lbfgs(x0: Vector, total: int, task: Task, bounds: tuple[Vector, Vector] | None) -> str | None:
    """L-BFGS-B (Byrd, Lu, Nocedal & Zhu 1995); an iteration is an update that it accepted.

    Gives why it ended before `total` iterations, as a clause, or None.
    """
    from scipy import optimize

    iteration = 0
    seen: dict[bytes, tuple[float, Vector]] = {}  # of the line search under way: its callback gets no gradient

    def evaluate(x: Vector) -> tuple[float, Vector]:
        key = x.tobytes()
        if key not in seen:
            loss, gradient = task.evaluate(x.copy())
            when = f"in the line search after iteration {iteration}" if seen else ""
            require_finite(iteration, x.copy(), loss, norm(gradient), when)
            seen[key] = loss, gradient
        loss, gradient = seen[key]
        return loss, gradient.copy()

    def accepted(x: Vector) -> None:
        nonlocal iteration
        iteration += 1
        loss, gradient = evaluate(x)
        task.observe(Position(iteration, x.copy(), {}), loss, norm(gradient))
        seen.clear()
        seen[x.tobytes()] = loss, gradient

    loss, gradient = evaluate(x0)
    task.observe(Position(0, x0, {}), loss, norm(gradient))
    options = {"maxiter": total, "maxfun": math.inf, "ftol": FTOL, "gtol": GTOL}
    box: Any = None if bounds is None else np.stack(bounds, axis=1)
    found = optimize.minimize(
        evaluate, x0, method="L-BFGS-B", jac=True, callback=accepted, options=options, bounds=box
    )
    if iteration >= total:
        return None
    return "converged" if found.success else "found no lower loss along its direction"


def cmaes(
    x0: Vector, total: int, task: Task, seed: int, sigma: float | None, bounds: tuple[Vector, Vector] | None
) -> str | None:
    """CMA-ES (Hansen, The CMA Evolution Strategy: A Tutorial, 2016); an iteration is a generation.

    The loss of an iteration is that at the distribution's mean. A candidate without a finite loss ranks
    last. Gives why it ended before `total` iterations, as a clause, or None.
    """
    from cmaes import CMA, SepCMA

    kind = SepCMA if len(x0) > FULL_COVARIANCE_TO else CMA
    box = None if bounds is None else np.stack(bounds, axis=1)
    search = kind(mean=x0.copy(), sigma=default_sigma(x0) if sigma is None else sigma, seed=seed, bounds=box)
    _observe_mean(Position(0, x0, {}), task)
    for generation in range(1, total + 1):
        if generation > 1 and search.should_stop():
            return "converged"
        candidates: list[tuple[Vector, float]] = []
        for _ in range(search.population_size):
            x = search.ask()
            loss = task.value(x)
            if math.isfinite(loss):
                task.consider(generation, x, loss)
            candidates.append((x, loss if math.isfinite(loss) else math.inf))
        if all(math.isinf(loss) for _, loss in candidates):
            require_finite(generation - 1, candidates[0][0], math.inf, None, f"in all of generation {generation}")
        search.tell(candidates)
        _observe_mean(Position(generation, search.mean.copy(), {}), task)
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
