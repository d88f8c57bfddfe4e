"""`check_grads`: is the gradient right, and if not, what is the matter?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rosesim.ad.errors import TypeMismatch
from rosesim.ad.locate import here

if TYPE_CHECKING:
    from rosesim.ad.derivatives import Wrt
    from rosesim.checks.along import Along
    from rosesim.checks.report import Report

# The rest is imported where it is used: a program that checks nothing need not wait.


def check_grads(f: Callable[..., Any], *args: Any, wrt: Wrt = None, seed: int = 0, order: int = 1) -> Report:
    """Check the gradients of a function at these arguments (of those that `wrt` names, by position or name).

    Reverse mode is held against forward mode, both against differences over steps from 1e-1 to 1e-8, and the
    program is run twice for the same bits. Inputs of at most 8 numbers are checked along each, longer ones along
    8 random directions, which `seed` gives (fewer where a run takes many millions of operations).
    `order=2` checks the second derivatives as well: the gradient against its own differences, and that they are
    symmetric. docs/gradients.md says how to read a verdict. Raises what the function raises at these arguments, and
    TypeMismatch where it has no real input or output.

    >>> from rosesim import check_grads, fn, Real
    >>> @fn
    ... def cube(x: Real) -> Real:
    ...     return x * x * x
    >>> report = check_grads(cube, 2.0)
    >>> report.passed, report.of("x").text
    (True, 'right')
    >>> print(check_grads(cube, 2.0, order=2).of("x", "the gradient by x"))
    the gradient by x by x: right
    """
    from rosesim.checks.programs import Programs
    from rosesim.checks.report import check

    if order not in (1, 2):
        raise TypeMismatch(f"order={order!r} was found; expected 1, or 2 for second derivatives as well", here())
    report = check(Programs(f, args, wrt), seed)
    if order == 1:
        return report
    from rosesim.checks.second import with_second

    return with_second(report, f, args, wrt, lambda programs: check(programs, seed), seed)


def along_gradient(f: Callable[..., Any], *args: Any, wrt: Wrt = None, output: str = "value") -> Along:
    """The value along its gradient at these arguments, at several scales, with the slope that the gradient gives:
    for a picture (`rosesim.view.tangents`).

    >>> from rosesim import fn, Real
    >>> @fn
    ... def square(x: Real) -> Real:
    ...     return x * x
    >>> found = along_gradient(square, 3.0)
    >>> found.value, found.slope
    (9.0, 6.0)
    """
    from rosesim.checks.along import along
    from rosesim.checks.programs import Programs

    return along(Programs(f, args, wrt), output)
