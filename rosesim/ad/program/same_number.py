"""Whether two atoms are results of the same computation.

A builder shares equal operators, so those are one variable already. It does not share loops; this compares them.
"""

from __future__ import annotations

from collections.abc import Callable

from rosesim.ad.program.ir import Atom, Expr, Get, Lit, Loop, Op, Stack, Var

MOST_LETS = 100
"""After comparing this many lets, two computations count as different."""


def same_number(made_by: Callable[[Atom], Expr | None], x: Atom, y: Atom) -> bool:
    """Whether x and y are provably the same number."""
    return x is y or _Pairs(made_by).same(x, y)


class _Pairs:
    """Pairs of variables, one of each computation, that have the same value."""

    def __init__(self, made_by: Callable[[Atom], Expr | None]):
        self._made_by = made_by
        self._known: dict[Var, Var] = {}
        self._local: dict[Var, Expr] = {}
        self._left = MOST_LETS

    def same(self, x: Atom, y: Atom) -> bool:
        if isinstance(x, Lit) or isinstance(y, Lit):
            return x == y
        if x is y or self._known.get(x) is y:
            return True
        self._left -= 1
        if self._left < 0 or x.ty != y.ty or not self._same_made(self._made(x), self._made(y)):
            return False
        self._known[x] = y
        return True

    def _made(self, v: Var) -> Expr | None:
        return self._local.get(v) or self._made_by(v)

    def _each(self, xs: tuple[Atom, ...], ys: tuple[Atom, ...]) -> bool:
        return len(xs) == len(ys) and all(self.same(x, y) for x, y in zip(xs, ys, strict=True))

    def _same_made(self, e: Expr | None, f: Expr | None) -> bool:
        match e, f:
            case Op(name, xs), Op(other, ys):
                return name == other and self._each(xs, ys)
            case Get(x, i), Get(y, j):
                return self.same(x, y) and self._each(i, j)
            case Stack(xs), Stack(ys):
                return self._each(xs, ys)
            case Loop() as p, Loop() as q if p.test is None and q.test is None:
                return self._same_loops(p, q)
            case _:
                return False

    def _same_loops(self, p: Loop, q: Loop) -> bool:
        ends = (p.upto is None and q.upto is None) or (
            p.upto is not None and q.upto is not None and self.same(p.upto, q.upto)
        )
        if p.n != q.n or p.reverse != q.reverse or not ends or not self._each(p.inits, q.inits):
            return False
        self._known |= dict(zip((p.index, *p.carries), (q.index, *q.carries), strict=True))
        for body in (p.body, q.body):
            self._local |= {let.outs[0]: let.expr for let in body.lets if len(let.outs) == 1}
        return self._each(p.body.results, q.body.results)
