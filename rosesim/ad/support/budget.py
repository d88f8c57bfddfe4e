"""How much memory the histories of loops may take."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

from rosesim.ad.support import machine

DEFAULT_BUDGET = 1 << 30

_budget: ContextVar[int] = ContextVar("rosesim_memory_budget", default=DEFAULT_BUDGET)
_runs: ContextVar[int] = ContextVar("rosesim_runs_at_once", default=1)


def budget() -> int:
    """How many bytes the histories of one call may take; within a batch, the histories of one run."""
    return _budget.get() // _runs.get()


def budget_here() -> Callable[[], int]:
    """A function that gives the budget of one run, as the batch around this trace shares it.

    It may be called after the trace, outside of the batch: it remembers how many runs share the budget.
    """
    runs = _runs.get()
    return lambda: _budget.get() // runs


@contextmanager
def of_each_run(n: int) -> Generator[None]:
    """Code traced inside is one of n runs of a batch: the runs that execute at once share the budget."""
    token = _runs.set(_runs.get() * max(1, min(n, machine.runs_at_once())))
    try:
        yield
    finally:
        _runs.reset(token)


@contextmanager
def memory_budget(size: int) -> Generator[None]:
    """Derivatives traced inside keep at most `size` bytes of a loop's history (1 GiB is the default).

    What does not fit is recomputed; the gradient stays the same. The runs of a batch share the bytes.

    >>> from rosesim import fn, memory_budget, scan, sin, value_and_grad, Real
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return scan(lambda c, i: sin(c) + x, x, 1000)
    >>> with memory_budget(800):  # room for a hundred of the thousand states
    ...     small = value_and_grad(f).compile()
    >>> small(0.5) == value_and_grad(f).compile()(0.5)
    True
    """
    token = _budget.set(int(size))
    try:
        yield
    finally:
        _budget.reset(token)
