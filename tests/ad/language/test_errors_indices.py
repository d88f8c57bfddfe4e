"""Indices that cannot fit, reductions of nothing and loops without end, before and while running."""

# The mistakes are made on purpose, and an editor would see some of them.
# pyright: reportReturnType=false, reportCallIssue=false, reportArgumentType=false
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false
from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from mistakes import refuses
from support import interpreted

from rosesim import (
    ArgumentError,
    Index,
    ProgramError,
    Real,
    TraceError,
    TypeMismatch,
    Vec,
    argmin,
    fn,
    grad,
    while_loop,
)
from rosesim import all as every
from rosesim import any as some
from rosesim import max as greatest
from rosesim import min as least
from rosesim import sum as total

# -------------------------------------------------------------------------------------------------- indices


def test_an_index_of_a_longer_vector() -> None:
    @fn
    def f(x: Vec[Real, 3], i: Index[5]) -> Real:
        return x[i]  # here

    refuses(TypeMismatch, lambda: f([1.0, 2.0, 3.0], 1), "may be 4 was found", "expected one in 0 .. 2", ".clamp(i)")


def test_the_neighbour_of_the_last_element() -> None:
    @fn
    def f(x: Vec[Real, 9]) -> Real:
        return total(9, lambda i: x[i + 1] - x[i])  # here

    refuses(TypeMismatch, lambda: f(np.ones(9)), "may be 9 was found", "expected one in 0 .. 8", ".wrap(i)")


def test_the_neighbour_of_the_first_element() -> None:
    @fn
    def f(x: Vec[Real, 9]) -> Real:
        return total(9, lambda i: x[i - 1])  # here

    refuses(TypeMismatch, lambda: f(np.ones(9)), "may be -1 was found", "expected one in 0 .. 8")


def test_a_real_as_index() -> None:
    @fn
    def f(x: Vec[Real, 3], i: Real) -> Real:
        return x[i]  # here

    refuses(TypeMismatch, lambda: f([1.0, 2.0, 3.0], 1.0), "indexed by Real was found", "expected an Index[3]")


def test_a_constant_index_that_is_too_large() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Real:
        return x[3]  # here

    refuses(TraceError, lambda: f([1.0, 2.0, 3.0]), "element 3 of Vec[Real, 3]", "expected -3 .. 2")


def test_setting_an_element_that_is_not_there() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Any:
        return x.at[5].set(1.0)  # here

    refuses(TraceError, lambda: f([1.0, 2.0, 3.0]), "element 5 of Vec[Real, 3]", "expected -3 .. 2")


def test_an_index_argument_out_of_its_type() -> None:
    @fn
    def f(x: Vec[Real, 3], i: Index[3]) -> Real:
        return x[i]

    run = lambda: f([1.0, 2.0, 3.0], 3)  # here
    refuses(ArgumentError, run, "argument i: found int 3", "expected an integer from 0 to 2")


def test_a_numpy_array_indexed_by_a_traced_index() -> None:
    table = np.arange(3.0)

    @fn
    def f(i: Index[3]) -> Real:
        return table[i] * 1.0  # here

    refuses(TraceError, lambda: f(1), "a traced Index[3] was found", "const(array)[i]")


@pytest.mark.parametrize("use", [lambda i: [1.0, 2.0, 3.0][i], lambda i: (1.0, 2.0)[i], lambda i: list(range(i))])
def test_a_python_sequence_indexed_by_a_traced_index(use: Any) -> None:
    @fn
    def f(i: Index[3]) -> Real:
        use(i)
        return 0.0

    with pytest.raises(
        TraceError, match=r"a Python sequence.*a traced Index\[3\] was found.*const\(array\)\[i\]"
    ) as e:
        f(1)
    assert e.value.where == f"{__file__}:{use.__code__.co_firstlineno}"


