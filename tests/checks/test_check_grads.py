"""What check_grads says of gradients that are right, wrong, kinked, zero, jagged, exploding or jump."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rosesim import (
    Dual,
    Fn,
    Index,
    Real,
    Tan,
    TypeMismatch,
    Vec,
    check_grads,
    clamp,
    cond,
    floor,
    fmod,
    fn,
    grad,
    maximum,
    minimum,
    opaque,
    root,
    scan,
    select,
    sin,
    sqrt,
    stop_gradient,
    vec,
    while_loop,
)
from rosesim.checks.grads import along_gradient
from rosesim.checks.programs import Programs
from rosesim.checks.report import Report
from rosesim.checks.verdict import Verdict

pytestmark = pytest.mark.usefixtures("unoptimised")


def line(f: Fn[..., Any], text: str) -> str:
    """Where a text stands in a function: file:line."""
    lines, first = inspect.getsourcelines(f.python)
    return f"{__file__}:{first + next(k for k, words in enumerate(lines) if text in words)}"


def only(report: Report) -> Verdict:
    (verdict,) = report.verdicts
    return verdict


# ---------------------------------------------------------------------------------------- right


@dataclass(frozen=True)
class Ball:
    x: Vec[Real, 2]
    mass: Real


def test_several_arguments_structs_vectors_and_outputs_are_right_each():
    @fn
    def f(ball: Ball, k: Real, cell: Index[2]):
        energy = 0.5 * ball.mass * (ball.x @ ball.x) * sin(k)
        return {"energy": energy, "pulled": vec(2, lambda i: ball.x[i] * k), "cell": cell}

    report = check_grads(f, Ball([1.0, 2.0], 3.0), 0.7, 1)
    assert {(v.output, v.input) for v in report.verdicts} == {
        (o, i) for o in ("value.energy", "value.pulled") for i in ("ball.x", "ball.mass", "k")
    }
    assert (
        report.of("ball.mass", "value.pulled").why
        == "value.pulled does not depend on ball.mass in the program at all"
    )
    assert [v.kind for v in report.verdicts if v.why == ""] == ["right"] * 5
    assert report.passed and report.max_rel_error_fd < 1e-9


def test_wrt_chooses_and_what_has_no_gradient_is_refused():
    @fn
    def f(x: Real, y: Real) -> Real:
        return x * y

    assert [v.input for v in check_grads(f, 2.0, 3.0, wrt="y").verdicts] == ["y"]

    @fn
    def index(i: Index[3]) -> Index[3]:
        return i

    with pytest.raises(TypeMismatch, match="expected a Real in it"):
        check_grads(index, 1)


# ---------------------------------------------------------------------------------------- wrong


@fn
def forward_lie(x: Real) -> Real:
    return x * x


@forward_lie.defjvp
def _(x: Dual) -> Dual:
    return Dual(forward_lie(x.re), 1.99 * x.re * x.du)


@fn
def reverse_lie(x: Real) -> Real:
    return x * x


@reverse_lie.defvjp
def _(x: Real, ct: Tan) -> Tan:
    return -2.0 * x * ct


@fn
def beside_more(x: Real, y: Real) -> Real:
    return 1e7 * y + reverse_lie(x)


@pytest.mark.parametrize("f", [forward_lie, reverse_lie])
def test_a_wrong_custom_derivative_fails_though_both_modes_agree(f: Fn[..., Any]):
    report = check_grads(f, 3.0)
    assert report.max_rel_error_jvp_vjp < 1e-15
    assert only(report).kind == "wrong" and not report.passed
    assert "differences say 6" in only(report).why


def test_a_wrong_derivative_is_found_beside_one_that_is_far_larger():
    report = check_grads(beside_more, 3.0, 1.0)
    assert (report.of("x").kind, report.of("y").kind) == ("wrong", "right")


def test_reverse_that_differs_from_forward_fails(monkeypatch: pytest.MonkeyPatch):
    """A broken transposition: what the whole check is built for."""
    from rosesim.checks.programs import Programs

    reverse = Programs.reverse

    def broken(self: Programs, x: Any, c: Any) -> Any:
        value, gradient = reverse(self, x, c)
        return value, gradient * (1.0 + 1e-9)

    monkeypatch.setattr(Programs, "reverse", broken)

    @fn
    def f(x: Real) -> Real:
        return x * x

    assert only(check_grads(f, 3.0)).text == "wrong: reverse and forward mode differ by 1.0e-09"


def test_a_program_that_gives_other_bits_the_second_time_fails():
    count = [0]

    @opaque
    def drifting(x: float) -> float:
        count[0] += 1
        return x + 1e-14 * count[0]

    @drifting.defjvp
    def _(x: Dual) -> Dual:
        return Dual(drifting(x.re), x.du)

    @fn
    def f(x: Real) -> Real:
        return drifting(x)

    assert "two runs with the same arguments gave different bits" in only(check_grads(f, 1.0)).why


def test_values_and_gradients_that_are_no_numbers_fail_in_words():
    @fn
    def root(x: Real) -> Real:
        return sqrt(x)

    assert only(check_grads(root, -1.0)).text.startswith("not finite: value is NaN or infinite here")
    assert only(check_grads(root, 0.0)).text.startswith("not finite: just to the left of the point")
    assert math.isnan(check_grads(root, -1.0).max_rel_error_fd)
    assert check_grads(root, 1.0).passed


# --------------------------------------------------------------------------------------- kinked


@fn
def landed(x: Real) -> Real:
    """A ball that falls onto a spring at 0."""

    def step(state: Any, t: Index):
        q, v = state
        q = q + 0.25 * v
        return q, v + cond(q < 0.0, lambda: -q, lambda: 0.0)

    return scan(step, (x, -1.0), 8)[0]


def test_a_kink_names_what_flips_at_which_step_in_which_line():
    """At 1.5 + d the ball is at d after step 5, and by hand: 0.75 d - 0.4375 at the end for d > 0, where the spring
    is met in the next step; 0.3125 d - 0.4375 for d < 0, where it has pushed by d already."""
    report = check_grads(landed, 1.5)
    assert report.passed
    assert only(report).text == (
        "kinked: the slopes on both sides, such as 0.312 and 0.75, are those of the branches there; "
        f"the branch of cond in {line(landed, 'cond(q')}, at step 5 flips"
    )
    assert only(check_grads(landed, 1.6)).kind == "right"


@fn
def hinge_lie(x: Real) -> Real:
    return maximum(x, 0.0)


@hinge_lie.defjvp
def _(x: Dual) -> Dual:
    return Dual(hinge_lie(x.re), select(x.re > 0.0, 1.01, 0.0) * x.du)


def test_a_wrong_branch_beside_a_kink_is_no_kink():
    assert only(check_grads(hinge_lie, 0.0)).kind == "wrong"


@pytest.mark.parametrize(
    ("tip", "right", "kind"), [(1.0, 1.0, "kinked"), (1.5, 1.0, "wrong"), (1.0, 1.0 + 1e-9, "wrong")]
)
def test_each_mode_may_take_a_branch_of_its_own_at_a_kink(
    monkeypatch: pytest.MonkeyPatch, tip: float, right: float, kind: str
):
    """They are two programs: where two numbers tie but for rounding, each may round to another side. Here the reverse
    of max(x, 0) gives `tip` at 0, where the forward derivative is 0, and `right` beside it, which should be 1."""
    reverse = Programs.reverse

    def rounded(self: Programs, x: np.ndarray, cotangent: np.ndarray) -> Any:
        value, gradient = reverse(self, x, cotangent)
        return value, gradient * right if x[0] else np.array([tip])

    monkeypatch.setattr(Programs, "reverse", rounded)
    verdict = only(check_grads(lambda x: maximum(0.0, x), 0.0))
    assert verdict.kind == kind
    assert verdict.error_jvp_vjp == 1.0


def test_a_decision_that_flips_without_effect_is_right():
    @fn
    def f(x: Real) -> Real:
        return cond(x > 0.0, lambda: x * x * x + x, lambda: x)

    assert only(check_grads(f, 0.0)).kind == "right"


# -------------------------------------------------------------------------------- zero because


@fn
def unread(x: Real, y: Real) -> Real:
    return y * y


@fn
def untaken(x: Real, y: Real) -> Real:
    def step(total: Any, t: Index) -> Any:
        return total + cond(y > 5.0 + t, lambda: x * y, lambda: y)

    return scan(step, 0.0, 3)


@fn
def unselected(x: Real, y: Real) -> Real:
    return select(y > 5.0, x, y)


@fn
def clamped(x: Real, y: Real) -> Real:
    return clamp(x, 2.0, 3.0) * y


@fn
def lesser(x: Real, y: Real) -> Real:
    return minimum(y, 4.0 + x) * y


@fn
def floored(x: Real, y: Real) -> Real:
    return floor(3.7 * x) * y


@fn
def looked_up(x: Real, y: Real) -> Real:
    table = vec(4, lambda i: y * i)
    return table[Index[4].clamp(x + 0.5)]


@fn
def stopped(x: Real, y: Real) -> Real:
    return stop_gradient(x * x) * y


@fn
def decided(x: Real, y: Real) -> Real:
    return cond(x > 0.5, lambda: y, lambda: 2.0 * y)


@fn
def stationary(x: Real, y: Real) -> Real:
    return (x - 1.0) ** 2 * y + y


@fn
def multiplied(x: Real, y: Real) -> Real:
    return y + (y - 1.0) * x


@pytest.mark.parametrize(
    ("f", "says", "text"),
    [
        (unread, "value does not depend on x in the program at all", None),
        (untaken, "it reaches the value only through a branch that was never taken: the branch of cond in ", "cond("),
        (unselected, "it reaches the value only through a branch that was never taken: select in ", "select("),
        (clamped, "the value was clamped: the other argument was taken by maximum in ", "clamp("),
        (lesser, "the value was clamped: the other argument was taken by minimum in ", "minimum("),
        (floored, "it goes on only as an integer, which is constant between its steps: floor in ", "floor("),
        (looked_up, "it goes on only as an integer, which is constant between its steps: an index in ", "clamp("),
        (stopped, "it goes on only through stop_gradient in ", "stop_gradient("),
        (decided, "it only decides which branch is taken: a comparison in ", "cond("),
        (stationary, "the point is stationary", None),
        (multiplied, "the value is the same at every step of the ladder", None),
    ],
    ids=lambda v: v.name if isinstance(v, Fn) else "",
)
def test_a_gradient_of_zero_gets_its_reason_and_line(f: Fn[..., Any], says: str, text: str | None):
    report = check_grads(f, 1.0, 1.0)
    verdict = report.of("x")
    assert verdict.kind == "zero because" and report.of("y").kind == "right"
    assert verdict.text.startswith("zero because " + says)
    if text is not None:
        assert line(f, text) in verdict.why
    assert report.passed


def test_a_custom_derivative_of_zero_that_should_not_be_fails():
    @fn
    def f(x: Real) -> Real:
        return x * x

    @f.defjvp
    def _(x: Dual) -> Dual:
        return Dual(f(x.re), 0.0 * x.du)

    assert only(check_grads(f, 3.0)).kind == "wrong"


def test_a_part_that_the_author_stopped_is_no_mistake_and_hides_none():
    @fn
    def f(x: Real) -> Real:
        return x * stop_gradient(x)

    @fn
    def wrong(x: Real) -> Real:
        return reverse_lie(x) * stop_gradient(x)

    assert grad(f)(3.0) == 3.0 and only(check_grads(f, 3.0)).kind == "right"
    assert only(check_grads(wrong, 3.0)).kind == "wrong"


# ------------------------------------------------------------------- jagged, exploding, jumping


@fn
def teeth(x: Real) -> Real:
    """x with a sawtooth of period 1e-8, as high: contact that flips at every scale, and slopes of 1 and 3."""
    return x + 1e-8 * abs(fmod(2e8 * x, 2.0) - 1.0)


def test_a_loop_that_solves_an_equation_is_told_of_root():
    heron = fn(lambda a: while_loop(lambda x: abs(x * x - a) > 1e-12, lambda x: 0.5 * (x + a / x), a, limit=50))
    verdict = only(check_grads(heron, 1.0))
    assert verdict.kind == "jagged"
    assert "count of while_loop in " in verdict.why
    assert "expected root, fixed_point" in verdict.why
    assert check_grads(lambda a: root(lambda x: x * x - a, a), 1.0, order=2).passed


def test_a_jagged_value_fails_though_forward_equals_reverse():
    report = check_grads(teeth, 0.3123)
    verdict = only(report)
    assert verdict.kind == "jagged" and not report.passed
    assert report.max_rel_error_jvp_vjp < 1e-15
    assert f"most of all abs in {line(teeth, 'fmod(2e8')}" in verdict.why


def logistic(steps: int) -> Fn[..., Any]:
    @fn
    def f(x: Real) -> Real:
        return scan(lambda x, t: 4.0 * x * (1.0 - x), x, steps)

    return f


def test_an_exploding_gradient_is_told_with_the_lyapunov_exponent():
    """ln 2 of the logistic map at r = 4 (Ott, Chaos in Dynamical Systems, section 2.2)."""
    report = check_grads(logistic(200), 0.3123)
    verdict = only(report)
    assert verdict.kind == "exploding" and not report.passed
    assert math.log(verdict.growth_a_step) == pytest.approx(math.log(2.0), rel=0.05)  # 200 steps of a random sum
    assert "per step, 1e6" in verdict.why  # 2^200 is 1.6e60


def test_few_steps_of_a_chaotic_map_are_right_and_reach_is_told():
    report = check_grads(logistic(12), 0.3123)
    assert only(report).kind == "right"
    assert 0 < only(report).reach < 1e-3
    assert "(differences follow it up to steps of 1e-0" in str(report)


def test_what_only_adds_up_does_not_explode():
    @fn
    def pushed(a: Real) -> Real:
        return scan(lambda s, t: (s[0] + s[1], s[1] + a), (0.0, 0.0), 2000)[0]

    report = check_grads(pushed, 1.0)
    assert only(report).kind == "right"
    assert only(report).growth_a_step ** 2000 < 1e3  # it grew by 2e6, but along a parabola


def test_a_value_that_jumps_at_the_point_fails():
    @fn
    def f(x: Real) -> Real:
        return cond(x > 1.0, lambda: x + 1.0, lambda: x)

    report = check_grads(f, 1.0)
    assert not report.passed
    assert only(report).text.startswith(
        "jumps: the value itself jumps by 1 here, so that it has no derivative: the br"
    )
    assert only(check_grads(f, 1.1)).kind == "right"


# -------------------------------------------------------------------------------------- along


def test_the_value_along_the_gradient_comes_with_the_tangents_slope():
    @fn
    def f(x: Vec[Real, 2]) -> Real:
        return x @ x

    found = along_gradient(f, [3.0, 4.0])
    assert (found.value, found.slope) == pytest.approx((25.0, 10.0))
    assert found.values == pytest.approx((5.0 + found.steps) ** 2)


def every_kind() -> list[tuple[Callable[..., Any], tuple[float, ...]]]:
    return [(landed, (1.5,)), (teeth, (0.3,)), (unread, (1.0, 1.0))]


@pytest.mark.parametrize(("f", "args"), every_kind())
def test_the_same_check_says_the_same_again(f: Any, args: tuple[float, ...]):
    assert str(check_grads(f, *args)) == str(check_grads(f, *args))


def test_a_report_reads_as_lines():
    assert str(check_grads(unread, 1.0, 2.0)).splitlines()[0] == (
        "x: zero because value does not depend on x in the program at all"
    )
    assert np.isfinite(check_grads(unread, 1.0, 2.0).max_rel_error_fd)
