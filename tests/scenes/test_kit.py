"""The kit's parts against closed forms and NumPy."""

from typing import Any

import numpy as np
import pytest

from rosesim import Index, Real, Vec, fn, grad, jacobian, sum, value_and_grad
from rosesim.scenes.kit import (
    Network,
    Table,
    features,
    glorot,
    ground_contact,
    network,
    normal,
    sines,
    spring_impulses,
    strains,
    table,
)

H, GROUND = 0.1, 0.2


@fn
def landed(x: Vec[Real, 2], v: Vec[Real, 2]) -> Vec[Real, 2]:
    return ground_contact(x, v, ground=GROUND, h=H).position


def test_where_a_body_lands_depends_on_the_height_it_falls_from():
    """It moves sideways until it touches: x + tau u, tau = (y - ground) / -v. Without tau this is 0."""
    x, v = [1.0, 0.25], [3.0, -2.0]
    assert landed(x, v) == pytest.approx(np.array([1.0 + 3.0 * 0.05 / 2.0, GROUND]), abs=1e-15)
    assert jacobian(landed, wrt=0)(x, v) == pytest.approx(np.array([[1.0, 3.0 / 2.0], [0.0, 0.0]]), abs=1e-15)
    by_v = jacobian(landed, wrt=1)(x, v)
    assert by_v == pytest.approx(np.array([[0.05 / 2.0, 3.0 * 0.05 / 4.0], [0.0, 0.0]]), abs=1e-15)


@pytest.mark.parametrize(("y", "v"), [(0.25, 1.0), (0.5, -2.0), (GROUND, 0.0)])
def test_a_body_that_does_not_fall_onto_the_ground_just_moves(y: float, v: float):
    assert landed([1.0, y], [3.0, v]) == pytest.approx(np.array([1.3, y + H * v]), abs=1e-15)


ENDS = np.array([[0, 1], [1, 2], [2, 0], [1, 3]])
REST, STIFFNESS = np.array([0.9, 1.1, 1.3, 0.5]), np.array([5.0, 7.0, 11.0, 3.0])


@fn
def impulses(x: Vec[Vec[Real, 2], 4], rest: Vec[Real, 4]) -> Vec[Vec[Real, 2], 4]:
    return spring_impulses(x, ENDS, rest, STIFFNESS, h=0.01)


def test_springs_pull_down_the_slope_of_their_energy():
    """Differences of the energy."""
    x = np.random.default_rng(0).normal(size=(4, 2))

    def energy(x: np.ndarray) -> float:
        length = np.linalg.norm(x[ENDS[:, 0]] - x[ENDS[:, 1]], axis=1)
        return float((STIFFNESS * (length - REST) ** 2).sum() / 2)

    slope = np.zeros_like(x)
    for k in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[k] = 1e-6
        slope[k] = (energy(x + step) - energy(x - step)) / 2e-6
    found = np.asarray(impulses(x, REST))
    assert found == pytest.approx(-0.01 * slope, rel=1e-8, abs=1e-9)
    assert np.abs(found.sum(axis=0)).max() < 1e-16


def test_strain_is_zero_at_rest_length_and_counts_from_there():
    x = np.array([[0.0, 0.0], [0.9, 0.0], [0.9, 2.2], [0.9, 0.25]])
    assert strains(x, ENDS[[0, 1, 3]], REST[[0, 1, 3]]) == pytest.approx([0.0, 1.0, -0.5])


def test_a_network_is_what_numpy_computes_and_so_is_its_gradient():
    rng = np.random.default_rng(1)
    net: Any = Network.random(rng, inputs=7, hidden=5, outputs=3, gains=(1.0, 2.0))
    net = Network(net.weights1, rng.normal(size=5), net.weights2, rng.normal(size=3))  # pyright: ignore[reportArgumentType] -- NumPy
    x = rng.normal(size=7)

    @fn
    def total(net: Network, x: Vec[Real, 7]) -> Real:
        out = network(net, x)
        return sum(3, lambda i: out[i] * out[i])

    hidden = np.tanh(np.asarray(net.weights1) @ x + net.bias1)
    out = np.tanh(np.asarray(net.weights2) @ hidden + net.bias2)
    value, (by_net, by_x) = value_and_grad(total)(net, x)
    assert value == pytest.approx((out**2).sum(), rel=1e-14)
    d2 = 2 * out * (1 - out**2)
    d1 = (np.asarray(net.weights2).T @ d2) * (1 - hidden**2)
    assert by_net.weights2 == pytest.approx(np.outer(d2, hidden), rel=1e-12)
    assert by_net.bias1 == pytest.approx(d1, rel=1e-12)
    assert by_x == pytest.approx(np.asarray(net.weights1).T @ d1, rel=1e-12)


@pytest.mark.parametrize("knots", [2, 3, 7])
def test_a_table_is_interpolated_linearly_in_time(knots: int):
    plan: Any = Table(np.random.default_rng(2).normal(size=(knots, 2)))
    told = fn(lambda plan, t: table(plan, t, 50)).compile(plan, Index[50])
    for t in range(50):
        wanted = [np.interp(t / 50 * (knots - 1), np.arange(knots), np.asarray(plan.values)[:, k]) for k in (0, 1)]
        assert np.arctanh(told(plan, t)) == pytest.approx(np.array(wanted), rel=1e-12, abs=1e-14)


def test_the_last_knot_of_a_table_is_reached_from_the_last_step():
    """Its derivative at step t of n is the part t has gone of the way between the last two knots."""
    first = fn(lambda plan, t: table(plan, t, 10)[0])
    by = grad(first, wrt=0)(Table(np.zeros((3, 1))), 9)  # pyright: ignore[reportArgumentType] -- NumPy
    assert np.asarray(by.values).ravel() == pytest.approx([0.0, 0.2, 0.8])


def test_a_table_of_one_dimension_is_refused():
    @fn
    def told(plan: Table, t: Index[10]):
        return table(plan, t, 10)

    with pytest.raises(
        ValueError, match=r"plan.values: Vec\[Real, 3\] was found; expected Vec\[Vec\[Real, ...\], ...\]"
    ):
        told(Table(np.zeros(3)), 0)  # pyright: ignore[reportArgumentType] -- the mistake


def test_features_keep_their_order_and_each_has_its_own_derivative():
    @fn
    def seen(a: Real, b: Vec[Vec[Real, 3], 6], c: Vec[Real, 9]):
        return features(a, b, [a, c[0]], c)

    a, b, c = 1.5, np.arange(18.0).reshape(6, 3), -np.arange(9.0)
    assert seen(a, b, c) == pytest.approx(np.concatenate([[a], b.ravel(), [a, c[0]], c]))
    by_a, by_b, by_c = jacobian(seen)(a, b, c)
    assert np.flatnonzero(by_a).tolist() == [0, 19]
    assert np.asarray(by_b).reshape(30, 18)[1:19] == pytest.approx(np.eye(18))
    assert np.asarray(by_c)[21:] == pytest.approx(np.eye(9)) and np.asarray(by_c)[20, 0] == 1


def test_sines_share_a_period_evenly():
    beat = fn(lambda t: sines(t, omega=3.0, n=5)).compile(Real)
    assert beat(0.7) == pytest.approx(np.sin(3.0 * 0.7 + 2 * np.pi * np.arange(5) / 5), rel=1e-14)


def test_weights_begin_as_wide_as_they_say():
    found = normal(np.random.default_rng(0), (200, 300), glorot(200, 300))
    assert found.std() == pytest.approx(np.sqrt(2 / 500), rel=0.02) and abs(found.mean()) < 1e-3
