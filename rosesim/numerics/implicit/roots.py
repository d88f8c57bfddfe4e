"""`root`: the solution of a system of equations, by Newton's method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language.control.branches import cond
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.mathematics import maximum
from rosesim.ad.language.values.real import Real
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.numerics.implicit.equation import Equation, Found, Solver, checked, given_equation, linear_solver
from rosesim.numerics.structure import Shape

HALVINGS = 30
"""The most halvings of a step in the search along it."""


def root(
    f: Callable[..., Any],
    guess: Any,
    args: tuple[Any, ...] = (),
    *,
    solver: Solver = None,
    tolerance: float = 1e-10,
    limit: int = 50,
    full: bool = False,
    check: bool = True,
) -> Any:
    """x with f(x, *args) = 0, from a guess, by Newton's method with a search along each step. The unknowns have any
    shape (a Real, vectors, structures of these), and f gives as many numbers in the same shape.

    It ends where a Newton step is at most `tolerance` (in single precision give 1e-5) times the largest norm that x
    has had, and takes that step too. If it has not after `limit` steps, the program stops with `ProgramError`.
    `full=True` gives (x, Report) with the norm of f. `check=False` gives that too, and does not stop.

    `solver` solves the linear system of a step: "dense" (the default up to 100 unknowns), "gmres" (beyond them),
    "cg", "bicgstab", or a function (x, r, *args) of yours that gives d with J d = r, such as a banded solve.

    Derivative: by the implicit function theorem at the solution, of any order, by args and by what f captures. It is
    right for any guess, and nothing of the iterations is stored.

    >>> from rosesim import Real, fn, grad, hessian, root
    >>> @fn
    ... def square_root(a: Real) -> Real:
    ...     return root(lambda x: x * x - a, a)
    >>> round(square_root(2.0), 12), grad(square_root)(1.0), hessian(square_root)(1.0)
    (1.414213562373, 0.5, -0.25)
    """
    where = here()
    g, shape, args = given_equation(f, guess, args, "root")
    if g.result != shape.type:
        raise TypeMismatch(f"the function of root gives {g.result}; expected {shape.type}, as the guess is", where)

    def residual(given: Any, x: Any) -> Any:
        return g(given[0], x, *given[2])

    solve, held = linear_solver(solver, shape, residual, args, guess, "gmres")
    equation = Equation(
        shape, residual, solve, lambda given, x: newton(shape, residual, solve, given, x, tolerance, limit), limit
    )
    x, report = equation.solution((g.captured, held, args), guess)
    return checked(
        x, report, full, check, where,
        f"root has not reached its tolerance {tolerance:g} after {limit} steps, or no step made f smaller; expected "
        "it to converge: give a better guess, raise limit= or tolerance= (1e-5 in single precision), or read the "
        "flag by check=False",
    )  # fmt: skip


def newton(
    shape: Shape,
    residual: Callable[[Any, Any], Any],
    solve: Callable[[Any, Any, Any], Any],
    given: Any,
    guess: Any,
    tolerance: float,
    limit: int,
) -> Found:
    """A root by Newton's method (Nocedal and Wright, *Numerical Optimization*, 11.2). Each step is halved until the
    norm of the residual has fallen by Armijo's condition."""

    def step_from(x: Any, r: Any, size: Any) -> Any:
        return cond(size > 0.0, lambda: solve(given, x, r), shape.zero)

    def iterate(state: Any) -> Any:
        x, _, size, d, scale, _, k = state

        def tried(t: Any) -> Any:
            moved = shape.plus(x, -t, d)
            r = residual(given, moved)
            return t, moved, r, shape.magnitude(r)

        def too_large(s: Any) -> Any:
            return ~(s[3] <= (1.0 - 1e-4 * s[0]) * size)  # true for NaN as well

        _, moved, r, new = while_loop(
            too_large, lambda s: tried(0.5 * s[0]), tried(Real(1.0)), HALVINGS, on_limit="stop"
        )
        falls = new < size
        d = step_from(moved, r, new)
        return moved, r, new, d, maximum(scale, shape.magnitude(moved)), falls, k + 1.0

    r = residual(given, guess)
    size = shape.magnitude(r)
    start = guess, r, size, step_from(guess, r, size), shape.magnitude(guess), size < float("inf"), Real(0.0)

    def goes_on(state: Any) -> Any:
        _, _, size, d, scale, falls, _ = state
        return falls & (size > 0.0) & ~(shape.magnitude(d) <= tolerance * scale)

    x, _, size, d, scale, _, k = while_loop(goes_on, iterate, start, limit, on_limit="stop")
    converged = (size == 0.0) | ((shape.magnitude(d) <= tolerance * scale) & (scale < float("inf")))
    return shape.plus(x, -1.0, d), converged, size, k
