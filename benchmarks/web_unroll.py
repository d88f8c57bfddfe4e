"""What a browser's engine does with a program without named functions: it refuses it. The experiment of Rose's paper.

    python benchmarks/web_unroll.py [STEPS ...]

Billiards' eleven balls, every pair and every step written out by Python, value and gradient in one function, not
optimised, so that each value has a WebAssembly local of its own, as in Rose's engine. Then the same with `split`, and
with a collision and a step as functions. Needs Node; prints one JSON object a line.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from rosesim import Real, Vec, const, fn, value_and_grad
from rosesim.ad.program.ir import Func
from rosesim.codegen import lowered, pipeline, targets
from rosesim.codegen.planned import Options
from rosesim.scenes import configure, find_scene
from rosesim.scenes.kit import published_disc_contact

CHECK = """
import { readFileSync } from "node:fs";
const code = readFileSync(process.argv[2]);
const begun = performance.now();
try {
  await WebAssembly.compile(code);
  console.log(JSON.stringify({ accepted: true, engine_ms: performance.now() - begun }));
} catch (e) {
  console.log(JSON.stringify({ accepted: false, said: e.message }));
}
"""
APART = ("split", "inline", "inline-calls", "share-functions")
"""What makes functions of a long program, or fewer of many: left out where the program should stay as written."""


def program(steps: int, named: bool) -> Func:
    """Value and gradient of `steps` steps of billiards, by the position and velocity of the cue ball."""
    scene: Any = configure(find_scene("billiards"), ["contact=published"])[0]
    rack = scene.rack()
    n = len(rack)

    def bump(xi: Any, vi: Any, xj: Any, vj: Any) -> Any:
        return published_disc_contact(
            xi, vi, xj, vj, radius=0.03, restitution=0.8, h=0.003, softening=1e-6, least_approach=1e-3
        )

    touched: Any = bump

    if named:

        @fn
        def collide(xi: Vec[Real, 2], vi: Vec[Real, 2], xj: Vec[Real, 2], vj: Vec[Real, 2]) -> Any:
            return bump(xi, vi, xj, vj)

        touched = collide

    def plain_step(x: Any, v: Any) -> Any:
        after, moved = [], []
        for i in range(n):
            bumps = [touched(x[i], v[i], x[j], v[j]) for j in range(n) if j != i]
            w = v[i] + sum((b.impulse for b in bumps[1:]), bumps[0].impulse)
            after.append(w)
            moved.append(x[i] + sum((b.shift for b in bumps[1:]), bumps[0].shift) + 0.003 * w)
        return moved, after

    step = plain_step
    if named:

        @fn
        def whole(x: Vec[Vec[Real, 2], 11], v: Vec[Vec[Real, 2], 11]) -> Any:
            return plain_step(x, v)

        step = whole

    @fn
    def loss(position: Vec[Real, 2], velocity: Vec[Real, 2]) -> Real:
        x: Any = [position, *map(const, rack[1:])]
        v: Any = [velocity, *map(const, np.zeros((n - 1, 2)))]
        for _ in range(steps):
            x, v = step(x, v)
        miss = [x[n - 1][k] - (0.9, 0.75)[k] for k in range(2)]
        return miss[0] ** 2 + miss[1] ** 2

    both = value_and_grad(loss, wrt=(0, 1))
    return both.traced(both.signature().required()).func


def tried(steps: int, how: str, folder: Path) -> dict[str, Any]:
    """What V8 says of a program."""
    func = program(steps, named=how == "functions")
    begun = time.perf_counter()
    if how == "as written":
        with pipeline.without(*APART):
            made = lowered(func, Options(optimise=False), targets.wasm32())
    else:
        made = lowered(func, Options(optimise=how == "functions"), targets.wasm32())
    seconds = time.perf_counter() - begun
    module, check = folder / "module.wasm", folder / "check.mjs"
    module.write_bytes(made.code[0])
    check.write_text(CHECK)
    said = subprocess.run(["node", str(check), str(module)], capture_output=True, text=True, check=True).stdout
    size = {"steps": steps, "how": how, "bytes": len(made.code[0]), "seconds": round(seconds, 2)}
    return size | json.loads(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("steps", nargs="*", type=int, default=[1, 4, 6, 7])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for how in ("as written", "functions"):
            for steps in given.steps:
                print(json.dumps(tried(steps, how, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
