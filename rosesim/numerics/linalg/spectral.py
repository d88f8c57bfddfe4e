"""Eigenvalues of symmetric matrices and singular values, by Jacobi's rotations: `eigh`, `svd`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.control.scan import scan, while_loop
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import fn
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.mathematics import copysign, sqrt
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.tangent import Tan
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.linalg.arguments import (
    elementwise,
    matrix,
    minus,
    plus,
    square,
    symmetrised,
    transposed,
    zeros,
)
from rosesim.numerics.linalg.determinants import unit
from rosesim.numerics.linalg.orthogonal import reflected

SWEEPS = 40
"""Sweeps converge quadratically from the fourth or so on, and matrices of 100 take nine: 40 is never reached."""


def eigh(a: Any) -> tuple[Any, Any]:
    """(w, V) of a symmetric matrix: its eigenvalues, ascending, and its orthonormal eigenvectors, the columns of V.

    It sees (a + aᵀ) / 2, so a gradient by a is symmetric. By cyclic Jacobi rotations (Golub and Van Loan, 8.5), made
    for small matrices: up to 30 or so it takes two times LAPACK's time, at 100 seven times. An element
    that is not finite gives NaN everywhere.

    Derivative, with M = Vᵀ dA V: dw = diag(M), dV = V (F ∘ M), F_ij = 1 / (w_j − w_i) (Giles 2008). Where eigenvalues
    are equal, no single eigenvalue or eigenvector has a derivative, but functions may: symmetric ones of the
    eigenvalues (a trace, the sum of a group), and the projector on a group. F is 0 between eigenvalues that are equal
    up to rounding, which gives these their derivative. It does not give that of V diag(f(w)) Vᵀ, which lacks the part
    f'(w) dA within a group: `funm` is that function of a matrix. Second derivatives at equal eigenvalues are NaN.

    >>> from rosesim import fn, Real, Vec, eigh
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2]):
    ...     return eigh(a)[0]
    >>> f([[2.0, 1.0], [1.0, 2.0]])
    array([1., 3.])
    """
    square(a, "eigh")
    return _eigh(a)


@fn
def _eigh(a: Any) -> Any:
    n = len(a)
    if not n:
        return zeros(0), a
    scaled, back, ok = _scaled(a)
    w, v = _diagonalised(symmetrised(scaled))
    return elementwise(lambda x: ok * back(x), w), elementwise(lambda x: ok * x, v)


@fn
def eigh_once(a: Any) -> Any:
    """As _eigh, for rules. Its own derivative is NaN between equal eigenvalues, and so are second derivatives."""
    return _eigh(a)


@_eigh.defjvp
def _(a: Any) -> Any:
    return _eigh_rule(a, _inverse_gap)


@eigh_once.defjvp
def _(a: Any) -> Any:
    return _eigh_rule(a, _infinite_gap)


def _eigh_rule(a: Any, inverse: Callable[[Any, Any], Any]) -> Any:
    w, v = eigh_once(primal(a))
    n = len(w)
    m = matmul(transposed(v), matmul(symmetrised(tangent(a)), v))
    scale = _largest(w)

    def turn(i: Any, j: Any) -> Any:
        return select(i == j, Tan(0.0), m[i, j] * inverse(w[j] - w[i], scale))

    turns = vec(n, lambda i: vec(n, lambda j: turn(i, j)))
    return dual(w, vec(n, lambda i: m[i, i])), dual(v, matmul(v, turns))


def _largest(w: Any) -> Any:
    return scan(lambda t, i: select(abs(w[i]) > t, abs(w[i]), t), Real(0.0), len(w))


def _inverse_gap(gap: Any, scale: Any) -> Any:
    """1 / gap, or 0 where the gap is rounding."""
    is_small = is_rounding(gap, scale)
    return select(is_small, 0.0, 1.0 / select(is_small, Real(1.0), gap))


def _infinite_gap(gap: Any, scale: Any) -> Any:
    """1 / gap, or infinity where the gap is rounding: there is no derivative."""
    return 1.0 / select(is_rounding(gap, scale), 0.0, gap)


def is_rounding(gap: Any, scale: Any) -> Any:
    """Whether a gap is within 2⁸ units in the last place of `scale`, in any precision."""
    return scale + abs(gap) * (1.0 / 256.0) == scale


_COARSE, _FINE = 60, (32, 16, 8)
"""Powers of two; the first is taken up to 17 times. They bring a matrix of any scale to one whose squares neither
overflow nor vanish. Single precision holds all of them, and 2^120; double precision 2^1020."""


def _scaled(a: Any) -> tuple[Any, Callable[[Any], Any], Any]:
    """A matrix over a power of two, which changes no digit; what multiplies a number by it; and 1, or NaN where an
    element is not finite."""

    def look(state: Any, i: Any, j: Any) -> Any:
        most, ok = state
        size = abs(a[i, j])
        return select(size > most, size, most), select(size < math.inf, ok, math.nan)

    start = Real(0.0), Real(1.0)
    most, ok = scan(lambda s, i: scan(lambda s, j: look(s, i, j), s, len(a[0])), start, len(a))

    def moved(state: Any, k: int) -> Any:
        """The largest size, and what multiplies by the power and back, after one more step of 2^k."""
        most, down, up = state
        large, small = most >= 2.0**k, (most < 2.0**-k) & (most > 0.0)
        by = select(large, 2.0**-k, select(small, 2.0**k, Real(1.0)))
        inverse = select(large, 2.0**k, select(small, 2.0**-k, Real(1.0)))
        return most * by, down * by, up * inverse

    def is_far(state: Any) -> Any:
        return (state[0] >= 2.0**_COARSE) | ((state[0] < 2.0**-_COARSE) & (state[0] > 0.0))

    most, d, u = while_loop(
        is_far, lambda s: moved(s, _COARSE), (most, Real(1.0), Real(1.0)), limit=17, on_limit="stop"
    )
    fine: Any = most, Real(1.0), Real(1.0)  # apart, because the product of both may overflow
    for k in _FINE:
        fine = moved(fine, k)
    _, e, v = fine
    return elementwise(lambda x: x * d * e, a), lambda x: x * v * u, ok


def _diagonalised(a: Any) -> Any:
    n = len(a)
    size = sqrt(sum(n, lambda i: sum(n, lambda j: a[i, j] * a[i, j])))

    def off(a: Any) -> Any:
        return sqrt(sum(n, lambda i: sum(n, lambda j: select(i == j, 0.0, a[i, j] * a[i, j]))))

    def sweep(state: Any) -> Any:
        def rows(state: Any, p: Any) -> Any:
            return scan(lambda s, q: _rotated(s[0], s[1], p, q), state, n, upto=p)

        a, v = scan(rows, state[:2], n)
        return a, v, off(a)

    start = (vec(n, lambda i: vec(n, lambda j: a[i, j])), unit(n), off(a))
    a, v, _ = while_loop(lambda s: size + s[2] > size, sweep, start, limit=SWEEPS, on_limit="stop")
    w = vec(n, lambda i: a[i, i])
    order = _ascending(w)
    return vec(n, lambda i: w[order[i]]), vec(n, lambda i: vec(n, lambda j: v[order[j], i]))


def _rotated(a: Any, v: Any, p: Any, q: Any) -> Any:
    """A symmetric matrix and the rows of Vᵀ after the rotation that makes a[p, q] zero."""
    n = len(a)
    pp, qq, pq = a[p, p], a[q, q], a[p, q]
    c, s, t = _angle(pp, qq, pq)
    x, y = vec(n, lambda k: c * a[p, k] - s * a[q, k]), vec(n, lambda k: s * a[p, k] + c * a[q, k])
    x = x.at[p].set(pp - t * pq).at[q].set(0.0)
    y = y.at[q].set(qq + t * pq).at[p].set(0.0)
    a = scan(lambda a, k: a.at[k, p].set(x[k]).at[k, q].set(y[k]), a, n)
    return a.at[p].set(x).at[q].set(y), _turned(v, p, q, c, s)


def _angle(pp: Any, qq: Any, pq: Any) -> Any:
    """Cosine, sine and tangent of the smaller angle that makes the product pq of p and q zero."""
    is_zero = pq == 0.0
    ratio = (qq - pp) / (2.0 * select(is_zero, Real(1.0), pq))
    t = select(is_zero, 0.0, copysign(1.0, ratio) / (abs(ratio) + sqrt(ratio * ratio + 1.0)))
    c = 1.0 / sqrt(t * t + 1.0)
    return c, t * c, t


def _turned(rows: Any, p: Any, q: Any, c: Any, s: Any) -> Any:
    n = len(rows[0])
    x, y = vec(n, lambda k: c * rows[p, k] - s * rows[q, k]), vec(n, lambda k: s * rows[p, k] + c * rows[q, k])
    return rows.at[p].set(x).at[q].set(y)


def _ascending(w: Any) -> Any:
    """The places of the numbers, the least first; equal ones in their order."""
    n = len(w)

    def rank(i: Any) -> Any:
        return scan(
            lambda r, j: Index[n].clamp(select((w[j] < w[i]) | ((w[j] == w[i]) & (j < i)), r + 1, r)), Index[n](0), n
        )

    return scan(lambda order, i: order.at[rank(i)].set(i), vec(n, lambda i: i), n)


# ------------------------------------------------------------------------------------- singular values


def svd(a: Any) -> tuple[Any, Any, Any]:
    """(U, s, Vᵀ) of a = U diag(s) Vᵀ, for an m by n matrix: with k = min(m, n), U is m by k and Vᵀ k by n with
    orthonormal columns and rows, and s the singular values, descending. (NumPy's with full_matrices=False.)

    By one-sided Jacobi rotations (Hestenes 1958; Golub and Van Loan, 8.6.3), which find small singular values to full
    relative accuracy; made for small matrices. U is orthonormal also where singular values are zero. An element that
    is not finite gives NaN everywhere.

    Derivative, with P = Uᵀ dA V: ds = diag(P), dU = U (F ∘ (P S + S Pᵀ)) + (I − U Uᵀ) dA V S⁻¹, and dV likewise,
    F_ij = 1 / (s_j² − s_i²) (Giles 2008; Townsend, "Differentiating the singular value decomposition", 2016). Equal
    singular values are treated as eigh treats equal eigenvalues, and S⁻¹ is 0 where s is zero up to rounding. So
    functions that are smooth there (the norm of the matrix, the product of a group's parts) have their derivative;
    single vectors of a group, and s at 0, have none.

    >>> from rosesim import fn, Real, Vec, svd
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2]):
    ...     return svd(a)[1]
    >>> f([[0.0, 2.0], [3.0, 0.0]])
    array([3., 2.])
    """
    m, n = matrix(a, "svd")
    return _svd(a) if m >= n else _wide_svd(a)


@fn
def _wide_svd(a: Any) -> Any:
    u, s, vt = _svd(transposed(a))
    return transposed(vt), s, transposed(u)


@fn
def _svd(a: Any) -> Any:
    m, n = len(a), len(a[0]) if len(a) else 0
    if n == 0:
        return zeros(m, 0), zeros(0), zeros(0, 0)

    a, back, ok = _scaled(a)

    def rotate(state: Any, p: Any, q: Any) -> Any:
        x, v, count = state
        pp, qq, pq = _dot(x[p], x[p]), _dot(x[q], x[q]), _dot(x[p], x[q])
        size = sqrt(pp) * sqrt(qq)
        is_needed = size + abs(pq) * (1.0 / 16.0) > size  # else the columns are orthogonal up to rounding

        def turned() -> Any:
            c, s, _ = _angle(pp, qq, pq)
            return _turned(x, p, q, c, s), _turned(v, p, q, c, s), count + 1.0

        return cond(is_needed, turned, lambda: (x, v, count))

    def sweep(state: Any) -> Any:
        x, v, _ = state
        return scan(lambda s, p: scan(lambda s, q: rotate(s, p, q), s, n, upto=p), (x, v, Real(0.0)), n)

    x, v, _ = while_loop(
        lambda s: s[2] > 0.0, sweep, (transposed(a), unit(n), Real(1.0)), limit=SWEEPS, on_limit="stop"
    )
    lengths = vec(n, lambda j: sqrt(_dot(x[j], x[j])))
    order = _ascending(lengths)

    def place(j: Any) -> Any:
        return order[n - 1 - j]

    # Its columns are orthogonal, so its R is diagonal, and its Q is orthonormal even where a column is zero.
    u, _ = reflected(vec(m, lambda i: vec(n, lambda j: x[place(j), i])))
    return (
        elementwise(lambda x: ok * x, u),
        vec(n, lambda j: ok * back(lengths[place(j)])),
        vec(n, lambda j: vec(n, lambda i: ok * v[place(j), i])),
    )


def _dot(x: Any, y: Any) -> Any:
    return sum(len(x), lambda i: x[i] * y[i])


@fn
def _svd_again(a: Any) -> Any:
    """As _svd, for its rule. Its own derivative is NaN between equal singular values, and where one is zero."""
    return _svd(a)


@_svd.defjvp
def _(a: Any) -> Any:
    return _svd_rule(a, _inverse_gap)


@_svd_again.defjvp
def _(a: Any) -> Any:
    return _svd_rule(a, _infinite_gap)


def _svd_rule(a: Any, inverse: Callable[[Any, Any], Any]) -> Any:
    u, s, vt = _svd_again(primal(a))
    da = tangent(a)
    m, n = len(u), len(s)
    v, ut = transposed(vt), transposed(u)
    moved = matmul(da, v)  # dA V
    p = matmul(ut, moved)
    scale = s[0] if n else Real(0.0)
    # Over the largest, which cancels: squares of singular values may overflow or vanish.
    most = stop_gradient(scale)
    per, one = (
        select(most == 0.0, 0.0, 1.0 / select(most == 0.0, Real(1.0), most)),
        select(most == 0.0, 0.0, Real(1.0)),
    )
    g = vec(n, lambda i: s[i] * per)

    def turn(i: Any, j: Any, before: Any, after: Any) -> Any:
        size = inverse(g[j] - g[i], one) * inverse(g[j] + g[i], one)
        return select(i == j, Tan(0.0), (p[i, j] * (per * before) + p[j, i] * (per * after)) * size)

    turns_u = vec(n, lambda i: vec(n, lambda j: turn(i, j, g[j], g[i])))
    turns_v = vec(n, lambda i: vec(n, lambda j: turn(i, j, g[i], g[j])))
    du = matmul(u, turns_u)
    if m > n:  # otherwise U Uᵀ is the identity
        outside = minus(moved, matmul(u, p))  # (I − U Uᵀ) dA V
        du = plus(du, vec(m, lambda i: vec(n, lambda j: outside[i, j] * inverse(s[j], scale))))
    dvt = transposed(matmul(v, turns_v))
    return dual(u, du), dual(s, vec(n, lambda i: p[i, i])), dual(vt, dvt)
