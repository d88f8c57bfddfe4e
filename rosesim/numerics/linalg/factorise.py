"""The loops that factorise matrices: from the left, block by block.

A block of columns first takes what all blocks before it have to subtract, as products of matrices, for which the
compiler has kernels; then its columns are eliminated one by one (Golub and Van Loan, Matrix Computations, 4th ed.,
section 3.2, gaxpy form; the panel is transposed, so that a column is contiguous and its loop has vectors). Seen so, a
matrix of any size is one loop over equal blocks, and the program's size does not grow with the matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.mathematics import sqrt
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import as_vec
from rosesim.numerics.linalg.arguments import WRITTEN_OUT, transposed, zeros

ALONE = 64
"""Up to here one block is faster than several: products of so few columns cost as much as what they replace."""

WIDTHS = (36, 40, 44, 48, 52)
"""Columns of a block: of these, whichever pads the matrix least. LLVM writes out loops shorter than that, which makes
compilation take six times as long and the program no faster."""


def blocks_of(n: int) -> tuple[int, int]:
    """Columns of a block, and the number of blocks, for a matrix of n columns."""
    if n <= ALONE:
        return n, 1
    width = min(WIDTHS, key=lambda w: (-(-n // w) * w, -w))
    return width, -(-n // width)


def _first_of(block: Any, width: int, n: int) -> Callable[[Any], Any]:
    return lambda k: Index[n].clamp(width * block + k)


# ------------------------------------------------------------------------------------------ with pivots


def eliminated(a: Any) -> tuple[Any, Any, Any]:
    """A matrix's factors by partial pivoting, packed (U, and L below its diagonal), the permutation, and the sign of
    that. A column without a pivot other than zero leaves a zero on U's diagonal and zeros in L, as LAPACK has it.
    """
    n = len(a)
    if n == 0:
        return a, vec(0, lambda i: i), Real(1.0)
    if n <= WRITTEN_OUT:
        return _written_out(a)
    width, count = blocks_of(n)
    full = width * count

    def loaded(i: Any, j: Any) -> Any:
        if full == n:
            return a[i, j]
        inside = (i < n) & (j < n)  # beyond: rows and columns of the identity, which pivoting leaves alone
        return select(inside, a[Index[n].clamp(i), Index[n].clamp(j)], Real(i == j))

    def block(state: Any, at: Any) -> Any:
        below, corner, above, order, sign = state
        place = _first_of(at, width, full)
        part = vec(full, lambda i: vec(width, lambda c: loaded(order[i], place(c))))
        if count > 1:
            part = scan(lambda p, k: _left(p, below[k], corner[k], _first_of(k, width, full)), part, count, upto=at)
        columns, multipliers, pivots = panel(transposed(part), place)

        def exchange(state: Any, j: Any) -> Any:
            below, order, sign = state
            d, p = place(j), pivots[j]
            if count > 1:
                below = scan(lambda rows, k: _exchanged(rows, k, d, p), below, count, upto=at)
            x, y = order[d], order[p]
            return below, order.at[d].set(y).at[p].set(x), select(d == p, sign, -sign)

        below, order, sign = scan(exchange, (below, order, sign), width)
        if count > 1:
            ends = place(width - 1)
            low = vec(full, lambda i: vec(width, lambda c: select(i > ends, multipliers[c, i], 0.0)))
            below = below.at[at].set(low)
        corner = corner.at[at].set(vec(width, lambda r: vec(width, lambda c: multipliers[c, place(r)])))
        return below, corner, above.at[at].set(columns), order, sign

    start = (
        zeros(count, full, width),
        zeros(count, width, width),
        zeros(count, width, full),
        vec(full, lambda i: i),
        Real(1.0),
    )
    below, corner, above, order, sign = scan(block, start, count)

    def packed(i: Any, j: Any) -> Any:
        at, c = j // width, j % width
        low = corner[at, i % width, c]
        if count > 1:
            low = select(i // width == at, low, below[at, i, c])
        return select(i <= j, above[at, c, i], low)

    whole = vec(n, lambda i: vec(n, lambda j: packed(i, j)))
    return whole, vec(n, lambda i: Index[n].clamp(order[i])), sign


def _written_out(a: Any) -> tuple[Any, Any, Any]:
    """As `eliminated`, without loops. The largest number of a column rises to its diagonal by exchanges, each of
    which is a selection, so that all lanes of a batch do the same."""
    n = len(a)
    w = [[a[i, j] for j in range(n)] for i in range(n)]
    order: list[Any] = [Index[n](i) for i in range(n)]
    sign = Real(1.0)
    for k in range(n):
        for i in range(k + 1, n):
            larger = abs(w[i][k]) > abs(w[k][k])
            w[k], w[i] = _sorted_rows(larger, w[k], w[i])
            (order[k],), (order[i],) = _sorted_rows(larger, [order[k]], [order[i]])
            sign = select(larger, -sign, sign)
        pivot = w[k][k]
        for i in range(k + 1, n):
            low = select(pivot == 0.0, 0.0, w[i][k] / pivot)
            w[i] = [*w[i][:k], low, *(w[i][j] - low * w[k][j] for j in range(k + 1, n))]
    return as_vec(w), as_vec(order), sign


def _sorted_rows(exchange: Any, x: list[Any], y: list[Any]) -> tuple[list[Any], list[Any]]:
    pairs = [(select(exchange, q, p), select(exchange, p, q)) for p, q in zip(x, y, strict=True)]
    return [p for p, _ in pairs], [q for _, q in pairs]


def _left(part: Any, below: Any, corner: Any, place: Callable[[Any], Any]) -> Any:
    """A block of columns after the subtraction of what the block at `place`, to its left, contributes."""
    full, width = len(part), len(part[0])

    def row(rows: Any, r: Any) -> Any:
        new = scan(lambda x, s: vec(width, lambda c: x[c] - corner[r, s] * rows[s, c]), rows[r], width, upto=r)
        return rows.at[r].set(new)

    rows = scan(row, vec(width, lambda r: part[place(r)]), width)
    product = matmul(below, rows)
    rest = vec(full, lambda i: vec(width, lambda c: part[i, c] - product[i, c]))
    return scan(lambda p, r: p.at[place(r)].set(rows[r]), rest, width)


def _exchanged(rows: Any, k: Any, i: Any, j: Any) -> Any:
    old, y = rows[k, i], rows[k, j]
    # A plain copy would be `old` itself, which is read after it is written to: all rows would be copied instead.
    x = vec(len(old), lambda c: old[c] + 0.0)
    return rows.at[k, i].set(y).at[k, j].set(x)


def panel(columns: Any, place: Callable[[Any], Any]) -> tuple[Any, Any, Any]:
    """Columns after elimination, their multipliers, and the row that was exchanged with each diagonal's, place(j)."""
    width, n = len(columns), len(columns[0])

    def column(state: Any, j: Any) -> Any:
        columns, multipliers, pivots = state
        d = place(j)

        x = _less_multiples(columns[j], multipliers, place, j)

        def look(state: Any, i: Any) -> Any:
            most, at = state
            size = select(i >= d, abs(x[i]), -1.0)
            better = size > most
            return select(better, size, most), select(better, i, at)

        _, p = scan(look, (Real(-1.0), d), n)
        old, pivot = x[d], x[p]
        x = x.at[d].set(pivot).at[p].set(old)

        def exchange(rows: Any, k: Any) -> Any:
            at_d, at_p = rows[k, d], rows[k, p]
            return rows.at[k, d].set(at_p).at[k, p].set(at_d)

        columns = scan(exchange, columns, width).at[j].set(x)
        multipliers = scan(exchange, multipliers, width, upto=j)
        found = pivot != 0.0
        low = vec(n, lambda i: select(found & (i > d), x[i] / pivot, 0.0))
        return columns, multipliers.at[j].set(low), pivots.at[j].set(p)

    start = (columns, zeros(width, n), vec(width, lambda _: Index[n](0)))
    return scan(column, start, width)


