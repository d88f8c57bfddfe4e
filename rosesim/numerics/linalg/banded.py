"""Systems of banded matrices: `solve_banded`, `solve_block_tridiagonal`. Their cost grows with n, not with n³."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.transforms.derivatives import stop_gradient
from rosesim.numerics.linalg.arguments import (
    elementwise,
    matrix,
    pairwise,
    plus,
    right_side,
    shape,
    zeros,
)
from rosesim.numerics.linalg.systems import solvers


def solve_banded(l_and_u: tuple[int, int], ab: Any, b: Any) -> Any:
    """x of A x = b, for a matrix with l diagonals below and u above the main one, given as in SciPy.

    `l_and_u` is (l, u). `ab` has l + u + 1 rows of n numbers, a diagonal each, the uppermost first: A[i, j] is
    ab[u + i − j, j]; the corners of ab that lie outside of A are not read. b is a vector, or a matrix of which each
    column is a right side. By elimination with partial pivoting, which costs n l (l + u). A singular matrix gives
    infinities or NaN. Derivative: dx = A⁻¹ (db − dA x), with the same factors.

    >>> from rosesim import fn, Real, Vec, solve_banded
    >>> @fn
    ... def f(ab: Vec[Vec[Real, 3], 3], b: Vec[Real, 3]):
    ...     return solve_banded((1, 1), ab, b)
    >>> f([[0.0, 1.0, 1.0], [2.0, 2.0, 2.0], [1.0, 1.0, 0.0]], [3.0, 4.0, 3.0])
    array([1., 1., 1.])
    """
    below, above = (int(k) for k in l_and_u)
    rows, n = matrix(ab, "solve_banded")
    if below < 0 or above < 0 or rows != below + above + 1:
        raise TypeMismatch(
            f"{rows} diagonals and (l, u) = ({below}, {above}) were found in solve_banded; expected "
            "l + u + 1 diagonals",
            here(),
        )
    right_side(b, n, "solve_banded")
    return _banded(below, above)(ab, b) if n else b


@cache
def _banded(below: int, above: int) -> Fn[..., Any]:
    solver, _ = solvers(
        _substituted,
        _substituted_transposed,
        lambda ab, x: _product(ab, x, below, above),
        lambda ab, x: _product_transposed(ab, x, above),
    )

    @fn
    def solved(ab: Any, b: Any) -> Any:
        return solver(ab, _eliminated(stop_gradient(ab), below, above), b)

    return solved


def _product(ab: Any, x: Any, below: int, above: int) -> Any:
    """A x, diagonal by diagonal."""
    n = len(x)

    def term(i: Any, k: int) -> Any:
        j = i + k  # A[i, j] stands in ab[above - k, j]
        at = Index[n].clamp(j)
        factor = select((j >= 0) & (j < n), ab[above - k, at], zeros(of=ab))
        return elementwise(lambda p: p * factor, x[at])

    def row(i: Any) -> Any:
        total = term(i, -below)
        for k in range(1 - below, above + 1):
            total = plus(total, term(i, k))
        return total

    return vec(n, row)


def _product_transposed(ab: Any, x: Any, above: int) -> Any:
    """Aᵀ x: column j of A stands in column j of ab."""
    n = len(x)

    def term(j: Any, r: int) -> Any:
        i = j + r - above
        factor = select((i >= 0) & (i < n), ab[r, j], zeros(of=ab))
        return elementwise(lambda p: p * factor, x[Index[n].clamp(i)])

    def row(j: Any) -> Any:
        total = term(j, 0)
        for r in range(1, len(ab)):
            total = plus(total, term(j, r))
        return total

    return vec(n, row)


def _eliminated(ab: Any, below: int, above: int) -> Any:
    """(U by rows, multipliers, pivots). Row i of U holds U[i, i] to U[i, i + l + u]: pivoting widens the band by l.

    A window of l + 1 rows that are not finished moves down the matrix. Each step exchanges its first row with the one
    of the largest first number, subtracts it from the others, and shifts their numbers by one place.
    """
    n = len(ab[0])
    width = below + above + 1

    def loaded(i: Any) -> Any:
        """Row i of A from its column i − l on; of the identity's, beyond the end."""

        def element(c: Any) -> Any:
            j = i + c - below
            inside = (i < n) & (j >= 0) & (j < n)
            # A[i, j] is ab[above + i - j, j], and i - j is below - c.
            return select(inside, ab[width - 1 - c, Index[n].clamp(j)], select(i == j, Real(1.0), 0.0))

        return vec(width, element)

    def first(r: Any) -> Any:
        """Row r < l of A from column 0 on."""
        row = loaded(r)
        at = Index[width]
        return vec(width, lambda c: select(c + below - r < width, row[at.clamp(c + below - r)], 0.0))

    def step(window: Any, i: Any) -> Any:
        rows = window.at[below].set(loaded(i + below))

        def look(state: Any, r: Any) -> Any:
            most, at = state
            size = abs(rows[r, 0])
            better = size > most
            return select(better, size, most), select(better, r, at)

        _, p = scan(look, (abs(rows[0, 0]), Index[below + 1](0)), below + 1)
        top, old = vec(width, lambda c: rows[p, c]), vec(width, lambda c: rows[0, c])
        rows = rows.at[p].set(old)
        lows = vec(below, lambda r: select(top[0] == 0.0, 0.0, rows[r + 1, 0] / top[0]))

        def shifted(r: Any) -> Any:
            at = Index[width]

            def moved(c: Any) -> Any:
                return rows[r + 1, at.clamp(c + 1)] - lows[r] * top[at.clamp(c + 1)]

            return vec(width, lambda c: select(c + 1 < width, moved(c), 0.0))

        kept = scan(lambda w, r: w.at[r].set(shifted(r)), zeros(below + 1, width), below)
        return kept, (top, lows, p)

    start = scan(lambda w, r: w.at[r].set(first(r)), zeros(below + 1, width), below)
    return scan(step, start, n)[1]


