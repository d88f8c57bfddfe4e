"""L-BFGS-B of SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rosesim.optimise.descent import Position, Task, require_finite
from rosesim.optimise.foreign import Foreign, Search
from rosesim.optimise.optimizers import Vector, norm

FTOL, GTOL = 10 * np.finfo(float).eps, 1e-10
"""Where L-BFGS-B counts as converged. They are far below SciPy's own, because a loss here is often a small square
(a goal missed by 1e-5 is a loss of 1e-10), and the number of iterations is the user's bound on the work."""


def drive(x0: Vector, search: Search, task: Task) -> str | None:
    """L-BFGS-B (Byrd, Lu, Nocedal & Zhu 1995); an iteration is an update that it accepted.

    Returns why it ended before the total, as a clause, or None.
    """
    from scipy import optimize

    iteration = 0
    seen: dict[bytes, tuple[float, Vector]] = {}  # of the present line search: the callback is given no gradient

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
        task.observe(Position(iteration, x.copy()), loss, norm(gradient))
        seen.clear()
        seen[x.tobytes()] = loss, gradient

    loss, gradient = evaluate(x0)
    task.observe(Position(0, x0), loss, norm(gradient))
    options = {"maxiter": search.total, "maxfun": math.inf, "ftol": FTOL, "gtol": GTOL}
    box: Any = None if search.bounds is None else np.stack(search.bounds, axis=1)
    found = optimize.minimize(
        evaluate, x0, method="L-BFGS-B", jac=True, callback=accepted, options=options, bounds=box
    )
    if iteration >= search.total:
        return None
    return "converged" if found.success else "found no lower loss along its direction"


LBFGS = Foreign(drive, "scipy.optimize", "lbfgs", needs_gradient=True)
