"""Runs that go wrong: interrupts, exceptions, threads, forks. Nothing leaks, and the same function works again."""

import gc
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rosesim import (
    Index,
    ProgramError,
    Real,
    Tan,
    Vec,
    cond,
    fn,
    grad,
    opaque,
    scan,
    sin,
    sum,
    value_and_grad,
    vec,
    vmap,
)
from rosesim.ad.support.errors import TooLarge, TraceError, TypeMismatch
from rosesim.codegen.llvm import cache

posix = pytest.mark.skipif(os.name == "nt", reason="there are neither timers nor forks there")


@pytest.fixture(autouse=True)
def uncached(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is compiled here and now, so that it can be interrupted."""
    monkeypatch.setenv(cache.VARIABLE, "")


def bits(values: Any) -> list[bytes]:
    """What a call gave, to the bit."""
    return [np.asarray(v).tobytes() for v in values]


# ------------------------------------------------------------------------------------------ interrupts


def nest(n: int) -> Any:
    """n functions, each of which calls the one before; tracing them moves to fresh threads."""

    def above(f: Any) -> Any:
        return fn(lambda x: f(1.001 * x) * 0.999)

    f: Any = fn(lambda x: x * x)
    for _ in range(n):
        f = above(f)
    return f


def deep_nest() -> tuple[Any, Any]:
    return nest(45), 0.6


def batch_on_threads() -> tuple[Any, Any]:
    one = fn(lambda x: scan(lambda c, t: sin(c) + x, x, 5000))

    @fn
    def f(xs: Vec[Real, 64]) -> Real:
        ys = vmap(one)(xs)
        return sum(64, lambda i: ys[i])

    return f, np.linspace(0.0, 1.0, 64)


def opaque_in_a_loop() -> tuple[Any, Any]:
    @opaque
    def slow(x: float) -> float:
        return math.fsum(x * k for k in range(2000))

    @slow.defvjp
    def _(x: Real, ct: Tan) -> Tan:
        return 1999000.0 * ct

    return fn(lambda x: scan(lambda c, t: c + slow(x), 0.0 * x, 50)), 1.5


@posix
@pytest.mark.parametrize("make", [deep_nest, batch_on_threads, opaque_in_a_loop])
def test_an_interrupt_at_any_moment_comes_out_and_the_next_call_is_right(make: Callable[[], tuple[Any, Any]]) -> None:
    """Tracing, differentiating, compiling and running are hit at chance moments by a signal like Ctrl-C's."""
    f, x = make()
    g = value_and_grad(f)
    begun = time.perf_counter()
    whole = bits(g(x))
    made = time.perf_counter()
    g(x)
    first, again = made - begun, time.perf_counter() - made
    rng = random.Random(0)
    threads = threading.active_count()
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    hit = 0
    try:
        for k in range(8):
            f, x = make()
            g = value_and_grad(f)
            alone = k % 2 and again > 2e-3
            if alone:
                g(x)  # then what is interrupted is a run alone
            signal.setitimer(signal.ITIMER_REAL, 0.8 * rng.random() * (again if alone else first) + 1e-4)
            try:
                assert bits(g(x)) == whole
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                hit += 1
            assert bits(g(x)) == whole
            assert gc.isenabled()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert hit >= 2, "too few moments were hit to say anything"
    assert threading.active_count() <= threads + 3  # the pool of helpers, at most


# ------------------------------------------------------------------- exceptions out of opaque functions


class Unlucky(Exception):
    """A user's own."""


def added(y: Any, n: int) -> Any:
    """The sum of n numbers."""
    return sum(n, lambda i: y[i])


def raising(kind: str) -> tuple[Any, Any, list[bool]]:
    """A function that calls an opaque one in some way, its argument, and a switch that makes it raise."""
    broken: list[bool] = []

    @opaque
    def one(x: float) -> float:
        if broken and x > 0.5:
            raise Unlucky("no")
        return 2.0 * x

    @opaque
    def many(x: Vec[Real, 64]) -> Vec[Real, 64]:  # pyright: ignore[reportInvalidTypeForm] -- run by Python
        if broken:
            raise Unlucky("no")
        return 2.0 * x

    ways: dict[str, Any] = {
        "scalar": lambda x: one(x[63]),
        "array": lambda x: many(x)[63],
        "in a loop": lambda x: scan(lambda c, i: c + one(x[i]), 0.0 * x[0], 64),
        "in a branch": lambda x: cond(x[63] > 0.5, lambda: one(x[63]), lambda: x[0]),
        "in a batch on threads": lambda x: added(vmap(fn(one))(x), 64),
    }

    @fn
    def f(x: Vec[Real, 64]) -> Real:
        return ways[kind](x)

    return f, np.linspace(0.0, 1.0, 64), broken


WAYS = ["scalar", "array", "in a loop", "in a branch", "in a batch on threads"]


@pytest.fixture
def few_objects() -> Iterator[None]:
    """Collections and counts leave out what earlier tests hold: looking at all of that takes seconds."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("few_objects")
@pytest.mark.parametrize("way", WAYS)
def test_an_exception_of_an_opaque_function_leaks_nothing_and_the_function_works_again(way: str) -> None:
    f, x, broken = raising(way)
    program = f.compile()
    good = program(x)
    broken.append(True)

    def fail() -> weakref.ref[Any]:
        mine = x.copy()
        with pytest.raises(Unlucky) as e:
            program(mine)
        seen = weakref.ref(mine)
        e.value.__traceback__ = None  # which holds this frame, and so the argument
        return seen

    fail()
    gc.collect()
    before = len(gc.get_objects())
    kept = [fail() for _ in range(30)]
    gc.collect()
    assert [r for r in kept if r() is not None] == []
    assert len(gc.get_objects()) < before + 40  # the references themselves
    broken.clear()
    assert program(x) == good


@pytest.mark.parametrize("way", ["array", "in a loop", "in a batch on threads"])
def test_eight_threads_call_what_raises_now_and_then(way: str) -> None:
    """Each thread gets its own exception, its own numbers, its own workspace."""

    @opaque
    def picky(x: float) -> float:
        if x < 0.0:
            raise Unlucky(repr(x))
        return 2.0 * x

    @picky.defvjp
    def _(x: Real, ct: Tan) -> Tan:
        return 2.0 * ct

    @fn
    def f(x: Vec[Real, 32], k: Index[32]) -> Real:
        big = vec(32, lambda i: x[i] * x[i])  # in the workspace
        match way:
            case "array":
                y = picky(x[k])
            case "in a loop":
                y = scan(lambda c, i: c + picky(x[i]) / 32, 0.0 * x[0], 32)
            case _:
                y = added(vmap(fn(picky))(x), 32) / 32
        # a guard that NaN fails
        return y + big[Index[32].check(31.0 * x[0] / x[0])] + 0.0 * big[k]

    program = value_and_grad(f).compile()
    wrong: list[Any] = []

    def work(k: int) -> None:
        for n in range(40):
            a = k + 1.0
            x = np.full(32, a)
            try:
                match n % 3:
                    case 0:
                        value, slope = program(x, k)
                        if value != 2 * a + a * a or slope[0].sum() != 2 + 2 * a:
                            wrong.append((k, n, value, slope))
                    case 1:
                        try:
                            program(-x, k)
                            wrong.append((k, n, "no exception"))
                        except Unlucky as e:
                            if str(e) != repr(-a):
                                wrong.append((k, n, e))
                    case _:
                        try:
                            program(np.where(np.arange(32) == 0, math.nan, x), k)
                            wrong.append((k, n, "no guard"))
                        except ProgramError:
                            pass
            except BaseException as e:
                wrong.append((k, n, e))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


# --------------------------------------------------------------------------------------- fork and spawn

PROCESSES = """
import gc, multiprocessing, os, sys, threading, time, warnings
import numpy as np
from rosesim import Real, Vec, fn, grad, scan, sin, sum, vmap
warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads: that is what is tried

@fn
def one(x: Real) -> Real:
    return scan(lambda c, t: sin(c) + x, x, 100)

@fn
def f(xs: Vec[Real, 64]) -> Real:
    ys = vmap(one)(xs)
    return sum(64, lambda i: ys[i])

x = np.linspace(0.0, 1.0, 64)

def all_of_it(k):
    fresh = fn(lambda y: y * y * y + k)
    return f(x), grad(f)(x).tobytes(), fresh(2.0), grad(fresh)(2.0), gc.isenabled()

def forked():
    before = all_of_it(1.0)
    stop = threading.Event()
    def others():
        k = 0
        while not stop.is_set():
            k += 1
            fn(lambda y: scan(lambda c, i: sin(c) + k, y, 10)).compile(Real)
    thread = threading.Thread(target=others)
    thread.start()
    for n in range(5):
        time.sleep(0.007 * n)
        child = os.fork()
        if child == 0:
            os._exit(0 if all_of_it(1.0) == before else 1)
        for _ in range(2000):
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.01)
        else:
            os.kill(child, 9)
            print("a child hangs")
            status = 1
        if status:
            print("wrong in child", n)
    stop.set()
    thread.join()
    print("parent", all_of_it(1.0) == before)

