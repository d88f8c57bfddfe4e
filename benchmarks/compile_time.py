"""What tracing, differentiating and compiling cost as a program grows: one JSON line each.

    python benchmarks/compile_time.py [functions|distinct|operations|loops|nested] [SIZE ...]

`functions`: one function that calls N small ones in turn, each with constants of its own, which compile as one.
`distinct`: the same with operations of their own, so that no two are alike. `loops`: N loops over 64 numbers in turn.
`operations`: N straight-line operations in one function. `nested`: N functions, each calling the previous one.
Every program runs in a process of its own, and nothing is taken from the cache. Seconds: `python` (tracing,
differentiating), `compile` (to machine code), `total`. `cpu` is processor time, which other programs on the machine
disturb less. The cost is linear if `microseconds_each` stays constant.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from rosesim import Index, Real, fn, sin, sum, value_and_grad, vec

SIZES = {
    "functions": (1_000, 3_000, 10_000),
    "distinct": (300, 1_000, 3_000),
    "loops": (8, 32, 128),
    "operations": (10_000, 30_000, 100_000),
    "nested": (1_000,),
}


def small(k: int) -> Any:
    """One of many functions."""
    c = 1.0 + 1e-4 * k

    @fn
    def one(x: Real, y: Real) -> Real:
        s = x * c + y
        return x + 1e-3 * sin(s) - 1e-4 * s * y

    return one


def functions(n: int) -> Any:
    """One function that calls n different ones."""
    parts = [small(k) for k in range(n)]

    @fn
    def whole(x: Real, y: Real) -> Real:
        for f in parts:
            x = f(x, y)
        return x

    return whole


def distinct(n: int) -> Any:
    """One function that calls n different ones, whose operations follow the digits of their number."""

    def part(k: int) -> Any:
        @fn
        def one(x: Real, y: Real) -> Real:
            s = x
            for digit in range(8):
                s = (s * y, s + y, s - x, sin(s))[k >> 2 * digit & 3]
            return x + 1e-3 * sin(s)

        return one

    parts = [part(k) for k in range(n)]

    @fn
    def whole(x: Real, y: Real) -> Real:
        for f in parts:
            x = f(x, y)
        return x

    return whole


def loops(n: int) -> Any:
    """n loops over 64 numbers, each reading what the last one made."""

    @fn
    def whole(x: Real, y: Real) -> Real:
        v = vec(64, lambda i: x * 0.1 * i)
        for k in range(n):
            v = vec(64, lambda i, v=v, k=k: v[i] + 0.01 * (k + 1) * sin(y * v[Index[64].wrap(i + 1)]))
        return sum(64, lambda i: v[i])

    return whole


def operations(n: int) -> Any:
    """One function of n operations."""

    @fn
    def whole(x: Real, y: Real) -> Real:
        for k in range(n // 6):
            x, y = x * (0.8 + 1e-9 * k) - y * 0.6, x * 0.6 + y * (0.8 - 1e-9 * k)
        return x + y

    return whole


def nested(n: int) -> Any:
    """n functions, each calling the previous one."""

    def above(f: Any, k: int) -> Any:
        @fn
        def g(x: Real, y: Real) -> Real:
            return f(x * 0.999 + y, y) * (1.0 - 1e-3 / (k + 2))

        return g

    f: Any = fn(lambda x, y: x * y)
    for k in range(n):
        f = above(f, k)
    return f


MAKE: dict[str, Callable[[int], Any]] = {
    "functions": functions,
    "distinct": distinct,
    "operations": operations,
    "loops": loops,
    "nested": nested,
}


def measure(what: str, n: int, *, gradient: bool) -> dict[str, Any]:
    """Trace and compile one program, in this process."""
    fn(lambda x: x).compile(Real)  # so that what is loaded at the first use is not counted
    f = MAKE[what](n)
    f = value_and_grad(f) if gradient else f
    began, used = time.perf_counter(), time.process_time()
    program = f.compile(Real, Real)
    total, cpu = time.perf_counter() - began, time.process_time() - used
    result = program(0.3, 0.1)
    runs: list[float] = []
    for _ in range(20):
        began = time.perf_counter()
        program(0.3, 0.1)
        runs.append(time.perf_counter() - began)
    return {
        "program": what, "size": n, "gradient": gradient, "python": round(total - program.seconds, 3),
        "compile": round(program.seconds, 3), "total": round(total, 3), "cpu": round(cpu, 3),
        "microseconds_each": round(1e6 * total / n, 1),
        "run_microseconds": round(1e6 * min(runs), 2), "result": result,
    }  # fmt: skip


def main() -> None:
    """Measure the requested programs."""
    given = sys.argv[1:]
    if given[:1] == ["--one"]:
        print(json.dumps(measure(given[1], int(given[2]), gradient=given[3] == "gradient")))
        return
    kinds = [a for a in given if a in SIZES] or list(SIZES)
    sizes = [int(a) for a in given if a.isdigit()]
    environment = {**os.environ, "ROSESIM_CACHE_DIR": ""}
    for what in kinds:
        for n in sizes or SIZES[what]:
            for derivative in ("value", "gradient"):
                one = [sys.executable, __file__, "--one", what, str(n), derivative]
                subprocess.run(one, env=environment, check=True)


if __name__ == "__main__":
    main()
