"""An acceleration that solves an equation G(θ, a) = 0, with the derivative of the solution.

The implicit function theorem gives da = -H⁻¹ (∂G/∂θ) dθ with H = ∂G/∂a, which is symmetric, positive definite and
already factored where the solution was found. Nothing of the search is differentiated. Factors count as constants,
and how H depends on θ and a is told by the rule of the solve, so that second derivatives are right too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import fn
from rosesim.ad.language.values.tangent import Tan
from rosesim.ad.transforms.derivatives import jvp, stop_gradient
from rosesim.ad.transforms.linear import linear
from rosesim.numerics.structure import is_tangent
from rosesim.robots.algebra import Number, vector
from rosesim.robots.elimination import Pattern, packed, places, solved, unpacked


def solution(
    met: Pattern, residual: Callable[[Any, Any], Any], find: Callable[[Any], tuple[Sequence[Number], Any]]
) -> Callable[[Any], list[Number]]:
    """The function θ -> a. `residual` is (θ, a) -> G, `find` gives a and the factor of H there."""
    n, count = len(met), len(places(met))

    @fn
    def found(given: Any) -> Any:
        a, low = find(given)
        return vector(a), packed(met, low)

    @fn
    def g(given: Any, a: Any) -> Any:
        return residual(given, a)

    @fn
    def hessian_product(given: Any, a: Any, x: Any) -> Any:
        return jvp(g)(given, a, None, x)[1]

    @fn
    def back(given: Any, a: Any, low: Any, b: Any) -> Any:
        return stack(solved(met, unpacked(met, low), [b[i] for i in range(n)]))

    marked = linear(back, transpose=back)  # H is symmetric

    @back.defjvp
    def _(given: Any, a: Any, low: Any, b: Any) -> Any:
        theta, point, factors = primal(given), primal(a), primal(low)
        x = back(theta, point, factors, primal(b))
        change = jvp(hessian_product)(theta, point, x, tangent(given), tangent(a), None)[1]
        right = tangent(b)
        return dual(x, marked(theta, point, factors, vec(n, lambda i: right[i] - change[i])))

    @found.defjvp
    def _(given: Any) -> Any:
        theta = primal(given)
        a, low = found(theta)
        zero = vec(count, lambda k: Tan(0.0))
        if not is_tangent(tangent(given)):
            return dual((a, low), (vec(n, lambda i: Tan(0.0)), zero))
        change = jvp(g)(theta, a, tangent(given), None)[1]
        return dual((a, low), (marked(theta, a, stop_gradient(low), vec(n, lambda i: -change[i])), zero))

    def solve(given: Any) -> list[Number]:
        a = found(given)[0]
        return [a[i] for i in range(n)]

    return solve
