"""Packs what a forward function returns for the reverse pass into few arrays.

A function that calls another twice keeps twice the values that the other keeps. If they were returned one by one, the
program would become as long as its execution. So if there are more than a few, values of one type travel as one
array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.ad.program.builder import integer
from rosesim.ad.program.ir import Get, Let, Stack, Ty, Var, operands

FEW_VALUES = 12
"""Up to this many values are returned as they are: scalars stay in registers."""

ARRAY_VALUES = 256
"""At most this many values in one array: a straight-line run of stores writes it, and LLVM's time grows faster than
the length of such a run."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The variables that travel, the lets that pack the values into them, and the lets that unpack them."""

    stored: list[Var]
    pack: list[Let]
    unpack: list[Let]


def packed_tape(values: Sequence[Var]) -> Packed:
    """The values themselves if they are few; otherwise one or more arrays for each type."""
    if len(values) <= FEW_VALUES:
        return Packed(list(values), [], [])
    groups: dict[Ty, list[Var]] = {}
    for v in values:
        groups.setdefault(v.ty, []).append(v)
    out = Packed([], [], [])
    for ty, members in (
        (ty, m[k : k + ARRAY_VALUES]) for ty, m in groups.items() for k in range(0, len(m), ARRAY_VALUES)
    ):
        if len(members) == 1:
            out.stored.append(members[0])
            continue
        whole_array = Var(Ty(ty.scalar, (len(members), *ty.shape)), "tape")
        out.stored.append(whole_array)
        out.pack.append(Let((whole_array,), Stack(tuple(members))))
        out.unpack.extend(Let((v,), Get(whole_array, (integer(k),))) for k, v in enumerate(members))
    return out


def placed(lets: Sequence[Let], more: Sequence[Let]) -> list[Let]:
    """The lets, with each of `more` inserted as soon as its operands exist: a packed value need not live longer."""
    made = {o: k for k, let in enumerate(lets) for o in let.outs}
    after: dict[int, list[Let]] = {}
    for let in more:
        at = max((made[a] for a in operands(let.expr) if isinstance(a, Var) and a in made), default=-1)
        made.update(dict.fromkeys(let.outs, at))
        after.setdefault(at, []).append(let)
    return [*after.get(-1, ()), *(x for k, let in enumerate(lets) for x in (let, *after.get(k, ())))]
