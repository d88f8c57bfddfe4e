"""The programs of a problem of optimal control: what is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rosesim.ad.language.arrays import concatenate, zeros
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.mathematics import clip
from rosesim.ad.language.totals import sum
from rosesim.ad.language.values.vector import VecValue, as_vec
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.jacobians import hessian
from rosesim.numerics.control.expansion import Expansion, cost_of, linear, quadratic
from rosesim.numerics.control.riccati import sweep
from rosesim.numerics.control.space import Space
from rosesim.numerics.structure import columns


@dataclass(frozen=True)
class Programs:
    """What is compiled for a problem, one program each; lengths come from the arguments."""

    expand: Fn[..., Any]
    """(states, controls, args) -> the Expansion."""
    sweep: Fn[..., Any]
    """(expansion, states, controls, bounds, regulariser, args) -> the Sweep."""
    sweep_exactly: Fn[..., Any]
    """The same with the second derivative of the motion."""
    roll: Fn[..., Any]
    """(states, controls, change, gains, gap, share, bounds, args) -> states, controls, cost after that share."""


@dataclass(frozen=True)
class Functions:
    """The user's functions, of one state and one control."""

    step: Callable[..., Any]
    running: Callable[..., Any]
    final: Callable[..., Any]
    space: Space
    is_bounded: bool

    @cached_property
    def programs(self) -> Programs:
        """Made once, and compiled at their first call."""
        return Programs(fn(self._expand), fn(self._sweep), fn(self._sweep_exactly), fn(self._roll))

    def _end(self, x: Any, u: Any, args: Any) -> VecValue:
        """The next state. One of another size would broadcast."""
        end = as_vec(self.step(x, u, *args))
        if end is None or len(end) != len(x):
            found = "a number or a structure" if end is None else f"{len(end)} numbers"
            raise TypeMismatch(f"step gives {found}; expected a vector of {len(x)}, as the first state is", here())
        return end

    def _near(
        self, states: Any, controls: Any, t: Any, args: Any
    ) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
        """The end of a step and its running cost, as functions of z = (dx, du)."""
        n, x, u = self.space.size, states[t], controls[t]

        def motion(z: Any) -> Any:
            end = self._end(self.space.moved(x, z[:n]), u + z[n:], args)
            return self.space.difference(end, states[t + 1])

        def running(z: Any) -> Any:
            return self.running(self.space.moved(x, z[:n]), u + z[n:], t, *args)

        return motion, running

    def _expand(self, states: Any, controls: Any, args: Any) -> Any:
        n, steps, m = self.space.size, len(controls), len(controls[0])

        def at(t: Any) -> Any:
            motion, running = self._near(states, controls, t, args)
            return *linear(motion, n + m), *quadratic(running, n + m, "the running cost")

        gap, slopes, cost, slope, curvature = columns(vec(steps, at))
        last = states[steps]

        def final(d: Any) -> Any:
            return self.final(self.space.moved(last, d), *args)

        more, end_slope, end_curvature = quadratic(final, n, "the final cost")
        return Expansion(gap, slopes, slope, curvature, end_slope, end_curvature, sum(cost) + more)

    def _sweep(self, e: Any, states: Any, controls: Any, low: Any, high: Any, regulariser: Any, args: Any) -> Any:
        return sweep(Expansion(*e), controls, low, high, self.is_bounded, regulariser, None)

    def _sweep_exactly(
        self, e: Any, states: Any, controls: Any, low: Any, high: Any, regulariser: Any, args: Any
    ) -> Any:
        size = self.space.size + len(controls[0])

        def bend(t: Any, s: Any) -> Any:
            motion, _ = self._near(states, controls, t, args)

            def along(z: Any) -> Any:
                return s @ motion(z)

            return hessian(along)(zeros(size))

        return sweep(Expansion(*e), controls, low, high, self.is_bounded, regulariser, bend)

    def _roll(
        self,
        states: Any,
        controls: Any,
        change: Any,
        gains: Any,
        gap: Any,
        share: Any,
        low: Any,
        high: Any,
        args: Any,
    ) -> Any:
        """A gap shrinks by the share, as in C. Mastalli et al., Crocoddyl, ICRA 2020, equation 11."""
        space = self.space

        def forward(x: Any, t: Any) -> Any:
            u = controls[t] + share * change[t] + matmul(gains[t], space.difference(x, states[t]))
            u = clip(u, low, high)
            cost = cost_of(self.running(x, u, t, *args), "the running cost")
            end = space.moved(self._end(x, u, args), (share - 1.0) * gap[t])
            return end, (x, u, cost)

        last, rows = scan(forward, states[0], len(controls))
        path, found, cost = columns(rows)
        total = sum(cost) + cost_of(self.final(last, *args), "the final cost")
        return concatenate([path, [last]]), found, total
