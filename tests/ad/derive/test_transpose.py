"""The reverse of each construct, as a program: what it reads, what it gives, and that it is the transpose."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, log, sin
from typing import Any

import numpy as np
import pytest
from ir_kit import at, func, tan, tans
from shown import program, stripped, text
from support import as_flat

import rosesim as rs
from rosesim import Bool, Index, Real, Tan, Vec, fn
from rosesim.ad.derive.forward import jvp_func
from rosesim.ad.derive.reverse.pair import Pair
from rosesim.ad.derive.reverse.transpose import transpose
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import BOOL, REAL, TAN, Fill, Func, Put, Stack, Stop, TanT
from rosesim.ad.support.errors import CheckError

SHORT, LONG = 3, 30
"""Cotangents of the one are returned, of the other added into the caller's."""


def forward(f: Any, *args: Any) -> Func:
    """The derivative of a function by all its real arguments."""
    made = program(f, *args)
    return jvp_func(made, (True,) * len(made.params))[0]


def pulled_back(f: Any, args: tuple[Any, ...], ct: float = 1.0) -> tuple[Any, ...]:
    """What both halves of the reverse give, run one after the other; the conditions are left out."""
    made = forward(f, *args)
    pair = transpose(made)
    check(pair.fwd)
    check(pair.bwd)
    given = [as_flat(a, p.ty) for a, p in zip(args, pair.fwd.params, strict=True)]
    outs = interp.run(pair.fwd, given)
    kept = dict(zip(pair.stored, outs[len(outs) - len(pair.stored) :], strict=True))
    known = dict(zip((p for p in made.params if not isinstance(p.ty.scalar, TanT)), given, strict=True)) | kept
    found = interp.run(pair.bwd, [*(known[v] for v in pair.tape), np.float64(ct)])
    return found[: sum(w is not None for w in wants(pair))]


def wants(pair: Pair) -> tuple[bool | None, ...]:
    """For each tangent parameter: whether its cotangent comes with a condition; None where nothing flows back."""
    return tuple(None if x.nothing else x.has_mask for x in pair.back)


# -------------------------------------------------------------------------------- linear operators

LINEAR: dict[str, tuple[Callable[..., Any], str]] = {
    "neg": (lambda b, a, t, u: b.op("neg", t, ty=TAN), "-ct, none"),
    "add": (lambda b, a, t, u: b.op("add", t, u, ty=TAN), "ct, ct"),
    "add of one to itself": (lambda b, a, t, u: b.op("add", t, t, ty=TAN), "ct + ct, none"),
    "sub": (lambda b, a, t, u: b.op("sub", t, u, ty=TAN), "ct, -ct"),
    "sub of zero": (lambda b, a, t, u: b.op("sub", t, tan(0.0), ty=TAN), "ct, none"),
    "mul": (lambda b, a, t, u: b.op("mul", a, t, ty=TAN), "a * ct, none"),
    "mul from the left": (lambda b, a, t, u: b.op("mul", u, a, ty=TAN), "none, a * ct"),
    "div": (lambda b, a, t, u: b.op("div", t, a, ty=TAN), "ct / a, none"),
}


@pytest.mark.parametrize("name", LINEAR)
def test_a_linear_operator_passes_its_cotangent_to_its_arguments(name: str) -> None:
    write, expected = LINEAR[name]
    pair = transpose(func([REAL, TAN, TAN], write))
    *lets, results = text(pair.bwd).split("\n  ")[1:]
    made = {let.split(":")[0]: let.split(" = ")[1] for let in lets}
    given = iter([made.get(x, x) for x in results.removeprefix("-> ").split(", ")])
    assert ", ".join("none" if w is None else next(given) for w in wants(pair)) == expected


def test_a_select_gives_each_side_the_cotangent_with_its_condition() -> None:
    pair = transpose(func([BOOL, TAN, TAN], lambda b, p, t, u: b.op("select", p, t, u, ty=TAN)))
    assert wants(pair) == (True, True)
    assert text(pair.bwd) == stripped(
        """
        fn(a: Bool, ct: Real) -> (Real, Real, Bool, Bool)
          %1: Bool = not a
          -> ct, ct, a, %1
        """
    )


