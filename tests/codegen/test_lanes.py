"""Batches in SIMD lanes and on threads: each run gives what it gives alone, to the bit where strict."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rows import crossed, kept

from fuzz.case import Case
from fuzz.modes import Modes
from fuzz.oracle import Judge
from rosesim import (
    Index,
    ProgramError,
    Real,
    Vec,
    accumulate,
    cond,
    const,
    exp,
    fn,
    for_each,
    grad,
    log,
    memory_budget,
    opaque,
    scan,
    select,
    sqrt,
    sum,
    value_and_grad,
    vec,
    vmap,
    while_loop,
)
from rosesim.ad.passes.inline import inlined
from rosesim.ad.program.check import check as check_program
from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    Block,
    BoolT,
    Cond,
    FloatT,
    Func,
    Get,
    Guard,
    IntT,
    Let,
    Loop,
    Op,
    Put,
    Ty,
    Var,
    all_lets,
    reachable,
)
from rosesim.ad.program.show import show, type_text
from rosesim.ad.support import machine
from rosesim.ad.support.errors import CheckError
from rosesim.codegen import targets
from rosesim.codegen.llvm import per_lane
from rosesim.codegen.passes import split
from rosesim.codegen.passes.defer import deferred
from rosesim.codegen.passes.lanes import batch as lanes
from rosesim.codegen.passes.lanes import writer
from rosesim.codegen.passes.single_precision import in_single_precision
from rosesim.codegen.passes.sink import sunk
from rosesim.codegen.pipeline import without


def runs_alone(f: Any, *args: Any, **how: Any) -> list[Any]:
    one = f.compile(*(a[0] for a in args), **how)
    return [one(*each) for each in zip(*args, strict=True)]


def is_in_lanes(batch: Any) -> bool:
    """Whether the pass puts a program's batch into lanes."""
    body = lanes.laned(inlined(batch.traced.func), machine.LANES, "fast").body
    return isinstance(body, Block) and any(let.expr.lanes > 1 for let in all_lets(body) if isinstance(let.expr, Loop))


def check(f: Any, *args: Any, laned: bool = True) -> None:
    """f and its gradient over a batch are, in each run, what they are alone: to the bit where strict."""
    for g in (f, grad(f, wrt=0)):
        for math in ("strict", "fast"):
            batch = vmap(g).compile(*args, math=math)
            assert is_in_lanes(batch) or not laned
            found, expected = np.asarray(batch(*args)), np.asarray(runs_alone(g, *args, math=math))
            if math == "strict":
                np.testing.assert_array_equal(found, expected)
            else:
                np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


N = 4


@fn
def branching(x: Vec[Real, N]) -> Real:
    return sum(N, lambda i: cond(x[i] > 0.0, lambda: sqrt(x[i]) * x[0], lambda: x[i] * x[i] * x[1]))


@fn
def contacts(x: Vec[Real, N]) -> Real:
    """Guarded pairs that add to both: what billiards is made of."""

    def pair(acc: Any, i: Any, j: Any) -> None:
        d = x[i] - x[j]

        def push() -> None:
            acc.at[i].add(d * d * d)
            acc.at[j].add(-d)

        cond(d * d < 1.0, push, lambda: None)

    forces = accumulate(
        Vec[Real, N], lambda acc: for_each(N, lambda i: for_each(N, lambda j: pair(acc, i, j), upto=i))
    )
    return sum(N, lambda i: forces[i] * forces[i] * x[i])


@fn
def nested(x: Vec[Real, N]) -> Real:
    """A branch within a branch, which adds: a lane outside of the outer one may want the inner one."""

    def add(acc: Any, i: Any) -> None:
        cond(x[i] > x[0], lambda: cond(x[i] < x[1], lambda: acc.at[i].add(x[i] * x[2]), lambda: None), lambda: None)

    total = accumulate(Vec[Real, N], lambda acc: for_each(N, lambda i: add(acc, i)))
    return sum(N, lambda i: total[i] * total[i])


@fn
def ending(x: Vec[Real, N]) -> Real:
    """Runs of different lengths, with vectors carried and an output a step."""
    limit = Index[9].clamp(4.0 + 2.0 * x[1])

    def step(c: Any, i: Any) -> Any:
        c = c.at[Index[N].wrap(c[0] * 5.0)].set(c[1] * 0.9 + x[2])
        return c, c[1]

    last, seen = scan(step, x, 8, upto=limit)
    return last[0] + sum(8, lambda i: seen[i] * seen[i])


