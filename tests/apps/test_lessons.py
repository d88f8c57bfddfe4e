"""Two lessons of differentiable physics with closed forms: the time of impact, and growth over steps."""

from __future__ import annotations

import math

import pytest
from support import interpreted

from rosesim import Real, cond, fn, grad, scan, select, value_and_grad

H, STEPS, GROUND = 0.002, 203, 0.1


def with_time_of_impact(y: Real, v: Real) -> tuple[Real, Real]:
    hits = (y + H * v < GROUND) & (v < 0.0)
    tau = (GROUND - y) / v
    return select(hits, y + tau * v - (H - tau) * v, y + H * v), select(hits, -v, v)


def without(y: Real, v: Real) -> tuple[Real, Real]:
    turned = cond((y < GROUND) & (v < 0.0), lambda: -v, lambda: v)
    return y + H * turned, turned


@fn
def bounce(offset: Real) -> Real:
    y = 0.5 + offset
    return scan(lambda s, i: with_time_of_impact(*s), (y, Real(-2.0)), STEPS)[0]


@fn
def naive(offset: Real) -> Real:
    y = 0.5 + offset
    return scan(lambda s, i: without(*s), (y, Real(-2.0)), STEPS)[0]


# A start for which a bounce falls exactly on a step would be decided by rounding.
OFFSETS = [0.0003, 0.0011, -0.0017, 0.0029]


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("run", [interpreted, lambda g, *a: g(*a)], ids=["interpreted", "compiled"])
def test_the_time_of_impact_gives_a_bounce_its_derivative(offset: float, run) -> None:
    value, slope = run(value_and_grad(bounce), offset)
    assert value == pytest.approx(0.512 - offset, abs=1e-13)  # 203 additions of rounding 1e-16
    assert slope == pytest.approx(-1.0, abs=1e-12)


@pytest.mark.parametrize("offset", OFFSETS)
def test_without_it_the_derivative_has_the_wrong_sign(offset: float) -> None:
    value, slope = value_and_grad(naive)(offset)
    assert slope == 1.0
    assert abs(value - (0.512 - offset)) < 0.008  # a saw of that height under the same line


@pytest.mark.parametrize("damping", [0.0, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("steps", [10, 1000])
def test_gradients_grow_with_the_steps_unless_damped(damping: float, steps: int) -> None:
    h = 0.001
    d = math.exp(-damping * h)

    @fn
    def last(a: Real) -> Real:
        def step(s: tuple[Real, Real], _: object) -> tuple[Real, Real]:
            v = d * s[1] + a
            return s[0] + h * v, v

        return scan(step, (0.0, 0.0), steps)[0]

    if damping == 0.0:
        expected = h * steps * (steps + 1) / 2
    else:
        expected = h / (1 - d) * (steps - d * (1 - d**steps) / (1 - d))
    value, slope = value_and_grad(last)(1.0)
    # The closed form divides by (1 - d)^2 = 1e-6 or more: it is itself exact to about 1e-10.
    assert value == pytest.approx(expected, rel=1e-9)
    assert slope == pytest.approx(expected, rel=1e-9)
    assert grad(last)(5.0) == slope
