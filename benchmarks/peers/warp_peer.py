"""Warp on the CPU: all steps in one kernel of one thread, states stored in arrays, the reverse by wp.Tape."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from typing import Any

import numpy as np
import warp as wp
from given import GOAL, Array, E, H, R, Run, points, rack  # noqa: F401 -- points is for serve.py

VERSION = wp.__version__
wp.config.quiet = True
wp.config.kernel_cache_dir = tempfile.mkdtemp()  # so that compile times are cold
atexit.register(shutil.rmtree, wp.config.kernel_cache_dir, ignore_errors=True)
wp.init()
F = wp.float64
h, r, e = wp.constant(F(H)), wp.constant(F(R)), wp.constant(F(E))
goal_x, goal_y = wp.constant(F(GOAL[0])), wp.constant(F(GOAL[1]))


@wp.func
def bump_of(xi: wp.vec2d, vi: wp.vec2d, xj: wp.vec2d, vj: wp.vec2d) -> wp.vec4d:
    d = (xi + h * vi) - (xj + h * vj)
    bump = wp.vec4d(F(0.0), F(0.0), F(0.0), F(0.0))
    length = wp.length(d)
    if length < F(2.0) * r:
        u = d / (length + F(1e-6))
        s = wp.dot(u, vi - vj)
        if s < F(0.0):
            impulse = -(F(1.0) + e) / F(2.0) * s * u
            tau = (length - F(2.0) * r) / wp.min(F(-1e-3), s)
            shift = wp.min(tau - h, F(0.0)) * impulse
            bump = wp.vec4d(impulse[0], impulse[1], shift[0], shift[1])
    return bump


@wp.func
def step_ball(t: int, i: int, n: int, x: wp.array2d(dtype=wp.vec2d), v: wp.array2d(dtype=wp.vec2d)):
    total = wp.vec4d(F(0.0), F(0.0), F(0.0), F(0.0))
    for j in range(n):
        if i != j:
            total += bump_of(x[t, i], v[t, i], x[t, j], v[t, j])
    after = v[t, i] + wp.vec2d(total[0], total[1])
    v[t + 1, i] = after
    x[t + 1, i] = x[t, i] + wp.vec2d(total[2], total[3]) + h * after


@wp.kernel
def all_steps(steps: int, n: int, x: wp.array2d(dtype=wp.vec2d), v: wp.array2d(dtype=wp.vec2d)):
    for t in range(steps):
        for i in range(n):
            step_ball(t, i, n, x, v)


@wp.kernel
def place(z: wp.array(dtype=F), x: wp.array2d(dtype=wp.vec2d), v: wp.array2d(dtype=wp.vec2d)):
    x[0, 0] = wp.vec2d(z[0], z[1])
    v[0, 0] = wp.vec2d(z[2], z[3])


@wp.kernel
def miss(t: int, n: int, x: wp.array2d(dtype=wp.vec2d), loss: wp.array(dtype=F)):
    d = x[t, n - 1] - wp.vec2d(goal_x, goal_y)
    loss[0] = wp.dot(d, d)


def billiards(steps: int) -> Run:
    start = rack()
    n = len(start)
    first = np.zeros((steps + 1, n, 2))
    first[0] = start
    x = wp.array(first, dtype=wp.vec2d, device="cpu", requires_grad=True)
    v = wp.zeros((steps + 1, n), dtype=wp.vec2d, device="cpu", requires_grad=True)
    loss = wp.zeros(1, dtype=F, device="cpu", requires_grad=True)
    given = wp.zeros(4, dtype=F, device="cpu", requires_grad=True)
    tape: Any = wp.Tape()
    with tape:
        wp.launch(place, 1, inputs=[given, x, v], device="cpu")
        wp.launch(all_steps, 1, inputs=[steps, n, x, v], device="cpu")
        wp.launch(miss, 1, inputs=[steps, n, x, loss], device="cpu")
    forward = [
        wp.launch(place, 1, inputs=[given, x, v], device="cpu", record_cmd=True),
        wp.launch(all_steps, 1, inputs=[steps, n, x, v], device="cpu", record_cmd=True),
        wp.launch(miss, 1, inputs=[steps, n, x, loss], device="cpu", record_cmd=True),
    ]

    def run(z: Array) -> tuple[float, Array]:
        given.assign(z)
        for launch in forward:
            launch.launch()
        tape.zero()
        tape.backward(loss)
        return float(loss.numpy()[0]), given.grad.numpy()

    return run
