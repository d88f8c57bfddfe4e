"""How much memory the histories of loops may take."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

DEFAULT_BUDGET = 1 << 30

_budget: ContextVar[int] = ContextVar("rosesim_memory_budget", default=DEFAULT_BUDGET)


def budget() -> int:
    """How many bytes the histories of a call may take."""
    return _budget.get()


@contextmanager
def memory_budget(size: int) -> Generator[None]:
    """Derivatives traced inside keep at most `size` bytes of a loop's history (1 GiB is the default); what
    does not fit is computed again, the gradient staying the same.

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
