"""`check_grads(f, ..., order=2)`: what is said of second derivatives, by functions whose hessians are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rows import crossed

from rosesim import (
    Dual,
    Index,
    Real,
    TypeMismatch,
    Vec,
    check_grads,
    cond,
    cos,
    exp,
    fn,
    norm,
    opaque,
    scan,
    select,
    sin,
    stop_gradient,
    sum,
    while_loop,
)

pytestmark = pytest.mark.usefixtures("unoptimised")

POINTS = [np.zeros(3), np.array([1.0, -2.0, 0.5])]


@fn
def length(v: Vec[Real, 3]) -> Real:
    return norm(v)


SMOOTH: dict[str, Callable[[Any], Any]] = {
    "a square of a norm": lambda v: norm(v) ** 2 + v[0],
    "waves": lambda v: sin(v[0]) * cos(v[1]) * exp(v[2]),
    "a scan": lambda v: scan(lambda c, i: sin(c) + v[0] * v[i], 0.3, 3),
    "a vector": lambda v: [v[0] * v[1], sin(v[2])],
    "a struct": lambda v: {"a": v[0] ** 3, "b": v[1] * v[2]},
}

HIDDEN: dict[str, Callable[[Any], Any]] = {
    "squared by the caller": lambda v: v[0] + length(v) ** 2,
    "out of a scan": lambda v: v[0] + scan(lambda c, i: norm(v), 0.0, 2) ** 2,
    "out of a branch": lambda v: v[0] + cond(v[0] < 9.0, lambda: norm(v), lambda: v[1]) ** 2,
}


@pytest.mark.parametrize(("name", "v"), crossed(list(SMOOTH), POINTS, 1))
def test_a_smooth_function_passes(name: str, v: Any) -> None:
    f = SMOOTH[name]

    @fn
    def smooth(v: Vec[Real, 3]):
        return f(v)

    report = check_grads(smooth, v, order=2)
    assert report.passed, str(report)
    assert report.of("v", "the gradient by v").passed


@pytest.mark.parametrize("name", HIDDEN)
def test_a_square_that_cannot_be_seen_is_found_at_its_kink_and_is_right_beside_it(name: str) -> None:
    f = HIDDEN[name]

    @fn
    def hidden(v: Vec[Real, 3]) -> Real:
        return f(v)

    assert check_grads(hidden, POINTS[0]).passed, "its first derivative is right"
    verdict = check_grads(hidden, POINTS[0], order=2).of("v", "the gradient by v")
    assert verdict.kind == "wrong"
    assert "docs/language.md, derivatives at kinks" in verdict.text
    assert check_grads(hidden, POINTS[1], order=2).passed


def test_a_rule_whose_own_derivative_is_off_by_a_thousandth_is_found() -> None:
    """The slope of the rule is right; only its slope is not."""

    @opaque
    def slope(x: Real) -> float:
        return math.cos(x)

    @slope.defjvp
    def _(x: Dual) -> Dual:
        return Dual(slope(x.re), x.du * (-1.001 * sin(x.re)))

    @fn
    def sine(x: Real) -> Real:
        return sin(x)

    sine.defjvp(lambda x: Dual(sin(x.re), x.du * slope(x.re)))
    assert check_grads(sine, 0.7).passed
    assert check_grads(sine, 0.7, order=2).of("x", "the gradient by x").kind == "wrong"


def test_a_hessian_that_is_not_symmetric_is_found() -> None:
    @fn
    def f(x: Real, y: Real) -> Real:
        return x * x * y

    @f.defjvp
    def _(x: Dual, y: Dual) -> Dual:
        return Dual(x.re * x.re * y.re, x.du * (2.0 * x.re * y.re) + y.du * stop_gradient(x.re * x.re))

    assert check_grads(f, 2.0, 3.0).passed
    report = check_grads(f, 2.0, 3.0, order=2)
    assert not report.passed
    assert "not symmetric" in str(report)


def test_every_pair_of_real_inputs_has_a_verdict_and_wrt_chooses() -> None:
    @fn
    def f(x: Vec[Real, 2], k: Index[2], y: Real) -> Real:
        return x[k] * x[k] * y * y

    report = check_grads(f, [1.0, 2.0], 1, 3.0, order=2)
    assert report.passed
    second = [(v.output, v.input) for v in report.verdicts if v.output != "value"]
    assert second == [(f"the gradient by {a}", b) for a in "xy" for b in "xy"]
    report = check_grads(f, [1.0, 2.0], 1, 3.0, wrt="y", order=2)
    assert [(v.output, v.input) for v in report.verdicts] == [("value", "y"), ("the gradient by y", "y")]


def test_a_linear_function_has_no_second_derivative() -> None:
    report = check_grads(lambda v: sum(3, lambda i: v[i]) * 2.0, np.ones(3), order=2)
    assert report.passed
    assert "linear" in report.of("v", "the gradient by v").text


def test_where_the_first_derivative_has_a_kink_the_second_is_not_asked_for() -> None:
    report = check_grads(lambda x: select(x > 0.0, x, -x), 0.0, order=2)
    assert [v.output for v in report.verdicts] == ["value"]


@pytest.mark.parametrize("order", [0, 3, "2"])
def test_another_order_is_refused(order: Any) -> None:
    with pytest.raises(TypeMismatch, match="expected 1, or 2"):
        check_grads(lambda x: x * x, 2.0, order=order)


def test_a_warm_start_that_has_nearly_converged_has_another_curvature_and_the_loop_is_named() -> None:
    @fn
    def heron(a: Real) -> Real:
        return while_loop(lambda x: abs(x * x - a) > 1e-12, lambda x: 0.5 * (x + a / x), a, limit=50)

    first, second = check_grads(heron, 1.0 + 1e-9, order=2).verdicts
    assert first.kind == "right" and second.kind == "jagged"
    assert "the count of while_loop" in second.why and "expected root, fixed_point, minimize" in second.why
    assert check_grads(heron, 2.0, order=2).passed  # here the iterations carry the curvature, too