@fn
def waiting(x: Vec[Real, N]) -> Real:
    """Loops that each run ends by itself, one within a branch."""
    y = while_loop(lambda c: c < 4.0, lambda c: c * 1.5 + x[0] * x[0] * 0.1, exp(x[1] * 0.3), limit=40)
    slow = cond(x[2] > 0.0, lambda: while_loop(lambda c: c > 0.5, lambda c: c * 0.7, y, limit=40), lambda: Real(2.0))
    return slow * y + x[3]


@fn
def placing(x: Vec[Real, N]) -> Real:
    """Reading and writing at places that differ, rows and numbers."""
    k = Index[3].wrap(x[0] * 3.0)
    table = const(np.arange(6.0).reshape(3, 2))
    m = vec(3, lambda i: vec(2, lambda j: x[i] * x[j] + table[i, j]))
    m = m.at[k].set(table[k] * x[1]).at[Index[3].clamp(x[2] * 2.0), 1].add(x[3])
    row = m[k]
    return row[0] * row[1] + m[0, 1] * m[2, 0]


@fn
def inner(v: Vec[Real, 2], s: Real) -> Real:
    return cond(v[0] > s, lambda: v[0] * v[1], lambda: v[1] * s)


@fn
def calling(x: Vec[Real, N]) -> Real:
    """A called function, reversed at a place that differs: it adds to a part of what its caller holds."""
    m = vec(3, lambda i: vec(2, lambda j: x[i] + x[j + 1]))
    return cond(x[3] > -0.5, lambda: inner(m[Index[3].wrap(x[0] * 2.0)], x[1]), lambda: inner(m[2], x[0]))


PROGRAMS = [branching, contacts, nested, ending, waiting, placing, calling]


@pytest.mark.parametrize(("f", "runs"), crossed(PROGRAMS, [2, 3, 4, 5, 11], 1), ids=lambda v: getattr(v, "name", v))
def test_a_batch_gives_what_its_runs_give_alone(f: Any, runs: int) -> None:
    check(f, np.random.default_rng(runs).normal(size=(runs, N)))


