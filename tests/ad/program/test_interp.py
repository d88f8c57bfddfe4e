"""The interpreter gives what `ir` says, by numbers known from elsewhere."""

from __future__ import annotations

import math
import threading
import time
from _thread import interrupt_main
from contextvars import ContextVar
from typing import Any

import numpy as np
import pytest
from ir_kit import FALSE, ONE, TRUE, ZERO, Body, at, between, block, func, integer, real, reals, ref, tan, tans

from rosesim.ad.program import ir
from rosesim.ad.program.check import check
from rosesim.ad.program.interp import run
from rosesim.ad.program.ir import BOOL, REAL, TAN, Var, index_ty
from rosesim.ad.support.errors import ArgumentError, ProgramError
from rosesim.ad.support.recursion import LEVELS_PER_THREAD, nested


def checked(f: ir.Func, *args: object) -> tuple[Any, ...]:
    check(f)
    return run(f, args)


def only(f: ir.Func, *args: object) -> Any:
    (result,) = checked(f, *args)
    return result


# ---------------------------------------------------------------------------------- scalars, arrays


def test_reals_divide_by_zero_as_ieee_says():
    f = func([REAL, REAL], lambda b, x, y: b.op("div", x, y))
    assert only(f, 1.0, 0.0) == math.inf
    assert only(f, -1.0, 0.0) == -math.inf
    assert math.isnan(only(f, 0.0, 0.0))
    assert type(only(f, 1.0, 4.0)) is np.float64


def test_truths_and_whole_numbers_come_back_as_pythons_own():
    f = func(
        [REAL, index_ty(5)],
        lambda b, x, i: (b.op("lt", x, ONE, ty=BOOL), b.op("iadd", i, i, ty=between(0, 8))),
    )
    assert checked(f, 0.5, np.uint8(4)) == (True, 8)
    assert [type(v) for v in run(f, (0.5, 4))] == [bool, int]


def test_a_remainder_is_never_negative():
    f = func([], lambda b: b.op("imod", integer(-7), integer(3), ty=index_ty(3)))
    assert only(f) == 2


def test_single_precision_rounds_every_operation():
    narrow = ir.Ty(ir.FloatT(32))
    f = func([narrow, narrow], lambda b, x, y: b.op("add", x, y, ty=narrow))
    assert only(f, 1.0, 2.0**-30) == 1.0


def test_a_tangent_behaves_as_a_real():
    f = func([REAL, TAN], lambda b, x, t: b.op("add", b.op("mul", x, t, ty=TAN), tan(0.0), ty=TAN))
    assert only(f, 3.0, 0.5) == 1.5


def test_get_reads_elements_and_rows():
    f = func(
        [reals(2, 3), index_ty(2)],
        lambda b, x, i: (b.let(ir.Get(x, (i, at(2, 3))), REAL), b.let(ir.Get(x, (i,)), reals(3))),
    )
    element, row = checked(f, [[1, 2, 3], [4, 5, 6]], 1)
    assert element == 6.0 and type(element) is np.float64
    np.testing.assert_array_equal(row, [4, 5, 6])


def test_put_leaves_the_array_it_started_from():
    f = func(
        [reals(3)],
        lambda b, x: (b.let(ir.Put(x, (at(1, 3),), real(9.0)), reals(3)), x),
    )
    given = np.array([1.0, 2.0, 3.0])
    new, old = checked(f, given)
    np.testing.assert_array_equal(new, [1, 9, 3])
    np.testing.assert_array_equal(old, [1, 2, 3])
    assert not np.shares_memory(old, given)


def test_put_replaces_a_row():
    f = func([reals(2, 2), reals(2)], lambda b, x, v: b.let(ir.Put(x, (at(0, 2),), v), reals(2, 2)))
    np.testing.assert_array_equal(only(f, [[1, 2], [3, 4]], [8, 9]), [[8, 9], [3, 4]])


def test_stack_fill_data_and_stop():
    data = np.array([3, 1], np.uint8)

    def write(b: Body, x: Var):
        row = b.let(ir.Stack((x, ONE)), reals(2))
        rows = b.let(ir.Stack((row, b.let(ir.Fill(x), reals(2)))), reals(2, 2))
        return rows, b.let(ir.Data(data), ir.Ty(ir.IntT(0, 4), (2,))), b.let(ir.Stop(x), REAL)

    rows, numbers, stopped = checked(func([REAL], write), 7.0)
    np.testing.assert_array_equal(rows, [[7, 1], [7, 7]])
    np.testing.assert_array_equal(numbers, data)
    assert numbers.dtype == np.uint8 and not np.shares_memory(numbers, data)
    assert stopped == 7.0


# ------------------------------------------------------------------------------------------- loops


