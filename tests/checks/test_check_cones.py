"""Points where no decision flips and yet there is a kink, and points that are decided alone."""

import inspect
from typing import Any

import numpy as np
import pytest

from rosesim import check_grads, dot, fn, hypot, maximum, norm, select, sqrt


def line(f: Any, text: str) -> str:
    lines, first = inspect.getsourcelines(f.python)
    return f"{__file__}:{first + next(k for k, words in enumerate(lines) if text in words)}"


@pytest.mark.parametrize(
    ("f", "args", "slopes"),
    [
        (lambda v: norm(v), (np.zeros(2),), ("-1", "1")),
        (lambda p, q: norm(p - q), (np.ones(2), np.ones(2)), ("-1", "1")),
        (lambda v: 3.0 * norm(v) + v[0], (np.zeros(2),), ("-2", "4")),
        (lambda v: 5.0 + norm(v), (np.zeros(12),), ("-1", "1")),
        (lambda x: sqrt(x * x), (0.0,), ("-1", "1")),
        (lambda x, y: hypot(x, y), (0.0, 0.0), ("-1", "1")),
        (lambda x: abs(x), (0.0,), ("-1", "1")),
        (lambda x: maximum(norm(x), 0.0) * 2.0, (np.zeros(3),), ("-2", "2")),
    ],
)
def test_the_tip_of_a_cone_is_kinked(f: Any, args: tuple[Any, ...], slopes: tuple[str, str]):
    verdict = check_grads(f, *args).verdicts[0]
    assert verdict.passed
    assert verdict.text.startswith(
        f"kinked: the slopes on both sides, such as {slopes[0]} and {slopes[1]}, are those"
    )


def test_what_is_at_its_tip_is_named():
    @fn
    def f(v: Any) -> Any:
        squares = v[0] * v[0] + v[1] * v[1]
        return 1.0 + sqrt(squares)

    at = line(f, "sqrt(squares)")
    assert check_grads(f, np.zeros(2)).verdicts[0].why.endswith(f"; sqrt in {at} is at its tip here")


def test_a_smooth_power_of_a_cone_has_no_tip():
    for f in (lambda v: norm(v) ** 2, lambda v: dot(v, v), lambda v: norm(v) ** 3 + v[0]):
        verdict = check_grads(f, np.zeros(2)).verdicts[0]
        assert verdict.kind in ("right", "zero because")


def test_a_branch_that_is_another_at_the_point_alone_is_named():
    """The slope is (1, 2) there, too, and the program says 0."""

    @fn
    def guarded(w: Any) -> Any:
        return select(dot(w, w) > 0.0, w[0] + 2.0 * w[1], 0.0)

    verdict = check_grads(guarded, np.zeros(2)).verdicts[0]
    assert verdict.kind == "wrong"
    at = line(guarded, "select(")
    assert "on both sides the slope is 1, at the point the gradient says 0" in verdict.why
    assert f"select in {at} goes another way at the point alone: expected a formula that is smooth" in verdict.why


def test_such_a_branch_is_named_though_rounding_leaves_the_point():
    @fn
    def guarded(x: Any) -> Any:
        return select(x == 1.0, 1.0, x * x)

    verdict = check_grads(guarded, 1.0).verdicts[0]
    assert verdict.kind == "wrong" and "goes another way at the point alone" in verdict.why


def test_a_branch_that_is_another_at_the_point_alone_and_agrees_is_right():
    @fn
    def guarded(x: Any) -> Any:
        return select(x == 0.5, 2.0 * x - 0.25, x * x + x - 0.0)

    # x**2 + x and 2 x - 1/4 do not touch in slope by accident: 2 at 1/2, both 3/4.
    assert check_grads(guarded, 0.5).verdicts[0].kind == "right"
