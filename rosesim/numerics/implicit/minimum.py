"""`minimize`: where an energy is least, by Newton's method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language import types as T
from rosesim.ad.language.control.branches import cond
from rosesim.ad.language.control.scan import while_loop
from rosesim.ad.language.mathematics import maximum
from rosesim.ad.language.values.real import Real
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import grad
from rosesim.numerics.implicit.equation import (
    Equation,
    Found,
    Solver,
    checked,
    curves_up,
    given_equation,
    linear_solver,
)

HALVINGS = 40
"""The most halvings of a step in the search along it."""


def minimize(
    energy: Callable[..., Any],
    guess: Any,
    args: tuple[Any, ...] = (),
    *,
    solver: Solver = None,
    tolerance: float = 1e-10,
    limit: int = 100,
    full: bool = False,
    check: bool = True,
) -> Any:
    """x with the least energy(x, *args) near a guess, by Newton's method with a search along each step; where the
    curvature is negative along a Newton step, the step is the steepest descent. The unknowns have any shape.

    It ends as `root` does, whose `solver` this takes for the systems of the Hessian ("cg" beyond 100 unknowns), and
    where the energy is flat to rounding. Where the Hessian is not positive definite, such as on a saddle, it has not
    converged (beyond 100 unknowns the curvature along one direction is looked at). `full=True` gives (x, Report) with
    the norm of the gradient.

    Derivative: by the implicit function theorem from the equation gradient = 0.

    >>> from rosesim import Real, fn, grad, minimize
    >>> @fn
    ... def sag(load: Real) -> Real:
    ...     '''Where a hanging mass comes to rest: a spring that stiffens, against gravity.'''
    ...     return minimize(lambda x: 0.5 * x**2 + 0.25 * x**4 - load * x, 0.0)
    >>> round(sag(2.0), 12), round(grad(sag)(2.0), 12)
    (1.0, 0.25)
    """
    where = here()
    e, shape, args = given_equation(energy, guess, args, "minimize")
    if e.result != T.REAL:
        raise TypeMismatch(f"the energy of minimize gives {e.result}; expected a Real", where)

    def height(given: Any, x: Any) -> Any:
        return e(given[0], x, *given[2])

    def slope(given: Any, x: Any) -> Any:
        def at(x: Any) -> Any:
            return height(given, x)

        return grad(at)(x)

    solve, held = linear_solver(solver, shape, slope, args, guess, "cg")

    def find(given: Any, guess: Any) -> Found:
        def step_from(x: Any, g: Any, size: Any) -> Any:
            d = cond(size > 0.0, lambda: solve(given, x, g), shape.zero)
            along = shape.dot(g, d)
            descends = (along > 0.0) & (along < float("inf"))  # false for NaN as well
            return shape.chosen(descends, d, g), descends

        def iterate(state: Any) -> Any:
            x, g, d, _, height_here, scale, _, k = state
            along = shape.dot(g, d)

            def tried(t: Any) -> Any:
                moved = shape.plus(x, -t, d)
                return t, moved, height(given, moved)

            def too_high(s: Any) -> Any:
                return ~(s[2] <= height_here - 1e-4 * s[0] * along)  # true for NaN as well

            _, moved, new = while_loop(
                too_high, lambda s: tried(0.5 * s[0]), tried(Real(1.0)), HALVINGS, on_limit="stop"
            )
            falls = new < height_here
            g = slope(given, moved)
            d, newton = step_from(moved, g, shape.magnitude(g))
            return moved, g, d, newton, new, maximum(scale, shape.magnitude(moved)), falls, k + 1.0

        g = slope(given, guess)
        size = shape.magnitude(g)
        d, newton = step_from(guess, g, size)
        start = guess, g, d, newton, height(given, guess), shape.magnitude(guess), size < float("inf"), Real(0.0)

        def goes_on(state: Any) -> Any:
            _, g, d, newton, _, scale, falls, _ = state
            return falls & (shape.magnitude(g) > 0.0) & ~(newton & (shape.magnitude(d) <= tolerance * scale))

        x, g, d, newton, _, scale, _, k = while_loop(goes_on, iterate, start, limit, on_limit="stop")
        # Near the minimum the energy is flat to rounding before the gradient is zero: then Newton's step is as small
        # as the square root of rounding, and still right.
        near = newton & (shape.magnitude(d) <= maximum(tolerance, 1e-6) * scale) & (scale < float("inf"))
        x = shape.plus(x, -1.0, shape.chosen(near, d, shape.zero()))
        # A saddle or a maximum is stationary, too.
        converged = (near | (shape.magnitude(g) == 0.0)) & curves_up(shape, slope, given, x)
        return x, converged, shape.magnitude(g), k

    x, report = Equation(shape, slope, solve, find, limit).solution((e.captured, held, args), guess)
    return checked(
        x, report, full, check, where,
        f"minimize has not reached its tolerance {tolerance:g} after {limit} steps, or has found a saddle or a "
        "maximum; expected a minimum near the guess: give a better one, raise limit= or tolerance= (1e-5 in single "
        "precision), or read the flag by check=False",
    )  # fmt: skip
