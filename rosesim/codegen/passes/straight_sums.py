"""Accumulators that only straight code adds to, made plain sums.

The reverse of `vec(3, ...)` adds numbers up in refs of its own. Once its loop is written out, who adds what is
known: the sum is a value like any other, and the ref and its block, which no pass looks through, are gone.

The additions keep their order. In strict code each addition stays, also that of zero (-0.0 + 0.0 is 0.0).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rosesim.ad.passes.renaming import Renaming
from rosesim.ad.passes.simplify import nested_free
from rosesim.ad.program.builder import joining
from rosesim.ad.program.ir import Accum, Add, Atom, Func, Let, Lit, Op, Var
from rosesim.ad.program.rewrite import rewritten


def summed(func: Func, math: str = "strict") -> Func:
    """The program with such accumulators as sums; fast code leaves out the addition of a zero."""
    return rewritten(func, lambda f, block, made: _Summed(made, math == "fast").block(block))


class _Summed(Renaming):
    def __init__(self, made: Mapping[Func, Func], fast: bool):
        super().__init__(made)
        self.fast = fast

    def lets(self, let: Let) -> Iterable[Let]:
        e = let.expr
        if not isinstance(e, Accum) or not _is_straight(e):
            return [let]
        totals: dict[Atom, Atom] = dict(zip(e.refs, e.inits, strict=True))
        lets: list[Let] = []
        for x in e.body.lets:
            if isinstance(x.expr, Add) and x.expr.ref in totals:
                totals[x.expr.ref] = self._sum(lets, totals[x.expr.ref], x.expr.v, x)
            else:
                lets.append(x)
        for out, value in zip(let.outs, (*e.body.results, *totals.values()), strict=True):
            self.rename(out, value)
        return lets

    def _sum(self, lets: list[Let], total: Atom, v: Atom, at: Let) -> Atom:
        if self.fast and isinstance(v, Lit) and v.value == 0:
            return total
        if self.fast and isinstance(total, Lit) and total.value == 0:
            return v
        new = Var(total.ty)
        lets.append(Let((new,), Op(joining(total.ty), (total, v)), at.where))
        return new


def _is_straight(e: Accum) -> bool:
    """Whether all that the block does with its refs, each a single number, is to add to them directly."""
    refs = set(e.refs)
    if any(r.ty.shape for r in refs):
        return False
    return not any(refs & nested_free(x.expr) for x in e.body.lets if not isinstance(x.expr, Add))
