"""What is decided of a whole program before it is written: who can fail, which loops look for an
interrupt, what is inlined, whose refs may overlap."""

from __future__ import annotations

from collections.abc import Sequence, Set

from rosesim.ad.program.cost import block_work, func_work, work
from rosesim.ad.program.ir import (
    Accum,
    Add,
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
    all_blocks,
    all_lets,
    unknown,
)

POLL_FROM = 10_000_000
"""Programs and loops of less work (in additions) end long before anyone can press Ctrl-C."""

TIGHT = 64
"""A loop body of less work must stay free of exits to be vectorised ..."""

TIGHT_LIMIT = 200_000_000
"""... and is left alone up to so much work in all: a tenth of a second."""

SHARED_FROM = 200_000
"""Batches of less work in all are done before another thread has begun: about 100 microseconds."""

SMALL = 60
"""Functions of up to so many instructions, those inlined into them included, are inlined."""

TINY = 10
"""Functions of up to so many cost more to call than to repeat."""

STRAIGHT = 100_000
"""The straight-line vectoriser runs where the squares of the blocks' lengths sum to less: about 0.2 s of its
time at the worst (20 ms for a block of 100, 350 ms for 400). It makes billiards' gradient 13 % faster."""

ONCE = 600
"""Functions that are called from one place alone are inlined up to so many."""

CALLER = 2_000
"""No function grows beyond this by inlining: LLVM's time grows faster than a function's size."""


def polled_loops(order: Sequence[Func]) -> set[Loop]:
    """The loops that look for an interrupt. `order`: callees first, as `ir.reachable` gives it."""
    for f in order:
        func_work(f)  # in this order, so that no recursion is deep
    if func_work(order[-1]) < POLL_FROM:
        return set()
    found: set[Loop] = set()
    for f in order:
        if isinstance(f.body, Opaque):
            continue
        for let in all_lets(f.body):
            if isinstance(let.expr, Loop):
                body = block_work(let.expr.body)
                total = work(let.expr)
                in_lanes = any(c.ty.scalar.lanes > 1 for c in let.expr.carries)  # vectors already
                if total >= POLL_FROM and (in_lanes or body >= TIGHT or total >= TIGHT_LIMIT):
                    found.add(let.expr)
    return found


def shared_batch(func: Func) -> Loop | None:
    """The batch in lanes that is all the work of a program, and long enough for threads to share its runs."""
    if not isinstance(func.body, Block):
        return None
    for let in func.body.lets:
        e = let.expr
        if isinstance(e, Loop) and e.lanes > 1 and e.n > e.lanes and set(func.body.results) <= set(let.outs):
            own = work(e)
            if own >= SHARED_FROM and block_work(func.body) - own <= own // 100:
                return e
    return None


def whole_batch(func: Func) -> Loop | None:
    """The batch that gives all results of a program, each run of which can be a thread of a grid.

    What stands beside it is done by every thread.
    """
    if not isinstance(func.body, Block):
        return None
    for let in func.body.lets:
        e = let.expr
        if isinstance(e, Loop) and e.batch and not e.carries and set(func.body.results) <= set(let.outs):
            return e
    return None


def fallible(order: Sequence[Func], polled: set[Loop]) -> set[Func]:
    """The functions that may end the program."""
    found: set[Func] = set()
    for f in order:
        if isinstance(f.body, Opaque):
            found.add(f)
            continue
        for let in all_lets(f.body):
            match let.expr:
                case Guard():
                    fails = True
                case Loop() as e:
                    fails = e in polled
                case Call(func, _):
                    fails = func in found
                case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Cond() | Accum() | Add() | SubRef():
                    fails = False
                case _:
                    unknown(let.expr)
            if fails:
                found.add(f)
                break
    return found


def inlined_calls(order: Sequence[Func], pieces: Set[Func], small: int = SMALL) -> tuple[set[Call], bool]:
    """The calls that are inlined, and whether the last function is, into the entry.

    `pieces` were cut out of something too long (`split`) and stay out.
    """
    calls = {f: [e.expr for e in _lets(f) if isinstance(e.expr, Call)] for f in order}
    sites: dict[Func, int] = {}
    for made in calls.values():
        for call in made:
            sites[call.func] = sites.get(call.func, 0) + 1
    size: dict[Func, int] = {}
    found: set[Call] = set()
    for f in order:
        own = len(_lets(f))
        for call in calls[f]:
            g = call.func
            if isinstance(g.body, Opaque) or g in pieces:
                continue
            is_better_inlined = size[g] <= small or (sites[g] == 1 and size[g] <= ONCE)
            if size[g] <= TINY or (is_better_inlined and own + size[g] <= CALLER):
                found.add(call)
                own += size[g]
        size[f] = own
    return found, size[order[-1]] <= small


def straight_work(order: Sequence[Func], inline: Set[Call]) -> int:
    """The squares of the lengths of all blocks, with what is inlined into them, in all."""
    straight: dict[Func, int] = {}
    total = 0
    for f in order:
        if not isinstance(f.body, Block):
            continue
        for block in all_blocks(f.body):
            exprs = [let.expr for let in block.lets]
            length = sum(straight[e.func] if isinstance(e, Call) and e in inline else 1 for e in exprs)
            total += length * length
            if block is f.body:
                straight[f] = length
    return total


def _lets(f: Func) -> list[Let]:
    return list(all_lets(f.body)) if isinstance(f.body, Block) else []


def overlapping_refs(order: Sequence[Func]) -> set[Func]:
    """The functions that somebody hands two refs which may overlap."""
    found: set[Func] = set()
    for f in reversed(order):
        if not isinstance(f.body, Block):
            continue
        base: dict[Var, Var] = {}
        refs = [p for p in f.params if p.ty.ref]
        first = refs[0] if refs and f in found else None
        for p in refs:
            base[p] = first if first is not None else p
        for let in all_lets(f.body):
            match let.expr:
                case SubRef(ref, _):
                    base[let.outs[0]] = base.get(ref, ref)
                case Call(g, args):
                    roots = [base.get(a, a) for a in args if isinstance(a, Var) and a.ty.ref]
                    if len(set(roots)) < len(roots):
                        found.add(g)
                case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Loop() | Cond() | Accum():
                    pass
                case Add() | Guard():
                    pass
                case _:
                    unknown(let.expr)
    return found
