"""Additions at shifted places in two stages: all terms of a row first, then each element takes its own.

The reverse of a stencil adds to neighbours: iteration i to the elements i - 1 and i + 1. Iterations then write what
others write, and no vector unit can run them side by side. `scatter_to_gather` turns that round where the terms are
short enough to be computed once for each place that they go to. Where they are long (the reverse of a collision of
nine streams takes hundreds of operations), or go to an array of another length, the terms of an innermost loop are
kept, a row of them; a second loop adds to each element the terms that go there. The row stays in the first cache, and
both loops run in vectors. The second one is cut where an edge begins, so that the interior has no condition.

Elements take their terms in another order than before, so strict code does not take this.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rosesim.ad.program import ir
from rosesim.ad.program.builder import Builder, integer
from rosesim.ad.program.ir import Add, Atom, Block, Expr, FloatT, Func, IntT, Let, Lit, Loop, Op, Ty, Var, index_ty
from rosesim.ad.program.rewrite import rewritten, with_blocks, with_lets

FARTHEST = 4
"""Cells that a place may be moved by: at a clamped edge each of them is a term more."""

FEWEST = 16
"""Iterations from which on a second loop is worth it."""

MOST_PIECES = 12
"""Into which the second loop may be cut."""


def staged(func: Func) -> Func:
    """The program with such additions in two stages."""
    return rewritten(func, lambda f, block, made: _block(block, made), frozenset({Loop}))


def _block(block: Block, made: Mapping[Func, Func]) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        e = let.expr
        if isinstance(e, Loop) and _is_innermost(e):
            before, loop = _without_counting(e)
            found = _Row(let if not before else Let(let.outs, loop, let.where), loop).staged()
            lets.extend([*before, *found] if len(found) > 1 else [let])
            continue
        new = with_blocks(e, lambda b: _block(b, made), made)
        lets.append(let if new is e else Let(let.outs, new, let.where))
    return with_lets(block, lets)


def _is_innermost(e: Loop) -> bool:
    """Whether a loop runs from end to end, and no other or call within it."""
    plain = e.upto is None and e.test is None and not e.batch and e.lanes == 1 and e.n >= FEWEST
    return plain and not any(isinstance(x.expr, Loop | ir.Call | ir.Accum) for x in ir.all_lets(e.body))


def _without_counting(e: Loop) -> tuple[list[Let], Loop]:
    """The integers that a loop makes of those around it alone, before the loop; and the loop without them."""
    varying: set[Atom] = {e.index, *e.carries}
    before: list[Let] = []
    lets: list[Let] = []
    for let in e.body.lets:
        x = let.expr
        if isinstance(x, Op) and isinstance(let.outs[0].ty.scalar, IntT) and not varying & set(x.args):
            before.append(let)
        else:
            lets.append(let)
            varying.update(let.outs)
    return before, replace(e, body=Block(tuple(lets), e.body.results)) if before else e


@dataclass(frozen=True, slots=True)
class _Scatter:
    """An addition by each of `count` iterations: to the element i + by of n of one dimension of a ref."""

    let: Let
    ref: Var
    dimension: int
    n: int
    count: int
    by: int
    rule: str
    """int_wrap, int_clamp, or none: then all places are elements."""
    value: Atom
    negative: bool

    @property
    def around(self) -> tuple[Atom, ...]:
        """Where it goes along the other dimensions."""
        assert isinstance(self.let.expr, Add)
        return tuple(a for k, a in enumerate(self.let.expr.idx) if k != self.dimension)


class _No(Exception):
    """These additions stay as they are."""


class _Row:
    """An innermost loop, and what it adds."""

    def __init__(self, let: Let, loop: Loop):
        self.let, self.loop = let, loop
        inside = list(ir.all_lets(loop.body))
        self.bound: set[Atom] = {loop.index, *loop.carries, *(o for x in inside for o in x.outs)}
        self.made: dict[Atom, Expr] = {x.outs[0]: x.expr for x in inside if isinstance(x.expr, Op)}
        self.named = Counter(a for x in inside for a in ir.operands(x.expr) if a.ty.ref)

    def staged(self) -> list[Let]:
        """The lets in the place of the loop; the loop alone where it adds nothing to neighbours."""
        found: dict[Var, list[_Scatter]] = {}
        for x in self.loop.body.lets:
            if isinstance(x.expr, Add):
                try:
                    found.setdefault(x.expr.ref, []).append(self._scatter(x, x.expr))
                except _No:
                    continue
        scatters: list[_Scatter] = []
        for ref, each in found.items():
            # One that is not understood may go anywhere: then no loop over the ref runs in vectors anyway.
            if len(each) == self.named[ref] and any(s.by or s.rule for s in each):
                scatters += each
        if not scatters:
            return [self.let]
        rows = {
            s.value: Var(Ty(s.value.ty.scalar, (self.loop.n,)), "terms") for s in scatters if s.value in self.bound
        }
        b = Builder(where=self.let.where)
        try:
            for same in _alike(scatters):
                _gather(b, same, rows)
        except _No:
            return [self.let]
        gone = {id(s.let) for s in scatters}
        body = Block(tuple(x for x in self.loop.body.lets if id(x) not in gone), (*self.loop.body.results, *rows))
        first = Let((*self.let.outs, *rows.values()), replace(self.loop, body=body), self.let.where)
        return [first, *b.lets]

    def _scatter(self, let: Let, e: Add) -> _Scatter:
        moved = [k for k, a in enumerate(e.idx) if a in self.bound]
        if len(moved) != 1 or len(e.idx) != len(e.ref.ty.shape) or not isinstance(e.ref.ty.scalar, FloatT):
            raise _No
        (k,) = moved
        n = e.ref.ty.shape[k]
        by, rule = self._place(e.idx[k], n)
        value, negative = e.v, False
        while isinstance(x := self.made.get(value), Op) and x.name == "neg":
            value, negative = x.args[0], not negative
        return _Scatter(let, e.ref, k, n, self.loop.n, by, rule, value, negative)

    def _place(self, a: Atom, n: int) -> tuple[int, str]:
        """By how much a place is moved from the loop's own index, and by what rule it stays within n."""
        rule = ""
        e = self.made.get(a)
        match e:
            case Op("int_clamp" | "int_wrap" as name, (x, Lit(size))) if size == n:
                rule, a = name, x
            case _:
                pass
        by = 0
        match self.made.get(a):
            case Op("iadd", (Var() as i, Lit(k))) | Op("iadd", (Lit(k), Var() as i)):
                a, by = i, int(k)
            case Op("isub", (Var() as i, Lit(k))):
                a, by = i, -int(k)
            case _:
                pass
        if a is not self.loop.index or abs(by) > FARTHEST or (rule == "int_wrap" and self.loop.n != n):
            raise _No
        return by, rule


