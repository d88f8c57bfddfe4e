"""A convex quadratic function within bounds: projected Newton steps."""

from __future__ import annotations

from typing import Any, NamedTuple

from rosesim.ad.language.arrays import where
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.mathematics import clip
from rosesim.ad.language.totals import any, max
from rosesim.ad.language.values.real import Real
from rosesim.numerics.linalg import cholesky, cholesky_solve

STEPS = 50
"""The most Newton steps: each but few leaves at least one more bound for good, and robots have fewer motors."""
HALVINGS = 30
"""The most halvings of one step."""
ENOUGH = 1e-12
"""A step this small, over the largest number that is looked for, ends the search: rounding is near."""


class Least(NamedTuple):
    """Where the function is least, and the Cholesky factor of its Hessian among what no bound holds."""

    at: Any
    free: Any
    """Which components no bound holds."""
    factor: Any
    """Of the Hessian with the rows and columns of what is held those of the identity."""


def least(hessian: Any, slope: Any, low: Any, high: Any) -> Least:
    """The x within low <= x <= high with the least x·Hx/2 + slope·x (Y. Tassa, N. Mansard, E. Todorov,
    Control-Limited Differential Dynamic Programming, ICRA 2014, section III-B).

    Where H is not positive definite among what is free, x is NaN.
    """
    n = len(slope)

    def freed(x: Any) -> Any:
        g = slope + matmul(hessian, x)
        return g, ~(((x <= low) & (g > 0.0)) | ((x >= high) & (g < 0.0)))

    def factor(free: Any) -> Any:
        held = where(free, 0.0, 1.0)
        return cholesky(
            vec(n, lambda i: vec(n, lambda j: where(free[i] & free[j], hessian[i, j], 0.0)).at[i].add(held[i]))
        )

    def value(x: Any) -> Any:
        return x @ (0.5 * matmul(hessian, x) + slope)

    def step(state: Any) -> Any:
        x, _ = state
        g, free = freed(x)
        d = -cholesky_solve(factor(free), where(free, g, 0.0))
        here = value(x)

        def tried(share: Any) -> Any:
            new = clip(x + share * d, low, high)
            return share, new, value(new)

        def too_high(s: Any) -> Any:  # false for NaN
            return s[2] > here + 1e-4 * (g @ (s[1] - x))

        _, new, _ = while_loop(too_high, lambda s: tried(0.5 * s[0]), tried(Real(1.0)), HALVINGS, on_limit="stop")
        return new, max(abs(new - x)) > ENOUGH * (max(abs(new)) + 1e-300)

    start = clip(0.0 * slope, low, high), any(slope == slope)
    x, _ = while_loop(lambda s: s[1], step, start, STEPS, on_limit="stop")
    _, free = freed(x)
    return Least(x, free, factor(free))
