"""`root`, `fixed_point` and `minimize`: values and derivatives against closed forms, from any guess, to any order."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from rosesim import (
    ProgramError,
    Real,
    TypeMismatch,
    Vec,
    check_grads,
    cond,
    cos,
    exp,
    fixed_point,
    fn,
    grad,
    hessian,
    jacobian,
    linalg,
    minimize,
    root,
    scan,
    vec,
    vmap,
)
from rosesim.ad.program.ir import all_lets, reachable

pytestmark = pytest.mark.usefixtures("unoptimised")


@fn
def square_root(a: Real) -> Real:
    return root(lambda x: x * x - a, a)


def test_the_derivative_does_not_know_the_guess():
    """At a = 1 the guess is the root, near it one step is enough."""
    third = grad(grad(grad(square_root)))
    for a in (1.0, 1.0 + 1e-9, 2.0, 1e-12, 1e12):
        assert square_root(a) == pytest.approx(a**0.5, rel=1e-14)
        assert grad(square_root)(a) == pytest.approx(0.5 * a**-0.5, rel=1e-13)
        assert hessian(square_root)(a) == pytest.approx(-0.25 * a**-1.5, rel=1e-12)
        assert third(a) == pytest.approx(0.375 * a**-2.5, rel=1e-12)


def circle_and_line(solver: Any = None) -> Any:
    """Where the circle of squared radius q[0] meets the line x = q[1] y."""
    return fn(
        lambda q: root(
            lambda x, q: [x[0] ** 2 + x[1] ** 2 - q[0], x[0] - q[1] * x[1]], [1.0, 0.5], (q,), solver=solver
        )
    )


def crossing(q: Any) -> Any:
    y = np.sqrt(q[0] / (1.0 + q[1] ** 2))
    return np.array([q[1] * y, y])


def by_hand(x: Any, r: Any, q: Any) -> Any:
    return linalg.solve([[2.0 * x[0], 2.0 * x[1]], [1.0, -q[1]]], r)


@pytest.mark.parametrize("solver", [None, "gmres", "bicgstab", by_hand])
def test_a_system_by_each_solver(solver: Any):
    q, step = np.array([4.0, 2.0]), 1e-100
    f = circle_and_line(solver)
    np.testing.assert_allclose(f(q), crossing(q), rtol=1e-13)
    exact = np.stack([crossing(q + 1j * step * d).imag / step for d in np.eye(2)], axis=1)
    np.testing.assert_allclose(jacobian(f)(q), exact, rtol=1e-10)
    if solver is by_hand:
        assert check_grads(lambda q: f(q)[0] * f(q)[1], q, order=2).passed


class Joint(NamedTuple):
    angle: Real
    offsets: Vec[Vec[Real, 2], 2]


def test_unknowns_in_any_shape_and_what_the_function_captures():
    @fn
    def f(k: Real) -> Real:
        def residual(x: Joint) -> Joint:
            return Joint(x.angle - k, vec(2, lambda i: vec(2, lambda j: x.offsets[i, j] * exp(k) - x.angle - i)))

        found = root(residual, Joint(0.0, np.ones((2, 2))))
        return found.offsets[1, 0] * found.angle

    assert f(0.5) == pytest.approx(np.exp(-0.5) * 1.5 * 0.5, rel=1e-13)
    assert grad(f)(0.5) == pytest.approx(np.exp(-0.5) * (2 * 0.5 + 1 - 0.5**2 - 0.5), rel=1e-12)


def test_a_root_in_a_loop_in_a_branch_and_in_a_batch():
    @fn
    def chain(k: Real) -> Real:
        return scan(lambda x, _: cond(x > 0.0, lambda: root(lambda y: y + k * y**3 - x, x), lambda: x), 1.0, 6)

    assert check_grads(chain, 0.5, order=2).passed
    rows = np.array([0.1, 0.5, 1.0, 2.0, 4.0])
    np.testing.assert_allclose(vmap(grad(square_root))(rows), 0.5 / np.sqrt(rows), rtol=1e-12)
    np.testing.assert_allclose(vmap(grad(chain))(rows), [grad(chain)(k) for k in rows], rtol=1e-12)


@pytest.mark.parametrize(("how", "off"), [({"math": "strict"}, 1e-13), ({"precision": "f32"}, 1e-5)])
def test_strict_and_single_precision(how: dict[str, Any], off: float):
    f = fn(lambda a: root(lambda x: x * x - a, 1.0, tolerance=1e-5 if "precision" in how else 1e-10))
    assert grad(f).compile(Real, **how)(2.0) == pytest.approx(0.5 * 2**-0.5, rel=off)


def test_the_search_along_a_step_finds_a_root_that_newton_alone_overshoots():
    f = fn(lambda a: root(lambda x: x / (1.0 + x * x) ** 0.5 - a, 3.0, full=True))
    x, report = f(0.1)
    assert report.converged
    assert x == pytest.approx(0.1 / np.sqrt(1 - 0.01), rel=1e-12)


def test_nothing_of_the_iterations_is_stored():
    f = fn(lambda a: root(lambda x: x * x - a, a, limit=5000) + fixed_point(lambda x: cos(a * x), 0.5, limit=6000))
    program = grad(f).compile(1.0).traced.func
    sizes = [o.ty.size for g in reachable(program) for let in all_lets(g.body) for o in let.outs]  # pyright: ignore[reportArgumentType]
    assert max(sizes) == 1


def test_what_has_not_converged_stops_the_program_or_says_so():
    with pytest.raises(ProgramError, match=r"test_equations.py.*root has not reached its tolerance"):
        fn(lambda a: root(lambda x: x * x + a, 1.0))(1.0)
    told = fn(lambda a: root(lambda x: x * x + a, 1.0, check=False)[1].converged)
    assert told(1.0) is False
    with pytest.raises(ProgramError, match="fixed_point has not reached its tolerance 1e-12 after 40 iterations"):
        fn(lambda a: fixed_point(lambda x: 0.9 * x + a, 1.0, limit=40))(1.0)
    with pytest.raises(ProgramError, match=r"minimize has not reached its tolerance .*a saddle or a maximum"):
        fn(lambda a: minimize(lambda x: a * x, 1.0, limit=20))(1.0)


def test_what_diverges_has_not_converged():
    """Where iterates overflow, everything is as large as everything else."""
    for g in (lambda x: 2.0 * x + 1.0, lambda x: x * x, lambda x: exp(x)):
        assert fn(lambda a, g=g: fixed_point(g, a, check=False)[1].converged)(2.0) is False


def test_a_saddle_and_a_maximum_are_not_minima():
    def converged(energy: Any, guess: Any) -> Any:
        return fn(lambda a: minimize(lambda x: a * energy(x), guess, check=False)[1].converged)(1.0)

    assert converged(lambda x: -2.0 * cos(x), 0.0) is True
    assert converged(lambda x: 2.0 * cos(x), 0.0) is False
    assert converged(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [1.0, 0.0]) is False
    assert converged(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [1.0, 0.1]) is True


def test_results_do_not_depend_on_the_unit():
    two = fn(lambda a: root(lambda x: [x[0] + 0.5 * x[1] - a, x[1] + 0.5 * x[0] - a], [0.0, 0.0])[0])
    for unit in (1e-170, 1e-20, 1e170):
        assert two(3.0 * unit) == pytest.approx(2.0 * unit, rel=1e-13)
    tolerant = fn(lambda a: root(lambda x: x * x * 1e10 - a * 1e-10, 1e-9, tolerance=1e-5))
    assert tolerant.compile(Real, precision="f32")(2.0) == pytest.approx((2e-20) ** 0.5, rel=1e-6)


@fn
def settled(a: Real) -> Real:
    return fixed_point(lambda x: a * cos(x), 0.5)


def test_a_fixed_point():
    x = settled(1.0)
    assert x == pytest.approx(0.7390851332151607, rel=1e-11)  # Dottie's number
    assert grad(settled)(1.0) == pytest.approx(np.cos(x) / (1 + np.sin(x)), rel=1e-10)
    assert check_grads(settled, 0.8, order=2).passed


def test_many_fixed_points_at_once_by_products_alone():
    n = 120  # more than are solved by a dense Jacobian
    f = fn(
        lambda a: fixed_point(lambda x: vec(n, lambda i: 0.5 * cos(a * x[i]) + 0.1 * i / n), vec(n, lambda i: 0.0))[7]
    )
    x = f(1.0)
    slope = -0.5 * np.sin(x) * x / (1 + 0.5 * np.sin(x))
    assert grad(f)(1.0) == pytest.approx(slope, rel=1e-9)


def test_a_minimum_and_its_derivatives():
    sag = fn(lambda load: minimize(lambda x: 0.5 * x**2 + 0.25 * x**4 - load * x, 0.0))
    assert sag(2.0) == pytest.approx(1.0, rel=1e-13)
    assert grad(sag)(2.0) == pytest.approx(1 / 4, rel=1e-12)  # x + x³ = load
    assert hessian(sag)(2.0) == pytest.approx(-6 / 64, rel=1e-11)


def test_the_valley_of_rosenbrock():
    f = fn(lambda a, b: minimize(lambda x: (a - x[0]) ** 2 + b * (x[1] - x[0] ** 2) ** 2, [-1.2, 1.0], full=True))
    x, report = f(1.0, 100.0)
    np.testing.assert_allclose(x, [1.0, 1.0], rtol=1e-12)
    assert report.converged
    by_a, by_b = jacobian(lambda a, b: f(a, b)[0])(1.0, 100.0)
    np.testing.assert_allclose(by_a, [1.0, 2.0], rtol=1e-10)
    np.testing.assert_allclose(by_b, [0.0, 0.0], atol=1e-12)


def test_a_start_on_a_ridge_goes_down():
    """Newton's step leads to the maximum at zero; the step down leads to a minimum."""
    f = fn(lambda a: minimize(lambda x: 0.25 * x**4 - 0.5 * a * x**2, 0.1))
    assert f(4.0) == pytest.approx(2.0, rel=1e-12)
    assert grad(f)(4.0) == pytest.approx(0.25, rel=1e-11)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda a: root(lambda x: [x, x], a), r"the function of root gives Vec\[Real, 2\]; expected Real"),
        (lambda a: root(lambda x: x - a, a, args=a), r"args=.* was found in root; expected a tuple"),
        (lambda a: root(lambda x: x - a, a, solver="lu"), "solver='lu' was found; expected 'dense', one of cg"),
        (lambda a: fixed_point(lambda x: [x], a), "the function of fixed_point gives Vec"),
        (lambda a: minimize(lambda x: [x], a), r"the energy of minimize gives Vec\[Real, 1\]; expected a Real"),
        (lambda a: root(lambda x, y: x - a, a), "y"),
    ],
)
def test_what_is_refused(wrong: Any, says: str):
    with pytest.raises(TypeMismatch, match=says) as found:
        fn(wrong)(1.0)
    assert __file__ in str(found.value)
