"""What the exact touch costs in billiards: its value and gradient against those with the published contact.

    python benchmarks/contact_ratio.py [--steps 1024] [--rounds 60]

Both take turns in one process. The ratio of the least times should be at most 1.2.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rosesim.scenes import compiled, configure, find_scene

REPEATS = 20
"""Calls that are timed together: one call takes a third of a millisecond."""


def gradient(steps: int, contact: str) -> Callable[[], Any]:
    """Value and gradient of the published shot, compiled."""
    scene, inputs = configure(find_scene("billiards"), [f"steps={steps}", f"contact={contact}"])
    program, params = compiled(scene), scene.params(np.random.default_rng(0))
    program.value_and_grad(params, inputs)
    return lambda: program.value_and_grad(params, inputs)


def seconds(run: Callable[[], Any]) -> float:
    """Processor time of one call."""
    begun = time.process_time()
    for _ in range(REPEATS):
        run()
    return (time.process_time() - begun) / REPEATS


def main() -> None:
    """Print the least times of both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    runs = {name: gradient(given.steps, name) for name in ("published", "exact")}
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(given.rounds):
        for name, run in runs.items():
            least[name] = min(least[name], seconds(run))
    for name, found in least.items():
        print(f"{name}: {1e3 * found:.4f} ms")
    print(f"exact over published: {least['exact'] / least['published']:.3f}")


if __name__ == "__main__":
    main()
