"""`until`: integration to the moment at which something happens, and that moment's derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rosesim.ad.language.closure import closed
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.function import fn
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.implicit.roots import root
from rosesim.numerics.integrate.embedded import interpolated
from rosesim.numerics.integrate.field import state
from rosesim.numerics.integrate.march import Going, March, march, require

LOOKS = 4
"""At so many places of a step an event's function is looked at, for an event that begins and ends within the step."""

HALVINGS = 60
"""The most iterations that narrow down an event within a step; they are superlinear."""

AT_START = 1e-9
"""What the event's function is at the start counts as zero if it is so little of what it falls to at the first look:
an integration that goes on from an event begins at zero but for rounding, and must not find that event again."""

NARROW = 1e-7
"""So narrow, as a fraction of the step, an event is enclosed on the interpolant; Newton's method on steps follows."""


def until(
    f: Callable[..., Any],
    y0: Any,
    event: Callable[..., Any],
    t0: Any,
    t1: Any,
    *,
    jump: Callable[..., Any] | None = None,
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
    """(t, y) at the first moment after t0 at which event(t, y, *args) falls through zero, for y' = f(t, y, *args) and
    y(t0) = y0. With `jump`, y is jump(t, y, *args): the state just after the event.

    The event's function is positive before and negative after: give its negative for the other way. Where it is zero
    at the start (to rounding), as after a bounce or the last event, it has to become positive first. Each step is
    looked at in four places; what falls and rises again between two of them is missed, so give `longest_step` for
    events that may follow each other so fast. The moment is a root along the step, not along an interpolant, so it is
    as exact as the steps are.

    If nothing has happened by t1, or by `limit` steps, the program stops with `ProgramError`. `full=True` gives
    (t, y, Steps) with the counts. `check=False` gives that too, and does not stop: `reached` then says whether the
    event happened. If not, there is no jump, and (t, y) is where the integration ended. `method` and the other
    options are those of `adaptive`.

    Derivative: the event g = 0 moves with what the state depends on, dt = -(∂g/∂y dy + ...) / ġ, by the implicit
    function theorem, to any order, and the state after it accordingly (the saltation matrix of hybrid systems). It is
    infinite where the event is only grazed, ġ = 0.

    >>> from rosesim import Real, fn, grad, integrate
    >>> @fn
    ... def lands_at(height: Real) -> Real:  # sqrt(2 h / g)
    ...     fall = lambda t, y: [y[1], -9.8]
    ...     t, y = integrate.until(fall, [height, 0.0], lambda t, y: y[0], 0.0, 10.0)
    ...     return t
    >>> round(lands_at(4.9), 12), round(grad(lands_at)(4.9), 12)
    (1.0, 0.102040816327)
    """
    where = here()
    y0, t0, t1 = state(y0), state(t0), state(t1)
    m = march(f, y0, t0, t1, args, method, rtol, atol, limit, longest_step, "integrate.until")
    g = _scalar(event, y0, args)
    at = _search(m, g, m.start(t0, y0, first_step))
    t, y = _moment(m, g, at)
    if check:
        require(
            at.happened, where,
            f"the event of integrate.until has not happened by t1 or within {limit} steps; expected its function to "
            "be positive and then negative: give a later t1, raise limit=, or read the flag by check=False",
        )  # fmt: skip
    if jump is not None:
        after = closed(jump, t, y, *args, what="the jump of integrate.until")
        if after.result != m.field.shape.type:
            raise TypeMismatch(
                f"the jump of integrate.until gives {after.result}; expected {m.field.shape.type}, as the state is",
                where,
            )
        y = cond(at.happened, lambda: after(after.captured, t, y, *args), lambda: y)
    return (t, y, m.report(at.going, at.happened)) if full or not check else (t, y)


def _scalar(event: Callable[..., Any], y: Any, args: tuple[Any, ...]) -> Callable[[Any, Any], Any]:
    """The event's function, which gives a Real."""
    made = closed(event, Real(0.0), y, *args, what="the event of integrate.until")
    if made.result != typeof(Real(0.0)):
        raise TypeMismatch(f"the event of integrate.until gives {made.result}; expected a Real", here())
    return lambda t, y: made(made.captured, t, y, *args)


class _Search(NamedTuple):
    """Where the integration is: before the step with the event, once it has been found."""

    going: Going
    value: Any
    """The event's function there."""
    happened: Any
    h: Any
    """The size of the step with the event."""
    low: Any
    high: Any
    """Fractions of it, before and after the event."""


def _search(m: March, g: Callable[[Any, Any], Any], start: Going) -> _Search:
    """Steps to the one in which the event happens."""
    s = m.field.shape

    def advance(at: _Search) -> _Search:
        going = at.going
        good, h, step, after = m.tried(going)
        dense = stop_gradient(step.dense)
        value, happened = at.value, Bool(False)
        low, high = Real(0.0), Real(1.0)
        for k in range(1, LOOKS + 1):
            x = k / LOOKS
            new = stop_gradient(g(going.t + x * h, step.y if k == LOOKS else interpolated(s, dense, Real(x))))
            least = select(going.taken == 0.0, AT_START * abs(new), 0.0) if k == 1 else 0.0
            falls = good & (value > least) & (new <= 0.0) & ~happened
            low, high = select(falls, (k - 1) / LOOKS, low), select(falls, x, high)
            happened = happened | falls
            value = new
        stays = select(happened, going, after)._replace(taken=after.taken, tried=after.tried)
        return _Search(stays, select(good, value, at.value), happened, stop_gradient(h), low, high)

    value = stop_gradient(g(start.t, start.y))
    first = _Search(start, value, Bool(False), Real(1.0), Real(0.0), Real(1.0))
    return while_loop(lambda at: ~at.happened & m.goes_on(at.going), advance, first, m.limit, on_limit="stop")


def _moment(m: March, g: Callable[[Any, Any], Any], at: _Search) -> tuple[Any, Any]:
    """The moment of the event and the state then."""
    going = at.going

    @fn
    def after(h: Any) -> Any:
        return m.step(going.t, going.y, going.slope, h).y

    def happened() -> tuple[Any, Any]:
        def value(h: Any) -> Any:
            return g(going.t + h, after(h))

        h, _ = root(value, stop_gradient(_enclosed(m, g, at)) * at.h, check=False)
        return going.t + h, after(h)

    return cond(at.happened, happened, lambda: (going.t, going.y))


def _enclosed(m: March, g: Callable[[Any, Any], Any], at: _Search) -> Any:
    """The fraction of the step at which the event happens, by the interpolant: regula falsi with the weights of
    Anderson and Björck (1973), within the places that enclose it."""
    t, s = at.going.t, m.field.shape
    dense = m.step(t, at.going.y, at.going.slope, at.h).dense

    def value(x: Any) -> Any:
        return g(t + x * at.h, interpolated(s, dense, x))

    def narrow(state: Any) -> Any:
        a, ga, b, gb = state  # b is the newest place
        x = (a * gb - b * ga) / (gb - ga)
        gx = value(x)
        crossed = (gx > 0.0) != (gb > 0.0)
        weight = 1.0 - gx / gb
        weight = select(weight > 0.0, weight, 0.5)
        return select(crossed, b, a), select(crossed, gb, weight * ga), x, gx

    def goes_on(state: Any) -> Any:
        a, _, b, gb = state
        return (gb != 0.0) & (abs(b - a) > NARROW)

    start = at.low, value(at.low), at.high, value(at.high)
    return while_loop(goes_on, narrow, start, HALVINGS, on_limit="stop")[2]
