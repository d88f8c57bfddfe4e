"""A chain of operations on vectors beside the same as one `vec`, C written by hand, and NumPy.

    python benchmarks/vectors.py [--n 10000] [--rounds 40]

Needs gcc. Two chains of five operations: products and sums, and with sine and exponential. The value is the vector
itself, the gradient that of its squared length by both vectors. Agreement is checked first; then all take turns on
one core, and the least processor time counts. Prints microseconds, and ratios to the arithmetic's.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {"ROSESIM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # before NumPy is loaded

import numpy as np

import rosesim as rs
from benchmarks.c_limits import FLAGS
from rosesim import value_and_grad, vec

C = """
#include <math.h>
void plain(const double *x, const double *y, double *z) {
  for (int i = 0; i < N; i++) z[i] = ((x[i] * y[i] + 1) * x[i] - y[i]) * 0.5;
}
double plain_gradient(const double *x, const double *y, double *gx, double *gy) {
  double total = 0;
  for (int i = 0; i < N; i++) {
    double z = ((x[i] * y[i] + 1) * x[i] - y[i]) * 0.5;
    total += z * z, gx[i] = z * (2 * x[i] * y[i] + 1), gy[i] = z * (x[i] * x[i] - 1);
  }
  return total;
}
void curved(const double *x, const double *y, double *z) {
  for (int i = 0; i < N; i++) z[i] = sin(x[i] * y[i] + 1) * exp(-x[i]) - y[i];
}
double curved_gradient(const double *x, const double *y, double *gx, double *gy) {
  double total = 0;
  for (int i = 0; i < N; i++) {
    double a = x[i] * y[i] + 1, s = sin(a), c = cos(a), e = exp(-x[i]), z = s * e - y[i];
    total += z * z, gx[i] = 2 * z * e * (c * y[i] - s), gy[i] = 2 * z * (c * e * x[i] - 1);
  }
  return total;
}
"""

Run = Callable[[], Any]


def plain(xp: Any, x: Any, y: Any) -> Any:
    """Products and sums."""
    return ((x * y + 1.0) * x - y) * 0.5


def curved(xp: Any, x: Any, y: Any) -> Any:
    """With a sine and an exponential."""
    return xp.sin(x * y + 1.0) * xp.exp(-x) - y


def by_c(n: int, folder: str) -> Any:
    """The C, compiled."""
    source, library = Path(folder, "chain.c"), Path(folder, "chain.so")
    source.write_text(C)
    subprocess.run(["gcc", *FLAGS, f"-DN={n}", str(source), "-o", str(library), "-lm"], check=True)
    return ctypes.CDLL(str(library))


def runs(chain: Any, library: Any, x: Any, y: Any) -> tuple[dict[str, Run], dict[str, Run]]:
    """The values, and the values with gradients, by tool; all give the same."""
    n, name = len(x), chain.__name__
    ways = {
        "arithmetic": lambda x, y: chain(rs, x, y),
        "vec": lambda x, y: vec(n, lambda i: chain(rs, x[i], y[i])),
    }
    values: dict[str, Run] = {}
    gradients: dict[str, Run] = {}
    for way, f in ways.items():
        squares = lambda x, y, f=f: (lambda z: rs.dot(z, z))(f(x, y))
        for math in ("fast", "strict"):
            value = rs.fn(f).compile(x, y, math=math)
            both = value_and_grad(squares).compile(x, y, math=math)
            values[f"{way}, {math}"] = lambda value=value: value(x, y)
            gradients[f"{way}, {math}"] = lambda both=both: both(x, y)
    value, both = getattr(library, name), getattr(library, f"{name}_gradient")
    both.restype = ctypes.c_double
    pointer = lambda a: a.ctypes.data_as(ctypes.c_void_p)

    def c_value() -> Any:
        z = np.empty(n)
        value(pointer(x), pointer(y), pointer(z))
        return z

    def c_both() -> Any:
        gx, gy = np.empty(n), np.empty(n)
        return both(pointer(x), pointer(y), pointer(gx), pointer(gy)), (gx, gy)

    values |= {"C": c_value, "NumPy": lambda: chain(np, x, y)}
    gradients["C"] = c_both
    for run in values.values():
        np.testing.assert_allclose(run(), chain(np, x, y), rtol=1e-12, atol=1e-15)
    loss, (gx, gy) = c_both()
    for run in gradients.values():
        np.testing.assert_allclose(run()[0], loss, rtol=1e-12)
        np.testing.assert_allclose(run()[1][0], gx, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(run()[1][1], gy, rtol=1e-9, atol=1e-12)
    return values, gradients


def in_turns(ways: dict[str, Run], rounds: int) -> dict[str, float]:
    """Microseconds of the fastest turn of each."""
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, run in ways.items():
            begun = time.process_time()
            for _ in range(20):
                run()
            least[name] = min(least[name], (time.process_time() - begun) / 20)
    return {name: 1e6 * t for name, t in least.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=given.n), rng.uniform(size=given.n)
    with tempfile.TemporaryDirectory() as folder:
        library = by_c(given.n, folder)
        for chain in (plain, curved):
            for what, ways in zip(("value", "gradient"), runs(chain, library, x, y), strict=True):
                times = in_turns(ways, given.rounds)
                for name, t in times.items():
                    ratio = t / times["arithmetic, strict" if "strict" in name else "arithmetic, fast"]
                    print(f"{chain.__name__:7} {what:9} {name:19} {t:8.1f} us  {ratio:5.2f}", flush=True)


if __name__ == "__main__":
    main()
