"""Methods for differential equations: their orders, and what they keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rosesim as rs
from rosesim import Real, Vec
from rosesim.numerics.integrate.embedded import METHODS, interpolated
from rosesim.numerics.integrate.field import Field

pytestmark = pytest.mark.usefixtures("unoptimised")

STEPS = (8, 16)
ORDERS = {"euler": 1, "rk4": 4, "dopri5": 5, "backward_euler": 1, "implicit_midpoint": 2, "rodas4": 4}
SYMPLECTIC = {"semi_implicit_euler": 1, "velocity_verlet": 2}
DENSE = {"dopri5": 4, "rodas4": 3}


def bending(t: Any, y: Any) -> Any:
    """y = (exp(sin t), 1 / (1 + t)), begun at t = 0: depends on time, and is not linear."""
    return [rs.cos(t) * y[0], -y[1] * y[1] + 0.0 * t]


def exact(t: float) -> np.ndarray:
    return np.array([np.exp(np.sin(t)), 1.0 / (1.0 + t)])


@rs.fn
def all_methods(h: Real) -> Any:
    """Where each method ends at t = 1 after 8 and 16 steps, and what the interpolants say within one step of h."""
    ends = [[rs.integrate.fixed(bending, [1.0, 1.0], 0.0, 1.0, n, method=m) for n in STEPS] for m in ORDERS]
    swings = [
        [rs.stack(rs.integrate.fixed(swinging, (1.0, 0.5), 0.0, 1.0, n, method=m)) for n in STEPS] for m in SYMPLECTIC
    ]
    start = rs.stack([Real(1.0), Real(1.0)])
    field = Field(bending, start, (), "a test")
    dense = [
        interpolated(field.shape, METHODS[m].step(field, Real(0.0), start, field(Real(0.0), start), h).dense, 0.3)
        for m in DENSE
    ]
    return ends, swings, dense


def swinging(t: Any, q: Any) -> Any:
    return -q + rs.sin(2.0 * t)


def swing(t: float) -> np.ndarray:
    """q'' = -q + sin 2t from (1, 0.5), q and v."""
    b = 0.5 + 2.0 / 3.0
    q = np.cos(t) + b * np.sin(t) - np.sin(2.0 * t) / 3.0
    return np.array([q, -np.sin(t) + b * np.cos(t) - 2.0 * np.cos(2.0 * t) / 3.0])


@pytest.fixture(scope="module")
def measured() -> dict[str, float]:
    """The order of each method: how the error falls when steps are half as long."""
    program = all_methods.compile(optimise=False)
    ends, swings, coarse = map(np.asarray, program(0.2))
    fine = np.asarray(program(0.1)[2])
    errors = {m: np.abs(y - exact(1.0)).max(1) for m, y in zip(ORDERS, ends, strict=True)}
    errors |= {m: np.abs(y - swing(1.0)).max(1) for m, y in zip(SYMPLECTIC, swings, strict=True)}
    orders = {m: np.log2(e[0] / e[1]) for m, e in errors.items()}
    within = np.abs([coarse[:, 0] - exact(0.06)[0], fine[:, 0] - exact(0.03)[0]])  # of one step: one order more
    return orders | {f"{m} within": np.log2(a / b) - 1.0 for m, a, b in zip(DENSE, *within, strict=True)}


@pytest.mark.parametrize(
    ("method", "order"), [*(ORDERS | SYMPLECTIC).items(), *((f"{m} within", p) for m, p in DENSE.items())]
)
def test_a_method_has_its_order(measured: dict[str, float], method: str, order: int):
    """Dormand and Prince's has a small leading term here, so that it seems of order 6."""
    assert order - 0.3 < measured[method] < order + (1.1 if method == "dopri5" else 0.3)


def kepler(t: Any, q: Any) -> Any:
    return -q / rs.norm(q) ** 3


