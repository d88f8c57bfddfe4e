"""Additions at places that an array says, in a loop of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ONE, ZERO, Body, block, func, reals, ref
from loop_kit import loop
from shown import text

from rosesim import Index, Real, Vec, const, dot, fn, sum, value_and_grad
from rosesim.ad.program import interp
from rosesim.ad.program.ir import REAL, Accum, Add, Fill, Func, Get, IntT, Ty, Var, index_ty
from rosesim.codegen.passes.part_scatters import FEWEST, WORTH, parted

N = FEWEST + 4
PLACES = 5


def adding(operations: int = WORTH, *, n: int = N, own: bool = False) -> Func:
    """x and places to an array that iteration i adds x[i] + 1 + 1 + ... to, at places[i]; and the sum of x.

    `own`: at i instead.
    """

    def write(b: Body, x: Var, places: Var) -> Any:
        size = n if own else PLACES
        r = Var(ref(reals(size)), "r")

        def step(b: Body, i: Var, total: Var) -> Any:
            v = first = b.let(Get(x, (i,)), REAL)
            for _ in range(operations):
                v = b.op("add", v, ONE)
            b.let(Add(r, (i if own else b.let(Get(places, (i,)), index_ty(PLACES)),), v))
            return [b.op("add", total, first)]

        def inside(b: Body) -> Any:
            return [loop(b, n, step, [ZERO], reverse=True)]

        total, added = b.let(Accum((b.let(Fill(ZERO), reals(size)),), (r,), block(inside)), REAL, reals(size))
        return [added, total]

    return func([reals(n), Ty(IntT(0, PLACES - 1), (n,))], write)


def run(f: Func, n: int = N) -> list[Any]:
    x = 10.0 ** (np.arange(n) * 7 % 18)  # whose sums depend on their order
    return list(interp.run(f, [x, np.arange(n) * 3 % PLACES]))


def test_the_terms_are_kept_and_added_where_they_go() -> None:
    before = adding()
    made = parted(before)
    first, second = text(made).split("loop ")[1:]
    assert "+=" not in first and " + " not in second and "r[" in second
    for a, b in zip(run(made), run(before), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "before",
    [adding(WORTH - 3), adding(n=FEWEST - 1), adding(own=True), adding(n=5000)],
    ids=["little arithmetic", "few iterations", "places of their own", "more than the cache holds"],
)
def test_a_loop_that_would_not_gain_stays(before: Func) -> None:
    assert parted(before) is before


def test_the_gradient_of_a_sum_over_lists_of_neighbours_is_that_of_strict_code() -> None:
    rng = np.random.default_rng(3)
    n, near = 12, 20
    table = rng.integers(0, n, (n, near))

    @fn
    def loss(x: Vec[Vec[Real, 3], n]) -> Real:
        listed = const(table)

        def pair(i: Index[12], k: Index[20]) -> Any:
            apart = x[i] - x[listed[i, k]]
            q = 1.0 / (1.0 + dot(apart, apart))
            return q**3 * (q - 0.5)

        return sum(n, lambda i: sum(near, lambda k: pair(i, k)))

    x = rng.normal(size=(n, 3))
    value, slope = value_and_grad(loss).compile(x)(x)
    expected = value_and_grad(loss).compile(x, math="strict")(x)
    assert value == pytest.approx(expected[0], rel=1e-13)
    np.testing.assert_allclose(slope, expected[1], rtol=1e-12, atol=1e-13)
