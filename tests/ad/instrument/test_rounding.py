"""Noise at every operator: inside loops, branches, functions and accumulators of every kind of program."""

from typing import Any

import numpy as np
import pytest

from rosesim import Index, Real, Vec, cond, exp, fn, scan, select, sin, sum, vec, while_loop
from rosesim.ad.instrument.rounding import LEAST_PHASE, noisy
from rosesim.ad.program.check import check
from rosesim.codegen import compile_func


@fn
def inner(x: Real) -> Real:
    return x * x + sin(x)


PROGRAMS: dict[str, Any] = {
    "a function called in a loop": lambda x: scan(lambda c, t: 0.5 * inner(c) + x[0], x[1], 7),
    "loops in a loop": lambda x: sum(3, lambda i: sum(4, lambda j: x[0] * (i + 1.0) / (j + 2.0))),
    "a branch": lambda x: cond(x[0] > 0.5, lambda: exp(x[1]) * 3.0, lambda: x[1]),
    "a while_loop": lambda x: while_loop(lambda c: c < 10.0, lambda c: c * 1.7 + x[1], x[0], limit=20),
    "a table": lambda x: vec(5, lambda i: x[0] / (i + 1.0))[Index[5].clamp(3.3 * x[1])],
    "an update": lambda x: x.at[1].set(x[0] * 3.0).at[0].add(x[1] / 7.0)[0],
    "a select": lambda x: select(x[0] > 0.5, x[0] / 3.0, x[1] / 3.0),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_size_zero_gives_the_program_and_four_roundings_move_it_by_a_few(name: str):
    f = PROGRAMS[name]

    @fn
    def whole(x: Vec[Real, 2]) -> Real:
        return f(x)

    x = np.array([0.7, 0.3])
    func = noisy(whole.traced(whole.types_of((x,))).func)
    check(func)
    run = compile_func(func, math="strict").call
    exact = compile_func(whole.traced(whole.types_of((x,))).func, math="strict").call(x)[0]
    assert run(x, LEAST_PHASE, 0.0)[0] == exact
    moved = [run(x, LEAST_PHASE * (1.0 + t), 2.0**-51)[0] / exact - 1.0 for t in np.linspace(0.0, 0.99, 20)]
    # Nothing cancels, and no program here has more than 40 operators on its way: each errs by one size at most.
    assert 0.0 < np.max(np.abs(moved)) < 40 * 2.0**-51
    assert len(set(moved)) > 2