@rs.fn
def kept() -> Any:
    """Energies along an orbit by Verlet's method, and the last squared length of a rotation by the midpoint rule."""
    path = rs.integrate.fixed(kepler, ([1.0, 0.0], [0.0, 1.1]), 0.0, 60.0, 2000, method="velocity_verlet", path=True)
    energy = rs.vec(2001, lambda k: 0.5 * rs.dot(path[k][1], path[k][1]) - 1.0 / rs.norm(path[k][0]))
    turned = rs.integrate.fixed(
        lambda t, y: [y[1] * y[0], -y[0] * y[0]], [0.6, 0.8], 0.0, 30.0, 50, method="implicit_midpoint"
    )
    return energy, rs.dot(turned, turned), path[0][0]


def test_symplectic_methods_keep_what_they_have_to():
    energy, length, first = kept.compile(optimise=False)()
    drift = np.abs(energy - energy[0])
    assert drift[-700:].max() < 1.5 * drift[:700].max() < 1e-3  # a period is 330 steps: no drift from orbit to orbit
    assert length == pytest.approx(1.0, abs=1e-12)  # the midpoint rule keeps quadratic invariants exactly
    assert first.tolist() == [1.0, 0.0]  # the path begins at the start


@rs.fn
def stiff_decay(rate: Real) -> Any:
    """y' = -rate (y - cos t), by three L-stable and stiffly accurate steps, that no explicit method would survive."""

    def f(t: Any, y: Any) -> Any:
        return -rate * (y - rs.cos(t))

    return [rs.integrate.fixed(f, 2.0, 0.0, 0.3, 3, method=m) for m in ("backward_euler", "rodas4")]


def test_l_stable_steps_damp_what_is_stiff_and_their_derivative_is_implicit():
    value, slope = rs.jvp(stiff_decay).compile(Real, Real, optimise=False)(1e6, 1.0)
    assert value == pytest.approx(np.cos(0.3), abs=1e-5)
    assert np.abs(slope).max() < 1e-9  # the slow solution y = cos t + sin t / rate depends on the rate by 1e-12 each


@pytest.mark.parametrize(
    ("f", "y", "options", "message"),
    [
        (
            lambda t, y: y,
            [1.0, 2.0],
            {"method": "heun"},
            "method='heun' was found in integrate.fixed; expected one of",
        ),
        (lambda t, y: y[0], [1.0, 2.0], {}, "gives Real; expected Vec"),
        (lambda t, y: y, [1.0, 2.0], {"args": 3.0}, "expected a tuple, as in args="),
        (lambda t, q: q, (1.0, [2.0, 3.0]), {"method": "velocity_verlet"}, "two of one type"),
        (lambda t, y: y, True, {}, "expected a Real, or vectors and structures of Reals"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_line(f: Any, y: Any, options: dict[str, Any], message: str):
    with pytest.raises(rs.TypeMismatch, match=message) as e:
        rs.fn(lambda: rs.integrate.fixed(f, y, 0.0, 1.0, 2, **options)).compile()
    assert "test_steps.py" in str(e.value)


def test_a_vector_of_structures_is_a_state():
    @rs.fn
    def two(v: Vec[Real, 2]) -> Any:
        balls = rs.vec(2, lambda i: (Real(0.0), v[i]))
        end = rs.integrate.fixed(lambda t, y: rs.vec(2, lambda i: (y[i][1], -y[i][0])), balls, 0.0, 1.0, 8)
        return end[0][0], end[1][0]

    assert two.compile(optimise=False)([1.0, 2.0]) == pytest.approx((np.sin(1.0), 2.0 * np.sin(1.0)), abs=1e-5)


def test_implicit_steps_converge_in_single_precision_by_a_tolerance_of_it():
    @rs.fn
    def decayed(rate: Real) -> Real:
        def f(t: Any, y: Any) -> Any:
            return -rate * y * y

        return rs.integrate.fixed(f, 1.0, 0.0, 1.0, 20, method="implicit_midpoint", tolerance=1e-6)

    value, slope = rs.value_and_grad(decayed).compile(precision="f32", optimise=False)(2.0)
    assert (value, slope) == pytest.approx((1.0 / 3.0, -1.0 / 9.0), rel=1e-3)
