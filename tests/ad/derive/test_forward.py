"""The forward derivative of each construct, as a program: which values carry a tangent, and what each tangent is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ONE, ZERO, Body, at, block, func, reals, ref
from shown import program, stripped, text

import rosesim as rs
from rosesim import Dual, Index, Real, Tan, Vec, fn
from rosesim.ad.derive.forward import jvp_func
from rosesim.ad.program import interp
from rosesim.ad.program.ir import REAL, TAN, Accum, Add, Call, Fill, Func, SubRef, Var
from rosesim.ad.support.errors import TraceError


def by(active: str, f: Any, *args: Any, deep: bool = False) -> str:
    """The forward derivative by the parameters named, as text."""
    made = program(f, *args)
    return text(jvp_func(made, mask(active, made))[0], deep)


def mask(active: str, made: Func) -> tuple[bool, ...]:
    return tuple(p.name in active for p in made.params)


# ---------------------------------------------------------------------------------------- activity


def test_only_what_an_active_parameter_reaches_has_a_tangent() -> None:
    shown = by("x", lambda x, y: x * y + rs.sin(y), 1.0, 1.0)
    assert shown == stripped(
        """
        fn(x: Real, y: Real, dx: Tan) -> (Real, Tan)
          %1: Real = x * y
          %2: Tan = y * dx
          %3: Real = sin(y)
          %4: Real = %1 + %3
          -> %4, %2
        """
    )


def test_a_function_of_nothing_active_is_its_own_derivative() -> None:
    made = program(lambda x, k: x * x, 1.0, True)
    assert jvp_func(made, (False, False)) == (made, (False,))
    assert jvp_func(made, (False, True)) == (made, (False,))  # a boolean carries none


def test_a_derivative_is_made_once_for_each_choice_of_parameters() -> None:
    made = program(lambda x, y: x * y, 1.0, 1.0)
    assert jvp_func(made, (True, False)) is jvp_func(made, (True, False))
    assert jvp_func(made, (True, False)) is not jvp_func(made, (False, True))


@pytest.mark.parametrize(
    "f", [rs.floor, rs.stop_gradient, lambda x: Real(x > 0.0), lambda x: Real(Index[9].clamp(x))]
)
def test_steps_stops_comparisons_and_indices_end_a_tangent(f: Any) -> None:
    made = program(lambda x: f(x) * 2.0, 1.5)
    assert jvp_func(made, (True,))[1] == (False,)


def test_a_carry_that_becomes_active_late_reaches_those_before_it() -> None:
    """Of x, y: each step moves the third carry into the second and that into the first."""

    def f(x: Any, y: Any) -> Any:
        return rs.scan(lambda c, i: (c[1], c[2] * y, x), (1.0, 2.0, 3.0), 5)[0]

    made = program(f, 1.0, 1.0)
    shown = by("x", f, 1.0, 1.0)
    assert shown.count(": Tan = 0.0t") == 3  # all three begin with none
    _, tangent = interp.run(jvp_func(made, (True, False))[0], [np.float64(v) for v in (5.0, 7.0, 1.0)])
    assert tangent == 7.0


def test_a_carry_without_a_tangent_gets_none() -> None:
    shown = by("x", lambda x: rs.scan(lambda c, i: (c[0] * x, c[1] * 0.5), (x, 1.0), 5), 1.0)
    assert shown.count("d.") == by("x", lambda x: rs.scan(lambda c, i: c * x, x, 5), 1.0).count("d.")


# --------------------------------------------------------------------------------------- operators


def test_a_tangent_is_the_slopes_times_the_tangents_of_the_arguments() -> None:
    assert by("xy", lambda x, y: x / y, 1.0, 1.0) == stripped(
        """
        fn(x: Real, y: Real, dx: Tan, dy: Tan) -> (Real, Tan)
          %1: Real = x / y
          %2: Real = 1.0 / y
          %3: Real = -%1
          %4: Real = %3 / y
          %5: Tan = %2 * dx
          %6: Tan = %4 * dy
          %7: Tan = %5 + %6
          -> %1, %7
        """
    )


def test_what_chooses_an_argument_chooses_its_tangent() -> None:
    assert by("x", lambda x, y: rs.maximum(x, y), 1.0, 1.0) == stripped(
        """
        fn(x: Real, y: Real, dx: Tan) -> (Real, Tan)
          %1: Real = maximum(x, y)
          %2: Bool = x >= y
          %3: Tan = dx if %2 else 0.0t
          -> %1, %3
        """
    )


# -------------------------------------------------------------------------------------- constructs


def test_a_loop_carries_tangents_behind_its_carries() -> None:
    shown = by("x", lambda x: rs.scan(lambda c, i: (c * x, c), x, 5), 1.0)
    assert shown == stripped(
        """
        fn(x: Real, dx: Tan) -> (Real, 5 Real, Tan, 5 Tan)
          %1: Real, d: Tan, %2: 5 Real, d.2: 5 Tan = loop i: Index[5] from %3: Real = x, d.3: Tan = dx
            %4: Real = %3 * x
            %5: Tan = x * d.3
            %6: Tan = %3 * dx
            %7: Tan = %5 + %6
            -> %4, %7, %3, d.3
          -> %1, %2, d, d.2
        """
    )


def test_both_sides_of_a_branch_give_the_tangents_that_either_has() -> None:
    shown = by("x", lambda x, y: rs.cond(y > 0.0, lambda: x * y, lambda: y), 1.0, 1.0)
    assert shown == stripped(
        """
        fn(x: Real, y: Real, dx: Tan) -> (Real, Tan)
          %1: Bool = y > 0.0
          %2: Real, d: Tan = cond %1
            then
              %3: Real = x * y
              %4: Tan = y * dx
              -> %3, %4
            else
              -> y, 0.0t
          -> %2, d
        """
    )


def test_an_accumulator_has_one_beside_it_for_its_tangent() -> None:
    def f(x: Any, y: Any) -> Any:
        def fill(a: Any) -> None:
            a.at[0].add(y)
            a.at[1].add(x)

        return rs.accumulate(Vec[Real, 3], fill)

    assert by("x", f, 1.0, 1.0) == stripped(
        """
        fn(x: Real, y: Real, dx: Tan) -> (3 Real, 3 Tan)
          %1: 3 Real = fill(0.0)
          %2: 3 Tan = fill(0.0t)
          %3: 3 Real, d: 3 Tan = accum acc: &3 Real = %1, dacc: &3 Tan = %2
            acc[0] += y
            acc[1] += x
            dacc[1] += dx
            ->
          -> %3, d
        """
    )


def test_elements_have_the_tangents_of_the_array_at_the_same_place() -> None:
    def f(v: Vec[Real, 3], x: Any) -> Any:
        return v.at[1].set(x)[2]

    assert by("vx", f, np.zeros(3), 1.0) == stripped(
        """
        fn(v: 3 Real, x: Real, dv: 3 Tan, dx: Tan) -> (Real, Tan)
          %1: 3 Real = v with [1] = x
          %2: 3 Tan = dv with [1] = dx
          %3: Real = %1[2]
          %4: Tan = %2[2]
          -> %3, %4
        """
    )


# ------------------------------------------------------------------------------------------- calls


def test_a_call_becomes_a_call_of_the_derivative_by_what_is_active_there() -> None:
    @fn
    def g(x: Real, y: Real) -> Real:
        return x * y

    shown = by("x", lambda x, y: g(y, x) + g(y, y), 1.0, 1.0, deep=True)
    assert "fn g_jvp(x: Real, y: Real, dy: Tan) -> (Real, Tan)" in shown
    assert shown.count("= g_jvp(y, x, dx)") == 1
    assert shown.count("= g(y, y)") == 1  # of nothing active: the function itself


def test_an_accumulator_that_becomes_active_late_is_handed_to_all_calls_with_its_tangent() -> None:
    """The first call adds a constant, the second x: only then is it known that the accumulator has a tangent."""
    adding = func([ref(REAL), REAL], lambda b, r, y: (b.let(Add(r, (), y)), [y])[1], "adding")

    def write(b: Body, x: Var) -> Any:
        r = Var(ref(REAL), "r")

        def twice(b: Body) -> Any:
            return b.op("add", b.let(Call(adding, (r, ONE)), REAL), b.let(Call(adding, (r, x)), REAL))

        return b.let(Accum((ZERO,), (r,), block(twice)), REAL, REAL)[1]

    made = jvp_func(func([REAL], write), (True,))[0]
    assert "(r, 1.0, dr)" in text(made) and "(r, a, dr, da)" in text(made)
    assert interp.run(made, [np.float64(5.0), np.float64(1.0)]) == (6.0, 1.0)


def test_a_part_of_an_accumulator_that_is_added_to_makes_the_whole_active() -> None:
    def write(b: Body, x: Var) -> Any:
        r = Var(ref(reals(3)), "r")

        def one(b: Body) -> Any:
            b.let(Add(b.let(SubRef(r, (at(1, 3),)), ref(REAL)), (), x))
            return []

        return b.let(Accum((b.let(Fill(ZERO), reals(3)),), (r,), block(one)), reals(3))

    made = jvp_func(func([REAL], write), (True,))[0]
    _, tangent = interp.run(made, [np.float64(5.0), np.float64(1.0)])
    assert np.asarray(tangent).tolist() == [0.0, 1.0, 0.0]


def test_a_rule_of_the_users_is_called_with_zeros_for_what_is_not_active() -> None:
    @fn
    def g(x: Real, y: Real) -> Real:
        return x * y

    @g.defjvp
    def _(x: Dual, y: Dual) -> Dual:
        return Dual(x.re * y.re, 7.0 * x.du + 9.0 * y.du)

    made = program(lambda x, y: g(x, y), 1.0, 1.0)
    both, one = (
        interp.run(jvp_func(made, active)[0], list(map(np.float64, args)))[1]
        for active, args in (((True, True), (1, 1, 1, 1)), ((False, True), (1, 1, 1)))
    )
    assert (both, one) == (16.0, 9.0)


def test_an_opaque_function_without_a_rule_is_refused() -> None:
    @rs.opaque
    def measured(x: float) -> float:
        return x

    with pytest.raises(TraceError, match="the derivative of the opaque function measured is needed"):
        by("x", lambda x: measured(x), 1.0)


def test_tangents_that_are_parameters_stay_what_they_are() -> None:
    made = func([REAL, TAN], lambda b, x, t: b.op("mul", x, t, ty=TAN))
    assert jvp_func(made, (False, True)) == (made, (False,))


def test_a_tangent_that_was_given_in_reverse_goes_forward() -> None:
    @fn
    def g(x: Real) -> Real:
        return x

    @g.defvjp
    def _(x: Real, ct: Tan) -> Tan:
        return 3.0 * x * ct

    made = program(lambda x: g(x), 2.0)
    assert interp.run(jvp_func(made, (True,))[0], [np.float64(2.0), np.float64(1.0)])[1] == 6.0
