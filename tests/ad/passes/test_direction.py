"""Backward loops run forwards where the order is free to the last bit, and only there."""

from collections.abc import Callable
from typing import Any

import pytest
from ir_kit import Body, at, block, func, real, reals, ref

from rosesim.ad.passes.direction import forwards
from rosesim.ad.program.ir import (
    BOOL,
    Accum,
    Add,
    Atom,
    Block,
    Get,
    Guard,
    Let,
    Loop,
    SubRef,
    Var,
    all_lets,
    index_ty,
)

N = 4
Write = Callable[[Body, Atom, Var, Var], None]


def own(c: Body, x: Atom, r: Var, i: Var) -> None:
    c.let(Add(r, (i,), c.let(Get(x, (i,)), reals())))


def own_part(c: Body, x: Atom, r: Var, i: Var) -> None:
    part = c.let(SubRef(r, (i,)), ref(reals()))
    c.let(Add(part, (), c.let(Get(x, (i,)), reals())))


def one_place(c: Body, x: Atom, r: Var, i: Var) -> None:
    c.let(Add(r, (at(0, N),), c.let(Get(x, (i,)), reals())))


def may_stop(c: Body, x: Atom, r: Var, i: Var) -> None:
    v = c.let(Get(x, (i,)), reals())
    c.let(Guard(c.op("lt", v, real(0.0), ty=BOOL), "negative"))
    c.let(Add(r, (i,), v))


def directions(write: Write, *, carry: bool = False) -> list[bool]:
    """Whether each loop of a function with one backward loop runs backwards after the pass."""

    def whole(b: Body, x: Atom) -> Any:
        r, i = Var(ref(reals(N)), "r"), Var(index_ty(N), "i")
        s = Var(reals(), "s")

        def inside(c: Body) -> list[Atom]:
            def body(d: Body) -> list[Atom]:
                write(d, x, r, i)
                return [d.op("add", s, d.let(Get(x, (i,)), reals()))] if carry else []

            loop = Loop(
                n=N,
                index=i,
                inits=(real(0.0),) if carry else (),
                carries=(s,) if carry else (),
                body=block(body),
                reverse=True,
            )
            c.let(loop, *([reals()] if carry else []))
            return []

        return b.let(Accum((x,), (r,), block(inside)), reals(N))

    body = forwards(func([reals(N)], whole)).body
    assert isinstance(body, Block)
    lets: list[Let] = list(all_lets(body))
    return [let.expr.reverse for let in lets if isinstance(let.expr, Loop)]


@pytest.mark.parametrize("write", [own, own_part])
def test_additions_to_places_of_their_own_leave_the_order_free(write: Write):
    assert directions(write) == [False]


@pytest.mark.parametrize("write", [one_place, may_stop])
def test_additions_to_one_place_and_what_may_stop_keep_their_order(write: Write):
    assert directions(write) == [True]


def test_a_loop_that_carries_something_keeps_its_order():
    assert directions(own, carry=True) == [True]