def spawned():
    before = all_of_it(1.0)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print("spawned", pool.map(all_of_it, [1.0])[0] == before)

if __name__ == "__main__":
    globals()[sys.argv[1]]()
"""


@posix
@pytest.mark.parametrize(("way", "says"), [("forked", "parent True"), ("spawned", "spawned True")])
def test_a_child_process_computes_the_same_whatever_other_threads_were_at(
    way: str, says: str, tmp_path: Path
) -> None:
    script = tmp_path / "processes.py"
    script.write_text(PROCESSES)
    run = subprocess.run([sys.executable, str(script), way], capture_output=True, text=True, timeout=100, check=False)
    assert (run.stdout, run.stderr) == (says + "\n", "")


# ----------------------------------------------------------------------------------------------- memory


def resident() -> float:
    """Kilobytes of memory that this process takes up now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


class Machine:
    """A user's object with a method of the language."""

    def __init__(self, k: float):
        self.k = k

    @fn
    def times(self, x: Real) -> Real:
        """x times the object's number."""
        return self.k * x


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells")
@pytest.mark.usefixtures("few_objects")
def test_the_memory_of_a_hundred_programs_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """See benchmarks/many_programs.py for ten thousand of several kinds."""
    monkeypatch.setattr("rosesim.ad.language.function._MOST_BOUND", 4)

    def make(k: int) -> None:
        assert fn(lambda x: scan(lambda c, t: c * x + k, x, 3)).compile(Real)(1.0) == 1.0 + 3 * k
        if k % 4 == 0:
            assert Machine(k).times(2.0) == 2.0 * k

    for k in range(40):
        make(k)
    gc.collect()
    before, objects = resident(), len(gc.get_objects())
    for k in range(40, 140):
        make(k)
    gc.collect()
    assert len(gc.get_objects()) < objects + 100
    # 80 KB a program went before LLVM's passes were freed: 8 MB. What fluctuates is below one.
    assert resident() - before < 3000


