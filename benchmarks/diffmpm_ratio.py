"""How the soft robot's gradient compares with a hand-written C adjoint of it, in one sitting.

    python benchmarks/diffmpm_ratio.py [--n 128] [--steps 1023] [--rounds 20]

Needs gcc. Value and gradient with deterministic weights (those of the reference values) on sticky ground: ours,
and C in two variants, `c` (every node of the grid) and `box` (only the nodes between the outermost particles).
The programs take turns. Prints one JSON object: milliseconds (medians), ours over C, gradient over value.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from c_limits import Run, build, compare

from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.kit import Beat

SEED, SIZE = 1.0, 0.1


def c_adjoint(scene: Any, given: np.ndarray, folder: Path, *variant: str) -> Run:
    places, muscles = scene.body()
    k = len(places)
    c = build("diffmpm", folder, f"N={scene.n}", f"NP={k}", "FRIC=-1.0", *variant)
    c.diffmpm_scratch.restype = c.diffmpm_work.restype = ctypes.c_void_p
    c.diffmpm_grad.restype = ctypes.c_double
    c.diffmpm_grad.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 6
    first = np.array([*(np.flatnonzero(muscles == m)[0] for m in range(4)), k], np.int32)
    gradient = np.zeros_like(given)
    scratch, work = c.diffmpm_scratch(scene.steps), c.diffmpm_work()
    arrays = (places, first, given, gradient)
    return lambda: (c.diffmpm_grad(scene.steps, *(a.ctypes.data for a in arrays), scratch, work), gradient)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=128)
    parser.add_argument("--steps", type=int, default=1023)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    scene, inputs = configure(find_scene("diffmpm"), [f"n={given.n}", f"steps={given.steps}"])
    i, j = np.mgrid[:4, :4]
    arrays: list[Any] = [SIZE * np.sin(SEED + 7 * i + 3 * j), SIZE * np.sin(SEED + 1 + 5 * np.arange(4))]
    params = Beat(*arrays)
    program = compiled(scene)
    begun = time.perf_counter()
    both = program.value_and_grad
    seconds = time.perf_counter() - begun

    def ours() -> tuple[float, np.ndarray]:
        loss, gradient = both(params, inputs)
        return loss, program.flat.flatten(gradient)

    _, gradient = ours()
    z = program.flat.flatten(params)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs: dict[str, Run] = {
            "ours": ours,
            "c": c_adjoint(scene, z, folder),
            "box": c_adjoint(scene, z, folder, "BOX"),
            "value": lambda: (program.value(params, inputs), gradient),
        }
        median = compare(runs, given.rounds)
    record = {
        "n": given.n,
        "steps": given.steps,
        "ms": median,
        "ratio": median["ours"] / median["c"],
        "ratio_to_box": median["ours"] / median["box"],
        "gradient_over_value": median["ours"] / median["value"],
        "compile_seconds": seconds,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
