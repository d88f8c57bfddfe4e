"""Steps with error control: values, derivatives of the steps as they were taken, and the continuous adjoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.integrate._ivp.rk import RK45  # Dormand and Prince's tableau from another hand
from support import interpreted

import rosesim as rs
from rosesim import Real, Vec
from rosesim.numerics.integrate.march import march

RATES = np.array([1.5, 1.0, 3.0, 1.0])
TIMES = np.array([0.0, 0.1, 0.7, 0.75, 3.0, 10.0])


def prey(t: Any, y: Any, p: Any) -> Any:
    """Lotka and Volterra's equations."""
    return [p[0] * y[0] - p[1] * y[0] * y[1], -p[2] * y[1] + p[3] * y[0] * y[1]]


def reference(f: Any, y: Any, t1: float, **options: Any) -> Any:
    return solve_ivp(f, (0.0, t1), y, rtol=1e-12, atol=1e-12, method="DOP853", **options).y


@rs.fn
def populations(p: Vec[Real, 4]) -> Any:
    tight = {"args": (p,), "rtol": 1e-8, "atol": 1e-10}
    at, steps = rs.integrate.adaptive(prey, [1.0, 1.0], 0.0, 10.0, times=TIMES, full=True, **tight)
    back = rs.integrate.adaptive(prey, at[len(at) - 1], 10.0, 0.0, **tight)
    by_rosenbrock = rs.integrate.adaptive(prey, [1.0, 1.0], 0.0, 10.0, times=TIMES, method="rodas4", **tight)
    return at, back, by_rosenbrock, steps


def test_states_at_times_are_those_of_another_solver_forwards_and_back():
    at, back, by_rosenbrock, steps = populations.compile(optimise=False)(RATES)
    exact = reference(lambda t, y: prey(t, y, RATES), [1.0, 1.0], 10.0, t_eval=TIMES).T
    assert np.asarray(at) == pytest.approx(exact, abs=4e-7)
    assert np.asarray(by_rosenbrock) == pytest.approx(exact, abs=4e-6)
    assert back == pytest.approx([1.0, 1.0], abs=1e-6)
    assert steps.reached and 150 < steps.taken < 300 and steps.rejected < 30  # SciPy's RK45 takes 245


# --------------------------------------------------------------------------- the derivative of given steps

LOOSE: Any = {"rtol": 1e-2, "atol": 1e-3}
"""So that steps err much, and a derivative that takes in their sizes is another one."""


def swayed(t: Any, y: Any, rate: Any, sin: Any) -> Any:
    return [y[1] * rate, -sin(y[0]) + sin(3.0 * t) * y[1]]


@rs.fn
def sizes(p: Vec[Real, 2]) -> Any:
    """The sizes of the steps to t = 5 that were taken, and 0 for those that were not or were not needed."""

    def f(t: Any, y: Any) -> Any:
        return swayed(t, y, p[1], rs.sin)

    m = march(f, rs.stack([p[0], 1.0]), Real(0.0), Real(5.0), (), "dopri5", 1e-2, 1e-3, 99, None, "a test")

    def attempt(going: Any, _: Any) -> Any:
        good, h, _, after = m.tried(going)
        return after, rs.select(good, h, 0.0)

    return rs.scan(attempt, m.start(Real(0.0), rs.stack([p[0], 1.0]), None), 30)[1]


def stepped(p: np.ndarray, hs: np.ndarray) -> Any:
    """Steps of these sizes, in complex arithmetic, by SciPy's coefficients."""
    t, y = 0.0, np.array([p[0], 1.0], complex)
    for h in hs:
        ks = [np.array(swayed(t, y, p[1], np.sin))]
        for c, row in zip(RK45.C[1:], RK45.A[1:], strict=True):
            ks.append(np.array(swayed(t + c * h, y + h * (row[: len(ks)] @ np.array(ks)), p[1], np.sin)))
        t, y = t + h, y + h * (RK45.B @ np.array(ks))
    return y[0] * y[1]


