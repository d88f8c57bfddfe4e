"""Numbers of a square matrix and its inverse: `det`, `slogdet`, `inv`."""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.custom import Dual, dual, primal, tangent
from rosesim.ad.language.function import fn
from rosesim.ad.language.linalg import det as _small_det
from rosesim.ad.language.linalg import inv as _small_inv
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.mathematics import log, sign
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.tangent import Tan
from rosesim.numerics.linalg import substitution
from rosesim.numerics.linalg.arguments import elementwise, square, zeros
from rosesim.numerics.linalg.general import by_matrix, factors_of

BY_FORMULA = (2, 3)
"""Sizes that have formulas of their own."""


def det(a: Any) -> Real:
    """The determinant of a square matrix.

    2 by 2 and 3 by 3 are written out. Larger ones are the product of the pivots, so a singular matrix has the
    determinant 0, or rounding. Derivative: d det = tr(adj(A) dA), which exists everywhere: the adjugate is taken from
    factors with complete pivoting, without a division by the smallest pivot.

    >>> from rosesim import fn, det, Real, Vec
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2]) -> Real:
    ...     return det(a)
    >>> f([[1.0, 2.0], [3.0, 4.0]])
    -2.0
    """
    return _small_det(a) if square(a, "det") in BY_FORMULA else _determinant(a)


@fn
def _determinant(a: Any) -> Any:
    factors, _, parity = factors_of(a)
    return scan(lambda p, i: p * factors[i, i], parity, len(factors))


@_determinant.defjvp
def _(a: Any) -> Any:
    m, dm = primal(a), tangent(a)
    n = len(m)
    if n == 0:
        return Dual(_determinant(m), Tan(0.0))
    cofactors = _cofactors(m)
    return Dual(_determinant(m), sum(n, lambda i: sum(n, lambda j: dm[i, j] * cofactors[i, j])))


def inv(a: Any) -> Any:
    """The inverse of a square matrix; infinities or NaN if there is none.

    2 by 2 and 3 by 3 are written out, larger ones by LU. Derivative: −A⁻¹ dA A⁻¹. To solve a system, use `solve`: it
    takes a third of the time and loses fewer digits.

    >>> from rosesim import fn, inv, Real, Vec
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2]):
    ...     return inv(a)
    >>> f([[1.0, 2.0], [3.0, 4.0]])
    array([[-2. ,  1. ],
           [ 1.5, -0.5]])
    """
    return _small_inv(a) if square(a, "inv") in BY_FORMULA else _inverse(a)


@fn
def _inverse(a: Any) -> Any:
    return by_matrix(a, unit(len(a)))[0]


@_inverse.defjvp
def _(a: Any) -> Any:
    x = _inverse(primal(a))
    return dual(x, elementwise(lambda d: -d, matmul(matmul(x, tangent(a)), x)))


def unit(n: int) -> Any:
    """The identity matrix, made by a loop."""
    return vec(n, lambda i: vec(n, lambda j: select(i == j, Real(1.0), 0.0)))


def slogdet(a: Any) -> tuple[Real, Real]:
    """The sign of the determinant (1, −1, or 0 where it is 0) and the logarithm of its absolute value.

    For matrices whose determinant would overflow or underflow. A singular matrix gives (0, −inf). Derivative:
    d log|det A| = tr(A⁻¹ dA); infinite or NaN at a singular matrix, where there is none.

    >>> from rosesim import fn, slogdet, Real, Vec
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2]):
    ...     return slogdet(a)
    >>> f([[0.0, 1.0], [1.0, 0.0]])
    (-1.0, 0.0)
    """
    square(a, "slogdet")
    return _slogdet(a)


@fn
def _slogdet(a: Any) -> Any:
    factors, _, parity = factors_of(a)
    n = len(factors)
    return (
        scan(lambda s, i: s * sign(factors[i, i]), parity, n),
        sum(n, lambda i: log(abs(factors[i, i]))) if n else Real(0.0),
    )


