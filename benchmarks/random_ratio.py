"""Random numbers beside NumPy's: nanoseconds each, on one core, one JSON line for each kind.

    python benchmarks/random_ratio.py [NUMBERS]

Draws of 20,000 at once, or so many. (A loop with more than 10^7 operations in all, here of 30,000 normal numbers,
polls for Ctrl-C and is not vectorised.) Ours, NumPy's Philox, which has a counter as ours, and its default generator,
PCG64, take turns; the least processor time of a turn counts.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rosesim import fn, random

N = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
ROUNDS, CALLS = 40, 8

OURS: dict[str, Callable[[random.Key], Any]] = {
    "uniform": lambda key: random.uniform(key, N),
    "normal": lambda key: random.normal(key, N),
    "exponential": lambda key: random.exponential(key, N),
    "integers": lambda key: random.integers(key, N, 0, 1000),
    "permutation": lambda key: random.permutation(key, N),
}
NUMPY: dict[str, Callable[[np.random.Generator], Any]] = {
    "uniform": lambda g: g.random(N),
    "normal": lambda g: g.standard_normal(N),
    "exponential": lambda g: g.standard_exponential(N),
    "integers": lambda g: g.integers(0, 1000, N),
    "permutation": lambda g: g.permutation(N),
}


def seconds(f: Callable[[], Any]) -> float:
    before = time.process_time()
    for _ in range(CALLS):
        f()
    return (time.process_time() - before) / CALLS


def main() -> None:
    generators = {"philox": np.random.Generator(np.random.Philox(1)), "pcg64": np.random.default_rng(1)}
    key = random.key(1)
    for name, draw in OURS.items():
        tools: dict[str, Callable[[], Any]] = {}
        for math in ("fast", "strict"):
            program = fn(draw).compile(random.Key, math=math, threads=1)
            tools[math] = lambda program=program: program(key)
        for other, generator in generators.items():
            tools[other] = lambda generator=generator, name=name: NUMPY[name](generator)
        least = dict.fromkeys(tools, float("inf"))
        for _ in range(ROUNDS):
            for tool, run in tools.items():
                least[tool] = min(least[tool], seconds(run))
        print(json.dumps({"kind": name, **{tool: round(t / N * 1e9, 2) for tool, t in least.items()}}), flush=True)


if __name__ == "__main__":
    main()
