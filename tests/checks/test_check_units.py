"""A verdict of check_grads depends on no unit: rescaled inputs and outputs get the same word."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rosesim import (
    Dual,
    Real,
    TypeMismatch,
    Vec,
    check_grads,
    cond,
    cos,
    exp,
    fmod,
    fn,
    grad,
    maximum,
    norm,
    scan,
    sin,
    sqrt,
)
from rosesim.checks.programs import Programs
from rosesim.checks.scale import scales, searched

pytestmark = pytest.mark.usefixtures("unoptimised")


@fn
def a_millionth_off(x: Real) -> Real:
    return sin(x)


@a_millionth_off.defjvp
def _(x: Dual) -> Dual:
    return Dual(a_millionth_off(x.re), (1.0 + 1e-6) * cos(x.re) * x.du)


PROGRAMS: dict[str, tuple[Callable[[Any], Any], list[float], str]] = {
    "sine": (lambda x: sin(x[0] + 2.0 * x[1]), [0.7, 0.2], "right"),
    "polynomial": (lambda x: x[0] ** 3 - 2.0 * x[0] * x[1], [1.3, -0.4], "right"),
    "a zero beside a number": (lambda x: sin(x[0] + x[1]) + x[0] * x[1], [0.0, 2.0], "right"),
    "zeros alone": (lambda x: sin(x[0] + 2.0 * x[1]), [0.0, 0.0], "right"),
    "beside a constant": (lambda x: 1e3 + sin(x[0]), [0.5], "right"),
    "oscillating": (lambda x: sin(1e8 * x[0]), [1.0], "right"),
    "a chaotic map, 12 steps": (lambda x: scan(lambda c, t: 4.0 * c * (1.0 - c), x[0], 12), [0.3123], "right"),
    "a chaotic map, 200 steps": (lambda x: scan(lambda c, t: 4.0 * c * (1.0 - c), x[0], 200), [0.3123], "exploding"),
    "a far tail": (lambda x: exp(-x[0] * x[0]), [5.0], "right"),
    "a bowl at its bottom": (lambda x: x[0] * x[0] + x[1] * x[1], [0.0, 0.0], "zero because"),
    "an optimum up to rounding": (lambda x: (x[0] - 0.7) ** 2 + 0.3 * (x[0] - 0.7) ** 3, [0.7], "zero because"),
    "a tip that is round from near": (lambda x: sqrt(x[0] * x[0] + 1e-6), [0.0], "zero because"),
    "a cone": (norm, [0.0, 0.0], "kinked"),
    "a hinge": (lambda x: maximum(x[0] - 1.0, 0.0), [1.0], "kinked"),
    "a jump": (lambda x: cond(x[0] > 1.0, lambda: x[0] + 1.0, lambda: x[0]), [1.0], "jumps"),
    "teeth": (lambda x: x[0] + 1e-8 * abs(fmod(2e8 * x[0], 2.0) - 1.0), [0.3123], "jagged"),
    "a wrong rule": (lambda x: a_millionth_off(x[0]), [0.7], "wrong"),
}


def rescaled(f: Callable[[Any], Any], k: int, m: int) -> Callable[[Any], Any]:
    """The same in a unit of length that is 10**k times as many, and a unit of the value likewise."""
    return lambda u: 10.0**m * f(u * 10.0**-k)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_word_is_the_same_in_every_unit(name: str):
    f, x, word = PROGRAMS[name]
    for k, m in ((-12, 12), (3, -5)):
        (verdict,) = check_grads(rescaled(f, k, m), np.array(x) * 10.0**k).verdicts
        assert verdict.kind == word, (k, m, verdict.text)


def test_numbers_of_very_different_size_in_one_array():
    """d/da sin(1e9 a) cos(1e-6 b) by hand."""

    @fn
    def f(v: Vec[Real, 2]) -> Real:
        return sin(1e9 * v[0]) * cos(1e-6 * v[1])

    v = [1e-9, 1e6]
    assert grad(f)(v) == pytest.approx([1e9 * math.cos(1.0) ** 2, -1e-6 * math.sin(1.0) ** 2])
    assert check_grads(f, v).of("v").text == "right"


def test_a_number_that_is_small_by_chance_is_measured_by_longer_steps():
    """At 1e-12 steps of 1e-13 move 1 + sin(x) by nothing."""
    for x in (1e-12, 6e-17):
        assert check_grads(lambda x: 1.0 + sin(x), x).verdicts[0].text == "right"
    report = check_grads(lambda v: cos(v[0]) + sin(v[1]), [1.0, 6e-17])
    assert report.verdicts[0].text == "right"


def test_the_scale_of_a_number_is_its_magnitude_and_of_a_zero_that_of_its_neighbours():
    @fn
    def f(a: Vec[Real, 4], b: Vec[Real, 2], c: Real) -> Real:
        return a[0] + b[0] + c

    found = scales(Programs(f, ([3.0, -2e-9, 0.0, 5.0], [0.0, 0.0], 7.0)))
    assert found.each == pytest.approx([3.0, 2e-9, 3.0, 5.0, 1.0, 1.0, 7.0])
    assert found.assumed == {"b"}


def test_a_scale_is_searched_where_the_derivative_bends():
    """sin(1e9 x) bends within a radian, 1e-9; x**2 has no scale."""
    p = Programs(fn(lambda x: sin(1e9 * x)), (0.0,))
    found = searched(p, np.ones(1), np.ones(1))
    assert found is not None and 1e-10 < found < 2e-9
    assert searched(Programs(fn(lambda x: x * x), (0.0,)), np.ones(1), np.ones(1)) is None


def test_a_scale_is_given_as_a_number_or_by_name():
    @fn
    def f(x: Real, y: Real) -> Real:
        return sin(1e9 * x) * cos(y)

    report = check_grads(f, 0.0, 0.3, scale={"x": 1e-9})
    assert report.of("x").text == "right" and report.of("x").scale == 1e-9
    assert report.of("y").scale == 0.3
    assert check_grads(lambda x: sqrt(x), 2.0, scale=0.5).verdicts[0].scale == 0.5


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf, "x", True, {"x": -1.0}])
def test_a_scale_that_is_no_length_is_refused(scale: Any):
    with pytest.raises(TypeMismatch, match="expected a positive number"):
        check_grads(lambda x: x * x, 1.0, scale=scale)


def test_a_scale_of_an_unknown_input_is_refused():
    with pytest.raises(TypeMismatch, match="scale= names y; the inputs are x"):
        check_grads(lambda x: x * x, 1.0, scale={"y": 1.0})


def test_errors_are_the_same_in_every_unit():
    """The gradient of a wrong rule is off by 1e-6 of it, whatever the unit of the value."""
    for m in (-30, 0, 30):
        report = check_grads(rescaled(a_millionth_off, 0, m), 0.7)
        assert report.max_rel_error_fd == pytest.approx(1e-6, rel=1e-2)