def power_sum(n: int, reverse: bool = False) -> ir.Func:
    """(sum over i of x^i, the vector of x^i)."""

    def write(b: Body, x: Var):
        i, s, p = Var(index_ty(n), "i"), Var(REAL, "s"), Var(REAL, "p")
        body = block(lambda c: (c.op("add", s, p), c.op("mul", p, x), p))
        return b.let(
            ir.Loop(n=n, index=i, inits=(ZERO, ONE), carries=(s, p), body=body, reverse=reverse), REAL, REAL, reals(n)
        )[::2]

    return func([REAL], write)


def test_a_loop_carries_and_stacks():
    total, powers = checked(power_sum(10), 0.5)
    assert total == 2.0 - 0.5**9  # the geometric series, exact in binary
    np.testing.assert_array_equal(powers, 0.5 ** np.arange(10))


def test_a_loop_over_nothing_gives_its_inits_and_empty_outputs():
    total, powers = checked(power_sum(0), 0.5)
    assert total == 0.0 and powers.shape == (0,)


def test_a_reverse_loop_runs_from_the_end_and_stacks_in_place():
    _, powers = checked(power_sum(4, reverse=True), 2.0)
    np.testing.assert_array_equal(powers, [8, 4, 2, 1])


@pytest.mark.parametrize("reverse", [False, True])
def test_upto_ends_a_loop_early_and_leaves_zeros(reverse: bool):
    def write(b: Body, k: Var):
        i, s = Var(index_ty(4), "i"), Var(REAL, "s")

        def step(c: Body):
            v = c.op("real", i)
            return c.op("add", c.op("mul", s, real(10.0)), v), v, TRUE

        loop = ir.Loop(n=4, index=i, inits=(ZERO,), carries=(s,), body=block(step), upto=k, reverse=reverse)
        return b.let(loop, REAL, reals(4), ir.Ty(ir.BoolT(), (4,)))

    f = func([index_ty(5)], write)
    digits, seen, ran = checked(f, 3)
    assert digits == (210.0 if reverse else 12.0)
    np.testing.assert_array_equal(seen, [0, 1, 2, 0])
    np.testing.assert_array_equal(ran, [True, True, True, False])
    np.testing.assert_array_equal(run(f, (0,))[2], [False] * 4)


def halvings(n: int) -> ir.Func:
    """While x > 1: x becomes x / 2; gives x, each x on the way, and the count."""

    def write(b: Body, x: Var):
        i, s = Var(index_ty(n), "i"), Var(REAL, "s")
        body = block(lambda c: (c.op("div", s, real(2.0)), s))
        loop = ir.Loop(
            n=n, index=i, inits=(x,), carries=(s,), body=body, test=block(lambda c: c.op("gt", s, ONE, ty=BOOL))
        )
        return b.let(loop, REAL, reals(n), between(0, n))

    return func([REAL], write)


def test_a_test_ends_a_loop_before_an_iteration():
    last, path, count = checked(halvings(6), 8.0)
    assert (last, count) == (1.0, 3)
    np.testing.assert_array_equal(path, [8, 4, 2, 0, 0, 0])
    assert run(halvings(6), (0.5,))[::2] == (0.5, 0)


def test_a_loop_that_reaches_its_limit_counts_all_iterations():
    assert checked(halvings(3), 64.0)[::2] == (8.0, 3)


def test_the_test_of_a_loop_sees_the_index():
    def write(b: Body, k: Var):
        i = Var(index_ty(9), "i")
        test = block(lambda c: c.op("ilt", i, k, ty=BOOL))
        return b.let(ir.Loop(n=9, index=i, inits=(), carries=(), body=block(lambda c: ()), test=test), between(0, 9))

    assert only(func([index_ty(20)], write), 5) == 5
    assert only(func([index_ty(20)], write), 19) == 9


def test_a_carry_swapped_with_another_takes_the_old_value():
    def write(b: Body, n: Var):
        i, p, q = Var(index_ty(50), "i"), Var(REAL, "p"), Var(REAL, "q")
        body = block(lambda c: (q, c.op("add", p, q)))
        return b.let(ir.Loop(n=50, index=i, inits=(ZERO, ONE), carries=(p, q), body=body, upto=n), REAL, REAL)[0]

    assert only(func([index_ty(51)], write), 50) == 12586269025.0  # Fibonacci


# ---------------------------------------------------------------------- branches, effects, calls


def test_only_the_chosen_branch_runs():
    def write(b: Body, x: Var):
        def stops(c: Body):
            c.let(ir.Guard(TRUE, "must not run"))
            return ZERO

        p = b.op("gt", x, ZERO, ty=BOOL)
        return b.let(ir.Cond(p, block(lambda c: c.op("sqrt", x)), block(stops)), REAL)

    f = func([REAL], write)
    assert only(f, 9.0) == 3.0
    with pytest.raises(ProgramError, match="must not run"):
        run(f, (-1.0,))


