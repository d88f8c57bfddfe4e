"""A fly-by: its path, its closest approach and their derivatives, held against SciPy and Jacobi's integral."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from rosesim.scenes import SceneError, compiled, configure, find_scene, rollout
from rosesim.scenes.picture import picture
from rosesim.train import train

FlyBy: Any = find_scene("fly_by")
SCENE = FlyBy()
SUN, ORBIT = 4.0 * np.pi**2, 5.203
PLANET, TURN = SUN / 1047.35, 2.0 * np.pi / ORBIT**1.5
CLOSE = replace(SCENE.params(None), speed=8.4911, angle=-0.00666)
"""A launch that passes within the distance that is safe."""


def planet(t: Any) -> np.ndarray:
    a = SCENE.inputs().phase + TURN * t
    return ORBIT * np.array([np.cos(a), np.sin(a)])


@cache
def reference(speed: float, angle: float) -> tuple[np.ndarray, float, float]:
    """By SciPy: the end, and the moment and the distance of the closest approach."""

    def f(t: float, y: np.ndarray) -> np.ndarray:
        x, r = y[:2], y[:2] - planet(t)
        return np.array([*y[2:], *(-SUN * x / np.hypot(*x) ** 3 - PLANET * r / np.hypot(*r) ** 3)])

    def recedes(t: float, y: np.ndarray) -> float:
        p = planet(t)
        return float((y[:2] - p) @ (y[2:] - TURN * np.array([-p[1], p[0]])))

    start = [1.0, 0.0, speed * np.sin(angle), speed * np.cos(angle)]
    recedes.direction = 1.0  # type: ignore[attr-defined]
    found = solve_ivp(f, (0.0, 5.0), start, method="DOP853", rtol=1e-12, atol=1e-13, events=recedes)
    t, y = found.t_events[0][0], found.y_events[0][0]
    return found.y[:, -1], t, float(np.hypot(*(y[:2] - planet(t))))


def loss_of(speed: float, angle: float) -> float:
    end, _, closest = reference(speed, angle)
    inputs = SCENE.inputs()
    return float(np.sum((end[:2] - inputs.goal) ** 2) + 10.0 * max(0.0, 1.0 - closest / inputs.safe) ** 2)


def test_the_path_and_the_closest_approach_are_those_of_another_solver():
    path = rollout(SCENE, CLOSE).stacked
    end, t, closest = reference(CLOSE.speed, CLOSE.angle)
    assert path.closest[-1] == pytest.approx(closest, rel=1e-6)
    assert np.abs(path.time - t).min() < 1e-8  # one frame ends at the event
    assert path.time[-1] == pytest.approx(5.0, abs=1e-12)
    assert np.array([*path.position[-1], *path.velocity[-1]]) == pytest.approx(
        end, abs=1e-5
    )  # magnified by the passage


def test_jacobis_integral_is_kept():
    """Energy less the planet's turn times angular momentum: constant, because the forces turn steadily."""
    path = rollout(SCENE, CLOSE).stacked
    x, v = np.asarray(path.position), np.asarray(path.velocity)
    near = np.linalg.norm(x - planet(np.asarray(path.time)).T, axis=1)
    energy = 0.5 * (v**2).sum(1) - SUN / np.linalg.norm(x, axis=1) - PLANET / near
    jacobi = energy - TURN * (x[:, 0] * v[:, 1] - x[:, 1] * v[:, 0])
    assert jacobi == pytest.approx(jacobi[0], abs=1e-6)
    assert np.ptp(energy) > 3.0  # while the energy is not: that is what a fly-by is for


@pytest.mark.parametrize("params", [SCENE.params(None), CLOSE], ids=["at first", "penalised"])
def test_the_gradient_is_that_of_another_solvers_loss(params: Any):
    loss, gradient = compiled(SCENE).value_and_grad(params, SCENE.inputs())
    at, e = (params.speed, params.angle), 1e-6
    assert loss == pytest.approx(loss_of(*at), abs=1e-4)
    by_speed = (loss_of(at[0] + e, at[1]) - loss_of(at[0] - e, at[1])) / (2.0 * e)
    by_angle = (loss_of(at[0], at[1] + e) - loss_of(at[0], at[1] - e)) / (2.0 * e)
    assert (gradient.speed, gradient.angle) == pytest.approx((by_speed, by_angle), rel=1e-3, abs=1e-2)


def test_a_descent_finds_a_launch_to_the_goal():
    losses = train(SCENE).losses
    assert losses[0] == pytest.approx(loss_of(8.5, 0.0), abs=1e-4)
    assert losses[-1] < 0.12


def test_dragging_moves_the_goal_or_turns_the_launch():
    params, inputs = picture(SCENE).drag("goal", (-9.0, 2.0), SCENE.params(None), SCENE.inputs())
    assert inputs.goal.tolist() == [-9.0, 2.0] and params == SCENE.params(None)
    params, _ = picture(SCENE).drag(
        "launch", (1.0 + 0.2 * 9.0 * np.sin(0.3), 0.2 * 9.0 * np.cos(0.3)), params, inputs
    )
    assert (params.speed, params.angle) == pytest.approx((9.0, 0.3))
    assert picture(SCENE).handles(params, inputs)["launch"] == pytest.approx(
        (1.0 + 1.8 * np.sin(0.3), 1.8 * np.cos(0.3))
    )


@pytest.mark.parametrize(("setting", "message"), [("years=0", "years is positive"), ("rtol=1", "rtol is between")])
def test_settings_that_make_no_sense_are_refused(setting: str, message: str):
    with pytest.raises(SceneError, match=message):
        configure(FlyBy, [setting])
