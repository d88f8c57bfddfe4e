"""Symmetric positive definite matrices: `cholesky`, `cholesky_solve`."""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import all
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import fn
from rosesim.ad.language.linalg import matmul
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.linalg import substitution
from rosesim.numerics.linalg.arguments import (
    lower_part,
    pairwise,
    right_side,
    shape,
    square,
    symmetrised,
    times,
    transposed,
    zeros,
)
from rosesim.numerics.linalg.factorise import lower_root
from rosesim.numerics.linalg.systems import solvers
from rosesim.numerics.linalg.triangular import lower_system


def cholesky(a: Any) -> Any:
    """L, lower triangular with a positive diagonal, of a = L Lᵀ, for a symmetric positive definite matrix.

    It sees (a + aᵀ) / 2, so a gradient by a is symmetric. A matrix that is not positive definite gives NaN from the
    first column on that has no real root. Derivative: dL = L Φ(L⁻¹ dA L⁻ᵀ), where Φ takes the lower triangle and
    halves its diagonal (Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527, 2016).

    >>> from rosesim import fn, Real, Vec, cholesky
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2]):
    ...     return cholesky(a)
    >>> f([[4.0, 2.0], [2.0, 5.0]])
    array([[2., 0.],
           [1., 2.]])
    """
    square(a, "cholesky")
    return _root(a)


@fn
def _root(a: Any) -> Any:
    return lower_root(symmetrised(a))


@_root.defjvp
def _(a: Any) -> Any:
    low = _root(primal(a))
    n = len(low)
    half = lower_system(low, symmetrised(tangent(a)))
    f = lower_system(low, transposed(half))  # symmetric: L⁻¹ dA L⁻ᵀ
    zero = zeros(of=f)
    phi = vec(n, lambda i: vec(n, lambda j: select(i < j, zero, f[i, j] * select(i == j, 0.5, 1.0))))
    return dual(low, lower_part(matmul(low, phi)))


def cholesky_solve(low: Any, b: Any) -> Any:
    """x of L Lᵀ x = b, for L = cholesky(a) and a vector b, or a matrix b of which each column is a right side.

    Only the lower triangle of L is read. Differentiable by L and b. Where the root serves one right side alone,
    `solve(a, b, assume="positive")` has the cheaper derivative.

    >>> from rosesim import fn, Real, Vec, cholesky, cholesky_solve
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2], b: Vec[Real, 2]):
    ...     return cholesky_solve(cholesky(a), b)
    >>> f([[4.0, 2.0], [2.0, 5.0]], [8.0, 12.0])
    array([1., 2.])
    """
    n = square(low, "cholesky_solve")
    right_side(b, n, "cholesky_solve")
    return _by_root(low, b)


@fn
def _by_root(low: Any, b: Any) -> Any:
    return lower_system(low, lower_system(low, b), transposed=True)


def _both(low: Any, b: Any) -> Any:
    return substitution.lower_transposed(low, substitution.lower(low, b))


def _symmetric_product(a: Any, x: Any) -> Any:
    """(a + aᵀ) x / 2, without a matrix of the sums. aᵀ x is added up row by row, so that memory is read in order."""
    if len(shape(x)) == 2:
        return times(symmetrised(a), x)
    n = len(x)
    turned = scan(lambda t, i: vec(n, lambda j: t[j] + a[i, j] * x[i]), zeros(n, of=a), n)
    return pairwise(lambda p, q: 0.5 * (p + q), times(a, x), turned)


_by_matrix, _ = solvers(_both, _both, _symmetric_product, _symmetric_product)


@fn
def solve_positive(a: Any, b: Any) -> Any:
    """x of a x = b, and whether a is positive definite: `solve(a, b, assume="positive", full=True)`."""
    low = lower_root(symmetrised(stop_gradient(a)))
    return _by_matrix(a, low, b), is_positive(low)


def is_positive(low: Any) -> Any:
    """Whether a root has a finite diagonal above zero."""
    return all(len(low), lambda i: (low[i, i] > 0.0) & (low[i, i] < float("inf")))