def test_a_guard_reports_its_message_and_line():
    here = ir.Where("shot.py", 12)
    f = func([BOOL], lambda b, p: [b.let(ir.Guard(p, "no balls left"), where=here), ONE][1:])
    assert only(f, False) == 1.0
    with pytest.raises(ProgramError) as caught:
        run(f, (True,))
    assert str(caught.value) == "shot.py:12: no balls left"
    assert caught.value.where == "shot.py:12"


def histogram(scalar: ir.Scalar, amount: ir.Atom) -> ir.Func:
    """Adds an amount into the bin that each of four indices names, starting from an array."""
    bins = ir.Ty(scalar, (3,))

    def write(b: Body, start: Var, where: Var):
        r, i = Var(ref(bins), "r"), Var(index_ty(4), "i")

        def step(c: Body):
            c.let(ir.Add(r, (c.let(ir.Get(where, (i,)), index_ty(3)),), amount))
            return ()

        inner = block(lambda c: [c.let(ir.Loop(n=4, index=i, inits=(), carries=(), body=block(step))), real(5.0)][1:])
        return b.let(ir.Accum((start,), (r,), inner), REAL, bins)

    return func([bins, ir.Ty(ir.IntT(0, 2), (4,))], write)


def test_accumulation_at_computed_indices_starts_from_its_inits():
    start = np.array([1.0, 0.0, 0.0])
    result, bins = checked(histogram(ir.FloatT(), real(0.5)), start, [2, 0, 2, 2])
    assert result == 5.0
    np.testing.assert_array_equal(bins, [1.5, 0, 1.5])
    np.testing.assert_array_equal(start, [1, 0, 0])


def test_accumulating_truths_is_or():
    _, bins = checked(histogram(ir.BoolT(), TRUE), [False, True, False], [2, 2, 2, 2])
    np.testing.assert_array_equal(bins, [False, True, True])
    _, bins = checked(histogram(ir.BoolT(), FALSE), [False, True, False], [2, 2, 2, 2])
    np.testing.assert_array_equal(bins, [False, True, False])


