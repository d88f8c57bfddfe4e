"""How our scenes compare with the same mathematics in JAX, in one sitting, on one core, in double precision.

    pip install -r benchmarks/peers.txt
    taskset -c 0 python benchmarks/jax_scenes.py [wave|smoke|mass_spring_simple ...] [--rounds 10]

JAX is jitted, its loops are lax.scan. Its loss and gradient must equal ours to 1e-9 before a time counts. The
programs take turns. Prints a JSON object per line: milliseconds (medians) of value and gradient, JAX's over
ours, and the compile time of each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from rosesim.scenes import compiled, configure, find_scene

jax.config.update("jax_enable_x64", True)
Loss = Callable[[Any], Any]
AGREEMENT = 1e-9


def five_point(p: Any) -> Any:
    q = jnp.pad(p, 1)
    return q[:-2, 1:-1] + q[2:, 1:-1] + q[1:-1, :-2] + q[1:-1, 2:] - 4 * p


def wave(scene: Any, inputs: Any) -> tuple[Loss, Any]:
    wanted = jnp.asarray(inputs.wanted)

    def loss(x: Any) -> Any:
        first = x["height"]

        def step(s: Any, _: Any) -> Any:
            before, now = s
            return (now, 2 * now - before + five_point(now) / 3), None

        (_, last), _ = lax.scan(step, (first, first + five_point(first) / 6), None, scene.steps - 1)
        return ((wanted - last) ** 2).mean()

    i, j = np.mgrid[: scene.n, : scene.n]
    return loss, {"height": 0.1 * np.sin(1 + 0.37 * i + 0.61 * j)}


def smoke(scene: Any, inputs: Any) -> tuple[Loss, Any]:
    n = scene.n
    smoke0, wanted = jnp.asarray(inputs.smoke), jnp.asarray(inputs.wanted)
    y, x = jnp.mgrid[:n, :n]

    def carried(f: Any, v: Any) -> Any:
        a, b = y - v[..., 0], x - v[..., 1]
        i, j = jnp.floor(a), jnp.floor(b)
        r, q = a - i, b - j
        if f.ndim == 3:
            r, q = r[..., None], q[..., None]
        i, j = i.astype(int) % n, j.astype(int) % n
        k, m = (i + 1) % n, (j + 1) % n
        return (1 - r) * ((1 - q) * f[i, j] + q * f[i, m]) + r * ((1 - q) * f[k, j] + q * f[k, m])

    def central(p: Any, axis: int) -> Any:
        return jnp.roll(p, -1, axis) - jnp.roll(p, 1, axis)

    def step(s: Any, _: Any) -> Any:
        smoke, v = s
        u = carried(v, v)
        d = -0.5 / n * (central(u[..., 0], 0) + central(u[..., 1], 1))

        def sweep(p: Any, _: Any) -> Any:
            around = jnp.roll(p, 1, 0) + jnp.roll(p, -1, 0) + jnp.roll(p, 1, 1) + jnp.roll(p, -1, 1)
            return (d + around) / 4, None

        p, _ = lax.scan(sweep, jnp.zeros((n, n)), None, scene.sweeps)
        v = u - n / 2 * jnp.stack([central(p, 0), central(p, 1)], -1)
        return (carried(smoke, v), v), None

    def loss(params: Any) -> Any:
        (last, _), _ = lax.scan(step, (smoke0, params["wind"]), None, scene.steps)
        return ((wanted - last) ** 2).mean()

    k = 2 * np.pi / n
    i, j = np.mgrid[:n, :n]
    along_x = np.cos(1 + k * (2 * i - j)) + 0.5 * np.sin(k * 3 * j)
    return loss, {"wind": 0.3 * np.stack([np.sin(1 + k * (i + 2 * j)), along_x], -1)}


def mass_spring_simple(scene: Any, inputs: Any) -> tuple[Loss, Any]:
    ends = np.array([[0, 1], [1, 2], [2, 0]])
    start = jnp.array([[0.3, 0.5], [0.3, 0.4], [0.4, 0.4]])
    h, wall = scene.h, 0.4

    def loss(params: Any) -> Any:
        rest = params["rest"]

        def step(s: Any, _: Any) -> Any:
            x, v = s
            d = x[ends[:, 0]] - x[ends[:, 1]]
            length = jnp.sqrt((d**2).sum(1)) + 1e-4
            f = (10.0 * (length - rest) / length)[:, None] * d
            force = jnp.zeros_like(x).at[ends[:, 0]].add(-f).at[ends[:, 1]].add(f)
            w = jnp.exp(-20.0 * h) * v + h * force
            hits = (x[:, 0] + h * w[:, 0] > wall) & (w[:, 0] > 0)
            slid = w[:, 1] - jnp.sign(w[:, 1]) * jnp.minimum(jnp.abs(w[:, 1]), 0.01 * w[:, 0])
            after = jnp.where(hits[:, None], jnp.stack([jnp.zeros(3), slid], 1), w)
            safe = jnp.where(hits, w[:, 0], 1.0)
            tau = jnp.where(hits, jnp.clip((wall - x[:, 0]) / safe, 0.0, h), h)[:, None]
            return (x + tau * w + (h - tau) * after, after), None

        (x, _), _ = lax.scan(step, (start, jnp.zeros((3, 2))), None, scene.steps)
        a, b = x[0] - x[1], x[0] - x[2]
        return (0.5 * jnp.abs(a[0] * b[1] - a[1] * b[0]) - 0.1) ** 2

    return loss, {"rest": np.array([0.3, 0.25, 0.35])}


SCENES = {"wave": wave, "smoke": smoke, "mass_spring_simple": mass_spring_simple}


def measure(name: str, rounds: int) -> dict[str, Any]:
    scene, inputs = configure(find_scene(name), [])
    loss, at = SCENES[name](scene, inputs)
    theirs = jax.jit(jax.value_and_grad(loss))
    program = compiled(scene)
    begun = time.perf_counter()
    _ = program.value_and_grad
    ours_compiles = time.perf_counter() - begun
    begun = time.perf_counter()
    value, gradient = jax.block_until_ready(theirs(at))
    jax_compiles = time.perf_counter() - begun
    ((leaf, array),) = at.items()
    params = program.flat.unflatten(array.ravel())
    ours, mine = program.value_and_grad(params, inputs)
    found, expected = np.ravel(next(iter(vars(mine).values()))), np.ravel(gradient[leaf])
    if not (
        np.isclose(ours, value, rtol=AGREEMENT) and np.abs(found - expected).max() < AGREEMENT * np.abs(found).max()
    ):
        raise SystemExit(f"{name}: ours and JAX do not agree: losses {ours} and {value}")
    times: dict[str, list[float]] = {"ours": [], "jax": []}
    for _ in range(rounds):
        begun = time.perf_counter()
        program.value_and_grad(params, inputs)
        times["ours"].append(1e3 * (time.perf_counter() - begun))
        begun = time.perf_counter()
        jax.block_until_ready(theirs(at))
        times["jax"].append(1e3 * (time.perf_counter() - begun))
    ms = {k: statistics.median(t) for k, t in times.items()}
    compiles = {"ours": ours_compiles, "jax": jax_compiles}
    return {
        "scene": name,
        "jax": jax.__version__,
        "ms": ms,
        "ratio": ms["jax"] / ms["ours"],
        "compile_seconds": compiles,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenes", nargs="*", default=list(SCENES))
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    for name in given.scenes:
        print(json.dumps(measure(name, given.rounds)), flush=True)


if __name__ == "__main__":
    main()
