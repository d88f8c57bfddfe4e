"""Triangular systems by substitution, for right sides of Reals or of Tans: the inner loops of every solve.

The triangle is read from a matrix whose other half may hold anything, as in the packed factors of `lu`. A right side
is a vector, or a matrix whose rows are eliminated together. Divisions by zero give infinities or NaN.

By rows, an unknown takes a product of a row of the matrix with the unknowns found before. The transposed system goes
by columns: each unknown, once found, is subtracted from all remaining equations. Both read the matrix row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.values.vector import as_vec
from rosesim.numerics.linalg.arguments import WRITTEN_OUT, shape, zeros


def lower(a: Any, b: Any, unit: bool = False) -> Any:
    """x of L x = b, L the lower triangle of `a`, with ones on its diagonal if `unit`."""

    if _is_short(b):
        return _by_rows(a, b, range(len(b)), unit)

    def row(x: Any, i: Any) -> Any:
        known = _minus(b[i], _combined(lambda j: a[i, j], x, lambda j: j, i))
        return x.at[i].set(known if unit else known / a[i, i])

    return scan(row, zeros(*shape(b), of=b), len(b))


def upper(a: Any, b: Any, unit: bool = False) -> Any:
    """x of U x = b, U the upper triangle of `a`, with ones on its diagonal if `unit`."""
    n = len(b)
    if _is_short(b):
        return _by_rows(a, b, range(n)[::-1], unit)

    def row(x: Any, s: Any) -> Any:
        i = n - 1 - s
        known = _minus(b[i], _combined(lambda r: a[i, n - 1 - r], x, lambda r: n - 1 - r, s))
        return x.at[i].set(known if unit else known / a[i, i])

    return scan(row, zeros(*shape(b), of=b), n)


def lower_transposed(a: Any, b: Any, unit: bool = False) -> Any:
    """x of Lᵀ x = b, L the lower triangle of `a`."""
    n = len(b)
    if _is_short(b):
        return _by_columns(a, b, range(n)[::-1], unit)

    def column(left: Any, s: Any) -> Any:
        k = n - 1 - s
        x = left[k] if unit else left[k] / a[k, k]
        return scan(lambda y, j: y.at[j].set(_minus(y[j], _scaled(x, a[k, j]))), left.at[k].set(x), n, upto=k)

    return scan(column, b, n)


def upper_transposed(a: Any, b: Any, unit: bool = False) -> Any:
    """x of Uᵀ x = b, U the upper triangle of `a`."""
    n = len(b)
    if _is_short(b):
        return _by_columns(a, b, range(n), unit)

    def column(left: Any, k: Any) -> Any:
        x = left[k] if unit else left[k] / a[k, k]

        def one(y: Any, r: Any) -> Any:
            j = n - 1 - r
            return y.at[j].set(_minus(y[j], _scaled(x, a[k, j])))

        return scan(one, left.at[k].set(x), n, upto=n - 1 - k)

    return scan(column, b, n)


def _is_short(b: Any) -> bool:
    return 0 < len(b) <= WRITTEN_OUT and len(shape(b)) == 1


def _by_rows(a: Any, b: Any, order: range, unit: bool) -> Any:
    """The unknowns in this order, without a loop."""
    x: dict[int, Any] = {}
    for i in order:
        total = b[i]
        for j in x:
            total = total - x[j] * a[i, j]
        x[i] = total if unit else total / a[i, i]
    return as_vec([x[i] for i in range(len(b))])


def _by_columns(a: Any, b: Any, order: range, unit: bool) -> Any:
    """The unknowns in this order, each subtracted from the equations that are left, without a loop."""
    left = {i: b[i] for i in order}
    x: dict[int, Any] = {}
    for k in order:
        total = left.pop(k)
        x[k] = total if unit else total / a[k, k]
        for j in left:
            left[j] = left[j] - x[k] * a[k, j]
    return as_vec([x[i] for i in range(len(b))])


def _combined(factor: Callable[[Any], Any], x: Any, place: Callable[[Any], Any], count: Any) -> Any:
    """sum of factor(r) x[place(r)] over r < count."""
    n = len(x)
    if len(shape(x)) == 1:
        return sum(n, lambda r: x[place(r)] * factor(r), upto=count)
    m = shape(x)[1]
    start = zeros(m, of=x)
    return scan(lambda t, r: vec(m, lambda c: t[c] + x[place(r), c] * factor(r)), start, n, upto=count)


def _minus(x: Any, y: Any) -> Any:
    sizes = _length(x)
    return x - y if sizes is None else vec(sizes, lambda c: x[c] - y[c])


def _scaled(x: Any, by: Any) -> Any:
    sizes = _length(x)
    return x * by if sizes is None else vec(sizes, lambda c: x[c] * by)


def _length(x: Any) -> int | None:
    sizes = shape(x)
    return sizes[0] if sizes else None
