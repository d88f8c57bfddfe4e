"""What follows a branch that is mostly empty, moved into its sides.

A sum over pairs within reach is `cond(near, force, nothing)`, and its reverse goes on after the branch with what the
force gave: zeros for a pair out of reach, which it multiplies, masks and adds all the same. Written on both sides of
the branch, these operations fold away on the empty one. What is left for a pair out of reach is the question.

An addition of zero is left out, so strict code (-0.0 + 0.0 is 0.0) does not take this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rosesim.ad.program.builder import Builder
from rosesim.ad.program.cost import block_work
from rosesim.ad.program.ir import Add, Atom, Block, Cond, Func, Get, Let, Lit, Loop, Op, Var
from rosesim.ad.program.rewrite import rewritten, with_blocks, with_lets

LONGEST = 64
"""Lets that are written twice, at most."""

LEAST_WORK = 20
"""Work of the side that is not empty, from which on a jump over it pays."""


def absorbed(func: Func) -> Func:
    """The program with such lets in the sides of the branch before them."""
    return rewritten(func, lambda f, block, made: _block(block, made), frozenset({Loop}))


def _block(block: Block, made: Mapping[Func, Func]) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        e = with_blocks(let.expr, lambda b: _block(b, made), made)
        if isinstance(e, Loop):
            e = _loop(e)
        lets.append(let if e is let.expr else Let(let.outs, e, let.where))
    return with_lets(block, lets)


def _loop(e: Loop) -> Loop:
    """A loop with one branch in its body, and straight code after it."""
    at = [k for k, x in enumerate(e.body.lets) if isinstance(x.expr, Cond)]
    if len(at) != 1 or any(isinstance(x.expr, Loop) for x in e.body.lets):
        return e
    *before, let = e.body.lets[: at[0] + 1]
    tail = e.body.lets[at[0] + 1 :]
    branch = let.expr
    assert isinstance(branch, Cond)
    sides = (branch.then, branch.orelse)
    if not any(map(_is_empty, sides)) or max(map(block_work, sides)) < LEAST_WORK or not _may_move(tail):
        return e
    later: set[Atom] = {*let.outs, *(o for x in tail for o in x.outs)}
    results: list[Atom] = [r for r in dict.fromkeys(e.body.results) if r in later]
    new = [_side(side, let.outs, tail, results) for side in sides]
    outs: dict[Atom, Var] = {r: Var(r.ty) for r in results}
    moved = Let(tuple(outs.values()), Cond(branch.p, *new), let.where)
    return replace(e, body=Block((*before, moved), tuple(outs.get(r, r) for r in e.body.results)))


def _is_empty(side: Block) -> bool:
    return not side.lets and all(isinstance(r, Lit) for r in side.results)


def _may_move(tail: Sequence[Let]) -> bool:
    """Whether lets are few scalar operations, reads and additions, of which at least one is an addition."""
    scalar = all(isinstance(x.expr, Op | Get | Add) and not any(o.ty.shape for o in x.outs) for x in tail)
    return scalar and len(tail) <= LONGEST and any(isinstance(x.expr, Add) for x in tail)


def _side(side: Block, outs: Sequence[Var], tail: Sequence[Let], results: Sequence[Atom]) -> Block:
    """A side that goes on with the tail."""
    b = Builder()
    for let in side.lets:
        b.keep(let)
    names: dict[Atom, Atom] = dict(zip(outs, side.results, strict=True))

    def atom(a: Atom) -> Atom:
        return names.get(a, a)

    for let in tail:
        b.where = let.where
        match let.expr:
            case Op(name, args):
                names[let.outs[0]] = _op(b, name, tuple(map(atom, args)), let.outs[0])
            case Get(x, idx):
                names[let.outs[0]] = b.get(atom(x), tuple(map(atom, idx)))
            case Add(ref, idx, v):
                if not _is_nothing(atom(v)):
                    b.add(ref, tuple(map(atom, idx)), atom(v))
            case e:
                raise AssertionError(e)
    return b.block([atom(r) for r in results])


def _op(b: Builder, name: str, args: tuple[Atom, ...], out: Var) -> Atom:
    """The operator's result; where a zero is added, the other term."""
    if name in ("add", "sub") and _is_nothing(args[1]):
        return args[0]
    if name == "add" and _is_nothing(args[0]):
        return args[1]
    return b.op(name, *args, ty=out.ty)


def _is_nothing(a: Atom) -> bool:
    return isinstance(a, Lit) and a.value == 0
