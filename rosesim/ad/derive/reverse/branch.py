"""The reverse of a branch."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.derive.reverse.cotangent import Gather
from rosesim.ad.derive.reverse.pair import is_tan
from rosesim.ad.derive.reverse.primal import Versions, primal_nested
from rosesim.ad.derive.reverse.reader import Emitted, Reader, adds_tangents, bound_tans
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Atom, Block, Cond, Let, Var


def read_branch(rev: Reader, g: Gather, let: Let, e: Cond) -> None:
    """Write the reverse of a branch."""
    ends = [(k, g.take(o)) for k, o in enumerate(let.outs) if is_tan(o)]
    if all(ct is None for _, ct in ends) and not (adds_tangents(e.then) or adds_tangents(e.orelse)):
        return
    extra: dict[Block, list[Var]] = {}

    def read(g: Gather, side: Block) -> Block:
        own = Gather(Builder(g.b), bound_tans(side), rev.outside, certain=False)
        before = rev.extra_work
        for k, ct in ends:
            if ct is not None:
                own.add(side.results[k], ct)
        rev.read_lets(own, side.lets)
        lets, extra[side] = rev.recomputed(side.lets, own.b.lets, before)
        return Block(tuple(lets), ())

    def emit(g: Gather) -> Emitted:
        yes, no = read(g, e.then), read(g, e.orelse)
        g.b.let(Cond(e.p, yes, no))
        return (), ()

    rev.with_refs(g, rev.captured(e.then, e.orelse), emit)
    rev.primal[let] = (_widened_cond(let, rev.primal, e, extra),)


def _widened_cond(let: Let, versions: Versions, e: Cond, extra: dict[Block, list[Var]]) -> Let:
    """The primal branch whose sides also return what the reverse of either side reads: a side returns zeros for what
    only the other reads."""
    sides: dict[Block, Sequence[Atom]] = {}
    zeros: dict[Block, list[Let]] = {}
    for this, other in ((e.then, e.orelse), (e.orelse, e.then)):
        b = Builder()
        missing = [b.zeros(v.ty) for v in extra[other]]
        zeros[this] = b.lets
        mine = list(extra[this])
        sides[this] = [*mine, *missing] if this is e.then else [*missing, *mine]
    outs = (*extra[e.then], *extra[e.orelse])
    new = primal_nested(let, versions, outs, sides)
    assert isinstance(new.expr, Cond)
    then, orelse = (
        Block((*side.lets, *zeros[old]), side.results)
        for side, old in ((new.expr.then, e.then), (new.expr.orelse, e.orelse))
    )
    return Let(new.outs, Cond(e.p, then, orelse), let.where)
