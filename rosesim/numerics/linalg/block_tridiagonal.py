"""Block-tridiagonal systems, as an implicit step of a chain has them: `solve_block_tridiagonal`."""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.function import fn
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.linalg.arguments import (
    elementwise,
    minus,
    plus,
    shape,
    times,
    transposed,
    zeros,
)
from rosesim.numerics.linalg.general import factors_of, from_factors, from_factors_transposed, solve
from rosesim.numerics.linalg.systems import solvers


def solve_block_tridiagonal(lower: Any, diagonal: Any, upper: Any, b: Any) -> Any:
    """x of A x = b, where A consists of k by k blocks on and beside its diagonal.

    `diagonal` is n blocks, `lower` and `upper` are n − 1: row i of blocks is lower[i − 1], diagonal[i], upper[i].
    b and x are n vectors of k, or n matrices of k rows of which each column is a right side. By block elimination
    (Golub and Van Loan, 4.5.1) with partial pivoting within blocks: some 5 n k³ operations. Rows are not exchanged
    between blocks, so a leading part of A that is singular gives infinities or NaN although A may be regular; an A
    that is diagonally dominant by blocks, or symmetric positive definite, has none. Derivative: dx = A⁻¹ (db − dA x),
    with the same factors.

    >>> from rosesim import fn, Real, Vec, solve_block_tridiagonal
    >>> @fn
    ... def f(d: Vec[Vec[Vec[Real, 1], 1], 2], off: Vec[Vec[Vec[Real, 1], 1], 1], b: Vec[Vec[Real, 1], 2]):
    ...     return solve_block_tridiagonal(off, d, off, b)
    >>> f([[[2.0]], [[2.0]]], [[[1.0]]], [[3.0], [3.0]])
    array([[1.],
           [1.]])
    """
    sizes = shape(diagonal)
    if len(sizes) != 3 or sizes[0] < 1 or sizes[1] != sizes[2]:
        _refuse("diagonal", diagonal, "n blocks of k by k Reals, n >= 1")
    n, k, _ = sizes
    for name, x in (("lower", lower), ("upper", upper)):
        found = shape(x)
        if found[:1] != (n - 1,) or (n > 1 and found != (n - 1, k, k)):
            _refuse(name, x, f"{n - 1} blocks of {k} by {k} Reals")
    if len(shape(b)) not in (2, 3) or shape(b)[:2] != (n, k):
        _refuse("b", b, f"{n} vectors of {k} Reals, or {n} matrices of {k} rows")
    return _solved(lower, diagonal, upper, b) if n > 1 else _single(diagonal, b)


def _refuse(name: str, x: Any, expected: str) -> None:
    raise TypeMismatch(f"{typeof(x)} was found in solve_block_tridiagonal as {name}; expected {expected}", here())


@fn
def _single(diagonal: Any, b: Any) -> Any:
    x = solve(diagonal[0], b[0])
    return vec(1, lambda _: x)


@fn
def _solved(lower: Any, diagonal: Any, upper: Any, b: Any) -> Any:
    matrix = lower, diagonal, upper
    constant = stop_gradient(matrix)
    return _by_matrix(matrix, (constant[0], _eliminated(*constant)), b)


def _product(matrix: Any, x: Any) -> Any:
    """A x."""
    lower, diagonal, upper = matrix
    n = len(x)
    at = Index[n - 1]

    def row(i: Any) -> Any:
        before = matmul(lower[at.clamp(i - 1)], x[Index[n].clamp(i - 1)])
        after = matmul(upper[at.clamp(i)], x[Index[n].clamp(i + 1)])
        zero = zeros(of=lower)
        total = plus(matmul(diagonal[i], x[i]), elementwise(lambda p: select(i > 0, p, zero), before))
        return plus(total, elementwise(lambda p: select(i < n - 1, p, zero), after))

    return vec(n, row)


def _product_transposed(matrix: Any, x: Any) -> Any:
    """Aᵀ x, whose blocks are transposed, and those below change place with those above."""
    lower, diagonal, upper = (vec(len(m), lambda i, m=m: transposed(m[i])) for m in matrix)
    return _product((upper, diagonal, lower), x)


def _eliminated(lower: Any, diagonal: Any, upper: Any) -> Any:
    """Of each row of blocks: factors and order of D = diagonal − lower C, C of the row before, and C = D⁻¹ upper."""
    n, k, _ = shape(diagonal)
    at = Index[n - 1]

    def step(before: Any, i: Any) -> Any:
        pivot = minus(diagonal[i], matmul(lower[at.clamp(i - 1)], before))  # before the first row C is zero
        factors, order, _ = factors_of(pivot)
        after = from_factors((factors, order), upper[at.clamp(i)])
        return after, (factors, order, after)

    return scan(step, zeros(k, k), n)[1]


def _substituted(factors: Any, b: Any) -> Any:
    """x of A x = b. A = M N, M of the blocks D and lower, N of C above a unit diagonal."""
    lower, rows = factors
    n = len(b)
    at = Index[n - 1]

    def forward(y: Any, i: Any) -> Any:
        packed, order, _ = rows[i]
        new = from_factors((packed, order), minus(b[i], times(lower[at.clamp(i - 1)], y)))
        return new, new

    _, y = scan(forward, zeros(*shape(b)[1:]), n)

    def back(x: Any, s: Any) -> Any:
        i = n - 1 - s
        new = minus(y[i], times(rows[i][2], x))  # beyond the last row x is zero
        return new, new

    return _reversed(scan(back, zeros(*shape(b)[1:]), n)[1])


def _substituted_transposed(factors: Any, b: Any) -> Any:
    """x of Aᵀ x = Nᵀ Mᵀ x = b."""
    lower, rows = factors
    n, k = shape(b)[:2]

    def forward(state: Any, i: Any) -> Any:
        z, after = state
        new = minus(b[i], times(transposed(after), z))
        return (new, rows[i][2]), new

    _, z = scan(forward, (zeros(*shape(b)[1:]), zeros(k, k)), n)

    def back(x: Any, s: Any) -> Any:
        i = n - 1 - s
        packed, order, _ = rows[i]
        rest = minus(z[i], times(transposed(lower[Index[n - 1].clamp(i)]), x))  # beyond the last row x is zero
        new = from_factors_transposed((packed, order), rest)
        return new, new

    return _reversed(scan(back, zeros(*shape(b)[1:]), n)[1])


def _reversed(x: Any) -> Any:
    n = len(x)
    return vec(n, lambda i: elementwise(lambda p: p, x[n - 1 - i]))


_by_matrix, _ = solvers(_substituted, _substituted_transposed, _product, _product_transposed)
