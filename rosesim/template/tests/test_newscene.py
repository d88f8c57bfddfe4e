"""What a physicist would check of the throw."""

from typing import Any

import numpy as np
import pytest
from newscene import Newscene

from rosesim.scenes import compiled, rollout
from rosesim.scenes.check import check_gradient
from rosesim.train import train


def test_without_air_the_path_is_the_parabola() -> None:
    """Symplectic Euler falls by h^2 g k (k + 1) / 2 in k steps."""
    scene = Newscene(air=0.0)
    k = np.arange(scene.steps + 1)
    path: Any = rollout(scene).stacked.position
    assert path[:, 0] == pytest.approx(3.0 * scene.h * k, abs=1e-12)
    assert path[:, 1] == pytest.approx(4.0 * scene.h * k + scene.gravity * scene.h**2 * k * (k + 1) / 2, abs=1e-12)


def test_without_air_the_gradient_is_the_closed_form() -> None:
    """The end moves by the duration times a change of the throw."""
    scene = Newscene(air=0.0)
    params, inputs = scene.params(np.random.default_rng(0)), scene.inputs()
    _, gradient = compiled(scene).value_and_grad(params, inputs)
    miss = np.asarray(rollout(scene)[-1].position) - inputs.goal
    assert gradient.velocity == pytest.approx(2 * miss * scene.steps * scene.h, rel=1e-12)


def test_the_gradient_is_right() -> None:
    found = check_gradient(Newscene())
    assert found.passed, found


def test_training_hits_the_goal() -> None:
    assert train(Newscene()).losses[-1] < 1e-3
