"""Linear algebra: values, gradients and second derivatives are NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from linalg_kit import CASES, A, B, C, N, close, complex_step, interpreted, second

import rosesim as rs

pytestmark = pytest.mark.usefixtures("unoptimised")


@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives_of_two_orders_are_those_of_numpy(name: str):
    case = CASES[name]
    f, v = rs.fn(case.ours), np.random.default_rng(3).normal(size=np.shape(case.at))
    value, gradient, slope, bent = interpreted(rs.jvp(rs.value_and_grad(f)), case.at, v)
    slopes = complex_step(case.theirs, case.at)
    close(value, case.theirs(case.at))
    close(gradient, slopes)
    close(slope, (slopes * v).sum())
    close(bent, second(case.theirs, case.at, v), 1e-6)  # of the difference that it is compared with


def test_a_gradient_goes_through_systems_in_a_scan_and_in_a_branch():
    def ours(a):
        def step(x, i):
            return rs.cond(i % 2 == 0, lambda: rs.solve(a, x + B), lambda: rs.inv(a) @ x), None

        return rs.dot(rs.scan(step, rs.vec(N, lambda i: rs.const(B)[i]), 3)[0], C)

    def theirs(a):
        x = np.linalg.solve(a, 2.0 * B)
        return np.linalg.solve(a, np.linalg.solve(a, x) + B) @ C

    value, gradient = interpreted(rs.value_and_grad(rs.fn(ours)), A)
    close(value, theirs(A))
    close(gradient, complex_step(theirs, A))


def test_a_determinant_has_its_cofactors_as_gradient_also_where_it_is_zero():
    def cofactors(a):
        minor = lambda i, j: np.delete(np.delete(a, i, 0), j, 1)
        return np.array([[(-1.0) ** (i + j) * np.linalg.det(minor(i, j)) for j in range(N)] for i in range(N)])

    gradient = rs.grad(rs.fn(lambda a: rs.det(a)))
    dependent, zero_row, zero_column, rank_three = (A.copy() for _ in range(4))
    dependent[:, 1] = 2.0 * dependent[:, 0]
    zero_row[2], zero_column[:, 0] = 0.0, 0.0
    rank_three[3:] = rank_three[:2]
    for a in (A, dependent, zero_row, zero_column, rank_three):
        close(interpreted(gradient, a)[0], cofactors(a), 1e-12)


def test_second_derivatives_of_a_determinant_are_right_at_any_rank():
    n = 4
    left, right, by = np.random.default_rng(n).normal(size=(3, n, n))

    @rs.fn
    def f(x: rs.Real, a: rs.Vec[rs.Vec[rs.Real, 4], 4]) -> rs.Real:
        return rs.det(a + x * rs.const(by))

    first = rs.grad(f, wrt="x")
    second = rs.grad(rs.fn(lambda x, a: first(x, a)), wrt="x")
    third = rs.grad(rs.fn(lambda x, a: second(x, a)), wrt="x")
    at = np.linspace(-1.0, 1.0, n + 1)
    for rank in range(n + 1):
        for a in (np.diag(1.0 * (np.arange(n) < rank)), left[:, :rank] @ right[:rank]):
            expected = np.polyfit(at, [np.linalg.det(a + x * by) for x in at], n)[::-1]
            close(second(0.0, a), 2.0 * expected[2], 1e-8)
            if rank >= n - 1:
                close(third(0.0, a), 6.0 * expected[3], 1e-8)
            else:
                assert np.isnan(third(0.0, a))


def test_functions_of_a_group_of_equal_eigenvalues_have_their_gradient():
    def mean_of_group(a):
        return rs.sum(3, lambda i: rs.eigh(a)[0][i]) / 3.0

    def projected(a):
        """cᵀ P c, P the projector on the group."""
        v, c = rs.eigh(a)[1], rs.const(C)
        along = rs.vec(3, lambda j: rs.sum(N, lambda i: v[i, j] * c[i]))
        return rs.dot(along, along)

    q = np.linalg.qr(A)[0]
    w = np.array([1.0, 1.0, 1.0, 3.0, 4.5])
    a = q * w @ q.T
    group, rest = q[:, :3], q[:, 3:]
    close(interpreted(rs.grad(rs.fn(mean_of_group)), a)[0], group @ group.T / 3.0)
    # dP: over i in the group and j outside, the sum of (v_i v_iᵀ dA v_j v_jᵀ + its transpose) / (w_i - w_j)
    # (Kato, Perturbation Theory for Linear Operators, II.2.1).
    inside, outside = group @ (group.T @ C), rest / (1.0 - w[3:]) @ (rest.T @ C)
    close(interpreted(rs.grad(rs.fn(projected)), a)[0], np.outer(inside, outside) + np.outer(outside, inside))


def test_second_derivatives_at_equal_eigenvalues_and_singular_values_are_nan():
    trace = rs.fn(lambda a: rs.sum(3, lambda i: rs.exp(rs.eigh(a)[0][i])))
    size = rs.fn(lambda a: rs.sum(3, lambda i: rs.svd(a)[1][i] ** 2))
    along = W3
    for f in (trace, size):
        gradient, bent = interpreted(rs.jvp(rs.grad(f)), np.eye(3), along)
        assert np.isfinite(gradient).all()
        assert np.isnan(bent).any()


def test_the_squared_norm_by_singular_values_has_its_gradient_at_zero_and_at_equal_ones():
    gradient = rs.grad(rs.fn(lambda a: rs.sum(3, lambda i: rs.svd(a)[1][i] ** 2)))
    for a in (np.zeros((4, 3)), np.eye(4)[:, :3]):
        close(interpreted(gradient, a)[0], 2.0 * a)


W3 = np.array([[0.3, 1.0, -0.2], [1.0, 0.1, 0.4], [-0.2, 0.4, 2.0]])
