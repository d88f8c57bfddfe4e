"""Python deciding on traced values, escaped values and endless recursion are refused at the user's line."""

# The mistakes are made on purpose, and an editor would see some of them.
# pyright: reportReturnType=false, reportCallIssue=false, reportArgumentType=false
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false
from __future__ import annotations

import builtins
import math
import sys
from typing import Any

import numpy as np
import pytest
from mistakes import refuses

from rosesim import (
    EscapedValue,
    Real,
    TraceError,
    Vec,
    cond,
    fn,
    grad,
    select,
    sin,
    vmap,
)
from rosesim import sum as total

# ------------------------------------------------------------------------- Python decides on a traced value


def test_python_if() -> None:
    @fn
    def f(x: Real) -> Real:
        if x > 0.0:  # here
            return x
        return -x

    refuses(TraceError, lambda: f(1.0), "Python's `if`", "a traced Bool was found", "write cond(p, then, orelse)")


def test_python_while() -> None:
    @fn
    def f(x: Real) -> Real:
        while x > 0.0:  # here
            x = x - 1.0
        return x

    refuses(TraceError, lambda: f(1.0), "`while`", "a traced Bool was found", "while_loop to repeat")


def test_python_and() -> None:
    @fn
    def f(x: Real) -> Real:
        return select(x > 0.0 and x < 1.0, x, 0.0)  # here

    refuses(TraceError, lambda: f(1.0), "`and`", "a traced Bool was found", "`&`, `|`, `~` to combine")


def test_python_not() -> None:
    @fn
    def f(x: Real) -> Real:
        return select(not x > 0.0, x, 0.0)  # here

    refuses(TraceError, lambda: f(1.0), "`not`", "a traced Bool was found", "`~` to combine")


def test_a_chained_comparison() -> None:
    @fn
    def f(x: Real) -> Real:
        return select(0.0 < x < 1.0, x, 0.0)  # here

    refuses(TraceError, lambda: f(1.0), "a chained comparison", "a traced Bool was found", "`&`")


@pytest.mark.parametrize(
    "function",
    [builtins.max, builtins.min, lambda a, b: sorted([a, b])[0], lambda a, b: a if builtins.any([a > b]) else b],
    ids=["max", "min", "sorted", "any"],
)
def test_a_function_of_python_that_decides(function: Any) -> None:
    with pytest.raises(TraceError, match=r"decides \(max, min, .* traced Bool was found.* use rosesim's max, min"):
        fn(lambda x: function(x, 0.0))(1.0)


def test_if_on_a_vector() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Real:
        return x[0] if x else x[1]  # here

    refuses(TraceError, lambda: f([1.0, 2.0, 3.0]), "`if`", "a traced Vec[Real, 3] was found")


def test_if_inside_helpers_names_the_helpers_line() -> None:
    def positive(x: Any) -> Any:
        return x if x > 0.0 else -x  # here

    @fn
    def inner(x: Real) -> Real:
        return positive(x)

    @fn
    def f(x: Vec[Real, 3]) -> Real:
        return total(3, lambda i: cond(x[i] > 1.0, lambda: inner(x[i]), lambda: 0.0))

    refuses(TraceError, lambda: f([1.0, 2.0, 3.0]), "`if`")
    refuses(TraceError, lambda: grad(f)([1.0, 2.0, 3.0]), "`if`")
    refuses(TraceError, lambda: vmap(grad(f))([[1.0, 2.0, 3.0]]), "`if`")


# ------------------------------------------------------------------------------------------- escaped values


def test_a_value_of_a_function_that_has_ended() -> None:
    kept: list[Any] = []

    @fn
    def f(x: Real) -> Real:
        kept.append(x)
        return x

    @fn
    def g(x: Real) -> Real:
        return x + kept[0]  # here

    f(1.0)
    refuses(EscapedValue, lambda: g(1.0), "belongs to another function, whose tracing has ended", "return it")


def test_a_value_of_a_callee() -> None:
    kept: list[Any] = []

    @fn
    def f(x: Real) -> Real:
        kept.append(x)
        return x

    @fn
    def g(x: Real) -> Real:
        return f(x) + kept[0]  # here

    refuses(EscapedValue, lambda: g(1.0), "belongs to another function, whose tracing has ended")


