"""What a search for controls has found."""

# Annotations here are evaluated: sizes are part of a policy's type.

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.constants import const
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.mathematics import clip
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Plan:
    """Controls for T steps, the motion under them, and a policy that holds the motion."""

    states: Array
    """(T + 1, n)."""
    controls: Array
    """(T, m)."""
    gains: Array
    """(T, m, size of a tangent): K of u = u* + K (x ⊖ x*). A control at its bound has none."""
    costs: Array
    """Of the first trajectory, then after each iteration that changed it."""
    gap: float
    """The sum of the magnitudes by which steps miss the next state. It is zero, but for a search that began with
    states of its own and ended early."""
    gradient: float
    """The largest derivative of the cost by a control, without what pushes against a bound."""
    iterations: int
    converged: bool
    reason: str
    """Why the search ended, as a sentence."""
    bounds: tuple[Array, Array]
    difference: Callable[[Any, Any], Any]

    @property
    def cost(self) -> float:
        """Of this trajectory."""
        return float(self.costs[-1])

    def __repr__(self) -> str:
        steps, m = self.controls.shape
        return (
            f"Plan of {steps} steps with {m} control{'s' * (m != 1)}: cost {self.costs[0]:.6g} -> {self.cost:.6g} "
            f"in {self.iterations} iterations; {self.reason}"
        )

    def control(self, x: Any, t: Any) -> Any:
        """The control at a state x, at step t: that of the plan, changed by the gains, within the bounds.

        It takes NumPy arrays, or traced values inside a function of the language.
        """
        return self._policy(x, t)

    @cached_property
    def _policy(self) -> Fn[..., Any]:
        steps, n = len(self.controls), self.states.shape[1]
        low, high = self.bounds
        difference = self.difference

        @fn
        def policy(x: Vec[Real, n], t: Index[steps]):
            off = difference(x, const(self.states)[t])
            u = const(self.controls)[t] + matmul(const(self.gains)[t], off)
            return clip(u, const(low), const(high))

        return policy
