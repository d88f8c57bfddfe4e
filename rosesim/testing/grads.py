"""`assert_grads`: a full check of a gradient in one line of a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language.signature import Wrt
from rosesim.checks.grads import check_grads
from rosesim.checks.report import Report
from rosesim.checks.scale import Given

AssertGrads = Callable[..., Report]
"""The type of `assert_grads`, for a test that takes it as a fixture."""


def assert_grads(
    f: Callable[..., Any],
    /,
    *args: Any,
    wrt: Wrt = None,
    seed: int = 0,
    scale: Given = None,
    order: int = 1,
    **kwargs: Any,
) -> Report:
    """Assert that the gradients of a function are right at these arguments: what `check_grads` finds, which also says
    what the arguments mean. Gives its report.

    Raises AssertionError with a line for each verdict, as `check_grads` prints it, and whatever `check_grads` raises.

    >>> from rosesim import fn, Real, opaque, Dual
    >>> from rosesim.testing import assert_grads
    >>> @fn
    ... def cube(x: Real) -> Real:
    ...     return x * x * x
    >>> assert_grads(cube, 2.0).of("x").text
    'right'
    >>> @fn
    ... def off(x: Real) -> Real:
    ...     return x * x
    >>> @off.defjvp
    ... def _(x: Dual) -> Dual:
    ...     return Dual(off(x.re), x.re * x.du)
    >>> assert_grads(off, 2.0)
    Traceback (most recent call last):
        ...
    AssertionError: x: wrong: ...
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, not this one
    report = check_grads(f, *args, wrt=wrt, seed=seed, scale=scale, order=order, **kwargs)
    if not report.passed:
        raise AssertionError(str(report))
    return report
