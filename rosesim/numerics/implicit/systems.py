"""`linear_solve`: a linear system whose matrix is a function, with the derivative of its solution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rosesim.ad.language.closure import Closed, closed
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import fn
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.tangent import Tan
from rosesim.ad.program.ir import Where
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import jvp, vjp
from rosesim.ad.transforms.linear import linear
from rosesim.numerics.implicit.krylov import Krylov, bicgstab, cg, gmres
from rosesim.numerics.implicit.report import Report, require, stop_if
from rosesim.numerics.structure import Shape, is_tangent

METHODS: dict[str, Callable[..., Any]] = {"cg": cg, "bicgstab": bicgstab, "gmres": gmres}
"""The methods by the names that users give."""

SLACK = 10.0
"""A solution counts as converged if its true residual is at most this many times what was asked for. The methods stop
by the residual that they update, and rounding separates the two."""


def linear_solve(
    matvec: Callable[[Any], Any],
    b: Any,
    *,
    method: str = "cg",
    preconditioner: Callable[[Any], Any] | None = None,
    guess: Any = None,
    tolerance: float = 1e-10,
    limit: int | None = None,
    restart: int = 30,
    full: bool = False,
    check: bool = True,
) -> Any:
    """x of A x = b, where `matvec` gives A x. The unknowns have any shape: a Real, vectors, structures of these.

    `method` is "cg" (A symmetric and positive definite), "bicgstab" or "gmres" (any A; restarted after `restart`
    vectors). `preconditioner` gives an approximate A⁻¹ r. It ends where the norm of b - A x is at most `tolerance`
    (in single precision give 1e-5) times that of b. After `limit` iterations (ten for each number in b, at most
    10,000, by default) the program stops with `ProgramError`. `full=True` gives (x, Report) with the relative
    residual. `check=False` gives that too, and does not stop: `converged` is then for you to look at.

    Derivative: dx = A⁻¹ (db - dA x), one more solve; in reverse one with the transpose. It includes what `matvec`
    captures. It needs neither the guess nor the preconditioner, and nothing of the iterations is stored.

    >>> from rosesim import Real, Vec, fn, grad, linear_solve
    >>> @fn
    ... def heated(k: Real, source: Vec[Real, 3]) -> Real:
    ...     '''The middle of a rod of three cells, with conductivity k and both ends at zero.'''
    ...     def flow(u):
    ...         return [k * (2.0 * u[0] - u[1]), k * (2.0 * u[1] - u[0] - u[2]), k * (2.0 * u[2] - u[1])]
    ...     return linear_solve(flow, source)[1]
    >>> round(heated(2.0, [0.0, 1.0, 0.0]), 12), round(grad(heated, wrt="k")(2.0, [0.0, 1.0, 0.0]), 12)
    (0.5, -0.25)
    """
    if method not in METHODS:
        raise TypeMismatch(f"method={method!r} was found; expected one of {', '.join(METHODS)}", here())
    shape = Shape(b, "the right side of linear_solve")
    where = here()
    apply = _closed_operator(matvec, shape, "the matrix of linear_solve")
    prepare = None if preconditioner is None else _closed_operator(preconditioner, shape, "the preconditioner")
    system = System(
        shape, apply.__call__, None if method == "cg" else _pullback(apply, shape),
        None if prepare is None else prepare.__call__,
        None if prepare is None or method == "cg" else _pullback(prepare, shape),
        method, tolerance, min(10 * shape.size, 10_000) if limit is None else limit, restart, check, where,
    )  # fmt: skip
    solver = Solver(system)
    given = (apply.captured, () if prepare is None else prepare.captured)
    if is_tangent(b):
        if full or guess is not None:
            raise TypeMismatch("linear_solve of a tangent with full= or guess= was found; expected neither", here())
        return solver.tangent(given, b)
    start = shape.zero() if guess is None else guess
    shape.require(start, "the guess of linear_solve")
    x, residual, iterations = solver.function(given, start, b)
    if check and not full:
        return x
    return x, Report(residual <= SLACK * tolerance, residual, iterations)


def _closed_operator(f: Callable[[Any], Any], shape: Shape, what: str) -> Closed:
    made = closed(f, shape.zero(), what=what)
    if made.result != shape.type:
        raise TypeMismatch(f"{what} gives {made.result}; expected {shape.type}, as the right side is", here())
    return made


def _pullback(f: Closed, shape: Shape) -> Callable[[Any, Any], Any]:
    """The transpose of an operator."""

    def transposed(captured: Any, y: Any) -> Any:
        def at(x: Any) -> Any:
            return f(captured, x)

        return vjp(at)(shape.zero())[1](y)

    return transposed


@dataclass(frozen=True, eq=False)
class System:
    """A linear system with its matrix and preconditioner as functions of what they captured, and of a vector."""

    shape: Shape
    apply: Callable[[Any, Any], Any]
    transposed_apply: Callable[[Any, Any], Any] | None
    """None if the matrix is symmetric."""
    precondition: Callable[[Any, Any], Any] | None
    transposed_precondition: Callable[[Any, Any], Any] | None
    method: str
    tolerance: float
    limit: int
    restart: int
    check: bool
    where: Where | None
    is_given: bool = True
    """Whether `apply` is the user's, and so may not be linear. The transpose is."""

    def transpose(self) -> System:
        """The system with the transposed matrix."""
        if self.transposed_apply is None:
            return self
        return replace(
            self, apply=self.transposed_apply, transposed_apply=self.apply,
            precondition=self.transposed_precondition, transposed_precondition=self.precondition, is_given=False,
        )  # fmt: skip


