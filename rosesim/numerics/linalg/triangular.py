"""Triangular systems: `solve_triangular`, and what other functions solve with triangles of their factors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from rosesim.ad.language.function import Fn, fn
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.linalg import substitution
from rosesim.numerics.linalg.arguments import (
    lower_part,
    right_side,
    square,
    strictly_lower,
    times,
    transposed,
    triangle,
    upper_part,
)
from rosesim.numerics.linalg.systems import solvers


def solve_triangular(
    a: Any, b: Any, lower: bool = False, transposed: bool = False, unit_diagonal: bool = False
) -> Any:
    """x of T x = b, or of Tᵀ x = b if `transposed`, where T is the upper triangle of a, or the lower one if `lower`.

    With `unit_diagonal` the diagonal counts as ones. The rest of a is not read. b is a vector, or a matrix of which
    each column is a right side. A zero on the diagonal gives infinities or NaN. Derivative: dx = T⁻¹ (db − dT x).

    >>> from rosesim import fn, Real, Vec, solve_triangular
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2], b: Vec[Real, 2]):
    ...     return solve_triangular(a, b, lower=True)
    >>> f([[2.0, 9.0], [1.0, 4.0]], [2.0, 9.0])
    array([1., 2.])
    """
    n = square(a, "solve_triangular")
    right_side(b, n, "solve_triangular")
    return triangular(bool(lower), bool(transposed), bool(unit_diagonal))(a, b)


@cache
def triangular(is_lower: bool, is_transposed: bool = False, unit: bool = False) -> Fn[..., Any]:
    """The function (a, b) -> x of a triangle. In a rule it takes Tans for b."""
    solver = _pair(is_lower, unit)[is_transposed]

    @fn
    def solved(a: Any, b: Any) -> Any:
        return solver(a, stop_gradient(a), b)

    return solved


@cache
def _pair(is_lower: bool, unit: bool) -> tuple[Fn[..., Any], Fn[..., Any]]:
    part: Callable[[Any], Any]
    if is_lower:
        forward, backward = substitution.lower, substitution.lower_transposed
        part = strictly_lower if unit else lower_part
    else:
        forward, backward = substitution.upper, substitution.upper_transposed
        part = _strictly_upper if unit else upper_part
    return solvers(
        lambda t, b: forward(t, b, unit),
        lambda t, b: backward(t, b, unit),
        lambda dt, x: times(part(dt), x),
        lambda dt, x: times(transposed(part(dt)), x),
    )


def _strictly_upper(a: Any) -> Any:
    return triangle(a, lambda i, j: i < j)


def lower_system(a: Any, b: Any, transposed: bool = False, unit: bool = False) -> Any:
    """x of L x = b, or of Lᵀ x = b, L the lower triangle of a; b may be of Tans."""
    return _pair(True, unit)[transposed](a, stop_gradient(a), b)


def upper_system(a: Any, b: Any, transposed: bool = False) -> Any:
    """x of U x = b, or of Uᵀ x = b, U the upper triangle of a; b may be of Tans."""
    return _pair(False, False)[transposed](a, stop_gradient(a), b)
