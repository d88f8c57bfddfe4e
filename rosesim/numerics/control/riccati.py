"""The backward sweep: the best linear policy about a trajectory, and what it promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rosesim.ad.language.arrays import concatenate, flip, where, zeros
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.linalg import identity, matmul, transpose
from rosesim.ad.language.mathematics import clip
from rosesim.ad.language.totals import max
from rosesim.ad.language.values.real import Real
from rosesim.numerics.control import box
from rosesim.numerics.control.expansion import Expansion
from rosesim.numerics.linalg import cholesky, cholesky_solve
from rosesim.numerics.structure import columns


class Sweep(NamedTuple):
    """What the controls should change: u + a k + K (x ⊖ x*), for a share a of the step."""

    change: Any
    """k, (T, m). Not finite where the costs are not convex enough."""
    gains: Any
    """K, (T, m, n)."""
    gradient: Any
    """(T, m): of the whole cost by the controls, where the trajectory has no gaps."""
    steepest: Any
    """The largest of it in magnitude, without what pushes against a bound."""
    first: Any
    """By how much the whole step changes the cost, to first order,"""
    second: Any
    """and twice what the second order adds."""


def sweep(
    e: Expansion, controls: Any, low: Any, high: Any, is_bounded: bool, regulariser: Any,
    bend: Callable[[Any, Any], Any] | None,
) -> Sweep:  # fmt: skip
    """Riccati's recursion with gaps (M. Giftthaler et al., A Family of Iterative Gauss-Newton Shooting Methods for
    Nonlinear Optimal Control, IROS 2018).

    The regulariser, Levenberg and Marquardt's, is the cost of a square of what a step changes of controls and states.
    That of states keeps feedback while steps are short, after Y. Tassa, T. Erez, E. Todorov, Synthesis and
    Stabilization of Complex Behaviors through Online Trajectory Optimization, IROS 2012; here it belongs to the
    costs, so that k is a direction in which the cost falls.

    `bend(t, s)` is the Hessian of s · (the end of step t), which differential dynamic programming adds.
    """
    steps, m = len(controls), len(controls[0])
    n = len(e.end_slope)

    def back(carry: Any, i: Any) -> Any:
        s, curve, p = carry
        t = (steps - 1) - i
        motion, across = e.motion[t], transpose(e.motion[t])
        s = s + matmul(curve, e.gap[t])
        q = e.slope[t] + matmul(across, s)
        whole = e.curvature[t] + regulariser * identity(n + m) + matmul(across, matmul(curve, motion))
        if bend is not None:
            whole = whole + bend(t, s)
        quu, qux = whole[n:, n:], whole[n:, :n]
        k, gain = _policy(quu, qux, q[n:], low - controls[t], high - controls[t], is_bounded)
        back_gain = transpose(gain)
        s = q[:n] + matmul(back_gain, matmul(quu, k) + q[n:]) + matmul(transpose(qux), k)
        cross = matmul(back_gain, qux)
        curve = whole[:n, :n] + matmul(back_gain, matmul(quu, gain)) + cross + transpose(cross)
        costate = e.slope[t] + matmul(across, p)
        return (s, 0.5 * (curve + transpose(curve)), costate[:n]), (k, gain, costate[n:])

    start = e.end_slope, e.end_curvature, e.end_slope
    _, rows = scan(back, start, steps)
    changes, gains, gradients = (flip(x, 0) for x in columns(rows))

    def ahead(carry: Any, t: Any) -> Any:
        d, first, second = carry
        z = concatenate([d, changes[t] + matmul(gains[t], d)])
        first = first + e.slope[t] @ z
        second = second + z @ matmul(e.curvature[t], z)
        return matmul(e.motion[t], z) + e.gap[t], first, second

    d, first, second = scan(ahead, (zeros(n), Real(0.0), Real(0.0)), steps)
    first, second = first + e.end_slope @ d, second + d @ matmul(e.end_curvature, d)
    steepest = max(abs(controls - clip(controls - gradients, low, high)))
    return Sweep(changes, gains, gradients, steepest, first, second)


def _policy(quu: Any, qux: Any, q: Any, low: Any, high: Any, is_bounded: bool) -> tuple[Any, Any]:
    """k and K of a step."""
    if not is_bounded:
        factor = cholesky(quu)
        return -cholesky_solve(factor, q), -cholesky_solve(factor, qux)
    found = box.least(quu, q, low, high)
    return found.at, -cholesky_solve(found.factor, where(found.free[:, None], qux, 0.0))
