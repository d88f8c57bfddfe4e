"""Functions that are declared linear: their derivatives, forward, reverse, twice, in a batch; what is refused."""

from typing import Any

import numpy as np
import pytest

from rosesim import (
    Dual,
    Index,
    Real,
    Tan,
    TypeMismatch,
    Vec,
    cond,
    const,
    dot,
    dual,
    fn,
    grad,
    hessian,
    jacobian,
    jvp,
    linear,
    opaque,
    primal,
    scan,
    select,
    stack,
    tangent,
    vec,
    vmap,
)

N = 4
SPREAD = np.array([[0.0, 1.0, 0.0, 0.0], [0.5, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 1.0], [3.0, 0.0, 0.0, 0.0]])
K, B = np.array([1.0, 1.5, 0.8, 2.0]), np.array([1.0, -2.0, 0.5, 3.0])


def matrix(k: Any) -> Any:
    """A matrix that is not symmetric, for four stiffnesses. Jacobi's iteration with it converges."""
    return np.diag(10.0 * k) + SPREAD


def iterated(spread: Any) -> Any:
    """The solution by Jacobi's iteration, as a function of stiffnesses and right side."""

    @fn
    def solved(k: Any, b: Any) -> Any:
        s = const(spread)
        return scan(lambda x, _: vec(N, lambda i: (b[i] - dot(s[i], x)) / (10.0 * k[i])), vec(N, lambda i: 0.0), 80)

    return solved


solution, transposed = iterated(SPREAD), iterated(SPREAD.T)
inner = linear(solution, transpose=transposed)
outer = linear(transposed, transpose=solution)


def rule(f: Any, declared: Any) -> Any:
    """The derivative of a solve: the same solve, of another right side."""

    def derivative(k: Any, b: Any) -> Any:
        x = f(primal(k), primal(b))
        return dual(x, declared(primal(k), tangent(b) - vec(N, lambda i: 10.0 * x[i] * tangent(k)[i])))

    return derivative


solution.defjvp(rule(solution, inner))
transposed.defjvp(rule(transposed, outer))


@fn
def energy(k: Vec[Real, N], b: Vec[Real, N]) -> Real:
    x = solution(k, b)
    return dot(x, x)


def slope(k: Any, b: Any) -> tuple[Any, Any]:
    """The gradient of the energy by its closed form, for real or complex arguments."""
    x = np.linalg.solve(matrix(k), b)
    y = 2.0 * np.linalg.solve(matrix(k).T, x)
    return -10.0 * x * y, y


def test_the_gradient_is_that_of_the_closed_form():
    by_k, by_b = grad(energy)(K, B)
    np.testing.assert_allclose(by_k, slope(K, B)[0], rtol=1e-13)
    np.testing.assert_allclose(by_b, slope(K, B)[1], rtol=1e-13)


def test_forward_mode_agrees_with_reverse_mode():
    direction = np.array([0.3, -0.2, 0.9, 0.4])
    value, along = jvp(energy)(K, B, direction, None)
    assert value == pytest.approx(np.sum(np.linalg.solve(matrix(K), B) ** 2), rel=1e-13)
    assert along == pytest.approx(slope(K, B)[0] @ direction, rel=1e-13)


def test_second_derivatives_are_those_of_the_closed_form():
    step = 1e-200  # a complex step has no cancellation
    found = hessian(energy)(K, B)
    for p, arguments in enumerate((K, B)):
        for j in range(N):
            moved: list[Any] = [K, B]
            moved[p] = arguments + 1j * step * np.eye(N)[j]
            for q, expected in enumerate(slope(*moved)):
                np.testing.assert_allclose(found[q][p][:, j], expected.imag / step, rtol=1e-11, atol=1e-13)


def test_third_derivatives_turn_the_transpose_again():
    along = fn(lambda t: hessian(energy, wrt="k")([K[0] + t, K[1], K[2], K[3]], const(B))[0, 0])
    h = 1e-5
    exact = grad(along)(0.0)
    assert exact == pytest.approx((along(h) - along(-h)) / (2 * h), rel=1e-6)


def test_in_a_batch_in_a_loop_and_in_a_branch():
    many = np.array([K, 1.1 * K, 1.3 * K, K + 0.2, K + 0.4])
    for got, k in zip(vmap(grad(energy, wrt="k"), over="k")(many, B), many, strict=True):
        np.testing.assert_allclose(got, slope(k, B)[0], rtol=1e-12)
    twice = fn(lambda k, b: dot(scan(lambda x, _: solution(k, x), b, 2), [1.0, 1.0, 1.0, 1.0]))
    y = np.linalg.solve(matrix(K).T, np.linalg.solve(matrix(K).T, np.ones(N)))
    np.testing.assert_allclose(grad(twice, wrt="b")(K, B), y, rtol=1e-12)
    chosen = fn(lambda k, b: cond(b[0] > 0.0, lambda: energy(k, b), lambda: 0.0))
    np.testing.assert_allclose(grad(chosen, wrt="k")(K, B), slope(K, B)[0], rtol=1e-12)
    assert not np.any(grad(chosen, wrt="k")(K, -B))


def test_what_a_select_does_not_choose_stays_out():
    f = fn(lambda k, b: select(b[0] > 5.0, dot(solution(0.0 * k, b), b), b[0]))  # division by zero in the other side
    np.testing.assert_array_equal(grad(f, wrt="k")(K, B), np.zeros(N))