class Solver:
    """A system's solution as a function, with the rule for its derivative. The transpose is made when it is needed.

    `function`: (captured, guess, b) -> (x, the relative residual, the count of iterations). `tangent`: (captured, a
    tangent for b) -> a tangent for x.
    """

    def __init__(self, system: System, transpose: Solver | None = None):
        self.system = system
        self._transpose = self if system.transposed_apply is None else transpose
        self.function = fn(self._values)
        self.function.defjvp(self._derivative)
        self.tangent = linear(self._exact, transpose=self._transposed)

    @property
    def transpose(self) -> Solver:
        """The solution of the transposed system."""
        if self._transpose is None:
            self._transpose = Solver(self.system.transpose(), self)
        return self._transpose

    def _exact(self, given: Any, b: Any) -> Any:
        return self.function(given, self.system.shape.zero(), b)[0]

    def _transposed(self, given: Any, y: Any) -> Any:
        return self.transpose._exact(given, y)

    def _values(self, given: Any, guess: Any, b: Any) -> Any:
        s = self.system
        captured, prepared = given
        unit = s.shape.unit(b)  # squares of b / unit neither overflow nor vanish
        b, guess = s.shape.over(b, unit), s.shape.over(guess, unit)
        size = s.shape.norm(b)
        precondition = s.precondition
        krylov = Krylov(
            s.shape, lambda x: s.apply(captured, x),
            None if precondition is None else lambda r: precondition(prepared, r),
            s.tolerance * size, s.limit, s.restart,
        )  # fmt: skip
        if s.is_given:
            stop_if(
                s.shape.largest(krylov.apply(s.shape.zero())) > 0.0,
                s.where,
                "the matrix of linear_solve gives other than zero for zero; expected a linear function, without a "
                "constant: subtract its value at zero from both sides",
            )
        x, count = METHODS[s.method](krylov, b, guess)
        left = s.shape.norm(krylov.residual(x, b))
        residual = select(left > 0.0, left / size, left)
        x = s.shape.whole([unit * part for part in s.shape.parts(x)])
        iterations = Index[s.limit + s.restart + 1].clamp(count)
        if s.check:
            require(
                Report(residual <= SLACK * s.tolerance, residual, iterations),
                s.where,
                f"linear_solve by {s.method} has not reached its tolerance {s.tolerance:g} after {s.limit} "
                "iterations or broke down; expected it to converge: raise limit= or tolerance= (1e-5 in single "
                "precision), give a preconditioner, take another method (cg only for a positive definite matrix), or "
                "read the flag by check=False",
            )
        return x, residual, iterations

    def _derivative(self, given: Any, guess: Any, b: Any) -> Any:
        s = self.system
        x, residual, iterations = self.function(primal(given), primal(guess), primal(b))
        right = tangent(b)
        (captured, _), (moved, _) = primal(given), tangent(given)
        if is_tangent(moved):
            change = jvp(s.apply)(captured, x, moved, None)[1]
            right = s.shape.minus(right, change)
        return dual((x, residual, iterations), (self.tangent(primal(given), right), Tan(0.0), None))