def test_a_value_of_a_loop_that_has_ended() -> None:
    @fn
    def f(x: Real) -> Real:
        kept: list[Any] = []
        total(3, lambda i: kept.append(x * i) or x)
        return kept[0] + 1.0  # here

    refuses(EscapedValue, lambda: f(1.0), "a value of a block that has ended was used in f", "return it")


def test_a_value_of_the_other_branch() -> None:
    @fn
    def f(x: Real) -> Real:
        kept: list[Any] = []
        return cond(x > 0.0, lambda: kept.append(x * x) or x, lambda: kept[0] * 2.0)  # here

    refuses(EscapedValue, lambda: f(1.0), "a value of a block that has ended was used in f")


def test_a_value_used_outside_of_any_function() -> None:
    kept: list[Any] = []

    @fn
    def f(x: Real) -> Real:
        kept.append(x)
        return x

    f(1.0)
    refuses(EscapedValue, lambda: kept[0] + 1.0, "after the tracing of its function had ended", "return it")  # here


def test_an_inner_function_that_kept_a_value() -> None:
    kept: list[Any] = []

    @fn
    def f(x: Real) -> Real:
        @fn
        def inner(y: Real) -> Real:
            return x * y

        kept.append(inner)
        return inner(x)

    assert f(3.0) == 9.0
    run = lambda: kept[0](2.0)  # here
    refuses(EscapedValue, run, "inner uses traced values of a function whose tracing has ended", "is defined at")


def test_a_construct_outside_of_any_function() -> None:
    run = lambda: total(3, lambda i: 1.0)  # here
    refuses(TraceError, run, "outside of a traced function", "put this code into one")


# ---------------------------------------------------------------------------------------- endless recursion


def test_a_function_that_reaches_itself() -> None:
    @fn
    def f(x: Real) -> Real:
        return f(x) + 1.0  # here

    refuses(TraceError, lambda: f(1.0), "f reaches itself with arguments of the same types", "use scan or while_loop")


def test_functions_that_reach_each_other() -> None:
    @fn
    def f(x: Real) -> Real:
        return g(x) + 1.0

    @fn
    def g(x: Real) -> Real:
        return f(x) + 1.0  # here

    refuses(TraceError, lambda: f(1.0), "f reaches itself", "expected a recursion that ends while tracing")


def test_a_recursion_of_plain_python_that_never_ends() -> None:
    def h(x: Any) -> Any:
        return h(x) + 1.0  # here

    @fn
    def f(x: Real) -> Real:
        return h(x)

    @fn
    def outer(x: Real) -> Real:
        return f(x)

    for run in (f, outer):
        refuses(TraceError, lambda run=run: run(1.0), "the recursion of Python functions in f does not end")
    assert sys.getrecursionlimit() == 1000  # nobody's limit was changed


def test_a_recursion_through_fresh_functions_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    # The limit is far above what a person nests; reaching it takes seconds.
    monkeypatch.setattr("rosesim.ad.language.tracing._TOO_DEEP", 500)

    def h(x: Any) -> Any:
        @fn
        def g(y: Real) -> Real:
            return h(y)

        return g(x)  # here

    refuses(TraceError, lambda: fn(h)(1.0), "calls of traced functions 500 deep", "expected a recursion that ends")


def test_a_recursion_that_python_values_end_is_no_mistake() -> None:
    def power(x: Any, n: int) -> Any:
        @fn
        def once(y: Real) -> Real:
            return y * power(y, n - 1)

        return once(x) if n else 1.0

    @fn
    def f(x: Real) -> Real:
        return power(x, 60)

    assert f(1.5) == pytest.approx(1.5**60, rel=1e-13)


# ----------------------------------------------------------------------------------------------- afterwards


def test_a_function_works_after_its_mistake_is_mended() -> None:
    """A trace that fails leaves nothing behind: no frame, no half-made program, no recursion noted."""
    broken = True

    @fn
    def g(x: Real) -> Real:
        return math.sin(x) if broken else sin(x)

    @fn
    def f(x: Vec[Real, 3]) -> Real:
        return total(3, lambda i: g(x[i]))

    x = np.array([0.1, 0.2, 0.3])
    for _ in range(2):
        with pytest.raises(TraceError):
            f(x)
        with pytest.raises(TraceError):
            grad(f)(x)
    broken = False
    assert f(x) == pytest.approx(np.sin(x).sum(), rel=1e-14)
    np.testing.assert_allclose(grad(f)(x), np.cos(x), rtol=1e-14)
