"""Random linear algebra, of matrices that are well conditioned where what they are made of is finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rosesim as rs
from fuzz.choices import Choices, since
from rosesim.ad.language import types as T

Make = Callable[[T.Type], Any]
"""Writes a value of a type."""


def number(c: Choices, make: Make) -> Any:
    """A number that depends on a system, on factors of a matrix, or on its eigenvalues."""
    n = c.one([2, 3, 1])
    a, b = dominant(c, n, make), make(T.VecType(n, T.REAL))
    match c.below(8 + len(since(3, True))):
        case 0 | 1:
            return rs.solve(a, b)[c.below(n)]
        case 2:
            return rs.solve(_product(a), b, assume="positive")[c.below(n)]
        case 3:
            return rs.lu_solve(rs.lu(a), b, transposed=True)[c.below(n)]
        case 4:
            return rs.slogdet(a)[1] + rs.cholesky(_product(a))[n - 1, 0]
        case 5:
            return rs.solve_banded((1, 1), _bands(n, make), b)[c.below(n)]
        case 6:
            return rs.eigh(a)[0][0]
        case 8:
            f = c.one([rs.tanh, rs.sin, lambda w: w / (1.0 + w * w)])
            # Some matrices have equal eigenvalues, and some close ones.
            symmetric = c.one([_product(a), b[0] * rs.identity(n), rs.identity(n) + 1e-3 * _product(a)])
            return rs.funm(symmetric, f)[c.below(n), c.below(n)]
        case _:
            return rs.lstsq(rs.stack([*(a[i] for i in range(n)), b]), make(T.VecType(n + 1, T.REAL)))[c.below(n)]


def dominant(c: Choices, n: int, make: Make) -> Any:
    """A matrix whose diagonal is larger than the rest of its row, perhaps with its rows in another order."""
    rows = make(T.VecType(n, T.VecType(n, T.REAL)))
    first = c.below(n)
    return rs.vec(
        n,
        lambda i: rs.vec(n, lambda j: rs.tanh(rows[i, j]) + rs.select((i + first) % n == j, 4.0 + j, 0.0)),
    )


def _product(a: Any) -> Any:
    return rs.matmul(a, rs.transpose(a))


def _bands(n: int, make: Make) -> Any:
    rows = make(T.VecType(3, T.VecType(n, T.REAL)))
    return rs.vec(3, lambda d: rs.vec(n, lambda j: rs.tanh(rows[d, j]) + rs.select(d == 1, 4.0, 0.0)))
