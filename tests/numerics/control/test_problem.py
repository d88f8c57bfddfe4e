"""Plans against problems whose solution is known: linear motion with quadratic costs, and conditions of a minimum."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rosesim import TypeMismatch, concatenate, const, control, fn, grad, scan, sin, stack, sum

pytestmark = pytest.mark.usefixtures("unoptimised")

A = np.array([[1.0, 0.1], [0.3, 1.1]])
B = np.array([[0.0, 0.02], [0.1, 0.0]])
R = 0.5
STEPS = 60
"""Long enough that the first gains are those of an infinite horizon."""
X0 = np.array([1.0, -0.5])


def linear(x: Any, u: Any) -> Any:
    return const(A) @ x + const(B) @ u


def running(x: Any, u: Any, t: Any) -> Any:
    return concatenate([x, R * u])


def final(x: Any) -> Any:
    return 2.0 * x


LINEAR = control.Problem(linear, running, final)


def condensed() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The residuals of the linear problem as M u + c of all controls, by multiplying out."""
    n, m = B.shape
    x, of_u = X0, np.zeros((n, STEPS * m))
    rows, rest = [], []
    for t in range(STEPS):
        pick = np.zeros((m, STEPS * m))
        pick[:, t * m : (t + 1) * m] = np.eye(m)
        rows += [of_u, R * pick]
        rest += [x, np.zeros(m)]
        x, of_u = A @ x, A @ of_u + B @ pick
    return np.concatenate([*rows, 2.0 * of_u]), np.concatenate([*rest, 2.0 * x])


def test_one_iteration_solves_a_linear_problem():
    plan = LINEAR.solve(X0, np.zeros((STEPS, 2)))
    big, c = condensed()
    u = np.linalg.lstsq(big, -c, rcond=None)[0]
    assert plan.converged and plan.iterations == 1
    assert np.allclose(plan.controls.ravel(), u, atol=1e-9)
    assert plan.cost == pytest.approx(0.5 * np.sum((big @ u + c) ** 2), rel=1e-12)
    assert plan.costs[0] == pytest.approx(0.5 * c @ c, rel=1e-12)


def test_gains_are_those_of_riccati_s_equation():
    linalg = pytest.importorskip("scipy.linalg")
    p = linalg.solve_discrete_are(A, B, np.eye(2), R**2 * np.eye(2))
    plan = LINEAR.solve(X0, np.zeros((STEPS, 2)))
    assert np.allclose(plan.gains[0], -np.linalg.solve(R**2 * np.eye(2) + B.T @ p @ B, B.T @ p @ A), rtol=1e-6)


def test_one_iteration_closes_the_gaps_of_a_linear_problem():
    states = np.random.default_rng(0).normal(size=(STEPS + 1, 2))
    plan = LINEAR.solve(X0, np.ones((STEPS, 2)), states=states)
    assert plan.converged and plan.iterations == 1 and plan.gap == 0.0
    assert np.allclose(plan.states, LINEAR.solve(X0, np.zeros((STEPS, 2))).states, atol=1e-9)


def test_bounds_are_met_as_bounded_least_squares_meets_them():
    optimize = pytest.importorskip("scipy.optimize")
    low, high = np.array([-2.0, -0.4]), np.array([2.0, 0.2])
    bounded = control.Problem(linear, running, final, low=low, high=high)
    plan = bounded.solve(X0, np.zeros((STEPS, 2)), tolerance=1e-14)
    big, c = condensed()
    known = optimize.lsq_linear(big, -c, (np.tile(low, STEPS), np.tile(high, STEPS)), tol=1e-14, max_iter=1000)
    assert plan.converged
    assert plan.cost == pytest.approx(known.cost, rel=1e-11)
    at_bounds = (plan.controls == low) | (plan.controls == high)
    assert at_bounds.any() and (plan.gains[at_bounds] == 0.0).all() and (plan.gains[~at_bounds] != 0.0).any()


