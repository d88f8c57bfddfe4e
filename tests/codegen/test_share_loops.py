"""Long loops that threads share within one run: any number of threads gives the same numbers."""

import os
import subprocess
import sys
import threading
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from compiled_kit import agree
from random_programs import Draw, arguments

from fuzz.thresholds import lowered
from rosesim import (
    Fn,
    Index,
    ProgramError,
    Real,
    Vec,
    accumulate,
    cond,
    fn,
    for_each,
    opaque,
    scan,
    sin,
    sum,
    value_and_grad,
    vec,
    vmap,
)
from rosesim.ad.program import interp
from rosesim.codegen import compile_func, pipeline, targets
from rosesim.codegen.passes import share_loops
from rosesim.codegen.passes.share_loops import Shared
from rosesim.codegen.planned import Options

N = 40
OTHERS = ("spread-runs", "stage-scatters")
"""Passes that turn the loops of these tests into other ones."""

posix = pytest.mark.skipif(os.name == "nt", reason="there are neither forks nor signals there")


@pytest.fixture(autouse=True)
def _few_are_enough() -> Generator[None]:
    with lowered(False):
        yield


def cuts(f: Fn[..., Any], *args: Any, **how: Any) -> list[Shared]:
    """How the loops of a program are cut, if other passes leave them as they are."""
    func = f.traced(f.types_of(args)).func
    with pipeline.without(*OTHERS):
        return list(pipeline.planned(func, Options(**how), targets.host()).shared.values())


@fn
def outputs(x: Vec[Real, N]) -> Vec[Real, N]:
    return vec(N, lambda i: sum(N, lambda j: sin(x[i] * x[j])))


@fn
def pairs(x: Vec[Real, N]) -> Real:
    return sum(N, lambda i: sum(N, lambda j: sin(x[i] - 2.0 * x[j]) ** 2))


def stencil_of(n: int) -> Any:
    """Each place adds to itself and to two neighbours."""
    around = Index[n].wrap

    @fn
    def stencil(x: Vec[Real, n]) -> Vec[Real, n]:
        def fill(total: Any) -> None:
            def cell(i: Any) -> None:
                y = scan(lambda c, t: c + 0.1 * sin(c), x[i], 5)
                total.at[around(i - 2)].add(y)
                total.at[around(i + 1)].add(2.0 * y)
                total.at[i].add(-y)

            for_each(n, cell)

        return accumulate(Vec[Real, n], fill)

    return stencil


stencil = stencil_of(N)


@fn
def mean_of_batch(x: Vec[Real, N + 1]) -> Real:
    ends = vmap(fn(lambda x: scan(lambda c, t: cond(c > 1.0, lambda: 0.5 * c, lambda: c + sin(x)), x, 9)))(x)
    return sum(N + 1, lambda i: ends[i])


KINDS = {"outputs": outputs, "pairs": pairs, "stencil": stencil, "batch": mean_of_batch}
X = np.linspace(-1.0, 1.0, N)


# ----------------------------------------------------------------------------------------- which loops


def test_an_output_is_cut_into_ranges_that_cover_all_iterations() -> None:
    (how,) = cuts(outputs, X)
    assert how.rounds == 1
    assert not how.private
    assert (how.chunks - 1) * how.size < N <= how.chunks * how.size
    assert how.chunks > 8


def test_what_all_iterations_add_to_is_private_to_a_chunk() -> None:
    found = cuts(value_and_grad(pairs), X)
    assert [ref.ty.shape for how in found for ref in how.private] == [(N,)]
    assert all(how.chunks <= share_loops.PRIVATE_CHUNKS for how in found if how.private)


@pytest.mark.parametrize("n", [36, 40, 45])
def test_neighbours_never_run_at_once(n: int) -> None:
    (how,) = (h for h in cuts(stencil_of(n), np.zeros(n)) if h.rounds == 2)
    assert not how.private
    touched = [
        {(i + d) % n for i in range(k * how.size, min(n, (k + 1) * how.size)) for d in (-2, 0, 1)}
        for k in range(how.chunks)
    ]
    for first in (0, 1):
        together = touched[first :: how.rounds]
        assert len(together) > 1
        assert np.sum([len(t) for t in together]) == len(set().union(*together))


