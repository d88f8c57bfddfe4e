"""Orthogonal factors and least squares: `qr`, `lstsq`."""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.custom import dual, primal, tangent
from rosesim.ad.language.function import fn
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.mathematics import sqrt
from rosesim.ad.language.values.real import Real
from rosesim.numerics.linalg.arguments import (
    matrix,
    minus,
    plus,
    right_side,
    transposed,
    upper_part,
    zeros,
)
from rosesim.numerics.linalg.triangular import upper_system


def qr(a: Any) -> tuple[Any, Any]:
    """(Q, R) of a = Q R, for an m by n matrix: with k = min(m, n), Q is m by k with orthonormal columns, R is k by n,
    upper triangular, and its diagonal is not negative (NumPy's may be; this one is unique where a has full rank).

    By Householder's reflections, so Q is orthonormal whatever the rank. Derivative, for full rank, with M = Qᵀ dA R⁻¹
    and Ω = tril(M, −1) − tril(M, −1)ᵀ: dQ = Q Ω + dA R⁻¹ − Q M, dR = (M − Ω) R (Walter and Lehmann, "Algorithmic
    differentiation of linear algebra functions with application in optimum experimental design", 2010). It does not
    exist where the rank is less, and is infinite or NaN there.

    >>> from rosesim import fn, Real, Vec, qr
    >>> @fn
    ... def f(a: Vec[Vec[Real, 2], 2]):
    ...     return qr(a)[1]
    >>> f([[3.0, 5.0], [4.0, 0.0]])
    array([[5., 3.],
           [0., 4.]])
    """
    m, n = matrix(a, "qr")
    return _qr(a) if m >= n else _wide(a)


@fn
def _qr(a: Any) -> Any:
    return reflected(a)


@_qr.defjvp
def _(a: Any) -> Any:
    q, r = _qr(primal(a))
    da = tangent(a)
    n = len(r)
    # dA R⁻¹: each row x of it solves Rᵀ x = (row of dA)
    scaled = transposed(upper_system(r, transposed(da), transposed=True))
    m = matmul(transposed(q), scaled)
    zero = zeros(of=m)

    def turn(i: Any, j: Any) -> Any:
        return select(i > j, m[i, j], select(i < j, -m[j, i], zero))

    omega = vec(n, lambda i: vec(n, lambda j: turn(i, j)))
    dq = plus(scaled, matmul(q, minus(omega, m)))
    dr = upper_part(matmul(minus(m, omega), r))
    return dual(q, dq), dual(r, dr)


@fn
def _wide(a: Any) -> Any:
    m, n = len(a), len(a[0])
    q, r = _qr(vec(m, lambda i: vec(m, lambda j: a[i, j])))
    rest = matmul(transposed(q), vec(m, lambda i: vec(n - m, lambda j: a[i, m + j])))
    wide = scan(lambda w, j: scan(lambda w, i: w.at[i, j].set(r[i, j]), w, m), zeros(m, n), m)
    return q, scan(lambda w, j: scan(lambda w, i: w.at[i, m + j].set(rest[i, j]), w, m), wide, n - m)


