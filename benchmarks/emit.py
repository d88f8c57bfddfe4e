"""Code of scenes for other machines than this one: the code that is emitted, its size and its imports.

    python benchmarks/emit.py [--target wasm32] [--unoptimised] [SCENE ...]

Prints a JSON object for the value and one for the gradient of each scene: the size of the emitted code, the memory
of a call, the seconds in all, and the imports of a WebAssembly object. Nothing is run.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np

from rosesim import value_and_grad
from rosesim.codegen import lowered
from rosesim.codegen.planned import Options
from rosesim.codegen.targets import TARGETS
from rosesim.codegen.wasm.link import read
from rosesim.scenes import compiled, configure, find_scene, scene_names


def main() -> None:
    """Print the lines of all scenes, or of those that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenes", nargs="*", default=scene_names())
    parser.add_argument("--target", default="wasm32", choices=TARGETS)
    parser.add_argument("--unoptimised", action="store_true")
    given = parser.parse_args()
    target = TARGETS[given.target]()
    for name in given.scenes:
        made: Any = compiled(configure(find_scene(name), [])[0])
        args = made.scene.params(np.random.default_rng(0)), made.scene.inputs()
        for called, f in ("value", made.loss), ("gradient", value_and_grad(made.loss, wrt=0)):
            begun = time.perf_counter()
            func = f.traced(f.types_of(args)).func
            artifact = lowered(func, Options(optimise=not given.unoptimised), target)
            line: dict[str, Any] = {"scene": name, "program": called, "bytes": len(artifact.code[0])}
            line |= {"workspace": artifact.workspace_bytes, "stack": artifact.stack_bytes}
            if target.name == "wasm32":
                line["imports"] = sorted(name for name, _ in read(artifact.code[0]).imported)
            print(json.dumps(line | {"seconds": round(time.perf_counter() - begun, 2)}), flush=True)


if __name__ == "__main__":
    main()
