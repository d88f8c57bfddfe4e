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
from rosesim.numerics.linalg.arguments import (
    elementwise,
    minus,
    plus,
    primal,
    shape,
    tangent,
    with_tangent,
    zeros,
)
from rosesim.numerics.linalg.general import by_factors, factors_of, solve


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
    return _substituted(lower, _eliminated(lower, diagonal, upper), b)


@_solved.defjvp
def _(lower: Any, diagonal: Any, upper: Any, b: Any) -> Any:
    low, up = primal(lower), primal(upper)
    factors = _eliminated(low, primal(diagonal), up)
    x = _substituted(low, factors, primal(b))
    moved = _product(tangent(lower), tangent(diagonal), tangent(upper), x)
    return with_tangent(x, _substituted(low, factors, minus(tangent(b), moved)))


def _product(lower: Any, diagonal: Any, upper: Any, x: Any) -> Any:
    """A x."""
    n = len(x)
    at = Index[n - 1]

    def row(i: Any) -> Any:
        before = matmul(lower[at.clamp(i - 1)], x[Index[n].clamp(i - 1)])
        after = matmul(upper[at.clamp(i)], x[Index[n].clamp(i + 1)])
        zero = zeros(of=lower)
        total = plus(matmul(diagonal[i], x[i]), elementwise(lambda p: select(i > 0, p, zero), before))
        return plus(total, elementwise(lambda p: select(i < n - 1, p, zero), after))

    return vec(n, row)


def _eliminated(lower: Any, diagonal: Any, upper: Any) -> Any:
    """Of each row of blocks: factors and order of D = diagonal − lower C, C of the row before, and C = D⁻¹ upper."""
    n, k, _ = shape(diagonal)
    at = Index[n - 1]

    def step(before: Any, i: Any) -> Any:
        pivot = minus(diagonal[i], matmul(lower[at.clamp(i - 1)], before))  # before the first row C is zero
        factors, order, _ = factors_of(pivot)
        after = by_factors(factors, order, upper[at.clamp(i)])
        return after, (factors, order, after)

    return scan(step, zeros(k, k), n)[1]


def _substituted(lower: Any, eliminated: Any, b: Any) -> Any:
    """x from the factors, for Reals or Tans."""
    n = len(b)
    rest = shape(b)[1:]
    at = Index[n - 1]

    def forward(y: Any, i: Any) -> Any:
        factors, order, _ = eliminated[i]
        new = by_factors(factors, order, minus(b[i], matmul(lower[at.clamp(i - 1)], y)))
        return new, new

    _, y = scan(forward, zeros(*rest, of=b), n)

    def back(x: Any, s: Any) -> Any:
        i = n - 1 - s
        new = minus(y[i], matmul(eliminated[i][2], x))  # beyond the last row x is zero
        return new, new

    _, backwards = scan(back, zeros(*rest, of=b), n)
    return vec(n, lambda i: elementwise(lambda p: p, backwards[n - 1 - i]))