TOGETHER = 4
"""Columns that are subtracted in one pass, so that the column they are subtracted from is read and written once for
all. It saves a fifth of the time at n = 100; the order of the subtractions, and so every bit, stays."""


def _less_multiples(x: Any, multipliers: Any, place: Callable[[Any], Any], count: Any) -> Any:
    """A column after the elimination by the first `count` columns of its panel."""

    def some(x: Any, ks: list[Any]) -> Any:
        lows = [multipliers[k] for k in ks]
        factors: list[Any] = []
        for k in ks:  # a factor is the number on the diagonal of k, after the subtractions before it
            u = x[place(k)]
            for factor, low in zip(factors, lows, strict=False):
                u = u - factor * low[place(k)]
            factors.append(u)
        return _less(x, factors, lows)

    return _in_groups(some, x, len(multipliers), count)


def _less_products(x: Any, done: Any, row: Any, count: Any) -> Any:
    """A column after the subtraction of the first `count` columns, each times its number in the row."""

    def some(x: Any, ks: list[Any]) -> Any:
        return _less(x, [done[k, row] for k in ks], [done[k] for k in ks])

    return _in_groups(some, x, len(done), count)


def _less(x: Any, factors: list[Any], lows: list[Any]) -> Any:
    def element(i: Any) -> Any:
        total = x[i]
        for factor, low in zip(factors, lows, strict=True):
            total = total - factor * low[i]
        return total

    return vec(len(x), element)


