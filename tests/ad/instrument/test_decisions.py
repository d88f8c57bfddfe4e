"""Decisions as compiled and interpreted programs write them down, and which of them flipped."""

from typing import Any

import numpy as np
import pytest

from rosesim import (
    Index,
    Real,
    Vec,
    accumulate,
    argmin,
    ceil,
    cond,
    copysign,
    floor,
    fmod,
    fn,
    for_each,
    maximum,
    minimum,
    scan,
    select,
    sign,
    sum,
    trunc,
    vec,
    while_loop,
)  # fmt: skip
from rosesim.ad.derive.forward import jvp_func
from rosesim.ad.instrument.cuts import lost
from rosesim.ad.instrument.decisions import Flip, decisions, first_flip, never
from rosesim.ad.instrument.dependence import depends
from rosesim.ad.instrument.growth import growth
from rosesim.ad.instrument.record import CELLS, Recording
from rosesim.ad.language.types import REAL
from rosesim.ad.passes.stops import unstopped
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ops import OPS
from rosesim.codegen import compile_func


def interpreted(made: Recording, *args: float) -> Any:
    return interp.run(made.func, args)


def program(f: Any, *args: float) -> Recording:
    made = decisions(f.traced((REAL,) * len(args)).func)
    check(made.func)
    return made


def flip(f: Any, one: float, other: float) -> Flip | None:
    """Of compiled code, which must write what the interpreter does."""
    made = program(f, one)
    run = compile_func(made.func, math="strict")
    tables = [run.call(x)[-1] for x in (one, other)]
    for x, table in zip((one, other), tables, strict=True):
        assert np.array_equal(table, interpreted(made, x)[-1])
    return first_flip(made, *tables)


DECISIONS = [
    (lambda x: cond(x > 0.5, lambda: 1.0, lambda: x), "the branch of cond"),
    (lambda x: select(x > 0.5, 1.0, x), "select"),
    (lambda x: minimum(x, 0.5), "minimum"),
    (lambda x: maximum(x, 0.5), "maximum"),
    (lambda x: abs(x - 0.5), "abs"),
    (lambda x: sign(x - 0.5) * x, "sign"),
    (lambda x: copysign(2.0, x - 0.5), "copysign"),
    (lambda x: floor(x + 0.5), "floor"),
    (lambda x: ceil(x - 0.5), "ceil"),
    (lambda x: trunc(x + 0.5), "trunc"),
    (lambda x: fmod(x, 0.5), "fmod"),
    (lambda x: vec(2, lambda i: x * i)[Index[2].clamp(2.0 * x)], "an index"),
    (lambda x: vec(2, lambda i: x * i)[Index[2].wrap(2.0 * x)], "an index"),
    (lambda x: while_loop(lambda y: y < 1.0, lambda y: y + 0.5, x, 9), "the count of while_loop"),
    (lambda x: sum(4, lambda i: x, upto=Index[5].clamp(2.0 * x)), "an index"),
    (lambda x: Real(argmin(2, lambda i: cond(i == 0, lambda: x, lambda: 0.5))), "select"),
]  # fmt: skip
"""A function with one decision at 0.5, and the decision's word."""


def test_the_decision_of_every_operator_has_an_example():
    words = {row.kink.word for row in OPS.values() if row.kink is not None and row.kink.decision is not None}
    assert words <= {what for _, what in DECISIONS}


@pytest.mark.parametrize(("f", "what"), DECISIONS, ids=lambda v: v if isinstance(v, str) else "")
def test_every_kind_of_decision_is_told_apart(f: Any, what: str):
    def named(x: Real) -> Real:
        return f(x)

    found = flip(fn(named), 0.49, 0.51)
    assert found is not None and found.what == what
    assert flip(fn(named), 0.48, 0.49) is None


def test_the_first_step_of_the_outermost_loop_is_named_through_calls_and_inner_loops():
    @fn
    def touches(x: Real, at: Real) -> Real:
        return cond(x > at, lambda: 1.0, lambda: 0.0)

    @fn
    def f(x: Real) -> Real:
        def step(total: Any, t: Index) -> Any:
            return total + sum(3, lambda i: touches(x, 10.0 * t + i))

        return scan(step, 0.0, 50) + touches(x, 0.0)

    found = flip(f, 71.5, 72.5)
    assert found is not None
    assert (found.what, found.step, found.of_steps) == ("the branch of cond", 7, True)
    assert str(found).endswith(", at step 7")
    made = program(f, 0.0)
    assert len(made.rows) == 2 and made.rows[0].n == 50  # the loop, and the call outside of it