@_slogdet.defjvp
def _(a: Any) -> Any:
    m, dm = primal(a), tangent(a)
    n = len(m)
    parity, size = _slogdet(m)
    x = _inverse(m)
    slope = sum(n, lambda i: sum(n, lambda j: dm[i, j] * x[j, i])) if n else Tan(0.0)
    return Dual(parity, Tan(0.0)), Dual(size, slope)


# -------------------------------------------------------------------------------------- the adjugate


def _cofactors(a: Any) -> Any:
    """The transposed adjugate, det(A) A⁻ᵀ, also of singular matrices: of rank n − 1 it has rank 1, below it is zero.

    With complete pivoting, a[rows, columns] = L U, the zeros among the pivots are the last ones. Then adj(U) needs no
    division by the last pivot: its last column has the product of all others.
    """
    n = len(a)
    packed, rows, columns, parity = _completely_eliminated(a)
    others = scan(lambda p, i: p * packed[i, i], parity, n - 1)
    whole = others * packed[n - 1, n - 1]

    def column(k: Any) -> Any:
        """Column k of adj(U), by substitution from its diagonal upwards."""
        is_last = k == n - 1
        diagonal = select(is_last, others, _over(whole, packed[k, k]))

        def up(x: Any, s: Any) -> Any:
            i = n - 1 - s
            total = sum(n, lambda r: packed[i, n - 1 - r] * x[n - 1 - r], upto=s)
            return x.at[i].set(select(i < k, _over(-total, packed[i, i]), x[i]))

        return scan(up, zeros(n).at[k].set(diagonal), n)

    found = substitution.lower_transposed(packed, vec(n, column), unit=True)

    def put(c: Any, i: Any) -> Any:
        return scan(lambda c, j: c.at[rows[i], columns[j]].set(found[i, j]), c, n)

    return scan(put, zeros(n, n), n)


def _over(x: Any, pivot: Any) -> Any:
    """x / pivot, or 0 where two pivots are zero: then all cofactors are."""
    return select(pivot == 0.0, 0.0, x / pivot)


def _completely_eliminated(a: Any) -> Any:
    """Packed factors by complete pivoting, the order of rows and of columns, and the sign of both."""
    n = len(a)

    def step(state: Any, k: Any) -> Any:
        w, rows, columns, parity = state

        def look(state: Any, at: Any) -> Any:
            most, i, j = state
            p, q = Index[n].clamp(at // n), at % n
            size = select((p >= k) & (q >= k), abs(w[p, q]), -1.0)
            better = size > most
            return select(better, size, most), select(better, p, i), select(better, q, j)

        _, p, q = scan(look, (Real(-1.0), k, k), n * n)
        old, new = vec(n, lambda c: w[k, c] + 0.0), vec(n, lambda c: w[p, c] + 0.0)
        w = w.at[k].set(new).at[p].set(old)

        def exchange(w: Any, i: Any) -> Any:
            x, y = w[i, k], w[i, q]
            return w.at[i, k].set(y).at[i, q].set(x)

        w = scan(exchange, w, n)
        i, j, r, s = rows[k], rows[p], columns[k], columns[q]
        rows, columns = rows.at[k].set(j).at[p].set(i), columns.at[k].set(s).at[q].set(r)
        parity = parity * select(p == k, 1.0, -1.0) * select(q == k, 1.0, -1.0)
        pivots = vec(n, lambda c: w[k, c] + 0.0)

        def row(i: Any) -> Any:
            low = _over(w[i, k], pivots[k])
            return vec(n, lambda c: select(c > k, w[i, c] - low * pivots[c], select(c == k, low, w[i, c])))

        w = vec(n, lambda i: select(i > k, row(i), w[i]))
        return w, rows, columns, parity

    indices = vec(n, lambda i: i)
    return scan(step, (vec(n, lambda i: vec(n, lambda j: a[i, j])), indices, indices, Real(1.0)), n)
