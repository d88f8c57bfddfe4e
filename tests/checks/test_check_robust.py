"""check_grads gives a verdict or an error of ours, whatever it is given."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rosesim import (
    Bool,
    Dual,
    Index,
    ProgramError,
    Real,
    TraceError,
    TypeMismatch,
    Vec,
    acos,
    atan2,
    check_grads,
    exp,
    floor,
    fn,
    log,
    norm,
    opaque,
    scan,
    select,
    sqrt,
    stop_gradient,
    sum,
    tan,
    vec,
    while_loop,
)

pytestmark = pytest.mark.usefixtures("unoptimised")


@dataclass(frozen=True)
class Cell:
    at: Index[3]
    on: Bool


@fn
def cell(c: Cell, x: Real) -> Real:
    return select(c.on, x, 2.0 * x)


def kinds(f: Any, *args: Any, **kw: Any) -> list[str]:
    return [v.kind for v in check_grads(f, *args, **kw).verdicts]


# ---------------------------------------------------------------------- nothing has a derivative


@pytest.mark.parametrize(
    ("f", "x", "says"),
    [
        (lambda x: floor(x), 1.3, "it goes on only as an integer"),
        (lambda x: Real(3.0), 1.3, "value does not depend on x in the program at all"),
        (lambda x: stop_gradient(x), 1.3, "it goes on only through stop_gradient"),
        (lambda x: sum(0, lambda i: x[i]), np.zeros(0), "x is empty"),
        (lambda x: sum(0, lambda i: x[i][0]), np.zeros((0, 3)), "x is empty"),
        (lambda x: vec(0, lambda i: x), 1.0, "value is empty"),
        (lambda x: select(x > 0.0, 1.0, 2.0), 1.0, "it only decides which branch is taken"),
    ],
)
def test_what_has_no_derivative_is_zero_because(f: Any, x: Any, says: str):
    report = check_grads(f, x)
    assert report.passed and report.verdicts[0].text.startswith("zero because " + says)
    assert report.max_rel_error_jvp_vjp == report.max_rel_error_fd == 0.0


def test_what_is_no_real_is_passed_by():
    assert kinds(cell, Cell(1, True), 2.0) == ["right"]
    assert kinds(lambda n, p, x: select(p, x, 2.0 * x), None, True, 1.0) == ["right"]
    assert kinds(lambda x: (x * x, None, x > 0.0, Index[4].clamp(x)), 1.5) == ["right"]
    assert kinds(lambda x: (vec(0, lambda i: x), x * x), 1.0) == ["zero because", "right"]
    assert kinds(lambda x, y: y * 2.0 + sum(0, lambda i: x[i]), np.zeros(0), 1.0) == ["zero because", "right"]


@pytest.mark.parametrize("f", [lambda x: Index[4].clamp(x), lambda x: x > 0.0, lambda x: None])
def test_a_result_without_a_real_is_refused(f: Any):
    with pytest.raises(TypeMismatch, match="expected a Real in it"):
        check_grads(f, 1.5)


@pytest.mark.parametrize("wrt", ["c", 0, []])
def test_asking_for_what_has_no_real_is_refused(wrt: Any):
    with pytest.raises(TypeMismatch, match="takes no Real"):
        check_grads(cell, Cell(1, True), 2.0, wrt=wrt)


def test_arguments_may_be_named_twice_and_in_any_order():
    @fn
    def f(x: Real, y: Vec[Real, 2]) -> Real:
        return x * x * y[0] * y[1]

    assert [v.text for v in check_grads(f, 2.0, [3.0, 5.0], wrt=["y", "x", "y"]).verdicts] == ["right", "right"]


# ------------------------------------------------------------------------------ strange numbers


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_beside_no_number_nothing_is_said(x: float):
    assert kinds(lambda x: x * x, x) == ["not finite"]
    assert kinds(lambda x, y: y * y, x, 1.0) == ["not finite", "right"]
    assert kinds(lambda v: v[0] * 2.0, [1.0, x]) == ["not finite"]


@pytest.mark.parametrize("x", [0.0, -0.0, 5e-324, 1e-310, 1e-300, 1e300, 1.7e308])
def test_the_ends_of_the_numbers_are_no_mistake(x: float):
    for f in (lambda x, y: y * y, lambda x, y: x * 0.5 + y, lambda x, y: x * y, lambda x, y: select(x > 2.0, y, y)):
        report = check_grads(f, x, 0.5)
        assert report.passed, str(report)


def test_overflow_is_not_finite():
    assert kinds(lambda x: exp(x), 710.0) == ["not finite"]
    assert kinds(lambda x: exp(x), 709.7) == ["not finite"]  # a step is beyond the largest number


def test_where_the_value_is_no_number_the_operation_is_named_in_which_that_arose():
    @fn
    def turned(w: Vec[Real, 3]):
        return rotate_vector(w / norm(w), norm(w))

    def rotate_vector(axis: Any, angle: Real) -> Any:
        return axis * angle

    (verdict,) = check_grads(turned, np.zeros(3)).verdicts
    assert f"{__file__}:" in verdict.why
    assert "0.0 / 0.0 gave nan: expected a formula that is smooth there" in verdict.why
    assert "for a rotation vector, rosesim.rotations.exp(w)" in verdict.why
    (verdict,) = check_grads(lambda x: 2.0 + log(x), -1.0).verdicts
    assert verdict.why.endswith(": log(-1.0) gave nan")


# -------------------------------------------------------------------- singular points and edges


@pytest.mark.parametrize(
    ("f", "x", "word"),
    [
        (lambda x: sqrt(x), 0.0, "not finite: just to the left"),
        (lambda x: x**0.5, 0.0, "not finite: just to the left"),
        (lambda x: acos(x), 1.0, "not finite: just to the right"),
        (lambda x: log(x), 0.0, "not finite: value is NaN or infinite here"),
        (lambda y: atan2(y, -1.0), 0.0, "jumps: the value itself jumps by 6.28 here"),
        (lambda x: atan2(0.0, x), 0.0, "jumps: the value itself jumps by -3.14 here"),
        (lambda x: tan(x), math.pi / 2, "jagged: rounding alone moves the gradient"),
        (lambda x: select(x == 0.5, 7.0, x), 0.5, "jumps: the value itself jumps by -6.5 here"),
    ],
)
def test_singular_points_are_told(f: Any, x: float, word: str):
    assert check_grads(f, x).verdicts[0].text.startswith(word)


def test_a_program_that_stops_beside_the_point():
    def looked_up(x: Any) -> Any:
        return vec(4, lambda i: x * (i + 1.0))[Index[4].check(x)]

    def counted(x: Any) -> Any:
        return while_loop(lambda s: s > 0.0, lambda s: s - 0.1, x, limit=11)

    assert kinds(looked_up, 2.5) == kinds(looked_up, 3.99999999) == ["right"]
    assert kinds(looked_up, 0.0) == ["not finite"]
    assert kinds(counted, 1.05) == ["right"]
    with pytest.raises(ProgramError, match="limit of 11"):
        check_grads(counted, 2.0)


@opaque
def stopping(x: float) -> float:
    if x > 1.0:
        raise LookupError("above 1")
    return x


@stopping.defjvp
def _(x: Dual) -> Dual:
    return Dual(stopping(x.re), x.du)


@opaque
def underived(x: float) -> float:
    return 2.0 * x


def test_an_opaque_function_that_raises_beside_the_point_ends_the_domain_there():
    assert kinds(lambda x: stopping(x), 0.5) == ["right"]
    assert check_grads(lambda x: stopping(x), 1.0).verdicts[0].text.startswith("not finite: just to the right")


def test_an_opaque_function_without_a_derivative_is_refused():
    with pytest.raises(TraceError, match=r"give it one with @underived\.defjvp"):
        check_grads(lambda x: underived(x), 1.0)
    assert kinds(lambda x, y: underived(y) * x, 1.0, 2.0, wrt="x") == ["right"]


def test_a_rule_that_computes_another_value_is_told():
    @fn
    def cube(x: Real) -> Real:
        return x * x * x

    @cube.defjvp
    def _(x: Dual) -> Dual:
        return Dual(x.re * x.re, 3.0 * x.re * x.re * x.du)  # the slope is right, the value is that of a square

    (found,) = check_grads(lambda x: cube(x), 2.0).verdicts
    assert found.kind == "wrong" and "gives a `re` that is not the value" in found.why
    assert kinds(lambda x: cube(x), 1.0) == ["right"]  # where both are 1


def test_a_rule_that_rounds_otherwise_is_right_where_rounding_is_made_large():
    @fn
    def logistic(x: Real) -> Real:
        return 4.0 * x * (1.0 - x)

    @logistic.defjvp
    def _(x: Dual) -> Dual:
        return Dual(4.0 * (x.re - x.re * x.re), (4.0 - 8.0 * x.re) * x.du)

    (found,) = check_grads(lambda x: scan(lambda x, t: logistic(x), x, 30), 0.3123).verdicts
    assert "gives a `re`" not in found.why and found.kind in ("right", "jagged", "exploding")
