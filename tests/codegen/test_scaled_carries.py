"""A loop carries an array as it is, and a factor, in the place of its multiple."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import REAL, Body, func, real, reals
from loop_kit import loop

from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Func, Get, Loop, Var, all_lets
from rosesim.codegen.passes.scaled_carries import FEWEST, scaled

N, STEPS = FEWEST, 4


def get(b: Body, x: Any, *idx: Any) -> Any:
    return b.let(Get(x, idx), x.ty.at(len(idx)))


def steps(old: Any, *, new: Any = None) -> Func:
    """A wave: its next state is twice the newest less the one before; `old` gives an element of what is next the one
    before."""

    def default(b: Body, i: Var, before: Var, now: Var) -> Any:
        return b.op("sub", b.op("mul", real(2.0), get(b, now, i)), get(b, before, i))

    def whole(b: Body, x: Var) -> Any:
        def step(b: Body, t: Var, before: Var, now: Var) -> Any:
            factor = b.op("mul", b.op("real", t, ty=REAL), real(0.5))

            def cell(b: Body, i: Var) -> Any:
                return [old(b, get(b, now, i), factor), (new or default)(b, i, before, now)]

            return loop(b, N, cell)

        return list(loop(b, STEPS, step, [x, x], name="t"))

    return func([reals(N)], whole)


def carries(made: Func) -> list[tuple[int, ...]]:
    """The shapes of what the steps carry."""
    (e,) = [x.expr for x in all_lets(made.body) if isinstance(x.expr, Loop) and x.expr.n == STEPS]  # pyright: ignore
    return [c.ty.shape for c in e.carries]


def agrees(before: Func) -> Func:
    made = scaled(before)
    check(made)
    x = np.arange(1.0, N + 1)  # small powers of two times integers: exact in any order
    for a, b in zip(interp.run(made, [x]), interp.run(before, [x]), strict=True):
        np.testing.assert_array_equal(a, b)
    return made


@pytest.mark.parametrize(
    "old",
    [
        lambda b, v, factor: b.op("neg", v),
        lambda b, v, factor: b.op("mul", factor, v),
        lambda b, v, factor: b.op("mul", b.op("neg", v), factor),
    ],
)
def test_a_multiple_of_the_newest_state_is_carried_as_a_factor(old: Any) -> None:
    assert carries(agrees(steps(old))) == [(N,), (N,), ()]


@pytest.mark.parametrize(
    "old", [lambda b, v, factor: b.op("mul", v, v), lambda b, v, factor: b.op("add", v, real(1.0))]
)
def test_what_is_no_multiple_stays(old: Any) -> None:
    f = steps(old)
    assert scaled(f) is f


def test_a_carry_that_is_read_as_a_whole_stays() -> None:
    def new(b: Body, i: Var, before: Var, now: Var) -> Any:
        return get(b, loop(b, N, lambda b, j: [b.op("mul", get(b, before, j), get(b, now, i))]), i)

    def whole_row(b: Body, x: Var) -> Any:
        def step(b: Body, t: Var, before: Var, now: Var) -> Any:
            (old,) = [loop(b, N, lambda b, i: [b.op("neg", get(b, now, i))])]
            return [old, before]

        return list(loop(b, STEPS, step, [x, x], name="t"))

    assert carries(agrees(steps(lambda b, v, factor: b.op("neg", v), new=new))) == [(N,), (N,), ()]
    f = func([reals(N)], whole_row)
    assert scaled(f) is f