def test_a_cotangent_that_comes_with_a_condition_leaves_with_it() -> None:
    double = func([TAN], lambda b, t: b.op("add", t, t, ty=TAN))
    pair = transpose(double, (True,))
    assert wants(pair) == (True,)
    assert text(pair.bwd) == stripped(
        """
        fn(ct: Real, mask: Bool) -> (Real, Bool)
          %1: Real = ct + ct
          -> %1, mask
        """
    )


def test_a_reverse_is_made_once_for_each_pattern_of_conditions() -> None:
    double = func([TAN], lambda b, t: b.op("add", t, t, ty=TAN))
    assert transpose(double, (True,)) is transpose(double, (True,))
    assert transpose(double) is transpose(double, (False,)) is not transpose(double, (True,))


def test_of_a_cotangent_that_is_not_there_nothing_flows_back() -> None:
    both = func([TAN, TAN], lambda b, t, u: [b.op("neg", t, ty=TAN), b.op("neg", u, ty=TAN)])
    pair = transpose(both, (None, False))
    assert wants(pair) == (None, False)
    assert text(pair.bwd) == stripped(
        """
        fn(ct: Real) -> Real
          %1: Real = -ct
          -> %1
        """
    )


def test_what_is_linear_and_has_no_reverse_is_refused_with_its_line() -> None:
    with pytest.raises(CheckError, match=r"in f: `%1: Tan = stop_gradient\(.*\)` is linear but has no reverse"):
        transpose(func([TAN], lambda b, t: b.let(Stop(t), TAN)))


# ------------------------------------------------------------------------------------------ arrays


@fn
def read(v: Vec[Real, SHORT], k: Index[SHORT]) -> Real:
    return v[k] * 2.0


def test_the_reverse_of_a_read_is_an_addition_at_the_same_place() -> None:
    pair = transpose(forward(read, np.zeros(SHORT), 1))
    assert text(pair.bwd) == stripped(
        """
        fn(k: Index[3], ct: Real) -> 3 Real
          %1: Real = 2.0 * ct
          %2: 3 Real = fill(0.0)
          %3: Real = 0.0 + %1
          %4: 3 Real = %2 with [k] = %3
          -> %4
        """
    )


def test_a_large_cotangent_is_added_into_the_callers() -> None:
    @fn
    def read_long(v: Vec[Real, LONG], k: Index[LONG]) -> Real:
        return v[k] * 2.0

    pair = transpose(forward(read_long, np.zeros(LONG), 1))
    assert text(pair.bwd) == stripped(
        """
        fn(k: Index[30], ct: Real, ct.2: &30 Real) -> ()
          %1: Real = 2.0 * ct
          ct.2[k] += %1
          ->
        """
    )


def test_an_element_that_was_replaced_gives_its_cotangent_to_what_replaced_it() -> None:
    pair = transpose(func([tans(3), TAN], lambda b, v, t: b.let(Put(v, (at(1, 3),), t), tans(3))))
    assert text(pair.bwd) == stripped(
        """
        fn(ct: 3 Real) -> (3 Real, Real)
          %1: Real = ct[1]
          %2: 3 Real = ct with [1] = 0.0
          -> %2, %1
        """
    )


def test_the_items_of_an_array_get_its_elements_and_what_fills_it_their_sum() -> None:
    stacked = transpose(func([TAN, TAN], lambda b, t, u: b.let(Stack((u, t)), tans(2))))
    assert text(stacked.bwd) == stripped(
        """
        fn(ct: 2 Real) -> (Real, Real)
          %1: Real = ct[0]
          %2: Real = ct[1]
          -> %2, %1
        """
    )
    filled = transpose(func([TAN], lambda b, t: b.let(Fill(t), tans(7))))
    assert interp.run(filled.bwd, [np.arange(7.0)]) == (21.0,)


# ------------------------------------------------------------------------------------- constructs


