"""Elements of small arrays are read from where they were put."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ZERO, Body, at, func, real, reals
from shown import stripped, text

from rosesim.ad.passes.elements import MOST_ELEMENTS, forwarded
from rosesim.ad.program import interp
from rosesim.ad.program.ir import REAL, Fill, Func, Get, Put, Stack, Var, index_ty


def put_by_elements(b: Body, x: Var, y: Var) -> Any:
    """[x, y, x] as a transposed program makes it: from zeros, one after the other."""
    array: Any = b.let(Fill(ZERO), reals(3))
    for k, v in ((2, x), (1, y), (0, x)):
        old = b.let(Get(array, (at(k, 3),)), REAL)
        array = b.let(Put(array, (at(k, 3),), b.op("add", old, v)), reals(3))
    return array


def test_an_array_put_element_by_element_is_made_at_once() -> None:
    func_ = func([REAL, REAL], put_by_elements)
    assert text(forwarded(func_, "fast")) == stripped(
        """
        fn(a: Real, b: Real) -> 3 Real
          %1: 3 Real = [a, b, a]
          -> %1
        """
    )


def test_strict_code_still_adds_zero_for_zero_and_minus_zero_are_zero() -> None:
    before = func([REAL, REAL], put_by_elements)
    made = forwarded(before)
    assert text(made).count(" + ") == 3
    for f in (before, made):
        found = np.asarray(interp.run(f, [np.float64(-0.0), np.float64(-1.0)])[0])
        assert not np.signbit(found[0]) and found[1] == -1.0


def test_elements_of_an_array_in_its_order_are_the_array() -> None:
    def write(b: Body, x: Var) -> Any:
        p, q, r = (b.let(Get(x, (at(k, 3),)), REAL) for k in range(3))
        return [b.let(Stack(items), reals(3)) for items in ((p, q, r), (p, r, q))]

    assert text(forwarded(func([reals(3)], write))) == stripped(
        """
        fn(a: 3 Real) -> (3 Real, 3 Real)
          %1: Real = a[0]
          %2: Real = a[1]
          %3: Real = a[2]
          %4: 3 Real = [%1, %3, %2]
          -> a, %4
        """
    )


def test_a_part_of_an_array_is_no_whole_one() -> None:
    def write(b: Body, x: Var) -> Any:
        return b.let(Stack(tuple(b.let(Get(x, (at(k, 4),)), REAL) for k in range(3))), reals(3))

    before = func([reals(4)], write)
    assert forwarded(before) is before


def test_an_element_put_over_another_is_put_alone_and_its_own_one_not_at_all() -> None:
    def write(b: Body, x: Var, y: Var, i: Var) -> Any:
        own = b.let(Get(x, (i,)), REAL)
        first = b.let(Put(x, (i,), y), reals(5))
        return [b.let(Put(first, (i,), real(2.0)), reals(5)), b.let(Put(first, (i,), own), reals(5))]

    assert text(forwarded(func([reals(5), REAL, index_ty(5)], write))) == stripped(
        """
        fn(a: 5 Real, b: Real, c: Index[5]) -> (5 Real, 5 Real)
          %1: 5 Real = a with [c] = 2.0
          -> %1, a
        """
    )


def test_where_places_may_be_equal_nothing_is_taken_from_before() -> None:
    def write(b: Body, x: Var, y: Var, i: Var) -> Any:
        put = b.let(Put(x, (i,), y), reals(5))
        return [b.let(Get(put, (at(1, 5),)), REAL), b.let(Get(put, (i,)), REAL)]

    made = forwarded(func([reals(5), REAL, index_ty(5)], write))
    assert text(made) == stripped(
        """
        fn(a: 5 Real, b: Real, c: Index[5]) -> (Real, Real)
          %1: 5 Real = a with [c] = b
          %2: Real = %1[1]
          -> %2, b
        """
    )


@pytest.mark.parametrize("n", [MOST_ELEMENTS, MOST_ELEMENTS + 1])
def test_long_arrays_stay_arrays(n: int) -> None:
    def write(b: Body, x: Var) -> Any:
        array: Any = b.let(Fill(ZERO), reals(n))
        for k in range(n):
            array = b.let(Put(array, (at(k, n),), x), reals(n))
        return array

    made: Func = forwarded(func([REAL], write))
    assert ("with" in text(made)) == (n > MOST_ELEMENTS)


def test_an_array_without_elements_stays() -> None:
    def write(b: Body, x: Var, v: Var) -> Any:
        return b.let(Put(x, (at(0, 1),), v), reals(0, 3))

    before = func([reals(0, 3), reals(3)], write)
    assert forwarded(before) is before
