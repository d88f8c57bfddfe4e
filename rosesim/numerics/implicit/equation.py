"""An equation r(θ, x) = 0 that defines x as a function of θ, and the derivative of that function.

The implicit function theorem gives dx = -(∂r/∂x)⁻¹ (∂r/∂θ) dθ at the solution, however the solution was found. θ is
what the user's function takes and captures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.closure import Closed, closed
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import fn
from rosesim.ad.language.linalg import transpose
from rosesim.ad.language.mathematics import cos
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.tangent import Tan
from rosesim.ad.program.ir import Where
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import jvp
from rosesim.ad.transforms.linear import linear
from rosesim.numerics.implicit.report import Report, require
from rosesim.numerics.implicit.systems import METHODS, linear_solve
from rosesim.numerics.linalg import solve as dense_solve
from rosesim.numerics.structure import Shape, is_tangent

DENSE = 100
"""Up to so many unknowns the Jacobian is made and factorised by default."""

Solver = str | Callable[..., Any] | None
"""How users choose the linear solver: by name, as a function (x, r, *args) -> d with J d = r, or by default."""

Found = tuple[Any, Any, Any, Any]
"""The solution, whether it converged, the residual, the count of iterations as a Real."""


@dataclass(frozen=True, eq=False)
class Equation:
    """An equation for unknowns of a shape. `given` is θ: what the user's functions captured, and their arguments."""

    shape: Shape
    residual: Callable[[Any, Any], Any]
    """(given, x) -> r."""
    solve: Callable[[Any, Any, Any], Any]
    """(given, x, r) -> d with (∂r/∂x) d = r."""
    find: Callable[[Any, Any], Found]
    """(given, guess) -> the solution."""
    limit: int

    def solution(self, given: Any, guess: Any) -> tuple[Any, Report]:
        """The solution with the implicit derivative, and how it was found."""
        solution = fn(self._values)
        step = linear(self.solve)

        @solution.defjvp
        def _(given: Any, guess: Any) -> Any:
            x, converged, residual, iterations = solution(primal(given), primal(guess))
            dx = self.shape.zero_tangent()
            if is_tangent(tangent(given)):
                r = jvp(self.residual)(primal(given), x, tangent(given), None)[1]
                dx = step(primal(given), x, self.shape.negative(r))
            return dual((x, converged, residual, iterations), (dx, None, Tan(0.0), None))

        x, converged, residual, iterations = solution(given, guess)
        return x, Report(converged, residual, iterations)

    def _values(self, given: Any, guess: Any) -> Any:
        x, converged, residual, count = self.find(given, guess)
        return x, converged, residual, Index[self.limit + 1].clamp(count)


def given_equation(f: Callable[..., Any], guess: Any, args: Any, what: str) -> tuple[Closed, Shape, tuple[Any, ...]]:
    """A user's function of the unknowns and arguments, closed; the shape of the unknowns; the arguments."""
    shape = Shape(guess, f"the guess of {what}")
    if not isinstance(args, tuple):
        raise TypeMismatch(f"args={args!r} was found in {what}; expected a tuple, as in args=(a,)", here())
    return closed(f, guess, *args, what=f"the function of {what}"), shape, args


def linear_solver(
    chosen: Solver, shape: Shape, residual: Callable[[Any, Any], Any], args: Sequence[Any], guess: Any, default: str
) -> tuple[Callable[[Any, Any, Any], Any], Any]:
    """The function (given, x, r) -> d with J d = r, and what it captured."""
    if callable(chosen):
        made = closed(chosen, guess, guess, *args, what="the solver")
        if made.result != shape.type:
            raise TypeMismatch(f"the solver gives {made.result}; expected {shape.type}, as the unknowns are", here())
        return lambda given, x, r: made(given[1], x, r, *given[2]), made.captured
    name = ("dense" if shape.size <= DENSE else default) if chosen is None else chosen
    if name == "dense":
        return lambda given, x, r: _dense(shape, residual, given, x, r), ()
    if name not in METHODS:
        raise TypeMismatch(
            f"solver={name!r} was found; expected 'dense', one of {', '.join(METHODS)}, or a function", here()
        )

    def by_products(given: Any, x: Any, r: Any) -> Any:
        def at(x: Any) -> Any:
            return residual(given, x)

        return linear_solve(lambda v: jvp(at)(x, v)[1], r, method=name)

    return by_products, ()


def _dense(shape: Shape, residual: Callable[[Any, Any], Any], given: Any, x: Any, r: Any) -> Any:
    """d by the Jacobian."""
    jacobian = _jacobian(shape, residual, given, x)
    if isinstance(jacobian, Real):
        return shape.whole([u / jacobian for u in shape.parts(r)])
    return shape.shaped(dense_solve(jacobian, shape.flat(r)))


def _jacobian(shape: Shape, residual: Callable[[Any, Any], Any], given: Any, x: Any) -> Any:
    """The Jacobian, a column for each unknown, in forward mode; a Real for a single Real."""

    def at(x: Any) -> Any:
        return residual(given, x)

    if not shape.leaves[0].shape and len(shape.leaves) == 1:
        return shape.parts(jvp(at)(x, shape.whole([Real(1.0)]))[1])[0]
    n = shape.size

    def column(j: Any) -> Any:
        direction = shape.shaped(vec(n, lambda i: Real(i == j)))
        return shape.flat(jvp(at)(x, direction)[1])

    return transpose(vec(n, column))


def curves_up(shape: Shape, slope: Callable[[Any, Any], Any], given: Any, x: Any) -> Any:
    """Whether the Hessian, the Jacobian of the slope, is positive definite; of many unknowns, along one direction."""

    def at(x: Any) -> Any:
        return slope(given, x)

    if shape.size > DENSE:
        direction = shape.shaped(vec(shape.size, lambda i: cos(1.7 * Real(i))))
        return shape.dot(direction, jvp(at)(x, direction)[1]) > 0.0
    hessian = _jacobian(shape, slope, given, x)
    if isinstance(hessian, Real):
        return hessian > 0.0
    return dense_solve(hessian, vec(shape.size, lambda i: Real(0.0)), assume="positive", full=True)[1]


def checked(x: Any, report: Report, full: bool, check: bool, where: Where | None, message: str) -> Any:
    """What a solver gives to its user. Nobody gets an x that may be wrong without the flag that says so."""
    if check:
        require(report, where, message)
    return (x, report) if full or not check else x