# ---------------------------------------------------------------------------------------------- nesting


def wrapped(x: Any, n: int) -> Any:
    for _ in range(n):
        x = (x,)
    return x


def unwrapped(x: Any, n: int) -> Any:
    for _ in range(n):
        x = x[0]
    return x


def test_structs_nested_two_hundred_deep_are_arguments_carries_and_results() -> None:
    n = 200

    @fn
    def f(x: Any) -> Any:
        return scan(lambda c, t: wrapped(unwrapped(c, n) * 1.5, n), x, 3)

    assert unwrapped(f(wrapped(2.0, n)), n) == 2.0 * 1.5**3
    slope = grad(fn(lambda x: unwrapped(f(x), n) ** 2))(wrapped(2.0, n))
    assert unwrapped(slope, n) == pytest.approx(2 * 2.0 * 1.5**6, rel=1e-14)


def test_branches_nested_a_hundred_deep_in_one_function() -> None:
    """By a recursion of plain Python, which is no mistake while it ends."""
    n = 100

    @fn
    def f(x: Real) -> Real:
        def go(k: int) -> Any:
            return x if k == 0 else cond(x > k / n, lambda: go(k - 1) * 1.001, lambda: x)

        return go(n)

    assert f(0.5) == 0.5 and f(2.0) == pytest.approx(2.0 * 1.001**n, rel=1e-12)
    assert grad(f)(0.5) == 1.0 and grad(f)(2.0) == pytest.approx(1.001**n, rel=1e-12)


def test_branches_that_nest_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rosesim.ad.language.trace._TOO_DEEP", 200)

    def go(x: Any) -> Any:
        return cond(x > 0.0, lambda: go(0.5 * x), lambda: x)

    with pytest.raises(TraceError, match="200 loops and branches within each other were found; expected a recursion"):
        fn(go)(1.0)


def test_a_formula_of_a_thousand_terms_within_each_other() -> None:
    @fn
    def f(x: Real) -> Real:
        y = x
        for k in range(1000):
            y = (y + 1.0 / (k + 1)) * 0.999
        return y

    assert grad(f)(0.5) == pytest.approx(0.999**1000, rel=1e-12)


def test_vectors_nested_deeper_than_numpys_arrays_are_refused() -> None:
    kind: Any = Real
    for _ in range(65):
        kind = Vec[kind, 1]

    with pytest.raises(TypeMismatch, match="vectors within vectors, 65 deep; expected at most 64"):
        fn(lambda x: x).compile(kind)


@pytest.mark.parametrize("n", [10**12, 2**60, 2**61, 2**64, 10**30])
def test_sizes_beyond_any_memory_are_refused_before_anything_is_compiled(n: int) -> None:
    @fn
    def made(x: Real) -> Real:
        return scan(lambda c, i: c.at[0].add(1.0), vec(n, lambda i: x), 3)[n - 1]

    with pytest.raises((TooLarge, TypeMismatch), match=r"more than the memory of this computer|at most 2\^52"):
        made(1.0)
    with pytest.raises(TooLarge, match="more than the memory of this computer"):
        fn(lambda x: x[0]).compile(Vec[Real, n])