def test_a_branch_is_reversed_by_a_branch_on_the_same_condition() -> None:
    @fn
    def f(x: Real, p: Bool) -> Real:
        return rs.cond(p, lambda: x * x, lambda: rs.sin(x))

    pair = transpose(forward(f, 0.5, True))
    assert text(pair.fwd) == stripped(
        """
        fn(x: Real, p: Bool) -> (Real, Real)
          %1: Real, %2: Real = cond p
            then
              %3: Real = x * x
              -> %3, 0.0
            else
              %4: Real = sin(x)
              %5: Real = cos(x)
              -> %4, %5
          -> %1, %2
        """
    )
    assert text(pair.bwd) == stripped(
        """
        fn(p: Bool, x: Real, %1: Real, ct: Real) -> (Real, Bool)
          %2: Real, %3: Bool = accum ct.2: &Real = 0.0, mask: &Bool = False
            cond p
              then
                %4: Real = ct + ct
                %5: Real = x * %4
                ct.2 += %5
                mask |= True
                ->
              else
                %6: Real = %1 * ct
                ct.2 += %6
                mask |= True
                ->
            ->
          -> %2, %3
        """
    )
    assert pulled_back(f, (0.5, True)) == (1.0,) and pulled_back(f, (0.5, False)) == (cos(0.5),)


def test_an_accumulator_is_reversed_by_reads_and_keeps_nothing() -> None:
    @fn
    def f(x: Real) -> Vec[Real, SHORT]:
        return rs.accumulate(Vec[Real, SHORT], lambda a: a.at[1].add(3.0 * x))

    pair = transpose(forward(f, 1.0))
    assert pair.tape == ()
    assert text(pair.bwd) == stripped(
        """
        fn(ct: 3 Real) -> Real
          %1: Real = ct[1]
          %2: Real = 3.0 * %1
          -> %2
        """
    )


def test_a_loop_is_reversed_by_a_loop_that_runs_backward_and_carries_the_cotangent() -> None:
    @fn
    def f(x: Real) -> Real:
        return rs.scan(lambda c, i: rs.sin(c), x, 5)

    pair = transpose(forward(f, 0.4))
    assert text(pair.fwd) == stripped(
        """
        fn(x: Real) -> (Real, 5 Real)
          %1: Real, %2: 5 Real = loop i: Index[5] from %3: Real = x
            %4: Real = sin(%3)
            %5: Real = cos(%3)
            -> %4, %5
          -> %1, %2
        """
    )
    assert text(pair.bwd) == stripped(
        """
        fn(%1: 5 Real, ct: Real) -> Real
          %2: Real = loop i: Index[5] reverse from ct.2: Real = ct
            %3: Real = %1[i]
            %4: Real = %3 * ct.2
            -> %4
          -> %2
        """
    )
    x, slope = 0.4, 1.0
    for _ in range(5):
        x, slope = sin(x), slope * cos(x)
    assert pulled_back(f, (0.4,)) == pytest.approx((slope,), rel=1e-14)


def test_a_variable_of_the_block_around_a_loop_gets_the_sum_over_all_steps() -> None:
    @fn
    def f(x: Real) -> Real:
        return rs.scan(lambda c, i: c + x * x, 1.0, 5)

    assert text(transpose(forward(f, 0.4)).bwd) == stripped(
        """
        fn(x: Real, ct: Real) -> Real
          %1: Real = accum ct.2: &Real = 0.0
            %2: Real = loop i: Index[5] reverse from ct.3: Real = ct
              %3: Real = ct.3 + ct.3
              %4: Real = x * %3
              ct.2 += %4
              -> ct.3
            ->
          -> %1
        """
    )


def test_an_array_that_a_loop_reads_at_its_own_index_gets_its_cotangent_row_by_row() -> None:
    """As an output of the reversed loop: an accumulator would have to be cleared first."""

    @fn
    def f(v: Vec[Real, 5]) -> Real:
        return rs.sum(5, lambda i: rs.sin(v[i]))

    shown = text(transpose(forward(f, np.zeros(5))).bwd)
    assert "accum" not in shown and "+=" not in shown
    assert pulled_back(f, (np.arange(5.0),))[0] == pytest.approx(np.cos(np.arange(5.0)), rel=1e-14)


