"""PPO of stable-baselines3 learns to balance the pole in our environment."""

from __future__ import annotations

from typing import Any

import pytest

from examples.balance import Balance, judged
from rosesim.interop.gymnasium import SceneEnv

pytestmark = pytest.mark.full  # half a minute of PyTorch; .ci/bridges runs it


def test_ppo_learns_to_balance():
    sb3: Any = pytest.importorskip("stable_baselines3")
    import torch  # pyright: ignore[reportMissingImports] -- as above
    from stable_baselines3.common.vec_env import DummyVecEnv  # pyright: ignore[reportMissingImports] -- as above

    torch.set_num_threads(1)  # of so small a network, threads cost more than they bring
    scene = Balance()
    envs = DummyVecEnv([lambda: SceneEnv(scene)] * 8)
    how = {"n_steps": 128, "batch_size": 256, "gamma": 0.98, "gae_lambda": 0.9, "learning_rate": 1e-3}
    model = sb3.PPO("MlpPolicy", envs, seed=0, device="cpu", **how)

    def agent(seen: Any) -> Any:
        return model.predict(seen, deterministic=True)[0]

    _, before = judged(agent, scene)
    model.learn(20_480)
    total, stands = judged(agent, scene)
    assert before < 0.1 and stands > 0.9 and total > 180.0
