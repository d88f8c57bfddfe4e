"""Triangular systems: `solve_triangular`."""

from __future__ import annotations

from functools import cache
from typing import Any

from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.linalg import matmul
from rosesim.numerics.linalg import substitution
from rosesim.numerics.linalg.arguments import (
    minus,
    primal,
    right_side,
    square,
    tangent,
    transposed,
    triangle,
    with_tangent,
)


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
    return _solver(bool(lower), bool(transposed), bool(unit_diagonal))(a, b)


@cache
def _solver(is_lower: bool, is_transposed: bool, unit: bool) -> Fn[..., Any]:
    substitute = {
        (True, False): substitution.lower,
        (False, False): substitution.upper,
        (True, True): substitution.lower_transposed,
        (False, True): substitution.upper_transposed,
    }[is_lower, is_transposed]

    def inside(i: Any, j: Any) -> Any:
        if is_lower:
            return i > j if unit else i >= j
        return i < j if unit else i <= j

    @fn
    def solved(a: Any, b: Any) -> Any:
        return substitute(a, b, unit)

    @solved.defjvp
    def _(a: Any, b: Any) -> Any:
        t = primal(a)
        x = substitute(t, primal(b), unit)
        dt = triangle(tangent(a), inside)
        dx = substitute(t, minus(tangent(b), matmul(transposed(dt) if is_transposed else dt, x)), unit)
        return with_tangent(x, dx)

    return solved
