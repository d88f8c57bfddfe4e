"""What a natural program is: one loss at one size, in our language, in C, and where it is usual in NumPy and JAX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rosesim import Fn


@dataclass(frozen=True)
class Program:
    """One loss, written once in each language."""

    loss: Fn
    """In our language, untuned: no pass is in mind, and nothing is arranged for lanes or caches."""
    args: tuple[Any, ...]
    """Numbers and arrays, given to `loss` in this order."""
    wrt: tuple[int, ...]
    """The arguments whose gradient is taken."""
    c: str
    """`double run(const double *, ...)` with a pointer for each argument; integers are `const int *`."""
    sizes: Mapping[str, float]
    """What the C knows as macros."""
    beside: tuple[Any, ...] = ()
    """Arrays that `loss` holds as constants, and that the C takes after the arguments."""
    numpy: Callable[..., Any] | None = None
    """The same value by NumPy or SciPy, vectorised."""
    jax: Callable[[Any], Callable[..., Any]] | None = None
    """From the module jax to the same loss in it."""
    arithmetic: Fn | None = None
    """The same loss in vector arithmetic, where `loss` is in loops over elements."""
    budget: int | None = None
    """Bytes of memory for the gradient's history, if not the usual budget."""
    step: float = 1e-4
    """The step of the differences, in parts of an argument's size; short where a decision could change within it."""
    tolerance: float = 1e-6
    """Largest error of the gradient against differences of fourth order, which round to some 1e-8."""
