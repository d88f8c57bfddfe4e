"""What a run costs in a batch: 256 shots of billiards against C in SIMD lanes, 64 robots against one after another.

    python benchmarks/batch_ratio.py [--steps 1024] [--shots 256] [--robots 64] [--rounds 9]

Needs gcc. The shots start differently. The C (`limits/billiards_lanes.c`) skips a pair's arithmetic where no
lane touches, with four and with eight lanes; which is faster depends on the processor's vectors. The
programs take turns. Prints a JSON object for each scene: milliseconds per run (medians) and the important ratios.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from c_limits import Run, build, compare

from rosesim import value_and_grad, vmap
from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.tree import map_leaves

SPREAD = 0.02
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def many(params: Any, n: int) -> Any:
    rng = np.random.default_rng(1)
    return map_leaves(lambda _, a: np.asarray(a) + SPREAD * rng.uniform(-1, 1, (n, *np.shape(a))), params)


def c_lanes(lanes: int, steps: int, shots: np.ndarray, folder: Path) -> Run:
    c = build("billiards_lanes", folder, f"L={lanes}")
    c.billiards_lanes_scratch.restype = ctypes.c_void_p
    c.billiards_lanes_grad.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 4
    scratch = c.billiards_lanes_scratch(steps)
    groups = [np.ascontiguousarray(shots[k : k + lanes].T) for k in range(0, len(shots), lanes)]
    gradients, losses = np.zeros((len(groups), 4, lanes)), np.zeros((len(groups), lanes))

    def run() -> tuple[float, np.ndarray]:
        for start, gradient, loss in zip(groups, gradients, losses, strict=True):
            c.billiards_lanes_grad(steps, *(a.ctypes.data for a in (start, gradient, loss)), scratch)
        return float(losses.sum()), gradients.transpose(0, 2, 1).reshape(len(shots), 4)

    return run


def batch(made: Any, given: Any, inputs: Any, **how: Any) -> Run:
    """The losses' sum and the gradients of all runs at once."""
    program = vmap(value_and_grad(made.loss, wrt=0), over=0).compile(given, inputs, **how)

    def run() -> tuple[float, np.ndarray]:
        losses, gradients = program(given, inputs)
        parts = [np.asarray(a, np.float64) for a in vars(gradients).values()]
        return float(np.sum(losses, dtype=np.float64)), np.concatenate([a.reshape(len(losses), -1) for a in parts], 1)

    return run


def one_by_one(made: Any, given: Any, inputs: Any, n: int) -> Run:
    each = [map_leaves(lambda _, a, k=k: a[k], given) for k in range(n)]
    program = made.value_and_grad

    def run() -> tuple[float, np.ndarray]:
        found = [program(p, inputs) for p in each]
        return sum(loss for loss, _ in found), np.stack([made.flat.flatten(g) for _, g in found])

    return run


def shots(steps: int, n: int, rounds: int) -> dict[str, Any]:
    scene, inputs = configure(find_scene("billiards"), [f"steps={steps}", "contact=published"])
    made = compiled(scene)
    given = many(scene.params(np.random.default_rng(0)), n)
    both = np.concatenate([given.position, given.velocity], 1)
    with tempfile.TemporaryDirectory() as folder:
        runs = {
            **{f"c_{lanes}_lanes": c_lanes(lanes, steps, both, Path(folder)) for lanes in (4, 8)},
            "one_core": batch(made, given, inputs, threads=1),
            "all_cores": batch(made, given, inputs, threads=CORES),
            "one_by_one": one_by_one(made, given, inputs, n),
        }
        median = compare(runs, rounds)
        # Timed only beside each other: in single precision the gradient does not equal the others'.
        widths = {"double": runs["one_core"], "single": batch(made, given, inputs, threads=1, precision="f32")}
        alone = compare(widths, rounds, tolerance=np.inf)
    best = min(median["c_4_lanes"], median["c_8_lanes"])
    return {
        "scene": "billiards",
        "steps": steps,
        "shots": n,
        "ms": {k: v / n for k, v in median.items()},
        "one_core_over_c": median["one_core"] / best,
        "all_cores_over_c": median["all_cores"] / best,
        "single_over_double": alone["single"] / alone["double"],
    }


def robots(n: int, rounds: int) -> dict[str, Any]:
    scene, inputs = configure(find_scene("mass_spring"), [])
    made = compiled(scene)
    given = many(scene.params(np.random.default_rng(0)), n)
    runs = {
        "one_by_one": one_by_one(made, given, inputs, n),
        "one_core": batch(made, given, inputs, threads=1),
        "all_cores": batch(made, given, inputs, threads=CORES),
    }
    # The gradient of 1364 steps amplifies roundings, and the sums have another order.
    median = compare(runs, rounds, tolerance=1e-6)
    return {
        "scene": "mass_spring",
        "robots": n,
        "ms": {k: v / n for k, v in median.items()},
        "throughput_one_core": median["one_by_one"] / median["one_core"],
        "throughput_all_cores": median["one_by_one"] / median["all_cores"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1024)
    parser.add_argument("--shots", type=int, default=256)
    parser.add_argument("--robots", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    print(json.dumps(shots(given.steps, given.shots, given.rounds)))
    print(json.dumps(robots(given.robots, given.rounds)))


if __name__ == "__main__":
    main()
