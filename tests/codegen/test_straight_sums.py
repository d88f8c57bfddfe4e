"""Accumulators that only straight code adds to are plain sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import FALSE, ZERO, Body, block, func, real, reals, ref
from loop_kit import loop
from shown import stripped, text

from rosesim.ad.program import interp
from rosesim.ad.program.ir import BOOL, REAL, Accum, Add, Cond, Func, Get, Ty, Var
from rosesim.codegen.passes.straight_sums import summed


def adding(start: Any = ZERO) -> Func:
    """start + a + 0.0 + b; and whether a < b or b < a."""

    def write(b: Body, x: Var, y: Var) -> Any:
        r, m = Var(ref(Ty(REAL.scalar)), "r"), Var(ref(BOOL), "m")

        def inside(b: Body) -> Any:
            b.let(Add(r, (), x))
            b.let(Add(m, (), b.op("lt", x, y, ty=BOOL)))
            b.let(Add(r, (), ZERO))
            b.let(Add(m, (), b.op("lt", y, x, ty=BOOL)))
            b.let(Add(r, (), y))
            return []

        return b.let(Accum((start, FALSE), (r, m), block(inside)), REAL, BOOL)

    return func([REAL, REAL], write)


def test_additions_are_sums_in_their_order() -> None:
    assert text(summed(adding())) == stripped(
        """
        fn(a: Real, b: Real) -> (Real, Bool)
          %1: Real = 0.0 + a
          %2: Bool = a < b
          %3: Bool = False or %2
          %4: Real = %1 + 0.0
          %5: Bool = b < a
          %6: Bool = %3 or %5
          %7: Real = %4 + b
          -> %7, %6
        """
    )


@pytest.mark.parametrize("start", [0.0, -0.0, 3.0])
def test_strict_code_keeps_the_sign_of_zero(start: float) -> None:
    before = adding(real(start))
    for x in (-0.0, 0.0, 1.0):
        arguments = [np.float64(x), np.float64(-0.0)]
        found, expected = (np.asarray(interp.run(f, arguments)[0]) for f in (summed(before), before))
        assert found == expected and np.signbit(found) == np.signbit(expected)


def test_fast_code_adds_no_zero() -> None:
    shown = text(summed(adding(), "fast"))
    assert shown.count(" + ") == 1 and shown.count(" or ") == 1


def test_what_a_loop_adds_to_stays_an_accumulator() -> None:
    def write(b: Body, x: Var) -> Any:
        r = Var(ref(Ty(REAL.scalar)), "r")

        def inside(b: Body) -> Any:
            b.let(Add(r, (), ZERO))
            loop(b, 3, lambda b, i: b.let(Add(r, (), b.let(Get(x, (i,)), REAL))) or [])
            return []

        return b.let(Accum((ZERO,), (r,), block(inside)), REAL)

    before = func([reals(3)], write)
    assert summed(before) is before


def test_a_branch_gives_the_sums_of_its_side() -> None:
    def write(b: Body, x: Var, y: Var) -> Any:
        r, m = Var(ref(Ty(REAL.scalar)), "r"), Var(ref(BOOL), "m")

        def then(b: Body) -> Any:
            b.let(Add(r, (), y))
            b.let(Add(r, (), y))
            return [x]

        def inside(b: Body) -> Any:
            b.let(Add(r, (), x))
            chosen = b.let(Cond(b.op("lt", x, y, ty=BOOL), block(then), block(lambda b: [y])), REAL)
            b.let(Add(r, (), chosen))
            b.let(Add(m, (), b.op("lt", y, x, ty=BOOL)))
            return []

        return b.let(Accum((ZERO, FALSE), (r, m), block(inside)), REAL, BOOL)

    before = func([REAL, REAL], write)
    made = summed(before)
    assert "+=" not in text(made) and "then" in text(made)
    for x, y in ((0.1, 0.3), (0.3, 0.1)):
        assert interp.run(made, [np.float64(x), np.float64(y)]) == interp.run(before, [np.float64(x), np.float64(y)])
