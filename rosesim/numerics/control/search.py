"""The search for the best trajectory: steps of Gauss and Newton, made shorter until the cost falls as promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.support.errors import ProgramError
from rosesim.numerics.control.expansion import Expansion
from rosesim.numerics.control.riccati import Sweep

Array = NDArray[np.float64]
SHARES = [0.5**k for k in range(11)]
"""Of a step, as they are tried: a step that is good only below a thousandth belongs to another regulariser."""
GOOD, POOR = 0.5, 0.25
"""Shares of a step from which on the regulariser shrinks, and below which it grows."""
ARMIJO = 1e-4
"""The least part of the promised decrease (J. Nocedal, S. Wright, Numerical Optimization, section 3.1)."""
PENALTY = 0.5
"""The part of the gaps' penalty that a step promises to take away, as in section 18.3 there."""
ENDLESS = 1e12
"""Times the first cost: a cost that has fallen so far below zero has no minimum."""
ROUNDING = 1e-14
"""Of a cost: it is a sum of a few hundred terms."""
GROWTH, LEAST, MOST = 2.0, 1e-6, 1e10
"""Of the regulariser: the first factor, the smallest and largest values (Tassa et al. 2012, section II-F)."""
PATIENCE, HARDLY = 30, 100.0
"""So many iterations that together lower the cost by less than a multiple of the tolerance end a search: it stands at
a kink, as where a foot would touch a step earlier, or where the motion bends more than any regulariser follows."""


@dataclass
class Regulariser:
    """It grows and shrinks ever faster while steps fail or succeed."""

    value: float = 0.0
    factor: float = 1.0

    def grow(self) -> bool:
        """More of it; false where there cannot be more."""
        self.factor = max(GROWTH, self.factor * GROWTH)
        self.value = max(LEAST, self.value * self.factor)
        return self.value <= MOST

    def shrink(self) -> None:
        """Less of it, down to none."""
        self.factor = min(1.0 / GROWTH, self.factor / GROWTH)
        self.value *= self.factor
        if self.value < LEAST:
            self.value = 0.0


@dataclass(frozen=True)
class Compiled:
    """A problem's programs with what does not change in a search."""

    expand: Callable[[Array, Array], Expansion]
    sweep: Callable[[Expansion, Array, Array, float], Sweep]
    sweep_to_close: Callable[[Expansion, Array, Array, float], Sweep]
    """While there are gaps: their multipliers would make second derivatives of the motion mislead."""
    roll: Callable[[Array, Array, Sweep, Array, float], tuple[Array, Array, float]]


class Found(NamedTuple):
    """Where a search ended."""

    states: Array
    controls: Array
    sweep: Sweep | None
    costs: list[float]
    gap: float
    iterations: int
    converged: bool
    reason: str


def search(compiled: Compiled, states: Array, controls: Array, has_gaps: bool, tolerance: float, limit: int) -> Found:
    """From a trajectory, which may have gaps, to one without them whose cost is least nearby."""
    mu, penalty = Regulariser(), 0.0
    e = _expanded(compiled, states, controls, has_gaps)
    costs = [float(e.cost)]
    known: Sweep | None = None

    def ended(k: int, converged: bool, reason: str) -> Found:
        return Found(states, controls, known, costs, _gap(e), k, converged, reason)

    recent = [np.inf] * PATIENCE
    for k in range(limit + 1):
        sweep = compiled.sweep_to_close if has_gaps else compiled.sweep
        swept = sweep(e, states, controls, mu.value)
        while not np.isfinite(swept.first) or not np.isfinite(swept.change).all():
            if not mu.grow():
                return ended(k, False, "the costs curve downwards, or are not finite, whatever the regulariser")
            swept = sweep(e, states, controls, mu.value)
        known, gap = swept, _gap(e)
        if gap > 0.0:
            penalty = max(penalty, (swept.first + 0.5 * max(swept.second, 0.0)) / (PENALTY * gap))
        promised = penalty * gap - swept.first
        if promised <= tolerance * abs(costs[-1]) and mu.value <= LEAST:
            return ended(k, True, "converged")
        if k == limit:
            break
        recent = [*recent[1:], np.inf if has_gaps else costs[-1]]
        if costs[-1] < -ENDLESS * max(1.0, abs(costs[0])):
            return ended(k, False, "the cost falls without end: some part of it should grow with the controls")
        if recent[0] - recent[-1] <= HARDLY * tolerance * abs(costs[-1]):
            return ended(k, False, f"the cost has hardly fallen for {PATIENCE} iterations")
        done = _step(compiled, e, states, controls, swept, costs[-1], penalty, promised)
        if done is None:
            if not mu.grow():
                return ended(k, False, "no step lowers the cost, however short")
            continue
        states, controls, cost, share = done
        if share >= GOOD:
            mu.shrink()
        elif share < POOR:
            mu.grow()
        costs.append(cost)
        has_gaps = has_gaps and share < 1.0
        e = _expanded(compiled, states, controls, has_gaps)
    return ended(limit, False, f"not converged within limit={limit} iterations")


def _expanded(compiled: Compiled, states: Array, controls: Array, has_gaps: bool) -> Expansion:
    """Without gaps that are nothing but rounding: the expansion and the motion are compiled apart."""
    e = compiled.expand(states, controls)
    return e if has_gaps else e._replace(gap=np.zeros_like(e.gap))


def _gap(e: Expansion) -> float:
    return float(np.abs(e.gap).sum())


def _step(
    compiled: Compiled, e: Expansion, states: Array, controls: Array, swept: Sweep, cost: float, penalty: float,
    promised: float,
) -> tuple[Array, Array, float, float] | None:  # fmt: skip
    """The trajectory, its cost and the share, after the longest share of a step that keeps enough of its promise."""
    gap = _gap(e)
    for share in SHARES:
        try:
            found, moved, new = compiled.roll(states, controls, swept, e.gap, share)
        except ProgramError:  # a contact's solve has not converged: the step was too long
            continue
        gain = cost - new + penalty * share * gap
        if gain >= ARMIJO * share * promised - ROUNDING * abs(cost) and np.isfinite(new) and np.isfinite(found).all():
            return found, moved, new, share
    return None
