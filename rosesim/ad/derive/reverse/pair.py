"""The two functions that a transposed function consists of, and how the backward one is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.ad.derive.reverse.cotangent import as_ref, truths
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.elementwise import masked
from rosesim.ad.program.ir import (
    Accum,
    Atom,
    Call,
    Func,
    TanT,
    Ty,
    Var,
)

BIG = 16
"""Cotangents of arrays of more numbers than this are added into the caller's, not returned."""


Asked = tuple[bool | None, ...]
"""For each cotangent that a reverse may be given: whether it comes with a condition under which it counts;
None where nothing flows back there, which is not the same as a zero that counts."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A forward and a backward function.

    fwd: (primal parameters of J) -> (primal results, then the values of `stored`).
    bwd: (the values of `tape`, variables of J: parameters or stored ones; for each Tan result, then for
    each Tan ref parameter, its cotangent and, where asked, its want; for each parameter of `by_ref`,
    a ref and, where it says so, a ref of wants) -> (for each other Tan parameter to which something flows
    back (`wants` is not None) its cotangent, then, where `wants` says so, its want).
    """

    fwd: Func
    bwd: Func
    tape: tuple[Var, ...]
    stored: tuple[Var, ...]
    wants: Asked
    by_ref: tuple[bool, ...]
    always: tuple[bool, ...]
    """For each parameter of `by_ref`, whether it surely gets something that counts."""
    redo: float
    """The work of the forward pass that bwd runs again."""


def is_tan(a: Atom) -> bool:
    """Whether an atom is linear."""
    return isinstance(a.ty.scalar, TanT)


def is_tan_type(ty: Ty) -> bool:
    """Whether a type is linear."""
    return isinstance(ty.scalar, TanT)


def call_back(b: Builder, pair: Pair, args: Sequence[Atom], cts: Sequence[Ty]) -> list[Atom]:
    """Call the reverse of J with new refs for large cotangents, and give one cotangent of each of these types,
    one for each Tan parameter of J: zero where it does not count. The types may be those of tangents, for the
    reverse is linear in what it is given last."""
    inner = Builder(b)
    refs: list[Var] = []
    more: list[Var] = []
    for ty, r, w in zip(cts, pair.by_ref, pair.wants, strict=True):
        if r:
            refs.append(Var(as_ref(ty)))
            more += [refs[-1], Var(as_ref(truths(ty)))] if w else [refs[-1]]
    plain = [ty for ty, r, w in zip(cts, pair.by_ref, pair.wants, strict=True) if not (r or w is None)]
    outs = inner.let(Call(pair.bwd, (*args, *more)), *plain, *pair.bwd.results[len(plain) :])
    sums: dict[Var, Var] = {}
    if more:
        tys = [Ty(v.ty.scalar, v.ty.shape) for v in more]
        inits = tuple(b.zeros(ty) for ty in tys)
        ends = b.let(Accum(inits, tuple(more), inner.block(outs)), *(o.ty for o in outs), *tys)
        outs, sums = ends[: len(outs)], dict(zip(more, ends[len(outs) :], strict=True))
    else:
        b.lets += inner.lets
    values, conditions, large = iter(outs[: len(plain)]), iter(outs[len(plain) :]), iter(refs)
    found: list[Atom] = []
    for ty, r, w in zip(cts, pair.by_ref, pair.wants, strict=True):
        if r:
            found.append(sums[next(large)])
        elif w is None:
            found.append(b.zeros(ty))
        else:
            v = next(values)
            found.append(masked(b, next(conditions), v) if w else v)
    return found