@rs.fn
def loosely(p: Vec[Real, 2]) -> Real:
    y = rs.integrate.adaptive(lambda t, y: swayed(t, y, p[1], rs.sin), [p[0], 1.0], 0.0, 5.0, **LOOSE)
    return y[0] * y[1]


def test_the_derivative_is_that_of_the_steps_as_they_were_taken():
    p = np.array([0.3, 1.7])
    hs = sizes.compile(math="strict", optimise=False)(p)
    assert hs.sum() == pytest.approx(5.0, abs=1e-14) and (hs > 0.0).sum() > 5 and (hs == 0.0).sum() > 0
    value, gradient = rs.value_and_grad(loosely).compile(math="strict", optimise=False)(p)
    assert value == pytest.approx(stepped(p, hs).real, rel=1e-12)
    exact = [stepped(p + 1e-30j * e, hs).imag / 1e-30 for e in np.eye(2)]
    assert gradient == pytest.approx(exact, rel=1e-12)


# --------------------------------------------------------------------------------- closed forms, all orders


@dataclass(frozen=True)
class Colony(rs.Struct):
    size: Real


def logistic(q: Any, exp: Any = np.exp) -> Any:
    """From y0 at t0, with a rate, to t1."""
    y0, rate, t0, t1 = q
    return 1.0 / (1.0 + (1.0 / y0 - 1.0) * exp(-rate * (t1 - t0)))


def grown(q: Any, **options: Any) -> Any:
    return rs.integrate.adaptive(
        lambda t, y: Colony(q[1] * y.size * (1.0 - y.size)),
        Colony(q[0]),
        q[2],
        q[3],
        rtol=1e-10,
        atol=1e-12,
        **options,
    )


@rs.fn
def at_end(q: Vec[Real, 4]) -> Real:
    return grown(q).size


@rs.fn
def at_time(q: Vec[Real, 4]) -> Real:
    return grown([q[0], q[1], q[2], 3.0], times=[1.0, q[3], 2.5])[1].size


@rs.fn
def by_adjoint(q: Vec[Real, 4]) -> Real:
    return grown(q, adjoint="continuous").size


Q = np.array([0.2, 1.3, 0.5, 2.0])
SLOPES = np.array([logistic(Q + 1e-30j * e).imag / 1e-30 for e in np.eye(4)])


@pytest.mark.parametrize("f", [at_end, at_time, by_adjoint], ids=lambda f: f.name)
def test_first_derivatives_by_state_rate_start_and_end_are_the_closed_forms(f: Any):
    value, gradient = rs.value_and_grad(f).compile(optimise=False)(Q)
    assert value == pytest.approx(logistic(Q), abs=1e-9)
    assert gradient == pytest.approx(SLOPES, abs=2e-8)


def test_second_derivatives_are_the_closed_forms():
    curved = rs.jvp(rs.grad(at_end)).compile(Vec[Real, 4], Vec[Real, 4], optimise=False)
    e = 1e-5
    for direction in np.eye(4):
        exact = [
            (logistic(Q + e * direction + 1e-30j * d).imag - logistic(Q - e * direction + 1e-30j * d).imag)
            / (2e-30 * e)
            for d in np.eye(4)
        ]
        assert curved(Q, direction)[1] == pytest.approx(exact, abs=1e-7)


def test_forward_and_reverse_of_the_adjoint_agree_to_its_tolerance():
    forward = rs.jvp(by_adjoint).compile(Vec[Real, 4], Vec[Real, 4], optimise=False)
    assert [forward(Q, e)[1] for e in np.eye(4)] == pytest.approx(SLOPES, abs=1e-8)


def test_a_batch_takes_each_run_to_its_own_end_also_in_single_precision():
    batch = rs.vmap(lambda q: rs.integrate.adaptive(lambda t, y: q[1] * y * (1.0 - y), q[0], q[2], q[3], rtol=1e-5))
    runs = np.array([Q, Q + 0.1, Q - 0.1, 0.5 * Q, 2.0 * Q])
    exact = [logistic(q) for q in runs]
    assert batch.compile(runs, optimise=False)(runs) == pytest.approx(exact, rel=1e-5)
    assert batch.compile(runs, optimise=False, precision="f32")(runs) == pytest.approx(exact, rel=1e-4)


