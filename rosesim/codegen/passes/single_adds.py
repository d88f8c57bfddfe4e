"""Additions of one number where one is meant.

The cotangent of one element of a row is a row of zeros with that element; added whole, it costs as much as the
row is long. The transpose of a product of n × n matrices, whose columns are read element by element, made n⁴
operations of n³ that way. Here the element alone is added.

In strict code that holds where it changes no bit: x + 0.0 is x for every x but -0.0, and a sum that began as 0.0 is
never -0.0 (IEEE 754, round to nearest).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from rosesim.ad.passes.simplify import simplified
from rosesim.ad.program.ir import Accum, Add, Atom, Block, Fill, Func, Let, Lit, Put, Var, all_lets
from rosesim.ad.program.rewrite import rewritten, with_blocks, with_lets


def single(func: Func, mode: str = "strict") -> Func:
    """The program with the element alone in the place of a row that has one."""
    return rewritten(func, lambda f, block, made: _body(f, block, made, exact=mode != "fast"), frozenset({Add}))


def _body(func: Func, block: Block, made: Mapping[Func, Func], *, exact: bool) -> Block:
    zeros: set[Var] = set()  # arrays of 0.0
    begun: set[Atom] = set()  # refs that begin as such
    rows: dict[Var, Put] = {}  # arrays of 0.0 but for one part
    for let in all_lets(block):
        if isinstance(let.expr, Fill) and is_zero(let.expr.value):
            zeros.add(let.outs[0])
    for let in all_lets(block):
        match let.expr:
            case Put(x, _, _) if x in zeros:
                rows[let.outs[0]] = let.expr
            case Accum(inits, refs, _):
                begun.update(r for r, x in zip(refs, inits, strict=True) if x in zeros or is_zero(x))
            case _:  # nothing else makes such an array
                pass

    def walk(b: Block) -> Block:
        lets: list[Let] = []
        for let in b.lets:
            match let.expr:
                case Add(ref, idx, Var() as v) if v in rows and (ref in begun or not exact):
                    lets.append(Let((), Add(ref, (*idx, *rows[v].idx), rows[v].v), let.where))
                case e:
                    new = with_blocks(e, walk, made)
                    lets.append(let if new is e else Let(let.outs, new, let.where))
        return with_lets(b, lets)

    new = walk(block)
    if not rows or new is block:
        return new
    swept = simplified(Func(func.name, func.params, new, func.where)).body
    assert isinstance(swept, Block)
    return swept


def is_zero(a: Atom) -> bool:
    """Whether an atom is the literal +0.0 (not -0.0)."""
    return isinstance(a, Lit) and a.value == 0 and math.copysign(1.0, a.value) > 0
