"""Machine code against the interpreter: arrays, loops, branches, guards, and random programs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from compiled_kit import LONG, agree, agree_at_random, loop_over
from ir_kit import ONE, TRUE, ZERO, Body, at, between, block, func, real, reals, ref
from loop_kit import loop
from rows import kept

from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    Add,
    Block,
    BoolT,
    Call,
    Cond,
    Data,
    Fill,
    FloatT,
    Func,
    Get,
    Guard,
    IntT,
    Put,
    Stack,
    Stop,
    Ty,
    Var,
    Where,
    index_ty,
)
from rosesim.ad.support.errors import ProgramError
from rosesim.codegen import compile_func
from rosesim.codegen.llvm import module
from rosesim.codegen.llvm.loops import WORTH_A_JUMP
from rosesim.codegen.pipeline import planned
from rosesim.codegen.planned import Options
from rosesim.codegen.targets import host

pytestmark = pytest.mark.usefixtures("calls_stay_calls")


# ---------------------------------------------------------------------------------------- arrays


@pytest.mark.parametrize("n", [1, 3, LONG])
@pytest.mark.parametrize("scalar", [FloatT(), BoolT(), IntT(0, 2), IntT(0, 300), IntT(-5, 70_000)])
def test_arrays_of_every_kind_are_read_and_replaced(n: int, scalar: Any) -> None:
    ty = Ty(scalar, (n, 2))
    i = index_ty(n)

    def write(b: Body, x: Var, k: Var, v: Var) -> Any:
        row = b.let(Get(x, (k,)), ty.at(1))
        one = b.let(Get(row, (at(1, 2),)), Ty(scalar))
        y = b.let(Put(x, (k, at(0, 2)), v), ty)
        z = b.let(Put(y, (at(0, n),), row), ty)
        fixed = b.let(Put(z, (at(0, n), at(1, 2)), v), ty)
        pair = b.let(Stack((v, one)), Ty(scalar, (2,)))
        full = b.let(Fill(one), ty)
        same = b.let(Stop(full), ty)
        part = b.let(Get(same, (k, at(0, 2))), Ty(scalar))
        two = b.let(Stack((fixed, x)), Ty(scalar, (2, n, 2)))
        return [row, one, y, z, fixed, pair, full, part, two, x]

    f = func([ty, i, Ty(scalar)], write)
    rng = np.random.default_rng(0)
    for k in range(0, n, 7):
        if isinstance(scalar, IntT):
            agree(f, rng.integers(scalar.lo, scalar.hi + 1, (n, 2)), k, scalar.hi)
        elif isinstance(scalar, BoolT):
            agree(f, rng.random((n, 2)) < 0.5, k, True)
        else:
            agree(f, rng.normal(size=(n, 2)), k, 9.5)


@pytest.mark.parametrize("size", [3, 5000])
def test_captured_arrays(size: int) -> None:
    array = np.arange(size, dtype=float)

    def write(b: Body, i: Var) -> Any:
        x = b.let(Data(array), reals(size))
        return [x, b.let(Get(x, (i,)), REAL), b.let(Put(x, (i,), ZERO), reals(size))]

    agree(func([index_ty(size)], write), 2)


def test_a_captured_array_of_a_million_numbers_costs_no_text() -> None:
    array = np.random.default_rng(0).normal(size=10**6)

    def write(b: Body, i: Var) -> Any:
        return b.let(Get(b.let(Data(array), reals(10**6)), (i,)), REAL)

    compiled = compile_func(func([index_ty(10**6)], write))
    assert len(compiled.llvm) < 10_000
    assert compiled(123_456) == (array[123_456],)


def test_arrays_without_elements() -> None:
    empty = reals(0, 3)

    def write(b: Body, x: Var, y: Var) -> Any:
        c, out = loop_over(b, 0, [y], lambda b, i, c: [b.let(Get(x, (i, at(0, 3))), REAL), c], [REAL])
        full = b.let(Fill(ONE), empty)
        stacked = b.let(Stack((full, x)), reals(2, 0, 3))
        return [x, c, out, full, stacked]

    agree(func([empty, REAL], write), np.zeros((0, 3)), 2.0)


def test_nothing_at_all() -> None:
    assert compile_func(Func("f", (), Block((), ())))() == ()
    assert compile_func(Func("f", (), Block((), (real(2.0),))))() == (2.0,)


# ----------------------------------------------------------------------------------------- loops


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_a_loop_carries_and_collects(n: int, reverse: bool) -> None:
    def write(b: Body, x: Var, s: Var) -> Any:
        def step(b: Body, i: Var, c: Var, v: Var) -> Any:
            xi = b.let(Get(x, (i,)), REAL)
            c2 = b.op("add", b.op("mul", c, real(0.5)), xi)
            v2 = loop_over(b, 5, [], lambda b, j: b.op("mul", b.let(Get(v, (j,)), REAL), c2), [REAL])
            return [c2, v2, c, v2, b.op("gt", c2, ZERO, ty=BOOL)]

        v = b.let(Fill(ONE), reals(5))
        return loop_over(b, n, [s, v], step, [REAL, reals(5), BOOL], reverse=reverse)

    agree(func([reals(n), REAL], write), np.linspace(-1, 1, n), 0.3)


@pytest.mark.parametrize("reverse", [False, True])
def test_upto_ends_a_loop_and_leaves_zeros(reverse: bool) -> None:
    def write(b: Body, k: Var) -> Any:
        def step(b: Body, i: Var, c: Var) -> Any:
            r = b.op("add", c, b.op("real", i))
            return [r, r, b.let(Fill(r), reals(LONG)), i]

        return loop_over(b, 6, [ONE], step, [REAL, reals(LONG), index_ty(6)], upto=k, reverse=reverse)

    for k in range(7):
        agree(func([between(0, 6)], write), k)


def test_a_test_ends_a_loop_and_counts() -> None:
    def write(b: Body, limit: Var) -> Any:
        def step(b: Body, i: Var, c: Var, a: Var) -> Any:
            doubled = b.op("mul", c, real(2.0))
            return [doubled, b.let(Put(a, (i,), doubled), reals(50)), doubled]

        a = b.let(Fill(ZERO), reals(50))

        def going(b: Body, i: Var, c: Var, a: Var) -> Any:
            return b.op("lt", c, limit, ty=BOOL)

        return loop_over(b, 50, [ONE, a], step, [REAL], test=going)

    f = func([REAL], write)
    *_, count = agree(f, 100.0)
    assert count == 7
    agree(f, 0.0)
    agree(f, math.inf)


def test_a_loop_runs_as_one_whatever_its_length() -> None:
    def of(n: int) -> Func:
        return func([REAL], lambda b, x: loop_over(b, n, [x], lambda b, i, c: b.op("mul", c, real(0.999))))

    texts = [compile_func(of(n), optimise=False).llvm for n in (10, 1_000_000)]
    assert abs(len(texts[0]) - len(texts[1])) < 100
    assert compile_func(of(1000))(1.0)[0] == pytest.approx(0.999**1000, rel=1e-12)


def test_only_the_chosen_branch_runs() -> None:
    def write(b: Body, p: Var, x: Var) -> Any:
        def bad(b: Body) -> Any:
            b.let(Guard(TRUE, "not chosen"))
            return [x, b.let(Stack((x, x)), reals(2)), p]

        good = block(lambda b: [ONE, b.let(Stack((ONE, x)), reals(2)), TRUE])
        return b.let(Cond(p, block(bad), good), REAL, reals(2), BOOL)

    compiled = compile_func(func([BOOL, REAL], write))
    assert compiled(False, 2.0)[1].tolist() == [1.0, 2.0]
    with pytest.raises(ProgramError, match="not chosen"):
        compiled(True, 2.0)


@pytest.mark.parametrize("first", kept(range(0, 400, 40), 0, 40))
def test_random_programs_agree(first: int) -> None:
    agree_at_random(range(first, first + 40))


# ------------------------------------------------------------------------------------- failures


def test_a_guard_raises_with_its_line_from_deep_inside() -> None:
    line = Where("apps/shot.py", 12)

    def leaf(b: Body, x: Var) -> Any:
        b.let(Guard(b.op("lt", x, ZERO, ty=BOOL), "x fell below zero"), where=line)
        return [x, b.let(Fill(x), reals(LONG))]

    g = func([REAL], leaf)

    def write(b: Body, x: Var) -> Any:
        def step(b: Body, i: Var, c: Var) -> Any:
            less, _ = b.let(Call(g, (b.op("sub", c, ONE),)), REAL, reals(LONG))
            return less

        return loop_over(b, 10, [x], step)

    f = func([REAL], write)
    compiled = compile_func(f)
    assert compiled(10.0) == (0.0,)
    with pytest.raises(ProgramError, match=r"apps/shot\.py:12: x fell below zero") as caught:
        compiled(5.0)
    assert caught.value.where == "apps/shot.py:12"
    assert compiled(20.0) == (10.0,)


def test_fast_mode_agrees_closely() -> None:
    x = np.random.default_rng(0).normal(size=1000)
    f = func(
        [reals(1000)],
        lambda b, v: loop_over(b, 1000, [ZERO], lambda b, i, s: b.op("add", s, b.let(Get(v, (i,)), REAL))),
    )
    assert compile_func(f)(x)[0] == pytest.approx(math.fsum(x), rel=1e-12)
    assert "fadd nsz arcp contract <" in compile_func(f).llvm  # reordered into vectors, in order from then on
    assert "fadd <" not in compile_func(f, math="strict").llvm
    assert "reassoc" not in compile_func(f, math="strict", optimise=False).llvm


@pytest.mark.parametrize("n", [1, 7, 64, 1000])
def test_independent_iterations_stay_right_when_they_run_together(n: int) -> None:
    """What LLVM is told of such loops (`loops._is_independent`), where arrays, parts and branches come in."""

    def write(b: Body, x: Var, k: Var) -> Any:
        def step(b: Body, t: Var, p: Var, q: Var) -> Any:
            def cell(b: Body, i: Var) -> Any:
                j = b.let(Get(k, (i,)), index_ty(n))
                pair = b.let(Stack((b.let(Get(q, (i,)), REAL), b.let(Get(p, (j,)), REAL))), reals(2))
                high = b.op("lt", b.let(Get(pair, (at(0, 2),)), REAL), ZERO, ty=BOOL)
                bit = b.let(Cond(high, Block((), (at(0, 2),)), Block((), (at(1, 2),))), index_ty(2))
                picked = b.let(Get(pair, (bit,)), REAL)  # needs the pair in memory
                swapped = b.let(Put(pair, (bit,), picked), reals(2))
                return [picked, b.op("sub", b.op("mul", picked, real(0.5)), ONE), swapped, pair]

            a, c, *more = loop_over(b, n, [], cell, [REAL, REAL, reals(2), reals(2)])
            return [a, c, *more]

        return loop_over(b, 5, [x, x], step, [reals(n, 2), reals(n, 2)])

    rng = np.random.default_rng(n)
    agree(func([reals(n), Ty(IntT(0, n - 1), (n,))], write), rng.normal(size=n), rng.integers(0, n, n))


@pytest.mark.parametrize(("work", "vectors"), [(WORTH_A_JUMP // 4, True), (WORTH_A_JUMP, False)])
def test_a_long_side_that_adds_is_jumped_over_and_not_run_for_all(work: int, vectors: bool) -> None:
    def write(b: Body, x: Var, r: Var) -> Any:
        def step(b: Body, i: Var) -> Any:
            v = b.let(Get(x, (i,)), REAL)

            def then(b: Body) -> Any:
                y = v
                for _ in range(work):
                    y = b.op("add", b.op("mul", y, y), ONE)
                b.let(Add(r, (i,), y))
                return []

            b.let(Cond(b.op("lt", v, ZERO, ty=BOOL), block(then), Block((), ())))
            return []

        loop(b, 64, step)
        return []

    f = func([reals(64), ref(reals(64))], write)
    assert ("parallel_accesses" in module.write(planned(f, Options(), host()), host()).text) == vectors
