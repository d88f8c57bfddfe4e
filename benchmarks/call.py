"""What calling a compiled program from Python costs, beside a bare call through ctypes: a JSON line each.

    python benchmarks/call.py

Microseconds a call: medians of rounds in which all take turns. Each program computes next to nothing.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import statistics
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

from rosesim import Real, Vec, fn, grad, value_and_grad

CALLS, ROUNDS = 20_000, 15


def bare() -> Callable[[float], float]:
    """The C library's absolute value."""
    f = ctypes.CDLL(ctypes.util.find_library("m")).fabs
    f.argtypes, f.restype = [ctypes.c_double], ctypes.c_double
    return f


def programs() -> dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]:
    """By name: what is called, with what."""
    cube = fn(lambda x: x * x * x)
    four = fn(lambda a, b, c, d: a * b + c * d)
    x = np.array([1.0, 2.0, 3.0])
    return {
        "ctypes, Real -> Real": (bare(), (2.0,)),
        "Real -> Real": (cube.compile(Real), (2.0,)),
        "its gradient": (grad(cube).compile(Real), (2.0,)),
        "its value and gradient": (value_and_grad(cube).compile(Real), (2.0,)),
        "four Reals -> Real": (four.compile(Real, Real, Real, Real), (1.0, 2.0, 3.0, 4.0)),
        "Real -> Real, given a NumPy number": (cube.compile(Real), (np.float64(2.0),)),
        "Vec[Real, 3] -> Real": (fn(lambda v: v[0] * v[1] + v[2]).compile(Vec[Real, 3]), (x,)),
        "Real -> Real, not compiled beforehand": (cube, (2.0,)),
    }


def main() -> None:
    """Measure all."""
    found = programs()
    taken: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, (f, args) in found.items():
            seconds = timeit.timeit("f(*args)", globals={"f": f, "args": args}, number=CALLS)
            taken[name].append(1e6 * seconds / CALLS)
    base = statistics.median(taken["ctypes, Real -> Real"])
    for name, times in taken.items():
        us = statistics.median(times)
        print(json.dumps({"call": name, "microseconds": round(us, 3), "over_ctypes": round(us / base, 2)}))


if __name__ == "__main__":
    main()
