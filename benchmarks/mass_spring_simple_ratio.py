"""How our mass_spring_simple compares with a hand-written C adjoint of it, in one sitting.

    python benchmarks/mass_spring_simple_ratio.py [--steps 1023] [--wall holds] [--rounds 300]

Needs gcc. Value and gradient of springs that meet the wall: ours, and C with the three masses in the lanes
of one vector. The programs take turns, so that the machine's fluctuations affect all alike. Prints one JSON object:
milliseconds (medians) and, as ratios, ours over C, and the gradient over the value alone.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from c_limits import Run, build, compare
from numpy.typing import NDArray

from rosesim.scenes import compiled, configure, find_scene

REST = np.array([0.5, 0.45, 0.7])
"""Rest lengths with which the masses are pushed against the wall."""


def c_adjoint(steps: int, holds: bool, folder: Path) -> Run:
    c = build("mass_spring_simple", folder)
    c.mass_spring_simple_scratch.restype = ctypes.c_void_p
    c.mass_spring_simple_grad.restype = ctypes.c_double
    c.mass_spring_simple_grad.argtypes = [ctypes.c_int, ctypes.c_int] + [ctypes.c_void_p] * 3
    scratch = c.mass_spring_simple_scratch(steps)
    rest, gradient = REST.copy(), np.zeros(3)
    return lambda: (
        c.mass_spring_simple_grad(steps, int(holds), rest.ctypes.data, gradient.ctypes.data, scratch),
        gradient,
    )


def ours(scene: Any, inputs: Any) -> tuple[Run, Run, float]:
    begun = time.perf_counter()
    program = compiled(scene).value_and_grad
    seconds = time.perf_counter() - begun
    value = compiled(scene).value
    params = replace(scene.params(np.random.default_rng(0)), rest=REST)

    def run() -> tuple[float, NDArray[np.float64]]:
        loss, gradient = program(params, inputs)
        return loss, np.asarray(gradient.rest)

    _, gradient = run()
    return run, lambda: (value(params, inputs), gradient), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1023)
    parser.add_argument("--wall", choices=["holds", "published"], default="holds")
    parser.add_argument("--rounds", type=int, default=300)
    given = parser.parse_args()
    scene, inputs = configure(find_scene("mass_spring_simple"), [f"steps={given.steps}", f"wall={given.wall}"])
    mine, value, compile_seconds = ours(scene, inputs)
    with tempfile.TemporaryDirectory() as folder:
        c = c_adjoint(given.steps, given.wall == "holds", Path(folder))
        median = compare({"ours": mine, "value": value, "c": c}, given.rounds)
    record = {
        "steps": given.steps,
        "wall": given.wall,
        "ms": median,
        "ratio": median["ours"] / median["c"],
        "gradient_over_value": median["ours"] / median["value"],
        "compile_seconds": compile_seconds,
        "loss": mine()[0],
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
