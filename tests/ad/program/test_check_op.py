"""The checker's rules for operators: kinds, tangents, and the bounds of integer results that it proves."""

from __future__ import annotations

import pytest
from checker_kit import accepted, binding, op, refused
from ir_kit import between, func, integer, reals, ref, tan, tans

from rosesim.ad.program import ir
from rosesim.ad.program.ir import BOOL, REAL, TAN, Func, Lit, Op, Ty, index_ty
from rosesim.ad.program.ops import OPS


def test_operators_are_those_of_the_table_with_their_arguments():
    refused(op("cube", REAL, out=REAL), "no operator 'cube'")
    refused(op("add", REAL, out=REAL), "add takes 2 arguments, not 1")
    refused(op("add", REAL, BOOL, out=REAL), "argument 1 of add is Bool, expected a real")
    refused(op("not", REAL, out=BOOL), "argument 0 of not is Real, expected a boolean")
    refused(op("real", REAL, out=REAL), "argument 0 of real is Real, expected an integer")
    refused(op("add", reals(2), reals(2), out=reals(2)), "operators are scalar")
    refused(op("neg", REAL, out=reals(1)), "operators are scalar")
    refused(op("neg", ref(REAL), out=REAL), "is a ref")


def test_an_operator_binds_one_variable():
    refused(binding(lambda x: Op("neg", (x,)), [REAL]), "binds 0 variables, expected 1")
    refused(binding(lambda x: Op("neg", (x,)), [REAL], REAL, REAL), "binds 2 variables, expected 1")


def test_results_of_operators():
    refused(op("add", REAL, REAL, out=TAN), "the result of add is Tan, expected Real")
    refused(op("lt", REAL, REAL, out=REAL), "the result of lt is Real, expected Bool")
    refused(op("real", index_ty(3), out=BOOL), "the result of real is Bool, expected Real")
    refused(op("iadd", index_ty(3), index_ty(3), out=REAL), "the result of iadd is Real")


def test_widths_do_not_mix():
    narrow = Ty(ir.FloatT(32))
    accepted(op("add", narrow, narrow, out=narrow))
    accepted(op("real", index_ty(3), out=narrow))
    refused(op("add", narrow, REAL, out=REAL), "mixes widths")
    refused(op("add", narrow, narrow, out=REAL), "the result of add is Real, expected Real32")
    refused(op("mul", narrow, TAN, out=TAN), "mixes widths")


def test_both_sides_of_a_select_are_of_one_type():
    for ty in (REAL, BOOL, TAN, index_ty(4)):
        accepted(op("select", BOOL, ty, ty, out=ty))
    refused(op("select", BOOL, REAL, BOOL, out=REAL), "argument 2 of select is Bool, expected Real")
    accepted(op("select", BOOL, index_ty(2), between(5, 6), out=between(0, 6)))
    refused(op("select", BOOL, index_ty(2), between(5, 6), out=between(1, 6)), "does not contain argument 1")


LINEAR = [
    ("neg", [TAN]), ("add", [TAN, TAN]), ("sub", [TAN, TAN]), ("mul", [REAL, TAN]), ("mul", [TAN, REAL]),
    ("div", [TAN, REAL]), ("select", [BOOL, TAN, TAN]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "tys"), LINEAR)
def test_linear_operators_take_tangents(name: str, tys: list[Ty]):
    accepted(op(name, *tys, out=TAN))
    refused(op(name, *tys, out=REAL), f"the result of {name} is Real, expected Tan")


@pytest.mark.parametrize(
    ("name", "tys"),
    [("mul", [TAN, TAN]), ("div", [REAL, TAN]), ("add", [TAN, REAL]), ("sin", [TAN]), ("select", [BOOL, TAN, REAL])],
)
def test_no_other_operator_takes_a_tangent(name: str, tys: list[Ty]):
    refused(op(name, *tys, out=TAN), "only linear operations take a Tan")


def test_a_comparison_of_tangents_is_refused():
    refused(op("lt", TAN, TAN, out=BOOL), "only linear operations take a Tan")


def test_a_tangent_constant_is_zero_where_linearity_asks_for_it():
    accepted(func([TAN], lambda b, t: b.op("add", t, tan(0.0), ty=TAN)))
    refused(func([TAN], lambda b, t: b.op("add", t, tan(1.0), ty=TAN)), "not linear")
    accepted(binding(lambda: ir.Fill(tan(0.0)), [], tans(3)))
    refused(binding(lambda: ir.Fill(tan(1.0)), [], tans(3)), "not linear")


