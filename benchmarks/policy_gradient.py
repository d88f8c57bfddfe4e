"""How soon a policy balances a pole: by the gradient of the reward through the physics, and by PPO.

    python benchmarks/policy_gradient.py        # with torch and stable-baselines3, else without PPO

The scene is examples/balance.py, for both: the same physics, starts and reward. The gradient is that of 64 rollouts
of 80 steps at a time; PPO (stable-baselines3) has 8 environments and the settings of tests/interop. After every few
updates the policy acts in the same 200 episodes: mean return (200 is the most) and the part in which the pole stands
to the end. Seconds are those of learning alone, compilation apart. Prints JSON, a line for each judgement.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from examples.balance import HORIZON, Balance, acting, descend, judged

RUNS, ENVS, SEEDS = 64, 8, 3


def shown(how: str, seed: int, steps: int, seconds: float, agent: Callable[[Any], Any]) -> None:
    """Judge the agent and print."""
    total, stands = judged(agent, Balance())
    row = {"how": how, "seed": seed, "steps": steps, "seconds": round(seconds, 2)}
    print(json.dumps({**row, "return": round(total, 1), "stands": stands}), flush=True)


def by_gradient(seed: int) -> None:
    """Sixty updates."""
    updates = descend(Balance(), 61, seed, RUNS)
    next(updates)  # compiles
    seconds = 0.0
    start = time.perf_counter()
    for i, (net, _) in enumerate(updates, 1):
        seconds += time.perf_counter() - start
        if i in (5, 10, 20, 40, 60):
            shown("gradient", seed, (i + 1) * RUNS * HORIZON, seconds, acting(net))
        start = time.perf_counter()


def by_ppo(seed: int) -> None:
    """Thirty thousand steps."""
    import torch  # pyright: ignore[reportMissingImports] -- no dependency
    from stable_baselines3 import PPO  # pyright: ignore[reportMissingImports] -- nor this one
    from stable_baselines3.common.vec_env import DummyVecEnv  # pyright: ignore[reportMissingImports] -- as above

    from rosesim.interop.gymnasium import SceneEnv

    torch.set_num_threads(1)
    envs = DummyVecEnv([lambda: SceneEnv(Balance())] * ENVS)
    how: dict[str, Any] = {"n_steps": 128, "batch_size": 256, "gamma": 0.98, "gae_lambda": 0.9, "learning_rate": 1e-3}
    model = PPO("MlpPolicy", envs, seed=seed, device="cpu", **how)
    seconds = 0.0
    for _ in range(3):
        start = time.perf_counter()
        model.learn(10_240, reset_num_timesteps=False)
        seconds += time.perf_counter() - start
        shown("PPO", seed, model.num_timesteps, seconds, lambda seen: model.predict(seen, deterministic=True)[0])


def main() -> None:
    """Both, for each seed."""
    for seed in range(SEEDS):
        by_gradient(seed)
        if find_spec("stable_baselines3") is not None:
            by_ppo(seed)


if __name__ == "__main__":
    main()
