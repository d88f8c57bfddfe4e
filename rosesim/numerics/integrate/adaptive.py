"""`adaptive`: steps as large as the tolerances allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rosesim.ad.language import types as T
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import as_vec, real_zero
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
    """The end, the states at these times, and whether all were reached.

    It is one loop: an iteration makes a step if the next time is not behind it, and interpolates. A loop of steps
    within a loop over times would have a history of `limit` steps for each of the times.
    """
    s = m.field.shape
    n = len(times)
    count = len(m.step(start.t, start.y, start.slope, Real(1.0)).dense)
    line = [start.y, start.slope, *[s.zero()] * (count - 2)]  # before the first step, for times at t0
    first = _At(start, start.t, Real(1.0), tuple(line))

    def advanced(at: _At) -> _At:
        good, h, step, after = m.tried(at.going)
        dense = tuple(select(good, a, b) for a, b in zip(step.dense, at.dense, strict=True))
        return _At(after, select(good, at.going.t, at.before), select(good, h, at.h), dense)

    def iterate(carry: Any) -> Any:
        at, k, ys = carry
        here = Index[n].clamp(k)
        at = cond(m.before(at.going.t, times[here]), lambda: advanced(at), lambda: at)
        reached = ~m.before(at.going.t, times[here])
        ys = ys.at[here].set(interpolated(s, at.dense, (times[here] - at.before) / at.h))
        return at, Index[n + 1].clamp(k + select(reached, 1.0, 0.0)), ys

    def goes_on(carry: Any) -> Any:
        at, k, _ = carry
        return (k < n) & (m.goes_on(at.going) | ~m.before(at.going.t, times[Index[n].clamp(k)]))

    carry = first, Index[n + 1](0), real_zero(T.VecType(n, s.type))
    at, k, ys = while_loop(goes_on, iterate, carry, m.limit + n, on_limit="stop")
    return at.going, ys, k == n


class _At(NamedTuple):
    """Where an integration is, and the last step that it took."""

    going: Going
    before: Any
    """The time at its beginning."""
    h: Any
    dense: Any
