"""`Problem`: controls that make a motion cheap, found by iterative linear-quadratic regulators."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.support.errors import ProgramError
from rosesim.numerics.control.expansion import Expansion
from rosesim.numerics.control.plan import Plan
from rosesim.numerics.control.programs import Functions
from rosesim.numerics.control.riccati import Sweep
from rosesim.numerics.control.search import Compiled, search
from rosesim.numerics.control.space import Space

Array = NDArray[np.float64]


class Problem:
    """Minimise the sum of running(x_t, u_t, t) over T steps, plus final(x_T), where x_{t+1} = step(x_t, u_t).

    States and controls are vectors. `step(x, u, *args)` gives the next state. A cost, `running(x, u, t, *args)` or
    `final(x, *args)`, is a Real, or a vector of residuals r that costs r·r/2: residuals keep every curvature
    positive, a Real has its exact Hessian. A control needs some cost of its own wherever nothing else depends on it.
    `low` and `high` bound the controls: numbers, or vectors (m,). `space` is for states that are no plain vectors.

    Everything that runs over steps is compiled at the first `solve`, and for each new length of trajectory; `args`
    may change without that.

    >>> import numpy as np
    >>> from rosesim import control, sin, stack
    >>> def step(x, u):
    ...     '''A pendulum, hanging at angle 0; 0.05 s.'''
    ...     speed = x[1] + 0.05 * (u[0] - 9.81 * sin(x[0]))
    ...     return stack([x[0] + 0.05 * speed, speed])
    >>> upright = control.Problem(
    ...     step,
    ...     lambda x, u, t: 0.01 * u,
    ...     lambda x: 100.0 * (x - np.array([np.pi, 0.0])),
    ...     low=-5.0, high=5.0,
    ... )
    >>> plan = upright.solve([0.0, 0.0], np.zeros((100, 1)))
    >>> plan.converged, bool(np.allclose(plan.states[-1], [np.pi, 0.0], atol=1e-3))
    (True, True)
    """

    def __init__(
        self,
        step: Callable[..., Any],
        running: Callable[..., Any],
        final: Callable[..., Any],
        *,
        low: Any = -np.inf,
        high: Any = np.inf,
        space: Space | None = None,
    ):
        self.low, self.high = (np.asarray(x, dtype=np.float64) for x in (low, high))
        if self.low.ndim > 1 or self.high.ndim > 1 or not (self.low < self.high).all():
            raise ValueError(f"low={low!r} and high={high!r} were found; expected numbers or vectors, low < high")
        self._step, self._running, self._final, self._space = step, running, final, space
        self._made: dict[int, Functions] = {}

    def solve(
        self,
        start: Any,
        controls: Any,
        *,
        states: Any = None,
        args: tuple[Any, ...] = (),
        method: Literal["ilqr", "ddp"] = "ilqr",
        tolerance: float = 1e-10,
        limit: int = 200,
    ) -> Plan:
        """The best trajectory near a guess: the controls (T, m), from the state `start`.

        `states` (T + 1, n) may guess the motion, too, even one that no controls make: multiple shooting, whose gaps
        the steps close. It helps where the motion under the guessed controls goes astray, as of a robot that falls.

        "ilqr" takes the motion to first order (Gauss and Newton); "ddp" adds the second derivative of `step`,
        exactly: fewer iterations, each dearer. It has converged where a step promises to lower the cost by less than
        `tolerance` of it. A search that ends otherwise gives what it has, and says so: read `converged`, `reason`.

        Raises ValueError for shapes that do not fit, and for a first motion that is not finite.
        """
        x0, u = np.asarray(start, dtype=np.float64), np.asarray(controls, dtype=np.float64)
        if x0.ndim != 1 or not np.isfinite(x0).all():
            raise ValueError(f"start has the shape {x0.shape}; expected a vector of finite numbers, the first state")
        if u.ndim != 2 or not u.size or not np.isfinite(u).all():
            raise ValueError(
                f"controls have the shape {u.shape}; expected (T, m), finite numbers: a row for each step, as "
                "np.zeros((100, 2))"
            )
        if method not in ("ilqr", "ddp"):
            raise ValueError(f"method={method!r} was found; expected 'ilqr' or 'ddp'")
        if not tolerance > 0.0 or limit < 1:
            raise ValueError(f"tolerance={tolerance!r} and limit={limit!r} were found; expected positive numbers")
        functions = self._functions(x0.size)
        bounds = self._bounds(u.shape[1])
        u = np.clip(u, *bounds)
        compiled = _compiled(functions, bounds, args, method)
        x = _first(compiled, functions.space, x0, u) if states is None else _given(states, x0, len(u))
        found = search(compiled, x, u, states is not None, tolerance, limit)
        if not np.isfinite(found.costs[0]):
            raise ValueError("the cost of the first trajectory is not finite; expected a guess whose cost is")
        size, sweep = functions.space.size, found.sweep
        return Plan(
            states=found.states,
            controls=found.controls,
            gains=np.zeros((*u.shape, size)) if sweep is None else np.asarray(sweep.gains),
            costs=np.array(found.costs),
            gap=found.gap,
            gradient=np.nan if sweep is None else float(sweep.steepest),
            iterations=found.iterations,
            converged=found.converged,
            reason=found.reason,
            bounds=bounds,
            difference=functions.space.difference,
        )

    def _functions(self, n: int) -> Functions:
        """The functions for states of n numbers."""
        if n not in self._made:
            space = Space(n) if self._space is None else self._space
            is_bounded = bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())
            self._made[n] = Functions(self._step, self._running, self._final, space, is_bounded)
        return self._made[n]

    def _bounds(self, m: int) -> tuple[Array, Array]:
        for name, x in (("low", self.low), ("high", self.high)):
            if x.shape not in ((), (1,), (m,)):
                also = f", or {m}, as there are controls" if m > 1 else ", as there is one control"
                raise ValueError(f"{name} has {x.size} numbers; expected 1{also}")
        return np.broadcast_to(self.low, (m,)).copy(), np.broadcast_to(self.high, (m,)).copy()


def _compiled(functions: Functions, bounds: tuple[Array, Array], args: tuple[Any, ...], method: str) -> Compiled:
    programs = functions.programs

    def swept(sweep: Callable[..., Any], e: Expansion, states: Array, controls: Array, mu: float) -> Sweep:
        return sweep(tuple(e), states, controls, *bounds, mu, args)

    def rolled(states: Array, controls: Array, s: Sweep, gap: Array, share: float) -> tuple[Array, Array, float]:
        return programs.roll(states, controls, s.change, s.gains, gap, share, *bounds, args)

    to_close = partial(swept, programs.sweep)
    chosen = to_close if method == "ilqr" else partial(swept, programs.sweep_exactly)
    return Compiled(partial(_expand, programs.expand, args), chosen, to_close, rolled)


def _expand(expand: Callable[..., Any], args: tuple[Any, ...], states: Array, controls: Array) -> Expansion:
    return expand(states, controls, args)


def _first(compiled: Compiled, space: Space, x0: Array, u: Array) -> Array:
    """The motion under the first controls."""
    (steps, m), n = u.shape, space.size
    nothing = Sweep(np.zeros((steps, m)), np.zeros((steps, m, n)), u, 0.0, 0.0, 0.0)
    try:
        states, _, cost = compiled.roll(np.tile(x0, (steps + 1, 1)), u, nothing, np.zeros((steps, n)), 1.0)
    except ProgramError as e:
        raise ValueError(
            f"the motion under the first controls stops: {e}. Expected another guess, or states= that guess it"
        ) from e
    if not (np.isfinite(states).all() and np.isfinite(cost)):
        raise ValueError(
            "the motion under the first controls, or its cost, is not finite; expected another guess, or states= "
            "that guess it"
        )
    return states


def _given(states: Any, x0: Array, steps: int) -> Array:
    x = np.array(states, dtype=np.float64)
    if x.shape != (steps + 1, x0.size) or not np.isfinite(x).all():
        raise ValueError(f"states have the shape {x.shape}; expected ({steps + 1}, {x0.size}), finite numbers")
    x[0] = x0
    return x
