"""The reverse of a step stores the fewest numbers between what the step carries and what the reverse reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from ir_kit import Body, reals
from shown import program
from support import interpreted

from rosesim import Index, Real, Vec, fn, grad, scan, sum, vec
from rosesim.ad.derive.forward import jvp_func
from rosesim.ad.derive.reverse.cut import cut_plan, dependents
from rosesim.ad.derive.reverse.transpose import transpose
from rosesim.ad.program.ir import REAL, Atom, Block, Let, Loop, Var, all_lets, index_ty

N, STEPS = 40, 5
Line = Vec[Real, N]


def stored(f: Any, *args: Any) -> list[tuple[Loop, Atom]]:
    """What a gradient stores of each step: the loop, and the value."""
    made = program(f, *args)
    pair = transpose(jvp_func(made, (True,) * len(made.params))[0])
    found: list[tuple[Loop, Atom]] = []
    for half in (pair.fwd, pair.bwd):
        assert isinstance(half.body, Block)
        loops = [x.expr for x in all_lets(half.body) if isinstance(x.expr, Loop) and x.expr.n == STEPS]
        found += [(e, r) for e in loops for r in e.body.results[len(e.carries) :]]
    return found


@fn
def two_fields(k: Line) -> Real:
    """Fields on a line that drive each other; k multiplies a difference of one of them."""

    def step(s: Any, t: Any) -> Any:
        e, h = s
        h = vec(N, lambda i: h[i] + e[Index[N].wrap(i + 1)] - e[i])
        return vec(N, lambda i: e[i] + k[i] * (h[i] - h[Index[N].wrap(i - 1)])), h

    start = vec(N, lambda i: Real(i < 3)), vec(N, lambda i: 0.0)
    e, _ = scan(step, start, STEPS)
    return sum(N, lambda i: e[i] ** 2)


@fn
def streams(x: Line) -> Real:
    """Three streams that move and meet: where they meet, their sum alone is squared."""

    def step(s: Any, t: Any) -> Any:
        def cell(i: Any) -> Any:
            p, q, r = s[i][0], s[Index[N].wrap(i - 1)][1], s[Index[N].wrap(i + 1)][2]
            rho = p + q + r
            return p - 0.1 * rho * rho, q + 0.05 * rho * rho, r + 0.05 * rho * rho

        return vec(N, cell)

    s = scan(step, vec(N, lambda i: (x[i], x[i], 2.0 * x[i])), STEPS)
    return sum(N, lambda i: s[i][0] * s[i][2])


LINE = np.linspace(0.5, 1.0, N)


def test_one_difference_is_stored_in_the_place_of_two_fields() -> None:
    assert [r.ty.shape for _, r in stored(two_fields, LINE)] == [(N,)]


def test_one_sum_is_stored_in_the_place_of_three_streams() -> None:
    assert [r.ty.shape for _, r in stored(streams, LINE)] == [(N,)]


def test_gradients_from_what_is_stored_agree_with_differences() -> None:
    for f in (two_fields, streams):
        found = interpreted(grad(f), LINE)
        for k in (0, 7, N - 1):
            h = np.zeros(N)
            h[k] = 1e-5
            slope = (interpreted(f, LINE + h) - interpreted(f, LINE - h)) / 2e-5
            np.testing.assert_allclose(np.asarray(found)[k], slope, rtol=1e-6, atol=1e-9)


def test_a_carry_stays_what_is_stored_where_nothing_is_won() -> None:
    """Each cell's reverse reads the one number that it carries."""

    @fn
    def f(x: Line) -> Real:
        def step(s: Any, t: Any) -> Any:
            return vec(N, lambda i: 0.1 * s[i] * s[i] * s[i] + 0.2 * s[Index[N].wrap(i + 1)])

        s = scan(step, x, STEPS)
        return sum(N, lambda i: s[i])

    ((loop, value),) = stored(f, LINE)
    assert value in loop.carries


# -------------------------------------------------------------------------------------- the cut itself


def chain() -> tuple[list[Let], Var, Var]:
    """Lets that add two values of a carry and then use the sum twice."""
    a, b = Var(REAL, "a"), Var(REAL, "b")
    body = Body()
    total = body.op("add", a, b)
    square = body.op("mul", total, total)
    body.op("mul", square, total)
    return body.lets, a, b


def test_of_equal_cuts_the_one_nearest_to_the_reader_is_taken() -> None:
    lets, a, b = chain()
    plan = cut_plan(lets, [lets[-1].outs[0]], {a, b, *(x.outs[0] for x in lets)}, ())
    assert plan.stored == lets[-1].outs and plan.recomputed == ()


def test_the_fewest_numbers_are_stored() -> None:
    lets, a, b = chain()
    roots = [x.outs[0] for x in lets]
    plan = cut_plan(lets, roots, {a, b, *roots}, ())
    assert plan.stored == lets[0].outs and plan.recomputed == tuple(lets[1:])


def test_what_does_not_change_is_read_again() -> None:
    lets, a, b = chain()
    plan = cut_plan(lets, [lets[-1].outs[0]], (), ())
    assert plan.stored == () and plan.reads >= {a, b}


def test_what_depends_on_a_carry_is_found_in_loops_too() -> None:
    x, y, index = Var(REAL, "x"), Var(REAL, "y"), Var(index_ty(3))
    inner, outer = Body(), Body()
    depends = inner.op("neg", x)
    free = inner.op("neg", y)
    out = outer.let(Loop(n=3, index=index, inits=(), carries=(), body=inner.block(depends)), reals(3))
    assert dependents(outer.block(), [x]) == {x, depends, out}
    assert dependents(outer.block(), [y]) == {y, free, out}
