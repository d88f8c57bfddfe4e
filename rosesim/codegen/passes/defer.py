"""Outer products added once in several steps.

The gradient of a layer's weights is a sum over all steps of products of two short vectors. Adding each where
it arises reads and writes the whole matrix a step, which costs more than the products. Where a loop's body
adds, to each element of an accumulator of the outside, one number made of vectors of the step, the loop
is cut into blocks of steps; the vectors are kept for a block, and then each element takes the additions of
all its steps at once. Every element is added to as often as before and in the same order, so no bit changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rosesim.ad.program import ir
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Expr,
    Func,
    Get,
    IntT,
    Let,
    Lit,
    Loop,
    Op,
    Ty,
    Var,
    index_ty,
)
from rosesim.ad.program.rewrite import Copy, rewritten, with_blocks, with_lets
from rosesim.ad.support import recursion

BLOCK = 8
"""Steps whose additions are made together."""

LARGE = 32
"""Numbers of an accumulator from which on it is worth it."""

LONGEST = 8
"""Operations of which an addition that waits may be made."""

SHARE = 4
"""The vectors of a step must have so many times fewer numbers than the accumulator."""


def deferred(func: Func) -> Func:
    """The same program with such additions made block by block."""
    return rewritten(func, lambda f, block, made: _block(block, made), frozenset({Loop}))


def _block(block: Block, made: Mapping[Func, Func]) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        # The outer loop first: cutting an inner one would hide from it what is added where.
        sites = _sites(let) if isinstance(let.expr, Loop) else []
        for x in _in_blocks(let, sites) if sites else [let]:
            new = with_blocks(x.expr, lambda b: _block(b, made), made)
            lets.append(x if new is x.expr else Let(x.outs, new, x.where))
    return with_lets(block, lets)


# --------------------------------------------------------------------------------- finding them


@dataclass(slots=True)
class _Site:
    """An addition in a nest of loops within a step."""

    let: Let
    nest: tuple[Loop, ...]
    value: Atom
    """What is added."""
    steps: dict[Var, None] = field(default_factory=dict[Var, None])
    """What that is made of, of the step's own variables."""
    made: dict[Var, Op | Get] = field(default_factory=dict[Var, Op | Get])
    """How the variables within the nest are made of those and of each other."""

    @property
    def add(self) -> Add:
        assert isinstance(self.let.expr, Add)
        return self.let.expr


def _sites(let: Let) -> list[_Site]:
    """The additions of a loop's steps that can wait."""
    loop = let.expr
    assert isinstance(loop, Loop)
    plain = loop.upto is None and loop.test is None and len(let.outs) == len(loop.carries)
    if not plain or loop.n < 2 * BLOCK:
        return []
    inside = list(ir.all_lets(loop.body))
    bound = {v for inner in inside for v in (*inner.outs, *ir.binders(inner.expr))}
    named = Counter(a for inner in inside for a in ir.operands(inner.expr) if isinstance(a, Var) and a.ty.ref)
    own = {loop.index, *loop.carries, *(o for inner in loop.body.lets for o in inner.outs)}
    found: list[_Site] = []

    def look(block: Block, nest: tuple[Loop, ...], made: dict[Var, Expr], same: dict[Var, Atom]) -> None:
        for inner in block.lets:
            match inner.expr:
                case Loop() as e if e.upto is None and e.test is None:
                    unchanged = {c: a for c, a, r in zip(e.carries, e.inits, e.body.results, strict=False) if r is c}
                    recursion.nested(look, e.body, (*nest, e), dict(made), {**same, **unchanged})
                case Accum(_, _, body):
                    recursion.nested(look, body, nest, dict(made), same)
                case Add(ref, idx, v) if ref not in bound and named[ref] == 1 and ref.ty.size >= LARGE:
                    counters = tuple(e.index for e in nest)
                    if set(idx) == set(counters) and len(idx) == len(counters):
                        site = _read(inner, nest, v, made, same, own, bound)
                        if site is not None:
                            found.append(site)
                case e:
                    if nest:
                        made.update((o, e) for o in inner.outs)

    look(loop.body, (), {}, {})
    return found


