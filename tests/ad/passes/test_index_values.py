"""What follows from indices alone is computed where it is read; everything else stays in its array."""

from __future__ import annotations

from typing import Any

import numpy as np
from ir_kit import Body, block, func, integer, real, reals
from loop_kit import loop
from shown import stripped, text

from rosesim.ad.passes.index_values import MOST_OPERATIONS, computed
from rosesim.ad.program import interp
from rosesim.ad.program.ir import BOOL, Accum, Get, Ty, Var

N = 3
INT = Ty


def get(b: Body, x: Any, *idx: Any) -> Any:
    return b.let(Get(x, idx), x.ty.at(len(idx)))


def masked(b: Body, x: Var, mask: Any) -> Any:
    """The numbers of a grid where a mask is true."""

    def cell(b: Body, i: Var, j: Var) -> Any:
        return b.op("select", get(b, mask, i, j), get(b, x, i, j), real(0.0))

    return loop(b, N, lambda b, i: [loop(b, N, lambda b, j: [cell(b, i, j)], name="j")])


def same(f: Any) -> str:
    """The program after the pass, which the interpreter finds to compute the same."""
    made = computed(f)
    x = np.arange(1.0, N * N + 1).reshape(N, N)
    for a, b in zip(interp.run(made, [x]), interp.run(f, [x]), strict=True):
        np.testing.assert_array_equal(a, b)
    return text(made)


EXPECTED = stripped(
    """
    fn(a: 3x3 Real) -> 3x3 Real
      %1: 3x3 Real = loop i: Index[3]
        %2: 3 Real = loop j: Index[3]
          %3: Bool = i < j
          %4: Real = a[i, j]
          %5: Real = %4 if %3 else 0.0
          -> %5
        -> %2
      -> %1
    """
)


def test_a_mask_of_places_is_a_comparison_where_it_is_read() -> None:
    def write(b: Body, x: Var) -> Any:
        mask = loop(b, N, lambda b, i: [loop(b, N, lambda b, j: [b.op("ilt", i, j, ty=BOOL)], name="j")])
        return masked(b, x, mask)

    assert same(func([reals(N, N)], write)) == EXPECTED


def test_it_is_found_through_an_accumulator_and_by_rows() -> None:
    def write(b: Body, x: Var) -> Any:
        def inside(b: Body) -> Any:
            return [loop(b, N, lambda b, i: [loop(b, N, lambda b, j: [b.op("ilt", i, j, ty=BOOL)], name="j")])]

        mask = b.let(Accum((), (), block(inside)), Ty(BOOL.scalar, (N, N)))

        def row(b: Body, i: Var) -> Any:
            m = get(b, mask, i)
            return [loop(b, N, lambda b, j: [b.op("select", get(b, m, j), get(b, x, i, j), real(0.0))], name="j")]

        return loop(b, N, row)

    assert same(func([reals(N, N)], write)) == EXPECTED


def test_a_mask_of_values_stays() -> None:
    def write(b: Body, x: Var) -> Any:
        def positive(b: Body, i: Var, j: Var) -> Any:
            return b.op("lt", real(4.0), get(b, x, i, j), ty=BOOL)

        return masked(b, x, loop(b, N, lambda b, i: [loop(b, N, lambda b, j: [positive(b, i, j)])]))

    f = func([reals(N, N)], write)
    assert computed(f) is f


def test_what_takes_many_operations_stays() -> None:
    def write(b: Body, x: Var, *, count: int) -> Any:
        def long(b: Body, i: Var, j: Var) -> Any:
            p = b.op("ilt", i, j, ty=BOOL)
            for k in range(count - 1):
                p = b.op("xor", p, b.op("ieq", i, integer(k), ty=BOOL), ty=BOOL) if k % 2 else b.op("not", p, ty=BOOL)
            return p

        return masked(b, x, loop(b, N, lambda b, i: [loop(b, N, lambda b, j: [long(b, i, j)])]))

    few = func([reals(N, N)], lambda b, x: write(b, x, count=3))
    many = func([reals(N, N)], lambda b, x: write(b, x, count=2 * MOST_OPERATIONS))
    assert computed(few) is not few and computed(many) is many
    same(few)
