"""Additions at places that an array says, in a loop of their own.

The reverse of `x[near[i, k]]` adds to `ct[near[i, k]]`. Which iterations add to one element is unknown, so no vector
unit can run such a loop, though what is added may take a hundred operations that could run side by side. Here an
innermost loop is cut in two: the first keeps its terms, a row of them, and the second adds each where it goes. The
first one runs in vectors, and its row stays in the nearest cache.

Each element takes its terms in the order that it did. But the sums of the first loop are those of a vector loop now,
so strict code, which has them in one order, gains nothing and does not take this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rosesim.ad.program import ir
from rosesim.ad.program.ir import Add, Atom, Block, Fill, Func, Get, IntT, Let, Loop, Op, Stack, Ty, Var
from rosesim.ad.program.rewrite import Copy, rewritten, with_blocks, with_lets
from rosesim.codegen.passes.spread import is_sum

FEWEST = 16
"""Iterations from which on a second loop is worth it."""

MOST_KEPT = 4096
"""Numbers in a row of terms: 32 kB, the nearest cache."""

WORTH = 8
"""Operations for each number that is kept: storing and loading it costs about two."""


def parted(func: Func) -> Func:
    """The program with such additions in loops of their own."""
    return rewritten(func, lambda f, block, made: _block(block, made), frozenset({Loop}))


def _block(block: Block, made: Mapping[Func, Func]) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        e = with_blocks(let.expr, lambda b: _block(b, made), made)
        new = let if e is let.expr else Let(let.outs, e, let.where)
        lets.extend(_parted(new, e) if isinstance(e, Loop) and _is_simple(e) else [new])
    return with_lets(block, lets)


def _is_simple(e: Loop) -> bool:
    """Whether a loop could run in vectors but for its additions: straight code from end to end, and sums."""
    if e.upto is not None or e.test is not None or e.batch or e.lanes > 1 or e.n < FEWEST:
        return False
    if not all(isinstance(x.expr, Op | Get | Stack | Fill | Add) for x in e.body.lets):
        return False
    return all(is_sum(e, k) for k in range(len(e.carries)))


def _parted(let: Let, e: Loop) -> list[Let]:
    """The lets in the place of a loop."""
    adds = [x for x in e.body.lets if isinstance(x.expr, Add)]
    apart = {x.expr.ref for x in adds if isinstance(x.expr, Add) and e.index not in x.expr.idx}
    gone = [x for x in adds if isinstance(x.expr, Add) and x.expr.ref in apart]
    values = dict.fromkeys(x.expr.v for x in gone if isinstance(x.expr, Add))
    if not values or any(v.ty.shape for v in values):
        return [let]
    made = {o: x for x in e.body.lets for o in x.outs}
    rows = {v: Var(Ty(v.ty.scalar, (e.n,)), "terms") for v in values if v in made}
    operations = sum(1 for x in e.body.lets if isinstance(x.expr, Op))
    if not rows or e.n * len(rows) > MOST_KEPT or operations < WORTH * len(rows):
        return [let]
    places = _integers([i for x in gone if isinstance(x.expr, Add) for i in x.expr.idx], e.body.lets)
    if places is None or set(e.carries) & {a for x in places for a in ir.operands(x.expr)}:
        return [let]
    ids = set(map(id, gone))
    kept = Block(tuple(x for x in e.body.lets if id(x) not in ids), (*e.body.results, *rows))
    first = Let((*let.outs, *rows.values()), replace(e, body=kept), let.where)
    index = Var(e.index.ty, e.index.name)
    copy = Copy({e.index: index})
    lets = list(copy.lets(places))
    for x in gone:
        assert isinstance(x.expr, Add)
        v = x.expr.v
        if v in rows:
            term = Var(v.ty)
            lets.append(Let((term,), Get(rows[v], (index,)), x.where))
            v = term
        lets.append(Let((), Add(x.expr.ref, tuple(map(copy.atom, x.expr.idx)), v), x.where))
    second = Loop(n=e.n, index=index, inits=(), carries=(), body=Block(tuple(lets), ()), reverse=e.reverse)
    return [first, Let((), second, let.where)]


def _integers(roots: Sequence[Atom], lets: Sequence[Let]) -> list[Let] | None:
    """The lets that places are made by, in their order; None where a place is not made of integers alone."""
    needed = set(roots)
    found: list[Let] = []
    for x in reversed(lets):
        if not needed.isdisjoint(x.outs):
            if not isinstance(x.expr, Op | Get) or not isinstance(x.outs[0].ty.scalar, IntT):
                return None
            found.append(x)
            needed.update(ir.operands(x.expr))
    return found[::-1]
