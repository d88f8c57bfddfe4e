"""`check_grads`: is the gradient right, and if not, what is wrong with it?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here

if TYPE_CHECKING:
    from rosesim.ad.language.signature import Wrt
    from rosesim.checks.along import Along
    from rosesim.checks.report import Report
    from rosesim.checks.scale import Given

# The rest is imported where it is used, so that a program that checks nothing does not wait for it.


def check_grads(
    f: Callable[..., Any],
    /,
    *args: Any,
    wrt: Wrt = None,
    seed: int = 0,
    scale: Given = None,
    order: int = 1,
    **kwargs: Any,
) -> Report:
    """Check the gradients of a function at these arguments, by those that `wrt` names (by position or by name). Other
    keywords are arguments of f.

    Reverse mode is compared with forward mode, and both with differences over steps from 1e-1 to 1e-8 of the input's
    scale. The program is run twice and has to give the same bits. An input of at most 8 numbers is checked along each
    of them, a longer one along 8 random directions, which `seed` determines (fewer where a run takes many millions of
    operations).

    The scale of a number is its magnitude; the scale of a zero is that of the other numbers in its array. `scale`
    overrides this: a number for all inputs, or a dict by name. `order=2` checks the second derivatives as well: the
    gradient against its own differences, and that the hessian is symmetric. docs/gradients.md says how to read a
    verdict. Raises what the function raises at these arguments, and TypeMismatch where it has no real input or
    output.

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
    from rosesim.checks.programs import Programs, refuse_options
    from rosesim.checks.report import check

    given = {"wrt": wrt is not None, "seed": seed != 0, "scale": scale is not None, "order": order != 1}
    refuse_options(f, len(args), "check_grads", given)
    if order not in (1, 2):
        raise TypeMismatch(f"order={order!r} was found; expected 1, or 2 for second derivatives as well", here())
    report = check(Programs(f, args, wrt, kwargs), seed, scale=scale)
    if order == 1:
        return report
    from rosesim.checks.second import with_second

    return with_second(report, f, args, kwargs, wrt, lambda p: check(p, seed, scale=scale), seed, scale)


def along_gradient(
    f: Callable[..., Any], /, *args: Any, wrt: Wrt = None, output: str = "value", **kwargs: Any
) -> Along:
    """The value along its gradient at these arguments, at several scales, with the slope that the gradient predicts.
    `rosesim.view.tangents` draws it.

    >>> from rosesim import fn, Real
    >>> @fn
    ... def square(x: Real) -> Real:
    ...     return x * x
    >>> found = along_gradient(square, 3.0)
    >>> found.value, found.slope
    (9.0, 6.0)
    """
    from rosesim.checks.along import along
    from rosesim.checks.programs import Programs, refuse_options

    refuse_options(f, len(args), "along_gradient", {"wrt": wrt is not None, "output": output != "value"})
    return along(Programs(f, args, wrt, kwargs), output)
