"""CasADi: one step as a function of scalar expressions, all steps by mapaccum, the gradient by its reverse mode.

`how` is vm (its own virtual machine) or c (the C that it generates, built by gcc -O3 -march=native). Each pair of
balls is computed once, with opposite signs for the two, which saves half of the work.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from typing import Any

import casadi as ca
import numpy as np
from family import LAWS, REACHES, small
from family import H as STEP
from given import GOAL, Array, E, H, R, Run, points, rack, robot  # noqa: F401 -- points is for serve.py

VERSION = ca.__version__


def _step(n: int) -> Any:
    s = ca.SX.sym("s", 4 * n)  # x, y, u, v: n each
    x, y, u, v = (s[k * n : (k + 1) * n] for k in range(4))
    ax, ay = x + H * u, y + H * v
    bumps = [[ca.SX(0)] * n for _ in range(4)]  # of velocity, and beyond the motion of the step
    for i in range(n):
        for j in range(i + 1, n):
            dx, dy = ax[i] - ax[j], ay[i] - ay[j]
            q = dx * dx + dy * dy
            near = q < (2 * R) ** 2
            length = ca.sqrt(ca.if_else(near, q, 1.0))
            ex, ey = dx / (length + 1e-6), dy / (length + 1e-6)
            p = ex * (u[i] - u[j]) + ey * (v[i] - v[j])
            a = ca.if_else(ca.logic_and(near, p < 0), -(1 + E) / 2 * p, 0.0)
            g = ca.fmin((length - 2 * R) / ca.fmin(-1e-3, p) - H, 0.0)
            for total, bump in zip(bumps, (a * ex, a * ey, g * a * ex, g * a * ey), strict=True):
                total[i], total[j] = total[i] + bump, total[j] - bump
    iu, iv, cx, cy = (ca.vertcat(*b) for b in bumps)
    u, v = u + iu, v + iv
    return ca.Function("step", [s], [ca.vertcat(x + cx + H * u, y + cy + H * v, u, v)])


def billiards(steps: int, how: str = "vm") -> Run:
    start = rack()
    n = len(start)
    z = ca.MX.sym("z", 4)
    rest = ca.DM.zeros(n - 1)
    first = ca.vertcat(z[0], start[1:, 0], z[1], start[1:, 1], z[2], rest, z[3], rest)
    last = _step(n).mapaccum("all", steps)(first)[:, -1]
    loss = (last[n - 1] - GOAL[0]) ** 2 + (last[2 * n - 1] - GOAL[1]) ** 2
    both = ca.Function("both", [z], [loss, ca.gradient(loss, z)])
    if how == "c":
        both = _built(both)

    def run(z: Array) -> tuple[float, Array]:
        loss, gradient = both(z)
        return float(loss), np.asarray(gradient).ravel()

    return run


def _built(f: Any) -> Any:
    folder, here = tempfile.mkdtemp(), os.getcwd()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chdir(folder)  # it can only write into the working folder
    f.generate("both.c")
    subprocess.run(
        ["gcc", "-O3", "-march=native", "-ffast-math", "-shared", "-fPIC", "both.c", "-o", "both.so"], check=True
    )
    os.chdir(here)
    return ca.external("both", os.path.join(folder, "both.so"))


def family(seed: int) -> Run:
    """A step is one function of scalar expressions, on its virtual machine."""
    it = small(seed)
    n = it.n
    s, t = ca.SX.sym("s", 4 * n), ca.SX.sym("t")
    x, y, u, v = s[0 : 2 * n : 2], s[1 : 2 * n : 2], s[2 * n :: 2], s[2 * n + 1 :: 2]
    f, g = [ca.SX(0)] * n, [ca.SX(0)] * n
    for group in it.groups:
        for p, q, a, b in zip(group.p, group.q, group.a, group.b, strict=True):
            dx, dy = x[p] - x[q], y[p] - y[q]
            near = dx * dx + dy * dy
            size = LAWS[group.law](ca, near, dx * (u[p] - u[q]) + dy * (v[p] - v[q]), a, b)
            if group.law in REACHES:
                size = ca.if_else(near < b * b, size, 0.0)
            f[p], f[q], g[p], g[q] = f[p] + size * dx, f[q] - size * dx, g[p] + size * dy, g[q] - size * dy
    after: list[Any] = []
    for i in range(n):
        drag = it.drag * ca.sqrt(u[i] * u[i] + v[i] * v[i] + 1e-6)
        drive = it.drive * ca.sin(5.0 * STEP * t + y[i]) if it.drive else 0.0
        ground = ca.if_else(y[i] < 0, -it.ground * y[i], 0.0) if it.ground else 0.0
        after += [u[i] + STEP * (f[i] - drag * u[i] + drive), v[i] + STEP * (g[i] - drag * v[i] + ground)]
    w = ca.vertcat(*after)
    step = ca.Function("step", [s, t], [ca.vertcat(s[: 2 * n] + STEP * w, w)])
    z = ca.MX.sym("z", 4 * n)
    last = step.mapaccum("all", it.steps)(z, ca.DM(range(it.steps)).T)[:, -1]
    miss, w = last[2 * n - 2 : 2 * n] - it.goal, last[2 * n :]
    loss = ca.dot(miss, miss) + 0.1 * ca.dot(w, w)
    both = ca.Function("both", [z], [loss, ca.gradient(loss, z)])

    def run(z: Array) -> tuple[float, Array]:
        loss, gradient = both(z)
        return float(loss), np.asarray(gradient).ravel()

    return run


def mass_spring(steps: int) -> Run:
    """A step is one function of scalar expressions of state and weights."""
    body, hidden, h = robot(), 32, 0.004
    n, m = len(body.nodes), len(body.springs)
    inputs = 10 + 4 * n + 2
    shapes = (hidden, inputs), (hidden, 1), (m, hidden), (m, 1)
    cuts = np.cumsum([0, *(a * b for a, b in shapes)])
    s, t, z = ca.SX.sym("s", 4 * n), ca.SX.sym("t"), ca.SX.sym("z", int(cuts[-1]))
    # CasADi's matrices go column by column, ours row by row.
    w1, b1, w2, b2 = (ca.reshape(z[a:b], q, p).T for (p, q), a, b in zip(shapes, cuts, cuts[1:], strict=False))
    x, v = (ca.reshape(part, 2, n).T for part in (s[: 2 * n], s[2 * n :]))
    c = ca.sum1(x) / n
    waves = ca.sin(10.0 * h * t + 2 * np.pi / 10 * np.arange(10))
    seen = ca.horzcat(0.05 * (x - ca.repmat(c, n, 1)), 0.05 * v)
    told = ca.vertcat(waves, ca.vec(seen.T), (np.array([[0.9, 0.2]]) - c).T)
    a = ca.tanh(w2 @ ca.tanh(w1 @ told + b1) + b2)
    rest, stiffness, actuation = (body.of_springs(k) for k in (2, 3, 4))
    w = np.exp(-h * 15.0) * v + np.array([[0.0, -4.8 * h]] * n)
    for k, (p, q) in enumerate(body.ends.tolist()):
        d = x[p, :] - x[q, :]
        length = ca.sqrt(ca.sumsqr(d)) + 1e-4
        given = h * stiffness[k] * (length - rest[k] * (1 + a[k] * actuation[k])) / length * d
        w[p, :] -= given
        w[q, :] += given
    hits = ca.logic_and(x[:, 1] + h * w[:, 1] < 0.1, w[:, 1] < -1e-4)
    tau = ca.if_else(hits, -(x[:, 1] - 0.1) / ca.if_else(hits, w[:, 1], 1.0), 0.0)
    after = ca.repmat(ca.if_else(hits, 0.0, 1.0), 1, 2) * w
    moved = x + ca.repmat(tau, 1, 2) * w + ca.repmat(h - tau, 1, 2) * after
    step = ca.Function("step", [s, t, z], [ca.vertcat(ca.vec(moved.T), ca.vec(after.T))])
    tuned = ca.MX.sym("z", int(cuts[-1]))
    start = ca.DM(np.concatenate([body.positions.ravel(), np.zeros(2 * n)]))
    last = step.mapaccum("all", steps)(start, ca.DM(range(steps)).T, ca.repmat(tuned, 1, steps))[:, -1]
    both = ca.Function("both", [tuned], [-last[0], ca.gradient(-last[0], tuned)])

    def run(z: Array) -> tuple[float, Array]:
        loss, gradient = both(z)
        return float(loss), np.asarray(gradient).ravel()

    return run
