"""The effects of a part of a program, apart from its results: it may end the program, and it may add to refs.

Every pass that moves, drops or repeats code consults this file. A new kind of expression states its effects here.
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
    Lit,
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
    """The ref that is added to, or that is passed to a function; None if the effect is that the program may end."""
    place: tuple[Atom, ...] = ()
    """The part of the ref that contains all that is added."""

    def meets(self, other: Effect) -> bool:
        """Whether two effects may be on the same element, as far as literal indices tell."""
        apart = (
            isinstance(a, Lit) and isinstance(b, Lit) and a.value != b.value
            for a, b in zip(self.place, other.place, strict=False)
        )
        return self.ref is other.ref and not any(apart)


def effects(lets: Sequence[Let]) -> Iterator[Effect]:
    """The effects that lets, and all lets nested in them, have on the program around them.

    Adding to a SubRef is an effect on the ref that it is a part of. Refs that the lets make themselves do not count.
    """
    own: set[Atom] = set()
    parts: dict[Atom, tuple[Var, tuple[Atom, ...]]] = {}  # for each SubRef: the ref, and the place in it

    def effect(let: Let, ref: Var, idx: tuple[Atom, ...]) -> Iterator[Effect]:
        to, before = parts.get(ref, (ref, ()))
        if to not in own:
            yield Effect(let, to, (*before, *idx))

    for let in all_lets(Block(tuple(lets), ())):
        if isinstance(let.expr, Op):  # nearly all are
            continue
        match let.expr:
            case Get() | Put() | Stack() | Fill() | Data() | Stop() | Loop() | Cond():
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
    """Whether lets have any effect."""
    return any(True for _ in effects(lets))


def hands_on(lets: Sequence[Let]) -> bool:
    """Whether a call among lets takes a ref from outside.

    Then the lets alone do not show what is added, and a copy of them cannot leave the addition out.
    """
    return any(x.ref is not None and isinstance(x.let.expr, Call) for x in effects(lets))


def in_any_order(loop: Loop) -> bool:
    """Whether a loop's iterations may have their effects in any order: each adds to elements that no other iteration
    adds to, and none ends the program."""
    return all(loop.index in x.place for x in effects(loop.body.lets))  # the effect of a guard has no place


def may_stop(func: Func) -> bool:
    """Whether the function, or one that it calls, contains a Guard."""
    if "may_stop" not in func.memo:
        func.memo["may_stop"] = not isinstance(func.body, Opaque) and any(
            x.ref is None for x in effects(func.body.lets)
        )
    return func.memo["may_stop"]
