"""The cloth of examples/cloth.py: its step is linearised backward Euler, and its properties are found again."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import interpreted

import rosesim as rs
from rosesim import Real, fn

FILE = Path(__file__).parents[2] / "examples" / "cloth.py"
_spec = importlib.util.spec_from_file_location("cloth", FILE)
assert _spec is not None and _spec.loader is not None
cloth: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cloth)


def test_a_step_is_linearised_backward_euler_of_all_springs():
    """Assembled spring by spring in NumPy, without the part by which a compressed spring gives way sideways."""
    n, rng = 3, np.random.default_rng(0)
    s = np.linspace(0.0, 1.0, n)
    x = np.stack([*np.meshgrid(s, s), 0 * s[:, None] * s], axis=2) + 0.1 * rng.normal(size=(n, n, 3))
    v, k, damping = rng.normal(size=(n, n, 3)), (100.0, 100.0, 20.0, 20.0), 1.5
    gap, m, h = 1.0 / (n - 1), cloth.MASS / n**2, cloth.H
    force, stiff = np.zeros((n * n, 3)), np.zeros((n * n, 3, n * n, 3))
    for i in range(n):
        for j in range(n):
            for di, dj, of_kind in ((1, 0, 0), (0, 1, 1), (1, 1, 2), (1, -1, 3)):
                if not (i + di < n and 0 <= j + dj < n):
                    continue
                a, b = i * n + j, (i + di) * n + j + dj
                d = x[i + di, j + dj] - x[i, j]
                length, rest = np.linalg.norm(d), gap * np.hypot(di, dj)
                u = d / length
                pull = k[of_kind] * (length - rest) * u
                force[a] += pull
                force[b] -= pull
                block = k[of_kind] * (np.outer(u, u) + max(0.0, 1 - rest / length) * (np.eye(3) - np.outer(u, u)))
                for p, q, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
                    stiff[p, :, q] += sign * block
    stiff = stiff.reshape(n * n * 3, n * n * 3)
    free = np.repeat(~np.isin(np.arange(n * n), (0, n - 1)), 3)
    right = h * (force.ravel() / m + np.tile([0, 0, -9.81], n * n) - damping * v.ravel() - h / m * stiff @ v.ravel())
    matrix = (1 + h * damping) * np.eye(n * n * 3) + h**2 / m * stiff
    gained = np.zeros(n * n * 3)
    gained[free] = np.linalg.solve(matrix[np.ix_(free, free)], right[free])
    wanted = v.ravel() + gained

    @fn
    def after(x: Any, v: Any, damping: Real) -> Any:
        return cloth.step(x, v, k, damping)

    place, speed = interpreted(after, x, v, damping)
    assert np.asarray(speed).ravel() == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    assert np.asarray(place) == pytest.approx(x + h * np.asarray(speed), rel=1e-12)


def test_the_last_shape_has_the_derivative_of_differences(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cloth, "STEPS", 2)
    loss, seen, at = cloth.mismatch(3), np.zeros((3, 3, 3)), np.log(cloth.FIRST)
    ahead, back = (interpreted(loss, at + e * np.array([1.0, -2.0, 0.5]), seen) for e in (1e-4, -1e-4))
    gradient = interpreted(rs.grad(loss, wrt=0), at, seen)
    assert gradient @ [1.0, -2.0, 0.5] == pytest.approx((ahead - back) / 2e-4, rel=1e-6)


@pytest.mark.full
def test_a_cloth_of_1024_masses_is_identified_and_its_gradient_is_that_of_differences():
    loss, seen = cloth.mismatch(32), np.asarray(cloth.fallen(32)(np.log(cloth.TRUE)))
    at, gradient = np.log(cloth.FIRST), rs.grad(loss, wrt=0)(np.log(cloth.FIRST), seen)
    differences = [(loss(at + e, seen) - loss(at - e, seen)) / 2e-5 for e in 1e-5 * np.eye(3)]
    assert gradient == pytest.approx(differences, rel=1e-6)
    assert np.exp(cloth.identified(32, seen).x) == pytest.approx(cloth.TRUE, rel=1e-6)
