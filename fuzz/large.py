"""Large programs: arrays and loops of the sizes and shapes that passes over whole loops look for.

The common programs (`fuzz.writer`) mix everything in small arrays. Here a program is a few pieces one after the
other: products of matrices, runs that go on step by step, passes over a grid, sums over pairs, small vectors put
together. Each takes what the pieces before it have made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rosesim as rs
from fuzz.choices import Choices
from fuzz.products import Matrix, Products
from fuzz.writer import Scope, Writer
from rosesim import Index, Real
from rosesim.ad.language import types as T

SMALL = (5, 4, 7, 3, 6, 2, 9, 1, 4, 5)
"""Sizes where the passes' thresholds are lowered: vectors of four and what is left of them."""
LARGE = (16, 17, 16, 19)
"""Sizes of matrices where they are not: 16^3 multiplications are twice what a call is worth."""
RUNS = (9, 8, 16, 11, 8, 17)
"""Lengths of vectors, and numbers of runs: from two groups of four lanes on."""

WAVES: list[Callable[[Any], Any]] = [
    lambda x: 0.5 * rs.sin(x), rs.tanh, lambda x: x, lambda x: -x, lambda x: abs(x), lambda x: 0.1 * x * x,
    lambda x: rs.maximum(x, 0.1), lambda x: x / (1.0 + x * x), lambda x: rs.select(x > 0.2, 0.5 * x, rs.cos(x)),
]  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """The axes of matrices, and the length of the vector that runs, grids and pairs are of."""

    axes: tuple[int, int, int]
    parts: int
    length: int

    @staticmethod
    def drawn(c: Choices, lowered: bool) -> Sizes:
        """Sizes that meet the passes, lowered or not."""
        axes = [c.one(SMALL if lowered else LARGE) for _ in range(3)]
        if not lowered:
            axes[c.below(3)] = 8  # else a product is too much for the interpreter
        return Sizes((axes[0], axes[1], axes[2]), 1 + c.below(3), c.one(RUNS))

    @property
    def params(self) -> T.Types:
        """The types of f's arguments: a vector, a number, two matrices, several of them in one array."""
        n, k, m = self.axes
        return (
            T.VecType(self.length, T.REAL),
            T.REAL,
            _matrix(n, k),
            _matrix(k, m),
            T.VecType(self.parts, _matrix(n, n)),
        )


def _matrix(n: int, m: int) -> T.Type:
    return T.VecType(n, T.VecType(m, T.REAL))