@pytest.mark.parametrize("how", [{"math": "strict"}, {"precision": "f32"}])
def test_strict_and_single_precision(how: dict[str, Any]):
    found = grad(energy, wrt="k").compile(K, B, **how)(K, B)
    np.testing.assert_allclose(found, slope(K, B)[0], rtol=1e-4 if "precision" in how else 1e-12)


def test_without_a_transpose_the_pullback_at_zero_is_taken():
    @fn
    def turned(a: Real, v: Vec[Real, 2]) -> Vec[Real, 2]:
        return cond(a > 1.0, lambda: stack([v[0] - a * v[1], a * v[0] + v[1]]), lambda: v)

    declared = linear(turned)

    @fn
    def f(a: Real, v: Vec[Real, 2]) -> Vec[Real, 2]:
        return turned(a, v)

    @f.defjvp
    def _(a: Any, v: Any) -> Any:
        return dual(f(primal(a), primal(v)), declared(a.re, tangent(v)))

    for a in (0.5, 3.0):
        expected = [[1.0, -a], [a, 1.0]] if a > 1.0 else np.eye(2)
        np.testing.assert_array_equal(jacobian(f, wrt="v")(a, [1.0, 2.0]), expected)


def test_two_arguments_may_be_linear_and_structures_of_tangents_too():
    @fn
    def mixed(a: Real, u: Vec[Real, 2], w: tuple[Real, Real]) -> Vec[Real, 2]:
        return stack([a * u[0] + w[0], u[1] - a * w[1]])

    def back(a: Any, ct: Any) -> Any:
        return [a * ct[0], ct[1]], (ct[0], -a * ct[1])

    declared = linear(mixed, transpose=lambda a, ct: back(a, ct))
    f = fn(lambda u, w: mixed(3.0, u, w))
    f.defjvp(lambda u, w: dual(f(primal(u), primal(w)), declared(3.0, tangent(u), tangent(w))))
    by_u, by_w = jacobian(f)([1.0, 2.0], (3.0, 4.0))
    np.testing.assert_array_equal(by_u, [[3.0, 0.0], [0.0, 1.0]])
    np.testing.assert_array_equal(by_w[0], [1.0, 0.0])
    np.testing.assert_array_equal(by_w[1], [0.0, -3.0])


def test_with_reals_it_is_the_function_itself():
    np.testing.assert_array_equal(inner(K, B), solution(K, B))
    np.testing.assert_array_equal(
        grad(lambda b: inner(const(K), b)[0])(B), grad(lambda b: solution(const(K), b)[0])(B)
    )


def test_a_tangent_of_jvp_in_a_rule_is_a_tangent():
    doubled = fn(lambda x, y: x * y)

    @fn
    def f(x: Real, y: Real) -> Real:
        return doubled(x, y)

    @f.defjvp
    def _(x: Dual, y: Dual) -> Dual:
        return Dual(*jvp(doubled)(x.re, y.re, x.du, y.du))

    assert grad(f)(3.0, 4.0) == (4.0, 3.0)
    assert hessian(f)(3.0, 4.0) == ((0.0, 1.0), (1.0, 0.0))


def refused(rule: Any, says: str) -> None:
    """Check that a rule of f is refused with this message."""

    @fn
    def f(x: Real) -> Real:
        return 2.0 * x

    f.defjvp(rule)
    with pytest.raises(TypeMismatch, match=says) as found:
        grad(f)(1.0)
    assert __file__ in str(found.value)


def test_what_is_not_declared_says_what_to_do():
    @fn
    def plain(x: Real) -> Real:
        return x

    @opaque
    def foreign(x: float) -> float:
        return x

    refused(lambda d: dual(d.re, plain(d.du)), "Tan was found where Real was expected: .*linear")
    refused(lambda d: dual(d.re, foreign(d.du)), "Tan was found where Real was expected: .*linear")
    refused(lambda d: Dual(d.re, d.du * d.du), "linear_solve, and a function marked by linear")


def test_what_is_declared_has_to_fit():
    half = linear(lambda x, t: (x * t, Index[3](1)))
    refused(lambda d: Dual(d.re, half(d.re, d.du)[0]), "declared linear and gives .*expected only Reals")
    mixed = linear(lambda p: p[0] * p[1])
    refused(lambda d: Dual(d.re, mixed((d.re, d.du))), "beside other values")
    wrong = linear(lambda x, t: x * t, transpose=lambda x, ct: [ct, ct])
    refused(lambda d: Dual(d.re, wrong(d.re, d.du)), r"the transpose of <lambda> gave Vec\[Real, 2\]; expected Real")

    @fn
    def f(x: Real) -> Real:
        return 2.0 * x

    @f.defjvp
    def _(d: Dual) -> Dual:
        captures = linear(lambda t: d.re * t)
        return Dual(d.re, captures(d.du))

    with pytest.raises(TypeMismatch, match="declared linear and uses traced values"):
        grad(f)(1.0)


def test_a_zero_tangent_may_be_solved_for():
    f = fn(lambda b: solution(const(K), b)[0])
    f.defjvp(lambda b: Dual(f(primal(b)), inner(const(K), vec(N, lambda i: Tan(0.0)))[0]))
    np.testing.assert_array_equal(grad(f)(B), np.zeros(N))
