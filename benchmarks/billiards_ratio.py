"""How our billiards compares with a hand-written C adjoint of it, in one sitting.

    python benchmarks/billiards_ratio.py [--steps 1024] [--rounds 60]

Needs gcc. Value and gradient of the default shot: ours, and C in two variants, `dense` (every pair is
computed) and `branch` (pairs that do not touch are skipped). The programs take turns, so that the
machine's fluctuations affect all alike. Prints one JSON object: milliseconds (medians) and, as ratios, ours over C.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from c_limits import Run, build, compare
from numpy.typing import NDArray

from rosesim.scenes import compiled, configure, find_scene


def c_adjoint(variant: str, steps: int, folder: Path) -> Run:
    c = build("billiards", folder, variant.upper())
    c.billiards_scratch.restype = ctypes.c_void_p
    c.billiards_grad.restype = ctypes.c_double
    c.billiards_grad.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 3
    scratch = c.billiards_scratch(steps)
    shot, gradient = np.array([0.1, 0.5, 0.3, 0.0]), np.zeros(4)
    return lambda: (c.billiards_grad(steps, shot.ctypes.data, gradient.ctypes.data, scratch), gradient)


def ours(steps: int) -> tuple[Run, float]:
    scene, inputs = configure(find_scene("billiards"), [f"steps={steps}", "contact=published"])
    begun = time.perf_counter()
    program = compiled(scene).value_and_grad
    seconds = time.perf_counter() - begun
    params = scene.params(np.random.default_rng(0))

    def run() -> tuple[float, NDArray[np.float64]]:
        loss, gradient = program(params, inputs)
        return loss, np.concatenate([gradient.position, gradient.velocity])

    return run, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    mine, compile_seconds = ours(given.steps)
    with tempfile.TemporaryDirectory() as folder:
        runs = {"ours": mine, **{v: c_adjoint(v, given.steps, Path(folder)) for v in ("dense", "branch")}}
        median = compare(runs, given.rounds)
    record = {
        "steps": given.steps,
        "ms": median,
        "ratio": median["ours"] / median["dense"],
        "ratio_to_branch": median["ours"] / median["branch"],
        "compile_seconds": compile_seconds,
        "loss": mine()[0],
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
