"""Programs of many functions and long ones: what is made of them grows in proportion, and they stay right."""

import gc
import math
import sys
from itertools import product
from typing import Any

import pytest
from rows import kept

from rosesim import Real, cond, fn, value_and_grad
from rosesim.ad.language.types import REAL as REAL_TYPE
from rosesim.ad.program import ir
from rosesim.ad.program.cost import block_work
from rosesim.ad.program.ir import BOOL, REAL, Block, Cond, Let, Lit, Op, Var, free_vars
from rosesim.ad.support.collector import uncollected
from rosesim.codegen.llvm import module
from rosesim.codegen.pipeline import planned, without
from rosesim.codegen.planned import Options
from rosesim.codegen.targets import host


def in_turn(n: int) -> Any:
    """One function that calls n different ones, x -> x + a (x y + 1): a product of linear maps."""

    def small(k: int) -> Any:
        a = 1e-3 / (k + 1)

        @fn
        def one(x: Real, y: Real) -> Real:
            return x + a * (x * y + 1.0)

        return one

    parts = [small(k) for k in range(n)]

    @fn
    def whole(x: Real, y: Real) -> Real:
        for f in parts:
            x = f(x, y)
        return x

    return whole


def in_turn_by_hand(n: int, x: float, y: float) -> tuple[float, float, float]:
    """Its value, and the derivatives by x and y."""
    by_x, by_y = 1.0, 0.0
    for k in range(n):
        a = 1e-3 / (k + 1)
        by_x, by_y = by_x * (1.0 + a * y), by_y * (1.0 + a * y) + a * x
        x += a * (x * y + 1.0)
    return x, by_x, by_y


def straight(n: int) -> Any:
    """About 6 n operations: n rotations by one angle and growth."""

    @fn
    def whole(x: Real, y: Real) -> Real:
        c, s = math.cos(0.01), math.sin(0.01)
        for k in range(n):
            x, y = x * c - y * (s + 1e-9 * k), x * (s + 1e-9 * k) + y * c
        return x + y * x

    return whole


def nested(n: int) -> Any:
    """n functions, each of which calls the one before: x -> 0.999 f(1.001 x)."""

    def above(f: Any) -> Any:
        @fn
        def g(x: Real) -> Real:
            return f(1.001 * x) * 0.999

        return g

    f: Any = fn(lambda x: x * x)
    for _ in range(n):
        f = above(f)
    return f


def size(f: Any, count: int) -> tuple[int, int]:
    """The lets of a program of Reals and the characters of its LLVM text."""
    traced = f.traced((REAL_TYPE,) * count)
    reached = ir.reachable(traced.func)
    lets = sum(1 for g in reached if isinstance(g.body, Block) for _ in ir.all_lets(g.body))
    with without("inline"):
        plan = planned(traced.func, Options(), host())
    return lets, len(module.write(plan, host()).text)


@pytest.mark.parametrize(
    ("make", "derived"), kept(product([in_turn, straight], [False, True]), (in_turn, True), (straight, False))
)
def test_twice_the_program_is_twice_the_text(make: Any, derived: bool) -> None:
    def of(n: int) -> tuple[int, int]:
        f = make(n)
        return size(value_and_grad(f) if derived else f, 2)

    # 600 and more, so that both are long enough to be cut into pieces.
    (lets, text), (more_lets, more_text) = of(700), of(1400)
    assert more_lets == pytest.approx(2 * lets, rel=0.02)
    assert more_text == pytest.approx(2 * text, rel=0.06)  # numbers in names have a digit more


def test_a_thousand_functions_called_in_turn_give_the_right_gradient() -> None:
    f = in_turn(1000)
    value, by_x, by_y = in_turn_by_hand(1000, 0.3, 0.7)
    assert f.compile(optimise=False)(0.3, 0.7) == pytest.approx(value, rel=1e-12)
    got, gradient = value_and_grad(f).compile(optimise=False)(0.3, 0.7)
    assert got == pytest.approx(value, rel=1e-12)
    assert gradient == pytest.approx((by_x, by_y), rel=1e-12)


def test_calls_nested_a_thousand_deep_work_under_the_default_recursion_limit() -> None:
    assert sys.getrecursionlimit() <= 1000
    f = nested(1000)
    value = 0.999**1000 * (1.001**1000 * 0.6) ** 2
    got, gradient = value_and_grad(f).compile(optimise=False)(0.6)
    assert got == pytest.approx(value, rel=1e-11) and gradient == pytest.approx(2 * value / 0.6, rel=1e-11)


def test_branches_that_call_each_other_three_hundred_deep_work() -> None:
    def above(f: Any) -> Any:
        @fn
        def g(x: Real) -> Real:
            return cond(x > 0.0, lambda: f(0.999 * x), lambda: x)

        return g

    f: Any = fn(lambda x: x)
    for _ in range(300):
        f = above(f)
    program = value_and_grad(f).compile(Real, optimise=False)
    got, gradient = program(5.0)
    assert got == pytest.approx(5.0 * 0.999**300, rel=1e-11)
    assert gradient == pytest.approx(0.999**300, rel=1e-11)
    assert program(-5.0) == (-5.0, 1.0)


def test_free_variables_and_work_of_blocks_nested_deeper_than_pythons_stack() -> None:
    p, outer = Var(BOOL, "p"), Var(REAL, "x")
    inside = Var(REAL)
    block = Block((Let((inside,), Op("add", (outer, outer))),), (inside,))
    for _ in range(3000):
        out = Var(REAL)
        block = Block((Let((out,), Cond(p, block, Block((), (Lit(0.0, REAL),)))),), (out,))
    assert list(free_vars(block)) == [p, outer]
    assert block_work(block) == 3000 + 1


def test_what_a_branch_binds_is_not_free_after_it() -> None:
    p, x, made, out = Var(BOOL), Var(REAL), Var(REAL), Var(REAL)
    then = Block((Let((made,), Op("neg", (x,))),), (made,))
    later = Let((Var(REAL),), Op("add", (out, x)))
    block = Block((Let((out,), Cond(p, then, Block((), (x,)))), later), (out,))
    assert list(free_vars(block)) == [p, x]


def test_the_collector_rests_while_a_program_is_made_and_works_again_after() -> None:
    seen: list[bool] = []

    @fn
    def f(x: Real) -> Real:
        seen.append(gc.isenabled())
        return x + 1.0

    assert gc.isenabled()
    f.compile()
    assert seen == [False] and gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        fn(lambda x: x + 1 / 0).compile(Real)
    assert gc.isenabled()
    gc.disable()
    try:
        with uncollected(), uncollected():
            pass
        assert not gc.isenabled()  # whoever had turned it off keeps it off
    finally:
        gc.enable()
