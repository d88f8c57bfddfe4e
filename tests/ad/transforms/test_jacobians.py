"""Jacobians by columns and by rows, Hessians times vectors, and several directions at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import rosesim as rs
from rosesim import Index, Real, TypeMismatch, Vec
from rosesim.ad.program.ir import Loop, all_lets


@dataclass(frozen=True)
class Bar:
    length: Real
    gear: Index[3]
    ends: Vec[Vec[Real, 2], 3]


@dataclass(frozen=True)
class Seen:
    total: Real
    lane: Index[4]
    path: Vec[Vec[Real, 4], 2]


BAR = Bar(1.5, 2, np.arange(6.0).reshape(3, 2) / 7.0)
X = np.array([0.3, -0.7, 1.1])
ORBIT = np.array([1.0, 0.5, 1.2])


def seen(bar: Bar, x: Vec[Real, 3], *, k: float = 2.0):
    path = [[bar.length * x[0] * i + rs.sin(bar.ends[1, 0] * k + j) for i in range(4)] for j in range(2)]
    total = rs.sum(3, lambda i: bar.ends[i, 1] * x[i] ** 3) * k
    return Seen(total, bar.gear, rs.stack([rs.stack(row) for row in path])), x[2] * k


def leaves(v: Any) -> list[Any]:
    if isinstance(v, tuple):
        return [x for part in v for x in leaves(part)]
    if isinstance(v, dict):
        return leaves(tuple(v.values()))
    if hasattr(v, "__dataclass_fields__"):
        return leaves(tuple(getattr(v, n) for n in v.__dataclass_fields__))
    return [v]


@pytest.fixture(scope="module")
def both() -> Any:
    """Jacobians of `seen` by several choices of arguments, by columns and by rows, in one program."""

    def all_ways(bar: Bar, x: Vec[Real, 3], k: Real):
        def one(mode: Any):
            return (
                rs.jacobian(seen, mode=mode)(bar, x, k=k),
                rs.jacobian(seen, wrt="x", mode=mode)(bar, x),
                rs.jacobian(seen, wrt=("k", 0), mode=mode)(bar, x, k=k),
            )

        return one("forward"), one("reverse")

    return rs.fn(all_ways)(BAR, X, 2.0)


def test_columns_and_rows_give_the_same_structure_and_numbers(both: Any):
    by_columns, by_rows = both
    assert len(leaves(by_columns)) == len(leaves(by_rows)) > 20
    for a, b in zip(leaves(by_columns), leaves(by_rows), strict=True):
        assert type(a) is type(b) and np.shape(a) == np.shape(b)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-14, atol=1e-15)


def test_each_number_of_the_value_is_replaced_by_its_gradient(both: Any):
    of_all, of_x, of_two = both[0]
    total, path = of_all[0].total, of_all[0].path
    assert of_all[0].lane is None and total[0].gear is None
    np.testing.assert_allclose(total[1], 2.0 * BAR.ends[:, 1] * 3.0 * X**2)
    np.testing.assert_allclose(total[0].ends, 2.0 * np.stack([np.zeros(3), X**3], axis=1))
    # the path is a vector of vectors, whose elements are tuples of gradients: time first, then the argument's shape
    np.testing.assert_allclose(path[0].length, np.tile(X[0] * np.arange(4.0), (2, 1)))
    slope = 2.0 * np.cos(BAR.ends[1, 0] * 2.0 + np.arange(2.0))
    np.testing.assert_allclose(path[0].ends[:, :, 1, 0], np.tile(slope[:, None], 4))
    assert path[0].ends.shape == (2, 4, 3, 2)
    assert of_x[1].tolist() == [0.0, 0.0, 2.0]
    assert of_two[1][0] == X[2] and isinstance(of_two[1][1], Bar)


def count_of_batches(f: Any, *args: Any) -> list[int]:
    """The lengths of the batches in a traced program."""
    func = f.traced(f.types_of(args)).func
    return [let.expr.n for let in all_lets(func.body) if isinstance(let.expr, Loop) and let.expr.batch]


def orbit(p: Vec[Real, 3], steps: int):
    def step(s: Any, _: Any):
        x, v = s
        v = v - 0.1 * (p[0] * x + p[1] * x**3)
        return (x + 0.1 * v, v), x

    return rs.scan(step, (p[2], 0.0), steps)[1]


def test_a_tall_jacobian_goes_by_columns_and_a_wide_or_square_one_by_rows():
    tall = rs.jacobian(lambda p: orbit(p, 40))
    assert count_of_batches(tall, X) == [3]
    assert count_of_batches(rs.jacobian(lambda p: orbit(p, 3)), X) == [3]
    assert count_of_batches(rs.jacobian(lambda p: orbit(p, 2)), X) == [2]
    assert count_of_batches(rs.jacobian(lambda p: orbit(p, 40), mode="reverse"), X) == [40]


def test_between_tall_and_square_the_estimated_cost_decides():
    def dear(p: Vec[Real, 6]):
        """Nearly all work is that of the value: rows share it, columns do not."""
        return rs.scan(lambda s, _: rs.sin(s) * 0.9 + rs.cos(s), p, 20), p

    def cheap(p: Vec[Real, 6]):
        return rs.concatenate([p * 2.0, p * 3.0, p * p, p, p, p])

    assert count_of_batches(rs.jacobian(dear), np.ones(6)) == [6, 6]
    assert count_of_batches(rs.jacobian(cheap), np.ones(6)) == [6]


def test_a_tall_jacobian_is_that_of_complex_steps():
    def by_complex_step(p: Any) -> Any:
        x, v, seen = p[2], 0.0, []
        for _ in range(30):
            seen.append(x)
            v = v - 0.1 * (p[0] * x + p[1] * x**3)
            x = x + 0.1 * v
        return np.array(seen)

    expected = [by_complex_step(ORBIT + 1e-30j * e).imag / 1e-30 for e in np.eye(3)]
    found = rs.jacobian(lambda p: orbit(p, 30)).compile(ORBIT)(ORBIT)
    np.testing.assert_allclose(found, np.transpose(expected), rtol=1e-12)


def test_a_mode_that_does_not_exist_is_refused():
    with pytest.raises(TypeMismatch, match="mode='backward' was found; expected 'forward', 'reverse' or None"):
        rs.jacobian(seen, mode="backward")  # pyright: ignore[reportArgumentType] -- the mistake


def energy(x: Vec[Real, 3], k: Real):
    return k * x[0] ** 2 * x[1] + rs.exp(x[1] * x[2]) + k**3


def test_hvp_is_the_hessian_times_the_vector_for_one_direction_and_for_many():
    ways = np.array([[1.0, 0.0, 2.0], [0.5, -1.0, 0.0]])

    @rs.fn
    def products(x: Vec[Real, 3], k: Real, ways: Vec[Vec[Real, 3], 2]):
        by_x = rs.hvp(energy, wrt="x")
        return by_x(x, k, ways[0], None), by_x(x, k, ways, None), rs.hvp(energy)(x, k, ways[1], 0.5)

    e = np.exp(X[1] * X[2])
    h = np.array([[3.0 * 2 * X[1], 6.0 * X[0], 0], [6.0 * X[0], e * X[2] ** 2, e * (1 + X[1] * X[2])], [0, 0, 0]])
    h[2] = 0, h[1, 2], e * X[1] ** 2
    one, many, (by_x, by_k) = products(X, 3.0, ways)
    np.testing.assert_allclose(one, h @ ways[0], rtol=1e-13)
    np.testing.assert_allclose(many, ways @ h, rtol=1e-13)
    by_both = np.array([2 * X[0] * X[1], X[0] ** 2, 0.0])
    np.testing.assert_allclose(by_x, h @ ways[1] + 0.5 * by_both, rtol=1e-13)
    assert by_k == pytest.approx(by_both @ ways[1] + 0.5 * 18.0)


def test_several_directions_at_once_are_stacked_and_the_value_is_computed_once():
    ways = np.array([[1.0, 0.0, 2.0], [0.5, -1.0, 0.0]])
    value, tangents = rs.jvp(energy)(X, 3.0, ways, np.array([0.0, 1.0]))
    gradient, by_k = rs.grad(energy)(X, 3.0)
    assert value == energy_by_numpy(X, 3.0)
    np.testing.assert_allclose(tangents, ways @ gradient + np.array([0.0, by_k]), rtol=1e-14)
    np.testing.assert_allclose(rs.jvp(energy)(X, 3.0, ways, None)[1], ways @ gradient, rtol=1e-14)

    value, pullback = rs.vjp(energy)(X, 3.0)
    one, many = pullback(1.0), pullback([2.0, -1.0])
    np.testing.assert_array_equal(many[0], [2.0 * one[0], -one[0]])
    np.testing.assert_array_equal(many[1], [2.0 * one[1], -one[1]])


def energy_by_numpy(x: Any, k: float) -> float:
    return float(k * x[0] ** 2 * x[1] + np.exp(x[1] * x[2]) + k**3)


def test_stacked_tangents_of_different_numbers_are_refused():
    with pytest.raises(TypeMismatch, match="tangents of different numbers were found: 2 at once, a single one"):
        rs.jvp(energy)(X, 3.0, np.ones((2, 3)), 1.0)
    with pytest.raises(TypeMismatch, match="tangents of different numbers were found: 2 at once, 4 at once"):
        rs.jvp(energy)(X, 3.0, np.ones((2, 3)), np.ones(4))


def test_a_struct_of_tangents_may_hold_several():
    bars = Bar(np.array([1.0, 2.0]), None, np.zeros((2, 3, 2)))  # pyright: ignore[reportArgumentType] -- stacked
    value, tangents = rs.jvp(lambda b: b.length**2)(BAR, bars)
    assert value == 2.25 and tangents.tolist() == [3.0, 6.0]


def test_columns_in_a_batch_and_of_a_scan_are_those_alone():
    many = rs.vmap(rs.jacobian(lambda p: orbit(p, 30))).compile(np.stack([ORBIT, X]))(np.stack([ORBIT, X]))
    alone = rs.jacobian(lambda p: orbit(p, 30)).compile(X)
    np.testing.assert_allclose(many, [alone(ORBIT), alone(X)], rtol=1e-13)