@pytest.mark.parametrize("width", kept([2, 4, 8], 4))
def test_random_programs_in_lanes(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LANES", width)
    here = replace(targets.host(), lanes=width)
    monkeypatch.setattr(targets, "host", lambda: here)
    rng, count = random.Random(width), Counter[str]()
    for _ in range(6):
        judge = Judge(Case(rng.randbytes(120)), count)
        judge.core(both=False)
        Modes(judge).lanes()
    assert count["in lanes, strict"] > 2


def test_what_all_runs_share_has_one_value() -> None:
    @fn
    def f(x: Real, w: Vec[Real, 3]) -> Real:
        return sum(3, lambda i: cond(w[i] > 0.0, lambda: exp(w[i] * x), lambda: x * x))

    xs, w = np.linspace(-1, 1, 7), np.array([1.0, -2.0, 3.0])
    program = vmap(f, over=0).compile(xs, w)
    np.testing.assert_allclose(program(xs, w), np.exp(xs) + np.exp(3 * xs) + xs * xs, rtol=1e-14)
    # The branch is one for all: nobody asks whether any lane wants it.
    program_in_lanes = lanes.laned(inlined(program.traced.func), machine.LANES, "fast")
    bodies = [f.body for f in reachable(program_in_lanes) if isinstance(f.body, Block)]
    assert is_in_lanes(program)
    assert not [let for b in bodies for let in all_lets(b) if isinstance(let.expr, Op) and let.expr.name == "any"]


def test_truths_and_whole_numbers_come_out_of_lanes() -> None:
    @fn
    def f(x: Vec[Real, N]):
        best = scan(lambda k, i: select(x[i] > x[k], i, k), Index[N].clamp(0.0), N)
        return best, x[0] > 0.0, vec(N, lambda i: x[i] > x[best] - 1.0)

    xs = np.random.default_rng(0).normal(size=(6, N))
    k, positive, near = vmap(f)(xs)
    np.testing.assert_array_equal(k, xs.argmax(1))
    np.testing.assert_array_equal(positive, xs[:, 0] > 0)
    np.testing.assert_array_equal(near, xs > xs.max(1, keepdims=True) - 1.0)


def test_nothing_of_an_inactive_lane_comes_through() -> None:
    @fn
    def f(x: Real) -> Real:
        return cond(x > 0.0, lambda: log(x) + sum(3, lambda i: sqrt(x)), lambda: 2.0 * x)

    xs = np.array([1.0, -1.0, 0.0, 4.0, -3.0])
    value, slope = vmap(value_and_grad(f))(xs)
    np.testing.assert_allclose(value, [3.0, -2.0, 0.0, np.log(4) + 6.0, -6.0], rtol=1e-14)
    np.testing.assert_allclose(slope, [2.5, 2.0, 2.0, 1.0, 2.0], rtol=1e-14)


def test_only_an_active_lane_raises() -> None:
    @fn
    def f(x: Real) -> Real:
        return cond(x > 0.0, lambda: x * Real(Index[3].check(x)), lambda: Real(0.0))

    np.testing.assert_array_equal(vmap(f)(np.array([-9.0, 1.0, 2.5, -7.0, 0.5])), [0, 1, 5, 0, 0])
    with pytest.raises(ProgramError, match="index"):
        vmap(f)(np.array([-9.0, 1.0, 2.5, 7.0, 0.5]))


def test_a_batch_with_a_function_of_python_runs_one_by_one() -> None:
    seen: list[float] = []

    @opaque
    def looked(x: float) -> float:
        seen.append(x)
        return 2 * x

    @fn
    def f(x: Real) -> Real:
        return cond(x > 0.0, lambda: looked(x), lambda: x)

    np.testing.assert_array_equal(vmap(f)([1.0, -2.0, 3.0]), [2.0, -2.0, 6.0])
    assert seen == [1.0, 3.0]


@pytest.mark.parametrize(
    ("careless", "instead"),
    [
        ("and_", lambda self, p, q: q),
        (
            "add",
            lambda self, ref, place, v: self.lets.append(writer.Let((), writer.Add(ref, place, v), None)),
        ),
        ("choose", lambda self, p, a, b, ty: self.vary(a)),
    ],
)
def test_careless_masks_are_noticed(
    careless: str, instead: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer.LaneWriter, careless, instead)
    with pytest.raises((AssertionError, ProgramError, RuntimeError)):
        for f in (branching, contacts, nested, waiting, ending):
            x = np.random.default_rng(0).normal(size=(7, N))
            fresh = fn(f.python)
            check(fresh, x, laned=False)


def test_a_careless_column_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = per_lane.place
    monkeypatch.setattr(per_lane, "place", lambda c, p, ty, idx, lane: real(c, p, ty, idx, 0))
    with pytest.raises(AssertionError), without("unroll-short"):  # that leave fewer arrays
        check(fn(placing.python), np.random.default_rng(0).normal(size=(7, N)))


# ------------------------------------------------------------------------------------ threads


@fn
def long_run(x: Real) -> Real:
    return scan(lambda c, i: cond(c > 1.0, lambda: c * 0.5, lambda: c + x * 0.25), x, 3000)


def test_threads_change_no_bit() -> None:
    xs = np.random.default_rng(1).uniform(0.1, 3, 101)
    alone = vmap(grad(long_run)).compile(xs, math="strict", threads=1)
    shared = vmap(grad(long_run)).compile(xs, math="strict", threads=3)
    for _ in range(5):
        np.testing.assert_array_equal(shared(xs), alone(xs))
    np.testing.assert_array_equal(alone(xs), runs_alone(grad(long_run), xs, math="strict"))


def test_a_failing_run_ends_a_batch_on_threads() -> None:
    @fn
    def f(x: Real) -> Real:
        last = long_run(x)
        return Real(Index[5].check(x)) + last

    xs = np.full(100, 1.0)
    program = vmap(f).compile(xs, threads=2)
    good = program(xs)
    with pytest.raises(ProgramError, match="index"):
        program(np.where(np.arange(100) == 93, 9.0, xs))
    np.testing.assert_array_equal(program(xs), good)


def test_many_threads_may_call_one_batch_program() -> None:
    xs = np.random.default_rng(2).uniform(0.1, 3, (8, 64))
    program = vmap(long_run).compile(xs[0], math="strict", threads=2)
    expected = [program(x) for x in xs]
    found: list[Any] = [None] * 8

    def call(k: int) -> None:
        for _ in range(10):
            found[k] = program(xs[k])

    callers = [threading.Thread(target=call, args=(k,)) for k in range(8)]
    for t in callers:
        t.start()
    for t in callers:
        t.join()
    np.testing.assert_array_equal(found, expected)


def test_an_interrupt_ends_a_batch_on_all_threads() -> None:
    source = """
import os, signal, threading, time
import numpy as np
from rosesim import fn, vmap, scan, cond, Real
@fn
def f(x: Real) -> Real:
    return scan(lambda c, i: cond(c > 1.0, lambda: c * 0.5, lambda: c + x * 0.25), x, 1_000_000_000)
xs = np.linspace(0.1, 3, 64)
program = vmap(f).compile(xs, threads=2)
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
begun = time.perf_counter()
try:
    program(xs)
    print("ran through")
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - begun)
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=True)
    word, seconds = done.stdout.splitlines()[0].split()
    assert word == "interrupted"
    assert float(seconds) < 0.5 + 0.2 + 0.3  # the timer, the promise, and a slow machine


def test_all_runs_at_once_share_the_budget() -> None:
    @fn
    def f(x: Real) -> Real:
        return scan(lambda c, i: cond(c > 0.5, lambda: c * 0.5 + x, lambda: c + 0.1), x, 100_000)

    xs = np.linspace(0, 1, 64)
    plain = vmap(grad(f)).compile(xs)
    with memory_budget(1 << 20):
        small = vmap(grad(f)).compile(xs)
    assert plain.compiled.workspace_bytes > 2_000_000
    # A workspace is that of one thread: so many lanes.
    assert small.compiled.workspace_bytes * machine.cores() <= 1 << 20
    np.testing.assert_array_equal(small(xs), plain(xs))


@pytest.mark.parametrize(("precision", "math"), [("f64", "strict"), ("f32", "fast")])
@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.name)
def test_what_each_pass_makes_of_a_batch_is_a_program(
    f: Any, precision: str, math: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split, "LONG_LETS", 20)
    monkeypatch.setattr(split, "PIECE_LETS", 8)
    batch = vmap(value_and_grad(f, wrt=0))
    func = inlined(batch.traced(batch.types_of((np.zeros((11, N)),))).func)
    func = in_single_precision(func) if precision == "f32" else func
    width = machine.LANES * (2 if precision == "f32" else 1)
    for name, step in (
        ("traced", lambda p: p),
        ("sunk", lambda p: sunk(p, math)),
        ("deferred", deferred),
        ("laned", lambda p: lanes.laned(p, width, math)),
        ("split", lambda p: split.split(p)[0]),
    ):
        func = step(func)
        try:
            check_program(func)
        except CheckError as e:
            raise AssertionError(f"after {name}: {e}") from e
    assert " in 8 lanes" in show(func) if precision == "f32" else " in 4 lanes" in show(func)


def in_lanes(scalar: Any) -> Ty:
    return Ty(replace(scalar, lanes=4))


FOUR, SOME, PLACE = in_lanes(FloatT()), in_lanes(BoolT()), in_lanes(IntT(0, 2))


@pytest.mark.parametrize(
    ("params", "expr", "out"),
    [
        ([FOUR, REAL], lambda a, x: Op("add", (a, x)), FOUR),
        ([FOUR, FOUR], lambda a, b: Op("lt", (a, b)), BOOL),
        ([SOME], lambda p: Op("splat", (p,)), SOME),
        ([REAL], lambda x: Op("splat", (x,)), REAL),
        ([BOOL], lambda p: Op("any", (p,)), BOOL),
        ([PLACE], lambda i: Op("most", (i,)), Ty(IntT(0, 1))),
        ([PLACE, PLACE], lambda i, j: Op("count", (i, j)), PLACE),
        ([Ty(FloatT(), (3,)), PLACE], lambda x, i: Get(x, (i,)), REAL),
        ([Ty(FloatT(), (3, 2)), PLACE], lambda x, i: Get(x, (i,)), Ty(FOUR.scalar, (2,))),
        ([Ty(FloatT(), (3,)), PLACE, FOUR], lambda x, i, v: Put(x, (i,), v), Ty(FloatT(), (3,))),
        ([SOME], lambda p: Cond(p, Block((), ()), Block((), ())), None),
        ([SOME], lambda p: Guard(p, "bad"), None),
    ],
)
def test_the_checker_refuses_what_mixes_lanes(params: list[Ty], expr: Any, out: Ty | None) -> None:
    given = tuple(Var(t) for t in params)
    outs = () if out is None else (Var(out),)
    with pytest.raises(CheckError):
        check_program(Func("f", given, Block((Let(outs, expr(*given)),), ())))


def test_the_printer_tells_lanes() -> None:
    assert type_text(Ty(FOUR.scalar, (11, 2), ref=True)) == "&11x2 Real in 4 lanes"
