"""The right side of a differential equation, as a user gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language import types as T
from rosesim.ad.language.closure import Closed, closed
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.numerics.structure import Shape


class Field:
    """A function (t, y, *args) that gives a rate of change in the shape of y. It is traced once."""

    def __init__(self, f: Callable[..., Any], y: Any, args: Any, what: str):
        if not isinstance(args, tuple):
            raise TypeMismatch(f"args={args!r} was found in {what}; expected a tuple, as in args=(a,)", here())
        self.shape = Shape(y, f"the state of {what}")
        self.args = args
        self.made: Closed = closed(f, Real(0.0), y, *args, what=f"the function of {what}")
        if self.made.result != self.shape.type:
            raise TypeMismatch(
                f"the function of {what} gives {self.made.result}; expected {self.shape.type}, as the state is",
                here(),
            )

    def __call__(self, t: Any, y: Any) -> Any:
        """The rate of change."""
        return self.made(self.made.captured, t, y, *self.args)


def state(y: Any) -> Any:
    """A state as a traced value: lists become vectors, numbers Reals."""
    t = T.swap_scalars(typeof(y), T.IntType, T.REAL)
    return of_atoms(t, to_atoms(y, t))
