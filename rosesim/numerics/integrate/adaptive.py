"""`adaptive`: steps as large as the tolerances allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from rosesim.ad.language import types as T
from rosesim.ad.language.arrays import concatenate, stack
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.reductions import all
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import as_vec, real_zero
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.integrate.continuous import continuous
from rosesim.numerics.integrate.embedded import interpolated
from rosesim.numerics.integrate.field import Field, state
from rosesim.numerics.integrate.march import Going, March, Steps, march, require


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
    adjoint: Literal["discrete", "continuous"] = "discrete",
    limit: int = 4096,
    full: bool = False,
    check: bool = True,
) -> Any:
    """y(t1) for y' = f(t, y, *args) and y(t0) = y0, by steps whose estimated error is at most atol + rtol |y|. With
    `times`, a vector in order from t0 to t1, it gives the vector of the states at these times, interpolated within
    the steps.

    `method` is "dopri5" (Dormand and Prince, order 5) or, for stiff equations, "rodas4" (Rosenbrock, order 4,
    L-stable: each step makes and factorises the Jacobian). t1 may be before t0. In single precision take rtol=1e-4 or
    more.

    If t1 is not reached by `limit` steps, tried or taken, or the times are not in order from t0 to t1, the program
    stops with `ProgramError`. `full=True` gives (y, Steps) with the counts. `check=False` gives that too, and does
    not stop; `reached` is false then.

    Derivative: that of the steps as they were taken, exactly, with their sizes as constants but for the last one, by
    y0, t0, t1, times, args and what f captures. So the derivative errs by about what the value does. It stores the
    state of each step. `adjoint="continuous"` gives that of the exact solution instead, by integrating the adjoint
    equation back from the end with the same tolerances, and stores nothing but the result. It is *not* exact for
    these steps, but errs as they do. It needs rtol and atol as plain numbers, and fails where y cannot be integrated
    backwards (strong damping).

    >>> from rosesim import Real, fn, grad, integrate
    >>> @fn
    ... def population(rate: Real) -> Real:
    ...     return integrate.adaptive(lambda t, y: rate * y * (1.0 - y), 0.5, 0.0, 2.0, rtol=1e-9)
    >>> round(population(1.0), 6), round(grad(population)(1.0), 6)  # logistic: 1 / (1 + exp(-2 rate))
    (0.880797, 0.209987)
    """
    where = here()
    y0, t0, t1 = state(y0), state(t0), state(t1)
    at = None if times is None else as_vec(times)
    ordered = Bool(True) if at is None else _ordered(t0, at, t1)
    if at is not None and check:
        # Before any step: the steps never reach a time beyond t1, and would go on up to the limit.
        require(
            ordered, where,
            "integrate.adaptive got times= that do not go in order from t0 to t1; expected t0 <= times[0] <= ... <= "
            "t1, or >= if t1 is before t0: sort the times, or move t1 to the last of them",
        )  # fmt: skip

    if adjoint == "discrete":
        m = march(f, y0, t0, t1, args, method, rtol, atol, limit, longest_step, "integrate.adaptive")
        start = m.start(t0, y0, first_step)
        y, steps = _end(m, start) if at is None else _at_times(m, start, at)
    elif adjoint == "continuous":
        field = Field(f, y0, args, "integrate.adaptive")

        def solve(f: Callable[..., Any], y: Any, t: Any, times: Any, args: Any) -> tuple[Any, Steps]:
            m = march(f, y, t, times[len(times) - 1], args, method, rtol, atol, limit, longest_step, "the adjoint")
            return _at_times(m, m.start(t, y, first_step), times)

        ys, steps = continuous(field, y0, t0, stack([t1]) if at is None else at, solve)
        y = ys[0] if at is None else ys
    else:
        raise TypeMismatch(f"adjoint={adjoint!r} was found; expected 'discrete' or 'continuous'", where)
    steps = steps._replace(reached=steps.reached & ordered)
    if check:
        require(
            steps.reached, where,
            f"integrate.adaptive has not reached its end after {limit} steps; expected it to: raise limit=, allow a "
            'larger error by rtol= and atol=, take method="rodas4" if the equation is stiff, or read the flag by '
            "check=False",
        )  # fmt: skip
    return (y, steps) if full or not check else y


def _ordered(t0: Any, times: Any, t1: Any) -> Any:
    """Whether the times go from t0 to t1 without a step back, in whichever direction that is."""
    line = stop_gradient(concatenate([[t0], times, [t1]]))
    n = len(times) + 1
    sign = select(line[n] < line[0], -1.0, 1.0)
    return all(n, lambda k: sign * line[k] <= sign * line[Index[n + 1].clamp(k + 1)])  # false for NaN


def _end(m: March, start: Going) -> tuple[Any, Steps]:
    """The state at t1, and how it went."""
    g = while_loop(m.goes_on, lambda g: m.tried(g)[3], start, m.limit, on_limit="stop")
    return g.y, m.report(g, ~m.before(g.t, m.t1))


def _at_times(m: March, start: Going, times: Any) -> tuple[Any, Steps]:
    """The states at these times, and how it went.

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
    return ys, m.report(at.going, k == n)


class _At(NamedTuple):
    """Where an integration is, and the last step that it took."""

    going: Going
    before: Any
    """The time at its beginning."""
    h: Any
    dense: Any
