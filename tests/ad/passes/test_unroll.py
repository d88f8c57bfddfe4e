"""Loops of a few short iterations are written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ONE, ZERO, Body, func, integer, reals, ref
from loop_kit import loop
from shown import stripped, text

from rosesim.ad.passes.unroll import MOST_ITERATIONS, unrolled
from rosesim.ad.program import interp
from rosesim.ad.program.ir import BOOL, REAL, Add, Func, Get, Var


def sums(n: int, *, reverse: bool = False) -> Func:
    """The differences of 1.0 and all elements, one after the other, and each of them."""

    def write(b: Body, x: Var) -> Any:
        def step(b: Body, i: Var, total: Var) -> Any:
            new = b.op("sub", b.let(Get(x, (i,)), REAL), total)
            return [new, new]

        return loop(b, n, step, [ONE], reverse=reverse)

    return func([reals(n)], write)


def test_the_iterations_stand_one_after_the_other() -> None:
    assert text(unrolled(sums(2))) == stripped(
        """
        fn(a: 2 Real) -> (Real, 2 Real)
          %1: Real = a[0]
          %2: Real = %1 - 1.0
          %3: Real = a[1]
          %4: Real = %3 - %2
          %5: 2 Real = [%2, %4]
          -> %4, %5
        """
    )


@pytest.mark.parametrize("reverse", [False, True])
def test_the_order_of_iterations_stays(reverse: bool) -> None:
    before = sums(3, reverse=reverse)
    made = unrolled(before)
    assert "loop" not in text(made)
    x = np.array([1e16, 3.0, -1e16])
    for a, b in zip(interp.run(made, [x]), interp.run(before, [x]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_depends_on_the_index_alone_folds() -> None:
    def write(b: Body, x: Var) -> Any:
        def step(b: Body, i: Var) -> Any:
            first = b.op("ieq", i, integer(0), ty=BOOL)
            return [b.op("select", first, b.let(Get(x, (i,)), REAL), ZERO)]

        return loop(b, 2, step)

    shown = text(unrolled(func([reals(2)], write)))
    assert "==" not in shown and "if" not in shown and "[%1, 0.0]" in shown


def test_long_loops_and_loops_of_loops_stay() -> None:
    long = sums(MOST_ITERATIONS + 1)
    assert unrolled(long) is long

    def write(b: Body, x: Var) -> Any:
        def outer(b: Body, i: Var) -> Any:
            def inner(b: Body, j: Var) -> Any:
                return [b.let(Get(x, (i, j)), REAL)]

            return [loop(b, 9, inner)]

        return loop(b, 2, outer)

    nest = func([reals(2, 9)], write)
    assert unrolled(nest) is nest


def test_additions_of_all_iterations_stay_in_their_order() -> None:
    def write(b: Body, x: Var, r: Var) -> Any:
        def step(b: Body, i: Var) -> Any:
            b.let(Add(r, (i,), b.let(Get(x, (i,)), REAL)))
            return []

        loop(b, 2, step, reverse=True)
        return []

    shown = text(unrolled(func([reals(2), ref(reals(2))], write)))
    assert shown.index("b[1] += ") < shown.index("b[0] += ")
