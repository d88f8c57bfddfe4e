"""Common parts of the comparisons with hand-written C: building it, and running the programs in turns. Needs gcc."""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

# The C runs on one core. Where a script wants more for ours, it says so (`threads=`).
os.environ["ROSESIM_THREADS"] = "1"

SOURCES = Path(__file__).parent / "limits"
FLAGS = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
AGREEMENT = 1e-10  # relative; a comparison with different results would mean nothing

Run = Callable[[], tuple[float, Any]]
"""One evaluation: the loss, and the gradient as one vector."""


def build(scene: str, folder: Path, *definitions: str, wide: bool = False) -> ctypes.CDLL:
    """The library of a scene's adjoint, built into a folder; `wide` uses the machine's longest vectors."""
    library = folder / ("-".join([scene, *definitions]).replace("=", "") + ".so")
    flags = [*FLAGS, *(f"-D{d}" for d in definitions)]
    if wide:
        flags.append("-mprefer-vector-width=512")
    subprocess.run(["gcc", *flags, str(SOURCES / f"{scene}.c"), "-o", str(library), "-lm"], check=True)
    return ctypes.CDLL(str(library))


def compare(runs: Mapping[str, Run], rounds: int, tolerance: float = AGREEMENT) -> dict[str, float]:
    """Median milliseconds of each, run in turns, so that the machine's fluctuations affect all alike.

    Ends the script where a loss or gradient differs from the first one by more than `tolerance`, relatively.
    """
    (first, (loss, gradient)), *others = ((name, run()) for name, run in runs.items())
    for name, (other, theirs) in others:
        scale = np.abs(gradient).max()
        if not (np.isclose(loss, other, rtol=tolerance) and np.abs(theirs - gradient).max() <= tolerance * scale):
            raise SystemExit(f"{first} and {name} do not agree: losses {loss} and {other}")
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            begun = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - begun))
    return {name: statistics.median(t) for name, t in times.items()}