def reflected(a: Any) -> tuple[Any, Any]:
    """Q and R of a matrix with no more columns than rows, by Householder's reflections (Golub and Van Loan, 5.2)."""
    m, n = len(a), len(a[0]) if len(a) else 0

    def reflect(columns: Any, v: Any, tau: Any, count: Any) -> Any:
        """The last `count` columns, reflected."""

        def one(columns: Any, s: Any) -> Any:
            j = n - 1 - s
            x = columns[j]
            along = tau * sum(m, lambda i: v[i] * x[i])
            return columns.at[j].set(vec(m, lambda i: x[i] - along * v[i]))

        return scan(one, columns, n, upto=count)

    def eliminate(state: Any, k: Any) -> Any:
        columns, vs, taus = state
        x = columns[k]
        tail = vec(m, lambda i: select(i < k, 0.0, x[i]))
        largest = scan(lambda t, i: select(abs(tail[i]) > t, abs(tail[i]), t), Real(0.0), m)
        scale = select(largest > 0.0, largest, 1.0)  # squares of tiny numbers would vanish, of huge ones overflow
        length = scale * sqrt(sum(m, lambda i: (tail[i] / scale) * (tail[i] / scale)))
        head = x[k]
        reflection = select(head < 0.0, length, -length)
        v = vec(m, lambda i: select(i == k, 1.0, select(length > 0.0, tail[i] / (head - reflection), 0.0)))
        tau = select(length > 0.0, (reflection - head) / reflection, 0.0)
        columns = reflect(columns, v, tau, n - k)
        return columns, vs.at[k].set(v), taus.at[k].set(tau)

    columns, vs, taus = scan(eliminate, (transposed(a), zeros(n, m), zeros(n)), n)
    signs = vec(n, lambda i: select(columns[i, i] < 0.0, -1.0, Real(1.0)))
    unit = vec(n, lambda j: vec(m, lambda i: select(i == j, Real(1.0), 0.0)))
    turned = scan(lambda q, s: reflect(q, vs[n - 1 - s], taus[n - 1 - s], s + 1), unit, n)
    q = vec(m, lambda i: vec(n, lambda j: signs[j] * turned[j, i]))
    return q, vec(n, lambda i: vec(n, lambda j: select(i <= j, signs[i] * columns[j, i], 0.0)))


# -------------------------------------------------------------------------------------- least squares


def lstsq(a: Any, b: Any) -> Any:
    """The x that minimises ‖a x − b‖, for an m by n matrix of full rank and a vector b, or a matrix b of which each
    column is a right side. With fewer rows than columns, the shortest x of a x = b.

    By QR. Where the columns (rows) depend on each other it gives infinities, NaN or huge numbers. Derivative, with
    the residual r = b − A x: dx = A⁺ (db − dA x) + (AᵀA)⁻¹ dAᵀ r (Golub and Pereyra, "The differentiation of
    pseudo-inverses and nonlinear least squares problems whose variables separate", SIAM J. Numer. Anal. 10, 1973).

    >>> from rosesim import fn, Real, Vec, lstsq
    >>> @fn
    ... def line(y: Vec[Real, 3]):
    ...     return lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], y)
    >>> [round(float(c), 9) for c in line([1.0, 3.0, 5.0])]
    [1.0, 2.0]
    """
    m, n = matrix(a, "lstsq")
    right_side(b, m, "lstsq")
    return _least(a, b) if m >= n else _shortest(a, b)


@fn
def _least(a: Any, b: Any) -> Any:
    q, r = _qr(a)
    return upper_system(r, matmul(transposed(q), b))


@_least.defjvp
def _(a: Any, b: Any) -> Any:
    m, y = primal(a), primal(b)
    dm = tangent(a)
    q, r = _qr(m)
    x = upper_system(r, matmul(transposed(q), y))
    rest = minus(y, matmul(m, x))
    direct = upper_system(r, matmul(transposed(q), minus(tangent(b), matmul(dm, x))))
    bent = upper_system(r, upper_system(r, matmul(transposed(dm), rest), transposed=True))
    return dual(x, plus(direct, bent))


@fn
def _shortest(a: Any, b: Any) -> Any:
    q, r = _qr(transposed(a))
    return matmul(q, upper_system(r, b, transposed=True))


@_shortest.defjvp
def _(a: Any, b: Any) -> Any:
    m, dm = primal(a), tangent(a)
    q, r = _qr(transposed(m))
    weights = upper_system(r, upper_system(r, primal(b), transposed=True))  # x = Aᵀ weights
    x = matmul(transposed(m), weights)
    bent = matmul(transposed(dm), weights)
    rest = minus(bent, matmul(q, matmul(transposed(q), bent)))
    direct = matmul(q, upper_system(r, minus(tangent(b), matmul(dm, x)), transposed=True))
    return dual(x, plus(direct, rest))
