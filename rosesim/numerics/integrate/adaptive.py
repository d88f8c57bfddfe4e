"""`adaptive`: steps as large as the tolerances allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.totals import all
from rosesim.ad.language.control.scan import scan, while_loop
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import as_vec
from rosesim.ad.support.locate import here
from rosesim.numerics.integrate.embedded import interpolated
from rosesim.numerics.integrate.field import state
from rosesim.numerics.integrate.march import Going, March, march, require


def adaptive(
    f: Callable[..., Any],
    y0: Any,
    t0: Any,
    t1: Any,
    *,
    times: Any = None,
    method: str = "dopri5",
    args: tuple[Any, ...] = (),
    rtol: Any = 1e-6,
    atol: Any = 1e-9,
    first_step: Any = None,
    longest_step: Any = None,
    limit: int = 4096,
    full: bool = False,
    check: bool = True,
) -> Any:
    """y(t1) for y' = f(t, y, *args) and y(t0) = y0, by steps whose estimated error is at most atol + rtol |y|. With
    `times`, a vector in order from t0 to t1, it gives the vector of the states at these times, interpolated within
    the steps.

    `method` is "dopri5" (Dormand and Prince, order 5) or, for stiff equations, "rodas4" (Rosenbrock, order 4, L-stable:
    each step makes and factorises the Jacobian). t1 may be before t0. In single precision take rtol=1e-4 or more.

    If t1 is not reached by `limit` steps, tried or taken, the program stops with `ProgramError`, unless
    `check=False`. `full=True` gives (y, Steps) with the counts.

    Derivative: that of the steps as they were taken, exactly, with their sizes as constants but for the last one, by
    y0, t0, t1, times, args and what f captures. So the derivative errs by about what the value does.

    >>> from rosesim import Real, fn, grad, integrate
    >>> @fn
    ... def population(rate: Real) -> Real:
    ...     return integrate.adaptive(lambda t, y: rate * y * (1.0 - y), 0.5, 0.0, 2.0, rtol=1e-9)
    >>> round(population(1.0), 6), round(grad(population)(1.0), 6)  # logistic: 1 / (1 + exp(-2 rate))
    (0.880797, 0.209987)
    """
    where = here()
    y0, t0, t1 = state(y0), state(t0), state(t1)
    m = march(f, y0, t0, t1, args, method, rtol, atol, limit, longest_step, "integrate.adaptive")
    start = m.start(t0, y0, first_step)
    if times is None:
        end = while_loop(m.goes_on, lambda g: m.tried(g)[3], start, limit, on_limit="stop")
        y, reached = end.y, ~m.before(end.t, t1)
    else:
        end, y, reached = _at_times(m, start, as_vec(times))
    if check:
        require(
            reached, where,
            f"integrate.adaptive has not reached its end after {limit} steps; expected it to: raise limit=, allow a "
            'larger error by rtol= and atol=, take method="rodas4" if the equation is stiff, or read the flag by '
            "full=True, check=False",
        )  # fmt: skip
    return (y, m.report(end, reached)) if full else y


def _at_times(m: March, start: Going, times: Any) -> tuple[Going, Any, Any]:
    """The end, the states at these times, and whether all were reached."""
    s = m.field.shape
    # Before the first step: a line along the slope, for times at t0.
    count = len(m.step(start.t, start.y, start.slope, Real(1.0)).dense)
    line = [start.y, start.slope, *[s.zero()] * (count - 2)]

    def reach(carry: Any, k: Any) -> Any:
        def advance(carry: Any) -> Any:
            g, before, h, dense = carry
            good, tried_h, step, after = m.tried(g)
            kept = [select(good, a, b) for a, b in zip(step.dense, dense, strict=True)]
            return after, select(good, g.t, before), select(good, tried_h, h), tuple(kept)

        carry = while_loop(
            lambda c: m.before(c[0].t, times[k]) & m.goes_on(c[0]), advance, carry, m.limit, on_limit="stop"
        )
        g, before, h, dense = carry
        return carry, _Output(interpolated(s, dense, (times[k] - before) / h), ~m.before(g.t, times[k]))

    carry, out = scan(reach, (start, start.t, Real(1.0), tuple(line)), len(times))
    return carry[0], out.y, all(out.reached)


class _Output(NamedTuple):
    """What is given at a time."""

    y: Any
    reached: Any
