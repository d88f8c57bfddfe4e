"""Loops run forwards where nobody can tell.

A reverse is made of loops that run backwards. Where a loop carries nothing and each iteration adds to
places of its own, the order is free to the last bit, and forwards is what vector units and caches like.
"""

from __future__ import annotations

from dataclasses import replace

from rosesim.ad.program.effects import in_any_order
from rosesim.ad.program.ir import Block, Func, Let, Loop
from rosesim.ad.program.rewrite import with_blocks, with_lets


def forwards(func: Func) -> Func:
    """The same function with its backward loops turned forward where the order is free."""
    if not isinstance(func.body, Block):
        return func
    body = _block(func.body)
    return func if body is func.body else Func(func.name, func.params, body, func.where, func.rules)


def _block(block: Block) -> Block:
    return with_lets(block, list(map(_let, block.lets)))


def _let(let: Let) -> Let:
    e = with_blocks(let.expr, _block)
    if isinstance(e, Loop) and e.reverse and not e.carries and in_any_order(e):
        e = replace(e, reverse=False)
    return let if e is let.expr else Let(let.outs, e, let.where)
