"""How our billiards compares with a hand-written C adjoint of it, in one sitting.

    python benchmarks/billiards_ratio.py [--steps 1024] [--rounds 60]

Needs gcc. Value and gradient of the default shot: ours, and C in two variants, `dense` (every pair is
computed) and `branch` (pairs that do not touch are skipped). The programs take turns, so that the
machine's moods meet all alike. Prints one JSON object: milliseconds (medians) and, as ratios, ours over C.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.scenes import compiled, configure, find_scene

SOURCE = Path(__file__).parent / "limits" / "billiards.c"
FLAGS = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
AGREEMENT = 1e-10  # relative; faster but different would be no comparison

Run = Callable[[], tuple[float, Any]]


def c_adjoint(variant: str, steps: int, folder: Path) -> Run:
    library = folder / f"{variant}.so"
    subprocess.run(["gcc", *FLAGS, f"-D{variant.upper()}", str(SOURCE), "-o", str(library), "-lm"], check=True)
    c = ctypes.CDLL(str(library))
    c.billiards_scratch.restype = ctypes.c_void_p
    c.billiards_grad.restype = ctypes.c_double
    c.billiards_grad.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 3
    scratch = c.billiards_scratch(steps)
    shot, gradient = np.array([0.1, 0.5, 0.3, 0.0]), np.zeros(4)
    return lambda: (c.billiards_grad(steps, shot.ctypes.data, gradient.ctypes.data, scratch), gradient)


def ours(steps: int) -> tuple[Run, float]:
    scene, inputs = configure(find_scene("billiards"), [f"steps={steps}"])
    begun = time.perf_counter()
    program = compiled(scene).value_and_grad
    seconds = time.perf_counter() - begun
    params = scene.params(np.random.default_rng(0))
    return lambda: program(params, inputs), seconds


def timed(run: Run) -> float:
    begun = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    mine, compile_seconds = ours(given.steps)
    with tempfile.TemporaryDirectory() as folder:
        runs = {"ours": mine, **{v: c_adjoint(v, given.steps, Path(folder)) for v in ("dense", "branch")}}
        loss, gradient = mine()
        flat = np.concatenate([gradient.position, gradient.velocity])
        for name in ("dense", "branch"):
            other, theirs = runs[name]()
            if not (np.isclose(loss, other, rtol=AGREEMENT) and np.allclose(flat, theirs, rtol=AGREEMENT)):
                raise SystemExit(f"ours and C ({name}) do not agree: {loss}, {flat} and {other}, {theirs}")
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(given.rounds):
            for name, run in runs.items():
                times[name].append(timed(run))
    median = {name: statistics.median(t) for name, t in times.items()}
    record = {
        "steps": given.steps,
        "ms": median,
        "ratio": median["ours"] / median["dense"],
        "ratio_to_branch": median["ours"] / median["branch"],
        "compile_seconds": compile_seconds,
        "loss": loss,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
