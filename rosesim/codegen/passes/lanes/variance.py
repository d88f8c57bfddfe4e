"""Which variables differ between the lanes of a batch: those that depend on the batch's index.

The others (weights that all runs share, loop counters, sizes) stay one value for all lanes.
"""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.program import ir
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
    Loop,
    Op,
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    Var,
)
from rosesim.ad.support import recursion

Pattern = tuple[bool, ...]


class Variance:
    """What varies: for each function, and each pattern of varying parameters."""

    def __init__(self) -> None:
        self._known: dict[tuple[Func, Pattern], tuple[set[Var], Pattern]] = {}

    def of(self, func: Func, pattern: Pattern) -> tuple[set[Var], Pattern]:
        """The variables of a function that vary if these parameters do, and which of its results do."""
        key = func, pattern
        if key not in self._known:
            assert isinstance(func.body, Block)
            given = {p for p, varies in zip(func.params, pattern, strict=True) if varies}
            varying = self.spread(func.body, given)
            self._known[key] = varying, tuple(a in varying for a in func.body.results)
        return self._known[key]

    def spread(self, block: Block, given: set[Var]) -> set[Var]:
        """The variables of a block that depend on the given ones, including these."""
        varying = set(given)
        known = -1
        while known != len(varying):  # the body may make a carry vary, so repeat until nothing is added
            known = len(varying)
            self._block(block, varying)
        return varying

    def _block(self, block: Block, varying: set[Var]) -> None:
        recursion.nested(self._lets, block, varying)

    def _lets(self, block: Block, varying: set[Var]) -> None:
        def any_of(atoms: Sequence[Atom]) -> bool:
            return any(a in varying for a in atoms)

        def mark(outs: Sequence[Var], atoms: Sequence[Atom], also: bool = False) -> None:
            varying.update(o for o, a in zip(outs, atoms, strict=False) if also or a in varying)

        for let in block.lets:
            match let.expr:
                case Loop() as e:
                    n = len(e.carries)
                    mark(e.carries, e.inits)
                    self._block(e.body, varying)
                    ends = e.upto is not None and e.upto in varying
                    if e.test is not None:
                        self._block(e.test, varying)
                        ends = any_of(e.test.results)
                    mark(e.carries, e.body.results[:n], ends)
                    mark(let.outs[:n], e.carries)
                    mark(let.outs[n:], e.body.results[n:], ends)
                    if e.test is not None and ends:
                        varying.add(let.outs[-1])
                case Cond(p, then, orelse):
                    self._block(then, varying)
                    self._block(orelse, varying)
                    mark(let.outs, then.results, p in varying)
                    mark(let.outs, orelse.results)
                case Accum(_, refs, body):
                    varying.update(refs)
                    self._block(body, varying)
                    mark(let.outs, body.results)
                    varying.update(let.outs[len(body.results) :])
                case Call(func, args):
                    pattern = tuple(a in varying or a.ty.ref for a in args)
                    if any(pattern):
                        _, results = self.of(func, pattern)
                        varying.update(o for o, varies in zip(let.outs, results, strict=True) if varies)
                case SubRef():
                    varying.update(let.outs)
                case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Add() | Guard() as e:
                    if any_of(ir.operands(e)):
                        varying.update(let.outs)
                case _:
                    ir.unknown(let.expr)


def asks_for_mask(func: Func) -> bool:
    """Whether a function needs to know which lanes are active: it branches on values that may vary, ends a loop by
    them, stops the program, or adds to an accumulator of its caller."""
    if "asks_for_mask" not in func.memo:
        refs = any(p.ty.ref for p in func.params)
        func.memo["asks_for_mask"] = refs or any(map(_asks_for_mask, _exprs(func)))
    return func.memo["asks_for_mask"]


def _asks_for_mask(e: ir.Expr) -> bool:
    match e:
        case Guard() | Cond():
            return True
        case Loop():
            return e.test is not None or e.upto is not None
        case Call(func, _):
            return asks_for_mask(func)
        case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Accum() | Add() | SubRef():
            return False
        case _:
            ir.unknown(e)


def _exprs(func: Func) -> list[ir.Expr]:
    return [] if isinstance(func.body, Opaque) else [let.expr for let in ir.all_lets(func.body)]
