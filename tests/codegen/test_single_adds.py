"""One number is added in the place of a row of zeros that has it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ZERO, Body, block, func, real, reals, ref
from shown import text

from rosesim.ad.program import interp
from rosesim.ad.program.ir import REAL, Accum, Add, Fill, Func, Put, Var, index_ty
from rosesim.codegen.passes.single_adds import single

N = 6


def adding(zero: float, begun: float) -> Func:
    """x, i to an array that began as one number everywhere, plus a row of another number but for x at i."""

    def write(b: Body, x: Var, i: Var) -> Any:
        r = Var(ref(reals(N)), "r")
        row = b.let(Put(b.let(Fill(real(zero)), reals(N)), (i,), x), reals(N))

        def inside(b: Body) -> list[Any]:
            b.let(Add(r, (), row))
            return []

        return b.let(Accum((b.let(Fill(real(begun)), reals(N)),), (r,), block(inside)), reals(N))

    return func([REAL, index_ty(N)], write)


@pytest.mark.parametrize("math", ["strict", "fast"])
def test_a_row_with_one_number_is_added_as_the_number(math: str) -> None:
    before = adding(0.0, 0.0)
    made = single(before, math)
    assert "r[b] += a" in text(made) and "with" not in text(made)
    for x in (2.5, -0.0, np.nan):
        args = [np.float64(x), np.int64(4)]
        np.testing.assert_array_equal(interp.run(made, args), interp.run(before, args))


def test_strict_code_keeps_a_row_that_could_change_the_sign_of_a_zero() -> None:
    before = adding(0.0, -0.0)
    assert single(before, "strict") is before
    assert single(before, "fast") is not before


@pytest.mark.parametrize("zero", [1.0, -0.0])
def test_a_row_of_other_numbers_stays(zero: float) -> None:
    before = adding(zero, 0.0)
    assert single(before, "fast") is before


def test_a_row_that_is_read_elsewhere_is_made_there() -> None:
    def write(b: Body, x: Var, i: Var) -> Any:
        r = Var(ref(reals(N)), "r")
        zeros = b.let(Fill(ZERO), reals(N))
        row = b.let(Put(zeros, (i,), x), reals(N))

        def inside(b: Body) -> list[Any]:
            b.let(Add(r, (), row))
            return []

        return [b.let(Accum((zeros,), (r,), block(inside)), reals(N)), row]

    made = single(func([REAL, index_ty(N)], write))
    assert "r[b] += a" in text(made) and "with [b] = a" in text(made)