def test_an_index_without_a_size() -> None:
    @fn
    def f(x: Real) -> Any:
        return Index.clamp(x)  # here

    refuses(TypeMismatch, lambda: f(1.0), "Index without a size was found", "as in Index[4].clamp(x)")


@pytest.mark.parametrize("make", ["clamp", "wrap", "check"])
def test_a_value_of_the_index_that_has_none(make: str) -> None:
    @fn
    def f(x: Real) -> Any:
        return getattr(Index[0], make)(x)  # here

    refuses(TypeMismatch, lambda: f(1.0), "a value of Index[0], which has none, was asked for", "expected n >= 1")


@pytest.mark.parametrize("run", [lambda f, *a: f(*a), interpreted], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("bad", [3.0, -1e-300, math.nan, math.inf, -math.inf, 1e300])
def test_a_checked_index_out_of_range_names_the_line(run: Any, bad: float) -> None:
    @fn
    def pick(x: Vec[Real, 3], place: Real) -> Real:
        return x[Index[3].check(place)]  # here

    @fn
    def f(x: Vec[Real, 3], place: Real) -> Real:
        return total(3, lambda i: pick(x, place) * x[i])

    x = np.array([1.0, 2.0, 4.0])
    refuses(ProgramError, lambda: run(f, x, bad), "an index outside of 0 .. 2 was computed", "Index[3].clamp(x)")
    assert run(f, x, 2.9) == 28.0


# ---------------------------------------------------------------------------------------- empty and endless


@pytest.mark.parametrize(("reduce", "name"), [(least, "min"), (greatest, "max"), (argmin, "argmin")])
def test_an_extreme_of_nothing(reduce: Any, name: str) -> None:
    @fn
    def f(x: Real) -> Any:
        return reduce(0, lambda i: x)  # here

    refuses(TraceError, lambda: f(1.0), f"{name} over nothing was found", "expected at least one element")


@pytest.mark.parametrize("run", [lambda f, *a: f(*a), interpreted], ids=["compiled", "interpreted"])
@pytest.mark.parametrize(("reduce", "name"), [(least, "min"), (greatest, "max"), (argmin, "argmin")])
def test_an_extreme_of_nothing_found_when_running(run: Any, reduce: Any, name: str) -> None:
    @fn
    def f(x: Vec[Real, 3], k: Index[4]) -> Any:
        return reduce(3, lambda i: x[i], upto=k)  # here

    refuses(
        ProgramError, lambda: run(f, [3.0, 1.0, 2.0], 0), f"{name} over nothing", "expected upto to be at least 1"
    )
    assert run(f, [3.0, 1.0, 2.0], 2) == {"min": 1.0, "max": 3.0, "argmin": 1}[name]


def test_other_reductions_of_nothing_have_a_value() -> None:
    @fn
    def f(x: Real) -> Any:
        return total(0, lambda i: x), some(0, lambda i: x > 0.0), every(0, lambda i: x > 0.0)

    assert f(1.0) == (0.0, False, True)
    assert interpreted(f, 1.0) == (0.0, False, True)


@pytest.mark.parametrize("run", [lambda f, *a: f(*a), interpreted], ids=["compiled", "interpreted"])
def test_a_while_loop_at_its_limit(run: Any) -> None:
    @fn
    def f(x: Real) -> Real:
        return while_loop(lambda c: c > 0.0, lambda c: c - 1.0, x, limit=5)  # here

    refuses(ProgramError, lambda: run(f, 6.0), "reached its limit of 5 iterations", 'on_limit="stop"')
    assert run(f, 5.0) == 0.0
    refuses(ProgramError, lambda: run(grad(f), 6.0), "reached its limit of 5 iterations")


def test_a_while_loop_that_may_stop_at_its_limit() -> None:
    @fn
    def f(x: Real) -> Real:
        return while_loop(lambda c: c > 0.0, lambda c: c - 1.0, x, limit=5, on_limit="stop")

    assert f(6.0) == 1.0
    assert interpreted(f, 6.0) == 1.0
