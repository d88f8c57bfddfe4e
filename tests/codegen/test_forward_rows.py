"""Fast code runs loops over rows forwards, though several iterations add to one element."""

from __future__ import annotations

from typing import Any

import pytest
from ir_kit import Body, at, block, func, integer, real, reals, ref

from rosesim.ad.program.ir import BOOL, Accum, Add, Block, Call, Get, Guard, Loop, Var, all_lets, index_ty, reachable
from rosesim.codegen.passes.forward_rows import FEWEST, forward_rows

N = FEWEST


def directions(
    *, rows: bool, guard: bool = False, carry: bool = False, called: bool = False, once: bool = False
) -> list[bool]:
    """Whether each loop of a function runs backwards after the pass: one adds to its own row and the one before.

    `once`: and to a number.
    """

    def whole(b: Body, x: Any) -> Any:
        r, i, j, s = Var(ref(reals(N))), Var(index_ty(N), "i"), Var(index_ty(N), "j"), Var(reals(), "s")
        total = Var(ref(reals()))

        def add(c: Body) -> list[Any]:
            v = c.let(Get(x, (i,)), reals())
            if guard:
                c.let(Guard(c.op("lt", v, real(0.0), ty=BOOL), "negative"))
            before = c.op("isub", i, integer(1), ty=index_ty(N))
            for place in (i, c.op("int_clamp", before, integer(N), ty=index_ty(N))):
                c.let(Add(r, (place,), v))
            if once:
                c.let(Add(total, (), v))
            return []

        def outer(c: Body) -> list[Any]:
            c.let(Loop(n=N, index=j, inits=(), carries=(), body=block(add), reverse=True))
            return [s] if carry else []

        def inside(c: Body) -> list[Any]:
            inits, carries = ((c.let(Get(x, (at(0, N),)), reals()),), (s,)) if carry else ((), ())
            body = block(outer if rows else add)
            c.let(
                Loop(n=N, index=i, inits=inits, carries=carries, body=body, reverse=True),
                *(v.ty for v in carries),
            )
            return []

        return b.let(Accum((x, real(0.0)), (r, total), block(inside)), reals(N), reals())

    made = func([reals(N)], whole)
    if called:
        inner = made
        made = func([reals(N)], lambda b, x: b.let(Call(inner, (x,)), reals(N), reals()))
    bodies = [f.body for f in reachable(forward_rows(made)) if isinstance(f.body, Block)]
    return [x.expr.reverse for body in bodies for x in all_lets(body) if isinstance(x.expr, Loop)]


def test_a_loop_over_rows_is_turned_and_the_row_itself_is_not() -> None:
    assert directions(rows=True) == [False, True]


def test_a_loop_that_also_adds_to_a_number_is_turned() -> None:
    assert directions(rows=True, once=True) == [False, True]


def test_loops_of_functions_that_are_called_are_turned() -> None:
    assert directions(rows=True, called=True) == [False, True]


def test_a_loop_without_rows_keeps_its_direction() -> None:
    assert directions(rows=False) == [True]


@pytest.mark.parametrize("what", ["guard", "carry"])
def test_what_may_stop_and_what_carries_keep_their_direction(what: str) -> None:
    assert directions(rows=True, **{what: True}) == [True, True]
