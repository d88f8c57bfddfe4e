"""What the bridges to PyTorch and JAX cost: value and gradient of a loop, alone and in a batch of 64, beside ours.

    python benchmarks/bridges.py        # with torch and jax, or what there is of them

The function is a throw through air, 400 steps, by its two speeds and the drag. Each way has to give our numbers
before its time counts. The least of many calls, in turns, milliseconds. "by hand" makes the batch anew within the
callback, as one does who does not know better. Prints JSON.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from rosesim import Real, Vec, fn, scan, sqrt, value_and_grad, vmap

RUNS, ROUNDS = 64, 60


@fn
def miss(velocity: Vec[Real, 2], drag: Real) -> Real:
    """The squared distance from a target."""

    def step(s: Any, i: Any) -> Any:
        x, y, u, v = s
        slow = 1.0 - 0.005 * drag * sqrt(u * u + v * v)
        u, v = slow * u, slow * v - 0.005 * 9.81
        return x + 0.005 * u, y + 0.005 * v, u, v

    x, y, _, _ = scan(step, (0.0, 0.0, velocity[0], velocity[1]), 400)
    return (x - 8.0) ** 2 + y**2


ALONE = np.array([5.0, 9.0]), 0.05
MANY = np.random.default_rng(0).uniform(4.0, 10.0, (RUNS, 2)), np.linspace(0.0, 0.1, RUNS)


def of_torch() -> dict[str, Callable[[], Any]]:
    """Tensors of float64, backward through the sum of a batch."""
    import torch  # pyright: ignore[reportMissingImports] -- no dependency

    from rosesim.interop.torch import torch_function

    torch.set_num_threads(1)
    one, batch = torch_function(miss), torch_function(vmap(miss))

    def run(f: Any, velocity: Any, drag: Any) -> Any:
        # Of any type, so that the checker says the same with PyTorch and without.
        at: Any = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (velocity, drag)]
        value = f(*at)
        value.sum().backward()
        return value.detach().numpy(), (at[0].grad.numpy(), at[1].grad.numpy())

    return {
        "torch, one": lambda: run(one, *ALONE),
        "torch, torch.func.vmap": lambda: run(torch.func.vmap(one), *MANY),
        "torch, our vmap": lambda: run(batch, *MANY),
    }


def of_jax() -> dict[str, Callable[[], Any]]:
    """Under jit, in double precision."""
    import jax  # pyright: ignore[reportMissingImports] -- no dependency

    from rosesim.interop.jax import jax_function

    jax.config.update("jax_enable_x64", True)
    one = jax.value_and_grad(jax_function(miss), argnums=(0, 1))
    alone, many = jax.jit(one), jax.jit(jax.vmap(one))
    numbers, pairs = jax.ShapeDtypeStruct((RUNS,), float), jax.ShapeDtypeStruct((RUNS, 2), float)

    def anew(velocity: Any, drag: Any) -> Any:
        return vmap(value_and_grad(miss))(np.asarray(velocity), np.asarray(drag))

    by_hand = jax.jit(lambda v, d: jax.pure_callback(anew, (numbers, (pairs, numbers)), v, d))
    return {
        "jax, one": lambda: jax.block_until_ready(alone(*ALONE)),
        "jax, vmap": lambda: jax.block_until_ready(many(*MANY)),
        "jax, by hand": lambda: jax.block_until_ready(by_hand(*MANY)),
    }


def main() -> None:
    """Compare, then measure in turns."""
    both, batch = value_and_grad(miss), vmap(value_and_grad(miss))
    ways: dict[str, Callable[[], Any]] = {"ours, one": lambda: both(*ALONE), "ours, vmap": lambda: batch(*MANY)}
    ways |= of_torch() if find_spec("torch") else {}
    ways |= of_jax() if find_spec("jax") else {}
    for name, run in ways.items():
        value, gradient = run()
        expected, slopes = ways["ours, one" if name.endswith("one") else "ours, vmap"]()
        for a, b in zip((value, *gradient), (expected, *slopes), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9)
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, run in ways.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    print(json.dumps({name: round(1e3 * seconds, 3) for name, seconds in best.items()}, indent=2))


if __name__ == "__main__":
    main()
