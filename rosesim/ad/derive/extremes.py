"""The forward derivative of the least or greatest of many terms: that of one of them.

`min(n, f)` is a loop that carries the least term so far. Differentiated step by step, each step passes on one of two
tangents, and the reverse goes through all n terms again, though all but one have a cotangent of zero. Here the loop
finds which term it is, and only the derivative of that one is taken. It is the term that the steps would have
chosen: the first of equal ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rosesim.ad.program.builder import Builder, integer, syms
from rosesim.ad.program.effects import acts
from rosesim.ad.program.ir import Atom, Block, Let, Lit, Loop, Op, Ty, Var, all_lets, operands
from rosesim.ad.program.ops import OPS
from rosesim.ad.program.rewrite import Copy

EXTREMES = ("minimum", "maximum")


@dataclass(frozen=True, slots=True)
class Extreme:
    """A loop that carries the least or greatest of its terms."""

    loop: Loop
    op: Op
    term: Var

    @staticmethod
    def of(e: Loop, is_on: Callable[[Atom], bool]) -> Extreme | None:
        """The loop as an extreme of its terms, where only these carry tangents; else None."""
        if len(e.carries) != 1 or len(e.body.results) != 1 or e.test is not None or e.batch or is_on(e.inits[0]):
            return None
        (carry,), (result,) = e.carries, e.body.results
        last = e.body.lets[-1] if e.body.lets else None
        if last is None or not isinstance(last.expr, Op) or last.expr.name not in EXTREMES:
            return None
        m, term = last.expr.args
        if last.outs[0] is not result or m is not carry or not isinstance(term, Var) or acts(e.body.lets):
            return None
        within = [x for x in all_lets(e.body) if x is not last]
        made = any(term in x.outs for x in e.body.lets)
        return Extreme(e, last.expr, term) if made and all(carry not in operands(x.expr) for x in within) else None

    def primal(self, b: Builder, out: Var) -> Atom:
        """Write the loop, which binds `out`, and return the index of the term that it chose."""
        e = self.loop
        terms, which = Var(Ty(self.term.ty.scalar, (e.n,)), "terms"), Var(e.index.ty, "which")
        all_terms = Loop(
            n=e.n, index=e.index, inits=(), carries=(), body=Block(e.body.lets[:-1], (self.term,)), upto=e.upto
        )
        b.keep(Let((terms,), all_terms, b.where))
        index, so_far, chosen = Var(e.index.ty), Var(e.carries[0].ty, e.carries[0].name), Var(e.index.ty)
        inner = Builder(b)
        term = inner.get(terms, [index])
        choose = OPS[self.op.name].choose
        assert choose is not None
        p, first, second = choose(*syms(inner, so_far, term))
        both = (chosen, index)
        next_ = inner.op("select", p.atom, both[first], both[second], ty=e.index.ty)
        extreme = inner.op(self.op.name, so_far, term)
        loop = Loop(
            n=e.n,
            index=index,
            inits=(e.inits[0], Lit(0, e.index.ty)),
            carries=(so_far, chosen),
            body=inner.block((extreme, next_)),
            upto=e.upto,
            reverse=e.reverse,
        )
        b.keep(Let((out, which), loop, b.where))
        return which

    def at(self, which: Atom) -> tuple[tuple[Let, ...], Atom]:
        """The lets that make the term of an index, and that term."""
        copy = Copy({self.loop.index: which})
        return copy.lets(self.loop.body.lets[:-1]), copy.atom(self.term)

    def tangent(self, b: Builder, t: Atom) -> Atom:
        """The tangent of the extreme, from that of its term: zero where the loop took no step."""
        upto = self.loop.upto
        if upto is None:
            return t
        return b.op("select", b.op("ilt", integer(0), upto), t, b.zeros(t.ty))