def _read(
    let: Let,
    nest: tuple[Loop, ...],
    v: Atom,
    made: dict[Var, Expr],
    same: dict[Var, Atom],
    own: set[Var],
    bound: set[Var],
) -> _Site | None:
    """What is added, down to variables of the step; None where it is made of anything but operators and elements."""
    counters = {e.index for e in nest}

    def start(a: Atom) -> Atom:
        """What a carry that never changes began as."""
        while isinstance(a, Var) and a in same:
            a = same[a]
        return a

    def visit(a: Atom) -> bool:
        if isinstance(a, Lit) or a in counters or a in site.made:
            return True
        if a in own:
            site.steps[a] = None
            return True
        if a not in made:
            return a not in bound  # what the nest makes by a loop or a branch of its own cannot be read again outside
        e = made[a]
        if not isinstance(e, Op | Get):
            return False
        site.made[a] = Op(e.name, tuple(map(start, e.args))) if isinstance(e, Op) else e
        return all(map(visit, ir.operands(site.made[a])))

    add = let.expr
    assert isinstance(add, Add)
    site = _Site(let, nest, start(v))
    kept = visit(site.value) and len(site.made) <= LONGEST
    small = sum(x.ty.size for x in site.steps) * SHARE <= add.ref.ty.size
    return site if kept and small and site.steps else None


# --------------------------------------------------------------------------------- moving them


def _in_blocks(let: Let, sites: Sequence[_Site]) -> list[Let]:
    """The loop as blocks of steps, and the steps that are left over: the last ones of it."""
    loop = let.expr
    assert isinstance(loop, Loop)
    blocks, rest = divmod(loop.n, BLOCK)
    middle = tuple(Var(c.ty, c.name) for c in loop.carries)
    lets: list[Let] = []
    if loop.reverse:
        if rest:
            lets.append(_left_over(let, loop, loop.inits, middle, blocks * BLOCK, rest))
        lets.append(_blocked(let, loop, sites, middle if rest else loop.inits, let.outs, blocks))
    else:
        lets.append(_blocked(let, loop, sites, loop.inits, middle if rest else let.outs, blocks))
        if rest:
            lets.append(_left_over(let, loop, middle, let.outs, blocks * BLOCK, rest))
    return lets


def _left_over(let: Let, loop: Loop, inits: Sequence[Atom], outs: Sequence[Var], first: int, n: int) -> Let:
    t = Var(index_ty(n), "t")
    at = Var(Ty(IntT(first, first + n - 1)), loop.index.name)
    copy = Copy({loop.index: at})
    carries = tuple(map(copy.bind, loop.carries))
    body = copy.block(loop.body)
    counted = Let((at,), Op("iadd", (t, Lit(first, Ty(IntT(first, first))))), let.where)
    body = Block((counted, *body.lets), body.results)
    return Let(
        tuple(outs),
        Loop(n=n, index=t, inits=tuple(inits), carries=carries, body=body, reverse=loop.reverse),
        let.where,
    )


