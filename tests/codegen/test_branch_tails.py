"""What follows a branch with an empty side goes into its sides, in fast code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ONE, ZERO, Body, block, func, real, reals, ref
from loop_kit import loop
from shown import text

from rosesim import Real, Vec, cond, fn, sum, value_and_grad
from rosesim.ad.program import interp
from rosesim.ad.program.ir import BOOL, REAL, Accum, Add, Atom, Cond, Fill, Func, Get, Var
from rosesim.codegen.passes.branch_tails import LEAST_WORK, LONGEST, absorbed

N = 6


def adding(work: int = LEAST_WORK, tail: int = 1, nothing: Atom = ZERO) -> Func:
    """x to an array to which each iteration adds what a branch made of x[i] if that is positive, and to a carry."""

    def write(b: Body, x: Var) -> Any:
        r = Var(ref(reals(N)), "r")

        def step(b: Body, i: Var, total: Var) -> Any:
            v = b.let(Get(x, (i,)), REAL)

            def then(b: Body) -> Any:
                y = v
                for _ in range(work):
                    y = b.op("add", y, ONE)
                return y

            made = b.let(Cond(b.op("lt", ZERO, v, ty=BOOL), block(then), block(lambda b: nothing)), REAL)
            for _ in range(tail):
                made = b.op("add", made, made)
            b.let(Add(r, (i,), made))
            return [b.op("add", total, made)]

        total, added = b.let(
            Accum((b.let(Fill(ZERO), reals(N)),), (r,), block(lambda b: [loop(b, N, step, [ONE])])), REAL, reals(N)
        )
        return [total, added]

    return func([reals(N)], write)


def test_the_empty_side_does_nothing() -> None:
    before = adding()
    made = absorbed(before)
    then, orelse = text(made).split("then")[1].split("else")
    assert "r[i] +=" in then and "+" not in orelse.split("->")[0] and "-> c\n" in orelse
    x = np.array([1.0, -2.0, 3.0, 0.0, -1.0, 5.0])
    for a, b in zip(interp.run(made, [x]), interp.run(before, [x]), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "before",
    [adding(LEAST_WORK - 1), adding(tail=LONGEST + 1), adding(nothing=Var(REAL))],
    ids=["a short side", "a long tail", "a side that gives something"],
)
def test_where_it_does_not_pay_all_stays(before: Func) -> None:
    assert absorbed(before) is before


def test_a_side_that_gives_a_number_is_right() -> None:
    before = adding(nothing=real(0.25))
    x = np.array([1.0, -2.0, 3.0, 0.0, -1.0, 5.0])
    for a, b in zip(interp.run(absorbed(before), [x]), interp.run(before, [x]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_gradient_of_a_sum_over_near_pairs_is_that_of_strict_code() -> None:
    n = 14

    @fn
    def f(x: Vec[Real, 14], s: Real) -> Real:
        def pair(i: Any, j: Any) -> Any:
            d = (x[i] - x[j]) ** 2
            force = lambda: s * (0.5 - d) ** 3 * (1.0 + d * s) * (2.0 - d) * (1.0 + d * d) / (1.0 + s * d)
            return cond(d < 0.5, force, lambda: 0.0)

        return sum(n, lambda i: sum(n, lambda j: pair(i, j)))

    args = np.random.default_rng(3).normal(size=n), 1.3
    found, expected = (value_and_grad(f, wrt=(0, 1)).compile(*args, math=m)(*args) for m in ("fast", "strict"))
    assert found[0] == pytest.approx(expected[0], rel=1e-13)
    for a, b in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)
