"""What tests of linear algebra share: functions of a matrix, with the same in NumPy, for numbers that may be complex.

Each case is a scalar function of one array. Its value comes from NumPy, its gradient from a complex step of NumPy's
(holomorphic, so without transposing conjugates), its second derivative from a difference of that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import rosesim as rs
from rosesim.ad.program import interp

RNG = np.random.default_rng(17)
N = 5  # larger than what has formulas of its own, small enough to compile quickly
B, C = RNG.normal(size=(2, N))
W = RNG.normal(size=(N, N))
A = RNG.normal(size=(N, N)) + 2.0 * np.eye(N)
TURNED = np.roll(A, 1, axis=0)  # pivoting puts its rows back: a permutation that is not its own inverse
POSITIVE = A @ A.T / 3.0 + np.eye(N)
TALL, TALL_WEIGHTS = RNG.normal(size=(2, 6, 3))
B6, C6 = RNG.normal(size=(2, 6))


@dataclass(frozen=True)
class Case:
    """A scalar function of an array, in rosesim and in NumPy, and where to look at it."""

    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]
    at: Any


def weighted(x: Any, weights: Any) -> Any:
    """The sum of the products of the elements."""
    w = rs.const(np.asarray(weights))
    rows, columns = np.shape(weights)
    return rs.sum(rows, lambda i: rs.sum(columns, lambda j: x[i, j] * w[i, j]))


def interpreted(f: Any, *args: Any) -> Any:
    """The results of a function, by the interpreter: exactly what its program says, and nothing is compiled."""
    return interp.run(f.traced(f.types_of(args)).func, args)


def close(found: Any, expected: Any, tolerance: float = 1e-10) -> None:
    """Compare, relative to the largest number (at least 1)."""
    scale = max(1.0, np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=tolerance * scale)


def complex_step(f: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of a holomorphic function, exact to rounding (Squire and Trapp 1998)."""
    slopes = np.zeros(np.shape(x))
    for place in np.ndindex(slopes.shape):
        moved = np.asarray(x, complex).copy()
        moved[place] += 1e-30j
        slopes[place] = f(moved).imag / 1e-30
    return slopes


def second(f: Callable[[Any], Any], x: Any, along: Any) -> Any:
    """The gradient's derivative along a direction: a central difference of complex steps, to 1e-9 or so."""
    step = 1e-5
    return (complex_step(f, x + step * along) - complex_step(f, x - step * along)) / (2.0 * step)


# --------------------------------------------------------------------------- NumPy's functions, made holomorphic


def symmetric(a: Any) -> Any:
    return (a + a.T) / 2.0


def cholesky(a: Any) -> Any:
    a, n = symmetric(a), len(a)
    low = np.zeros_like(a)
    for j in range(n):
        for i in range(j, n):
            rest = a[i, j] - low[i, :j] @ low[j, :j]
            low[i, j] = np.sqrt(rest) if i == j else rest / low[j, j]
    return low


def gram_schmidt(a: Any) -> tuple[Any, Any]:
    q, r = np.zeros_like(a), np.zeros((a.shape[1],) * 2, a.dtype)
    for j in range(a.shape[1]):
        r[:j, j] = q[:, :j].T @ a[:, j]
        v = a[:, j] - q[:, :j] @ r[:j, j]
        r[j, j] = np.sqrt(v @ v)
        q[:, j] = v / r[j, j]
    return q, r


def exponential(a: Any) -> Any:
    """The power series, for norms of a few."""
    total = term = np.eye(len(a), dtype=a.dtype)
    for k in range(1, 80):
        term = term @ a / k
        total = total + term
    return total


def banded(ab: Any, low: int, up: int) -> Any:
    n = ab.shape[1]
    inside = lambda i, j: -up <= i - j <= low
    return np.array([[ab[up + i - j, j] if inside(i, j) else 0.0 for j in range(n)] for i in range(n)])


def blocks(packed: Any) -> Any:
    """The matrix of three diagonal blocks, two below and two above."""
    k = packed.shape[1]
    m = np.zeros((3 * k, 3 * k), packed.dtype)
    for i in range(3):
        m[i * k : (i + 1) * k, i * k : (i + 1) * k] = packed[i]
    for i in range(2):
        m[(i + 1) * k : (i + 2) * k, i * k : (i + 1) * k] = packed[3 + i]
        m[i * k : (i + 1) * k, (i + 1) * k : (i + 2) * k] = packed[5 + i]
    return m


def triangle(a: Any, lower: bool, unit: bool) -> Any:
    t = np.tril(a, -unit) if lower else np.triu(a, unit)
    return t + np.eye(len(a)) if unit else t


# -------------------------------------------------------------------------------------------------- cases


def of_eigen(a: Any) -> Any:
    """cᵀ exp(a) c by eigenvalues and eigenvectors."""
    w, v = rs.eigh(a)
    c = rs.const(C)
    along = rs.vec(N, lambda j: rs.sum(N, lambda i: v[i, j] * c[i]))
    return rs.sum(N, lambda j: rs.exp(w[j]) * along[j] * along[j])


def of_singular(a: Any) -> Any:
    """c6ᵀ a aᵀ a b by singular values and vectors."""
    u, s, vt = rs.svd(a)
    c, b = rs.const(C6), rs.const(B[:3])
    left = rs.vec(3, lambda k: rs.sum(6, lambda i: u[i, k] * c[i]))
    right = rs.vec(3, lambda k: rs.sum(3, lambda i: vt[k, i] * b[i]))
    return rs.sum(3, lambda k: s[k] ** 3 * left[k] * right[k])