H, GRAVITY = 0.05, 9.81


def pendulum(x: Any, u: Any) -> Any:
    """Angle 0 hangs."""
    speed = x[1] + H * (u[0] - GRAVITY * sin(x[0]))
    return stack([x[0] + H * speed, speed])


def effort(x: Any, u: Any, t: Any) -> Any:
    return 0.1 * u


def upright(x: Any) -> Any:
    return 20.0 * (x - np.array([np.pi, 0.0]))


SWING = control.Problem(pendulum, effort, upright)
REST = np.zeros((60, 1))


@fn
def cost_of(u: Any) -> Any:
    x = scan(lambda x, t: pendulum(x, u[t]), np.zeros(2), len(u))
    return 0.5 * (sum((0.1 * u) ** 2) + upright(x) @ upright(x))


def test_the_cost_falls_with_each_iteration_to_where_its_gradient_is_zero():
    plan = SWING.solve([0.0, 0.0], REST, tolerance=1e-14)
    assert plan.converged and len(plan.costs) > 3
    assert (np.diff(plan.costs) < 1e-12).all()
    assert plan.cost == pytest.approx(cost_of(plan.controls), rel=1e-12)
    assert abs(grad(cost_of)(plan.controls)).max() < 1e-7 < 1e-3 < abs(grad(cost_of)(REST)).max()
    assert plan.gradient == pytest.approx(abs(grad(cost_of)(plan.controls)).max(), abs=1e-12)


def test_second_derivatives_of_the_motion_make_the_end_of_a_search_quadratic():
    """The last steps of Newton's method square what is missing; those of Gauss and Newton only shrink it."""
    slow = SWING.solve([0.0, 0.0], REST, tolerance=1e-14)
    fast = SWING.solve([0.0, 0.0], REST, tolerance=1e-14, method="ddp")
    assert slow.cost == pytest.approx(fast.cost, rel=1e-12)
    newton, gauss = (plan.costs - slow.cost for plan in (fast, slow))
    assert 0.0 < newton[-2] < 1e-4 * newton[-3] and gauss[-3] > 1e-2 * gauss[-4] > 0.0


@pytest.mark.full  # three more programs
def test_a_real_cost_and_residuals_are_one_problem():
    real = control.Problem(pendulum, lambda x, u, t: 0.5 * (0.1 * u[0]) ** 2, lambda x: 0.5 * upright(x) @ upright(x))
    ours, theirs = (p.solve([0.0, 0.0], REST) for p in (SWING, real))
    assert np.allclose(ours.costs, theirs.costs, rtol=1e-9)
    assert np.allclose(ours.controls, theirs.controls, atol=1e-7)


def balanced(x: Any, u: Any, t: Any) -> Any:
    return concatenate([x - np.array([np.pi, 0.0]), 0.1 * u])


def test_the_policy_holds_a_pendulum_that_falls_by_itself():
    plan = control.Problem(pendulum, balanced, upright).solve([np.pi, 0.0], np.zeros((100, 1)))
    x = y = np.array([np.pi + 0.1, 0.0])
    fell = False
    for t in range(100):
        x = np.array(pendulum_now(x, plan.control(x, t)))
        y = np.array(pendulum_now(y, plan.controls[t]))
        fell = fell or abs(y[0] - np.pi) > 1.0
    assert abs(x[0] - np.pi) < 1e-3 and fell

    @fn
    def last() -> Any:
        def step(x: Any, t: Any) -> Any:
            return pendulum(x, plan.control(x, t))

        return scan(step, np.array([np.pi + 0.1, 0.0]), 100)

    assert np.allclose(last(), x, atol=1e-12)


@fn
def pendulum_now(x: Any, u: Any) -> Any:
    return pendulum(x, u)


def explosive(x: Any, u: Any) -> Any:
    """It grows beyond all numbers within 40 steps, unless it is held near zero."""
    return stack([x[0] + x[0] ** 3 + u[0]])


