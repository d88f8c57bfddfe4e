"""Linear systems beside SciPy (LAPACK of OpenBLAS), JAX where it is installed, and C in SIMD lanes. One core.

    python benchmarks/linear_algebra.py [SIZE ...]     # one system at a time, then 4,096 small ones at once

"general" is `solve(a, b)`, "positive" a symmetric positive definite matrix by Cholesky. The gradient is that of the
sum of squares of x, halved, by the matrix and the right side: SciPy is given the formula, one more
`lu_solve(trans=1)` (or `cho_solve`) and an outer product. All compute the same numbers, which is checked first; they
take turns in one process, and the least processor time of the turns counts. The C needs gcc (`limits/solve_lanes.c`).
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

from products import least  # isort: skip  it sets the number of threads before NumPy is loaded
import numpy as np
import scipy.linalg
from c_limits import build

import rosesim as rs

SIZES = [12, 32, 100, 256, 512]
SMALL = [3, 4, 6, 8, 12]
COUNT = 4096
Runs = dict[str, Callable[[], Any]]


def loss(a: Any, b: Any, assume: str) -> Any:
    x = rs.solve(a, b, assume=assume)
    return 0.5 * rs.dot(x, x)


def by_scipy(assume: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """x, and the gradient by matrix and right side."""

    def factor(a: Any) -> Any:
        if assume == "positive":
            return scipy.linalg.cho_factor(a, lower=True, check_finite=False)
        return scipy.linalg.lu_factor(a, check_finite=False)

    def solved(f: Any, b: Any, trans: int = 0) -> Any:
        if assume == "positive":
            return scipy.linalg.cho_solve(f, b, check_finite=False)
        return scipy.linalg.lu_solve(f, b, trans=trans, check_finite=False)

    def gradient(a: Any, b: Any) -> Any:
        f = factor(a)
        x = solved(f, b)
        y = solved(f, x, trans=1)
        return -np.outer(y, x), y

    return lambda a, b: solved(factor(a), b), gradient


def by_jax(assume: str, a: Any, b: Any) -> Runs:
    """JAX's, compiled, on arrays that it holds."""
    jax = importlib.import_module("jax")  # not a dependency, not even of the tests

    kind = "pos" if assume == "positive" else "gen"
    value = jax.jit(lambda a, b: jax.scipy.linalg.solve(a, b, assume_a=kind))
    gradient = jax.jit(jax.grad(lambda a, b: 0.5 * (value(a, b) ** 2).sum(), argnums=(0, 1)))
    held = [jax.numpy.asarray(x) for x in (a, b)]
    return {
        "JAX": lambda: value(*held).block_until_ready(),
        "JAX'": lambda: jax.block_until_ready(gradient(*held)),
    }


def single(n: int, assume: str) -> Runs:
    """Ours, SciPy's and JAX's runs on one system; the names of gradients end in '."""
    a, b = np.random.default_rng(0).normal(size=(n, n)), np.random.default_rng(1).normal(size=n)
    if assume == "positive":
        a = a @ a.T + n * np.eye(n)
    value = rs.fn(lambda a, b: rs.solve(a, b, assume=assume)).compile(a, b)
    gradient = rs.grad(rs.fn(lambda a, b: loss(a, b, assume))).compile(a, b)
    their_value, their_gradient = by_scipy(assume)
    runs: Runs = {
        "ours": lambda: value(a, b),
        "SciPy": lambda: their_value(a, b),
        "ours'": lambda: gradient(a, b),
        "SciPy'": lambda: their_gradient(a, b),
    }
    agree(runs["ours"](), runs["SciPy"]())
    for mine, theirs in zip(runs["ours'"](), runs["SciPy'"](), strict=True):
        symmetric = assume == "positive" and mine.ndim == 2
        agree(mine, (theirs + theirs.T) / 2 if symmetric else theirs)
    if importlib.util.find_spec("jax"):
        runs |= by_jax(assume, a, b)
        agree(runs["JAX"](), runs["SciPy"]())
    return runs


def agree(x: Any, y: Any) -> None:
    np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-6 * np.abs(y).max())


def lanes(n: int, folder: Path) -> Runs:
    """Ours, NumPy's and C's runs on many small systems at once."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(COUNT, n, n)) + 3 * np.eye(n), rng.normal(size=(COUNT, n))
    value = rs.vmap(rs.fn(lambda a, b: rs.solve(a, b))).compile(a, b)
    gradient = rs.vmap(rs.grad(rs.fn(lambda a, b: loss(a, b, "general")))).compile(a, b)
    runs: Runs = {
        "ours": lambda: value(a, b),
        "NumPy": lambda: np.linalg.solve(a, b[..., None])[..., 0],
        "ours'": lambda: gradient(a, b),
    }
    agree(runs["ours"](), runs["NumPy"]())
    if shutil.which("gcc"):
        place = folder / str(n)
        place.mkdir()
        c = build("solve_lanes", place, f"N={n}")
        x, by_a, by_b = np.zeros_like(b), np.zeros_like(a), np.zeros_like(b)
        given, out, slopes = ([ctypes.c_void_p(p.ctypes.data) for p in ps] for ps in ((a, b), (x,), (by_a, by_b)))
        runs["C"] = lambda: (c.solve_lanes(ctypes.c_long(COUNT), *given, *out), x)[1]
        runs["C'"] = lambda: (c.solve_lanes_grad(ctypes.c_long(COUNT), *given, *slopes), (by_a, by_b))[1]
        agree(runs["C"](), runs["NumPy"]())
        for mine, theirs in zip(runs["ours'"](), runs["C'"](), strict=True):
            agree(mine, theirs)
    return runs


def main() -> None:
    sizes = [int(x) for x in sys.argv[1:]]
    print("microseconds of one system; ' marks the gradient (with the value); in brackets ours over SciPy's")
    for n in sizes or SIZES:
        for assume in ("general", "positive"):
            us = {name: 1e6 * s for name, s in least(single(n, assume)).items()}
            ratios = [f"{us[k] / us[c]:.2f}" for k, c in (("ours", "SciPy"), ("ours'", "SciPy'"))]
            print(f"{n:5} {assume:9}", *(f"{k} {v:.1f}" for k, v in us.items()), f"({', '.join(ratios)})", flush=True)
    print(f"nanoseconds a system, {COUNT} at once; in brackets ours over C's")
    with tempfile.TemporaryDirectory() as folder:
        for n in SMALL if not sizes else [n for n in sizes if n <= SMALL[-1]]:
            ns = {name: 1e9 * s / COUNT for name, s in least(lanes(n, Path(folder))).items()}
            ratios = [f"{ns[k] / ns[c]:.2f}" for k, c in (("ours", "C"), ("ours'", "C'")) if c in ns]
            print(f"{n:5}", *(f"{k} {v:.0f}" for k, v in ns.items()), f"({', '.join(ratios)})", flush=True)


if __name__ == "__main__":
    main()