def _alike(scatters: Sequence[_Scatter]) -> list[list[_Scatter]]:
    """The additions by the row of a ref that they go to."""
    rows: dict[tuple[object, ...], list[_Scatter]] = {}
    for s in scatters:
        place = tuple(a if isinstance(a, Var) else a.value for a in s.around)
        rows.setdefault((s.ref, s.dimension, *place), []).append(s)
    return list(rows.values())


def _gather(b: Builder, scatters: Sequence[_Scatter], rows: Mapping[Atom, Var]) -> None:
    """Add to each element of a row its terms: a loop for each stretch of elements that the same iterations reach."""
    n = scatters[0].n
    cuts = sorted({0, n, *(c for s in scatters for c in _cuts(s) if 0 < c < n)})
    if len(cuts) > MOST_PIECES:
        raise _No
    for first, end in itertools.pairwise(cuts):
        index = Var(index_ty(end - first))
        inner = Builder(b)
        total: Atom | None = None
        for s in scatters:
            for offset, single in _reached(s, first, end):
                at = Lit(single, index_ty(s.count)) if offset is None else inner.op("iadd", index, integer(offset))
                term = inner.get(rows[s.value], [at]) if s.value in rows else s.value
                if total is None:
                    total = inner.op("neg", term) if s.negative else term
                else:
                    total = inner.op("sub" if s.negative else "add", total, term)
        if total is not None:
            place = list(scatters[0].around)
            place.insert(scatters[0].dimension, inner.op("iadd", index, integer(first)))
            inner.add(scatters[0].ref, place, total)
            b.let(Loop(n=end - first, index=index, inits=(), carries=(), body=inner.block(())))


def _clamped(s: _Scatter) -> list[tuple[int, range]]:
    """The edges, and the iterations that are clamped there from beyond."""
    if s.rule != "int_clamp":
        return []
    edges = [(0, range(0, min(-s.by, s.count))), (s.n - 1, range(max(s.n - s.by, 0), s.count))]
    if sum(len(r) for _, r in edges) > FARTHEST:
        raise _No
    return [(edge, r) for edge, r in edges if len(r)]


def _cuts(s: _Scatter) -> list[int]:
    """Where along the elements the iterations that reach them change."""
    if s.rule == "int_wrap":
        return [s.by % s.n]
    cuts = [s.by, s.count + s.by]
    for edge, _ in _clamped(s):
        cuts += [edge, edge + 1]
    return cuts


def _reached(s: _Scatter, first: int, end: int) -> Iterator[tuple[int | None, int]]:
    """The iterations that add to the elements from first to end - 1: moved by an offset, or a single one."""
    if s.rule == "int_wrap":
        by = s.by % s.n
        yield (first - by if first >= by else first - by + s.n), 0
        return
    if s.by <= first and end <= s.count + s.by:
        yield first - s.by, 0
    for edge, iterations in _clamped(s):
        if (first, end) == (edge, edge + 1):
            for i in iterations:
                yield None, i
