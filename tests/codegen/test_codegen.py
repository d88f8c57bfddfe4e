"""Machine code against the interpreter, and what only machine code can get wrong: shared memory, borders,
interrupts, exceptions that cross it, time."""

from __future__ import annotations

import copy
import gc
import math
import os
import subprocess
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ir_kit import FALSE, ONE, TRUE, ZERO, Body, at, between, block, func, real, reals, ref, tan, whole
from random_programs import Draw, arguments

from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    TAN,
    Accum,
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
    Let,
    Loop,
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    Ty,
    Var,
    Where,
    index_ty,
)
from rosesim.ad.program.ops import OPS
from rosesim.ad.support.errors import ArgumentError, ProgramError
from rosesim.codegen import compile_func, targets
from rosesim.codegen.llvm import engine
from rosesim.codegen.llvm.lower_ops import LOWERING
from rosesim.codegen.passes import buffers, split
from rosesim.codegen.pipeline import without
from rosesim.codegen.target import StackLimits
from rosesim.codegen.targets import host


@pytest.fixture(autouse=True)
def calls_stay_calls() -> Generator[None]:
    """How values pass between functions is tested by programs that are small enough to be inlined."""
    with without("inline"):
        yield


LONG = 100
"""Longer than the arrays that are kept as scalars (buffers.SHORT)."""


def agree(f: Func, *args: Any, math: Any = "strict", ways: Sequence[bool] = (False, True)) -> tuple[Any, ...]:
    """The results of the compiled program, which are the interpreter's, to the bit, optimised or not."""
    check(f)
    want = interp.run(f, copy.deepcopy(args))
    got: tuple[Any, ...] = ()
    for optimise in ways:
        before = copy.deepcopy(args)
        got = compile_func(f, math=math, optimise=optimise)(*args)
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            assert type(g) is (np.ndarray if isinstance(w, np.ndarray) else type(np.asarray(w).item()))
            np.testing.assert_array_equal(np.asarray(g), np.asarray(w), strict=True)
        for a, b in zip(args, before, strict=True):
            np.testing.assert_array_equal(a, b, err_msg="an input was written to")
    return got


def loop_over(
    body: Body,
    n: int,
    inits: Sequence[Any],
    write: Callable[..., Any],
    outs: Sequence[Ty] = (),
    **more: Any,
) -> Any:
    """A loop whose body `write(body, i, *carries)` writes; the first results are the carries."""
    i, carries = Var(index_ty(n)), tuple(Var(a.ty) for a in inits)
    inner = block(lambda b: write(b, i, *carries))
    tys = [a.ty for a in inits] + [Ty(t.scalar, (n, *t.shape)) for t in outs]
    test = more.pop("test", None)
    if test is not None:
        tys.append(between(0, n))
        more["test"] = block(lambda b: test(b, i, *carries))
    return body.let(Loop(n=n, index=i, inits=tuple(inits), carries=carries, body=inner, **more), *tys)


# ------------------------------------------------------------------------------------- operators


def test_every_operator_has_a_lowering_and_no_other() -> None:
    assert set(LOWERING) == set(OPS)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan]
EXACT = "neg add sub mul div fmod abs sign floor ceil trunc copysign minimum maximum sqrt eq ne lt le gt ge".split()


@pytest.mark.parametrize("name", EXACT)
def test_arithmetic_equals_the_interpreter_to_the_bit(name: str) -> None:
    op = OPS[name]
    f = func([REAL] * len(op.kinds), lambda b, *xs: b.op(name, *xs, ty=BOOL if op.result == "b" else REAL))
    compiled = compile_func(f, math="strict")
    for x in SPECIAL:
        for y in SPECIAL if len(op.kinds) == 2 else [0.0]:
            args = (x, y)[: len(op.kinds)]
            (got,), (want,) = compiled(*args), interp.run(f, args)
            if isinstance(want, np.floating):
                same = (math.isnan(got) and math.isnan(want)) or got.hex() == float(want).hex()
                assert same, (name, args, got, want)
            else:
                assert got is want, (name, args)


MATHS = [n for n, op in OPS.items() if set(op.kinds) == {"r"} and op.result == "r" and n not in EXACT]


