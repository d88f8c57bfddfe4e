"""The checker refuses a program for each rule that it breaks, and accepts its nearest lawful neighbour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checker_kit import accepted, binding, op, refused
from ir_kit import FALSE, ONE, TRUE, ZERO, Body, at, between, block, func, integer, real, reals, ref, tan, tans

from rosesim.ad.program import ir
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import BOOL, REAL, TAN, Atom, Block, Func, IntT, Let, Lit, Loop, Op, Ty, Var, index_ty
from rosesim.ad.support.errors import CheckError

EMPTY = block(lambda b: ())


# ---------------------------------------------------------------------------------- the report


def test_a_report_names_the_function_the_let_the_rule_and_the_line():
    f = func([REAL, BOOL], lambda b, x, p: b.let(Op("add", (x, p)), REAL, where=ir.Where("pool.py", 7)), "shot")
    with pytest.raises(CheckError) as caught:
        check(f)
    assert str(caught.value) == (
        "pool.py:7: in shot, at `%1: Real = a + b`: argument 1 of add is Bool, expected a real"
    )


def test_a_function_is_checked_once():
    f = op("neg", REAL, out=REAL)
    check(f)
    object.__setattr__(f, "body", Block((), (Var(REAL, "stray"),)))
    check(f)
    refused(Func("copy", f.params, f.body), "scope: stray")


def test_a_callee_is_checked_too_and_named():
    bad = func([REAL], lambda b, x: b.op("exp", x, ty=BOOL), "bad")
    refused(func([REAL], lambda b, x: b.let(ir.Call(bad, (x,)), BOOL), "good"), "in bad, at")


# ------------------------------------------------------------------------- names and their scopes


def test_a_variable_is_bound_once():
    x, y = Var(REAL, "x"), Var(REAL, "y")
    twice = Block((Let((y,), Op("neg", (x,))), Let((y,), Op("abs", (x,)))), (y,))
    refused(Func("f", (x,), twice), "single assignment: y is bound twice")
    refused(Func("f", (x, x), Block((), ())), "single assignment: x")


def test_a_variable_is_bound_once_in_all_blocks_together():
    y = Var(REAL, "y")
    side = Block((Let((y,), Op("neg", (ONE,))),), (y,))
    f = binding(lambda p: ir.Cond(p, side, side), [BOOL], REAL)
    refused(f, "single assignment: y")
    i = Var(index_ty(2), "i")
    loops = [Loop(n=2, index=i, inits=(), carries=(), body=EMPTY) for _ in range(2)]
    refused(func([], lambda b: [b.let(loop) for loop in loops][2:]), "single assignment: i")


def test_functions_are_closed():
    stray = Var(REAL, "stray")
    refused(func([], lambda b: stray), "scope: stray .Real. is not bound before")
    refused(func([], lambda b: b.op("neg", stray)), "scope: stray")


def test_a_block_names_only_what_stands_before_it():
    y = Var(REAL, "y")
    refused(Func("f", (), Block((Let((Var(REAL),), Op("neg", (y,))), Let((y,), Op("neg", (ONE,)))), ())), "scope: y")


def test_what_a_block_binds_ends_with_it():
    def write(b: Body, p: Var):
        inner: list[Var] = []

        def side(c: Body):
            inner.append(c.op("neg", ONE))
            return inner[0]

        b.let(ir.Cond(p, block(side), block(lambda c: ONE)), REAL)
        return inner[0]

    refused(func([BOOL], write), "out of its scope")


@pytest.mark.parametrize("which", ["index", "carry"])
def test_what_a_loop_binds_ends_with_it(which: str):
    i, s = Var(index_ty(3), "index"), Var(REAL, "carry")

    def write(b: Body):
        b.let(Loop(n=3, index=i, inits=(ZERO,), carries=(s,), body=block(lambda c: s)), REAL)
        return i if which == "index" else s

    refused(func([], write), f"scope: {which} .* out of its scope")


def test_nested_blocks_see_the_blocks_around_them():
    i = Var(index_ty(3))
    s = Var(REAL)

    def step(c: Body, x: Var):
        return c.let(ir.Cond(TRUE, block(lambda d: d.op("add", s, x)), block(lambda d: s)), REAL)

    accepted(
        binding(
            lambda x: Loop(n=3, index=i, inits=(x,), carries=(s,), body=block(lambda c: step(c, x))), [REAL], REAL
        )
    )


def test_programs_are_acyclic():
    x = Var(REAL)
    f = Func("f", (x,), Block((), (x,)))
    g = func([REAL], lambda b, y: b.let(ir.Call(f, (y,)), REAL), "g")
    object.__setattr__(f, "body", block(lambda b: b.let(ir.Call(g, (x,)), REAL)))
    refused(f, "acyclic, but f reaches itself")
    refused(g, "acyclic, but g reaches itself")


def test_a_function_reached_twice_is_no_cycle():
    leaf = op("neg", REAL, out=REAL)
    f = leaf
    for _ in range(1500):  # also: chains longer than the recursion limit
        f = func([REAL], lambda b, x, f=f: [b.let(ir.Call(g, (x,)), *g.results) for g in (f, leaf)][2:])
    accepted(f)


# ------------------------------------------------------------------------------ types, literals


@pytest.mark.parametrize(
    "ty",
    [Ty(ir.FloatT(16)), Ty(ir.TanT(80)), reals(2, -1), between(0, 2**63), between(-(2**63) - 1, 0)],
)
def test_a_type_exists(ty: Ty):
    refused(func([ty], lambda b, x: ()), "no such type")


@pytest.mark.parametrize(
    "lit",
    [
        Lit(1, REAL), Lit(True, REAL), Lit(1.0, BOOL), Lit(1, BOOL), Lit(1.0, index_ty(3)), Lit(True, index_ty(3)),
        Lit(3, index_ty(3)), Lit(-1, index_ty(3)), Lit(0, index_ty(0)), Lit(0, TAN), Lit(1.0, reals(2)),
    ],
)  # fmt: skip
def test_a_literal_is_of_its_type(lit: Lit):
    refused(func([], lambda b: lit), "literal")


def test_literals_of_each_type():
    accepted(func([], lambda b: (ONE, TRUE, at(2, 3), tan(0.0), real(float("nan")), Lit(1.0, Ty(ir.FloatT(32))))))


# -------------------------------------------------------------------------------------- arrays


def get(shape: tuple[int, ...], *idx: Ty, out: Ty) -> Func:
    return binding(lambda x, *i: ir.Get(x, i), [reals(*shape), *idx], out)


def test_an_index_is_proved_to_be_within_the_shape():
    accepted(get((3, 4), index_ty(3), index_ty(4), out=REAL))
    accepted(get((3, 4), between(1, 2), out=reals(4)))
    accepted(get((0,), index_ty(0), out=REAL))
    refused(get((3, 4), index_ty(4), out=reals(4)), r"index 0 is Index\[4\], not within the size 3")
    refused(get((3, 4), index_ty(3), index_ty(5), out=REAL), "index 1 .* not within the size 4")
    refused(get((3,), between(-1, 2), out=REAL), "not within the size 3")
    refused(get((0,), index_ty(1), out=REAL), "not within the size 0")
    refused(get((3,), REAL, out=REAL), "expected an integer")
    refused(get((3,), index_ty(3), index_ty(1), out=REAL), "2 indices into 3 Real")
    refused(get((3,), out=reals(3)), "at least one index")
    refused(get((3, 4), index_ty(3), out=REAL), "the bound variable is Real, expected 4 Real")


def test_put_replaces_an_element_by_one_of_its_type():
    def put(v: Ty, *idx: Ty, out: Ty) -> Func:
        return binding(lambda x, v, *i: ir.Put(x, i, v), [reals(3, 4), v, *idx], out)

    accepted(put(REAL, index_ty(3), index_ty(4), out=reals(3, 4)))
    accepted(put(reals(4), index_ty(3), out=reals(3, 4)))
    refused(put(REAL, index_ty(3), out=reals(3, 4)), "what is put is Real, expected 4 Real")
    refused(put(TAN, index_ty(3), index_ty(4), out=reals(3, 4)), "what is put is Tan")
    refused(put(reals(4), index_ty(4), out=reals(3, 4)), "not within the size 3")
    refused(put(reals(3, 4), out=reals(3, 4)), "at least one index")
    refused(put(reals(4), index_ty(3), out=reals(4)), "expected 3x4 Real")


def test_stack_joins_items_of_one_type():
    accepted(binding(lambda x, y: ir.Stack((x, y)), [reals(3), reals(3)], reals(2, 3)))
    accepted(binding(lambda x, y: ir.Stack((x, y)), [TAN, TAN], tans(2)))
    refused(binding(lambda x, y: ir.Stack((x, y)), [REAL, BOOL], reals(2)), "item 1 is Bool, expected Real")
    refused(binding(lambda: ir.Stack(()), [], reals(0)), "at least one item")
    refused(binding(lambda x: ir.Stack((x,)), [REAL], reals(2)), "expected 1 Real")


def test_fill_makes_an_array_of_a_scalar():
    accepted(binding(ir.Fill, [REAL], reals(3, 0)))
    refused(binding(ir.Fill, [REAL], REAL), "Fill makes an array")
    refused(binding(ir.Fill, [REAL], tans(3)), "filled with is Real, expected Tan")
    refused(binding(ir.Fill, [reals(3)], reals(3)), "filled with is 3 Real")


def test_data_is_stored_as_its_type_says():
    def data(array: Any, ty: Ty) -> Func:
        return binding(lambda: ir.Data(array), [], ty)

    accepted(data(np.zeros((2, 3)), reals(2, 3)))
    accepted(data(np.array([0, 4], np.uint8), Ty(IntT(0, 4), (2,))))
    refused(data(np.zeros((2, 3), np.float32), reals(2, 3)), "float64 array")
    refused(data(np.zeros((2, 3)), reals(3, 2)), "of shape")
    refused(data(np.zeros((3, 2)).T, reals(2, 3)), "C-contiguous")
    refused(data(np.array([0, 5], np.uint8), Ty(IntT(0, 4), (2,))), r"holds 0 \.\. 5")
    refused(data(np.zeros(2), tans(2)), "Data cannot be 2 Tan")


def test_stop_takes_no_tangent():
    accepted(binding(ir.Stop, [reals(3)], reals(3)))
    refused(binding(ir.Stop, [TAN], TAN), "Stop takes no Tan")
    refused(binding(ir.Stop, [REAL], BOOL), "is Bool, expected Real")


# --------------------------------------------------------------------------------------- loops


def loop(n: int = 3, outs: tuple[Ty, ...] = (REAL, reals(3)), **changed: Any) -> Func:
    """A lawful loop (one carry, one output), with some of its parts changed."""
    i, s = Var(changed.pop("index", index_ty(n)), "i"), Var(REAL, "s")
    results: tuple[Atom, ...] = changed.pop("results", (ZERO, s))
    inits: tuple[Atom, ...] = changed.pop("inits", (ONE,))
    return binding(
        lambda *a: Loop(n=n, index=i, inits=inits, carries=(s,), body=Block((), results), **changed), [], *outs
    )


def test_a_loop_binds_its_carries_and_its_stacked_outputs():
    accepted(loop())
    accepted(loop(reverse=True))
    accepted(loop(results=(ZERO,), outs=(REAL,)))
    refused(loop(outs=(REAL,)), "binds 1 variables, expected 2")
    refused(loop(outs=(REAL, reals(4))), "is 4 Real, expected 3 Real")
    refused(loop(outs=(BOOL, reals(3))), "is Bool, expected Real")


def test_the_parts_of_a_loop_fit():
    refused(loop(n=-1), "a loop has -1 iterations, expected 0 or more")
    refused(loop(index=index_ty(4)), r"the index is Index\[4\], expected Index\[3\]")
    refused(loop(inits=()), "0 inits for 1 carries")
    refused(loop(inits=(TRUE,)), "init 0 is Bool, expected Real")
    refused(loop(results=()), "0 values for 1 carries")
    refused(loop(results=(FALSE, ONE)), "the next carry 0 is Bool, expected Real")


def test_upto_lies_within_the_loop():
    accepted(loop(upto=Lit(3, index_ty(4))))
    accepted(loop(upto=integer(2), reverse=True))
    refused(loop(upto=Lit(3, index_ty(5))), r"upto is Index\[5\], not within 0 \.\. 3")
    refused(loop(upto=Lit(0, between(-1, 3))), "not within 0")
    refused(loop(upto=ONE), "expected an integer")


def test_a_test_gives_one_truth_and_stands_alone():
    test = Block((), (TRUE,))
    outs = (REAL, reals(3), index_ty(4))
    accepted(loop(test=test, outs=outs))
    refused(loop(test=test), "binds 2 variables, expected 3")
    refused(loop(test=test, outs=(*outs[:2], index_ty(3))), r"is Index\[3\], expected Index\[4\]")
    refused(loop(test=Block((), (ONE,)), outs=outs), "gives one Bool")
    refused(loop(test=Block((), (TRUE, TRUE)), outs=outs), "gives one Bool")
    refused(loop(test=test, outs=outs, reverse=True), "neither upto nor reverse")
    refused(loop(test=test, outs=outs, upto=integer(1)), "neither upto nor reverse")


def test_outputs_of_a_loop_that_may_end_early_have_a_zero():
    ones, positive = (ZERO, Lit(1, between(1, 3))), (REAL, Ty(IntT(1, 3), (3,)))
    accepted(loop(results=ones, outs=positive))
    refused(loop(results=ones, outs=positive, upto=integer(2)), "which lacks 0")
    refused(loop(results=ones, outs=(*positive, index_ty(4)), test=Block((), (TRUE,))), "which lacks 0")


# ------------------------------------------------------------------- branches, accumulators, calls


def test_both_branches_give_the_same_types():
    def cond(p: Ty, then: tuple[Atom, ...], orelse: tuple[Atom, ...], *outs: Ty) -> Func:
        return binding(lambda p: ir.Cond(p, Block((), then), Block((), orelse)), [p], *outs)

    accepted(cond(BOOL, (ONE, TRUE), (ZERO, FALSE), REAL, BOOL))
    refused(cond(REAL, (ONE,), (ZERO,), REAL), "the condition is Real, expected Bool")
    refused(cond(BOOL, (ONE,), (FALSE,), REAL), "result 0 of the second branch is Bool, expected Real")
    refused(cond(BOOL, (ONE,), (ZERO, ONE), REAL), "1 and 2 values")
    refused(cond(BOOL, (ONE,), (ZERO,), BOOL), "is Bool, expected Real")


def accum(ty: Ty, write: Callable[[Body, Var], Any], *outs: Ty, init: Atom = ZERO) -> Func:
    r = Var(ty, "r")
    return binding(lambda *a: ir.Accum((init,), (r,), block(lambda b: write(b, r))), [], *outs)


def test_an_accumulator_starts_from_a_value_of_its_type_and_gives_one():
    def nothing(b: Body, r: Var):
        return (ONE,)

    accepted(accum(ref(REAL), nothing, REAL, REAL))
    refused(accum(REAL, nothing, REAL, REAL), "which is not a ref")
    refused(accum(ref(index_ty(3)), nothing, REAL, index_ty(3), init=at(0, 3)), "a ref of integers")
    refused(accum(ref(REAL), nothing, REAL, REAL, init=TRUE), "init 0 is Bool, expected Real")
    refused(accum(ref(REAL), nothing, REAL), "binds 1 variables, expected 2")
    refused(accum(ref(REAL), nothing, REAL, ref(REAL)), "is &Real, expected Real")
    refused(binding(lambda: ir.Accum((ZERO,), (), EMPTY), []), "1 inits for 0 refs")


def test_what_is_added_fits_its_place():
    def add(r: Ty, idx: tuple[Ty, ...], v: Ty) -> Func:
        return binding(lambda r, v, *i: ir.Add(r, i, v), [r, v, *idx])

    accepted(add(ref(reals(3)), (), reals(3)))
    accepted(add(ref(reals(3, 4)), (index_ty(3),), reals(4)))
    accepted(add(ref(Ty(ir.BoolT(), (3,))), (index_ty(3),), BOOL))
    refused(add(ref(reals(3)), (), REAL), "what is added is Real, expected 3 Real")
    refused(add(ref(reals(3)), (index_ty(3),), TAN), "what is added is Tan, expected Real")
    refused(add(ref(reals(3)), (index_ty(4),), REAL), "not within the size 3")
    refused(add(reals(3), (index_ty(3),), REAL), "3 Real is not a ref")
    refused(add(ref(REAL), (), ref(REAL)), "is a ref")
    r, x = Var(ref(REAL), "r"), Var(REAL)
    binds = Let((Var(REAL),), ir.Add(r, (), x))
    refused(Func("f", (r, x), Block((binds,), ())), "binds 1 variables, expected 0")


@pytest.mark.parametrize(
    "use",
    [
        lambda r: Op("neg", (r,)),
        lambda r: ir.Get(r, (at(0, 2),)),
        lambda r: ir.Put(r, (at(0, 2),), ONE),
        lambda r: ir.Stack((r,)),
        lambda r: ir.Stop(r),
        lambda r: ir.Guard(r, ""),
        lambda r: Loop(n=1, index=Var(index_ty(1)), inits=(r,), carries=(Var(reals(2)),), body=block(lambda b: ZERO)),
        lambda r: ir.Accum((r,), (Var(ref(reals(2))),), EMPTY),
    ],
)
def test_a_ref_is_only_added_to_divided_and_passed_on(use: Callable[[Var], ir.Expr]):
    refused(binding(use, [ref(reals(2))], reals(2)), "is a ref")


def test_a_ref_never_escapes():
    refused(func([ref(REAL)], lambda b, r: r), "is a ref")
    refused(accum(ref(REAL), lambda b, r: (r,), REAL, REAL), "is a ref")
    refused(accum(ref(reals(2)), lambda b, r: (b.let(ir.SubRef(r, (at(0, 2),)), ref(REAL)),), REAL), "init 0")


def test_a_part_of_a_ref_is_a_ref_of_its_type():
    def part(r: Ty, i: Ty, out: Ty) -> Func:
        return binding(lambda r, i: ir.SubRef(r, (i,)), [r, i], out)

    accepted(part(ref(reals(3, 4)), index_ty(3), ref(reals(4))))
    refused(part(ref(reals(3, 4)), index_ty(3), reals(4)), "is 4 Real, expected &4 Real")
    refused(part(ref(reals(3, 4)), index_ty(4), ref(reals(4))), "not within the size 3")
    refused(part(reals(3), index_ty(3), ref(REAL)), "is not a ref")


def test_a_guard_asks_a_truth_and_binds_nothing():
    accepted(binding(lambda p: ir.Guard(p, "stop"), [BOOL]))
    refused(binding(lambda x: ir.Guard(x, "stop"), [REAL]), "condition of a guard is Real")
    refused(binding(lambda p: ir.Guard(p, "stop"), [BOOL], BOOL), "binds 1 variables, expected 0")


def call(params: list[Ty], args: list[Ty], *outs: Ty, results: tuple[Atom, ...] = (ONE,)) -> Func:
    callee = func(params, lambda b, *a: results, "callee")
    return binding(lambda *a: ir.Call(callee, a), args, *outs)


def test_arguments_are_of_the_parameters_types():
    accepted(call([REAL, ref(reals(2))], [REAL, ref(reals(2))], REAL))
    refused(call([REAL], [], REAL), "callee takes 1 arguments, not 0")
    refused(call([REAL], [TAN], REAL), "argument 0 of callee is Tan, expected Real")
    refused(call([ref(REAL)], [REAL], REAL), "is Real, expected &Real")
    refused(call([REAL], [ref(REAL)], REAL), "is &Real, expected Real")
    refused(call([REAL], [REAL], BOOL), "is Bool, expected Real")
    refused(call([REAL], [REAL]), "binds 0 variables, expected 1")


def test_a_whole_argument_may_have_narrower_bounds_than_its_parameter():
    accepted(call([index_ty(9)], [between(2, 3)], REAL))
    refused(call([index_ty(9)], [between(2, 9)], REAL), r"Int\[2..9\], expected Index\[9\]")
    narrow, wide = Ty(IntT(2, 3), (4,)), Ty(IntT(0, 8), (4,))
    refused(call([wide], [narrow], REAL), "argument 0")  # arrays are stored by their bounds


def test_an_opaque_function_sees_no_tangents_and_no_refs():
    def box(param: Ty, result: Ty) -> Func:
        return Func("box", (Var(param),), ir.Opaque(lambda x: (x,), (result,)))

    accepted(box(reals(3), BOOL))
    for ty in (TAN, ref(REAL)):
        refused(box(ty, REAL), "neither takes nor gives")
        refused(box(REAL, ty), "neither takes nor gives")


def test_tangents_pass_through_what_only_moves_values():
    def write(b: Body, t: Var, ts: Var, p: Var):
        i, c, r = Var(index_ty(3)), Var(TAN), Var(ref(tans(3)))
        b.let(ir.Get(ts, (at(0, 3),)), TAN)
        new = b.let(ir.Put(ts, (at(0, 3),), t), tans(3))
        b.let(ir.Cond(p, Block((), (t,)), Block((), (tan(0.0),))), TAN)
        b.let(Loop(n=3, index=i, inits=(t,), carries=(c,), body=Block((), (c, c))), TAN, tans(3))
        b.let(ir.Accum((new,), (r,), block(lambda d: [d.let(ir.Add(r, (at(1, 3),), t)), t][1:])), TAN, tans(3))
        return b.let(ir.Call(func([TAN], lambda d, u: u), (t,)), TAN)

    accepted(func([TAN, tans(3), BOOL], write))
