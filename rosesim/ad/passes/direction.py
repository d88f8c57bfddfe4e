"""Backward loops are turned forward where the order makes no difference.

The loops of a reverse pass run backward. If a loop carries nothing and each iteration adds to elements of its own,
every order gives the same bits, and vector units and caches work best forward.
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
