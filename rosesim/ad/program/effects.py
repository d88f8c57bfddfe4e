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


def effects(lets: Sequence[Let]) -> Iterator[Effect]:
    """What lets do, with all that is nested in them, to what stands around them.

    A part of a ref counts as the ref itself; refs that are made among the lets do not count.
    """
    own: set[Atom] = set()
    whole: dict[Atom, Var] = {}  # of a part of a ref: the ref
    for let in all_lets(Block(tuple(lets), ())):
        match let.expr:
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Loop() | Cond():
                pass
            case Accum(_, refs, _):
                own.update(refs)
            case SubRef(ref, _):
                whole[let.outs[0]] = whole.get(ref, ref)
            case Add(ref, _, _):
                if (to := whole.get(ref, ref)) not in own:
                    yield Effect(let, to)
            case Guard():
                yield Effect(let, None)
            case Call(func, args):
                if may_stop(func):
                    yield Effect(let, None)
                for a in args:
                    if a.ty.ref and isinstance(a, Var) and (to := whole.get(a, a)) not in own:
                        yield Effect(let, to)
            case _:
                unknown(let.expr)


def acts(lets: Sequence[Let]) -> bool:
    """Whether lets do more than give their results."""
    return any(True for _ in effects(lets))


def hands_on(lets: Sequence[Let]) -> bool:
    """Whether a call among lets is handed a ref of the outside: who can see only these lets cannot tell what is
    added, nor keep it from being added again."""
    return any(x.ref is not None and isinstance(x.let.expr, Call) for x in effects(lets))


def may_stop(func: Func) -> bool:
    """Whether a Guard stands in the function or in one that it calls."""
    if "may_stop" not in func.memo:
        func.memo["may_stop"] = not isinstance(func.body, Opaque) and any(
            x.ref is None for x in effects(func.body.lets)
        )
    return func.memo["may_stop"]
