"""Numbers of a square matrix and its inverse: `det`, `slogdet`, `inv`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rosesim.ad.language import trace
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.custom import Dual, dual, primal, tangent
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.linalg import det as _small_det
from rosesim.ad.language.linalg import inv as _small_inv
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.mathematics import log, sign
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.tangent import Tan
from rosesim.numerics.linalg import substitution
from rosesim.numerics.linalg.arguments import elementwise, square, transposed
from rosesim.numerics.linalg.general import by_matrix, factors_of

BY_FORMULA = (2, 3)
"""Sizes that have formulas of their own."""


def det(a: Any) -> Real:
    """The determinant of a square matrix.

    2 by 2 and 3 by 3 are written out. Larger ones are the product of the pivots, so a singular matrix has the
    determinant 0, or rounding. Derivative: d det = tr(adj(A) dA), which exists everywhere: the adjugate is taken from
    factors with complete pivoting, without a division by a pivot, and so is its derivative. Third derivatives are NaN
    at rank n − 2 and below (n >= 4).

    >>> from rosesim import fn, det, Real, Vec
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2]) -> Real:
    ...     return det(a)
    >>> f([[1.0, 2.0], [3.0, 4.0]])
    -2.0
    """
    return _by_formula(_small_det, a) if square(a, "det") in BY_FORMULA else _determinant(a)


def _by_formula(f: Callable[[Any], Any], a: Any) -> Any:
    """f(a), written into the function under trace; outside of one, run as a program of its own."""
    return f(a) if trace.current() is not None else _programs[f](a)


_programs: dict[Callable[[Any], Any], Fn[..., Any]] = {f: fn(f) for f in (_small_det, _small_inv)}


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
    return _by_formula(_small_inv, a) if square(a, "inv") in BY_FORMULA else _inverse(a)


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


@fn
def _cofactors(a: Any) -> Any:
    """The transposed adjugate, det(A) A⁻ᵀ, also of singular matrices: of rank n − 1 it has rank 1, below it is zero.

    With complete pivoting, a[rows, columns] = L D U, both triangles with ones on their diagonals, and the zeros of D
    are its last ones. Then the cofactors are L⁻ᵀ cof(D) U⁻ᵀ, without a division by a pivot.
    """
    n = len(a)
    packed, rows, columns, parity = _completely_eliminated(a)
    upper = _scaled_rows(packed)
    d = vec(n, lambda i: packed[i, i])
    of_d = vec(n, lambda i: vec(n, lambda j: select(i == j, parity * _product_without(d, i, i), 0.0)))
    return _between(packed, upper, rows, columns, of_d)


@_cofactors.defjvp
def _(a: Any) -> Any:
    """With F = L⁻¹ dA U⁻¹ and p_ij the product of the pivots without i and j, it is L⁻ᵀ M U⁻ᵀ, M_ij = −F_ji p_ij and
    M_jj the sum of F_ii p_ij over i ≠ j: what is linear in F of cof(D + F), again without a division by a pivot."""
    m, dm = primal(a), tangent(a)
    n = len(m)
    packed, rows, columns, parity = _completely_eliminated(m)
    largest = abs(packed[0, 0])
    # Two pivots that are zero, or rounding: the elimination has no derivative, and a third derivative is NaN.
    is_flat = largest + abs(packed[n - 2, n - 2]) * (1.0 / 256.0) == largest if n > 1 else largest < 0.0
    packed = elementwise(lambda x: select(is_flat, _without_slope(x), x), packed)
    upper = _scaled_rows(packed)
    d = vec(n, lambda i: packed[i, i])
    moved = vec(n, lambda i: vec(n, lambda j: dm[rows[i], columns[j]]))
    left = transposed(substitution.lower(packed, moved, unit=True))
    f = transposed(substitution.lower(transposed(upper), left, unit=True))
    others = vec(n, lambda i: vec(n, lambda j: select(i == j, 0.0, parity * _product_without(d, i, j))))

    def part(i: Any, j: Any) -> Any:
        on_diagonal = sum(n, lambda k: f[k, k] * others[k, j])
        return select(i == j, on_diagonal, f[j, i] * -others[i, j])

    of_d = vec(n, lambda i: vec(n, lambda j: part(i, j)))
    return dual(_cofactors(m), _between(packed, upper, rows, columns, of_d))


@fn
def _without_slope(x: Any) -> Any:
    """x, with the derivative NaN."""
    return x


@_without_slope.defjvp
def _(x: Any) -> Any:
    return Dual(primal(x), tangent(x) * math.nan)


def _scaled_rows(packed: Any) -> Any:
    """U of L D U: its rows over their pivots, those of zero pivots zero."""
    n = len(packed)
    return vec(n, lambda i: vec(n, lambda j: select(i < j, _over(packed[i, j], packed[i, i]), 0.0)))


def _product_without(d: Any, i: Any, j: Any) -> Any:
    return scan(lambda p, k: select((k == i) | (k == j), p, p * d[k]), Real(1.0), len(d))


def _between(packed: Any, upper: Any, rows: Any, columns: Any, x: Any) -> Any:
    """L⁻ᵀ x U⁻ᵀ, with rows and columns back in their places."""
    n = len(packed)
    left = transposed(substitution.lower_transposed(packed, x, unit=True))
    found = transposed(substitution.upper(upper, left, unit=True))
    row, column = (scan(lambda at, i, o=order: at.at[o[i]].set(i), order, n) for order in (rows, columns))
    return vec(n, lambda i: vec(n, lambda j: found[row[i], column[j]]))


def _over(x: Any, pivot: Any) -> Any:
    """x / pivot, or 0 where the pivot is zero: then all that is left is."""
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
