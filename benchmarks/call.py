"""What calling a program from Python costs, compared with a bare call through ctypes: one JSON line each.

    python benchmarks/call.py

Microseconds per call: medians of rounds in which all take turns. Each program computes almost nothing. Functions that
are not compiled beforehand check all their dependencies before they run; that check is also timed alone.
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

from rosesim import Index, Real, Vec, const, fn, grad, value_and_grad
from rosesim.ad.language.types import REAL

STIFFNESS = 3.0
CALLS, ROUNDS = 20_000, 15


def bare() -> Callable[[float], float]:
    """The C library's absolute value."""
    f = ctypes.CDLL(ctypes.util.find_library("m")).fabs
    f.argtypes, f.restype = [ctypes.c_double], ctypes.c_double
    return f


def pull(x: Any) -> Any:
    """A helper that reads a global."""
    return STIFFNESS * x


class Spring:
    """An object with a method of the language."""

    def __init__(self, stiffness: float):
        self.stiffness = stiffness

    @fn
    def force(self, x: Real) -> Real:
        """By Hooke's law."""
        return self.stiffness * x


def programs() -> dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]:
    """Each function and its arguments, by name."""
    cube = fn(lambda x: x * x * x)
    four = fn(lambda a, b, c, d: a * b + c * d)
    x = np.array([1.0, 2.0, 3.0])
    helped = fn(lambda x: pull(x) + STIFFNESS)
    spring = Spring(3.0)
    terrain = np.zeros(10**7)

    @fn
    def height(x: Real) -> Real:
        return const(terrain)[Index[10**7].clamp(x)]

    return {
        "ctypes, Real -> Real": (bare(), (2.0,)),
        "Real -> Real": (cube.compile(Real), (2.0,)),
        "its gradient": (grad(cube).compile(Real), (2.0,)),
        "its value and gradient": (value_and_grad(cube).compile(Real), (2.0,)),
        "four Reals -> Real": (four.compile(Real, Real, Real, Real), (1.0, 2.0, 3.0, 4.0)),
        "Real -> Real, given a NumPy number": (cube.compile(Real), (np.float64(2.0),)),
        "Vec[Real, 3] -> Real": (fn(lambda v: v[0] * v[1] + v[2]).compile(Vec[Real, 3]), (x,)),
        "Real -> Real, not compiled beforehand": (cube, (2.0,)),
        "with a helper and a global, not compiled beforehand": (helped, (2.0,)),
        "a method, not compiled beforehand": (spring.force, (2.0,)),
        "10^7 numbers handed to const, not compiled beforehand": (height, (3.0,)),
        "what it looks at: nothing": (check_of(cube), ()),
        "what it looks at: a helper and a global": (check_of(helped), ()),
        "what it looks at: a method": (check_of(spring.force), ()),
        "what it looks at: 10^7 numbers handed to const": (check_of(height), ()),
    }


def check_of(f: Any) -> Callable[[], bool]:
    """The check before a call of a function of one number."""
    f(2.0)
    return f.traced((REAL,), live=True).dependencies.unchanged


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
