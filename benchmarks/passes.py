"""What each pass of code generation contributes: scenes with and without it, in one sitting.

    python benchmarks/passes.py [--rounds 15] [--passes NAME,...] [SCENE ...]

A pass that is left out hands its program on unchanged; everything else stays. The time is the least processor time of
a value and gradient over the rounds, in turns. Prints a JSON object for each scene: the time with all passes, and for
each pass the ratio of the time without it (above 1: it helps). `rosesim info --passes` shows which can be left out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from rosesim import value_and_grad
from rosesim.codegen.pipeline import SPARED, without
from rosesim.scenes import compiled, configure, find_scene

SCENES = ["billiards", "mass_spring", "electric", "rigid_body", "mass_spring_simple", "wave", "smoke"]


def program(scene: str, name: str | None) -> Callable[[], object]:
    made, inputs = configure(find_scene(scene), [])
    params = made.params(np.random.default_rng(0))
    with without(*([] if name is None else [name])):
        both = value_and_grad(compiled(made).loss, wrt=0).compile(params, inputs)
    return lambda: both(params, inputs)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenes", nargs="*", default=SCENES)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--passes", type=lambda text: text.split(","), default=SPARED, metavar="NAME,...")
    given = parser.parse_args()
    for scene in given.scenes:
        runs = {name: program(scene, name) for name in (None, *given.passes)}
        least = dict.fromkeys(runs, float("inf"))
        for _ in range(given.rounds):
            for name, run in runs.items():
                begun = time.thread_time()
                run()
                least[name] = min(least[name], time.thread_time() - begun)
        ratios = {name: round(least[name] / least[None], 3) for name in given.passes}
        print(json.dumps({"scene": scene, "ms": round(1e3 * least[None], 4), "without": ratios}), flush=True)


if __name__ == "__main__":
    main()
