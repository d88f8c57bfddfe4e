"""Reciprocals of an array, computed once, where a loop divides by its elements again and again.

A simulation divides by masses or by a material in each step, `force / mass[i]`, and the reverse does so twice more. A
division takes as long as ten multiplications. Where all that a loop does with elements of an array is to divide by
them, and the array does not change meanwhile, the loop multiplies by reciprocals, which are computed before it.

This rounds twice in the place of once, so strict code does not take it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from rosesim.ad.program.ir import (
    Accum,
    Atom,
    Block,
    FloatT,
    Func,
    Get,
    Let,
    Lit,
    Loop,
    Op,
    Ty,
    Var,
    all_blocks,
    binders,
    free_vars,
    index_ty,
    operands,
)
from rosesim.ad.program.rewrite import rewritten, with_blocks, with_lets
from rosesim.ad.support import recursion

OFTEN = 4
"""Divisions for each element of an array from which on its reciprocals pay."""


def inverted(func: Func) -> Func:
    """The program with reciprocals of such arrays."""
    return rewritten(func, lambda f, block, made: _block(block, made), frozenset({Loop}))


def _block(block: Block, made: Mapping[Func, Func]) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        e = let.expr
        if isinstance(e, Loop) and _is_plain(e) and (elements := _divisors(e)):
            inverse = {x: Var(x.ty, "reciprocals") for x in dict.fromkeys(elements.values())}
            lets += [_reciprocals(x, of) for x, of in inverse.items()]
            e = replace(e, body=_multiplied(e.body, elements, inverse))
        e = with_blocks(e, lambda b: _block(b, made), made)
        lets.append(let if e is let.expr else Let(let.outs, e, let.where))
    return with_lets(block, lets)


def _is_plain(e: Loop) -> bool:
    """Whether all iterations of a loop run, one after the other."""
    return e.upto is None and e.test is None and not e.batch and e.lanes == 1


def _divisors(e: Loop) -> dict[Var, Var]:
    """The elements by which a loop divides, and the arrays that they come from."""
    given = free_vars(e.body).keys() - binders(e)
    found: dict[Var, Var] = {}
    others: set[Atom] = set()
    for block in all_blocks(e.body):
        others.update(block.results)
        for let in block.lets:
            match let.expr:
                case Get(Var() as x, _) if x in given and not let.outs[0].ty.shape and _is_real(x):
                    if found.setdefault(let.outs[0], x) is not x:
                        others.add(let.outs[0])
                case Op("div", (x, _)):
                    others.add(x)
                case _:
                    others.update(operands(let.expr))
    found = {v: x for v, x in found.items() if v not in others}
    times: Counter[Var] = Counter()
    _count(e.body, e.n, found, times)
    return {v: x for v, x in found.items() if times[x] >= OFTEN * x.ty.size}


def _is_real(x: Var) -> bool:
    return isinstance(x.ty.scalar, FloatT) and x.ty.scalar.lanes == 1 and not x.ty.ref


def _count(block: Block, times: int, found: Mapping[Var, Var], total: Counter[Var]) -> None:
    """Count divisions by elements of each array, except those that may not run."""
    for let in block.lets:
        match let.expr:
            case Op("div", (_, Var() as v)) if v in found:
                total[found[v]] += times
            case Loop() as e if _is_plain(e):
                recursion.nested(_count, e.body, times * e.n, found, total)
            case Accum(_, _, body):
                recursion.nested(_count, body, times, found, total)
            case _:
                pass


def _reciprocals(x: Var, out: Var, idx: tuple[Var, ...] = ()) -> Let:
    """The let that makes an array of the reciprocals of another, or the row of one."""
    index = Var(index_ty(x.ty.shape[len(idx)]))
    at = (*idx, index)
    if len(at) < len(x.ty.shape):
        row = Var(x.ty.at(len(at)))
        lets = (_reciprocals(x, row, at),)
    else:
        number = Ty(x.ty.scalar)
        v, row = Var(number), Var(number)
        lets = (Let((v,), Get(x, at)), Let((row,), Op("div", (Lit(1.0, number), v))))
    return Let((out,), Loop(n=x.ty.shape[len(idx)], index=index, inits=(), carries=(), body=Block(lets, (row,))))


def _multiplied(block: Block, elements: Mapping[Var, Var], inverse: Mapping[Var, Var]) -> Block:
    """A block that reads reciprocals, and multiplies by them."""
    lets: list[Let] = []
    for let in block.lets:
        match let.expr:
            case Get(_, idx) if let.outs[0] in elements:
                e = Get(inverse[elements[let.outs[0]]], idx)
            case Op("div", (x, Var() as v)) if v in elements:
                e = Op("mul", (x, v))
            case _:
                e = with_blocks(let.expr, lambda b: _multiplied(b, elements, inverse))
        lets.append(let if e is let.expr else Let(let.outs, e, let.where))
    return with_lets(block, lets)