@pytest.mark.parametrize("name", MATHS)
def test_mathematics_functions_agree_within_two_ulp(name: str) -> None:
    f = func([REAL] * len(OPS[name].kinds), lambda b, *xs: b.op(name, *xs))
    compiled = compile_func(f, math="strict")
    rng = np.random.default_rng(1)
    for x in [*SPECIAL, *rng.uniform(-3, 3, 40)]:
        for y in [*SPECIAL, 0.7] if len(OPS[name].kinds) == 2 else [0.0]:
            args = (x, y)[: len(OPS[name].kinds)]
            if name == "pow" and args == (-math.inf, 0.5):
                continue  # IEEE 754 says infinity, NumPy takes the square root: NaN
            (got,), (want,) = compiled(*args), interp.run(f, args)
            np.testing.assert_array_max_ulp(np.float64(got), np.float64(want), 2)  # type: ignore[arg-type]


@pytest.mark.parametrize("math_mode", ["fast", "strict"])
@pytest.mark.parametrize("n", [1, 2, 7, 1000, 2**31, 2**40])
def test_conversions_to_an_index_are_total(n: int, math_mode: Any) -> None:
    for name in ("floor_clamp", "floor_wrap"):
        f = func([REAL], lambda b, x, name=name: b.op(name, x, whole(n), ty=index_ty(n)))
        compiled = compile_func(f, math=math_mode)
        for x in [*SPECIAL, 6.999, 7.0, -7.0, -0.3, 2.0**52, 2.0**53 + 2, -(2.0**62), 2.0**63, 1e19, -1e308, n - 0.5]:
            assert compiled(x) == interp.run(f, (x,)), (name, n, x)


def test_whole_numbers_divide_towards_minus_infinity() -> None:
    ty = between(-50, 50)
    f = func(
        [ty, between(-7, -1), between(1, 7)],
        lambda b, i, j, k: [
            b.op("idiv", i, j, ty=between(-50, 50)),
            b.op("idiv", i, k, ty=between(-50, 50)),
            b.op("imod", i, k, ty=between(0, 6)),
            b.op("int_wrap", i, k, ty=between(0, 6)),
            b.op("int_clamp", i, k, ty=between(0, 6)),
            b.op("imul", i, k, ty=between(-350, 350)),
            b.op("isub", i, k, ty=between(-57, 49)),
            b.op("iadd", i, j, ty=between(-57, 49)),
            b.op("cast", i, ty=between(-100, 100)),
            b.op("real", i),
            b.op("ilt", i, k, ty=BOOL),
            b.op("ile", i, k, ty=BOOL),
            b.op("ieq", i, k, ty=BOOL),
        ],
    )
    compiled = compile_func(f)
    for i in range(-50, 51, 7):
        for j in (-7, -2, -1):
            for k in (1, 3, 7):
                assert compiled(i, j, k) == interp.run(f, (i, j, k))


def test_logic() -> None:
    f = func(
        [BOOL, BOOL, REAL],
        lambda b, p, q, x: [
            *(b.op(n, p, q, ty=BOOL) for n in ("and", "or", "xor")),
            b.op("not", p, ty=BOOL),
            b.op("select", p, x, ZERO),
            b.op("select", p, q, TRUE, ty=BOOL),
            b.op("select", p, at(1, 3), at(2, 3), ty=index_ty(3)),
        ],
    )
    for p in (True, False):
        for q in (True, False):
            agree(f, p, q, 2.5)


def test_a_tangent_is_a_float() -> None:
    agree(func([TAN, REAL], lambda b, t, x: b.op("mul", t, x, ty=TAN)), 1.5, 3.0)
    agree(func([REAL], lambda b, x: [tan(-0.5), x]), 1.0)


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


# --------------------------------------------------------------------------------- shared memory


def put(b: Body, x: Var, i: Any, v: Any) -> Any:
    return b.let(Put(x, (i,), v), x.ty)


def test_a_replaced_array_is_still_there_where_it_is_named_later() -> None:
    def write(b: Body, x: Var, i: Var) -> Any:
        a = put(b, x, i, ONE)
        before = b.let(Get(a, (at(3, LONG),)), REAL)
        c = put(b, a, at(3, LONG), real(7.0))
        d = put(b, c, at(4, LONG), real(8.0))
        return [a, before, d, b.let(Get(a, (i,)), REAL)]

    agree(func([reals(LONG), index_ty(LONG)], write), np.arange(float(LONG)), 3)


def test_a_view_survives_the_replacement_of_what_it_views() -> None:
    def write(b: Body, x: Var, i: Var) -> Any:
        a = b.let(Put(x, (i, at(0, LONG)), ONE), x.ty)
        row = b.let(Get(a, (i,)), reals(LONG))
        same = b.let(Stop(row), reals(LONG))
        c = b.let(Put(a, (i, at(0, LONG)), real(5.0)), x.ty)
        return [c, b.let(Get(same, (at(0, LONG),)), REAL)]

    agree(func([reals(4, LONG), index_ty(4)], write), np.zeros((4, LONG)), 2)


