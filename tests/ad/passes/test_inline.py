"""Small functions, and those called once, are written into their callers: before and after as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import Body, at, block, func, reals
from shown import stripped, text

from rosesim.ad.passes.inline import CALLEE_LETS, CALLER_LETS, inlined
from rosesim.ad.program import interp
from rosesim.ad.program.ir import BOOL, REAL, Block, Call, Cond, Func, Get, Opaque, Var, all_lets, reachable


def straight(n: int, name: str = "g") -> Func:
    """A function of n lets."""

    def write(b: Body, x: Var) -> Any:
        for _ in range(n):
            x = b.op("sin", x)
        return x

    return func([REAL], write, name)


def calling(*callees: Func, name: str = "f") -> Func:
    """A function that calls these one after the other."""

    def write(b: Body, x: Var) -> Any:
        for g in callees:
            x = b.let(Call(g, (x,)), REAL)
        return x

    return func([REAL], write, name)


def names(f: Func) -> list[str]:
    return [g.name for g in reachable(f)]


def size(f: Func) -> int:
    assert isinstance(f.body, Block)
    return sum(1 for _ in all_lets(f.body))


def test_a_body_takes_the_place_of_its_call_with_arguments_and_results_by_their_names() -> None:
    half = func([REAL, REAL], lambda b, x, y: [y, b.op("sub", x, y)], "half")

    def write(b: Body, x: Var, y: Var) -> Any:
        first, second = b.let(Call(half, (y, x)), REAL, REAL)
        third, _ = b.let(Call(half, (second, first)), REAL, REAL)
        return [b.op("mul", second, third)]

    made = inlined(func([REAL, REAL], write))
    assert text(made, deep=True) == stripped(
        """
        fn f(a: Real, b: Real) -> Real
          %1: Real = b - a
          %2: Real = %1 - a
          %3: Real = %1 * a
          -> %3
        """
    )


def test_what_a_body_binds_is_bound_anew_at_each_call() -> None:
    made = inlined(calling(straight(2), straight(2), name="f"))
    assert isinstance(made.body, Block)
    outs = [o for let in made.body.lets for o in let.outs]
    assert len(set(outs)) == len(outs) == 4
    x = np.float64(0.3)
    assert interp.run(made, [x]) == (np.sin(np.sin(np.sin(np.sin(x)))),)


def test_a_small_function_is_written_into_every_caller_and_a_longer_one_into_its_only_one() -> None:
    small, longer, once = (
        straight(CALLEE_LETS, "small"),
        straight(CALLEE_LETS + 1, "longer"),
        straight(CALLEE_LETS + 2, "once"),
    )
    assert names(inlined(calling(small, small))) == ["f"]
    assert names(inlined(calling(longer, longer))) == ["longer", "f"]
    made = inlined(calling(small, longer, once, longer, small))
    assert names(made) == ["longer", "f"] and size(made) == 2 * CALLEE_LETS + CALLEE_LETS + 2 + 2


def test_a_caller_does_not_grow_beyond_its_limit() -> None:
    at_most = CALLER_LETS - 1  # the call itself is a let of the caller's
    assert names(inlined(calling(straight(at_most)))) == ["f"]
    assert names(inlined(calling(straight(at_most + 1)))) == ["g", "f"]
    calls = 100
    written = (CALLER_LETS - calls) // CALLEE_LETS  # each beside its call, which counts although it goes
    assert size(inlined(calling(*[straight(CALLEE_LETS)] * calls))) == calls - written + written * CALLEE_LETS


def test_what_was_written_into_a_function_counts_when_it_is_asked_whether_that_is_small() -> None:
    for n, left in ((CALLEE_LETS - 1, ["f"]), (CALLEE_LETS, ["outer", "f"])):
        outer = calling(straight(n, "inner"), name="outer")
        assert names(inlined(calling(outer, outer))) == left


def test_a_call_in_a_branch_is_replaced_there() -> None:
    g = straight(1)

    def write(b: Body, x: Var) -> Any:
        p = b.op("lt", x, x, ty=BOOL)
        return b.let(Cond(p, block(lambda b: [b.let(Call(g, (x,)), REAL)]), block(lambda b: [x])), REAL)

    assert "g(" not in text(inlined(func([REAL], write)), deep=True)


def test_a_program_without_such_calls_is_given_back_itself() -> None:
    f = straight(3)
    assert inlined(f) is f
    longer = straight(CALLEE_LETS + 1)
    twice = calling(longer, longer)
    assert inlined(twice) is twice


def test_a_function_of_python_stays_a_call() -> None:
    g = Func("g", (Var(REAL, "x"),), Opaque(lambda x: (x,), (REAL,)))
    f = calling(g)
    assert inlined(f) is f
    assert inlined(g) is g


@pytest.mark.parametrize("depth", [2, 300])
def test_chains_of_calls_become_one_function(depth: int) -> None:
    f = straight(1)
    for _ in range(depth):
        f = calling(f)
    assert names(inlined(f)) == ["f"]


@pytest.mark.parametrize(("shape", "inlines"), [((64, 64, 9), True), ((64, 64, 64), False), ((8, 64, 2), False)])
def test_a_longer_caller_takes_a_callee_of_many_short_vectors(shape: tuple[int, ...], inlines: bool) -> None:
    """Within one function its array may be stored apart."""
    read = lambda b, x: b.let(Get(x, (at(0, shape[0]), at(0, shape[1]), at(0, shape[2]))), REAL)
    callee = func([reals(*shape)], read, "g")

    def write(b: Body, x: Var) -> Any:
        y = b.let(Call(callee, (x,)), REAL)
        for _ in range(CALLER_LETS):
            y = b.op("sin", y)
        return [y, b.let(Call(straight(CALLEE_LETS + 1, "h"), (y,)), REAL)]

    made = inlined(func([reals(*shape)], write))
    assert set(names(made)) == ({"h", "f"} if inlines else {"g", "h", "f"})
