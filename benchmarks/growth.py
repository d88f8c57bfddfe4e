"""How the cost of billiards' value and gradient grows: with steps, with balls, with the batch, within a budget.

    python benchmarks/growth.py [steps|balls|batch|memory ...]

One JSON line each: microseconds per unit (a step; a step and pair of balls; a run of the batch), which is constant
where growth is linear, and the bytes of workspace. `memory` takes a million steps within a budget of 64 MiB.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from rosesim import memory_budget, value_and_grad, vmap
from rosesim.scenes import configure, find_scene
from rosesim.scenes.compiled import Compiled
from rosesim.scenes.tree import map_leaves

BUDGET = 64 << 20


def least(run: Callable[[], object]) -> float:
    """The least seconds of a few runs."""
    run()
    times: list[float] = []
    while len(times) < 3 or sum(times) < 0.5:
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
        if times[-1] > 5:
            break
    return min(times)


def one(what: str, units: float, steps: int, layers: int = 4, runs: int = 1, budget: int | None = None) -> None:
    scene, inputs = configure(find_scene("billiards"), [f"steps={steps}", f"layers={layers}", "contact=published"])
    params = scene.params(np.random.default_rng(0))
    with memory_budget(budget or 1 << 30):
        both = value_and_grad(Compiled(scene).loss, wrt=0)
        if runs > 1:
            params = map_leaves(lambda _, a: np.stack([np.asarray(a)] * runs), params)
            program = vmap(both, over=0).compile(params, inputs, threads=1)
        else:
            program = both.compile(params, inputs)
    seconds = least(lambda: program(params, inputs))
    record = {
        "what": what,
        "steps": steps,
        "balls": 1 + layers * (layers + 1) // 2,
        "runs": runs,
        "seconds": round(seconds, 6),
        "microseconds_a_unit": round(1e6 * seconds / units, 4),
        "workspace_mb": round(program.compiled.workspace_bytes / 2**20, 2),
    }
    print(json.dumps(record), flush=True)


def main() -> None:
    parts = sys.argv[1:] or ["steps", "balls", "batch", "memory"]
    if "steps" in parts:
        for steps in (1_000, 10_000, 100_000, 1_000_000):
            one("steps", steps, steps)
    if "balls" in parts:
        for layers in (2, 4, 8, 12):
            n = 1 + layers * (layers + 1) // 2
            one("balls", 256 * n * (n - 1) / 2, 256, layers)
    if "batch" in parts:
        for runs in (4, 16, 64, 256):
            one("batch", runs, 1024, runs=runs)
    if "memory" in parts:
        one("memory", 1_000_000, 1_000_000, budget=BUDGET)


if __name__ == "__main__":
    main()
