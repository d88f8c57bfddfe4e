"""Two loops over the same places are one, where the second reads what the first has made there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ONE, ZERO, Body, at, block, func, integer, real, reals, ref
from loop_kit import loop
from shown import program, stripped, text

from rosesim import Real, Vec, fn, grad, scan, sum, vec
from rosesim import min as least
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import BOOL, Accum, Add, Fill, Func, Get, Guard, Loop, Var, all_lets, index_ty
from rosesim.codegen.passes.fuse import fused
from rosesim.codegen.pipeline import without

N = 5


def get(b: Body, x: Any, *idx: Any) -> Any:
    return b.let(Get(x, idx), x.ty.at(len(idx)))


def squares(b: Body, x: Var, **more: Any) -> Any:
    return loop(b, N, lambda b, i: [b.op("mul", v := get(b, x, i), v)], **more)


def loops(made: Func) -> int:
    return sum_of(isinstance(let.expr, Loop) for let in all_lets(made.body))  # pyright: ignore[reportArgumentType]


def sum_of(found: Any) -> int:
    return len([x for x in found if x])


def same(made: Func, before: Func) -> None:
    x = np.arange(1.0, N + 1)  # whose sums are exact in any order
    for a, b in zip(interp.run(made, [x]), interp.run(before, [x]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_the_second_loop_reads_stays_in_a_register() -> None:
    def write(b: Body, x: Var) -> Any:
        y = squares(b, x)
        return loop(b, N, lambda b, i: [b.op("add", get(b, y, i), ONE)])

    before = func([reals(N)], write)
    made = fused(before)
    assert text(made) == stripped(
        """
        fn(a: 5 Real) -> 5 Real
          %1: 5 Real = loop i: Index[5]
            %2: Real = a[i]
            %3: Real = %2 * %2
            %4: Real = %3 + 1.0
            -> %4
          -> %1
        """
    )
    same(made, before)


def test_nests_are_fused_from_the_outside_in() -> None:
    def write(b: Body, x: Var) -> Any:
        def rows(b: Body, i: Var) -> Any:
            return [loop(b, N, lambda b, j: [b.op("mul", get(b, x, i), get(b, x, j))])]

        y = loop(b, N, rows)
        return loop(b, N, lambda b, i: [loop(b, N, lambda b, j: [b.op("add", get(b, y, i, j), ONE)])])

    before = func([reals(N)], write)
    made = fused(before)
    assert loops(made) == 2
    same(made, before)


@pytest.mark.parametrize(
    "write",
    [
        lambda b, y: loop(b, N, lambda b, i: [get(b, y, at(0, N))]),
        lambda b, y: loop(b, N - 1, lambda b, i: [get(b, y, i)]),
        lambda b, y: [y, loop(b, N, lambda b, i, c: [get(b, y, i)], [get(b, y, at(2, N))])],
    ],
    ids=["another place", "fewer places", "what it begins with"],
)
def test_a_loop_that_reads_elsewhere_stays_apart(write: Any) -> None:
    before = func([reals(N)], lambda b, x: write(b, squares(b, x)))
    assert fused(before) is before


def test_a_loop_stays_behind_one_that_it_waits_for() -> None:
    def write(b: Body, x: Var) -> Any:
        y = squares(b, x)
        total = loop(b, N, lambda b, i, c: [b.op("add", c, get(b, y, i))], [ZERO])
        return loop(b, N, lambda b, i: [b.op("mul", get(b, y, i), total)])

    before = func([reals(N)], write)
    made = fused(before)
    assert loops(made) == 2, "the sum joins the squares; what needs the whole sum cannot"
    same(made, before)


def test_what_may_end_the_program_is_not_passed() -> None:
    def write(b: Body, x: Var) -> Any:
        y = squares(b, x)
        b.let(Guard(b.op("lt", get(b, y, at(0, N)), real(-1.0), ty=BOOL), "negative"))
        return loop(b, N, lambda b, i: [b.op("add", get(b, y, i), ONE)])

    before = func([reals(N)], write)
    assert fused(before) is before


def test_a_loop_moves_under_the_accumulator_of_its_reverse() -> None:
    def cubed(b: Body, v: Any) -> Any:
        return loop(b, 3, lambda b, j, c: [b.op("mul", c, v)], [ONE])

    def write(b: Body, x: Var) -> Any:
        def forward(b: Body, i: Var, c: Var) -> Any:
            v = cubed(b, get(b, x, i))
            return [b.op("add", c, v), v]

        total, y = loop(b, N, forward, [ZERO])
        r = Var(ref(reals(N)), "r")

        def backward(b: Body, i: Var) -> Any:
            b.let(Add(r, (i,), cubed(b, get(b, y, i))))
            return []

        def inside(b: Body) -> Any:
            loop(b, N, backward, reverse=True)
            return []

        return [total, b.let(Accum((b.let(Fill(ZERO), reals(N)),), (r,), block(inside)), reals(N))]

    before = func([reals(N)], write)
    made = fused(before)
    assert (loops(before), loops(made)) == (4, 3)
    assert "5 Real = loop" not in text(made), "the cubes of all iterations are not kept"
    same(made, before)


def test_the_gradient_of_a_sum_over_runs_keeps_no_residuals_of_all_runs() -> None:
    runs, steps = 6, 40

    @fn
    def f(x: Vec[Real, 6], a: Real) -> Real:
        return sum(runs, lambda i: scan(lambda c, t: c * a - 0.1 * c * c, x[i], steps))

    x = np.linspace(0.5, 1.5, runs)
    g = grad(f, wrt=1)
    with without("spread-runs"):
        fewer = g.compile(x, 1.05)
        with without("fuse-loops"):
            all_ = grad(fn(f.python), wrt=1).compile(x, 1.05)
    assert fewer(x, 1.05) == pytest.approx(all_(x, 1.05), rel=1e-12)
    difference = (f(x, 1.05 + 1e-6) - f(x, 1.05 - 1e-6)) / 2e-6
    assert fewer(x, 1.05) == pytest.approx(difference, rel=1e-6)


def test_passes_over_a_grid_become_one() -> None:
    n = 8

    @fn
    def f(x: Vec[Vec[Real, 8], 8]) -> Vec[Vec[Real, 8], 8]:
        y = vec(n, lambda i: vec(n, lambda j: x[i][j] * 2.0))
        z = vec(n, lambda i: vec(n, lambda j: y[i][j] + 1.0))
        return vec(n, lambda i: vec(n, lambda j: z[i][j] * y[i][j]))

    x = np.random.default_rng(1).normal(size=(n, n))
    assert loops(fused(f.traced(f.types_of((x,))).func)) == 2
    np.testing.assert_allclose(f(x), (2 * x + 1) * 2 * x, rtol=1e-14)


def test_a_loop_whose_array_an_accumulator_begins_with_stays_before_it() -> None:
    """A loop under that accumulator reads the same array, as the reverse of a step that adds to its carry does."""

    def write(b: Body, x: Var) -> Any:
        y = squares(b, x)
        r = Var(ref(reals(N)), "r")

        def inside(b: Body) -> Any:
            loop(b, N, lambda b, i: b.let(Add(r, (i,), get(b, y, i))) or [])
            return []

        return b.let(Accum((y,), (r,), block(inside)), reals(N))

    before = func([reals(N)], write)
    made = fused(before)
    check(made)
    same(made, before)


def test_a_fused_loop_is_fused_again() -> None:
    """The third reads the second, and both together read the first, which stands before what the second needs."""

    def write(b: Body, x: Var) -> Any:
        y = squares(b, x)
        z = squares(b, x)
        w = loop(b, N, lambda b, i: [b.op("add", get(b, z, i), get(b, y, i))])
        return loop(b, N, lambda b, i: [b.op("add", get(b, w, i), get(b, y, i))])

    before = func([reals(N)], write)
    made = fused(before)
    assert loops(made) == 1
    same(made, before)


def under_accumulator(read: Any, place: Any = lambda b, v, i: i) -> Func:
    """A loop under an accumulator, and one after it that reads what it gives and what `read` chooses. It adds to the
    element at `place`."""

    def write(b: Body, x: Var) -> Any:
        r = Var(ref(reals(N)), "r")

        def inside(b: Body) -> Any:
            def cell(b: Body, i: Var) -> Any:
                v = get(b, x, i)
                b.let(Add(r, (place(b, v, i),), v))
                return [b.op("mul", v, v)]

            return [loop(b, N, cell)]

        y, sums = b.let(Accum((x,), (r,), block(inside)), reals(N), reals(N))
        z = loop(b, N, lambda b, i: [b.op("add", get(b, y, i), read(b, sums, i))])
        return [z, sums]

    return func([reals(N)], write)


def test_a_loop_moves_into_the_accumulator_whose_loop_it_reads() -> None:
    before = under_accumulator(lambda b, sums, i: ONE)
    made = fused(before)
    assert loops(made) == 1
    same(made, before)


def test_what_reads_the_sum_stays_behind_the_accumulator() -> None:
    before = under_accumulator(get)
    assert loops(fused(before)) == 2


def test_a_loop_that_adds_anywhere_stays_alone() -> None:
    """Both run in vectors or neither does: here the second would wait for the additions of the first."""
    anywhere = lambda b, v, i: b.op("floor_wrap", v, integer(N), ty=index_ty(N))
    row = func([reals(N, N)], lambda b, x: rows_under_accumulator(b, x, anywhere))
    near = func([reals(N, N)], lambda b, x: rows_under_accumulator(b, x, lambda b, v, i: i))
    assert (loops(fused(row)), loops(fused(near))) == (4, 2)


def rows_under_accumulator(b: Body, x: Var, place: Any) -> Any:
    """The same with rows: a nest that adds each number to the row at `place`, and a nest after it."""
    r = Var(ref(reals(N, N)), "r")

    def inside(b: Body) -> Any:
        def cell(b: Body, i: Var, j: Var) -> Any:
            v = get(b, x, i, j)
            b.let(Add(r, (place(b, v, i), j), v))
            return [b.op("mul", v, v)]

        return [loop(b, N, lambda b, i: [loop(b, N, lambda b, j: cell(b, i, j), name="j")])]

    y, sums = b.let(Accum((x,), (r,), block(inside)), reals(N, N), reals(N, N))
    double = lambda b, i: [loop(b, N, lambda b, j: [b.op("add", get(b, y, i, j), ONE)], name="j")]
    return [loop(b, N, double), sums]


@pytest.mark.parametrize(("length", "left"), [(24, 2), (4, 3)])
def test_a_loop_joins_a_nest_whose_work_is_far_more_than_its_own(length: int, left: int) -> None:
    """The least of distances is taken as they arise; beside short rows it stays a loop that can be vectorised."""

    def nearest(x: Any) -> Any:
        distances = vec(N, lambda c: sum(length, lambda i: x[c, i] * x[c, i]))
        return least(N, lambda c: distances[c])

    x = np.arange(1.0, N * length + 1).reshape(N, length)
    before = program(nearest, x)
    made = fused(before)
    assert loops(made) == left
    np.testing.assert_array_equal(interp.run(made, [x]), interp.run(before, [x]))
