"""What nobody reads is removed, and what a program does to others or stops for is kept: before and after as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ir_kit import ONE, TRUE, ZERO, Body, at, between, block, func, real, reals, ref
from shown import stripped, text

from rosesim.ad.passes.simplify import narrowed, simplified, without_refs
from rosesim.ad.program import interp
from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    Accum,
    Add,
    Call,
    Cond,
    Fill,
    Func,
    Guard,
    Loop,
    Opaque,
    Rules,
    SubRef,
    Ty,
    Var,
    index_ty,
)


def loop(b: Body, n: int, inits: list[Any], step: Callable[..., Any], outs: int = 0, **more: Any) -> Any:
    """A loop of real carries c, d, ... whose step gives what they are next, then so many outputs."""
    carries = tuple(Var(a.ty, "cdefg"[k]) for k, a in enumerate(inits))
    i = Var(index_ty(n), "i")
    body = block(lambda b: step(b, i, *carries))
    test = more.pop("test", None)
    tys = [*(a.ty for a in inits), *[reals(n)] * outs]
    if test is not None:
        more["test"] = block(lambda b: test(b, *carries))
        tys.append(between(0, n))
    return b.let(Loop(n=n, index=i, inits=tuple(inits), carries=carries, body=body, **more), *tys)


def same(made: Func, before: Func, *args: float) -> None:
    """Demand that a program still gives what it gave."""
    given = list(map(np.float64, args))
    for x, y in zip(interp.run(made, given), interp.run(before, given), strict=True):
        np.testing.assert_array_equal(x, y)


def test_a_let_that_nobody_reads_goes_and_with_it_what_it_alone_read() -> None:
    def write(b: Body, x: Var) -> Any:
        unread = b.op("exp", b.op("sin", x))
        b.op("add", unread, x)
        return b.op("mul", x, x)

    assert text(simplified(func([REAL], write))) == stripped(
        """
        fn(a: Real) -> Real
          %1: Real = a * a
          -> %1
        """
    )


def test_a_carry_stays_if_the_result_needs_it_by_way_of_another_and_goes_if_it_feeds_itself_alone() -> None:
    def write(b: Body, x: Var) -> Any:
        def step(b: Body, i: Var, c: Var, d: Var, e: Var, f: Var) -> Any:
            return [d, b.op("add", d, x), b.op("mul", e, f), f]

        return loop(b, 4, [x, ONE, x, x], step)[0]

    before = func([REAL], write)
    made = simplified(before)
    assert text(made) == stripped(
        """
        fn(a: Real) -> Real
          %1: Real, %2: Real = loop i: Index[4] from c: Real = a, d: Real = 1.0
            %3: Real = d + a
            -> d, %3
          -> %1
        """
    )
    same(made, before, 0.5)


def test_an_output_of_a_loop_that_nobody_reads_is_not_collected() -> None:
    def write(b: Body, x: Var) -> Any:
        return loop(b, 4, [x], lambda b, i, c: [b.op("add", c, x), c, b.op("exp", c)], outs=2)[:2]

    before = func([REAL], write)
    made = simplified(before)
    assert text(made) == stripped(
        """
        fn(a: Real) -> (Real, 4 Real)
          %1: Real, %2: 4 Real = loop i: Index[4] from c: Real = a
            %3: Real = c + a
            -> %3, c
          -> %1, %2
        """
    )
    same(made, before, 0.5)


def test_a_carry_that_only_the_test_of_a_loop_reads_stays() -> None:
    def write(b: Body, x: Var) -> Any:
        def going(b: Body, c: Var, d: Var, e: Var) -> Any:
            return b.op("lt", d, x, ty=BOOL)

        return loop(b, 9, [x, ZERO, x], lambda b, i, c, d, e: [c, b.op("add", d, ONE), c], test=going)[-1]

    before = func([REAL], write)
    made = simplified(before)
    assert "from d: Real = 0.0\n" in text(made)
    same(made, before, 3.5)


def test_a_loop_that_gives_nothing_goes() -> None:
    def write(b: Body, x: Var) -> Any:
        loop(b, 4, [x], lambda b, i, c: [b.op("exp", c)])
        return x

    assert text(simplified(func([REAL], write))) == "fn(a: Real) -> Real\n  -> a"


def test_both_sides_of_a_branch_lose_the_result_that_nobody_reads() -> None:
    def write(b: Body, p: Var, x: Var) -> Any:
        def side(name: str) -> Any:
            return block(lambda b: [b.op(name, x), b.op("exp", x)])

        return b.let(Cond(p, side("sin"), side("cos")), REAL, REAL)[0]

    assert text(simplified(func([BOOL, REAL], write))) == stripped(
        """
        fn(a: Bool, b: Real) -> Real
          %1: Real = cond a
            then
              %2: Real = sin(b)
              -> %2
            else
              %3: Real = cos(b)
              -> %3
          -> %1
        """
    )


# ------------------------------------------------------------------------------------------ guards


def test_a_guard_stays_wherever_it_stands_and_with_it_what_it_reads() -> None:
    def write(b: Body, x: Var) -> Any:
        def step(b: Body, i: Var, c: Var) -> Any:
            b.let(Guard(b.op("lt", c, ZERO, ty=BOOL), "below"))
            return b.op("sub", c, ONE)

        loop(b, 4, [x], step)
        b.let(Cond(b.op("gt", x, ONE, ty=BOOL), block(lambda b: (b.let(Guard(TRUE, "above")), [])[1]), block(none)))
        return ONE

    def none(b: Body) -> Any:
        return []

    before = func([REAL], write)
    assert text(simplified(before)) == text(before)


def test_a_call_that_may_stop_stays_without_its_results() -> None:
    def stopping(b: Body, x: Var) -> Any:
        b.let(Guard(b.op("lt", x, ZERO, ty=BOOL), "below"))
        return b.op("exp", x)

    calls = {name: func([REAL], write, name) for name, write in (("stops", stopping), ("pure", none_but_exp))}

    def write(b: Body, x: Var) -> Any:
        for f in calls.values():
            b.let(Call(f, (x,)), REAL)
        return x

    assert text(simplified(func([REAL], write))) == stripped(
        """
        fn(a: Real) -> Real
          %1: Real = stops(a)
          -> a
        """
    )


def none_but_exp(b: Body, x: Var) -> Any:
    return b.op("exp", x)


# ------------------------------------------------------------------------------------ accumulators


def test_an_accumulator_that_nobody_reads_goes_with_all_that_is_added_to_it() -> None:
    def write(b: Body, x: Var) -> Any:
        r, s = Var(ref(REAL), "r"), Var(ref(reals(3)), "s")

        def body(b: Body) -> Any:
            b.let(Add(r, (), x))
            part = b.let(SubRef(s, (at(1, 3),)), ref(REAL))
            b.let(Add(part, (), b.op("exp", x)))
            return [b.op("sin", x)]

        zeros = b.let(Fill(ZERO), reals(3))
        return b.let(Accum((ZERO, zeros), (r, s), block(body)), REAL, REAL, reals(3))[1]

    assert text(simplified(func([REAL], write))) == stripped(
        """
        fn(a: Real) -> Real
          %1: Real = accum r: &Real = 0.0
            r += a
            ->
          -> %1
        """
    )


def test_what_is_added_to_a_parameter_is_the_callers_to_read() -> None:
    before = func([ref(REAL), REAL], lambda b, r, x: (b.let(Add(r, (), x)), [])[1])
    assert text(simplified(before)) == text(before)
    narrow = without_refs(before, [0])
    assert text(narrow) == "fn(b: Real) -> ()\n  ->"


# ------------------------------------------------------------------------------------------- calls


def both(b: Body, x: Var) -> Any:
    return [b.op("sin", x), b.op("exp", x)]


def calling(callee: Func) -> Func:
    return func([REAL], lambda b, x: b.let(Call(callee, (x,)), REAL, REAL)[1])


def test_a_function_is_narrowed_to_the_results_that_its_caller_reads_where_that_is_asked_for() -> None:
    callee = func([REAL], both, "both")
    made = simplified(calling(callee), narrow=True)
    assert text(made, deep=True) == stripped(
        """
        fn both(a: Real) -> Real
          %1: Real = exp(a)
          -> %1

        fn f(a: Real) -> Real
          %1: Real = both(a)
          -> %1
        """
    )
    assert narrowed(callee, [1]) is narrowed(callee, [1]), "once for all callers"
    assert "sin" in text(simplified(calling(callee)), deep=True)


@pytest.mark.parametrize("rules", [None, Rules(), "opaque"])
def test_a_function_with_a_derivative_of_its_own_or_of_python_keeps_its_results(rules: Any) -> None:
    plain = func([REAL], both, "both")
    body = Opaque(lambda x: (x, x), (REAL, REAL)) if rules == "opaque" else plain.body
    callee = Func("both", plain.params, body, rules=None if rules == "opaque" else rules)
    shown = text(simplified(calling(callee), narrow=True))
    assert ("%1: Real, %2: Real = both(a)" in shown) == (rules is not None)


def test_a_function_of_python_has_nothing_to_remove() -> None:
    f = Func("f", (Var(REAL),), Opaque(lambda x: (x,), (REAL,)))
    assert simplified(f) is f


def test_a_call_is_not_handed_a_ref_that_nobody_reads() -> None:
    adding = func([ref(REAL), REAL], lambda b, r, x: (b.let(Add(r, (), x)), [b.op("sin", x)])[1], "adding")

    def write(b: Body, x: Var) -> Any:
        r = Var(ref(REAL), "r")
        return b.let(Accum((real(1.0),), (r,), block(lambda b: [b.let(Call(adding, (r, x)), REAL)])), REAL, REAL)[0]

    assert "adding(a)" in text(simplified(func([REAL], write), narrow=True))
    assert Ty(REAL.scalar, (), ref=True) == adding.params[0].ty
