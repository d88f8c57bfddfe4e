"""A loop that divides by elements of an array again and again reads reciprocals, which are computed once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ONE, Body, at, func, reals
from loop_kit import loop
from shown import text

from rosesim import Real, Vec, fn, grad, scan, sum, vec
from rosesim.ad.program import interp
from rosesim.ad.program.ir import REAL, Func, Get, Var
from rosesim.codegen.passes.reciprocals import OFTEN, inverted

N = 3


def dividing(steps: int, use: str = "divisor", **how: Any) -> Func:
    """In each of some steps the sum over i of c / m[i], where c is the sum so far."""

    def write(b: Body, m: Var) -> Any:
        def step(b: Body, t: Var, c: Var) -> Any:
            def cell(b: Body, i: Var, total: Var) -> Any:
                v = b.let(Get(m, (i,)), REAL)
                x, y = {"divisor": (c, v), "dividend": (v, c), "both": (v, v)}[use]
                q = b.op("div", x, y)
                return [b.op("add", total, b.op("mul", q, v) if use == "both" else q)]

            return [loop(b, N, cell, [ONE])]

        return loop(b, steps, step, [ONE], **how)

    return func([reals(N)], write)


def test_reciprocals_are_computed_before_the_loop() -> None:
    before = dividing(OFTEN)
    made = inverted(before)
    ahead, inside = text(made).split("loop i")[0], text(made).split("loop i", 1)[1]
    assert "1.0 / " in ahead and " / " not in inside and "reciprocals[" in inside
    m = np.array([2.0, 4.0, 0.5])  # whose reciprocals are exact
    assert interp.run(made, [m]) == interp.run(before, [m])


@pytest.mark.parametrize(
    "before",
    [dividing(OFTEN - 1), dividing(OFTEN, "dividend"), dividing(OFTEN, "both")],
    ids=["few divisions", "nothing is divided by it", "it is read otherwise, too"],
)
def test_a_loop_that_would_not_gain_stays(before: Func) -> None:
    assert inverted(before) is before


def test_an_array_that_the_loop_carries_stays() -> None:
    def step(b: Body, t: Var, m: Var, c: Var) -> Any:
        return [m, b.op("div", c, b.let(Get(m, (at(0, N),)), REAL))]

    f = func([reals(N)], lambda b, m: loop(b, N * OFTEN, step, [m, ONE]))
    assert inverted(f) is f


def test_the_gradient_is_that_of_strict_code() -> None:
    @fn
    def loss(x: Vec[Real, 8], mass: Vec[Real, 8]) -> Real:
        end = scan(lambda x, t: vec(8, lambda i: x[i] - 0.1 * x[i] ** 3 / mass[i]), x, 10)
        return sum(8, lambda i: end[i] ** 2)

    x, mass = np.linspace(0.3, 1.2, 8), np.linspace(0.7, 3.0, 8)
    slope = grad(loss, wrt=(0, 1))
    fast, strict = slope.compile(x, mass)(x, mass), slope.compile(x, mass, math="strict")(x, mass)
    for a, b in zip(fast, strict, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)
