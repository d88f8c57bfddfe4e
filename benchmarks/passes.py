"""What each pass of code generation is worth: scenes with and without it, in one sitting.

    python benchmarks/passes.py [--rounds 15] [SCENE ...]

A pass is taken out by letting it hand its program on; everything else stays. What counts is the least
processor time of a value and gradient over the rounds, in turns. Prints a JSON object a scene: the time
with all passes, and for each pass the time without it over that (above 1: it helps).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rosesim import value_and_grad
from rosesim.codegen import loops, module, plan
from rosesim.scenes import compiled, configure, find_scene

SCENES = ["billiards", "mass_spring", "electric", "rigid_body", "mass_spring_simple", "wave", "smoke"]
PASSES: dict[str, tuple[Any, str, Any]] = {
    "sink": (module, "sunk", lambda f, math: f),
    "defer": (module, "deferred", lambda f: f),
    "independent loops": (loops, "_is_independent", lambda e, loop: False),
    "inlining": (plan, "SMALL", 0),
    "straight-line vectoriser": (plan, "STRAIGHT", 0),
}


@contextmanager
def without(name: str | None) -> Iterator[None]:
    if name is None:
        yield
        return
    where, what, instead = PASSES[name]
    kept = getattr(where, what)
    setattr(where, what, instead)
    try:
        yield
    finally:
        setattr(where, what, kept)


def program(scene: str, name: str | None) -> Callable[[], object]:
    made, inputs = configure(find_scene(scene), [])
    params = made.params(np.random.default_rng(0))
    with without(name):
        both = value_and_grad(compiled(made).loss, wrt=0).compile(params, inputs)
    return lambda: both(params, inputs)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenes", nargs="*", default=SCENES)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    for scene in given.scenes:
        runs = {name: program(scene, name) for name in (None, *PASSES)}
        least = dict.fromkeys(runs, float("inf"))
        for _ in range(given.rounds):
            for name, run in runs.items():
                begun = time.thread_time()
                run()
                least[name] = min(least[name], time.thread_time() - begun)
        ratios = {name: round(least[name] / least[None], 3) for name in PASSES}
        print(json.dumps({"scene": scene, "ms": round(1e3 * least[None], 4), "without": ratios}), flush=True)


if __name__ == "__main__":
    main()