def test_strict_code_shares_only_what_is_in_the_same_order() -> None:
    assert len(cuts(outputs, X, math="strict")) == 1
    for f in (pairs, stencil):
        assert [h for h in cuts(f, X, math="strict") if h.private or h.rounds > 1] == []
    assert cuts(pairs, X, math="strict") == []


def test_loops_that_go_on_step_by_step_and_short_ones_are_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = fn(lambda x: scan(lambda c, t: c + sin(c * t), x, 1000))
    assert cuts(steps, 1.0) == []
    monkeypatch.setattr(share_loops, "LEAST_WORK", 100_000)
    assert cuts(outputs, X) == []


def test_the_groups_of_a_batch_whose_mean_is_taken_are_shared() -> None:
    assert [how.chunks for how in cuts(mean_of_batch, np.zeros(N + 1)) if how.size == 1] == [-(-(N + 1) // 4)]


def test_python_and_debug_programs_stay_on_one_thread() -> None:
    @opaque
    def twice(x: float) -> float:
        return 2.0 * x

    asks = fn(lambda x: vec(N, lambda i: twice(x[i])))
    assert cuts(asks, X) == []
    assert cuts(outputs, X, debug=True) == []


def test_the_runs_of_a_batch_on_threads_share_no_loops() -> None:
    batch = vmap(outputs)
    func = batch.traced(batch.types_of((np.ones((400, N)),))).func
    planned = pipeline.planned(func, Options(), targets.host())
    assert planned.batch is not None
    assert not planned.shares


# -------------------------------------------------------------------------------------- the same numbers


def flat(values: Any) -> Any:
    """All numbers of a result."""
    if isinstance(values, tuple):
        return np.concatenate([flat(v) for v in values])
    return np.ravel(values)


@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_threads_gives_the_same_numbers(kind: str) -> None:
    f: Any = KINDS[kind]
    if kind == "pairs":
        f = value_and_grad(f)
    x = X if kind != "batch" else np.linspace(-1.0, 1.0, N + 1)
    with pipeline.without(*OTHERS):
        one, two, three = (flat(f.compile(x, threads=k)(x)) for k in (1, 2, 3))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, three)
    want = interp.run(f.traced(f.types_of((x,))).func, [x])
    np.testing.assert_allclose(one, flat(want), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", [56, 65, 68, 82, 87, 119])
def test_random_programs_do(seed: int) -> None:
    f = Draw(seed).program()
    args = arguments(f, seed)
    assert pipeline.planned(f, Options(), targets.host()).shared
    agree(f, *args, ways=(False,))
    one, three = (compile_func(f, threads=k, optimise=False)(*args) for k in (1, 3))
    for a, b in zip(one, three, strict=True):
        np.testing.assert_array_equal(a, b)


def test_products_do() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(33, 70)), rng.normal(size=(70, 50))
    program = fn(lambda a, b: a @ b)
    one, three = (program.compile(a, b, threads=k)(a, b) for k in (1, 3))
    np.testing.assert_array_equal(one, three)
    np.testing.assert_allclose(one, a @ b, rtol=1e-12, atol=1e-12)


def test_long_arrays_do() -> None:
    """The history is copied, the cotangents are cleared and added, and no size is a multiple of a page."""

    @fn
    def f(x: Vec[Real, 61], y: Vec[Real, 61]) -> Real:
        end, history = scan(lambda c, t: (vec(61, lambda i: c[i] * y[60 - i]), c), x, 7)
        return sum(61, lambda i: end[i] + sum(7, lambda t: history[t, i] ** 2))

    g = value_and_grad(f, wrt=(0, 1))
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0.5, 1.5, (2, 61))
    with pipeline.without("share-loops"):
        want = flat(g.compile(x, y)(x, y))
    one, three = (flat(g.compile(x, y, threads=k)(x, y)) for k in (1, 3))
    np.testing.assert_array_equal(one, three)
    np.testing.assert_allclose(one, want, rtol=1e-12, atol=1e-12)


