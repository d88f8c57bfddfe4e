"""Is memory freed with the programs? Compiles many in one process: `python benchmarks/many_programs.py [N]`.

Each program is made, called, checked and dropped. The output is the memory of the process after every tenth of them,
for each kind of program. "flat" means less than 2 KB per program over the second half; 1.5 KB of that are kept by
llvmlite's pass builder, and nothing frees them.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rosesim import Real, Vec, const, fn, grad, opaque, scan, sum, value_and_grad, vjp

FLAT = 2.0
"""Kilobytes per program."""


def resident() -> float:
    """Megabytes that this process occupies now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def arithmetic(k: int) -> None:
    """A few operations, and their gradient."""
    assert value_and_grad(fn(lambda x: x * x * x + k)).compile(Real)(2.0) == (8.0 + k, 12.0)


def loop(k: int) -> None:
    """A loop with an array as its carry, called without compile()."""

    @fn
    def f(x: Vec[Real, 5]) -> Real:
        return scan(lambda c, t: c.at[0].add(x[1] + k), x, 4)[0]

    assert f(np.ones(5)) == 1.0 + 4 * (1 + k) and grad(f)(np.ones(5))[1] == 4.0


def called_back(k: int) -> None:
    """An opaque function and a large array that it captured."""
    table = np.arange(1000.0) + k

    @opaque
    def twice(x: float) -> float:
        return 2.0 * x

    @fn
    def f(x: Real) -> Real:
        return twice(x) + sum(1000, lambda i: const(table)[i])

    assert f(1.0) == 2.0 + table.sum()


class Spring:
    """A user's object."""

    def __init__(self, k: float):
        self.k = k

    @fn
    def energy(self, x: Real) -> Real:
        """The energy of one spring."""
        return 0.5 * self.k * x * x


def method(k: int) -> None:
    """A method, traced for each object, and a pullback."""
    spring = Spring(float(k))
    assert spring.energy(2.0) == 2.0 * k
    assert vjp(fn(lambda x: x * x + k))(3.0)[1](1.0) == 6.0


KINDS: list[tuple[Callable[[int], None], int]] = [(arithmetic, 1), (loop, 2), (called_back, 1), (method, 3)]
"""Each kind, and how many programs it compiles."""


def main(count: int) -> int:
    """Print the curve of each kind; return 1 where one is not flat."""
    os.environ["ROSESIM_CACHE_DIR"] = ""  # so that each is compiled
    grew = False
    for make, programs in KINDS:
        name = make.__name__
        curve: list[float] = []
        began = time.perf_counter()
        for k in range(count):
            make(k)
            if (k + 1) % (count // 10) == 0:
                gc.collect()
                curve.append(resident())
        each = (curve[-1] - curve[4]) / (programs * count / 2) * 1024
        grew |= each > FLAT
        spent = time.perf_counter() - began
        print(f"{name:12} {programs * count} programs in {spent:.0f} s, MB: {' '.join(f'{m:.1f}' for m in curve)}")
        print(
            f"{'':12} {each:.2f} KB a program over the second half: {'grows' if each > FLAT else 'flat'}", flush=True
        )
    return int(grew)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2500))
