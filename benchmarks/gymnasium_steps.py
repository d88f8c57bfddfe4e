"""Steps a second of a scene as Gymnasium's environment: one, and many in lanes, beside Gymnasium's own cart-pole.

    python benchmarks/gymnasium_steps.py

The same physics (a pole on a cart) is stepped by random actions: `SceneEnv`, Gymnasium's CartPole-v1,
`SceneVectorEnv` of several sizes, and Gymnasium's vectorised NumPy version of CartPole-v1. Under random actions an
episode ends after some twenty steps and begins anew, with numbers that Python draws for it; `endless` leaves that
out. The best of several rounds, in which all take turns. Prints JSON: steps a second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv

from examples.balance import Balance, Start
from rosesim.interop.gymnasium import SceneEnv, SceneVectorEnv


@dataclass(frozen=True)
class Endless(Balance):
    """Episodes that no fall ends, all from one start."""

    def sample(self, inputs: Start, rng: np.random.Generator) -> None:
        """No other start."""

    def act(self, state: Any, action: Any, params: Any, inputs: Any) -> tuple[Any, Any, Any]:
        """The same step, and no end."""
        after, reward, _ = super().act(state, action, params, inputs)
        return after, reward, False


ROUNDS = 15
SIZES = (16, 256, 4096)
STEPS, CALLS = 2_000, 50
"""In each round: the steps of all runs together, and at least so many calls."""


def single(env: Any, actions: list[Any]) -> Callable[[], int]:
    """A round of one environment."""

    def run() -> int:
        env.reset(seed=0)
        for action in actions:
            _, _, ended, cut, _ = env.step(action)
            if ended or cut:
                env.reset()
        return len(actions)

    return run


def many(envs: Any, actions: Any) -> Callable[[], int]:
    """A round of a vector of environments."""

    def run() -> int:
        for a in actions:
            envs.step(a)
        return len(actions) * envs.num_envs

    envs.reset(seed=0)
    return run


def main() -> None:
    """Measure in turns and print."""
    rng = np.random.default_rng(0)
    pushes: Any = rng.uniform(-1.0, 1.0, (STEPS, 1)).astype(np.float32)
    sides = [int(a) for a in rng.integers(0, 2, STEPS)]
    rounds: dict[str, Callable[[], int]] = {
        "one, rosesim": single(SceneEnv(Balance()), list(pushes)),
        "one, CartPole-v1": single(gymnasium.make("CartPole-v1", disable_env_checker=True).unwrapped, sides),
    }
    for n in SIZES:
        count = max(CALLS, STEPS // n)
        ours: Any = rng.uniform(-1.0, 1.0, (count, n, 1)).astype(np.float32)
        rounds[f"{n}, rosesim"] = many(SceneVectorEnv(Balance(), n), ours)
        rounds[f"{n}, rosesim, endless"] = many(SceneVectorEnv(Endless(), n), ours)
        theirs = CartPoleVectorEnv(num_envs=n)
        rounds[f"{n}, CartPole-v1 in NumPy"] = many(theirs, rng.integers(0, 2, (count, n)))
    best = dict.fromkeys(rounds, 0.0)
    for _ in range(ROUNDS):
        for name, run in rounds.items():
            start = time.perf_counter()
            steps = run()
            best[name] = max(best[name], steps / (time.perf_counter() - start))
    print(json.dumps({name: round(rate) for name, rate in best.items()}, indent=2))


if __name__ == "__main__":
    main()
