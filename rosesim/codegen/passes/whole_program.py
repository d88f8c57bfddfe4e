"""Decisions about a whole program, before it is written: which functions can fail, which loops poll for an
interrupt, which calls are inlined, which refs may overlap."""

from __future__ import annotations

from collections.abc import Sequence, Set

from rosesim.ad.program.cost import block_work, func_work, work
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
    all_blocks,
    all_lets,
    kinds,
    operands,
    unknown,
)

PLAIN = frozenset({Op, Get, Put, Stack, Fill, Data, Stop})
"""What has no blocks, no effects, and calls nothing."""

POLL_FROM = 10_000_000
"""Programs and loops with less work than this (in additions) end before anyone can press Ctrl-C."""

TIGHT = 64
"""A loop body with less work than this is vectorised only if it has no exits. So such a loop does not poll ..."""

TIGHT_LIMIT = 200_000_000
"""... unless its total work is at least this, about a tenth of a second."""

SHARED_FROM = 200_000
"""A batch with less total work than this, about 100 microseconds, ends before another thread has begun."""

SMALL = 60
"""Functions of at most this many instructions are inlined. Those inlined into them count."""

TINY = 10
"""Calling a function of at most this many instructions costs more than repeating it."""

COPIES = 4_000
"""The most instructions that a small function may become in all places that call it together."""

STRAIGHT = 100_000
"""The straight-line vectoriser runs if the squares of the blocks' lengths sum to less than this. It then takes at
most about 0.2 s (20 ms for a block of 100, 350 ms for 400). It makes billiards' gradient 13 % faster."""

STRAIGHT_SHARE = 50
"""A program is straight code if its loops have so many times less work than all of it. Not made vectors, they cost
a few hundredths of its time."""

UNROLLED = 5_000
"""LLVM unrolls a short loop whole: in vectors, up to about so many operations ..."""

UNROLLED_TOGETHER = 10_000
"""... and code that it makes of the loops of one function, if they are many, is one block. Its time for this grows
with the square: 64 loops of 64 elements took 20 s, and 1 s as loops."""

ONCE = 600
"""The most instructions of a function that is inlined because only one place calls it."""

CALLER = 2_000
"""Inlining makes no function longer than this, because LLVM's time grows faster than a function's size."""


def polled_loops(order: Sequence[Func]) -> set[Loop]:
    """The loops that poll for an interrupt. `order` has callees first, as `ir.reachable` gives it."""
    for f in order:
        func_work(f)  # callees first, so that no recursion is deep
    if func_work(order[-1]) < POLL_FROM:
        return set()
    found: set[Loop] = set()
    for f in order:
        if isinstance(f.body, Opaque) or Loop not in kinds(f):
            continue
        for let in all_lets(f.body):
            e = let.expr
            match e:
                case Loop():
                    body = block_work(e.body)
                    total = work(e)
                    in_lanes = any(c.ty.scalar.lanes > 1 for c in e.carries)  # vectors already
                    if total >= POLL_FROM and (in_lanes or body >= TIGHT or total >= TIGHT_LIMIT):
                        found.add(e)
                case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Add() | SubRef() | Guard() | Call():
                    pass
                case Cond() | Accum():
                    pass  # their blocks run once
                case _:
                    unknown(e)
    return found


def unread_rests(order: Sequence[Func]) -> set[Var]:
    """The outputs of loops that end early which nobody reads beyond the last iteration that ran.

    The history of a loop is read by its reverse, which runs as many steps. What lies behind is as long as the limit
    and need not be cleared.
    """
    found: set[Var] = set()
    for f in order:
        if isinstance(f.body, Block) and Loop in kinds(f):
            found |= _unread_rests(f.body)
    return found