class Large:
    """Writes the pieces into the function under trace."""

    def __init__(self, row: bytes, wild: bool, sizes: Sizes):
        self.c = Choices(row)
        self.wild = wild
        self.sizes = sizes
        self.products = Products(self.c, sizes.axes)

    def make(self, result: T.Type, args: tuple[Any, ...]) -> Any:
        """The result of f at its arguments."""
        n, k, m = self.sizes.axes
        self.vector, self.number = args[0], args[1]
        self.matrices = [Matrix(n, k, args[2]), Matrix(k, m, args[3]), Matrix(n, n, args[4], self.sizes.parts)]
        total = Real(0.0)
        pieces = [self._product, self._runs, self._grid, self._pairs, self._elements, self._steps, self._product]
        pieces.append(self._runs)
        for _ in range(1 + self.c.below(4) % 3):
            total = total + self.c.one(pieces)()
            if self.c.rarely(2):
                self.number = rs.tanh(total)
        return total if result == T.REAL else (total, self.vector)

    # ---------------------------------------------------------------------------------- matrices

    def _product(self) -> Any:
        """A product, and work on each element of it."""
        made = self.products.product(self.matrices, self.number)
        f = self.c.one(WAVES)
        if self.c.rarely(2):
            value = made.value
            made = Matrix(
                made.rows,
                made.columns,
                rs.vec(made.rows, lambda i: rs.vec(made.columns, lambda j: f(value[i, j] + self.number))),
            )
        self.matrices.append(made)
        return self._summed(made)

    def _summed(self, a: Matrix) -> Any:
        v = a.value
        match self.c.below(4):
            case 0:
                return rs.sum(a.rows, lambda i: rs.sum(a.columns, lambda j: v[i, j]))
            case 1:
                return rs.sum(a.rows, lambda i: rs.sum(a.columns, lambda j: v[i, j] * v[i, j] * 0.1))
            case 2:
                return rs.sum(
                    a.columns, lambda j: rs.sum(a.rows, lambda i: v[i, j] * self.vector[i % len(self.vector)])
                )
            case _:
                return v[self.c.below(a.rows), self.c.below(a.columns)]

    def _steps(self) -> Any:
        """Products within a scan of a few steps: layers, each with its part of a larger array."""
        n, parts = self.sizes.axes[0], self.sizes.parts
        if self.c.rarely(3):
            return self._network(n, self.matrices[2].value[0])
        start = rs.vec(n, lambda i: rs.vec(n, lambda j: self.number * 0.1 + rs.cos(Real(i) * 2.0 + Real(j))))
        f = self.c.one(WAVES)

        def step(carry: Any, t: Any) -> Any:
            layers = self.matrices[2].value
            here = [Matrix(n, n, carry), Matrix(n, n, carry), Matrix(n, n, layers, parts, t)]
            made = self.products.product(here, self.number, n)
            return rs.vec(n, lambda i: rs.vec(n, lambda j: 0.3 * f(made.value[i, j]) + 0.1 * carry[i, j]))

        made = Matrix(n, n, rs.scan(step, start, parts))
        self.matrices.append(made)
        return self._summed(made)

    def _network(self, n: int, weights: Any) -> Any:
        """A layer applied to its own output: in reverse each step adds an outer product to the weights'."""
        f, steps = self.c.one(WAVES), 3 + self.c.below(8)
        start = rs.vec(n, lambda i: rs.cos(Real(i) + self.number))

        def step(y: Any, t: Any) -> Any:
            return rs.vec(n, lambda i: 0.5 * f(rs.sum(n, lambda k: weights[i, k] * y[k])) + 0.1 * y[i])

        last = rs.scan(step, start, steps)
        return rs.sum(n, lambda i: last[i])

    # -------------------------------------------------------------------------------------- runs

    def _runs(self) -> Any:
        """Independent runs that go on step by step: summed, one number each, a trace each, or added somewhere."""
        n, v, number = len(self.vector), self.vector, self.number
        run = self._run()
        match self.c.below(5):
            case 0:
                return rs.sum(n, lambda i: run(i))
            case 1:
                self.vector = rs.vec(n, lambda i: run(i))
                return self._of_vector()
            case 2:
                m = 1 + self.c.below(4)
                traces = rs.vec(n, lambda i: rs.scan(lambda y, k: (rs.sin(y * number + v[i]),) * 2, v[i], m)[1])
                return rs.sum(n, lambda i: rs.sum(m, lambda k: traces[i, k] * traces[i, k]))
            case 3:
                place = self.c.one([lambda i: Index[n].wrap(i + 3), lambda i: Index[n].clamp(i // 2), lambda i: 1])

                def add(acc: Any) -> None:
                    rs.for_each(n, lambda i: acc.at[place(i)].add(run(i)))

                self.vector = rs.accumulate(T.VecType(n, T.REAL), add)
                return self._of_vector()
            case _:
                both = rs.vec(n, lambda i: (run(i), v[i] * number))
                return rs.sum(n, lambda i: both[i][0] * both[i][1]) + both[n // 2][0]

    def _run(self) -> Callable[[Any], Any]:
        """One run of number i."""
        c, v, s, n = self.c, self.vector, self.number, len(self.vector)
        steps, kind, row, wild = 2 + c.below(3), c.below(6), c.row(16), self.wild
        weights = self.matrices[c.below(2)]

        def inner(i: Any, k: Any, y: Any) -> Any:
            """What a step adds, written like any expression."""
            w = weights.value[k % weights.rows, 0]
            scope: Scope = ((T.VecType(n, T.REAL), v), (T.index(n), i), (T.REAL, w), (T.REAL, s), (T.REAL, y))
            made = Writer(row, wild).make(T.REAL, scope, 2)
            return 0.2 * rs.tanh(made) if not wild else made

        def scanned(i: Any) -> Any:
            return rs.scan(lambda y, k: 0.8 * y + inner(i, k, y), v[i] * s, steps)

        def pair(i: Any) -> Any:
            def step(c: Any, k: Any) -> Any:
                x, u = c
                u = u - 0.1 * rs.sin(x) * s + inner(i, k, x)
                return x + 0.1 * u, u

            return rs.scan(step, (v[i], Real(0.5)), steps)[0]

        def vector(i: Any) -> Any:
            def step(y: Any, k: Any) -> Any:
                return [0.5 * y[1] + inner(i, k, y[0]), y[2] * s, rs.cos(y[0])]

            return rs.scan(step, rs.vec(3, lambda _: v[i]), steps)[1]

        def looped(i: Any) -> Any:
            def body(c: Any) -> Any:
                y, k = c
                return 0.6 * y + inner(i, Index[4].clamp(steps // 2), y), k + 1.0

            return rs.while_loop(lambda c: (c[1] < 2.5 + v[i]) & (c[0] < 3.0), body, (v[i], Real(0.0)), limit=steps)[
                0
            ]

        def branched(i: Any) -> Any:
            return rs.cond(v[i] > s, lambda: scanned(i), lambda: pair(i))

        def added(i: Any) -> Any:
            def fill(acc: Any) -> None:
                rs.for_each(steps, lambda k: acc.at[k % 3].add(inner(i, k, v[i]) * s))

            return rs.scan(lambda y, k: y * 0.5 + y * y * 0.1, rs.accumulate(T.VecType(3, T.REAL), fill)[1], steps)

        return [scanned, pair, vector, looped, branched, added][kind]

    def _of_vector(self) -> Any:
        v, n = self.vector, len(self.vector)
        return self.c.one([
            lambda: rs.sum(n, lambda i: v[i]), lambda: rs.sum(n, lambda i: v[i] * v[i]), lambda: v[n // 2] * v[0],
        ])()  # fmt: skip

    # -------------------------------------------------------------------------------------- grids

    def _grid(self) -> Any:
        """Passes over one grid, each of which reads neighbours in what the last ones have made."""
        n, s = len(self.vector), self.number
        plans = [
            (self.c.one(WAVES), self.c.below(5), self.c.below(3), self.c.below(4)) for _ in range(2 + self.c.below(3))
        ]

        def passes(v: Any) -> list[Any]:
            made = [v]
            for f, kind, other, at in plans:
                made.append(self._pass(made, f, kind, made[-1 - min(other, len(made) - 1)], at))
            return made

        if self.c.rarely(3):
            self.vector = rs.scan(lambda v, t: passes(v)[-1], self.vector, 2 + self.c.below(2))
            return self._of_vector()
        made = passes(self.vector)
        self.vector = made[-1]
        first, last = made[-2], made[-1]
        return self.c.one([
            lambda: self._of_vector(), lambda: rs.sum(n, lambda i: first[i] * last[i] * s),
            lambda: rs.sum(n, lambda i: last[i]) + rs.sum(n, lambda i: first[Index[n].wrap(i + 1)] * last[i]),
        ])()  # fmt: skip

    def _pass(self, made: list[Any], f: Callable[[Any], Any], kind: int, other: Any, at: int) -> Any:
        v, s, n = made[-1], self.number, len(self.vector)
        near = [Index[n].clamp, Index[n].wrap][at % 2]
        match kind:
            case 0:
                return rs.vec(n, lambda i: v[i] + 0.2 * (v[near(i - 1)] + v[near(i + 1)] - 2.0 * v[i]))
            case 1:
                return rs.vec(n, lambda i: f(v[i]) * s + other[i])
            case 2:
                return rs.vec(n, lambda i: f(v[near(i + 1)] - other[near(i - 2)]))
            case 3:
                both = rs.vec(n, lambda i: (f(v[i]), other[i] * v[i]))
                return rs.vec(n, lambda i: both[i][0] - 0.5 * both[near(i - at)][1])
            case _:

                def fill(acc: Any) -> None:
                    rs.for_each(n, lambda i: acc.at[i].add(f(v[i])))
                    rs.for_each(n, lambda i: acc.at[near(i + at)].add(0.5 * other[i]))

                return rs.accumulate(T.VecType(n, T.REAL), fill)

    # -------------------------------------------------------------------------------------- pairs

    def _pairs(self) -> Any:
        """Forces between all pairs."""
        v, s, n = self.vector, self.number, min(len(self.vector), 6)
        force = self.c.one([
            lambda d: d / (1.0 + d * d), lambda d: rs.sin(d) * s, lambda d: rs.sqrt(d * d + 0.1),
            lambda d: rs.maximum(0.5 - abs(d), 0.0),
        ])  # fmt: skip
        match self.c.below(6):
            case 0:
                return rs.sum(n, lambda i: rs.sum(n, lambda j: force(v[i] - v[j])))
            case 1:
                return rs.sum(n, lambda i: rs.sum(n, lambda j: rs.select(i == j, 0.0, force(v[i] - v[j]) * s)))
            case 2:
                made = rs.vec(n, lambda i: rs.sum(n, lambda j: force(v[i] - v[j]) * v[j]))
                return rs.sum(n, lambda i: made[i] * v[i])
            case 3:

                def points(i: Any, j: Any) -> Any:
                    p = [v[i], v[Index[n].wrap(i + 1)] * s]
                    q = [v[j], v[Index[n].wrap(j + 1)] * s]
                    d = rs.vec(2, lambda k: rs.stack(p)[k] - rs.stack(q)[k])
                    return force(rs.dot(d, d))

                return rs.sum(n, lambda i: rs.sum(n, lambda j: points(i, j), upto=i))
            case 4:

                def fill(acc: Any) -> None:
                    def add(i: Any, j: Any) -> None:
                        f = force(v[i] - v[j])
                        acc.at[i].add(f)
                        acc.at[j].add(-f)

                    rs.for_each(n, lambda i: rs.for_each(n, lambda j: add(i, j)))

                self.vector = rs.accumulate(T.VecType(len(self.vector), T.REAL), fill)
                return self._of_vector()
            case _:

                def each(acc: Any) -> None:
                    def add(i: Any, j: Any) -> None:
                        rs.cond(v[i] > v[j], lambda: acc.at[i].add(force(v[i] - v[j])), lambda: acc.at[j].add(v[i]))

                    rs.for_each(n, lambda i: rs.for_each(n, lambda j: add(i, j)))

                self.vector = rs.accumulate(T.VecType(len(self.vector), T.REAL), each)
                return self._of_vector()

    # ----------------------------------------------------------------------------------- elements

    def _elements(self) -> Any:
        """Small vectors that are put together and read by their elements, in each place of a larger one."""
        v, n, c = self.vector, len(self.vector), self.c
        plan = [(c.below(7), c.below(4), c.below(4), c.one(WAVES)) for _ in range(2 + c.below(6))]
        size = c.one([3, 2, 4, 1])

        def changed(p: Any, i: Any) -> Any:
            old = p
            for kind, at, other, f in plan:
                a, b = at % size, other % size
                match kind:
                    case 0:
                        p = p.at[a].set(f(p[b]))
                    case 1:
                        p = p.at[a].add(p[b] * self.number)
                    case 2:
                        p = rs.stack([p[k] for k in range(size)])
                    case 3:
                        p = rs.stack([p[(k + at) % size] for k in range(size)])
                    case 4:
                        p = p.at[Index[size].wrap(i + at)].set(p[a]).at[b].set(old[b])
                    case 5:
                        p = rs.vec(size, lambda k, p=p, f=f: f(p[k]) - old[k])
                    case _:
                        p = old.at[a].set(p[a])
            return p

        def start(i: Any) -> Any:
            return rs.vec(size, lambda k: v[Index[n].wrap(i + k)])

        match c.below(4):
            case 0:
                made = rs.vec(n, lambda i: changed(start(i), i))
                self.vector = rs.vec(n, lambda i: rs.sum(size, lambda k: made[i, k] * math.pi))
            case 1:
                self.vector = rs.vec(n, lambda i: changed(changed(start(i), i), i)[size - 1])
            case 2:
                last = rs.scan(lambda p, t: 0.5 * changed(p, t), start(0), 3)
                return rs.sum(size, lambda k: last[k])
            case _:

                def step(grid: Any, t: Any) -> Any:
                    p = changed(rs.stack([grid[Index[n].wrap(t + k)] for k in range(size)]), t)
                    return grid.at[t].set(0.5 * p[0]).at[0].set(p[size - 1])

                self.vector = rs.scan(step, v, 3)
        return self._of_vector()
