"""An optimiser of optax, driven as ours are: its state, whatever its form, as arrays by their numbers."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from rosesim.optimise.optimizers import State, Vector


class FromOptax:
    """A gradient transformation of optax as an optimiser with an explicit state, in double precision."""

    def __init__(self, transformation: Any):
        self._made = transformation
        self._form: Any = None
        """The structure of its state, which `start` finds."""

    def start(self, x: Vector) -> State:
        """The state before the first step."""
        with _double():
            return self._flat(self._made.init(x))

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """The next point and state."""
        jax = _jax()
        with _double():
            known = jax.tree_util.tree_unflatten(self._form, [state[f"{k:03}"] for k in range(len(state))])
            change, after = self._made.update(gradient, known, x)
            return x + np.asarray(change), self._flat(after)

    def _flat(self, state: Any) -> State:
        jax = _jax()
        leaves, self._form = jax.tree_util.tree_flatten(state)
        return {f"{k:03}": np.asarray(leaf) for k, leaf in enumerate(leaves)}


def _jax() -> Any:
    return importlib.import_module("jax")  # optax needs it; nothing else here does


def _double() -> Any:
    """JAX computes in single precision unless it is told otherwise; another thread's choice stays as it is."""
    jax = _jax()
    return jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64()
