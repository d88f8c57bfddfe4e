"""Arrays in the place of loops that copy them, and of carries that stay what they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from ir_kit import ONE, ZERO, Body, at, block, func, real, reals, ref
from loop_kit import loop
from shown import stripped, text

from rosesim.ad.passes.copies import uncopied
from rosesim.ad.program import interp
from rosesim.ad.program.ir import REAL, Accum, Add, Fill, Get, Var, index_ty


def get(b: Body, x: Any, *idx: Any) -> Any:
    return b.let(Get(x, idx), x.ty.at(len(idx)))


def test_a_loop_that_copies_is_the_array_or_its_part() -> None:
    def write(b: Body, x: Var) -> Any:
        whole = loop(b, 3, lambda b, i: [loop(b, 4, lambda b, j: [get(b, x, i, j)])])
        return [whole, loop(b, 4, lambda b, j: [get(b, x, at(1, 3), j)])]

    assert text(uncopied(func([reals(3, 4)], write))) == stripped(
        """
        fn(a: 3x4 Real) -> (3x4 Real, 4 Real)
          %1: 4 Real = a[1]
          -> a, %1
        """
    )


def test_a_carry_that_is_copied_from_step_to_step_is_what_it_began_as() -> None:
    def write(b: Body, x: Var) -> Any:
        def step(b: Body, i: Var, c: Var) -> Any:
            row = loop(b, 4, lambda b, j: [get(b, c, j)])
            return [row, b.op("add", get(b, row, i), ONE)]

        return loop(b, 4, step, [x])

    assert text(uncopied(func([reals(4)], write))) == stripped(
        """
        fn(a: 4 Real) -> (4 Real, 4 Real)
          %1: 4 Real = loop i: Index[4]
            %2: Real = a[i]
            %3: Real = %2 + 1.0
            -> %3
          -> a, %1
        """
    )


def test_what_an_accum_hands_through_stands_outside_it() -> None:
    def write(b: Body, x: Var, m: Var) -> Any:
        r = Var(ref(reals()), "r")

        def inside(b: Body) -> Any:
            b.let(Add(r, (), real(2.0)))
            return [x, get(b, m, at(0, 2)), b.op("add", x, ONE)]

        return b.let(Accum((ZERO,), (r,), block(inside)), REAL, reals(4), REAL, REAL)

    made = uncopied(func([REAL, reals(2, 4)], write))
    shown = text(made)
    assert shown.startswith(
        "fn(a: Real, b: 2x4 Real) -> (Real, 4 Real, Real, Real)\n  %1: 4 Real = b[0]\n  %2: Real, "
    )
    assert shown.endswith("-> a, %1, %2, %3")


def test_part_of_an_array_its_reverse_and_a_loop_that_may_end_early_are_no_copies() -> None:
    def write(b: Body, x: Var, n: Var) -> Any:
        shorter = loop(b, 3, lambda b, i: [get(b, x, i)])
        early = loop(b, 4, lambda b, i: [get(b, x, i)], upto=n)
        diagonal = loop(b, 4, lambda b, i: [get(b, m, i, i)]) if (m := b.let(Fill(ONE), reals(4, 4))) else None
        column = loop(b, 4, lambda b, i: [get(b, m, i, at(0, 4))])
        return [shorter, early, diagonal, column]

    before = func([reals(4), index_ty(5)], write)
    made = uncopied(before)
    assert made is before
    for a, c in zip(*(interp.run(f, [np.arange(4.0), np.int64(2)]) for f in (before, made)), strict=True):
        np.testing.assert_array_equal(a, c)


def test_a_loop_of_copies_that_also_adds_keeps_adding() -> None:
    def write(b: Body, x: Var) -> Any:
        r = Var(ref(reals()), "r")

        def inside(b: Body) -> Any:
            def step(b: Body, i: Var) -> Any:
                v = get(b, x, i)
                b.let(Add(r, (), v))
                return [v]

            return [loop(b, 4, step)]

        return b.let(Accum((ZERO,), (r,), block(inside)), reals(4), REAL)

    made = uncopied(func([reals(4)], write))
    found = interp.run(made, [np.arange(4.0)])
    np.testing.assert_array_equal(found[0], np.arange(4.0))
    assert found[1] == 6.0
