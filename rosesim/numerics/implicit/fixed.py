"""`fixed_point`: where a function gives back its argument, by iterating it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.mathematics import maximum
from rosesim.ad.language.values.real import Real
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.numerics.implicit.equation import Equation, Found, Solver, checked, given_equation, linear_solver


def fixed_point(
    g: Callable[..., Any],
    guess: Any,
    args: tuple[Any, ...] = (),
    *,
    solver: Solver = None,
    tolerance: float = 1e-12,
    limit: int = 1000,
    full: bool = False,
    check: bool = True,
) -> Any:
    """x with g(x, *args) = x, by iterating g from a guess. The unknowns have any shape.

    It ends where an iteration moves x by at most `tolerance` (in single precision give 1e-6) times the largest norm
    that x has had. The error is then about that over 1 - q, where q is the factor by which iterations contract. If it
    has not after `limit` iterations, the program stops with `ProgramError`. `full=True` gives (x, Report) with the
    norm of the last move. `check=False` gives that too, and does not stop.

    Derivative: by the implicit function theorem, as that of `root`, whose `solver` this takes. Where g does not
    contract, or slowly, take `root(lambda x: x - g(x), guess)`.

    >>> from rosesim import Real, cos, fixed_point, fn, grad
    >>> @fn
    ... def settled(a: Real) -> Real:
    ...     return fixed_point(lambda x: a * cos(x), 0.5)
    >>> round(settled(1.0), 9), round(grad(settled)(1.0), 9)
    (0.739085133, 0.441610792)
    """
    where = here()
    h, shape, args = given_equation(g, guess, args, "fixed_point")
    if h.result != shape.type:
        raise TypeMismatch(
            f"the function of fixed_point gives {h.result}; expected {shape.type}, as the guess is", where
        )

    def residual(given: Any, x: Any) -> Any:
        return shape.plus(x, -1.0, h(given[0], x, *given[2]))

    def find(given: Any, guess: Any) -> Found:
        def iterate(state: Any) -> Any:
            x, _, scale, k = state
            moved = h(given[0], x, *given[2])
            move = shape.magnitude(shape.minus(moved, x))
            return moved, move, maximum(scale, shape.magnitude(moved)), k + 1.0

        start = guess, Real(float("inf")), shape.magnitude(guess), Real(0.0)
        x, move, scale, k = while_loop(lambda s: s[1] > tolerance * s[2], iterate, start, limit, on_limit="stop")
        return x, (move <= tolerance * scale) & (scale < float("inf")), move, k

    solve, held = linear_solver(solver, shape, residual, args, guess, "gmres")
    x, report = Equation(shape, residual, solve, find, limit).solution((h.captured, held, args), guess)
    return checked(
        x, report, full, check, where,
        f"fixed_point has not reached its tolerance {tolerance:g} after {limit} iterations; expected it to converge: "
        "give a better guess, raise limit= or tolerance= (1e-6 in single precision), take root(lambda x: x - g(x), "
        "guess), or read the flag by check=False",
    )  # fmt: skip
