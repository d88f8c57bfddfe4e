"""Ours with and without named functions: the same balls, the same steps, all loops unrolled by Python.

`named`: a collision of two balls and a step are functions (@fn), each traced once. Otherwise they are plain Python
functions, and each call writes all of its operations into the program again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from given import GOAL, Array, E, H, R, Run, rack

import rosesim
from rosesim import Real, Vec, fn, value_and_grad
from rosesim.scenes.kit import published_disc_contact

VERSION = rosesim.__version__
BALLS = 4
Place = Vec[Real, 2]
Balls = Vec[Place, BALLS]


def points(task: str, **sizes: Any) -> list[Array]:
    return [np.concatenate([[0.441, 0.502], rack()[1:BALLS].ravel(), [0.9, 0.01], np.zeros(2 * BALLS - 2)])]


def _bump(xi: Place, vi: Place, xj: Place, vj: Place) -> Any:
    return published_disc_contact(xi, vi, xj, vj, radius=R, restitution=E, h=H, softening=1e-6, least_approach=1e-3)


def unrolled(steps: int, named: bool) -> Run:
    bump: Any = fn(_bump) if named else _bump

    def plain_step(x: Balls, v: Balls) -> tuple[Balls, Balls]:
        after, moved = [], []
        for i in range(BALLS):
            bumps = [bump(x[i], v[i], x[j], v[j]) for j in range(BALLS) if j != i]
            w = v[i] + sum((b.impulse for b in bumps[1:]), bumps[0].impulse)
            after.append(w)
            moved.append(x[i] + sum((b.shift for b in bumps[1:]), bumps[0].shift) + H * w)
        return moved, after

    step: Any = fn(plain_step) if named else plain_step

    @fn
    def loss(x: Balls, v: Balls) -> Real:
        for _ in range(steps):
            x, v = step(x, v)
        d = x[BALLS - 1] - [float(g) for g in GOAL]
        return d[0] ** 2 + d[1] ** 2

    folder = tempfile.mkdtemp()
    os.environ["ROSESIM_CACHE_DIR"] = folder  # where the size of the machine code can be read
    begun = time.perf_counter()
    program = value_and_grad(loss).compile()
    seconds = time.perf_counter() - begun
    code = sum(f.stat().st_size for f in Path(folder).glob("*.o"))
    shutil.rmtree(folder)

    def run(z: Array) -> tuple[float, Array]:
        value, (x, v) = program(*z.reshape(2, BALLS, 2))
        return value, np.concatenate([x.ravel(), v.ravel()])

    llvm = program.compiled.llvm
    run.facts = {"llvm_lines": llvm.count("\n"), "code_bytes": code, "compile_seconds": round(seconds, 4)}
    return run