FAR = between(-(2**40), 2**40)


BOUNDS: list[tuple[str, tuple[int, int], tuple[int, int], tuple[int, int]]] = [
    ("iadd", (0, 4), (-1, 2), (-1, 6)),
    ("isub", (0, 4), (-1, 2), (-2, 5)),
    ("imul", (-3, 4), (-5, 2), (-20, 15)),
    ("idiv", (-7, 9), (2, 4), (-4, 4)),
    ("idiv", (5, 9), (2, 4), (1, 4)),
    ("imod", (-7, 9), (2, 4), (0, 3)),
    ("imod", (0, 2), (2, 9), (0, 2)),
    ("imod", (3, 5), (6, 9), (3, 5)),
    ("iand", (0, 9), (3, 7), (0, 7)),
    ("iand", (-5, 6), (0, 7), (0, 7)),
    ("iand", (-8, 6), (-5, 7), (-8, 7)),
    ("ior", (2, 5), (1, 3), (2, 7)),
    ("ior", (-8, 7), (-3, -1), (-3, -1)),
    ("ior", (-4, 6), (-8, 3), (-8, 7)),
    ("ixor", (0, 4), (1, 3), (0, 7)),
    ("ixor", (-8, 7), (0, 3), (-8, 7)),
    ("ishl", (-3, 5), (1, 4), (-48, 80)),
    ("ishr", (-9, 20), (1, 5), (-5, 10)),
]


@pytest.mark.parametrize(("name", "i", "j", "result"), BOUNDS)
def test_the_result_holds_every_value_that_can_come(
    name: str, i: tuple[int, int], j: tuple[int, int], result: tuple[int, int]
):
    lo, hi = result
    accepted(op(name, between(*i), between(*j), out=between(lo, hi)))
    accepted(op(name, between(*i), between(*j), out=between(lo - 1, hi + 1)))
    refused(op(name, between(*i), between(*j), out=between(lo + 1, hi)), rf"does not contain {lo} \.\. {hi}")
    refused(op(name, between(*i), between(*j), out=between(lo, hi - 1)), rf"does not contain {lo} \.\. {hi}")
    values = [OPS[name].value(p, q) for p in range(i[0], i[1] + 1) for q in range(j[0], j[1] + 1)]
    assert (min(values), max(values)) == result  # the rule is as tight as it can be


@pytest.mark.parametrize("name", ["idiv", "imod"])
def test_a_divisor_is_positive(name: str):
    accepted(op(name, FAR, between(1, 5), out=FAR))
    refused(op(name, FAR, between(0, 5), out=FAR), "must be positive")
    refused(op(name, FAR, between(-5, -1), out=FAR), "must be positive")


@pytest.mark.parametrize("name", ["ishl", "ishr"])
def test_a_shift_is_not_negative(name: str):
    accepted(op(name, between(0, 3), between(0, 5), out=between(0, 96)))
    refused(op(name, between(0, 3), between(-1, 5), out=between(0, 96)), "must not be negative")


def test_a_cast_widens():
    accepted(op("cast", between(1, 3), out=index_ty(9)))
    refused(op("cast", index_ty(9), out=between(1, 3)), "does not contain")


@pytest.mark.parametrize(
    ("name", "ty"), [("floor_clamp", REAL), ("floor_wrap", REAL), ("int_clamp", FAR), ("int_wrap", FAR)]
)
def test_a_conversion_to_an_index_names_its_size(name: str, ty: Ty):
    def made(n: Lit, out: Ty) -> Func:
        return binding(lambda x: Op(name, (x, n)), [ty], out)

    accepted(made(integer(5), index_ty(5)))
    refused(made(integer(5), index_ty(6)), r"expected Index\[5\]")
    refused(made(integer(5), index_ty(4)), r"expected Index\[5\]")
    refused(made(integer(0), index_ty(0)), "a literal of at least 1")
    refused(binding(lambda x, n: Op(name, (x, n)), [ty, between(5, 5)], index_ty(5)), "a literal of at least 1")


def test_arithmetic_that_never_runs_may_claim_any_bounds():
    """The index of a loop over nothing has no values; what is computed from it has none either."""
    accepted(op("iadd", index_ty(0), between(1, 1), out=index_ty(1)))
