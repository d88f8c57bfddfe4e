"""What running a part of a program does besides giving its results: it may end the program, and it adds to refs.

Every pass that moves, drops or repeats code asks this; whoever adds a kind of expression says here what it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Fill,
    Func,
    Get,
    Guard,
    Let,
    Loop,
    Op,
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    Var,
    all_lets,
    unknown,
)


class Effect(NamedTuple):
    """An effect, and the let that has it."""

    let: Let
    ref: Var | None
    """The ref that is added to, or handed to a function that may; None where the program may end."""
    place: tuple[Atom, ...] = ()
    """Where in the ref: all that is added lies there."""


def effects(lets: Sequence[Let]) -> Iterator[Effect]:
    """What lets do, with all that is nested in them, to what stands around them.

    A part of a ref counts as the ref itself; refs that are made among the lets do not count.
    """
    own: set[Atom] = set()
    parts: dict[Atom, tuple[Var, tuple[Atom, ...]]] = {}  # of a part of a ref: of which, and where

    def effect(let: Let, ref: Var, idx: tuple[Atom, ...]) -> Iterator[Effect]:
        to, before = parts.get(ref, (ref, ()))
        if to not in own:
            yield Effect(let, to, (*before, *idx))

    for let in all_lets(Block(tuple(lets), ())):
        match let.expr:
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Loop() | Cond():
                pass
            case Accum(_, refs, _):
                own.update(refs)
            case SubRef(ref, idx):
                to, before = parts.get(ref, (ref, ()))
                parts[let.outs[0]] = to, (*before, *idx)
            case Add(ref, idx, _):
                yield from effect(let, ref, idx)
            case Guard():
                yield Effect(let, None)
            case Call(func, args):
                if may_stop(func):
                    yield Effect(let, None)
                for a in args:
                    if a.ty.ref and isinstance(a, Var):
                        yield from effect(let, a, ())
            case _:
                unknown(let.expr)


def acts(lets: Sequence[Let]) -> bool:
    """Whether lets do more than give their results."""
    return any(True for _ in effects(lets))


def hands_on(lets: Sequence[Let]) -> bool:
    """Whether a call among lets is handed a ref of the outside: who can see only these lets cannot tell what is
    added, nor keep it from being added again."""
    return any(x.ref is not None and isinstance(x.let.expr, Call) for x in effects(lets))


def in_any_order(loop: Loop) -> bool:
    """Whether it is the same in which order the iterations of a loop have their effects: each adds to places of its
    own, and none ends the program."""
    return all(loop.index in x.place for x in effects(loop.body.lets))  # what ends the program has no place


def may_stop(func: Func) -> bool:
    """Whether a Guard stands in the function or in one that it calls."""
    if "may_stop" not in func.memo:
        func.memo["may_stop"] = not isinstance(func.body, Opaque) and any(
            x.ref is None for x in effects(func.body.lets)
        )
    return func.memo["may_stop"]
