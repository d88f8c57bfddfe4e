"""What a gradient costs beside its value, however deep calls and loops are nested: counted, not timed."""

from __future__ import annotations

from typing import Any

import pytest
from support import interpreted

from rosesim import Real, fn, grad, scan, sin, value_and_grad
from rosesim.ad.language import types as T
from rosesim.ad.program.cost import func_work
from rosesim.ad.program.ir import all_lets, reachable

SIX = 6.0  # the promise of the design


def ratio(f: Any) -> float:
    """The work of value and gradient over that of the value."""
    return func_work(value_and_grad(f).traced((T.REAL,)).func) / func_work(f.traced((T.REAL,)).func)


def lets(f: Any) -> int:
    """How long a program is."""
    return sum(len(list(all_lets(g.body))) for g in reachable(f.traced((T.REAL,)).func))  # pyright: ignore


LEAVES = {
    "dear": lambda x: sin(x) * 0.9 + 0.1 * x * x,
    "cheap": lambda x: x / (1.0 + x * x),
    "trivial": lambda x: x * x,
}


def calls(leaf: Any, depth: int) -> Any:
    """A function that calls the one before twice, and so on: 2^depth calls of the leaf."""
    f: Any = fn(lambda x: leaf(x))
    for _ in range(depth):
        f = _twice(f)
    return f


def _twice(g: Any) -> Any:
    @fn
    def twice(x: Real) -> Real:
        return g(g(x) * 0.99)

    return twice


def loops(leaf: Any, depth: int) -> Any:
    def body(x: Any, d: int) -> Any:
        return leaf(x) if d == 0 else scan(lambda c, i: body(c, d - 1) * 0.99, x, 20)

    @fn
    def f(x: Real) -> Real:
        return body(x, depth)

    return f


@pytest.mark.parametrize("leaf", LEAVES)
@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8, 13, 20])
def test_calls_nested_to_any_depth(leaf: str, depth: int) -> None:
    assert ratio(calls(LEAVES[leaf], depth)) <= SIX


@pytest.mark.parametrize("leaf", LEAVES)
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_loops_nested_to_any_depth(leaf: str, depth: int) -> None:
    assert ratio(loops(LEAVES[leaf], depth)) <= SIX


@pytest.mark.parametrize("leaf", LEAVES)
def test_programs_grow_in_proportion_to_their_functions(leaf: str) -> None:
    short, long = (lets(value_and_grad(calls(LEAVES[leaf], d))) for d in (10, 20))
    assert long < 3 * short


def test_the_length_of_a_program_does_not_depend_on_its_steps() -> None:
    def steps(n: int) -> int:
        @fn
        def f(x: Real) -> Real:
            return scan(lambda c, i: sin(c) * x, x, n)

        return lets(value_and_grad(f))

    assert steps(64) == steps(1_000_000)


@pytest.mark.parametrize("leaf", LEAVES)
def test_twice_and_twice_again_have_the_right_gradient(leaf: str) -> None:
    f = calls(LEAVES[leaf], 7)
    assert grad(f)(0.4) == pytest.approx(interpreted(grad(f), 0.4), rel=1e-12)
    h = 1e-6
    assert grad(f)(0.4) == pytest.approx((f(0.4 + h) - f(0.4 - h)) / (2 * h), rel=1e-6, abs=1e-9)
