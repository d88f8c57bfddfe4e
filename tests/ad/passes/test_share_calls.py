"""A call that repeats an earlier one of its block is that one: before and after as text, and what stays."""

from __future__ import annotations

from typing import Any

from ir_kit import ZERO, Body, block, func, ref
from shown import stripped, text

from rosesim.ad.passes.inline import CALLEE_LETS, inlined
from rosesim.ad.passes.share_calls import called_once
from rosesim.ad.program import interp
from rosesim.ad.program.ir import BOOL, REAL, Accum, Add, Call, Cond, Func, Opaque, Stop, Var, reachable


def straight(n: int) -> Func:
    """A function of n lets."""

    def write(b: Body, x: Var) -> Any:
        for _ in range(n):
            x = b.op("sin", x)
        return x

    return func([REAL], write, "g")


def test_a_repeated_call_is_the_first_one_also_through_stop_gradient() -> None:
    g = straight(2)

    def write(b: Body, x: Var) -> Any:
        first = b.let(Call(g, (x,)), REAL)
        second = b.let(Call(g, (b.let(Stop(x), REAL),)), REAL)
        other = b.let(Call(g, (first,)), REAL)
        return b.op("mul", b.op("sub", first, second), other)

    made = called_once(func([REAL], write, "f"))
    assert text(made) == stripped(
        """
        fn(a: Real) -> Real
          %1: Real = g(a)
          %2: Real = stop_gradient(a)
          %3: Real = g(%1)
          %4: Real = %1 - %1
          %5: Real = %4 * %3
          -> %5
        """
    )
    assert interp.run(made, (0.5,)) == interp.run(func([REAL], write, "f"), (0.5,))


def test_a_function_whose_calls_repeat_each_other_is_inlined_as_one_that_is_called_once() -> None:
    g = straight(CALLEE_LETS + 1)  # too large to be inlined in two places

    def write(b: Body, x: Var) -> Any:
        return b.op("add", b.let(Call(g, (x,)), REAL), b.let(Call(g, (x,)), REAL))

    f = func([REAL], write, "f")
    assert [h.name for h in reachable(inlined(f))] == ["f"]


def test_calls_in_another_block_or_of_python_stay() -> None:
    g = straight(1)
    python = Func("p", (Var(REAL),), Opaque(lambda x: (x,), (REAL,)))

    def write(b: Body, x: Var, p: Var) -> Any:
        outside = b.let(Call(g, (x,)), REAL)
        side = block(lambda c: c.let(Call(g, (x,)), REAL))
        inside = b.let(Cond(p, side, side), REAL)
        foreign = [b.let(Call(python, (x,)), REAL) for _ in range(2)]
        return b.op("add", b.op("add", outside, inside), b.op("add", *foreign))

    f = func([REAL, BOOL], write)
    assert called_once(f) is f


def test_a_call_that_adds_to_an_accumulator_adds_each_time() -> None:
    adding = func([ref(REAL), REAL], lambda b, r, x: (b.let(Add(r, (), x)), [b.op("sin", x)])[1], "adding")

    def write(b: Body, x: Var) -> Any:
        r = Var(ref(REAL), "r")

        def twice(c: Body) -> Any:
            return c.op("add", *(c.let(Call(adding, (r, x)), REAL) for _ in range(2)))

        value, total = b.let(Accum((ZERO,), (r,), block(twice)), REAL, REAL)
        return b.op("add", value, total)

    f = func([REAL], write)
    assert called_once(f) is f
