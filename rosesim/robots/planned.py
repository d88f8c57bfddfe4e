"""A robot's motion that was planned, and the policy that holds it."""

# Annotations here are evaluated: sizes are part of a policy's type.

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.arrays import concatenate
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.numerics import control

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Plan:
    """A robot's motion for T steps, and a policy that holds it."""

    found: control.Plan
    """The same with states (T + 1, nq + nv + na), `costs`, `gradient`, `gap`."""
    nq: int
    timestep: float
    """In s."""
    na: int = 0
    """How many activations the robot has."""

    @property
    def q(self) -> Array:
        """(T + 1, nq)."""
        return self.found.states[:, : self.nq]

    @property
    def v(self) -> Array:
        """(T + 1, nv)."""
        return self.found.states[:, self.nq : self.found.states.shape[1] - self.na]

    @property
    def activation(self) -> Array:
        """(T + 1, na)."""
        return self.found.states[:, self.found.states.shape[1] - self.na :]

    @property
    def controls(self) -> Array:
        """(T, nu)."""
        return self.found.controls

    @property
    def gains(self) -> Array:
        """(T, nu, 2 nv + na): how the controls answer to what q, v and activations are off by."""
        return self.found.gains

    @property
    def cost(self) -> float:
        """Of the motion."""
        return self.found.cost

    @property
    def converged(self) -> bool:
        """Whether the search ended where no small change lowers the cost."""
        return self.found.converged

    def __repr__(self) -> str:
        return repr(self.found)

    def control(self, q: Any, v: Any, t: Any, *, activation: Any = None) -> Any:
        """The controls at a state, at step t of the plan: u* + K (x ⊖ x*), within the motors' ranges.

        It takes NumPy arrays, or traced values inside a function of the language. Raises ValueError where activations
        are part of the state and are not given.
        """
        if activation is None and self.na:
            raise ValueError(
                f"control was called without activation=; expected {self.na} numbers, as step gives them"
            )
        return self._policy(q, v, [] if activation is None else activation, t)

    @cached_property
    def _policy(self) -> Fn[..., Any]:
        found, steps, nq, nv, na = self.found, len(self.controls), self.nq, self.v.shape[1], self.na

        @fn
        def policy(q: Vec[Real, nq], v: Vec[Real, nv], w: Vec[Real, na], t: Index[steps]):
            return found.control(concatenate([q, v, w]), t)

        return policy

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the motion as a table that `robots.read_record` reads, and the scene `robot` follows."""
        nv = self.v.shape[1]
        kinds = {"q": self.nq, "v": nv, "ctrl": self.controls.shape[1], "act": self.na}
        head = ",".join(["time", *(f"{kind}{k}" for kind, n in kinds.items() for k in range(n))])
        steps = len(self.controls)
        time = self.timestep * np.arange(steps + 1)
        told = np.concatenate([self.controls, self.controls[-1:]])  # the last row's control acts no more
        rows = np.column_stack([time, self.q, self.v, told, self.activation])
        np.savetxt(path, rows, delimiter=",", header=head, comments="", fmt="%.17g")
