"""The derivative of every solve: one more solve with the same factors.

A solver is a pair of functions, x of A x = b and of Aᵀ x = b, from the same factors. Both take the matrix beside its
factors. The factors count as constants (`stop_gradient`), and the dependence on the matrix is told by the rule
dx = A⁻¹ (db − dA x), which is linear in the tangents. So no factorisation is differentiated, and derivatives of any
order are solves: the rule's own solve is this function again (Giles, "Collected matrix derivative results for forward
and reverse mode algorithmic differentiation", 2008, 2.3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.transforms.linear import linear
from rosesim.numerics.linalg.arguments import minus

Solver = Callable[[Any, Any], Any]
"""x from factors and a right side."""

Product = Callable[[Any, Any], Any]
"""A x from A and x, or Aᵀ x."""


def solvers(
    solve: Solver, solve_transposed: Solver, product: Product, product_transposed: Product
) -> tuple[Fn[..., Any], Fn[..., Any]]:
    """The functions (matrix, factors, b) -> x of both systems. They take Reals, and b of Tans in a rule."""

    @fn
    def forward(matrix: Any, factors: Any, b: Any) -> Any:
        return solve(factors, b)

    @fn
    def backward(matrix: Any, factors: Any, b: Any) -> Any:
        return solve_transposed(factors, b)

    declared = linear(forward, transpose=backward), linear(backward, transpose=forward)
    _give_rule(forward, declared[0], product)
    _give_rule(backward, declared[1], product_transposed)
    return declared


def _give_rule(f: Fn[..., Any], of_tangent: Fn[..., Any], product: Product) -> None:
    @f.defjvp
    def _(matrix: Any, factors: Any, b: Any) -> Any:
        a, constant = primal(matrix), primal(factors)
        x = f(a, constant, primal(b))
        return dual(x, of_tangent(a, constant, minus(tangent(b), product(tangent(matrix), x))))
