"""Linear algebra of any size: values beside NumPy's, and what singular input gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from linalg_kit import A, B, N, close, interpreted, symmetric
from scipy import linalg

import rosesim as rs

pytestmark = pytest.mark.usefixtures("unoptimised")

RNG = np.random.default_rng(5)


def loss(a: Any, b: Any) -> Any:
    x = rs.solve(a, b)
    return 0.5 * rs.dot(x, x)


@pytest.mark.parametrize("n", [12, 70])  # in one block, and in several with rows that pad them
def test_large_systems_are_solved_and_their_gradient_is_one_more_solve(n: int):
    a, b = RNG.normal(size=(n, n)) + 3.0 * np.eye(n), RNG.normal(size=n)
    a[0, 0] = 0.0  # rows have to be exchanged
    program = rs.fn(lambda a, b: (rs.value_and_grad(rs.fn(loss))(a, b), rs.lu(a))).compile(a, b)
    (value, (by_a, by_b)), f = program(a, b)
    x = np.linalg.solve(a, b)
    y = np.linalg.solve(a.T, x)
    close(value, 0.5 * x @ x)
    close(by_b, y)
    close(by_a, -np.outer(y, x))
    low, up = np.tril(f.factors, -1) + np.eye(n), np.triu(f.factors)
    close(low @ up, a[f.permutation], 1e-13)
    assert np.abs(low).max() <= 1.0, "partial pivoting bounds the multipliers"
    assert f.sign * np.prod(np.sign(np.diag(up))) == np.linalg.slogdet(a)[0]
    np.testing.assert_array_equal(f.permutation, _order(linalg.lu_factor(a)[1]))


def _order(exchanges: Any) -> Any:
    order = np.arange(len(exchanges))
    for i, p in enumerate(exchanges):
        order[[i, p]] = order[[p, i]]
    return order


@pytest.mark.parametrize("n", [12, 70])
def test_large_positive_matrices_have_their_root_and_gradient(n: int):
    a, b = RNG.normal(size=(n, n)), RNG.normal(size=n)
    a = a @ a.T / n + np.eye(n)

    def both(a: Any, b: Any) -> Any:
        f = lambda a, b: rs.dot(rs.solve(a, b, assume="positive"), b)
        return rs.cholesky(a), rs.value_and_grad(rs.fn(f))(a, b)

    low, (value, (by_a, by_b)) = rs.fn(both).compile(a, b, optimise=False)(a, b)
    x = np.linalg.solve(a, b)
    close(low, np.linalg.cholesky(a), 1e-13)
    close(value, x @ b)
    close(by_b, 2.0 * x)
    close(by_a, -np.outer(x, x))


def all_of(a: Any) -> Any:
    """Everything that takes a square matrix alone."""
    return {
        "inv": rs.inv(a), "det": rs.det(a), "slogdet": rs.slogdet(a), "qr": rs.qr(a), "svd": rs.svd(a),
        "eigh": rs.eigh(a), "expm": rs.expm(a), "solve": rs.solve(a, a), "upper": rs.solve_triangular(a, a),
    }  # fmt: skip


@pytest.mark.parametrize("n", [0, 1, 4, 11])
def test_factors_and_functions_of_square_matrices_are_numpys(n: int):
    a = RNG.normal(size=(n, n))
    program = rs.fn(all_of).compile(a, optimise=False)
    found = program(a)
    if n == 0:
        assert found["det"] == 1.0 and found["slogdet"] == (1.0, 0.0)
        assert found["inv"].shape == found["expm"].shape == found["eigh"][1].shape == (0, 0)
        return
    close(found["inv"] @ a, np.eye(n))
    close(found["det"], np.linalg.det(a))
    close(found["slogdet"], np.linalg.slogdet(a))
    q, r = found["qr"]
    close(q @ r, a, 1e-14)
    close(q.T @ q, np.eye(n), 1e-14)
    assert (np.diag(r) >= 0.0).all() and not np.tril(r, -1).any()
    u, s, vt = found["svd"]
    close((u * s) @ vt, a, 1e-14)
    close(u.T @ u, np.eye(n), 1e-14)
    close(s, np.linalg.svd(a)[1], 1e-14)
    w, v = found["eigh"]
    close(w, np.linalg.eigvalsh(symmetric(a)), 1e-14)
    close((v * w) @ v.T, symmetric(a), 1e-14)
    close(found["expm"], linalg.expm(a), 1e-12)
    close(found["solve"], np.eye(n))
    close(np.triu(a) @ found["upper"], a, 1e-9)


@pytest.mark.parametrize("shape", [(7, 3), (3, 7), (5, 5)])
def test_singular_values_and_q_of_a_matrix_that_lacks_rank_are_orthonormal(shape: tuple[int, int]):
    m, n = shape
    a = RNG.normal(size=(m, 2)) @ RNG.normal(size=(2, n))
    u, s, vt, q, _ = interpreted(rs.fn(lambda a: (*rs.svd(a), *rs.qr(a))), a)
    k = min(m, n)
    for x in (u.T @ u, vt @ vt.T, q.T @ q):
        close(x, np.eye(k), 1e-14)
    close(s, np.linalg.svd(a)[1], 1e-14)


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_squares_that_would_overflow_or_vanish_do_not_spoil_q(scale: float):
    q, r = interpreted(rs.fn(lambda a: rs.qr(a)), scale * A)
    close(q.T @ q, np.eye(N), 1e-14)
    close(q @ (r / scale), A, 1e-14)


def test_small_singular_values_are_found_to_relative_accuracy():
    scales = 10.0 ** -np.arange(0.0, 20.0, 4.0)  # columns of a triangle; LAPACK's least values are noise at 1e-17
    a = np.linalg.qr(A)[0] * scales
    np.testing.assert_allclose(interpreted(rs.fn(lambda a: rs.svd(a)), a)[1], scales, rtol=1e-13)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 200.0, 1e30])
def test_exponentials_of_rotations_are_rotations_whatever_the_angle(scale: float):
    a = scale * np.array([[0.0, -1.0], [1.0, 0.0]])
    found = interpreted(rs.fn(lambda a: rs.expm(a)), a)[0]
    if scale == 1e30:
        assert found.shape == (2, 2)  # no digit is right, and nothing is raised
    else:
        close(found, [[np.cos(scale), -np.sin(scale)], [np.sin(scale), np.cos(scale)]], 1e-15 * max(10.0, scale))


@pytest.mark.parametrize(
    ("low", "up", "n"), [(0, 0, 3), (1, 1, 1), (1, 1, 9), (2, 1, 8), (0, 2, 5), (3, 0, 5), (2, 2, 2)]
)
def test_banded_systems_are_scipys(low: int, up: int, n: int):
    ab, b = RNG.normal(size=(low + up + 1, n)), RNG.normal(size=(n, 2))
    if up and n > 1:
        ab[up, 0] = 0.0  # A[0, 0]: rows have to be exchanged
    if low == 0 or n == 1:
        ab[up] += 2.0
    found = interpreted(rs.fn(lambda ab, b: rs.solve_banded((low, up), ab, b)), ab, b)[0]
    close(found, linalg.solve_banded((low, up), ab, b), 1e-11)


# ------------------------------------------------------------------------------------------- singular input


def test_singular_systems_give_numbers_and_a_flag():
    def flagged(a: Any, b: Any) -> Any:
        return rs.solve(a, b, full=True), rs.solve(a, b, assume="positive", full=True)

    f = rs.fn(flagged)
    _, regular, _, positive = interpreted(f, A @ A.T, B)
    assert regular and positive
    for a in (np.zeros((N, N)), np.full((N, N), np.nan), np.full((N, N), np.inf), np.ones((N, N))):
        x, regular, y, positive = interpreted(f, a, B)
        assert not regular and not positive
        assert not np.isfinite(x).all() and not np.isfinite(y).all()
    assert not interpreted(f, np.diag([1.0, 1.0, 1.0, 1.0, 0.0]), B)[3]
    indefinite = np.diag([1.0, 1.0, -1.0, 1.0, 1.0])
    x, regular, y, positive = interpreted(f, indefinite, B)
    assert regular and not positive and np.isnan(y).all()
    np.testing.assert_array_equal(x, indefinite @ B)


def test_everything_ends_on_nan_and_on_infinities():
    for bad in (np.nan, np.inf):
        a = A.copy()
        a[1, 1] = bad
        found = interpreted(rs.fn(all_of), a)
        assert any(not np.isfinite(x).all() for x in found)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_arrays_are_taken_outside_of_a_function(n: int):
    a = A[:n, :n] + n * np.eye(n)
    close(rs.det(a), np.linalg.det(a))
    close(rs.inv(a), np.linalg.inv(a))
    close(rs.inv(a.tolist()), np.linalg.inv(a))


def test_numbers_of_a_singular_matrix():
    det, sign, log, inverse = interpreted(rs.fn(lambda a: (rs.det(a), *rs.slogdet(a), rs.inv(a))), np.zeros((N, N)))
    assert (det, sign, log) == (0.0, 0.0, -np.inf)
    assert not np.isfinite(inverse).any()


# ---------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda a, b: rs.solve(b, b), "Vec[Real, 5] was found in solve; expected a square matrix of Reals"),
        (lambda a, b: rs.solve(a, b[1:]), "expected a vector of 5 Reals, or a matrix of 5 rows"),
        (lambda a, b: rs.solve(a, b, assume="sparse"), "assume='sparse' was found; expected 'general' or 'positive'"),
        (lambda a, b: rs.lstsq(a, b[1:]), "was found in lstsq; expected a vector of 5 Reals"),
        (lambda a, b: rs.solve_banded((1, 1), a, b), "5 diagonals and (l, u) = (1, 1) were found in solve_banded"),
        (lambda a, b: rs.solve_block_tridiagonal(a, a, a, b), "as diagonal; expected n blocks of k by k Reals"),
        (lambda a, b: rs.eigh(a[1:]), "was found in eigh; expected a square matrix of Reals"),
        (lambda a, b: rs.qr(b), "was found in qr; expected a matrix of Reals"),
    ],
)
def test_what_does_not_fit_is_refused_at_the_callers_line(call: Any, says: str):
    with pytest.raises(rs.TypeMismatch) as e:
        rs.fn(call).traced(rs.fn(call).types_of((A, B)))
    assert says in str(e.value)
    assert "test_values.py" in str(e.value)


def test_the_public_names_are_those_of_the_room():
    assert rs.linalg.solve is rs.solve
    assert set(rs.linalg.__all__) - {"LU"} <= set(rs.__all__)