def test_a_row_moves_within_its_array() -> None:
    def write(b: Body, x: Var, i: Var, j: Var) -> Any:
        a = b.let(Put(x, (i, at(0, LONG)), ONE), x.ty)
        return b.let(Put(a, (j,), b.let(Get(a, (i,)), reals(LONG))), x.ty)

    f = func([reals(4, LONG), index_ty(4), index_ty(4)], write)
    x = np.random.default_rng(0).normal(size=(4, LONG))
    agree(f, x, 1, 3)
    agree(f, x, 2, 2)


def test_an_array_made_before_a_loop_is_fresh_in_every_iteration() -> None:
    def write(b: Body, x: Var) -> Any:
        made = put(b, x, at(0, LONG), ONE)

        def step(b: Body, i: Var, s: Var) -> Any:
            first = b.let(Get(made, (at(0, LONG),)), REAL)
            changed = put(b, made, at(0, LONG), b.op("add", first, ONE))
            return b.op("add", s, b.let(Get(changed, (at(0, LONG),)), REAL))

        return loop_over(b, 3, [ZERO], step)

    assert agree(func([reals(LONG)], write), np.zeros(LONG)) == (6.0,)


def test_carries_change_places_or_double() -> None:
    def write(b: Body, x: Var, y: Var) -> Any:
        def swap(b: Body, i: Var, p: Var, q: Var, r: Var) -> Any:
            return [put(b, q, i, real(1.0)), p, r]

        def rotate(b: Body, i: Var, p: Var, q: Var, r: Var) -> Any:
            return [q, r, put(b, p, i, b.let(Get(q, (i,)), REAL))]

        def double(b: Body, i: Var, p: Var, q: Var, r: Var) -> Any:
            new = put(b, p, i, real(3.0))
            return [new, new, x]

        def wave(b: Body, i: Var, p: Var, q: Var, r: Var) -> Any:
            def cell(b: Body, j: Var) -> Any:
                return b.op("sub", b.let(Get(q, (j,)), REAL), b.let(Get(p, (j,)), REAL))

            return [q, loop_over(b, LONG, [], cell, [REAL]), r]

        out: list[Any] = []
        for step in (swap, rotate, double, wave):
            for n in (4, 5):
                out.extend(loop_over(b, n, [x, y, x], step))
        return out

    rng = np.random.default_rng(0)
    agree(func([reals(LONG), reals(LONG)], write), rng.normal(size=LONG), rng.normal(size=LONG))


@pytest.mark.parametrize("n", [3, 4])
def test_a_carry_is_also_an_output(n: int) -> None:
    def write(b: Body, x: Var) -> Any:
        def step(b: Body, i: Var, c: Var) -> Any:
            new = loop_over(b, LONG, [], lambda b, j: b.op("mul", b.let(Get(c, (j,)), REAL), real(1.5)), [REAL])
            return [new, c, new]

        return loop_over(b, n, [x], step, [reals(LONG), reals(LONG)])

    agree(func([reals(LONG)], write), np.arange(float(LONG)))


def test_a_branch_replaces_in_place_or_not() -> None:
    def write(b: Body, x: Var, p: Var) -> Any:
        a = put(b, x, at(0, LONG), ONE)
        then = block(lambda b: put(b, a, at(1, LONG), real(2.0)))
        kept = b.let(Cond(p, then, Block((), (a,))), a.ty)
        c = put(b, kept, at(2, LONG), real(3.0))
        other = b.let(Cond(p, block(lambda b: put(b, c, at(3, LONG), ONE)), Block((), (x,))), a.ty)
        still = b.let(Cond(p, block(lambda b: put(b, other, at(4, LONG), ONE)), Block((), (other,))), a.ty)
        return [still, other]

    f = func([reals(LONG), BOOL], write)
    for p in (True, False):
        agree(f, np.arange(float(LONG)), p)


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


