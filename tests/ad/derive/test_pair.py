"""How a reverse function takes cotangents and gives them back: what its record says is what its types say."""

import math

import numpy as np
import pytest
from ir_kit import Body, at, func, tans

from rosesim.ad.derive.reverse.cotangent import Ct
from rosesim.ad.derive.reverse.pair import BIG, Back, MaskPattern, Pair, call_back, mask_pattern
from rosesim.ad.derive.reverse.transpose import transpose
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.check import check
from rosesim.ad.program.interp import run
from rosesim.ad.program.ir import BOOL, REAL, TAN, Atom, BoolT, FloatT, Func, Get, Ty, Var

N = BIG + 4
LARGE, LARGE_WANT = Ty(FloatT(), (N,), True), Ty(BoolT(), (N,), True)


def linear() -> Func:
    """Of a small, a large and an unused tangent: x times the first, and an element of the second."""

    def write(b: Body, x: Atom, small: Atom, large: Atom, unused: Atom) -> list[Atom]:
        scaled = b.op("mul", x, small, ty=TAN)
        return [x, b.op("add", scaled, b.let(Get(large, (at(3, N),)), TAN), ty=TAN)]

    return func([REAL, TAN, tans(N), TAN], write)


def given(pattern: MaskPattern) -> tuple[Pair, list[Ty], list[Ty]]:
    """A reverse, the types of what it takes after its tape, and of what it gives."""
    pair = transpose(linear(), pattern)
    check(pair.fwd)
    check(pair.bwd)
    return pair, [p.ty for p in pair.bwd.params[len(pair.tape) :]], list(pair.bwd.results)


def test_a_small_cotangent_is_returned_a_large_one_added_and_one_of_nothing_left_out() -> None:
    pair, takes, gives = given((False,))
    assert pair.back == (Back(), Back(by_ref=True, always=True), Back(nothing=True))
    assert takes == [REAL, LARGE]
    assert gives == [REAL]


def test_a_condition_goes_in_after_its_cotangent_and_comes_out_after_all_cotangents() -> None:
    pair, takes, gives = given((True,))
    assert pair.back == (Back(has_mask=True), Back(by_ref=True, has_mask=True), Back(nothing=True))
    assert takes == [REAL, BOOL, LARGE, LARGE_WANT]
    assert gives == [REAL, BOOL]


def test_of_no_cotangent_nothing_comes_back() -> None:
    pair, takes, gives = given((None,))
    assert pair.back == (Back(nothing=True), Back(by_ref=True), Back(nothing=True))
    assert takes == [LARGE]
    assert gives == []


def test_what_a_caller_asks_follows_from_its_cotangents() -> None:
    value, mask = Var(REAL), Var(BOOL)
    assert mask_pattern([None, Ct(value, True, True), Ct(value, mask, True)]) == (None, False, True)


@pytest.mark.parametrize(("x", "ct", "counts", "expected"), [(3.0, 2.0, True, 6.0), (math.inf, 0.0, False, 0.0)])
def test_call_back_gives_zero_where_a_cotangent_does_not_count_even_times_an_infinite_slope(
    x: float, ct: float, counts: bool, expected: float
) -> None:
    pair = transpose(linear(), (True,))
    params = Var(REAL), Var(REAL), Var(BOOL)
    b = Builder()
    tape = pair.tape_of(params[:1], b.call(pair.fwd, params[:1]))
    made = Func("all", params, b.block(call_back(b, pair, [*tape, *params[1:]], [REAL, Ty(FloatT(), (N,)), REAL])))
    check(made)
    small, large, unused = run(made, (x, ct, counts))
    assert small == expected and unused == 0.0
    np.testing.assert_array_equal(large, ct * np.eye(N)[3])
