"""Loops over rows run forwards where only the order of sums depends on it.

The loops of a reverse pass run backwards, and `direction` turns those whose order is free to the last bit. A loop
over rows of a grid that adds to neighbouring rows is not among them: two iterations may add to one element. Fast code
may add in any order, and a processor fetches rows ahead if they lie one after the other: FDTD's gradient takes 0.7 of
the time. A loop without a loop inside keeps its direction: there the order decides how long an addition waits for the
one before it. So does one that adds to the same places in every iteration, such as a layer of a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rosesim.ad.program.effects import effects
from rosesim.ad.program.ir import Atom, Block, Expr, Func, IntT, Let, Loop, Op, all_lets
from rosesim.ad.program.rewrite import rewritten, with_blocks, with_lets

FEWEST = 16
"""Rows from which on the direction matters."""


def forward_rows(func: Func) -> Func:
    """The program with its loops over rows turned forwards."""
    return rewritten(func, lambda f, block, made: _block(block, made))


def _block(block: Block, made: Mapping[Func, Func]) -> Block:
    return with_lets(block, [_let(x, made) for x in block.lets])


def _let(let: Let, made: Mapping[Func, Func]) -> Let:
    e = with_blocks(let.expr, lambda b: _block(b, made), made)
    if isinstance(e, Loop) and e.reverse and not e.carries and e.n >= FEWEST and _is_over_rows(e) and adds_to_rows(e):
        e = replace(e, reverse=False)
    return let if e is let.expr else Let(let.outs, e, let.where)


def _is_over_rows(e: Loop) -> bool:
    return e.n >= FEWEST and any(isinstance(x.expr, Loop) for x in all_lets(e.body))


def adds_to_rows(e: Expr) -> bool:
    """Whether each iteration of a loop adds to rows at its own index or moved from it, or to plain numbers, and none
    ends the program."""
    if not isinstance(e, Loop):
        return False
    rows: set[Atom] = {e.index}
    for x in all_lets(e.body):
        if isinstance(x.expr, Op) and isinstance(x.outs[0].ty.scalar, IntT) and rows & set(x.expr.args):
            rows.update(x.outs)
    return all(x.ref is not None and (not x.ref.ty.shape or rows & set(x.place)) for x in effects(e.body.lets))