# -------------------------------------------------------------------------------------------- stiff, and not


@rs.fn
def reaction(k: Real) -> Any:
    """Robertson's reaction, whose rates differ by nine orders of magnitude."""

    def f(t: Any, y: Any) -> Any:
        a, b, c = k * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
        return [b - a, a - b - c, c]

    return rs.integrate.adaptive(f, [1.0, 0.0, 0.0], 0.0, 40.0, method="rodas4", rtol=1e-7, atol=1e-11, full=True)


def test_a_stiff_reaction_takes_few_steps_and_its_derivative_is_right():
    (y, steps), (slope, _) = rs.jvp(reaction).compile(Real, Real, optimise=False)(0.04, 1.0)
    assert steps.taken < 200  # where an explicit method takes 100,000

    def end(k: float) -> np.ndarray:
        def f(t: float, y: Any) -> Any:
            a, b, c = k * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
            return [b - a, a - b - c, c]

        return solve_ivp(f, (0.0, 40.0), [1.0, 0.0, 0.0], rtol=1e-9, atol=1e-13, method="Radau").y[:, -1]

    assert y == pytest.approx(end(0.04), rel=2e-7)
    assert slope == pytest.approx((end(0.0401) - end(0.0399)) / 2e-4, rel=1e-4)


@pytest.mark.parametrize("adjoint", ["discrete", "continuous"])
def test_times_that_do_not_go_in_order_from_start_to_end_stop_the_program_or_are_told(adjoint: Any):
    def at(times: Vec[Real, 2], end: Real, **options: Any) -> Any:
        return rs.integrate.adaptive(lambda t, y: y, 1.0, 0.0, end, times=times, adjoint=adjoint, limit=60, **options)

    @rs.fn
    def stopping(times: Vec[Real, 2], end: Real) -> Any:
        return at(times, end)

    @rs.fn
    def told(times: Vec[Real, 2], end: Real) -> Any:
        return at(times, end, check=False)

    for *times, end in [(0.0, 0.0, 1.0), (0.5, 1.0, 1.0), (-0.5, -0.5, -1.0), (0.0, -1.0, -1.0)]:
        assert interpreted(stopping, times, end) == pytest.approx(np.exp(times), rel=1e-5)
        assert interpreted(told, times, end)[1].reached
    for *times, end in [(0.5, 1.1, 1.0), (-0.1, 0.5, 1.0), (0.9, 0.5, 1.0), (0.1, -0.5, -1.0), (0.5, np.nan, 1.0)]:
        with pytest.raises(rs.ProgramError, match=r"adaptive got times= that do not go in order from t0 to t1; exp"):
            interpreted(stopping, times, end)
        assert not interpreted(told, times, end)[1].reached


def test_an_end_that_is_not_reached_stops_the_program_at_its_line_or_is_told():
    def f(**options: Any) -> Any:
        return rs.integrate.adaptive(lambda t, y: y * y, 1.0, 0.0, 2.0, limit=60, **options)  # infinite at t = 1

    with pytest.raises(
        rs.ProgramError, match=r"test_adaptive\.py:\d+: integrate.adaptive has not reached its end after"
    ):
        rs.fn(lambda: f()).compile(optimise=False)()
    y, steps = rs.fn(lambda: f(full=True, check=False)).compile(optimise=False)()
    assert not steps.reached and steps.taken + steps.rejected == 60 and y > 1e2
    with pytest.raises(
        rs.TypeMismatch, match=r"method='rk4' was found in integrate.adaptive; expected one of dopri5, rod"
    ):
        rs.fn(lambda: f(method="rk4")).compile()
    with pytest.raises(rs.TypeMismatch, match="adjoint='exact' was found; expected 'discrete' or 'continuous'"):
        rs.fn(lambda: f(adjoint="exact")).compile()