def test_a_carry_that_nothing_flows_back_to_is_not_carried_back() -> None:
    @fn
    def f(x: Real) -> Real:
        def step(c: Any, i: Any) -> Any:
            return c[0] * 2.0, c[1] + c[0]

        first, second = rs.scan(step, (x, x), 5)
        return first + rs.stop_gradient(second)

    assert text(transpose(forward(f, 1.0)).bwd) == stripped(
        """
        fn(ct: Real) -> Real
          %1: Real = loop i: Index[5] reverse from ct.2: Real = ct
            %2: Real = 2.0 * ct.2
            -> %2
          -> %1
        """
    )
    assert pulled_back(f, (1.0,)) == (32.0,)


def test_a_loop_that_ends_by_a_test_is_reversed_as_often_as_it_ran() -> None:
    @fn
    def f(x: Real) -> Real:
        return rs.while_loop(lambda c: c < 10.0, lambda c: c * c, x, limit=20, on_limit="stop")

    shown = text(transpose(forward(f, 2.0)).bwd)
    assert "loop i.2: Index[20] upto %3 reverse" in shown
    assert pulled_back(f, (2.0,)) == (4 * 2.0**3,)  # x -> x^2 -> x^4 = 16


def test_a_call_is_reversed_by_a_call_of_the_callees_reverse_which_is_made_once() -> None:
    @fn
    def g(x: Real) -> Real:
        return rs.sin(x) * x

    made = forward(lambda x: g(g(x)), 0.3)
    shown = text(transpose(made).bwd, deep=True)
    assert shown.count("fn g_jvp_bwd(") == 1 and shown.count("= g_jvp_bwd(") == 2
    y = sin(0.3) * 0.3
    slopes = [sin(x) + x * cos(x) for x in (y, 0.3)]
    assert pulled_back(lambda x: g(g(x)), (0.3,)) == pytest.approx((slopes[0] * slopes[1],), rel=1e-14)


def test_the_primal_half_holds_nothing_linear() -> None:
    @fn
    def f(v: Vec[Real, SHORT], p: Bool) -> Real:
        return rs.scan(lambda c, i: rs.cond(p, lambda: c * v[i], lambda: rs.log(c)), v[0], SHORT)

    pair = transpose(forward(f, np.ones(SHORT), True))
    assert "Tan" not in text(pair.fwd, deep=True) + text(pair.bwd, deep=True)
    v = np.array([2.0, 3.0, 5.0])
    assert pulled_back(f, (v, True))[0].tolist() == [2 * 2.0 * 15.0, 4.0 * 5.0, 4.0 * 3.0]
    slope = 1 / (30.0 * log(30.0) * log(log(30.0)))
    assert pulled_back(f, (np.array([30.0, 0.0, 0.0]), False))[0] == pytest.approx([slope, 0.0, 0.0], rel=1e-14)


# ---------------------------------------------------------------------------------- rules of users


def test_a_reverse_that_was_given_is_called_with_the_cotangent() -> None:
    @fn
    def g(x: Real) -> Real:
        return x * x * x

    @g.defvjp
    def _(x: Real, ct: Tan) -> Tan:
        return 7.0 * ct  # not the derivative, so that it can be told apart

    assert pulled_back(lambda x: 2.0 * g(x), (5.0,)) == (14.0,)


def test_the_forward_derivative_of_a_function_with_a_reverse_alone_is_the_transpose_of_that() -> None:
    @fn
    def g(v: Vec[Real, SHORT], x: Real) -> Vec[Real, SHORT]:
        return v * x

    @g.defvjp
    def _(v: Vec[Real, SHORT], x: Real, ct: Vec[Tan, SHORT]) -> Any:
        return 7.0 * ct, 5.0 * ct[0] - 2.0 * ct[2]

    made = forward(lambda v, x: g(v, x), np.zeros(SHORT), 1.0)
    args = [np.zeros(SHORT), np.float64(1.0), np.array([1.0, 2.0, 3.0]), np.float64(10.0)]
    tangent = interp.run(made, args)[1]
    assert np.asarray(tangent).tolist() == [7.0 + 50.0, 14.0, 21.0 - 20.0]