def _in_groups(some: Callable[[Any, list[Any]], Any], x: Any, width: int, count: Any) -> Any:
    """some(x, ks) for the first `count` of `width` columns, several at a time, then the rest one by one."""
    if width < 2 * TOGETHER:
        return scan(lambda x, k: some(x, [k]), x, width, upto=count)
    at, groups = Index[width], width // TOGETHER
    done = Index[groups + 1].clamp(count // TOGETHER)
    x = scan(lambda x, g: some(x, [at.clamp(TOGETHER * g + k) for k in range(TOGETHER)]), x, groups, upto=done)
    return scan(lambda x, k: some(x, [at.clamp(TOGETHER * done + k)]), x, TOGETHER, upto=count % TOGETHER)


# --------------------------------------------------------------------------------------- without pivots


def lower_root(a: Any) -> Any:
    """L of a = L Lᵀ, for a symmetric positive definite matrix; NaN from the first column on that has no real root."""
    n = len(a)
    if n == 0:
        return a
    if n <= WRITTEN_OUT:
        return _root_written_out(a)
    width, count = blocks_of(n)
    full = width * count

    def loaded(i: Any, j: Any) -> Any:
        if full == n:
            return a[i, j]
        inside = (i < n) & (j < n)
        return select(inside, a[Index[n].clamp(i), Index[n].clamp(j)], Real(i == j))

    def block(done: Any, at: Any) -> Any:
        place = _first_of(at, width, full)
        part = vec(full, lambda i: vec(width, lambda c: loaded(i, place(c))))
        if count > 1:
            part = scan(lambda p, k: _less_product(p, done[k], place), part, count, upto=at)
        roots = _root_panel(transposed(part), place)
        return done.at[at].set(transposed(roots))

    done = scan(block, zeros(count, full, width), count)
    return vec(n, lambda i: vec(n, lambda j: done[j // width, i, j % width]))


def _root_written_out(a: Any) -> Any:
    n = len(a)
    low: list[list[Any]] = [[Real(0.0)] * n for _ in range(n)]
    for j in range(n):
        for i in range(j, n):
            x = a[i, j]
            for k in range(j):
                x = x - low[i][k] * low[j][k]
            low[i][j] = sqrt(x) if i == j else x / low[j][j]
    return as_vec(low)


def _less_product(part: Any, low: Any, place: Callable[[Any], Any]) -> Any:
    full, width = len(part), len(part[0])
    product = matmul(low, vec(width, lambda k: vec(width, lambda c: low[place(c), k])))
    return vec(full, lambda i: vec(width, lambda c: part[i, c] - product[i, c]))


def _root_panel(columns: Any, place: Callable[[Any], Any]) -> Any:
    """The columns of L in a panel, from columns that have taken all subtractions from their left."""
    width, n = len(columns), len(columns[0])

    def column(done: Any, j: Any) -> Any:
        d = place(j)

        x = _less_products(columns[j], done, d, j)
        root = sqrt(x[d])
        return done.at[j].set(vec(n, lambda i: select(i >= d, x[i] / root, 0.0)))

    return scan(column, zeros(width, n), width)
