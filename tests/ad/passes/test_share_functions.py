"""Functions that differ in their constants alone become one, which takes the constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rosesim import Real, fn, scan, sin, value_and_grad
from rosesim.ad.language.function import Fn
from rosesim.ad.passes.share_functions import FEWEST, MOST_CONSTANTS, shared
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Func, reachable

Make = Callable[[int], Fn[..., Any]]


def chain(make: Make, n: int = FEWEST) -> Fn[..., Any]:
    """n functions, called one after the other."""
    parts = [make(k) for k in range(n)]

    @fn
    def whole(x: Real, y: Real) -> Real:
        for f in parts:
            x = f(x, y)
        return x

    return whole


def traced(f: Fn[..., Any]) -> Func:
    return f.traced(f.types_of((0.3, 0.1))).func


def spring(k: int) -> Fn[..., Any]:
    """The kind: what a closure reads differs, its lines do not."""
    c = 1.5 + 0.01 * k

    @fn
    def one(x: Real, y: Real) -> Real:
        return x * c + 0.001 * sin(x - y * c)

    return one


def count(func: Func) -> int:
    check(func)
    return len(reachable(func))


def test_functions_of_the_same_lines_become_one_and_compute_the_same_bits() -> None:
    func = traced(chain(spring))
    one = shared(func)
    assert count(func) == FEWEST + 1
    assert count(one) == 2
    assert interp.run(one, (0.3, 0.1)) == interp.run(func, (0.3, 0.1))
    callee = reachable(one)[0]
    assert [p.name for p in callee.params] == ["x", "y", "constant"]  # both places of c, and 0.001 stays


def test_few_stay_as_they_are() -> None:
    func = traced(chain(lambda k: (spring if k % 2 else table)(k), 2 * FEWEST - 2))
    assert count(func) == 2 * FEWEST - 1
    assert shared(func) is func


def test_a_gradient_is_derived_of_the_one_function() -> None:
    f = chain(spring)
    derived = traced(value_and_grad(f))
    assert count(derived) == 5  # the whole and the one function, forward and backward, and their caller
    assert interp.run(derived, (0.3, 0.1)) == pytest.approx(expected(), rel=1e-13)


def expected() -> Any:
    """The value and the gradient, by the chain rule."""
    x, dx, dy = 0.3, 1.0, 0.0
    for k in range(FEWEST):
        c = 1.5 + 0.01 * k
        slope = 0.001 * np.cos(x - 0.1 * c)
        x, dx, dy = x * c + 0.001 * np.sin(x - 0.1 * c), (c + slope) * dx, (c + slope) * dy - slope * c
    return x, dx, dy


def test_callers_of_what_has_become_one_become_one_too() -> None:
    def above(k: int) -> Fn[..., Any]:
        inner = spring(k)

        @fn
        def g(x: Real, y: Real) -> Real:
            return inner(x, y) - 0.5 * y

        return g

    func = traced(chain(above))
    one = shared(func)
    assert count(func) == 2 * FEWEST + 1
    assert count(one) == 3
    assert interp.run(one, (0.3, 0.1)) == interp.run(func, (0.3, 0.1))


def power(k: int) -> Fn[..., Any]:
    """Its derivative is another for even exponents."""

    @fn
    def one(x: Real, y: Real) -> Real:
        return x ** (2.0 + k) + y

    return one


def stencil(k: int) -> Fn[..., Any]:
    """A loop's constants decide how its reverse is turned."""

    @fn
    def one(x: Real, y: Real) -> Real:
        return scan(lambda c, i: c * (0.5 + k) + y, x, 3)

    return one


def apart(k: int) -> Fn[..., Any]:
    """Half of them add zero, which later passes look for."""

    @fn
    def one(x: Real, y: Real) -> Real:
        return x * y + (0.0 if k % 2 else 1.0 + k)

    return one


def table(k: int) -> Fn[..., Any]:
    """More constants than registers pass."""

    @fn
    def one(x: Real, y: Real) -> Real:
        for j in range(MOST_CONSTANTS + 1):
            x = x * (2.0 + k + 0.1 * j) + y
        return x

    return one


@pytest.mark.parametrize("make", [power, stencil, table])
def test_what_passes_look_for_stays_a_literal(make: Make) -> None:
    func = traced(chain(make, FEWEST + 4))  # some of them are simplified further
    assert shared(func) is func


def test_a_zero_is_not_like_another_number() -> None:
    assert count(shared(traced(chain(apart, 2 * FEWEST)))) == 3  # those with zero are alike, and the others


def test_functions_of_other_lines_stay_apart_so_that_messages_name_their_own() -> None:
    def either(k: int) -> Fn[..., Any]:
        if k % 2:
            return fn(lambda x, y: x * (1.5 + k) + y)
        return fn(lambda x, y: x * (1.5 + k) + y)

    assert count(shared(traced(chain(either, 2 * FEWEST)))) == 3