def test_accumulators_start_from_what_is_still_needed() -> None:
    def write(b: Body, x: Var, i: Var, p: Var) -> Any:
        a = put(b, x, at(0, LONG), ONE)
        r, s, t = Var(ref(reals(LONG))), Var(ref(REAL)), Var(ref(Ty(BoolT(), (3,))))

        def body(b: Body) -> Any:
            def step(b: Body, k: Var) -> Any:
                b.let(Add(r, (i,), b.let(Get(a, (k,)), REAL)))
                b.let(Add(s, (), b.let(Get(a, (k,)), REAL)))
                return []

            loop_over(b, LONG, [], step)
            b.let(Add(r, (), a))
            b.let(Add(t, (at(1, 3),), p))
            sub = b.let(SubRef(r, (i,)), ref(REAL))
            b.let(Add(sub, (), ONE))
            return [b.let(Get(a, (i,)), REAL), a]

        none = b.let(Fill(FALSE), Ty(BoolT(), (3,)))
        made = b.let(Accum((a, ZERO, none), (r, s, t), block(body)), REAL, a.ty, a.ty, REAL, none.ty)
        return [*made, a]

    f = func([reals(LONG), index_ty(LONG), BOOL], write)
    agree(f, np.arange(float(LONG)), 5, True)


def test_refs_pass_through_calls_even_where_they_overlap() -> None:
    g = func(
        [ref(reals(LONG)), ref(reals(LONG)), REAL],
        lambda b, r, s, x: [b.let(Add(r, (at(0, LONG),), x)), b.let(Add(s, (at(0, LONG),), x)), x][2:],
    )

    def write(b: Body, x: Var, i: Var, j: Var) -> Any:
        r = Var(ref(reals(4, LONG)))

        def body(b: Body) -> Any:
            first = b.let(SubRef(r, (i,)), ref(reals(LONG)))
            second = b.let(SubRef(r, (j,)), ref(reals(LONG)))
            return b.let(Call(g, (first, second, x)), REAL)

        zeros = b.let(Fill(ZERO), reals(4, LONG))
        return b.let(Accum((zeros,), (r,), block(body)), REAL, reals(4, LONG))

    f = func([REAL, index_ty(4), index_ty(4)], write)
    agree(f, 2.5, 1, 2)
    agree(f, 2.5, 3, 3)


def test_a_function_overwrites_only_what_its_caller_gives_up() -> None:
    g = func([reals(LONG), index_ty(LONG)], lambda b, x, i: [put(b, x, i, real(9.0)), ONE])
    h = func([reals(LONG), index_ty(LONG)], lambda b, x, i: b.let(Call(g, (x, i)), reals(LONG), REAL)[0])

    def write(b: Body, x: Var) -> Any:
        first = b.let(Call(h, (x, at(0, LONG))), reals(LONG))
        second = b.let(Call(h, (first, at(1, LONG))), reals(LONG))
        third = b.let(Call(h, (second, at(2, LONG))), reals(LONG))
        return [x, first, third]

    agree(func([reals(LONG)], write), np.zeros(LONG))


def test_a_function_called_with_one_array_twice() -> None:
    g = func(
        [reals(LONG), reals(LONG)],
        lambda b, x, y: [put(b, x, at(0, LONG), ONE), b.let(Get(y, (at(0, LONG),)), REAL)],
    )

    def write(b: Body, x: Var) -> Any:
        made = put(b, x, at(5, LONG), ONE)
        return b.let(Call(g, (made, made)), reals(LONG), REAL)

    agree(func([reals(LONG)], write), np.full(LONG, 4.0))


def agree_at_random(seeds: Iterable[int], optimised: int = 2) -> None:
    """Programs drawn from these seeds agree; each so many-th is optimised too, which takes most of the time."""
    for seed in seeds:
        f = Draw(seed).program()
        if not any(p.ty.ref for p in f.params):
            agree(f, *arguments(f, seed), ways=(False,) if seed % optimised else (False, True))


@pytest.mark.parametrize("first", range(0, 400, 40))
def test_random_programs_agree(first: int) -> None:
    agree_at_random(range(first, first + 40))


