"""While machine code runs: interrupts, threads, workspaces, and what a call costs."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from compiled_kit import LONG, loop_over
from ir_kit import ZERO, Body, func, reals

from rosesim.ad.program.ir import (
    REAL,
    Fill,
    Func,
    Get,
    Var,
)
from rosesim.codegen import compile_func

pytestmark = pytest.mark.usefixtures("calls_stay_calls")


INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
sys.path.insert(0, {tests!r})
from ir_kit import *
from rosesim.ad.program.ir import *
from rosesim.codegen import compile_func
from compiled_kit import loop_over
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
    """In calls of a Python function that does the same, by turns with it: a busy machine slows both down."""
    compiled = compile_func(func([REAL, REAL], lambda b, x, y: [b.op("mul", x, y), x]))

    def plain(x: float, y: float) -> list[float]:
        return [float(v) for v in (x * y, x)]

    def least(call: Callable[[float, float], Any], so_far: float) -> float:
        began = time.thread_time()  # the thread's own: what others do meanwhile does not count
        for _ in range(1000):
            call(2.0, 3.0)
        return min(so_far, time.thread_time() - began)

    ours = python = math.inf
    for _ in range(20):
        ours, python = least(compiled, ours), least(plain, python)
    assert ours < 15 * python  # 5 times (1.6 µs) if all is well


def test_memory_of_the_code_does_not_depend_on_the_number_of_steps() -> None:
    def of(n: int) -> Func:
        def step(b: Body, i: Var, a: Var) -> Any:
            return loop_over(b, LONG, [], lambda b, j: b.op("sin", b.let(Get(a, (j,)), REAL)), [REAL])

        return func([reals(LONG)], lambda b, x: loop_over(b, n, [x], step))

    assert compile_func(of(10)).workspace_bytes == compile_func(of(10**6)).workspace_bytes
