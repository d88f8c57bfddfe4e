"""Which results depend on a program's parameters at all: through values, conditions, counts or indices."""

from __future__ import annotations

from collections.abc import Sequence

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
    operands,
    unknown,
)
from rosesim.ad.support import recursion

Mask = tuple[bool, ...]


def depends(func: Func, on: Mask) -> Mask:
    """Which results depend on any of the parameters in `on`; then, which of the refs receive values that do."""
    key = ("depends", on)
    if key not in func.memo:
        func.memo[key] = recursion.nested(_depends, func, on)
    return func.memo[key]


def _depends(func: Func, on: Mask) -> Mask:
    refs = [p for p in func.params if p.ty.ref]
    if isinstance(func.body, Opaque):
        return (any(on),) * len(func.results)
    walk = _Walk({p for p, a in zip(func.params, on, strict=True) if a})
    while walk.block(func.body, False):
        pass
    return tuple(a in walk.on for a in (*func.body.results, *refs))


class _Walk:
    """Finds the variables that depend on given ones: `on` grows until nothing changes."""

    def __init__(self, on: set[Var]) -> None:
        self.on: set[Atom] = set(on)

    def _mark(self, variables: Sequence[Atom]) -> bool:
        new = {v for v in variables if isinstance(v, Var)} - self.on
        self.on |= new
        return bool(new)

    def block(self, block: Block, chosen: bool) -> bool:
        """Visit a block once; return whether `on` grew. `chosen` says that whether or how often the block runs
        depends on the given variables."""
        changed = False
        for let in block.lets:
            changed |= self._let(let, chosen)
        return changed

    def _pairs(self, outs: Sequence[Atom], values: Sequence[Atom], chosen: bool) -> bool:
        return self._mark([o for o, v in zip(outs, values, strict=False) if chosen or v in self.on])

    def _let(self, let: Let, chosen: bool) -> bool:
        match let.expr:
            case Loop() as e:
                return self._loop(let, e, chosen)
            case Cond(p, then, orelse):
                chosen |= p in self.on
                changed = self.block(then, chosen) | self.block(orelse, chosen)
                changed |= self._pairs(let.outs, then.results, chosen)
                return changed | self._pairs(let.outs, orelse.results, chosen)
            case Accum(inits, refs, body):
                changed = self._pairs(refs, inits, False) | self.block(body, chosen)
                return changed | self._pairs(let.outs, (*body.results, *refs), False)
            case Add(ref, idx, v):
                return (chosen or any(a in self.on for a in (*idx, v))) and self._mark([ref])
            case SubRef(ref, idx):
                both = [ref, let.outs[0]]
                return any(a in self.on for a in (*both, *idx)) and self._mark(both)
            case Call(func, args):
                refs = [a for a in args if a.ty.ref]
                found = depends(func, tuple(a in self.on or chosen for a in args))
                return self._mark([o for o, a in zip((*let.outs, *refs), found, strict=False) if a])
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Guard() as e:
                return any(a in self.on for a in operands(e)) and self._mark(let.outs)
            case _:
                unknown(let.expr)

    def _loop(self, let: Let, e: Loop, chosen: bool) -> bool:
        changed = self._pairs(e.carries, e.inits, False)
        chosen |= e.upto is not None and e.upto in self.on
        n, counts = len(e.carries), chosen
        while True:
            if e.test is not None:
                changed |= self.block(e.test, chosen)
                counts = chosen or e.test.results[0] in self.on
            again = self.block(e.body, counts) | self._pairs(e.carries, e.body.results[:n], counts)
            changed |= again
            if not again:
                break
        changed |= self._pairs(let.outs, (*e.carries, *e.body.results[n:]), counts)
        return changed | (counts and self._mark(let.outs))
