"""PyTorch: a Python loop of tensor operations, differentiated by its tape.

`how` is eager, or compiled: the step through torch.compile, so that a step is a few calls instead of fifty.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from given import GOAL, Array, E, H, R, Run, points, rack, robot  # noqa: F401 -- points is for serve.py

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
VERSION = torch.__version__


def _run(loss: Any) -> Run:
    def run(z: Array) -> tuple[float, Array]:
        given = torch.tensor(z, requires_grad=True)
        value = loss(given)
        (gradient,) = torch.autograd.grad(value, given)
        return float(value), gradient.numpy()

    return run


def _prepared(step: Any, how: str) -> Any:
    return torch.compile(step) if how == "compiled" else step


def billiards(steps: int, how: str = "eager") -> Run:
    start, goal = torch.tensor(rack()), torch.tensor(GOAL)
    others = ~torch.eye(len(start), dtype=torch.bool)
    one, zero = torch.tensor(1.0), torch.tensor(0.0)
    least = torch.tensor(-1e-3)

    def step(x: Any, v: Any) -> tuple[Any, Any]:
        ahead = x + H * v
        d = ahead[:, None] - ahead
        q = (d * d).sum(-1)
        near = (q < (2 * R) ** 2) & others
        length = torch.sqrt(torch.where(near, q, one))
        u = d / (length + 1e-6)[..., None]
        s = (u * (v[:, None] - v)).sum(-1)
        impulse = torch.where(near & (s < 0), -(1 + E) / 2 * s, zero)[..., None] * u
        tau = (length - 2 * R) / torch.minimum(least, s)
        shift = torch.clamp(tau - H, max=0.0)[..., None] * impulse
        after = v + impulse.sum(1)
        return x + shift.sum(1) + H * after, after

    step = _prepared(step, how)

    def loss(z: Any) -> Any:
        x = torch.cat([z[None, :2], start[1:]])
        v = torch.cat([z[None, 2:], torch.zeros_like(start[1:])])
        for _ in range(steps):
            x, v = step(x, v)
        return ((x[-1] - goal) ** 2).sum()

    return _run(loss)


def mass_spring(steps: int, how: str = "eager") -> Run:
    body, hidden, h = robot(), 32, 0.004
    n, m = len(body.nodes), len(body.springs)
    inputs = 10 + 4 * n + 2
    p, q = torch.tensor(body.ends.T)
    rest, stiffness, actuation = (torch.tensor(body.of_springs(k)) for k in (2, 3, 4))
    keep, pull, ground = float(np.exp(-h * 15.0)), torch.tensor([0.0, -4.8 * h]), 0.1
    start, goal = torch.tensor(body.positions), torch.tensor([0.9, 0.2])
    t = torch.arange(steps, dtype=torch.float64)
    waves = torch.sin(10.0 * h * t[:, None] + 2 * np.pi / 10 * torch.arange(10))
    one, zero = torch.tensor(1.0), torch.tensor(0.0)
    sizes = [hidden * inputs, hidden, hidden * m, m]

    def step(x: Any, v: Any, wave: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> tuple[Any, Any]:
        c = x.mean(0)
        seen = torch.cat([0.05 * (x - c), 0.05 * v], dim=1).reshape(-1)
        a = torch.tanh(w2 @ torch.tanh(w1 @ torch.cat([wave, seen, goal - c]) + b1) + b2)
        d = x[p] - x[q]
        length = torch.sqrt((d * d).sum(1)) + 1e-4
        given = (h * stiffness * (length - rest * (1 + a * actuation)) / length)[:, None] * d
        w = (keep * v + pull).index_add(0, p, -given).index_add(0, q, given)
        hits = (x[:, 1] + h * w[:, 1] < ground) & (w[:, 1] < -1e-4)
        tau = torch.where(hits, -(x[:, 1] - ground) / torch.where(hits, w[:, 1], one), zero)[:, None]
        after = torch.where(hits[:, None], zero, w)
        return x + tau * w + (h - tau) * after, after

    step = _prepared(step, how)

    def loss(z: Any) -> Any:
        w1, b1, w2, b2 = torch.split(z, sizes)
        w1, w2 = w1.reshape(hidden, inputs), w2.reshape(m, hidden)
        x, v = start, torch.zeros_like(start)
        for wave in waves:
            x, v = step(x, v, wave, w1, b1, w2, b2)
        return -x[0, 0]

    return _run(loss)