def test_two_flips_in_one_step_do_not_cancel():
    @fn
    def f(x: Real) -> Real:
        # one contact moves from one place to the next: as many are touched before and after
        return scan(lambda c, t: c + sum(4, lambda i: cond(abs(x - i) < 0.5, lambda: x, lambda: 0.0)), 0.0, 2)

    assert flip(f, 1.2, 1.8) is not None


def test_accumulation_keeps_its_meaning_and_elements_are_told_from_steps():
    @fn
    def f(x: Real) -> Real:
        def fill(acc: Any) -> None:
            for_each(3, lambda i: cond(x > i, lambda: acc.at[i].add(x), lambda: None))

        total = accumulate(Vec[Real, 3], fill)
        return total[0] + total[1]

    found = flip(f, 0.9, 1.1)
    assert found is not None and (found.step, found.of_steps) == (1, False)
    assert interpreted(program(f, 0.0), 1.5)[0] == f(1.5) == 3.0


def test_a_long_rollout_shares_rows():
    n = 3 * CELLS

    @fn
    def f(x: Real) -> Real:
        return scan(lambda c, t: c + maximum(x - t, 0.0), 0.0, n)

    made = program(f, 0.0)
    run = compile_func(made.func)
    tables = [run.call(x)[-1] for x in (1000.5, 1001.5)]
    assert tables[0].size <= 2 * CELLS
    found = first_flip(made, *tables)
    assert found is not None and found.step is not None and found.chunk > 1
    assert found.step <= 1001 < found.step + found.chunk


def test_what_was_never_taken_is_known():
    @fn
    def f(x: Real) -> Real:
        def step(c: Any, t: Index) -> Any:
            return c + cond(x > 5.0, lambda: x, lambda: 0.0) + select(x > 0.0, 1.0, x) + minimum(x, t - 1.5)

        return scan(step, 0.0, 4)

    made = program(f, 0.0)
    found = {what: went for (what, _), went in never(made, interpreted(made, 1.0)[-1]).items()}
    assert found == {"the branch of cond": False, "select": True, "minimum": None}


def test_dependence_goes_by_values_conditions_counts_and_indices():
    def reached(f: Any) -> bool:
        return depends(fn(f).traced((REAL, REAL)).func, (True, False))[0]

    assert reached(lambda x, y: cond(x > 0.0, lambda: y, lambda: 1.0))
    assert reached(lambda x, y: vec(3, lambda i: y * i)[Index[3].clamp(x)])
    assert reached(lambda x, y: sum(3, lambda i: y, upto=Index[4].clamp(x)))
    assert reached(lambda x, y: while_loop(lambda c: c < x, lambda c: c + 1.0, y, 9))
    assert reached(lambda x, y: accumulate(Real, lambda acc: cond(x > 0.0, lambda: acc.add(y), lambda: None)))
    assert not reached(lambda x, y: scan(lambda c, t: (c[0] * x, c[1] + y), (x, y), 3)[1])


def test_the_checker_accepts_every_instrumented_program():
    @fn
    def inner(x: Real, y: Real) -> Real:
        return cond(x > y, lambda: x * y, lambda: minimum(x, y))

    @fn
    def f(x: Real, y: Real) -> Real:
        def step(c: Any, t: Index) -> Any:
            a, b = c
            return inner(a, b) + floor(a), vec(3, lambda i: inner(b, 1.0 * i))[Index[3].wrap(a)]

        return scan(step, (x, y), 5)[0] + inner(x, y)

    func = f.traced((REAL, REAL)).func
    ended = lost(func)
    check(ended.func)
    check(jvp_func(ended.func, (True, False))[0])
    check(unstopped(func))
    watched = growth(jvp_func(func, (True, True))[0])
    check(watched.func)
    *_, norms = interpreted(watched, 0.5, 0.25, 1.0, 0.0)
    assert watched.rows[0].n == 5
    assert norms[0, 0] == 0.25  # d(x y) at y = 0.25, and floor and the third of a vector add nothing
