"""Additions to one place from all iterations of a loop, summed in a carry and added once after it.

The reverse of a sum over pairs adds to two places an iteration: one is the outer particle's, the same in all of
them, and may be the inner particle's, too, as far as anybody can tell. So the additions wait for each other, through
memory. An accumulator is never read before it ends: what one place takes may be summed first, in a register.
Then only the additions at places of their own are left, and those are independent.

This changes the order of a sum, so strict code does not take it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace

from rosesim.ad.program.builder import joining, zero
from rosesim.ad.program.effects import in_any_order
from rosesim.ad.program.ir import (
    Add,
    Atom,
    Block,
    BoolT,
    Cond,
    FloatT,
    Func,
    Let,
    Loop,
    Op,
    Ty,
    Var,
    all_lets,
    binders,
)
from rosesim.ad.program.rewrite import rewritten, with_blocks, with_lets

MOST_CARRIES = 16
"""Registers of a vector unit: more sums than that would lie in memory again."""

Place = tuple[Var, tuple[Atom, ...]]


def carried(func: Func, products: Container[Func] = ()) -> Func:
    """The program with additions to one place summed in the loops that make them, and loops that only sum forwards.

    `products` stay as they are written.
    """
    return rewritten(func, lambda f, block, made: block if f in products else _block(block, made), frozenset({Loop}))


def _block(block: Block, made: Mapping[Func, Func]) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        e = with_blocks(let.expr, lambda b: _block(b, made), made)
        new = let if e is let.expr else Let(let.outs, e, let.where)
        lets.extend(_loop(new, e) if isinstance(e, Loop) and not e.batch else [new])
    return with_lets(block, lets)


def _loop(let: Let, e: Loop) -> list[Let]:
    bound = {e.index, *e.carries}
    for x in all_lets(e.body):
        bound.update(x.outs)
        bound.update(binders(x.expr))
    body, taken = _taken(e.body, bound)
    if not taken or len(taken) + len(e.carries) > MOST_CARRIES:
        return [_forwards(let, e, 0)]
    n = len(e.carries)
    lets = list(body.lets)
    carries: list[Var] = []
    results: list[Atom] = []
    after: list[Let] = []
    for (ref, idx), values in taken.items():
        carry, final = Var(_scalar(ref), "sum"), Var(_scalar(ref))
        carries.append(carry)
        results.append(_sum(lets, [carry, _sum(lets, values)]))  # so that it is seen to be a sum, of one term each
        after.append(Let((), Add(ref, idx, final), let.where))
    finals = tuple(add.expr.v for add in after if isinstance(add.expr, Add) and isinstance(add.expr.v, Var))
    loop = replace(
        e,
        inits=(*e.inits, *(zero(c.ty) for c in carries)),
        carries=(*e.carries, *carries),
        body=Block(tuple(lets), (*body.results[:n], *results, *body.results[n:])),
    )
    return [_forwards(Let((*let.outs[:n], *finals, *let.outs[n:]), loop, let.where), loop, len(carries)), *after]


def _taken(block: Block, bound: set[Var]) -> tuple[Block, dict[Place, list[Atom]]]:
    """A block without its additions to places that no variable of the loop has a part in, and what each takes."""
    lets: list[Let] = []
    taken: dict[Place, list[Atom]] = {}
    for let in block.lets:
        match let.expr:
            case Add(ref, idx, v) if _is_one_place(ref, idx, v, bound):
                taken.setdefault((ref, idx), []).append(v)
                continue
            case Cond(p, then, orelse):
                sides = [_taken(side, bound) for side in (then, orelse)]
                places = list(dict.fromkeys(place for _, found in sides for place in found))
                if places:
                    made = [_with_sums(side, found, places) for side, found in sides]
                    outs = tuple(Var(_scalar(ref)) for ref, _ in places)
                    for place, out in zip(places, outs, strict=True):
                        taken.setdefault(place, []).append(out)
                    let = Let((*let.outs, *outs), Cond(p, made[0], made[1]), let.where)
            case _:  # what loops within take has been added after them
                pass
        lets.append(let)
    return with_lets(block, lets), taken


def _is_one_place(ref: Var, idx: tuple[Atom, ...], v: Atom, bound: set[Var]) -> bool:
    scalar = ref.ty.scalar
    return (
        isinstance(scalar, FloatT | BoolT)
        and scalar.lanes == 1
        and not v.ty.shape
        and ref not in bound
        and not any(i in bound for i in idx)
    )


def _with_sums(block: Block, found: dict[Place, list[Atom]], places: list[Place]) -> Block:
    lets = list(block.lets)
    sums = [_sum(lets, found[place]) if place in found else zero(_scalar(place[0])) for place in places]
    return Block(tuple(lets), (*block.results, *sums))


def _sum(lets: list[Let], values: list[Atom]) -> Atom:
    total = values[0]
    for v in values[1:]:
        new = Var(total.ty)
        lets.append(Let((new,), Op(joining(total.ty), (total, v))))
        total = new
    return total


def _scalar(ref: Var) -> Ty:
    return Ty(ref.ty.scalar)


def _forwards(let: Let, e: Loop, sums: int) -> Let:
    """The loop forwards if it carries such sums alone, and its other additions go to places of their own."""
    if not e.reverse or len(e.carries) > sums or not in_any_order(e):
        return let
    return Let(let.outs, replace(e, reverse=False), let.where)
