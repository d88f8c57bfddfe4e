"""Who may end the program or add to what stands around it: seen at any depth, and through calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ir_kit import TRUE, ZERO, Body, at, block, func, reals, ref

from rosesim.ad.program.effects import acts, effects, hands_on, may_stop
from rosesim.ad.program.ir import (
    REAL,
    Add,
    Block,
    Call,
    Cond,
    Func,
    Guard,
    Let,
    Loop,
    Opaque,
    Var,
    index_ty,
)

x, r = Var(REAL, "x"), Var(ref(reals(3)), "r")
adding = func([ref(REAL)], lambda b, s: (b.let(Add(s, (), ZERO)), [])[1], "adding")
stopping = func([REAL], lambda b, v: (b.let(Guard(TRUE, "no")), [v])[1], "stopping")
pure = func([REAL], lambda b, v: b.op("sin", v), "pure")


def lets(write: Callable[[Body], object]) -> tuple[Let, ...]:
    b = Body()
    write(b)
    return tuple(b.lets)


def found(write: Callable[[Body], object]) -> list[Var | None]:
    """The ref of each effect; None where the program may end."""
    return [e.ref for e in effects(lets(write))]


def add(b: Body) -> Any:
    b.let(Add(r, (at(0, 3),), x))
    return []


def stop(b: Body) -> Any:
    b.let(Guard(TRUE, "no"))
    return []


def branch(b: Body, inside: Callable[[Body], Any]) -> None:
    b.let(Cond(TRUE, block(inside), Block((), ())))


def loop(b: Body, inside: Callable[[Body], Any]) -> None:
    b.let(Loop(n=3, index=Var(index_ty(3)), inits=(), carries=(), body=block(inside)))


@pytest.mark.parametrize("around", [lambda b, inside: inside(b), branch, loop])
def test_an_effect_is_seen_at_any_depth(around: Callable[[Body, Any], None]) -> None:
    assert found(lambda b: around(b, add)) == [r]
    assert found(lambda b: around(b, stop)) == [None]
    assert not acts(lets(lambda b: around(b, lambda b: [b.op("sin", x)][:0])))


def test_a_call_does_what_its_function_may() -> None:
    one = Var(ref(REAL), "one")
    assert found(lambda b: b.let(Call(adding, (one,)))) == [one]
    assert found(lambda b: b.let(Call(stopping, (x,)), REAL)) == [None]
    assert found(lambda b: b.let(Call(pure, (x,)), REAL)) == []


def test_only_a_call_hands_a_ref_on() -> None:
    one = Var(ref(REAL), "one")
    assert hands_on(lets(lambda b: b.let(Call(adding, (one,)))))
    assert not hands_on(lets(add)) and not hands_on(lets(lambda b: b.let(Call(stopping, (x,)), REAL)))


def test_a_function_may_stop_where_one_that_it_calls_may() -> None:
    outer = func([REAL], lambda b, v: b.let(Call(stopping, (v,)), REAL))
    python = Func("python", (Var(REAL),), Opaque(lambda v: (v,), (REAL,)))
    assert may_stop(stopping) and may_stop(outer)
    assert not may_stop(pure) and not may_stop(adding) and not may_stop(python)
