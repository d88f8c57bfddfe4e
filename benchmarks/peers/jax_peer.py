"""JAX: jitted, loops as lax.scan, a batch by vmap."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from family import LAWS, REACHES, small
from family import H as STEP
from given import GOAL, Array, E, H, R, Run, points, rack, robot  # noqa: F401 -- points is for serve.py
from jax import lax

jax.config.update("jax_enable_x64", True)
VERSION = jax.__version__


def _run(f: Any) -> Run:
    def run(z: Array) -> Any:
        return jax.block_until_ready(f(z))

    return run


def _billiards(steps: int) -> Any:
    start, others = rack(), ~np.eye(len(rack()), dtype=bool)

    def step(state: Any, _: Any) -> Any:
        x, v = state
        ahead = x + H * v
        d = ahead[:, None] - ahead
        q = (d**2).sum(-1)
        near = (q < (2 * R) ** 2) & others
        length = jnp.sqrt(jnp.where(near, q, 1.0))
        u = d / (length + 1e-6)[..., None]
        s = (u * (v[:, None] - v)).sum(-1)
        impulse = jnp.where(near & (s < 0), -(1 + E) / 2 * s, 0.0)[..., None] * u
        tau = (length - 2 * R) / jnp.minimum(-1e-3, s)
        shift = jnp.minimum(tau - H, 0.0)[..., None] * impulse
        after = v + impulse.sum(1)
        return (x + shift.sum(1) + H * after, after), None

    def loss(z: Any) -> Any:
        x = jnp.asarray(start).at[0].set(z[:2])
        v = jnp.zeros_like(x).at[0].set(z[2:])
        (x, _), _ = lax.scan(step, (x, v), None, steps)
        return ((x[-1] - GOAL) ** 2).sum()

    return jax.value_and_grad(loss)


def billiards(steps: int) -> Run:
    return _run(jax.jit(_billiards(steps)))


def batch(steps: int, shots: int) -> Run:
    return _run(jax.jit(jax.vmap(_billiards(steps))))


def mass_spring(steps: int) -> Run:
    body, hidden, h = robot(), 32, 0.004
    n, m = len(body.nodes), len(body.springs)
    inputs = 10 + 4 * n + 2
    p, q = body.ends.T
    rest, stiffness, actuation = (body.of_springs(k) for k in (2, 3, 4))
    keep, pull, ground = np.exp(-h * 15.0), np.array([0.0, -4.8 * h]), 0.1
    cuts = np.cumsum([hidden * inputs, hidden, hidden * m])

    def loss(z: Any) -> Any:
        w1, b1, w2, b2 = jnp.split(z, cuts)
        w1, w2 = w1.reshape(hidden, inputs), w2.reshape(m, hidden)

        def step(state: Any, t: Any) -> Any:
            x, v = state
            c = x.mean(0)
            waves = jnp.sin(10.0 * h * t + 2 * np.pi / 10 * np.arange(10))
            seen = jnp.concatenate([0.05 * (x - c), 0.05 * v], axis=1).ravel()
            told = jnp.concatenate([waves, seen, np.array([0.9, 0.2]) - c])
            a = jnp.tanh(w2 @ jnp.tanh(w1 @ told + b1) + b2)
            d = x[p] - x[q]
            length = jnp.sqrt((d**2).sum(1)) + 1e-4
            given = (h * stiffness * (length - rest * (1 + a * actuation)) / length)[:, None] * d
            w = keep * v + pull + jnp.zeros_like(x).at[p].add(-given).at[q].add(given)
            hits = (x[:, 1] + h * w[:, 1] < ground) & (w[:, 1] < -1e-4)
            tau = jnp.where(hits, -(x[:, 1] - ground) / jnp.where(hits, w[:, 1], 1.0), 0.0)[:, None]
            after = jnp.where(hits[:, None], 0.0, w)
            return (x + tau * w + (h - tau) * after, after), None

        start = jnp.asarray(body.positions)
        (x, _), _ = lax.scan(step, (start, jnp.zeros_like(start)), jnp.arange(steps, dtype=float))
        return -x[0, 0]

    return _run(jax.jit(jax.value_and_grad(loss)))


def family(seed: int) -> Run:
    """The pairs under a law are arrays."""
    it = small(seed)
    n = it.n

    def step(state: Any, t: Any) -> Any:
        x, v = state
        f = jnp.zeros_like(x)
        for g in it.groups:
            d, r = x[g.p] - x[g.q], v[g.p] - v[g.q]
            near = (d * d).sum(1)
            size = LAWS[g.law](jnp, near, (d * r).sum(1), g.a, g.b)
            if g.law in REACHES:
                size = jnp.where(near < g.b * g.b, size, 0.0)
            pull = size[:, None] * d
            f = f.at[g.p].add(pull).at[g.q].add(-pull)
        if it.drag:
            f = f - it.drag * jnp.sqrt((v * v).sum(1, keepdims=True) + 1e-6) * v
        if it.drive:
            f = f.at[:, 0].add(it.drive * jnp.sin(5.0 * STEP * t + x[:, 1]))
        if it.ground:
            f = f.at[:, 1].add(jnp.where(x[:, 1] < 0, -it.ground * x[:, 1], 0.0))
        v = v + STEP * f
        return (x + STEP * v, v), None

    def loss(z: Any) -> Any:
        (x, v), _ = lax.scan(step, tuple(z.reshape(2, n, 2)), jnp.arange(it.steps, dtype=float))
        return ((x[-1] - it.goal) ** 2).sum() + 0.1 * (v * v).sum()

    return _run(jax.jit(jax.value_and_grad(loss)))
