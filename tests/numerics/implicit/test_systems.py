"""`linear_solve`: its values, its derivatives to second order, in batches, loops and branches; what it refuses."""

from typing import Any

import numpy as np
import pytest

from rosesim import (
    Dual,
    Index,
    ProgramError,
    Real,
    TypeMismatch,
    Vec,
    cond,
    const,
    dot,
    fn,
    grad,
    hessian,
    jvp,
    linear_solve,
    scan,
    select,
    value_and_grad,
    vec,
    vmap,
)
from rosesim.ad.program.ir import all_lets, reachable

pytestmark = pytest.mark.usefixtures("unoptimised")

N = 6
rng = np.random.default_rng(0)
A, B, WEIGHT = rng.normal(size=(N, N)) + 6.0 * np.eye(N), rng.normal(size=N), rng.normal(size=N)
SYMMETRIC = 0.5 * (A + A.T)


def slopes(a: Any, b: Any, weight: Any = WEIGHT) -> tuple[Any, Any]:
    """The derivatives of weight · A⁻¹ b by A and by b, for real or complex arguments."""
    x, y = np.linalg.solve(a, b), np.linalg.solve(a.T, weight)
    return -np.outer(y, x), y


def measured(method: str, **how: Any) -> Any:
    """weight · A⁻¹ b as a function of A, which the product captures, and of b."""

    @fn
    def f(a: Vec[Vec[Real, N], N], b: Vec[Real, N]) -> Real:
        return dot(linear_solve(lambda v: a @ v, b, method=method, tolerance=1e-13, **how), const(WEIGHT))

    return f


