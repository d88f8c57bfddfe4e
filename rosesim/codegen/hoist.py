"""Whole numbers and truths of them, computed before the loops that they do not depend on.

LLVM moves what a loop does not change out of it, too, but only after we have written the loop: that a
condition is the same for a whole row has to be known before (`loops` then writes the row twice).
"""

from __future__ import annotations

from dataclasses import replace

from rosesim.ad import deep, ir
from rosesim.ad.ir import Accum, Block, BoolT, Call, Cond, Expr, Func, IntT, Let, Loop, Op, Var


def hoisted(func: Func) -> Func:
    """The same program with such operations as far out as they can be."""
    made: dict[Func, Func] = {}
    for f in ir.reachable(func):
        made[f] = f
        if isinstance(f.body, Block):
            body = _block(f.body, made)
            if body is not f.body:
                made[f] = Func(f.name, f.params, body, f.where)
    return made[func]


def _block(block: Block, made: dict[Func, Func]) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        new = _let(let, made)
        if isinstance(new.expr, Loop):
            new = _lightened(new, new.expr, lets)
        lets.append(new)
    same = len(lets) == len(block.lets) and all(map(lambda a, b: a is b, lets, block.lets))
    return block if same else Block(tuple(lets), block.results)


def _lightened(let: Let, loop: Loop, before: list[Let]) -> Let:
    """The loop without what can be computed before it, which is appended to `before`."""
    bound: set[Var] = {loop.index, *loop.carries}
    kept: list[Let] = []
    for inner in loop.body.lets:
        e = inner.expr
        plain = isinstance(e, Op) and isinstance(inner.outs[0].ty.scalar, IntT | BoolT)
        # Not what is computed from reals: those may be dear, and be wanted in a branch alone.
        if plain and all(isinstance(a.ty.scalar, IntT | BoolT) and a not in bound for a in ir.operands(e)):
            before.append(inner)
        else:
            kept.append(inner)
            bound.update(inner.outs)
    if len(kept) == len(loop.body.lets):
        return let
    return Let(let.outs, replace(loop, body=Block(tuple(kept), loop.body.results)), let.where)


def _let(let: Let, made: dict[Func, Func]) -> Let:
    e = let.expr
    new: Expr = e
    match e:
        case Call(func, args):
            if made[func] is not func:
                new = Call(made[func], args)
        case Loop():
            body = deep.nested(_block, e.body, made)
            test = None if e.test is None else deep.nested(_block, e.test, made)
            if body is not e.body or test is not e.test:
                new = replace(e, body=body, test=test)
        case Cond(p, then, orelse):
            sides = deep.nested(_block, then, made), deep.nested(_block, orelse, made)
            if sides[0] is not then or sides[1] is not orelse:
                new = Cond(p, *sides)
        case Accum(inits, refs, body):
            inner = deep.nested(_block, body, made)
            if inner is not body:
                new = Accum(inits, refs, inner)
        case _:
            pass
    return let if new is e else Let(let.outs, new, let.where)