def of_factors(a: Any) -> Any:
    """A sum over the factors and both solves, so that each rule counts."""
    f = rs.lu(a)
    return rs.dot(rs.lu_solve(f, B), C) + rs.dot(rs.lu_solve(f, C, transposed=True), C)


def of_wide(a: Any) -> Any:
    q, r = rs.qr(a)
    return weighted(q, W[:3, :3]) + weighted(r, TALL_WEIGHTS.T)


def of_wide_numpy(a: Any) -> Any:
    q, r = gram_schmidt(a[:, :3])
    return (q * W[:3, :3]).sum() + (np.hstack([r, q.T @ a[:, 3:]]) * TALL_WEIGHTS.T).sum()


def triangular(lower: bool, transposed: bool, unit: bool) -> Case:
    def ours(a: Any) -> Any:
        return rs.dot(rs.solve_triangular(a, B, lower=lower, transposed=transposed, unit_diagonal=unit), C)

    def theirs(a: Any) -> Any:
        t = triangle(a, lower, unit)
        return np.linalg.solve(t.T if transposed else t, B) @ C

    return Case(ours, theirs, A)


CASES = {
    "solve": Case(lambda a: rs.dot(rs.solve(a, B), C), lambda a: np.linalg.solve(a, B) @ C, TURNED),
    "solve, right side": Case(lambda b: rs.dot(rs.solve(A, b), b), lambda b: np.linalg.solve(A, b) @ b, B),
    "solve, many": Case(
        lambda a: weighted(rs.solve(a, TALL_WEIGHTS[:5]), TALL[:5]),
        lambda a: (np.linalg.solve(a, TALL_WEIGHTS[:5]) * TALL[:5]).sum(),
        A,
    ),
    "solve, positive": Case(
        lambda a: rs.dot(rs.solve(a, B, assume="positive"), C),
        lambda a: np.linalg.solve(symmetric(a), B) @ C,
        POSITIVE,
    ),
    "lu": Case(of_factors, lambda a: np.linalg.solve(a, B) @ C + np.linalg.solve(a.T, C) @ C, TURNED),
    "cholesky": Case(lambda a: weighted(rs.cholesky(a), W), lambda a: (cholesky(a) * W).sum(), POSITIVE),
    "cholesky_solve": Case(
        lambda a: rs.dot(rs.cholesky_solve(a, B), C),
        lambda a: np.linalg.solve(np.tril(a) @ np.tril(a).T, B) @ C,
        A,
    ),
    "upper": triangular(False, False, False),
    "upper transposed": triangular(False, True, False),
    "lower": triangular(True, False, False),
    "lower transposed, unit": triangular(True, True, True),
    "inv": Case(lambda a: weighted(rs.inv(a), W), lambda a: (np.linalg.inv(a) * W).sum(), TURNED),
    "det": Case(lambda a: rs.det(a), np.linalg.det, A),
    "slogdet": Case(lambda a: rs.slogdet(a)[1], lambda a: 0.5 * np.log(np.linalg.det(a) ** 2), A),
    "qr, Q": Case(
        lambda a: weighted(rs.qr(a)[0], TALL_WEIGHTS), lambda a: (gram_schmidt(a)[0] * TALL_WEIGHTS).sum(), TALL
    ),
    "qr, R": Case(lambda a: weighted(rs.qr(a)[1], W[:3, :3]), lambda a: (gram_schmidt(a)[1] * W[:3, :3]).sum(), TALL),
    "qr, wide": Case(of_wide, of_wide_numpy, TALL.T.copy()),
    "lstsq": Case(
        lambda a: rs.dot(rs.lstsq(a, B6), C[:3]), lambda a: np.linalg.solve(a.T @ a, a.T @ B6) @ C[:3], TALL
    ),
    "lstsq, shortest": Case(
        lambda a: rs.dot(rs.lstsq(a, C[:3]), B6),
        lambda a: a.T @ np.linalg.solve(a @ a.T, C[:3]) @ B6,
        TALL.T.copy(),
    ),
    "solve_banded": Case(
        lambda ab: rs.dot(rs.solve_banded((2, 1), ab, B6), C6),
        lambda ab: np.linalg.solve(banded(ab, 2, 1), B6) @ C6,
        RNG.normal(size=(4, 6)),
    ),
    "solve_block_tridiagonal": Case(
        lambda m: weighted(rs.solve_block_tridiagonal(m[3:5], m[:3], m[5:], B6.reshape(3, 2)), C6.reshape(3, 2)),
        lambda m: np.linalg.solve(blocks(m), B6) @ C6,
        RNG.normal(size=(7, 2, 2)) + 3.0 * np.eye(2) * (np.arange(7) < 3)[:, None, None],
    ),
    "eigh": Case(of_eigen, lambda a: C @ exponential(symmetric(a)) @ C, symmetric(A)),
    "svd": Case(of_singular, lambda a: C6 @ a @ a.T @ a @ B[:3], TALL),
    "svd, wide": Case(lambda a: of_singular(rs.transpose(a)), lambda a: C6 @ a.T @ a @ a.T @ B[:3], TALL.T.copy()),
    "expm": Case(
        lambda a: weighted(rs.expm(a), W[:3, :3]), lambda a: (exponential(a) * W[:3, :3]).sum(), 3.0 * A[:3, :3]
    ),
}
