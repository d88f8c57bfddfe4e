"""The continuous adjoint: the derivative of the exact solution, by integrating it too.

Pontryagin's adjoint equations, as in Chen et al., "Neural ordinary differential equations" (NeurIPS 2018): forward,
the tangent v' = ∂f/∂y v + ∂f/∂θ dθ goes with y; in reverse, a' = -aᵀ ∂f/∂y goes back from the end with y, and adds up
aᵀ ∂f/∂θ. Nothing of the steps is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language.arrays import flip, stack
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import fn
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import real_zero
from rosesim.ad.transforms.derivatives import gradient_type, jvp, vjp
from rosesim.ad.transforms.linear import linear
from rosesim.numerics.integrate.field import Field
from rosesim.numerics.integrate.march import Steps
from rosesim.numerics.structure import Shape

Solve = Callable[..., Any]
"""(f, y0, t0, t1, times, args) -> the states at the times, and how it went."""


def continuous(field: Field, y0: Any, t0: Any, times: Any, solve: Solve) -> tuple[Any, Steps]:
    """What `solve` gives, with the derivative of the exact solution."""
    adjoint = _Adjoint(field, solve)
    solution = fn(adjoint.values)
    flow = linear(adjoint.forward, transpose=adjoint.backward)

    @solution.defjvp
    def _(point: Any) -> Any:
        ys, *steps = solution(primal(point))
        return dual((ys, *steps), (flow(primal(point), ys, tangent(point)), None, None, None))

    ys, *steps = solution(((field.made.captured, field.args), y0, t0, times))
    return ys, Steps(*steps)


class _Adjoint:
    """The solution, its tangent and its cotangent. A point is (what f captured and its args, y0, t0, times)."""

    def __init__(self, field: Field, solve: Solve):
        self.made, self.shape, self.solve = field.made, field.shape, solve

    def rate(self, given: Any, t: Any, y: Any) -> Any:
        """f."""
        return self.made(given[0], t, y, *given[1])

    def values(self, point: Any) -> Any:
        """The states at the times."""
        given, y0, t0, times = point

        def f(t: Any, y: Any, given: Any) -> Any:
            return self.rate(given, t, y)

        ys, steps = self.solve(f, y0, t0, times, (given,))
        return ys, *steps

    def forward(self, point: Any, ys: Any, moved: Any) -> Any:
        """The tangents of the states at the times."""
        s = self.shape
        given, y0, t0, times = point
        d_given, d_y0, d_t0, d_times = moved

        def both(t: Any, state: Any, given: Any, d_given: Any) -> Any:
            y, v = state
            return jvp(self.rate)(given, t, y, d_given, None, v)

        v0 = s.plus(d_y0, -d_t0, self.rate(given, t0, y0))
        pairs = self.solve(both, (y0, v0), t0, times, (given, d_given))[0]

        def at(k: Any) -> Any:
            return s.plus(pairs[k][1], d_times[k], self.rate(given, times[k], ys[k]))

        return vec(len(times), at)

    def backward(self, point: Any, ys: Any, ct: Any) -> Any:
        """The cotangent of the point, from those of the states at the times."""
        s = self.shape
        given, y0, t0, times = point
        n = len(times)

        def back(t: Any, state: Any, given: Any) -> Any:
            y, a, _ = state

            def at(given: Any, y: Any) -> Any:
                return self.rate(given, t, y)

            rate, pullback = vjp(at)(given, y)
            to_given, to_y = pullback(a)
            falling = Shape((to_y, to_given), "the adjoint").negative((to_y, to_given))
            return rate, falling[0], falling[1]

        def interval(carry: Any, i: Any) -> Any:
            a, collected = carry
            k = Index[n].clamp(n - 1 - i)
            a = s.plus(a, 1.0, ct[k])
            by_time = s.dot(ct[k], self.rate(given, times[k], ys[k]))
            before = select(k == 0, t0, times[Index[n].clamp(k - 1)])
            end = self.solve(back, (ys[k], a, collected), times[k], stack([before]), (given,))[0][0]
            return (end[1], end[2]), by_time

        nothing = real_zero(gradient_type(typeof(given)))
        (a, collected), by_times = scan(interval, (s.zero(), nothing), n)
        return collected, a, -s.dot(a, self.rate(given, t0, y0)), flip(by_times)
