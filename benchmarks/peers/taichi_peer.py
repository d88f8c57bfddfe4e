"""Taichi on the CPU, after DiffTaichi's billiards: kernels per step, states in fields, the reverse by ti.ad.Tape."""

from typing import Any

import numpy as np
import taichi as ti
from given import GOAL, Array, E, H, R, Run, points, rack  # noqa: F401 -- points is for serve.py

VERSION = ".".join(map(str, ti.__version__))


def billiards(steps: int) -> Run:
    ti.init(arch=ti.cpu, default_fp=ti.f64, cpu_max_num_threads=1, offline_cache=False, log_level=ti.ERROR)
    start = rack()
    n = len(start)
    real: Any = ti.f64
    x, v, impulse, shift = (ti.Vector.field(2, real, shape=(steps + 1, n), needs_grad=True) for _ in range(4))
    loss = ti.field(real, shape=(), needs_grad=True)

    @ti.kernel
    def clear():
        for t, i in impulse:
            impulse[t, i] = ti.Vector([0.0, 0.0])
            shift[t, i] = ti.Vector([0.0, 0.0])

    @ti.func
    def collide_pair(t, i, j):
        d = (x[t, i] + H * v[t, i]) - (x[t, j] + H * v[t, j])
        length = d.norm()
        if length < 2 * R:
            u = d / (length + 1e-6)
            s = u.dot(v[t, i] - v[t, j])
            if s < 0:
                bump = -(1 + E) * 0.5 * s * u
                tau = (length - 2 * R) / ti.min(-1e-3, s)
                impulse[t + 1, i] += bump
                shift[t + 1, i] += ti.min(tau - H, 0.0) * bump

    @ti.kernel
    def collide(t: ti.i32):
        for i in range(n):
            for j in range(n):
                if i != j:
                    collide_pair(t, i, j)

    @ti.kernel
    def advance(t: ti.i32):
        for i in range(n):
            v[t, i] = v[t - 1, i] + impulse[t, i]
            x[t, i] = x[t - 1, i] + H * v[t, i] + shift[t, i]

    @ti.kernel
    def miss():
        loss[None] = (x[steps, n - 1][0] - GOAL[0]) ** 2 + (x[steps, n - 1][1] - GOAL[1]) ** 2

    for i in range(n):
        x[0, i], v[0, i] = start[i], [0.0, 0.0]

    def run(z: Array) -> tuple[float, Array]:
        x[0, 0], v[0, 0] = z[:2], z[2:]
        clear()
        with ti.ad.Tape(loss):
            for t in range(steps):
                collide(t)
                advance(t + 1)
            miss()
        return float(loss[None]), np.concatenate([x.grad[0, 0].to_numpy(), v.grad[0, 0].to_numpy()])

    return run
