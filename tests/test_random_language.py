"""Programs drawn at random in the language itself: interpreter, machine code, forward and reverse agree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import check_gradients, compiled, interpreted

from rosesim import (
    Index,
    Real,
    Vec,
    accumulate,
    cond,
    fn,
    for_each,
    grad,
    scan,
    select,
    sin,
    sqrt,
    sum,
    tanh,
    vec,
    while_loop,
)

N = 4


class Writer:
    """Writes an expression from a row of whole numbers, each of which decides one thing; zeros when it ends."""

    def __init__(self, row: list[int]):
        self.row: Iterator[int] = chain(row, repeat(0))

    def one(self, of: list[Any]) -> Any:
        return of[next(self.row) % len(of)]

    def real(self, seen: list[Any], x: Any, depth: int) -> Any:
        """A Real from those seen and the vector x."""
        if depth == 0:
            return self.one([*seen, x[0], x[N - 1], Real(0.5), Real(-1.25)])
        kinds = [
            self.leaf, self.smooth, self.product, self.chosen, self.branch, self.total, self.loop, self.vector,
            self.replaced, self.called, self.repeated, self.scattered, self.gathered,
        ]  # fmt: skip
        return self.one(kinds)(seen, x, depth - 1)

    def leaf(self, seen: list[Any], x: Any, depth: int) -> Any:
        return self.real(seen, x, 0)

    def smooth(self, seen: list[Any], x: Any, depth: int) -> Any:
        return self.one([sin, tanh, lambda a: a * a, lambda a: sqrt(a * a + 0.1)])(self.real(seen, x, depth))

    def product(self, seen: list[Any], x: Any, depth: int) -> Any:
        a, b = self.real(seen, x, depth), self.real(seen, x, depth)
        return self.one([a * b, a + b, a - b, a / (1.0 + b * b)])

    def chosen(self, seen: list[Any], x: Any, depth: int) -> Any:
        a, b = self.real(seen, x, depth), self.real(seen, x, depth)
        return select(a > b * 0.3, a * b, sin(b))

    def branch(self, seen: list[Any], x: Any, depth: int) -> Any:
        a = self.real(seen, x, depth)
        return cond(a > 0.1, lambda: self.real([*seen, a], x, depth), lambda: self.real([*seen, a], x, depth))

    def total(self, seen: list[Any], x: Any, depth: int) -> Any:
        limit = self.one([None, Index[N + 1].clamp(x[1] * 3.0)])
        return sum(N, lambda i: self.real([*seen, x[i]], x, depth), upto=limit)

    def loop(self, seen: list[Any], x: Any, depth: int) -> Any:
        def step(c: Any, i: Any) -> Any:
            inside = self.real([*seen, c[0], c[1][i]], x, depth)
            return tanh(inside), c[1].at[i].set(c[0] * 0.5)

        last = scan(step, (self.real(seen, x, 0), x), N)
        return last[0] + last[1][2]

    def vector(self, seen: list[Any], x: Any, depth: int) -> Any:
        v = vec(N, lambda i: self.real([*seen, x[i]], x, depth))
        return v[self.one([0, 1, 3])] * self.real(seen, v, depth)

    def replaced(self, seen: list[Any], x: Any, depth: int) -> Any:
        place = Index[N].wrap(self.real(seen, x, 0) * 7.0)
        v = x.at[place].set(self.real(seen, x, depth)).at[1].add(0.5)
        return self.real([*seen, v[place]], v, depth)

    def called(self, seen: list[Any], x: Any, depth: int) -> Any:
        row = [next(self.row) for _ in range(8)]

        @fn
        def f(a: Real, v: Vec[Real, N]) -> Real:
            return Writer(row).real([a], v, min(depth, 1))

        return f(self.real(seen, x, depth), x) + f(self.real(seen, x, 0), x)

    def repeated(self, seen: list[Any], x: Any, depth: int) -> Any:
        start = tanh(self.real(seen, x, depth)) + 1.5
        return while_loop(lambda c: c < 4.0, lambda c: c * 1.5 + x[0] * x[0], start, limit=20)

    def scattered(self, seen: list[Any], x: Any, depth: int) -> Any:
        def fill(acc: Any) -> None:
            for_each(N, lambda i: acc.at[Index[N].wrap(i * 2 + 1)].add(self.real([*seen, x[i]], x, depth)))

        return self.real(seen, accumulate(Vec[Real, N], fill), 0)

    def gathered(self, seen: list[Any], x: Any, depth: int) -> Any:
        return x[Index[N].clamp(self.real(seen, x, 0) * 2.0)] * self.real(seen, x, depth)


rows = st.lists(st.integers(0, 60), min_size=4, max_size=40)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(rows, st.integers(0, 1000))
def test_random_programs_agree_in_every_way_of_running_and_differentiating(row: list[int], seed: int) -> None:
    @fn
    def f(x: Vec[Real, N]) -> Real:
        return Writer(row).real([], x, 3)

    x = np.random.default_rng(seed).normal(size=N)
    value = interpreted(f, x)
    if not np.isfinite(value) or abs(value) > 1e6:
        return  # fast arithmetic promises nothing there
    # Compiled sums are in another order: a relative error of some hundred roundings of 1e-16.
    assert compiled(f, x) == np.float64(value) or abs(compiled(f, x) - value) < 1e-12 * max(1.0, abs(value))
    check_gradients(f, [x], differences=None, seed=seed)
    gradient = interpreted(grad(f), x)
    scale = max(1.0, float(np.abs(gradient).max()))
    np.testing.assert_allclose(compiled(grad(f), x), gradient, atol=1e-10 * scale)
