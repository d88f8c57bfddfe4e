"""Places on a grid that reals say, computed ahead in a loop of their own.

The reverse of a look-up between cells, `p[i]` with i = floor(x), adds to the cells around it. No vector unit can run
such a loop, as two iterations may add to one cell. But where they look needs no sum: here a first loop computes the
places of all iterations in vectors, with the fractions that come from the same numbers, and the loop itself reads
them. What it waits for is then one load, in the place of some ten operations one after the other.

Every value is computed as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rosesim.ad.program import ir
from rosesim.ad.program.cost import work
from rosesim.ad.program.ir import Add, Atom, Block, Func, Get, IntT, Let, Loop, Op, Ty, Var, free_vars
from rosesim.ad.program.rewrite import Copy, rewritten, with_blocks, with_lets
from rosesim.codegen.passes.part_scatters import MOST_KEPT, is_simple

FEWEST_OPERATIONS = 4
"""Operations for each number that is kept, at least: storing and loading it costs about two."""


def placed(func: Func) -> Func:
    """The program with such places computed ahead."""
    return rewritten(func, lambda f, block, made: _block(block, made), frozenset({Loop}))


def _block(block: Block, made: Mapping[Func, Func]) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        e = with_blocks(let.expr, lambda b: _block(b, made), made)
        new = let if e is let.expr else Let(let.outs, e, let.where)
        lets.extend(_placed(new, e) if isinstance(e, Loop) and is_simple(e) else [new])
    return with_lets(block, lets)


def _placed(let: Let, e: Loop) -> list[Let]:
    """The lets in the place of a loop."""
    ahead = _ahead(e)
    rest = [x for x in e.body.lets if not set(x.outs) & {o for a in ahead for o in a.outs}]
    kept = _read(ahead, rest, e.body.results)
    operations = sum(work(x.expr) for x in ahead if isinstance(x.expr, Op))
    if not kept or e.n * len(kept) > MOST_KEPT or operations < FEWEST_OPERATIONS * len(kept):
        return [let]
    index = Var(e.index.ty, e.index.name)
    copy = Copy({e.index: index})
    body = Block(tuple(copy.lets(ahead)), tuple(map(copy.atom, kept)))
    rows = {v: Var(Ty(v.ty.scalar, (e.n,)), "places") for v in kept}
    first = Loop(n=e.n, index=index, inits=(), carries=(), body=body)
    gets = [Let((v,), Get(row, (e.index,)), let.where) for v, row in rows.items()]
    second = replace(e, body=Block((*gets, *rest), e.body.results))
    return [Let(tuple(rows.values()), first, let.where), Let(let.outs, second, let.where)]


def _ahead(e: Loop) -> list[Let]:
    """What is computed ahead: all that the places of additions need, where reals say them, and what can be made of
    that without keeping more numbers."""
    roots = {i for x in e.body.lets if isinstance(x.expr, Add) for i in x.expr.idx}
    said = {o for x in e.body.lets for o in x.outs if isinstance(x.expr, Op) and _says(x.expr, o)}
    needed = _needed(roots, e.body.lets) & said
    if not needed:
        return []
    wanted = _needed(needed, e.body.lets)
    lets = [x for x in e.body.lets if wanted & set(x.outs)]
    if not all(isinstance(x.expr, Op | Get) for x in lets):
        return []
    if wanted & set(e.carries):
        return []
    made = {o for x in lets for o in x.outs}
    most = len(_read(lets, [x for x in e.body.lets if x not in lets], e.body.results))
    for x in e.body.lets:
        if (
            x in lets
            or not isinstance(x.expr, Op)
            or not all(isinstance(a, ir.Lit) or a in made for a in x.expr.args)
        ):
            continue
        more = [y for y in e.body.lets if y in lets or y is x]
        count = len(_read(more, [y for y in e.body.lets if y not in more], e.body.results))
        if count <= most:
            lets, most = more, count
            made.update(x.outs)
    return lets


def _says(e: Op, out: Var) -> bool:
    """Whether an operator makes an integer of a real."""
    return isinstance(out.ty.scalar, IntT) and not isinstance(e.args[0].ty.scalar, IntT)


def _needed(roots: set[Atom], lets: Sequence[Let]) -> set[Atom]:
    """All that some values are made of."""
    found = set(roots)
    for x in reversed(lets):
        if not found.isdisjoint(x.outs):
            found.update(ir.operands(x.expr))
    return found


def _read(ahead: Sequence[Let], rest: Sequence[Let], results: Sequence[Atom]) -> list[Var]:
    """What the rest of a loop reads of what is computed ahead."""
    read = {*free_vars(Block(tuple(rest), ())), *results}
    return [o for x in ahead for o in x.outs if o in read]