def test_a_motion_that_explodes_is_planned_from_a_guess_of_its_states():
    held = control.Problem(explosive, lambda x, u, t: concatenate([x, 0.1 * u]), lambda x: x)
    with pytest.raises(ValueError, match=r"the motion under the first controls, .* is not finite; expected another"):
        held.solve([1.5], np.zeros((40, 1)))
    plan = held.solve([1.5], np.zeros((40, 1)), states=np.zeros((41, 1)))
    assert plan.converged and plan.gap == 0.0 and abs(plan.states[-1]) < 1e-6
    for t in range(40):
        assert plan.states[t + 1] == pytest.approx(plan.states[t] + plan.states[t] ** 3 + plan.controls[t])


@pytest.mark.full  # three more programs
def test_arguments_change_the_costs_and_compile_nothing():
    held = control.Problem(
        lambda x, u, goal: linear(x, u),
        lambda x, u, t, goal: concatenate([x - goal[t], 0.01 * u]),
        lambda x, goal: 0.0 * x,
    )
    for goal in (np.ones((30, 2)), np.zeros((30, 2))):
        plan = held.solve(X0, np.zeros((30, 2)), args=(goal,))
        assert plan.converged and np.allclose(plan.states[15:25], goal[15:25], atol=0.2)
    assert [len(f._programs) for f in vars(held._made[2].programs).values() if f._programs] == [1, 1, 1]


def test_a_search_that_ends_early_says_so():
    plan = SWING.solve([0.0, 0.0], REST, limit=2)
    assert not plan.converged and plan.reason == "not converged within limit=2 iterations" and len(plan.costs) == 3
    assert "cost" in repr(plan) and plan.reason in repr(plan)
    free = control.Problem(pendulum, lambda x, u, t: -1e12 * u[0] ** 2, lambda x: x[0])
    plan = free.solve([0.0, 0.0], REST)
    assert not plan.converged and plan.reason.startswith("the costs curve downwards")


def test_a_cost_without_a_minimum_is_told():
    plan = control.Problem(pendulum, lambda x, u, t: -(u[0] ** 2), lambda x: x[0]).solve([0.0, 0.0], REST)
    assert not plan.converged and plan.reason.startswith("the cost falls without end")


def test_a_step_to_a_state_of_another_size_is_refused():
    """It would broadcast, and the plan be one of nothing."""
    with pytest.raises(TypeMismatch, match="step gives 1 numbers; expected a vector of 2, as the first state is"):
        control.Problem(lambda x, u: x[:1], effort, upright).solve([0.0, 0.0], REST)
    with pytest.raises(TypeMismatch, match="step gives a number or a structure; expected a vector of 2"):
        control.Problem(lambda x, u: x[0], effort, upright).solve([0.0, 0.0], REST)


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "start": ({"start": [[0.0, 0.0]]}, r"start has the shape \(1, 2\); expected a vector"),
    "controls": ({"controls": [0.0]}, r"controls have the shape \(1,\); expected \(T, m\)"),
    "states": ({"states": np.zeros((60, 2))}, r"states have the shape \(60, 2\); expected \(61, 2\)"),
    "method": ({"method": "lqr"}, "method='lqr' was found; expected 'ilqr' or 'ddp'"),
    "limit": ({"limit": 0}, "limit=0 were found; expected positive numbers"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name: str):
    given, words = MISTAKES[name]
    with pytest.raises(ValueError, match=words):
        SWING.solve(**{"start": [0.0, 0.0], "controls": REST, **given})


def test_bounds_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"low=1.0 and high=0.0 were found; expected numbers or vectors, low < high"):
        control.Problem(pendulum, effort, upright, low=1.0, high=0.0)
    with pytest.raises(ValueError, match="low has 3 numbers; expected 1, as there is one control"):
        control.Problem(pendulum, effort, upright, low=-np.ones(3)).solve([0.0, 0.0], REST)
