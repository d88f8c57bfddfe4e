"""The hand-written C adjoints of limits/, measured like the peers. Needs gcc."""

from __future__ import annotations

import atexit
import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from c_limits import build
from given import Array, Run, points, robot  # noqa: F401 -- points is for serve.py

VERSION = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
FOLDER = Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def billiards(steps: int, variant: str) -> Run:
    """`variant` BRANCH skips pairs that do not touch, DENSE computes all."""
    c = build("billiards", FOLDER, variant)
    c.billiards_scratch.restype = ctypes.c_void_p
    c.billiards_grad.restype = ctypes.c_double
    c.billiards_grad.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 3
    scratch, gradient = c.billiards_scratch(steps), np.zeros(4)
    return lambda z: (c.billiards_grad(steps, z.ctypes.data, gradient.ctypes.data, scratch), gradient)


def batch(steps: int, shots: int, lanes: int) -> Run:
    """`shots` at a time, one in each SIMD lane."""
    c = build("billiards_lanes", FOLDER, f"L={lanes}", wide=True)
    c.billiards_lanes_scratch.restype = ctypes.c_void_p
    c.billiards_lanes_grad.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 4
    scratch = c.billiards_lanes_scratch(steps)
    groups = -(-shots // lanes)

    def run(z: Array) -> tuple[Array, Array]:
        filled = np.concatenate([z, np.repeat(z[-1:], groups * lanes - shots, 0)])
        rows = np.ascontiguousarray(filled.reshape(groups, lanes, 4).transpose(0, 2, 1))
        gradient, loss = np.empty_like(rows), np.empty((groups, lanes))
        for k in range(groups):
            given = (a[k].ctypes.data for a in (rows, gradient, loss))
            c.billiards_lanes_grad(steps, *given, scratch)
        return loss.ravel()[:shots], gradient.transpose(0, 2, 1).reshape(-1, 4)[:shots]

    return run


def mass_spring(steps: int) -> Run:
    """The C stores weights transposed; its gradient is put into our order."""
    body, hidden = robot(), 32
    n, m = len(body.nodes), len(body.springs)
    inputs = 10 + 4 * n + 2
    c = build("mass_spring", FOLDER, f"NO={n}", f"NS={m}")
    c.mass_spring_scratch.restype = ctypes.c_void_p
    c.mass_spring_grad.restype = ctypes.c_double
    c.mass_spring_grad.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 5
    ends = body.ends.T.astype(np.int32).tobytes()
    ends += b"\0" * (-len(ends) % 8)  # so that the doubles after the integers are aligned
    data = np.frombuffer(ends + np.concatenate([body.of_springs(k) for k in (2, 3, 4)]).tobytes(), np.uint8).copy()
    start, scratch = body.positions, c.mass_spring_scratch(steps)
    cuts = np.cumsum([hidden * inputs, hidden, hidden * m])

    def transposed(z: Array, *shapes: tuple[int, int]) -> Array:
        w1, b1, w2, b2 = np.split(z, cuts)
        return np.concatenate([w1.reshape(shapes[0]).T.ravel(), b1, w2.reshape(shapes[1]).T.ravel(), b2])

    def run(z: Array) -> tuple[float, Array]:
        given = transposed(z, (hidden, inputs), (m, hidden))
        gradient = np.zeros_like(given)
        pointers = (a.ctypes.data for a in (data, start, given, gradient))
        loss = c.mass_spring_grad(steps, *pointers, scratch)
        return loss, transposed(gradient, (inputs, hidden), (hidden, m))

    return run