def test_calls_from_several_threads_at_once_do() -> None:
    program = value_and_grad(pairs).compile(X, threads=3)
    want, found = flat(program(X)), {}

    def call(k: int) -> None:
        found[k] = [flat(program(X)) for _ in range(50)]

    callers = [threading.Thread(target=call, args=(k,)) for k in range(4)]
    for t in callers:
        t.start()
    for t in callers:
        t.join()
    assert all(np.array_equal(got, want) for k in range(4) for got in found[k])


# --------------------------------------------------------------------------------------- runs that end early


def test_the_first_failure_in_the_order_of_the_loop_is_raised() -> None:
    @fn
    def f(x: Vec[Real, N]) -> Vec[Real, N]:
        def row(i: Any) -> Any:
            y = scan(lambda c, t: c + 0.0 * sin(c), x[i], 50)
            first = x[Index[N].check(y)]
            second = x[Index[N].check(1.5 * y)]
            return first + second

        return vec(N, row)

    program = f.compile(X, threads=3)
    good = np.full(N, 5.0)
    bad = good.copy()
    bad[17:] = 30.0  # the second check fails
    bad[21:] = 60.0  # the first
    with pytest.raises(ProgramError) as alone:
        f.compile(X, threads=1)(bad)
    for _ in range(20):
        with pytest.raises(ProgramError) as shared:
            program(bad)
        assert str(shared.value) == str(alone.value)
    np.testing.assert_array_equal(program(good), np.full(N, 10.0))


@posix
def test_an_interrupt_ends_all_threads_and_the_program_works_again() -> None:
    source = """
import os, signal, threading, time
import numpy as np
from rosesim import Index, Real, Vec, cond, fn, scan, vec
most = 1_000_000_000
@fn
def f(x: Vec[Real, 8], steps: Index[most]) -> Vec[Real, 8]:
    run = lambda x: scan(lambda c, t: cond(c > 1.0, lambda: c * 0.5, lambda: c + x * 0.25), x, most, upto=steps)
    return vec(8, lambda i: run(x[i]))
x = np.linspace(0.1, 3, 8)
program = f.compile(x, 10, threads=2)
before = program(x, 1000)
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
begun = time.perf_counter()
try:
    program(x, most - 1)
    print("ran through")
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - begun, (program(x, 1000) == before).all())
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    word, seconds, same = done.stdout.split()
    assert (word, same) == ("interrupted", "True")
    assert float(seconds) < 0.3 + 0.2 + 0.5  # the timer, the promise, and a slow machine


@posix
def test_a_child_process_computes_the_same_and_processes_end_while_workers_look_for_work() -> None:
    source = """
import os, threading, warnings
import numpy as np
from rosesim import Real, Vec, fn, sin, sum, value_and_grad
warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads: that is what is tried
@fn
def f(x: Vec[Real, 400]) -> Real:
    return sum(400, lambda i: sum(400, lambda j: sin(x[i] * x[j])))
x = np.linspace(0.1, 3, 400)
program, single = (value_and_grad(f).compile(x, threads=k) for k in (3, 1))
single(x)
alone = threading.active_count()
before = program(x)
for n in range(3):
    child = os.fork()
    if child == 0:
        there = threading.active_count()
        after = program(x)
        same = after[0] == before[0] and (after[1] == before[1]).all()
        os._exit(0 if same and there == 1 and threading.active_count() == 3 else 1)
    print(os.waitpid(child, 0)[1], end=" ")
print(alone, threading.active_count(), program(x)[0] == before[0])
program(x)
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("0 0 0 1 3 True\n", "", 0)