@pytest.mark.parametrize("method", ["cg", "bicgstab", "gmres"])
def test_value_and_derivatives_are_those_of_the_closed_form(method: str):
    a = SYMMETRIC if method == "cg" else A
    f = measured(method, restart=4)
    value, (by_a, by_b) = value_and_grad(f)(a, B)
    assert value == pytest.approx(WEIGHT @ np.linalg.solve(a, B), rel=1e-12)
    np.testing.assert_allclose(by_a, slopes(a, B)[0], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(by_b, slopes(a, B)[1], rtol=1e-11, atol=1e-13)
    direction = rng.normal(size=(N, N))
    direction += direction.T
    assert jvp(f)(a, B, direction, None)[1] == pytest.approx(np.sum(direction * slopes(a, B)[0]), rel=1e-11)


def test_second_derivatives_of_a_matrix_that_is_not_symmetric():
    found = hessian(measured("gmres"), wrt="a")(A, B)
    step = 1e-100
    for i, j in ((0, 0), (1, 4), (5, 2)):
        moved = A.astype(complex)
        moved[i, j] += 1j * step
        np.testing.assert_allclose(found[:, :, i, j], slopes(moved, B)[0].imag / step, rtol=1e-9, atol=1e-12)


def test_a_preconditioner_is_transposed_with_its_matrix_and_has_no_derivative():
    def prepared(a: Any) -> Any:
        return lambda r: vec(N, lambda i: (r[i] - 0.05 * r[0]) / a[i, i])

    for method in ("bicgstab", "gmres"):

        @fn
        def f(a: Vec[Vec[Real, N], N], b: Vec[Real, N], method: Any = method) -> Real:
            x = linear_solve(lambda v: a @ v, b, method=method, tolerance=1e-13, preconditioner=prepared(a))
            return dot(x, const(WEIGHT))

        np.testing.assert_allclose(grad(f, wrt="a")(A, B), slopes(A, B)[0], rtol=1e-10, atol=1e-12)


def test_a_preconditioner_saves_iterations():
    stiff = np.diag(np.logspace(0, 4, 40)) + 0.1

    def run(preconditioner: Any) -> Any:
        f = fn(lambda b: linear_solve(lambda v: const(stiff) @ v, b, preconditioner=preconditioner, full=True)[1])
        return f(np.ones(40)).iterations

    assert run(lambda r: vec(40, lambda i: r[i] / const(np.diag(stiff))[i])) < 0.5 * run(None)


def test_unknowns_in_any_shape():
    @fn
    def f(k: Real) -> Real:
        def applied(u: Any) -> Any:
            a, (b, c) = u
            return vec(2, lambda i: vec(3, lambda j: k * a[i, j] + 0.1 * b)), (3.0 * b + 0.2 * a[0, 0], c * k)

        right = np.arange(6.0).reshape(2, 3), (1.0, 2.0)
        sizes = [linear_solve(applied, right, method=m, tolerance=1e-13) for m in ("bicgstab", "gmres")]
        return sizes[0][0][1, 2] * sizes[1][1][0] + sizes[1][0][0, 1] + sizes[0][1][1]

    def closed(k: Any) -> Any:
        m = np.zeros((8, 8), complex)
        m[:6, :6], m[:6, 6], m[6, 6], m[6, 0], m[7, 7] = k * np.eye(6), 0.1, 3.0, 0.2, k
        x = np.linalg.solve(m, [0, 1, 2, 3, 4, 5, 1, 2])
        return x[5] * x[6] + x[1] + x[7]

    assert f(2.0) == pytest.approx(closed(2.0).real, rel=1e-12)
    assert grad(f)(2.0) == pytest.approx(closed(2.0 + 1e-100j).imag / 1e-100, rel=1e-11)


def test_in_a_batch_in_a_loop_and_in_a_branch():
    by_b = grad(measured("bicgstab"), wrt="a")
    rows = np.stack([B, 2.0 * B, B + 1.0, B[::-1], B**2])
    for got, b in zip(vmap(by_b, over="b")(A, rows), rows, strict=True):
        np.testing.assert_allclose(got, slopes(A, b)[0], rtol=1e-10, atol=1e-12)

    @fn
    def twice(k: Real, b: Vec[Real, N]) -> Real:
        def step(x: Any, _: Any) -> Any:
            moved = cond(x[0] < 100.0, lambda: linear_solve(lambda v: k * (const(SYMMETRIC) @ v), x), lambda: x)
            return moved

        return dot(scan(step, b, 2), const(WEIGHT))

    end = WEIGHT @ np.linalg.solve(SYMMETRIC, np.linalg.solve(SYMMETRIC, B))
    assert twice(2.0, B) == pytest.approx(end / 4.0, rel=1e-9)
    assert grad(twice, wrt="k")(2.0, B) == pytest.approx(-end / 4.0, rel=1e-9)
    assert hessian(twice, wrt="k")(2.0, B) == pytest.approx(6.0 * end / 16.0, rel=1e-9)


@pytest.mark.parametrize(("how", "off"), [({"math": "strict"}, 1e-11), ({"precision": "f32"}, 1e-4)])
def test_strict_and_single_precision(how: dict[str, Any], off: float):
    f = fn(lambda a, b: dot(linear_solve(lambda v: a @ v, b, tolerance=1e-5 if "precision" in how else 1e-12), b))
    found = grad(f, wrt="a").compile(SYMMETRIC, B, **how)(SYMMETRIC, B)
    np.testing.assert_allclose(found, slopes(SYMMETRIC, B, B)[0], rtol=off, atol=off)


def test_nothing_of_the_iterations_is_stored():
    f = fn(lambda a, b: dot(linear_solve(lambda v: a @ v, b, limit=5000), b))
    program = grad(f).compile(SYMMETRIC, B).traced.func
    sizes = [o.ty.size for g in reachable(program) for let in all_lets(g.body) for o in let.outs]  # pyright: ignore[reportArgumentType]
    assert max(sizes) < 5000


def test_zero_is_solved_at_once_and_a_good_guess_counts():
    f = fn(lambda b, guess: linear_solve(lambda v: const(SYMMETRIC) @ v, b, guess=guess, full=True))
    x, report = f(np.zeros(N), np.zeros(N))
    assert (report.converged, report.residual, report.iterations) == (True, 0.0, 0)
    assert not x.any()
    assert f(B, np.linalg.solve(SYMMETRIC, B))[1].iterations == 0
    assert f(B, np.zeros(N))[1].iterations >= N - 1


def test_what_has_not_converged_stops_the_program_or_says_so():
    f = fn(lambda b: linear_solve(lambda v: const(SYMMETRIC) @ v, b, limit=2))
    with pytest.raises(
        ProgramError, match=r"test_systems.py.*linear_solve by cg has not reached its tolerance 1e-10"
    ):
        f(B)
    singular = fn(lambda b: linear_solve(lambda v: 0.0 * v, b, method="gmres", limit=9, check=False)[1].converged)
    assert singular(B) is False


def test_a_tangent_in_a_rule():
    @fn
    def solved(b: Vec[Real, N]) -> Vec[Real, N]:
        return linear_solve(lambda v: const(A) @ v, b, method="gmres", tolerance=1e-13)

    @solved.defjvp
    def _(b: Vec[Dual, N]) -> Any:
        x = solved(vec(N, lambda i: b[i].re))
        dx = linear_solve(lambda v: const(A) @ v, vec(N, lambda i: b[i].du), method="gmres", tolerance=1e-13)
        return vec(N, lambda i: Dual(x[i], dx[i]))

    np.testing.assert_allclose(grad(lambda b: dot(solved(b), const(WEIGHT)))(B), slopes(A, B)[1], rtol=1e-10)


def test_results_do_not_depend_on_the_unit():
    for method in ("cg", "bicgstab", "gmres"):
        f = fn(lambda b, m=method: linear_solve(lambda v: const(SYMMETRIC) @ v, b, method=m, tolerance=1e-13))
        for unit in (1e-170, 1e200):
            np.testing.assert_allclose(f(unit * B), unit * np.linalg.solve(SYMMETRIC, B), rtol=1e-10)


def test_a_matrix_that_is_not_linear_is_told():
    with pytest.raises(ProgramError, match="gives other than zero for zero; expected a linear function"):
        fn(lambda b: linear_solve(lambda v: 2.0 * v + 1.0, b))(B)


def laplacian(u: Any) -> Any:
    n = len(u)
    left = vec(n, lambda i: select(i > 0, u[Index[n].clamp(i - 1)], 0.0 * u[0]))
    right = vec(n, lambda i: select(i < n - 1, u[Index[n].clamp(i + 1)], 0.0 * u[0]))
    return 2.0 * u - left - right


def test_the_square_of_a_solution_of_poissons_equation():
    n = 50
    matrix = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    f = fn(lambda b: dot(linear_solve(laplacian, b), linear_solve(laplacian, b)))
    expected = 2 * np.linalg.solve(matrix, np.linalg.solve(matrix, np.ones(n)))
    np.testing.assert_allclose(grad(f)(np.ones(n)), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            lambda b: linear_solve(lambda v: v[0], b),
            r"the matrix of linear_solve gives Real; expected Vec\[Real, 6\]",
        ),
        (lambda b: linear_solve(lambda v: v, b, method="lu"), "method='lu' was found; expected one of cg, bicg"),
        (lambda b: linear_solve(lambda v: v, b, guess=1.0), "the guess of linear_solve is Real; expected Vec"),
        (lambda b: linear_solve(3.0, b), "the matrix of linear_solve is .*expected a function"),  # pyright: ignore[reportArgumentType]
        (lambda b: linear_solve(lambda v: v, Index[3](1)), "the right side of linear_solve is .*expected a Real"),
    ],
)
def test_what_is_refused(wrong: Any, says: str):
    with pytest.raises(TypeMismatch, match=says) as found:
        fn(wrong)(B)
    assert __file__ in str(found.value)
