"""Optimisers of a user's own: an object with `start` and `step`, or one of optax.

Checkpoints keep the state of an optimiser, so it has to be a dict of arrays that stay of one shape and type. This is
checked at each step, where a mistake is the user's, and not when a run that took a day is read.
"""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.optimise.descent import Stepper
from rosesim.optimise.optimizers import Rule, State, Vector
from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import shown

MARK = "own:"
"""What the text of such an optimiser begins with where others have a name."""


def is_rule_object(given: Any) -> bool:
    """Whether an object is a rule: its `step` takes a rate, the update's number, a point, a gradient and a state."""
    return _arguments(given, "step") == 5 and _arguments(given, "start") == 1


def own_stepper(given: Any) -> Stepper | Rule:
    """An object of the user as an optimiser or a rule; SceneError where it is neither.

    >>> own_stepper([])
    Traceback (most recent call last):
        ...
    rosesim.scenes.errors.SceneError: an optimizer is a name or an object with start(x) and step(x, gradient, \
state), or of optax; list was given
    """
    if callable(getattr(given, "init", None)) and callable(getattr(given, "update", None)):
        from rosesim.optimise.from_optax import FromOptax

        return FromOptax(given)
    if isinstance(given, type) or not (_arguments(given, "start") == 1 and _arguments(given, "step") in (3, 5)):
        what = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
        raise SceneError(
            "an optimizer is a name or an object with start(x) and step(x, gradient, state), or of optax; "
            f"{what} was given"
        )
    return given


def described(given: Any) -> str:
    """A text of an optimiser for a run's folder: its class, and its constants where it is a dataclass."""
    return MARK + _described(given)


def _described(given: Any) -> str:
    if dataclasses.is_dataclass(given) and not isinstance(given, type):
        parts = [(f.name, getattr(given, f.name)) for f in dataclasses.fields(given)]
        return f"{type(given).__name__}({', '.join(f'{k}={_described(v)}' for k, v in parts)})"
    if given is None or isinstance(given, bool | int | float | str):
        return repr(given)
    return type(given).__name__


def _arguments(given: Any, method: str) -> int:
    """The number of arguments of a method; 0 where there is none that can be looked at."""
    try:
        return len(inspect.signature(getattr(given, method)).parameters)
    except (AttributeError, TypeError, ValueError):
        return 0


@dataclass(frozen=True)
class Own:
    """A user's optimiser under our rules: it changes no argument, stays in bounds, and its state can be kept."""

    stepper: Any
    """Typed as any object: it is the user's, and what it returns is checked."""
    bounds: tuple[Vector, Vector] | None = None

    def start(self, x: Vector) -> State:
        """The state before the first step."""
        return self._kept(self.stepper.start(x.copy()), "start")

    def step(self, x: Vector, gradient: Vector, state: State) -> tuple[Vector, State]:
        """The next point and state."""
        with np.errstate(all="ignore"):  # the caller checks the result, once
            made = self.stepper.step(x.copy(), gradient.copy(), {k: v.copy() for k, v in state.items()})
        if not (isinstance(made, tuple) and len(made) == 2):
            raise self._wrong("step", made, "the next point and the next state")
        after = np.asarray(made[0], dtype=np.float64)
        if after.shape != x.shape:
            raise self._wrong("step", made[0], f"a point of shape {x.shape}")
        kept = self._kept(made[1], "step")
        for name in {*kept, *state}:
            old, new = state.get(name), kept.get(name)
            if old is None or new is None or (old.shape, old.dtype) != (new.shape, new.dtype):
                whose = type(self.stepper).__name__
                raise SceneError(
                    f"the state {name!r} of {whose} was {_form(old)} and is {_form(new)} after a step; "
                    "expected arrays that keep their shape and type, as a checkpoint does"
                )
        return (after if self.bounds is None else np.clip(after, *self.bounds)), kept

    def _kept(self, state: Any, method: str) -> State:
        if not isinstance(state, dict) or not all(isinstance(k, str) for k in state):
            raise self._wrong(method, state, "a dict of arrays by name, which a checkpoint can keep")
        arrays = {k: np.array(v) for k, v in state.items()}
        if bad := [k for k, v in arrays.items() if v.dtype.kind not in "fiub"]:
            raise self._wrong(method, state[bad[0]], f"numbers in the state {bad[0]!r}")
        return arrays

    def _wrong(self, method: str, found: Any, expected: str) -> SceneError:
        whose = type(self.stepper).__name__
        return SceneError(f"{method} of the optimizer {whose} returned {shown(repr(found))}; expected {expected}")


def _form(array: Any) -> str:
    return "absent" if array is None else f"{array.dtype} of shape {array.shape}"
