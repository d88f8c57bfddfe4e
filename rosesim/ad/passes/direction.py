"""Loops run forwards where nobody can tell.

A reverse is made of loops that run backwards. Where a loop carries nothing and each iteration adds to
places of its own, the order is free to the last bit, and forwards is what vector units and caches like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rosesim.ad.passes.simplify import may_stop
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Block,
    Call,
    Cond,
    Data,
    Fill,
    Func,
    Get,
    Guard,
    Let,
    Loop,
    Op,
    Put,
    Stack,
    Stop,
    SubRef,
    Var,
    binders,
    blocks,
    unknown,
)
from rosesim.ad.program.rewrite import with_blocks


def forwards(func: Func) -> Func:
    """The same function with its backward loops turned forward where the order is free."""
    if not isinstance(func.body, Block):
        return func
    body = _block(func.body)
    return func if body is func.body else Func(func.name, func.params, body, func.where, func.rules)


def _block(block: Block) -> Block:
    lets = tuple(map(_let, block.lets))
    return block if all(map(lambda a, b: a is b, lets, block.lets)) else Block(lets, block.results)


def _let(let: Let) -> Let:
    e = with_blocks(let.expr, _block)
    if isinstance(e, Loop) and e.reverse and not e.carries and _is_free(e):
        e = replace(e, reverse=False)
    return let if e is let.expr else Let(let.outs, e, let.where)


def _is_free(loop: Loop) -> bool:
    """Whether iterations add to places of their own alone, and none can stop the program."""
    own: set[Var] = set()  # refs made in the body, and parts of others that belong to one iteration
    for let in _in_order(loop.body):
        own.update(v for v in binders(let.expr) if v.ty.ref)
        match let.expr:
            case Guard():
                return False
            case Add(ref, idx, _):
                if ref not in own and loop.index not in idx:
                    return False
            case SubRef(ref, idx):
                if ref in own or loop.index in idx:
                    own.add(let.outs[0])
            case Call(func, args):
                if may_stop(func) or any(isinstance(a, Var) and a.ty.ref and a not in own for a in args):
                    return False
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Loop() | Cond() | Accum():
                pass
            case _:
                unknown(let.expr)
    return True


def _in_order(block: Block) -> Iterator[Let]:
    """All lets in the order of the text, each before those nested in it."""
    stack = list(reversed(block.lets))
    while stack:
        let = stack.pop()
        yield let
        for nested in reversed(blocks(let.expr)):
            stack.extend(reversed(nested.lets))