def test_rows_and_whole_arrays_are_added_too():
    def write(b: Body, x: Var):
        r = Var(ref(reals(2, 2)), "r")

        def inner(c: Body):
            c.let(ir.Add(r, (), x))
            c.let(ir.Add(r, (at(1, 2),), c.let(ir.Get(x, (at(0, 2),)), reals(2))))
            c.let(ir.Add(r, (at(0, 2), at(0, 2)), real(100.0)))
            return ()

        return b.let(ir.Accum((x,), (r,), block(inner)), reals(2, 2))

    result = only(func([reals(2, 2)], write), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(result, [[102, 4], [7, 10]])


def test_a_callee_adds_into_its_callers_accumulators():
    adder = func([ref(REAL), REAL], lambda b, r, x: [b.let(ir.Add(r, (), x)), x][1:], "adder")
    rows = func(
        [ref(reals(2))],
        lambda b, r: [
            b.let(ir.Call(adder, (b.let(ir.SubRef(r, (at(k, 2),)), ref(REAL)), real(k + 1.0))), REAL)
            for k in range(2)
        ],
        "rows",
    )

    def write(b: Body):
        r, s = Var(ref(reals(3, 2)), "r"), Var(ref(REAL), "s")

        def inner(c: Body):
            c.let(ir.Call(rows, (c.let(ir.SubRef(r, (at(2, 3),)), ref(reals(2))),)), REAL, REAL)
            return c.let(ir.Call(adder, (s, real(8.0))), REAL)

        zeros = b.let(ir.Fill(ZERO), reals(3, 2))
        return b.let(ir.Accum((zeros, ONE), (r, s), block(inner)), REAL, reals(3, 2), REAL)

    result, table, scalar = checked(func([], write))
    assert (result, scalar) == (8.0, 9.0) and type(scalar) is np.float64
    np.testing.assert_array_equal(table, [[0, 0], [0, 0], [1, 2]])


def test_a_ref_parameter_of_the_function_run_is_added_to_in_place():
    f = func([ref(tans(2)), TAN], lambda b, r, t: [b.let(ir.Add(r, (at(1, 2),), t))][1:])
    check(f)
    bins = np.zeros(2)
    assert run(f, (bins, 3.0)) == ()
    np.testing.assert_array_equal(bins, [0, 3])


def opaque(call, params: list[ir.Ty], results: list[ir.Ty]) -> ir.Func:
    return ir.Func("black_box", tuple(map(Var, params)), ir.Opaque(call, tuple(results)))


def test_an_opaque_function_is_given_pythons_own_values_and_copies():
    given: list[object] = []

    def call(x, p, i, xs):
        given.extend([x, p, i])
        xs[0] = 99.0
        return x, p, i, xs

    tys = [REAL, BOOL, index_ty(4), reals(2)]
    inner = opaque(call, tys, tys)
    f = func(tys, lambda b, *a: (*b.let(ir.Call(inner, a), *tys), a[3]))
    *scalars, changed, kept = checked(f, 2.5, True, 3, [1.0, 2.0])
    assert scalars == [2.5, True, 3] and [type(v) for v in given] == [float, bool, int]
    np.testing.assert_array_equal(changed, [99, 2])
    np.testing.assert_array_equal(kept, [1, 2])


@pytest.mark.parametrize(
    ("returned", "complaint"),
    [((1.0,), "returned 1 values, not 2"), ((1.0, [1.0]), r"shape \(1,\)"), ((1.0, 4), "not within")],
)
def test_an_opaque_function_that_breaks_its_word_is_stopped(returned: tuple[object, ...], complaint: str):
    with pytest.raises(ProgramError, match=complaint):
        run(opaque(lambda: returned, [], [REAL, index_ty(4)]), ())


def test_an_opaque_function_that_raises_raises_through():
    def call(x: float):
        raise LookupError("no table")

    with pytest.raises(LookupError, match="no table"):
        run(opaque(call, [REAL], [REAL]), (1.0,))


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ((), "takes 2"),
        (([1.0], 0), r"shape \(1,\)"),
        (([1.0, 2.0], 5), "not within"),
        (([1, 2], 0.5), "not within"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(args: tuple[object, ...], complaint: str):
    f = func([reals(2), index_ty(5)], lambda b, x, i: x)
    with pytest.raises(ArgumentError, match=complaint):
        run(f, args)


# ------------------------------------------------------------------------------------------ depth


def test_a_thousand_calls_within_each_other_run():
    f = func([REAL], lambda b, x: b.op("add", x, ONE))
    for _ in range(999):
        f = func([REAL], lambda b, x, f=f: b.op("add", b.let(ir.Call(f, (x,)), REAL), ONE))
    assert only(f, 0.0) == 1000.0


def test_five_hundred_blocks_within_each_other_run():
    here = block(lambda b: ONE)
    for k in range(500):
        inner = here
        if k % 2:
            here = block(lambda b, inner=inner: b.let(ir.Cond(TRUE, inner, block(lambda c: ZERO)), REAL))
        else:
            i = Var(index_ty(1), "i")
            s = Var(REAL)
            here = block(
                lambda b, i=i, s=s, inner=inner: b.let(
                    ir.Loop(n=1, index=i, inits=(ZERO,), carries=(s,), body=inner), REAL
                )
            )
    assert only(ir.Func("f", (), here)) == 1.0


def count_down(n: int) -> int:
    return 0 if n == 0 else 1 + nested(count_down, n - 1)


def test_nesting_passes_the_recursion_limit():
    assert nested(count_down, 5000) == 5000
    assert nested(count_down, 3) == 3


def test_nesting_stays_on_one_thread_while_it_is_shallow():
    def thread(n: int) -> threading.Thread:
        return nested(thread, n - 1) if n else threading.current_thread()

    assert nested(thread, LEVELS_PER_THREAD - 2) is threading.current_thread()
    assert nested(thread, LEVELS_PER_THREAD - 1) is not threading.current_thread()


def test_nesting_keeps_the_callers_context():
    unit: ContextVar[str] = ContextVar("unit")

    def read(n: int) -> str:
        return nested(read, n - 1) if n else unit.get()

    token = unit.set("metre")
    try:
        assert nested(read, 3 * LEVELS_PER_THREAD) == "metre"
    finally:
        unit.reset(token)


def test_an_exception_comes_out_of_a_deep_nest_with_its_traceback():
    def fail(n: int) -> None:
        if n:
            nested(fail, n - 1)
        raise ValueError(f"level {n}")

    with pytest.raises(ValueError, match="level 0") as caught:
        nested(fail, 100)
    assert sum(entry.name == "fail" for entry in caught.traceback) == 101
    assert nested(count_down, 50) == 50  # the depth was restored


def test_an_interrupt_ends_a_deep_nest_and_its_threads():
    def spin(n: int) -> None:
        if n:
            nested(spin, n - 1)
        while True:
            pass

    before = threading.active_count()
    timer = threading.Timer(0.2, interrupt_main)
    timer.start()
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        nested(spin, 200)
    assert time.perf_counter() - started < 2.0  # within the second that unwinding is given
    timer.join()
    assert threading.active_count() == before
