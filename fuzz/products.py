"""Products of matrices as people write them, and what is nearly one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import rosesim as rs
from fuzz.choices import Choices
from rosesim import Real
from rosesim.ad.language import types as T

ORDERS = list(permutations("ikj"))
"""The orders of three loops, the outermost first."""


@dataclass(frozen=True)
class Matrix:
    """A matrix, or one of several in an array."""

    rows: int
    columns: int
    value: Any
    parts: int = 0
    part: Any = 0
    by_rows: bool = False
    """Whether an element is read from its row, and not from the matrix."""

    def at(self, i: Any, j: Any) -> Any:
        """An element."""
        if self.by_rows:
            return self.whole()[i][j]
        return self.value[self.part, i, j] if self.parts else self.value[i, j]

    def whole(self) -> Any:
        """The matrix by itself."""
        return self.value[self.part] if self.parts else self.value


@dataclass(frozen=True)
class Factor:
    """A matrix as it stands in a product, perhaps transposed."""

    matrix: Matrix
    transposed: bool

    def at(self, i: Any, j: Any) -> Any:
        """An element of the factor."""
        return self.matrix.at(j, i) if self.transposed else self.matrix.at(i, j)

    def whole(self) -> Any:
        """The factor as a value."""
        return rs.transpose(self.matrix.whole()) if self.transposed else self.matrix.whole()


class Products:
    """Writes products of the matrices at hand."""

    def __init__(self, c: Choices, axes: tuple[int, int, int]):
        self.c = c
        self.axes = axes

    def product(self, among: Sequence[Matrix], number: Any, square: int = 0) -> Matrix:
        """A product of two of them, made in one of many ways; `square` is the size where both have to be square."""
        c = self.c
        n, k, m = (square, square, square) if square else self._sizes()
        a, b = self._factor(among, n, k, number), self._factor(among, k, m, number)
        ways: list[Callable[..., Any]] = [
            self._nest,
            self._matmul,
            self._added,
            self._rows,
            self._scanned,
            self._columns,
        ]
        return Matrix(n, m, c.one(ways)(a, b, (n, k, m), self._term(a, b, number, (n, k, m)), number))

    def _sizes(self) -> tuple[int, int, int]:
        n, k, m = self.axes
        return self.c.one([(n, k, m), (n, n, k), (m, k, n), (k, n, n), (n, k, n), (k, n, k)])

    def _factor(self, among: Sequence[Matrix], rows: int, columns: int, number: Any) -> Factor:
        """One with so many rows and columns, or one made here."""
        found = [Factor(x, False) for x in reversed(among) if (x.rows, x.columns) == (rows, columns)]
        found += [Factor(x, True) for x in reversed(among) if (x.columns, x.rows) == (rows, columns)]
        if found and not self.c.rarely(5):
            factor = self.c.one(found)
            return replace(factor, matrix=replace(factor.matrix, by_rows=self.c.rarely(4)))
        if self.c.rarely(2):
            made = rs.vec(columns, lambda j: rs.vec(rows, lambda i: rs.sin(number + Real(i) * 0.7 - Real(j))))
            return Factor(Matrix(columns, rows, made), True)
        return Factor(Matrix(rows, columns, rs.vec(rows, lambda i: rs.vec(columns, lambda j: rs.cos(
            number * Real(j) + Real(i))))), False)  # fmt: skip

    def _term(self, a: Factor, b: Factor, number: Any, sizes: tuple[int, int, int]) -> Callable[..., Any]:
        """What is summed; now and then it is not quite a product's."""
        n, k_size, m = sizes

        def plain(i: Any, k: Any, j: Any) -> Any:
            return a.at(i, k) * b.at(k, j)

        near: list[Callable[..., Any]] = [
            plain,
            lambda i, k, j: b.at(k, j) * a.at(i, k),
            lambda i, k, j: -(a.at(i, k) * b.at(k, j)),
            plain,
            lambda i, k, j: -a.at(i, k) * b.at(k, j),
            lambda i, k, j: number * a.at(i, k) * b.at(k, j),
            lambda i, k, j: rs.select(k == 0, 0.5, a.at(i, k) * b.at(k, j)),
            lambda i, k, j: rs.cond(j > i, lambda: a.at(i, k) * b.at(k, j), lambda: Real(0.0)),
            lambda i, k, j: a.at(i, k) * a.at(i, k),
            lambda i, k, j: a.at(i, k) * b.at(k, j) + a.at(i, k),
        ]
        if n == k_size:
            near += [lambda i, k, j: a.at(k, k) * b.at(k, j), lambda i, k, j: a.at(i, i) * b.at(k, j)]
            near += [lambda i, k, j: a.at(k, i) * b.at(k, j)]
        if n == m:
            near += [lambda i, k, j: a.at(i, k) * a.at(j, k), lambda i, k, j: a.at(i, k) * b.at(k, i)]
        if k_size == m:
            near += [lambda i, k, j: a.at(i, k) * b.at(j, k)]
        return self.c.one(near if self.c.rarely(3) else near[:5])

    def _shorter(self, n: int) -> int:
        """A loop's length: rarely less than the array's."""
        return n - 1 if n > 1 and self.c.rarely(8) else n

    def _matmul(self, a: Factor, b: Factor, sizes: Any, term: Any, number: Any) -> Any:
        made = a.whole() @ b.whole() if self.c.rarely(2) else rs.matmul(a.whole(), b.whole())
        return -made if self.c.rarely(4) else made

    def _nest(self, a: Factor, b: Factor, sizes: tuple[int, int, int], term: Any, number: Any) -> Any:
        n, d, m = sizes
        d = self._shorter(d)
        return rs.vec(n, lambda i: rs.vec(m, lambda j: rs.sum(d, lambda k: term(i, k, j))))

    def _columns(self, a: Factor, b: Factor, sizes: tuple[int, int, int], term: Any, number: Any) -> Any:
        n, d, m = sizes
        made = rs.vec(m, lambda j: rs.vec(n, lambda i: rs.sum(d, lambda k: term(i, k, j))))
        return rs.transpose(made)

    def _scanned(self, a: Factor, b: Factor, sizes: tuple[int, int, int], term: Any, number: Any) -> Any:
        n, d, m = sizes
        start = number if self.c.rarely(3) else Real(0.0)
        return rs.vec(n, lambda i: rs.vec(m, lambda j: rs.scan(lambda s, k: s + term(i, k, j), start, d)))

    def _rows(self, a: Factor, b: Factor, sizes: tuple[int, int, int], term: Any, number: Any) -> Any:
        """Each row by itself, by additions or as a sum of rows."""
        n, d, m = sizes
        if self.c.rarely(2):
            return rs.vec(n, lambda i: rs.sum(d, lambda k: rs.vec(m, lambda j: term(i, k, j))))
        outer_is_k = self.c.rarely(2)

        def row(i: Any) -> Any:
            def fill(acc: Any) -> None:
                if outer_is_k:
                    rs.for_each(d, lambda k: rs.for_each(m, lambda j: acc.at[j].add(term(i, k, j))))
                else:
                    rs.for_each(m, lambda j: rs.for_each(d, lambda k: acc.at[j].add(term(i, k, j))))

            return rs.accumulate(T.VecType(m, T.REAL), fill)

        return rs.vec(n, row)

    def _added(self, a: Factor, b: Factor, sizes: tuple[int, int, int], term: Any, number: Any) -> Any:
        """Three loops in any order that add; perhaps to what has been added before, perhaps to another place."""
        c = self.c
        lengths = dict(zip("ikj", map(self._shorter, sizes), strict=True))
        order = c.one(ORDERS)
        before, after, place = c.rarely(4), c.rarely(4), c.rarely(8)
        n, _, m = sizes

        def fill(acc: Any) -> None:
            def add(at: dict[str, Any]) -> None:
                i, j = (at["i"], at["j"]) if not place else (at["i"], min(m, 2) - 1)
                acc.at[i, j].add(term(at["i"], at["k"], at["j"]))

            def loops(names: tuple[str, ...], at: dict[str, Any]) -> None:
                if not names:
                    add(at)
                else:
                    rs.for_each(lengths[names[0]], lambda x: loops(names[1:], {**at, names[0]: x}))

            def each(value: Any) -> None:
                rs.for_each(n, lambda i: rs.for_each(m, lambda j: acc.at[i, j].add(value)))

            if before:
                each(number)
            loops(order, {})
            if after:
                each(rs.sin(number))

        return rs.accumulate(T.VecType(n, T.VecType(m, T.REAL)), fill)
