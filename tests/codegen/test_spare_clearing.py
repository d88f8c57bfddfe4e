"""What a loop that ended early has not written is cleared if somebody reads it, and only then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ir_kit import ONE, ZERO, Body, at, func
from loop_kit import loop

from rosesim import Real, Vec, fn, grad, scan, sin, sum, vec, while_loop
from rosesim.ad.program.ir import REAL, Atom, Func, Get, Var, index_ty
from rosesim.codegen import compile_func
from rosesim.codegen.passes.whole_program import unread_rests
from rosesim.codegen.pipeline import without


def history(read: Callable[[Body, Var, Var, Var], Atom]) -> Func:
    """x, n to what a loop of n steps at most 9 reads of the history of one that ended after n."""

    def write(b: Body, x: Var, n: Var) -> Any:
        _, rows = loop(b, 9, lambda b, i, c: [b.op("mul", c, x), c], [ONE], upto=n)
        return loop(b, 9, lambda b, i, c: [b.op("add", c, read(b, rows, i, n))], [ZERO], upto=n)

    return func([REAL, index_ty(10)], write)


def test_a_history_that_is_read_as_far_as_it_was_written_is_not_cleared() -> None:
    f = history(lambda b, rows, i, n: b.let(Get(rows, (i,)), REAL))
    assert len(unread_rests([f])) == 1
    for n in (9, 3, 0, 5):  # the memory behind still holds what longer runs wrote
        np.testing.assert_allclose(compile_func(f)(2.0, n), 2.0**n - 1)


def test_a_history_that_is_read_elsewhere_is_cleared() -> None:
    last = history(lambda b, rows, i, n: b.let(Get(rows, (at(8, 9),)), REAL))
    assert not unread_rests([last])
    run = compile_func(last)
    assert [run(2.0, n)[0] for n in (9, 3)] == [9 * 2.0**8, 0.0]

    def whole_(b: Body, x: Var, n: Var) -> Any:
        return loop(b, 9, lambda b, i, c: [b.op("mul", c, x), c], [ONE], upto=n)[1]

    assert not unread_rests([func([REAL, index_ty(10)], whole_)])


def test_the_histories_of_a_loop_in_a_loop_are_not_cleared_either() -> None:
    m = 5

    @fn
    def f(x: Vec[Real, 5], k: Real) -> Real:
        def step(s: Any, t: Any) -> Any:
            def more(q: Any) -> Any:
                return vec(m, lambda i: q[0][i] + 0.1 * sin(q[0][i])), q[1] + 1.0

            return while_loop(lambda q: q[1] < k + t, more, (s, 0.0), limit=40)[0]

        y = scan(step, x, 6)
        return sum(m, lambda i: y[i])

    x = np.linspace(0.1, 1.0, m)
    g = grad(f, wrt=0).compile(x, 3.0)
    with without("spare-clearing"):
        cleared = grad(fn(f.python), wrt=0).compile(x, 3.0)
    for k in (30.0, 1.0, 0.0, 7.0):
        np.testing.assert_array_equal(g(x, k), cleared(x, k))