@pytest.mark.parametrize("careless", ["_can_steal", "_is_only_use"])
def test_random_programs_notice_a_careless_analysis(careless: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above would fail if the analysis did not look who names an array later."""

    def owned(self: Any, x: Any, b: Block, k: int) -> bool:
        return isinstance(x, Var) and self.out.is_whole(x) and self.out.root[x].block is b

    def only(self: Any, x: Any, let: Let, **_: Any) -> bool:
        return True

    monkeypatch.setattr(buffers._Analysis, careless, owned if careless == "_can_steal" else only)
    with pytest.raises(AssertionError):
        agree_at_random(range(300, 700), optimised=1000)  # what it decides shows in unoptimised code already


def seconds(run: Callable[[], Any]) -> float:
    best = math.inf
    for _ in range(3):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    return best


def _replacing(n: int, *, by_call: bool, branch: bool) -> Func:
    """A loop that replaces one element a step: itself, by a function, in a branch."""
    ty, i_ty = reals(n), index_ty(n)

    def one(b: Body, a: Var, i: Var) -> Any:
        old = b.let(Get(a, (i,)), REAL)
        return put(b, a, i, b.op("add", old, b.op("real", i)))

    g = func([ty, i_ty], one)

    def step(b: Body, i: Var, a: Var) -> Any:
        if branch:
            p = b.op("lt", b.let(Get(a, (i,)), REAL), ONE, ty=BOOL)
            return b.let(Cond(p, block(lambda b: one(b, a, i)), Block((), (a,))), ty)
        return b.let(Call(g, (a, i)), ty) if by_call else one(b, a, i)

    return func([ty], lambda b, x: loop_over(b, n, [x], step))


@pytest.mark.parametrize(("by_call", "branch"), [(False, False), (True, False), (False, True)])
def test_replacing_one_element_a_step_is_linear(by_call: bool, branch: bool) -> None:
    n = 100_000
    compiled = compile_func(_replacing(n, by_call=by_call, branch=branch))
    (out,) = compiled(np.zeros(n))
    np.testing.assert_array_equal(out, np.arange(float(n)))
    # 10^5 copies of 0.8 MB would take seconds; one pass takes well under a millisecond.
    assert seconds(lambda: compiled(np.zeros(n))) < 0.02


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


class Unlucky(Exception):
    pass


def test_an_exception_of_an_opaque_function_comes_out_unchanged() -> None:
    unlucky = Unlucky("seven")

    def user(x: float) -> tuple[float]:
        if x == 7.0:
            raise unlucky
        return (x + 1.0,)

    g = Func("user", (Var(REAL, "x"),), Opaque(user, (REAL,)))
    f = func([REAL], lambda b, x: loop_over(b, 10, [x], lambda b, i, c: b.let(Call(g, (c,)), REAL)))
    compiled = compile_func(f)
    assert compiled(100.0) == (110.0,)
    with pytest.raises(Unlucky) as caught:
        compiled(0.0)
    assert caught.value is unlucky
    assert "user" in {frame.name for frame in traceback.extract_tb(caught.value.__traceback__)}
    assert compiled(8.0) == (18.0,)


def test_an_opaque_function_of_every_kind_of_value() -> None:
    seen: list[Any] = []

    def user(x: float, p: bool, i: int, a: Any, k: Any) -> tuple[Any, ...]:
        seen[:] = [type(v) for v in (x, p, i, a, k)]
        a += x  # its own copy
        return a * 2, int(k[i]), not p, float(a.sum()), k

    params = [REAL, BOOL, index_ty(3), reals(3), Ty(IntT(0, 9), (3,))]
    results = (reals(3), between(0, 9), BOOL, REAL, params[-1])
    g = Func("user", tuple(map(Var, params)), Opaque(user, results))
    f = func(params, lambda b, *args: [*b.let(Call(g, args), *results), args[3]])
    agree(f, 2.0, True, 1, np.arange(3.0), np.array([4, 5, 6]))
    assert seen == [float, bool, int, np.ndarray, np.ndarray]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((1.0,), "returned 1 values, expected 2"),
        ((np.zeros(3), 1), r"shape \(3,\), expected \(2,\)"),
        ((np.zeros(2), 3), "returned 3, expected whole numbers from 0 to 2"),
        ((np.zeros(2), 1.0), "returned 1.0, expected whole numbers"),
        ((np.zeros(2, complex), 1), "expected real numbers"),
    ],
)
def test_an_opaque_function_that_breaks_its_promise(answer: Any, message: str) -> None:
    tys = (reals(2), index_ty(3))
    g = Func("user", (), Opaque(lambda: answer, tys))
    compiled = compile_func(func([], lambda b: b.let(Call(g, ()), *tys)))
    with pytest.raises(ProgramError, match=message):
        compiled()


def test_an_opaque_function_may_call_the_compiled_program_that_calls_it() -> None:
    compiled: Any = None

    def user(x: float) -> tuple[float]:
        if x <= 0.0:
            raise Unlucky
        try:
            return (x + compiled(x - 1.0)[0],)
        except Unlucky:
            return (x,)

    g = Func("user", (Var(REAL),), Opaque(user, (REAL,)))

    def write(b: Body, x: Var) -> Any:
        big = b.let(Fill(x), reals(1000))  # in the workspace: each call under way needs its own
        y = b.let(Call(g, (x,)), REAL)
        made = put(b, big, at(0, 1000), y)
        last = b.let(Get(made, (at(999, 1000),)), REAL)
        return [y, b.op("sub", last, x), made]

    compiled = compile_func(func([REAL], write))
    assert compiled.workspace_bytes >= 0
    assert compiled(5.0)[:2] == (15.0, 0.0)


INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
sys.path.insert(0, {tests!r})
from ir_kit import *
from rosesim.ad.program.ir import *
from rosesim.codegen import compile_func
from tests.codegen.test_codegen import loop_over
kind = sys.argv[1]
def step(b, i, c):
    if kind == "nested":
        return loop_over(b, 1000, [c], lambda b, j, d: b.op("sin", d))
    return b.op("sin", c)
f = func([REAL], lambda b, x: loop_over(b, 10**12, [x], step))
if kind == "call":
    g = f
    f = func([REAL], lambda b, x: b.let(Call(g, (x,)), REAL))
compiled = compile_func(f)
class Custom(Exception): pass
def handler(*_): raise Custom("mine")
if kind == "custom":
    signal.signal(signal.SIGINT, handler)
sent = []
def send():
    time.sleep(0.3)
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)
for _ in range(2):
    threading.Thread(target=send).start()
    try:
        compiled(0.5)
    except (KeyboardInterrupt, Custom) as error:
        late = time.perf_counter() - sent[-1]
        print(type(error).__name__, error, "in time" if late < 0.2 else late)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends itself a signal")
@pytest.mark.parametrize("kind", ["plain", "nested", "call", "custom"])
def test_an_interrupt_stops_a_running_loop(kind: str) -> None:
    here = str(Path(__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(here), here])}
    code = INTERRUPTED.format(tests=here)
    run = subprocess.run(
        [sys.executable, "-c", code, kind], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    want = "Custom mine in time" if kind == "custom" else "KeyboardInterrupt  in time"
    assert run.stdout.splitlines() == [want] * 2, run.stderr


# --------------------------------------------------------------------------------------- border


def test_arrays_come_in_as_they_lie() -> None:
    f = func([reals(4, 3)], lambda b, x: [x, b.let(Get(x, (at(1, 4), at(2, 3))), REAL)])
    compiled = compile_func(f, names=["state.x"])
    x = np.arange(24.0).reshape(8, 3)
    read_only = x[:4].copy()
    read_only.flags.writeable = False
    raw = np.zeros(4 * 3 * 8 + 1, np.uint8)
    unaligned = raw[1:].view(np.float64).reshape(4, 3)
    unaligned[:] = x[:4]
    for a in (x[:4], x[::2], x[3::-1], np.asfortranarray(x[:4]), read_only, unaligned, x[:4].tolist(),
              x[:4].astype(np.int32), x[:4].astype(np.float32), x[:4].astype(">f8"), x[2:6]):  # fmt: skip
        out, one = compiled(a)
        np.testing.assert_array_equal(out, np.asarray(a, float))
        assert out.dtype == np.float64 and out.flags.writeable and one == np.asarray(a)[1, 2]
        assert not np.shares_memory(out, a) and out is not compiled(a)[0]


@pytest.mark.parametrize(
    ("ty", "value", "message"),
    [
        (reals(3), np.zeros(4), r"argument state\.x: found an array of shape \(4,\) and dtype float64"),
        (reals(3), 1.0, r"expected an array of shape \(3,\) of real numbers"),
        (reals(3), np.zeros(3, complex), "dtype complex128"),
        (reals(3), ["a", "b", "c"], "expected an array"),
        (reals(2), [[1.0], [1.0, 2.0]], "not an array"),
        (REAL, np.zeros(1), "expected a real number"),
        (REAL, "1", "found str '1', expected a real number"),
        (REAL, 10**400, "too large"),
        (BOOL, 1, "found int 1, expected True or False"),
        (Ty(BoolT(), (2,)), np.array([0, 1]), r"truths \(dtype bool\)"),
        (index_ty(3), 3, "found int 3, expected a whole number from 0 to 2"),
        (index_ty(3), -1, "found int -1"),
        (index_ty(3), 1.0, "found float 1.0"),
        (index_ty(3), 10**30, "expected a whole number from 0 to 2"),
        (Ty(IntT(0, 2), (2,)), np.array([0, 3]), "with values from 0 to 3, expected"),
        (Ty(IntT(0, 2), (2,)), [-1, 0], "with values from -1 to 0"),
        (Ty(IntT(0, 2), (2,)), np.zeros(2), "dtype float64"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(ty: Ty, value: Any, message: str) -> None:
    ran: list[int] = []
    g = Func("user", (), Opaque(lambda: (ran.append(1), (1.0,))[1], (REAL,)))
    compiled = compile_func(func([ty], lambda b, x: [b.let(Call(g, ()), REAL), x]), names=["state.x"])
    with pytest.raises(ArgumentError, match=message):
        compiled(value)
    assert not ran


def test_the_number_of_arguments_is_checked() -> None:
    compiled = compile_func(func([REAL, REAL], lambda b, x, y: b.op("add", x, y)))
    for args in ((), (1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(ArgumentError, match=f"was given {len(args)} arguments, expected 2: a, b"):
            compiled(*args)


def test_scalars_come_in_many_forms_and_out_as_python_numbers() -> None:
    f = func([REAL, index_ty(9), BOOL], lambda b, x, i, p: [p, i, x])
    compiled = compile_func(f)
    for args in ((2, np.uint8(3), np.True_), (np.float32(2), np.array(3), True), (2.0, 3, np.array(True))):
        out = compiled(*args)
        assert out == (True, 3, 2.0)
        assert [type(v) for v in out] == [bool, int, float]


def test_foreign_truths_are_read_as_truths() -> None:
    strange = np.array([0, 2, 255], np.uint8).view(bool)

    def write(b: Body, x: Var) -> Any:
        return [b.op("not", b.let(Get(x, (at(k, 3),)), BOOL), ty=BOOL) for k in range(3)]

    assert compile_func(func([Ty(BoolT(), (3,))], write))(strange) == (True, False, False)


# ------------------------------------------------------------------------- threads, time, memory


def test_threads_have_workspaces_of_their_own() -> None:
    n = 2000

    def write(b: Body, x: Var) -> Any:
        def step(b: Body, i: Var, a: Var) -> Any:
            return loop_over(b, n, [], lambda b, j: b.op("add", b.let(Get(a, (j,)), REAL), x), [REAL])

        a = loop_over(b, 200, [b.let(Fill(ZERO), reals(n))], step)
        return loop_over(b, n, [ZERO], lambda b, j, s: b.op("add", s, b.let(Get(a, (j,)), REAL)))

    compiled = compile_func(func([REAL], write))
    assert compiled.workspace_bytes >= 8 * n  # one array: each element is replaced in place
    wrong: list[Any] = []

    def work(k: int) -> None:
        for _ in range(50):
            (s,) = compiled(float(k))
            if s != 200.0 * n * k:
                wrong.append((k, s))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_a_running_call_releases_the_interpreter() -> None:
    f = func([REAL], lambda b, x: loop_over(b, 20_000_000, [x], lambda b, i, c: b.op("sin", c)))
    compiled = compile_func(f)
    worker = threading.Thread(target=compiled, args=(0.5,))
    began = time.perf_counter()
    worker.start()
    ticks = 0
    while worker.is_alive():
        ticks += 1
        time.sleep(0.001)
    assert ticks > 20 * (time.perf_counter() - began)


def test_a_scalar_call_is_cheap() -> None:
    compiled = compile_func(func([REAL, REAL], lambda b, x, y: [b.op("mul", x, y), x]))
    n = 20_000

    def run() -> None:
        for _ in range(n):
            compiled(2.0, 3.0)

    assert seconds(run) / n < 5e-6


def test_memory_of_the_code_does_not_depend_on_the_number_of_steps() -> None:
    def of(n: int) -> Func:
        def step(b: Body, i: Var, a: Var) -> Any:
            return loop_over(b, LONG, [], lambda b, j: b.op("sin", b.let(Get(a, (j,)), REAL)), [REAL])

        return func([reals(LONG)], lambda b, x: loop_over(b, n, [x], step))

    assert compile_func(of(10)).workspace_bytes == compile_func(of(10**6)).workspace_bytes


def test_a_chain_of_ten_thousand_functions_compiles() -> None:
    f = func([REAL], lambda b, x: b.op("add", x, ONE))
    for _ in range(10_000):
        g = f
        f = func([REAL], lambda b, x, g=g: b.op("add", b.let(Call(g, (x,)), REAL), ONE))
    compiled = compile_func(f)
    assert compiled(0.0) == (10_001.0,)
    assert compiled.seconds < 30


def test_twenty_functions_that_each_call_the_last_twice_compile_in_linear_time() -> None:
    f = func([REAL], lambda b, x: b.op("add", x, ONE))
    for _ in range(20):
        g = f

        def twice(b: Body, x: Var, g: Func = g) -> Any:
            return b.let(Call(g, (b.let(Call(g, (x,)), REAL),)), REAL)

        f = func([REAL], twice)
    compiled = compile_func(f)
    assert compiled(0.0) == (2.0**20,)
    assert compiled.seconds < 1.0


def test_a_long_straight_block_compiles() -> None:
    rng = np.random.default_rng(0)
    picks = rng.integers(0, 50, (20_000, 2))

    def write(b: Body, x: Var) -> Any:
        last = [x] * 50
        for i, j in picks:
            name = "add" if i % 2 else "mul"
            last = [*last[1:], b.op("sin", b.op(name, last[i], b.op("sub", last[j], ONE)))]
        return last[-1]

    f = func([REAL], write)
    compiled = compile_func(f)
    assert compiled(0.7)[0] == pytest.approx(float(interp.run(f, (0.7,))[0]), rel=1e-6)  # type: ignore[arg-type]
    assert compiled.seconds < 20


def test_machine_code_and_callbacks_die_with_the_compiled_program() -> None:
    class User:
        def __call__(self, x: float) -> tuple[float]:
            return (x,)

    user = User()
    gone = weakref.ref(user)
    g = Func("user", (Var(REAL),), Opaque(user, (REAL,)))
    compiled = compile_func(func([REAL], lambda b, x, g=g: b.let(Call(g, (x,)), REAL)))
    assert compiled(2.0) == (2.0,)
    del user, g, compiled
    gc.collect()
    assert gone() is None


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


def test_blocks_cut_into_pieces_compute_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "LONG", 3)
    monkeypatch.setattr(split, "PIECE", 4)
    monkeypatch.setattr(split, "SMALL_VIEW", 30)
    for seed in range(60):
        f = Draw(seed).program()
        if not any(p.ty.ref for p in f.params):
            cut, pieces = split.split(f)
            check(cut)
            assert pieces
            agree(f, *arguments(f, seed))


def test_buffers_are_used_again_after_their_last_use(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 10_000

    def write(b: Body, x: Var) -> Any:
        for _ in range(30):
            x = loop_over(b, n, [], lambda b, i, x=x: b.op("add", b.let(Get(x, (i,)), REAL), ONE), [REAL])
        return loop_over(b, n, [ZERO], lambda b, i, s: b.op("add", s, b.let(Get(x, (i,)), REAL)))

    compiled = compile_func(func([reals(n)], write))
    assert compiled.workspace_bytes < 3 * 8 * n
    assert compiled(np.zeros(n)) == (30.0 * n,)
    in_workspace = replace(host(), stack=StackLimits(0, 0))  # every buffer
    monkeypatch.setattr(targets, "host", lambda: in_workspace)
    agree_at_random(range(400, 500), optimised=4)


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


def test_a_module_that_the_straight_line_vectoriser_broke_is_made_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    real = engine._optimise

    class Broken:
        """A module that LLVM's verifier refuses, as that of a robot's gradient once was."""

        def __init__(self, module: Any):
            self.module = module

        def verify(self) -> None:
            raise RuntimeError("Instruction does not dominate all uses!")

    def optimise(module: Any, machine: Any, straight: bool) -> None:
        asked.append(straight)
        real(module.module if isinstance(module, Broken) else module, machine, straight)

    parsed = engine._parsed

    broken = {0}  # of the modules made of one text, by number

    def parsed_once(text: str, target: Any, on: bool) -> Any:
        module, machine = parsed(text, target, on)
        return (Broken(module) if len(asked) in broken else module), machine

    monkeypatch.setattr(engine, "_optimise", optimise)
    monkeypatch.setattr(engine, "_parsed", parsed_once)
    text = "define double @f(double %x) {\n  %y = fadd double %x, 1.0\n  ret double %y\n}\n"
    assert "fadd" in str(engine._module(text, host(), True, True)) and asked == [True, False]
    asked.clear()
    broken |= {1, 2}
    with pytest.raises(RuntimeError, match="dominate"):  # without either it is nobody's known mistake
        engine._module(text, host(), True, True)
    assert asked == [True, False, False]
