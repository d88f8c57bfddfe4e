"""Steps with error control, one after another: what `adaptive` and `until` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from rosesim.ad.language import trace
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.mathematics import maximum, minimum
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.program.ir import Where
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.integrate.control import LEAST_ERROR, Control
from rosesim.numerics.integrate.embedded import METHODS, Embedded, Step
from rosesim.numerics.integrate.field import Field


class Steps(NamedTuple):
    """How an integration went: `full=True` gives it beside the states. It has no derivative."""

    reached: Bool
    """Whether it reached its end, or its event."""
    taken: Any
    """The count of steps, an Index."""
    rejected: Any
    """The count of steps that erred too much and were tried again, an Index."""


class Going(NamedTuple):
    """Where an integration is."""

    t: Any
    y: Any
    slope: Any
    h: Any
    error: Any
    """Of the last step that was taken."""
    rejected: Any
    """Whether the last step was."""
    taken: Any
    tried: Any


@dataclass(frozen=True, eq=False)
class March:
    """Steps towards t1, at most `limit` of them."""

    field: Field
    method: Embedded
    control: Control
    t1: Any
    backwards: Any
    """Whether time runs backwards: a Bool."""
    longest: Any
    limit: int

    def start(self, t: Any, y: Any, first_step: Any) -> Going:
        """The beginning, at t."""
        slope = self.field(t, y)
        if first_step is None:
            h = self.control.first(t, y, slope, self.t1 - t)
        else:
            h = stop_gradient(select(self.backwards, -abs(first_step), abs(first_step)))
        zero = Real(0.0)
        return Going(t, y, slope, h, Real(LEAST_ERROR), Bool(False), zero, zero)

    def before(self, t: Any, end: Any) -> Any:
        """Whether t comes before an end."""
        return select(self.backwards, t > end, t < end)

    def goes_on(self, g: Going) -> Any:
        """Whether another step may be tried before t1."""
        return self.before(g.t, self.t1) & (g.tried < self.limit)

    def step(self, t: Any, y: Any, slope: Any, h: Any) -> Step:
        """The step of size h."""
        return self.method.step(self.field, t, y, slope, h)

    def tried(self, g: Going) -> tuple[Any, Any, Step, Going]:
        """A step: whether it is good enough, its size, the step, and where the integration goes on.

        Sizes are constants of the derivative, but for the last one, which is what is left.
        """
        longest = abs(g.h) if self.longest is None else minimum(abs(g.h), self.longest)
        left = self.t1 - g.t
        last = longest >= abs(left)
        h = select(last, left, select(self.backwards, -longest, longest))
        step = self.step(g.t, g.y, g.slope, h)
        error = self.control.size(step.error, g.y, step.y)
        good = error <= 1.0
        factor = self.control.factor(error, g.error, g.rejected)
        after = Going(
            select(good, select(last, self.t1, g.t + h), g.t),
            select(good, step.y, g.y),
            select(good, step.slope, g.slope),
            stop_gradient(h * factor),
            select(good, maximum(error, LEAST_ERROR), g.error),
            ~good,
            g.taken + select(good, 1.0, 0.0),
            g.tried + 1.0,
        )
        return good, h, step, after

    def report(self, g: Going, reached: Any) -> Steps:
        """How it went."""
        count = Index[self.limit + 1]
        return Steps(reached, count.clamp(g.taken), count.clamp(g.tried - g.taken))


def march(
    f: Callable[..., Any], y: Any, t0: Any, t1: Any, args: Any, method: str, rtol: Any, atol: Any, limit: int,
    longest: Any, what: str,
) -> March:  # fmt: skip
    """The integration of f from t0 to t1."""
    if method not in METHODS:
        raise TypeMismatch(f"method={method!r} was found in {what}; expected one of {', '.join(METHODS)}", here())
    field = Field(f, y, args, what)
    chosen = METHODS[method]
    control = Control(field, chosen.order, rtol, atol)
    longest = None if longest is None else stop_gradient(longest)
    return March(field, chosen, control, t1, stop_gradient(t1) < stop_gradient(t0), longest, limit)


def require(reached: Any, where: Where | None, message: str) -> None:
    """Stop the running program with this message if an integration has not reached its end."""
    bad = trace.frame().resolve((~reached).atom)
    b = trace.building()
    b.where = where or here()
    b.guard(bad, message)
