"""Additions moved into the loops that make what is added.

The transpose of a product of matrix and vector makes the gradient of the matrix row by row and then adds
all of it to what was there: the matrix is written, read and added once more than needed, each step. Where
an output of a loop is used by one `Add` alone, each iteration adds its part instead, and the output is
gone; so on inwards, down to the scalars. The sums stay the same to the bit: each element is added to as
often as before and in the same order, because nothing else adds to the same ref in between.

So it is with a branch whose result is added: each side adds its own, and where additions may be simplified
the side that adds zero does nothing, which is what most contacts do. And what a branch adds to an accumulator
of its own, only for that to be added elsewhere, it adds there at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from rosesim.ad.program import ir
from rosesim.ad.program.effects import effects
from rosesim.ad.program.ir import Accum, Add, Atom, Block, Cond, Fill, Func, Let, Lit, Loop, SubRef, Var
from rosesim.ad.program.rewrite import rewritten, with_blocks, with_lets
from rosesim.codegen.passes.whole_program import overlapping_refs


def sunk(func: Func, math: str = "strict") -> Func:
    """The same program with additions in the loops and branches that make what is added."""
    overlapping = overlapping_refs(ir.reachable(func))

    def body(f: Func, block: Block, made: Mapping[Func, Func]) -> Block:
        apart = set[Var]() if f in overlapping else {p for p in f.params if p.ty.ref}
        return _Sink(block, apart, made, simplify=math == "fast").block(block)

    return rewritten(func, body, frozenset({Add}))


def _uses(block: Block) -> Counter[Var]:
    """How often each variable is named, nested blocks included."""
    found: Counter[Var] = Counter(a for a in block.results if isinstance(a, Var))
    for let in ir.all_lets(block):
        found.update(a for a in ir.operands(let.expr) if isinstance(a, Var))
        for nested in ir.blocks(let.expr):
            found.update(a for a in nested.results if isinstance(a, Var))
    return found


class _Sink:
    """The pass over one function."""

    def __init__(self, body: Block, apart: set[Var], made: Mapping[Func, Func], *, simplify: bool):
        self.simplify = simplify
        self.uses = _uses(body)
        self.made = made
        exprs = [let.expr for let in ir.all_lets(body)]
        also_known = {e.ref for e in exprs if isinstance(e, SubRef)}
        own = {r for e in exprs if isinstance(e, Accum) for r in e.refs}
        self.zeros = {
            let.outs[0] for let in ir.all_lets(body) if isinstance(let.expr, Fill) and _is_zero(let.expr.value, body)
        }
        self.refs = (own | apart) - also_known
        """Known by one name alone: what is added to them is seen."""

    def block(self, block: Block) -> Block:
        return with_lets(block, [self._nested(let) for let in self._level(block.lets)])

    def _level(self, lets: tuple[Let, ...]) -> list[Let]:
        """The lets of a block with its own additions moved into its own loops."""
        out: list[Let] = []
        maker: dict[Var, int] = {}  # where in `out` the loop or accum is that makes a value
        for let in lets:
            e = let.expr
            if isinstance(e, Add) and isinstance(e.v, Var) and e.v in maker and self.uses[e.v] == 1:
                at = maker[e.v]
                if self._is_detour(e, out[at:]):
                    out[at] = _straight(out[at], e)
                    continue
                if self._may_move(e, out[at:]):
                    out[at] = self._taken_in(out[at], e)
                    continue
            if isinstance(e, Loop) and e.upto is None and e.test is None:
                maker.update(dict.fromkeys(let.outs[len(e.carries) :], len(out)))
            elif isinstance(e, Cond | Accum):
                maker.update(dict.fromkeys(let.outs, len(out)))
            out.append(let)
        return out

    def _may_move(self, add: Add, since: list[Let]) -> bool:
        """Whether nothing from the loop on adds to the same ref, or makes an index of the addition."""
        if add.ref not in self.refs:
            return False
        made_since = {o for let in since for o in let.outs}
        if isinstance(since[0].expr, Accum) and add.v not in since[0].outs[: len(since[0].expr.body.results)]:
            return False  # what has been added up, no result of the body
        # What a branch itself adds comes before what is added of its results, there as here.
        between = since[1:] if isinstance(since[0].expr, Cond) else since
        return not any(i in made_since for i in add.idx) and not any(x.ref is add.ref for x in effects(between))

    def _is_detour(self, add: Add, since: list[Let]) -> bool:
        """Whether an addition is of what an accum has added up, from zero and hardly ever."""
        let, e = since[0], since[0].expr
        if not self.simplify or not isinstance(e, Accum) or any(i in x.outs for x in since for i in add.idx):
            return False
        assert isinstance(add.v, Var)
        k = let.outs.index(add.v) - len(e.body.results)
        if k < 0 or not (e.inits[k] in self.zeros or isinstance(e.inits[k], Lit) and _is_zero(e.inits[k], e.body)):
            return False
        return add.ref not in e.refs and _few(e.body, e.refs[k])

    def _taken_in(self, let: Let, add: Add) -> Let:
        """A loop or branch that adds its part of an output, or an accum that adds a result, before it ends."""
        e = let.expr
        assert isinstance(e, Loop | Accum | Cond) and isinstance(add.v, Var)
        k = let.outs.index(add.v)

        def adding(block: Block, idx: tuple[Atom, ...]) -> Block:
            results = block.results
            rest = (*results[:k], *results[k + 1 :])
            if self.simplify and _is_zero(results[k], block):
                return Block(block.lets, rest)
            return Block((*block.lets, Let((), Add(add.ref, idx, results[k]), let.where)), rest)

        outs = (*let.outs[:k], *let.outs[k + 1 :])
        if isinstance(e, Cond):
            return Let(outs, Cond(e.p, adding(e.then, add.idx), adding(e.orelse, add.idx)), let.where)
        idx = (*add.idx, e.index) if isinstance(e, Loop) else add.idx
        return Let(outs, replace(e, body=adding(e.body, idx)), let.where)

    def _nested(self, let: Let) -> Let:
        """The let with the pass done in its blocks and on the function that it calls."""
        new = with_blocks(let.expr, self.block, self.made)
        return let if new is let.expr else Let(let.outs, new, let.where)


FEW = 2
"""Additions that go straight to where their sum would have gone: more cost more there than one of the sum."""


def _few(block: Block, ref: Var) -> bool:
    """Whether a block adds to a ref a few times at the most: never in a loop or function."""
    count = 0
    stack = [block]
    while stack:
        for let in stack.pop().lets:
            match let.expr:
                case Add(to, _, _) if to is ref:
                    count += 1
                case Cond(_, then, orelse):
                    stack += [then, orelse]
                case Accum(_, _, body):
                    stack.append(body)
                case e if ref in ir.operands(e) or any(ref in ir.free_vars(b) for b in ir.blocks(e)):
                    return False
                case _:
                    pass
    return count <= FEW


def _straight(let: Let, add: Add) -> Let:
    """The accum without the ref whose sum the addition takes: its body adds where that would."""
    e = let.expr
    assert isinstance(e, Accum) and isinstance(add.v, Var)
    n = let.outs.index(add.v)
    k = n - len(e.body.results)
    ref = e.refs[k]

    def moved(block: Block) -> Block:
        lets: list[Let] = []
        for x in block.lets:
            if isinstance(x.expr, Add) and x.expr.ref is ref:
                lets.append(Let((), Add(add.ref, (*add.idx, *x.expr.idx), x.expr.v), x.where))
            else:
                new = with_blocks(x.expr, moved)
                lets.append(x if new is x.expr else Let(x.outs, new, x.where))
        return with_lets(block, lets)

    inits, refs = (*e.inits[:k], *e.inits[k + 1 :]), (*e.refs[:k], *e.refs[k + 1 :])
    return Let((*let.outs[:n], *let.outs[n + 1 :]), Accum(inits, refs, moved(e.body)), let.where)


def _is_zero(a: Atom, block: Block) -> bool:
    """Whether a result is zero, or an array of zeros made in the block."""
    if isinstance(a, Lit):
        return a.value == 0
    return any(a in let.outs and isinstance(let.expr, Fill) and _is_zero(let.expr.value, block) for let in block.lets)