def _blocked(
    let: Let, loop: Loop, sites: Sequence[_Site], inits: Sequence[Atom], outs: Sequence[Var], blocks: int
) -> Let:
    number, t = Var(index_ty(blocks), "block"), Var(index_ty(BLOCK), "t")
    start = Var(Ty(IntT(0, (blocks - 1) * BLOCK)))
    at = Var(index_ty(blocks * BLOCK), loop.index.name)
    begun = Let((start,), Op("imul", (number, Lit(BLOCK, Ty(IntT(BLOCK, BLOCK))))), let.where)
    counted = Let((at,), Op("iadd", (start, t)), let.where)
    kept = list(dict.fromkeys(x for site in sites for x in site.steps if x is not loop.index))
    gone = {id(site.let) for site in sites}
    body = _without(loop.body, gone)
    copy = Copy({loop.index: at})
    around = tuple(map(copy.bind, loop.carries))  # of the loop over blocks
    within = tuple(map(copy.bind, loop.carries))  # of the loop over the steps of one
    inner = copy.block(Block(body.lets, (*body.results, *kept)))
    inner = Block((counted, *inner.lets), inner.results)
    finals = tuple(Var(c.ty) for c in within)
    stacks = {x: Var(Ty(x.ty.scalar, (BLOCK, *x.ty.shape))) for x in kept}
    steps = Loop(n=BLOCK, index=t, inits=around, carries=within, body=inner, reverse=loop.reverse)
    lets = [begun, Let((*finals, *stacks.values()), steps, let.where)]
    order = range(BLOCK)[::-1] if loop.reverse else range(BLOCK)
    for site in sites:
        lets.extend(_additions(site, stacks, loop.index, start, order))
    whole = Loop(
        n=blocks,
        index=number,
        inits=tuple(inits),
        carries=around,
        body=Block(tuple(lets), finals),
        reverse=loop.reverse,
    )
    return Let(tuple(outs), whole, let.where)


def _without(block: Block, gone: set[int]) -> Block:
    """A block without some of the lets in it, wherever they are."""
    lets: list[Let] = []
    for let in block.lets:
        if id(let) in gone:
            continue
        new = with_blocks(let.expr, lambda b: _without(b, gone))
        lets.append(let if new is let.expr else Let(let.outs, new, let.where))
    return with_lets(block, lets)


def _additions(site: _Site, stacks: dict[Var, Var], index: Var, start: Var, order: Sequence[int]) -> list[Let]:
    """The additions of a block of steps: a nest as it was, in whose middle each element takes all of them.

    `index` counts the steps; the block's first is `start`.
    """
    counters = {e.index for e in site.nest}
    env: dict[Var, Atom] = {}

    def level(k: int, done: dict[tuple[int, Var], Var]) -> list[Let]:
        """The loops from the k-th on; `done`: what the loops around have read already, by step."""
        lets: list[Let] = []

        def value(step: int, a: Atom) -> Atom | None:
            """An atom of the nest for one step; None where it needs a loop further in."""
            if isinstance(a, Lit):
                return a
            if a in counters:
                return env.get(a)
            if (step, a) in done:
                return done[step, a]
            if a is index:
                return let(step, a, Op("iadd", (start, Lit(step, Ty(IntT(step, step))))))
            if a in stacks:
                return let(step, a, Get(stacks[a], (Lit(step, index_ty(BLOCK)),)))
            if a not in site.made:
                return a
            e = site.made[a]
            first = [Lit(step, index_ty(BLOCK))] if isinstance(e, Get) and e.x in stacks else []
            whole = e.x if isinstance(e, Get) else None
            atoms = [value(step, x) for x in (ir.operands(e) if isinstance(e, Op) else e.idx)]
            if any(x is None for x in atoms):
                return None
            found = tuple(x for x in atoms if x is not None)
            if isinstance(e, Op):
                return let(step, a, Op(e.name, found))
            assert whole is not None
            return let(step, a, Get(stacks.get(whole, whole) if isinstance(whole, Var) else whole, (*first, *found)))

        def let(step: int, a: Var, e: Expr) -> Var:
            out = done[step, a] = Var(a.ty)
            lets.append(Let((out,), e, site.let.where))
            return out

        for step in order:  # what can be read here is not read further in
            for a in (*site.steps, *site.made):
                if not a.ty.shape:
                    value(step, a)
        if k < len(site.nest):
            e = site.nest[k]
            env[e.index] = i = Var(e.index.ty, e.index.name)
            lets.append(
                Let(
                    (),
                    Loop(n=e.n, index=i, inits=(), carries=(), body=Block(tuple(level(k + 1, dict(done))), ())),
                    site.let.where,
                )
            )
            return lets
        place = tuple(env[i] if isinstance(i, Var) else i for i in site.add.idx)
        for step in order:
            v = value(step, site.value)
            assert v is not None
            lets.append(Let((), Add(site.add.ref, place, v), site.let.where))
        return lets

    return level(0, {})
