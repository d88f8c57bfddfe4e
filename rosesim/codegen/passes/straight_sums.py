"""Accumulators that only straight code adds to, made plain sums.

The reverse of `vec(3, ...)` adds numbers up in refs of its own. Once its loop is written out, who adds what is
known: the sum is a value like any other, and the ref and its block, which no pass looks through, are gone.

A branch gives the sums of its side. The additions keep their order. In strict code each addition stays, also that of
zero (-0.0 + 0.0 is 0.0).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rosesim.ad.passes.renaming import Renaming
from rosesim.ad.passes.simplify import nested_free
from rosesim.ad.program.builder import joining
from rosesim.ad.program.ir import Accum, Add, Atom, Block, Cond, Func, Let, Lit, Op, Ty, Var, blocks
from rosesim.ad.program.rewrite import rewritten
from rosesim.ad.support import recursion


def summed(func: Func, math: str = "strict") -> Func:
    """The program with such accumulators as sums; fast code leaves out the addition of a zero."""
    return rewritten(func, lambda f, block, made: _Summed(made, math == "fast").block(block), frozenset({Accum}))


class _Summed(Renaming):
    def __init__(self, made: Mapping[Func, Func], fast: bool):
        super().__init__(made)
        self.fast = fast

    def lets(self, let: Let) -> Iterable[Let]:
        e = let.expr
        if not isinstance(e, Accum) or any(r.ty.shape for r in e.refs) or not _is_straight(e.body, set(e.refs)):
            return [let]
        lets, totals = self._summed(e.body.lets, dict(zip(e.refs, e.inits, strict=True)))
        for out, value in zip(let.outs, (*e.body.results, *totals.values()), strict=True):
            self.rename(out, value)
        return lets

    def _summed(self, body: Sequence[Let], totals: dict[Var, Atom]) -> tuple[list[Let], dict[Var, Atom]]:
        """Lets without their additions, and the totals after them."""
        lets: list[Let] = []
        totals = dict(totals)
        for x in body:
            match x.expr:
                case Add(ref, _, v) if ref in totals:
                    totals[ref] = self._sum(lets, totals[ref], v, x)
                case Cond(p, then, orelse):
                    sides = [recursion.nested(self._summed, side.lets, totals) for side in (then, orelse)]
                    changed = [r for r in totals if any(after[r] is not totals[r] for _, after in sides)]
                    outs = tuple(Var(Ty(r.ty.scalar)) for r in changed)
                    made = [
                        Block(tuple(new), (*side.results, *(after[r] for r in changed)))
                        for side, (new, after) in zip((then, orelse), sides, strict=True)
                    ]
                    lets.append(Let((*x.outs, *outs), Cond(p, *made), x.where) if changed else x)
                    totals.update(zip(changed, outs, strict=True))
                case _:
                    lets.append(x)
        return lets, totals

    def _sum(self, lets: list[Let], total: Atom, v: Atom, at: Let) -> Atom:
        if self.fast and isinstance(v, Lit) and v.value == 0:
            return total
        if self.fast and isinstance(total, Lit) and total.value == 0:
            return v
        new = Var(total.ty)
        lets.append(Let((new,), Op(joining(total.ty), (total, v)), at.where))
        return new


def _is_straight(block: Block, refs: set[Var]) -> bool:
    """Whether all that a block does with refs to single numbers is to add to them, outside of loops."""
    return all(
        all(recursion.nested(_is_straight, side, refs) for side in blocks(x.expr))
        if isinstance(x.expr, Cond)
        else isinstance(x.expr, Add) or not refs & nested_free(x.expr)
        for x in block.lets
    )