def _substituted(factors: Any, b: Any) -> Any:
    """x of A x = b."""
    n = len(b)
    at = Index[n]

    def forward(y: Any, i: Any) -> Any:
        _, lows, pivot = factors[i]
        p = at.clamp(i + pivot)
        x, other = _kept(y[p]), _kept(y[i])
        y = y.at[p].set(other).at[i].set(x)

        def one(y: Any, r: Any) -> Any:
            j = at.clamp(i + 1 + r)
            return y.at[j].set(_less(y[j], x, select(i + 1 + r < n, lows[r], 0.0)))

        return scan(one, y, len(lows))

    y = scan(forward, b, n)

    def back(x: Any, s: Any) -> Any:
        i = n - 1 - s
        top, _, _ = factors[i]

        def one(total: Any, c: Any) -> Any:
            j = i + 1 + c
            return _less(total, x[at.clamp(j)], select(j < n, top[c + 1], 0.0))

        total = scan(one, y[i], len(top) - 1)
        return x.at[i].set(elementwise(lambda t: t / top[0], total))

    return scan(back, zeros(*shape(b), of=b), n)


def _substituted_transposed(factors: Any, b: Any) -> Any:
    """x of Aᵀ x = b: the steps of the elimination, transposed, from the last to the first."""
    n = len(b)
    at = Index[n]

    def forward(y: Any, i: Any) -> Any:
        top, _, _ = factors[i]
        x = elementwise(lambda t: t / top[0], y[i])

        def one(y: Any, c: Any) -> Any:
            j = i + 1 + c
            return y.at[at.clamp(j)].set(_less(y[at.clamp(j)], x, select(j < n, top[c + 1], 0.0)))

        return scan(one, y.at[i].set(x), len(top) - 1)

    y = scan(forward, b, n)

    def back(x: Any, s: Any) -> Any:
        i = n - 1 - s
        _, lows, pivot = factors[i]

        def one(total: Any, r: Any) -> Any:
            j = i + 1 + r
            return _less(total, x[at.clamp(j)], select(j < n, lows[r], 0.0))

        new = scan(one, x[i], len(lows))
        p = at.clamp(i + pivot)
        x = x.at[i].set(new)
        first, other = _kept(x[p]), _kept(x[i])
        return x.at[p].set(other).at[i].set(first)

    return scan(back, y, n)


def _kept(x: Any) -> Any:
    return elementwise(lambda p: p, x)


def _less(x: Any, y: Any, factor: Callable[[Any], Any]) -> Any:
    return pairwise(lambda p, q: p - q * factor, x, y)
