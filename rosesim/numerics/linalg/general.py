"""Systems of linear equations by LU factorisation with partial pivoting: `lu`, `lu_solve`, `solve`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import all
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.custom import Dual, dual, primal, tangent
from rosesim.ad.language.function import fn
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.values.annotations import Struct
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.tangent import Tan
from rosesim.ad.language.values.vector import as_vec
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.linalg import positive, substitution
from rosesim.numerics.linalg.arguments import (
    elementwise,
    one_of,
    right_side,
    shape,
    square,
    strictly_lower,
    times,
    transposed,
    unit_lower,
    upper_part,
    zeros,
)
from rosesim.numerics.linalg.factorise import eliminated
from rosesim.numerics.linalg.systems import solvers
from rosesim.numerics.linalg.triangular import lower_system, upper_system


@dataclass(frozen=True)
class LU(Struct):
    """The factors of a square matrix: a[permutation] = L U.

    `factors` is an n by n matrix that has U on and above its diagonal and L below it, whose diagonal is of ones;
    `permutation` is a vector of n indices, and `sign` its sign, 1 or −1.

    >>> from rosesim import fn, Real, Vec, lu
    >>> @fn
    ... def pivots(a: Vec[Vec[Real, 2], 2]):
    ...     return lu(a).factors
    >>> pivots([[1.0, 2.0], [4.0, 4.0]])
    array([[4.  , 4.  ],
           [0.25, 1.  ]])
    """

    factors: Any
    permutation: Any
    sign: Any


def lu(a: Any) -> LU:
    """The factors of a square matrix by elimination with partial pivoting: `lu(a).factors` holds L and U.

    A singular matrix has a zero on the diagonal of U; nothing is raised. Derivative: with F = L⁻¹ dA U⁻¹ (rows
    exchanged), dL = L tril(F, −1) and dU = triu(F) U (de Hoog, Anderssen and Lukas, "Differentiation of matrix
    functionals using triangular factorization", Math. Comp. 80, 2011). It does not exist at a singular matrix.

    >>> from rosesim import fn, Real, Vec, lu, lu_solve
    >>> @fn
    ... def both(a: Vec[Vec[Real, 2], 2], b: Vec[Real, 2]):
    ...     f = lu(a)
    ...     return lu_solve(f, b), lu_solve(f, b, transposed=True)
    >>> both([[2.0, 0.0], [1.0, 1.0]], [4.0, 5.0])
    (array([2., 3.]), array([-0.5,  5. ]))
    """
    square(a, "lu")
    return LU(*factors_of(a))


@fn
def factors_of(a: Any) -> Any:
    """The packed factors of a square matrix, its order of rows, and the sign of that."""
    return eliminated(a)


@factors_of.defjvp
def _(a: Any) -> Any:
    factors, order, sign = factors_of(primal(a))
    x = lower_system(factors, _gathered(tangent(a), order), unit=True)
    f = transposed(upper_system(factors, transposed(x), transposed=True))
    n = len(order)
    d_low = matmul(unit_lower(factors), strictly_lower(f))
    d_up = matmul(upper_part(f), upper_part(factors))
    d = vec(n, lambda i: vec(n, lambda j: select(i > j, d_low[i, j], d_up[i, j])))
    return dual(factors, d), order, Dual(sign, Tan(0.0))


PICKED = 8
"""Up to here a permutation picks each number by comparisons. In lanes, each with its own order, that is faster than
reading at four places."""


def _picked(x: Any, is_meant: Callable[[int], Any]) -> Any:
    """The element at the one place that is meant."""
    found = x[0]
    for k in range(1, len(x)):
        found = select(is_meant(k), x[k], found)
    return found


def _gathered(b: Any, order: Any) -> Any:
    n = len(order)
    if n == 0:
        return b
    if n <= PICKED and len(shape(b)) == 1:
        return as_vec([_picked(b, lambda k, i=i: order[i] == k) for i in range(n)])
    return vec(n, lambda i: elementwise(lambda x: x, b[Index[n].clamp(order[i])]))


def _scattered(b: Any, order: Any) -> Any:
    n = len(order)
    if n == 0:
        return b
    if n <= PICKED and len(shape(b)) == 1:
        return as_vec([_picked(b, lambda i, k=k: order[i] == k) for k in range(n)])
    return scan(lambda x, i: x.at[Index[n].clamp(order[i])].set(b[i]), zeros(*shape(b), of=b), n)


# -------------------------------------------------------------------------------------------- solving


def lu_solve(f: LU, b: Any, transposed: bool = False) -> Any:
    """x of A x = b, or of Aᵀ x = b if `transposed`, from the factors `f = lu(a)`. b is a vector, or a matrix of which
    each column is a right side. Infinities or NaN where the matrix is singular.

    Differentiable by the factors and by b. Where the factors serve one right side alone, `solve(a, b)` has the
    cheaper derivative.

    >>> from rosesim import fn, Real, Vec, lu, lu_solve
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2], b: Vec[Real, 2]):
    ...     return lu_solve(lu(a), b)
    >>> f([[2.0, 0.0], [1.0, 1.0]], [4.0, 5.0])
    array([2., 3.])
    """
    n = square(f.factors, "lu_solve")
    right_side(b, n, "lu_solve")
    return (_by_factors_transposed if transposed else _by_factors)(f.factors, f.permutation, b)


@fn
def _by_factors(factors: Any, order: Any, b: Any) -> Any:
    return upper_system(factors, lower_system(factors, _gathered(b, order), unit=True))


@fn
def _by_factors_transposed(factors: Any, order: Any, b: Any) -> Any:
    y = upper_system(factors, b, transposed=True)
    return _scattered(lower_system(factors, y, transposed=True, unit=True), order)


def from_factors(factors: Any, b: Any) -> Any:
    """x of A x = b, from packed factors and their order."""
    packed, order = factors
    return substitution.upper(packed, substitution.lower(packed, _gathered(b, order), unit=True))


def from_factors_transposed(factors: Any, b: Any) -> Any:
    """x of Aᵀ x = b."""
    packed, order = factors
    y = substitution.upper_transposed(packed, b)
    return _scattered(substitution.lower_transposed(packed, y, unit=True), order)


_by_matrix, _ = solvers(from_factors, from_factors_transposed, times, lambda a, x: times(transposed(a), x))


def by_matrix(a: Any, b: Any) -> tuple[Any, Any]:
    """x of a x = b, and the packed factors of a as constants."""
    packed, order, _ = factors_of(stop_gradient(a))
    return _by_matrix(a, (packed, order), b), packed


def solver_of(a: Any) -> Callable[[Any], Any]:
    """b -> x with a x = b, for several right sides one after another, with one factorisation that is not
    differentiated: each solution has the derivative of `solve`."""
    packed, order, _ = factors_of(stop_gradient(a))
    return lambda b: _by_matrix(a, (packed, order), b)


def solve(a: Any, b: Any, assume: str = "general", full: bool = False) -> Any:
    """x of a x = b, for a square matrix and a vector b, or a matrix b of which each column is a right side.

    `assume="positive"` factorises a symmetric positive definite matrix by Cholesky, in half the time; it sees
    (a + aᵀ) / 2. A singular matrix (one that is not positive) gives infinities or NaN. `full=True` returns (x,
    regular) instead: whether all pivots were finite and other than zero.

    Derivative: dx = A⁻¹ (db − dA x), one more solve with the same factors; in reverse, b̄ = A⁻ᵀ x̄ and Ā = −b̄ xᵀ
    (Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation", 2008).

    >>> from rosesim import dot, fn, grad, Real, Vec, solve
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2], b: Vec[Real, 2]) -> Real:
    ...     return dot(solve(a, b), [1.0, 2.0])
    >>> f([[2.0, 0.0], [1.0, 1.0]], [4.0, 5.0])
    8.0
    >>> grad(f)([[2.0, 0.0], [1.0, 1.0]], [4.0, 5.0])
    (array([[ 1. ,  1.5],
           [-4. , -6. ]]), array([-0.5,  2. ]))
    """
    n = square(a, "solve")
    right_side(b, n, "solve")
    kind = one_of(assume, ("general", "positive"), "assume")
    x, regular = (_solve if kind == "general" else positive.solve_positive)(a, b)
    return (x, regular) if full else x


@fn
def _solve(a: Any, b: Any) -> Any:
    x, packed = by_matrix(a, b)
    return x, is_regular(packed)


def is_regular(factors: Any) -> Any:
    """Whether all numbers on a diagonal are finite and other than zero."""
    n = len(factors)
    return all(n, lambda i: (abs(factors[i, i]) > 0.0) & (abs(factors[i, i]) < float("inf")))