def _unread_rests(body: Block) -> set[Var]:
    lets = list(all_lets(body))
    made = {let.outs[0]: let.expr for let in lets if isinstance(let.expr, Get)}
    limits = {e.index: e.upto for let in lets if isinstance(e := let.expr, Loop) and e.upto is not None}
    ends: dict[Atom, Atom] = {}  # of an output: how many iterations there are
    kept: dict[Atom, tuple[Var, Var]] = {}  # of an array of such outputs: whose they are, and how many each has
    for let in lets:
        if isinstance(e := let.expr, Loop) and (e.upto is not None or e.test is not None):
            end = let.outs[-1] if e.upto is None else e.upto
            last = len(let.outs) - (e.test is not None)
            ends.update(dict.fromkeys(let.outs[len(e.carries) : last], end))
    handed: set[Block] = set()
    for let in lets:
        if isinstance(e := let.expr, Loop) and e.upto is None and e.test is None:
            m = len(e.carries)
            results = dict(zip(e.body.results[m:], let.outs[m:], strict=True))
            owned = [v for v in results if v in ends and ends[v] in results]
            if owned and len(results) == len(e.body.results) - m and not ends.keys() & set(e.body.results[:m]):
                kept.update((results[v], (v, results[ends[v]])) for v in owned if isinstance(v, Var))
                handed.add(e.body)

    def is_short(x: Atom, idx: Sequence[Atom]) -> bool:
        """Whether an element is read of an iteration that ran."""
        if x in kept:
            return len(idx) == 1 or is_below(idx[1], kept[x][1], idx[0])
        if x in ends:
            return isinstance(idx[0], Var) and limits.get(idx[0]) is ends[x]
        part = made.get(x) if isinstance(x, Var) else None
        return part is None or is_below(idx[0], kept[part.x][1], part.idx[0])

    def is_below(i: Atom, counts: Var, at: Atom) -> bool:
        limit = limits.get(i) if isinstance(i, Var) else None
        count = made.get(limit) if isinstance(limit, Var) else None
        return count is not None and count.x is counts and count.idx == (at,)

    parts = {v for v, e in made.items() if e.x in kept and len(e.idx) == 1}
    read: set[Atom] = {
        r
        for b in all_blocks(body)
        for r in b.results
        if b not in handed or (r not in ends or ends[r] not in b.results)
    }
    for let in lets:
        e = let.expr
        if isinstance(e, Get) and (e.x in kept or e.x in ends or e.x in parts):
            if not is_short(e.x, e.idx):
                read.add(e.x)
        else:
            read.update(operands(e))
    read.update(made[v].x for v in parts & read)
    read.update(kept[x][0] for x in kept.keys() & read)
    return {v for v in ends if isinstance(v, Var)} - read


def shared_batch(func: Func) -> Loop | None:
    """The batch in lanes that does all the work of a program and is long enough for threads to share its runs."""
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
    """The batch that gives all results of a program, so that each run can be a thread of a grid.

    Every thread repeats the lets beside it.
    """
    if not isinstance(func.body, Block):
        return None
    for let in func.body.lets:
        e = let.expr
        if isinstance(e, Loop) and e.batch and not e.carries and set(func.body.results) <= set(let.outs):
            return e
    return None


def fallible(order: Sequence[Func], polled: set[Loop]) -> set[Func]:
    """The functions that may stop the program."""
    found: set[Func] = set()
    for f in order:
        if isinstance(f.body, Opaque):
            found.add(f)
            continue
        if kinds(f) <= PLAIN:
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
    """The calls that are inlined, and whether the last function is inlined into the entry.

    `pieces` were cut out of functions that were too long (`split`), and are not inlined.
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
            is_rare = size[g] * sites[g] <= COPIES
            is_better_inlined = (is_rare and size[g] <= small) or (sites[g] == 1 and size[g] <= ONCE)
            if (is_rare and size[g] <= TINY) or (is_better_inlined and own + size[g] <= CALLER):
                found.add(call)
                own += size[g]
        size[f] = own
    return found, size[order[-1]] <= small


def straight_work(order: Sequence[Func], inline: Set[Call]) -> int:
    """The sum of the squares of all blocks' lengths. Inlined functions count to the block of their caller."""
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


def rolled_loops(order: Sequence[Func]) -> set[Loop]:
    """The loops that stay loops. The smallest of a function's short loops may be unrolled, until they are many."""
    found: set[Loop] = set()
    for f in order:
        if Loop not in kinds(f):
            continue
        sizes: list[tuple[int, Loop]] = []
        for let in _lets(f):
            e = let.expr
            if isinstance(e, Loop) and not any(isinstance(x.expr, Loop) for x in all_lets(e.body)):
                size = e.n * (1 + len(e.body.lets))
                if size <= UNROLLED:
                    sizes.append((size, e))
        total = 0
        for size, e in sorted(sizes, key=lambda known: known[0]):
            total += size
            if total > UNROLLED_TOGETHER:
                found.add(e)
    return found


def is_straight(order: Sequence[Func]) -> bool:
    """Whether hardly any of a program's work is in loops."""
    in_loops: dict[Func, float] = {}

    def of(block: Block) -> float:
        total = 0.0
        for let in block.lets:
            match let.expr:
                case Loop() as e:
                    total += work(e)
                case Call(func, _):
                    total += in_loops[func]
                case Cond(_, then, orelse):
                    total += max(of(then), of(orelse))
                case Accum(_, _, body):
                    total += of(body)
                case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Add() | SubRef() | Guard():
                    pass
                case _:
                    unknown(let.expr)
        return total

    for f in order:
        in_loops[f] = of(f.body) if isinstance(f.body, Block) and kinds(f) & {Loop, Call} else 0.0
    return STRAIGHT_SHARE * in_loops[order[-1]] <= func_work(order[-1])


def _lets(f: Func) -> list[Let]:
    return list(all_lets(f.body)) if isinstance(f.body, Block) else []


def overlapping_refs(order: Sequence[Func]) -> set[Func]:
    """The functions that some call gives two refs which may overlap."""
    found: set[Func] = set()
    for f in reversed(order):
        if not isinstance(f.body, Block) or kinds(f) <= PLAIN:
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
