"""Steps of a given size, one function for each method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.numerics.implicit.roots import root
from rosesim.numerics.integrate import tableaux
from rosesim.numerics.integrate.field import Field
from rosesim.numerics.integrate.rosenbrock import rodas4
from rosesim.numerics.integrate.tableaux import Tableau

OneStep = Callable[[Field, Any, Any, Any, Any], Any]
"""(field, t, y, h, tolerance) -> y one step later. The tolerance is that of Newton's method in an implicit step."""


def stages(table: Tableau, field: Field, t: Any, y: Any, h: Any, first: Any = None) -> list[Any]:
    """The stages k of an explicit method. `first` is the first one, if it is known."""
    ks = [field(t, y) if first is None else first]
    for c, row in zip(table.c[1:], table.a[1:], strict=True):
        ks.append(field(t + c * h, field.shape.moved(y, h, list(zip(row, ks, strict=True)))))
    return ks


def explicit(table: Tableau) -> OneStep:
    """A step by an explicit Runge-Kutta method."""

    def step(field: Field, t: Any, y: Any, h: Any, tolerance: Any) -> Any:
        return field.shape.moved(y, h, list(zip(table.b, stages(table, field, t, y, h), strict=True)))

    return step


def backward_euler(field: Field, t: Any, y: Any, h: Any, tolerance: Any) -> Any:
    """x = y + h f(t + h, x). Order 1, L-stable."""
    s = field.shape

    def residual(x: Any) -> Any:
        return s.plus(s.minus(x, y), -h, field(t + h, x))

    return root(residual, y, tolerance=tolerance)


def implicit_midpoint(field: Field, t: Any, y: Any, h: Any, tolerance: Any) -> Any:
    """y + h f(t + h/2, m) with m the mean of before and after. Order 2, A-stable, symplectic."""
    s = field.shape

    def residual(m: Any) -> Any:
        return s.plus(s.minus(m, y), -0.5 * h, field(t + 0.5 * h, m))

    middle = root(residual, y, tolerance=tolerance)
    return s.moved(y, 2.0, [(1.0, middle), (-1.0, y)])


def semi_implicit_euler(field: Field, t: Any, y: Any, h: Any, tolerance: Any) -> Any:
    """v by the acceleration at q, then q by the new v. Order 1, symplectic."""
    s = field.shape
    q, v = y
    v = s.plus(v, h, field(t, q))
    return s.plus(q, h, v), v


def velocity_verlet(field: Field, t: Any, y: Any, h: Any, tolerance: Any) -> Any:
    """Half a step of v, a step of q, half a step of v (Swope et al., 1982). Order 2, symplectic."""
    s = field.shape
    q, v = y
    half = s.plus(v, 0.5 * h, field(t, q))
    q = s.plus(q, h, half)
    return q, s.plus(half, 0.5 * h, field(t + h, q))


FIRST_ORDER: dict[str, OneStep] = {
    "euler": explicit(tableaux.EULER),
    "rk4": explicit(tableaux.RK4),
    "dopri5": explicit(tableaux.DOPRI5),
    "backward_euler": backward_euler,
    "implicit_midpoint": implicit_midpoint,
    "rodas4": lambda field, t, y, h, _: rodas4(field, t, y, h)[0],
}
"""Methods for y' = f(t, y)."""

SECOND_ORDER: dict[str, OneStep] = {
    "semi_implicit_euler": semi_implicit_euler,
    "velocity_verlet": velocity_verlet,
}
"""Methods for q'' = f(t, q), with the state (q, v)."""
