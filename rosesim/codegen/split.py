"""Long blocks cut into functions: LLVM's time grows faster than the length of a function.

A run of lets becomes a function of what it names from before, whose results are what is named of it
later. Nothing is computed differently; only the optimiser no longer sees across the cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rosesim.ad import deep, ir
from rosesim.ad.ir import Accum, Block, Call, Cond, Data, Expr, Func, Get, Let, Loop, Opaque, Stop, SubRef, Var

LONG = 2_000
"""Blocks of up to so many lets, nested ones included, stay whole."""

PIECE = 600
"""About the number of lets of a piece."""

SMALL_VIEW = 64
"""A part of an array that a piece names for later ones is copied between them; larger parts are named outside."""


def split(func: Func) -> tuple[Func, set[Func]]:
    """The same program without long blocks, and the functions that must not be inlined again."""
    order = ir.reachable(func)
    if not any(isinstance(f.body, Block) and _is_long(f.body) for f in order):
        return func, set()
    pieces: set[Func] = set()
    made: dict[Func, Func] = {}
    for f in order:
        if isinstance(f.body, Opaque):
            made[f] = f
            continue
        body = _block(f.body, made, pieces, f)
        made[f] = f if body is f.body else Func(f.name, f.params, body, f.where)
    return made[func], pieces


def _is_long(block: Block) -> bool:
    """Whether some block of a function needs cutting: none does in a function that is short in all."""
    return sum(1 for _ in ir.all_lets(block)) > LONG


def _block(block: Block, made: dict[Func, Func], pieces: set[Func], f: Func) -> Block:
    lets: list[Let] = []
    for let in block.lets:
        expr = _expr(let.expr, made, pieces, f)
        lets.append(let if expr is let.expr else Let(let.outs, expr, let.where))
    weights = [_weight(let) for let in lets]
    if sum(weights) > LONG:
        lets = _cut(lets, weights, block.results, pieces, f)
    elif all(a is b for a, b in zip(lets, block.lets, strict=True)):
        return block
    return Block(tuple(lets), block.results)


def _expr(e: Expr, made: dict[Func, Func], pieces: set[Func], f: Func) -> Expr:
    """An expression that calls the new functions and has no long blocks."""
    match e:
        case Call(g, args):
            return e if made[g] is g else Call(made[g], args)
        case Loop():
            body = deep.nested(_block, e.body, made, pieces, f)
            test = None if e.test is None else deep.nested(_block, e.test, made, pieces, f)
            return e if body is e.body and test is e.test else replace(e, body=body, test=test)
        case Cond(p, a, b):
            then, orelse = (deep.nested(_block, x, made, pieces, f) for x in (a, b))
            return e if then is a and orelse is b else Cond(p, then, orelse)
        case Accum(inits, refs, a):
            body = deep.nested(_block, a, made, pieces, f)
            return e if body is a else Accum(inits, refs, body)
        case _:
            return e


def _weight(let: Let) -> int:
    return 1 + sum(1 for b in ir.blocks(let.expr) for _ in ir.all_lets(b))


def _stays(let: Let) -> bool:
    """Whether a let is no part of a piece: its result is a place, which a function cannot return."""
    match let.expr:
        case SubRef():
            return True
        case Get() | Stop():
            return let.outs[0].ty.size > SMALL_VIEW
        case _:
            return False


def _cut(
    lets: Sequence[Let], weights: Sequence[int], results: Sequence[ir.Atom], pieces: set[Func], f: Func
) -> list[Let]:
    """The lets with runs of them replaced by calls."""
    # Constants are at hand everywhere: first, so that they interrupt nothing.
    out = [let for let in lets if isinstance(let.expr, Data)]
    runs: list[tuple[list[Let], bool]] = []
    run: list[Let] = []
    total = 0

    def close() -> None:
        nonlocal run, total
        if run:
            runs.append((run, total > PIECE // 4))
        run, total = [], 0

    for let, weight in zip(lets, weights, strict=True):
        if isinstance(let.expr, Data):
            continue
        if _stays(let):
            close()
            runs.append(([let], False))
            continue
        run.append(let)
        total += weight
        if total >= PIECE:
            close()
    close()

    # A piece makes the views that it reads itself: handed an array and a part of it, it could not overwrite
    # the array, and a stack of a gigabyte would be copied a step.
    views = {let.outs[0]: let for let in lets if _stays(let) and isinstance(let.expr, Get | Stop)}

    # What each run must give: what is named after it.
    later = {a for a in results if isinstance(a, Var)}
    calls: list[list[Let]] = []
    for lets_of, worth in reversed(runs):
        whole = Block((*_views_read(lets_of, views), *lets_of) if worth else tuple(lets_of), ())
        used = ir.free_vars(whole)
        if worth:
            given = tuple(used)
            back = tuple(v for let in lets_of for v in let.outs if v in later)
            piece = Func(f"{f.name}_piece", given, Block(whole.lets, back), f.where)
            pieces.add(piece)
            calls.append([Let(back, Call(piece, given), lets_of[0].where)])
        else:
            calls.append(lets_of)
        later.update(used)
    for lets_of in reversed(calls):
        out.extend(lets_of)
    return out


def _views_read(lets: Sequence[Let], views: dict[Var, Let]) -> list[Let]:
    """The lets of the views that these lets read, and of those that these are views of."""
    found: dict[Var, Let] = {}
    wanted = list(ir.free_vars(Block(tuple(lets), ())))
    while wanted:
        v = wanted.pop()
        if v in views and v not in found:
            found[v] = views[v]
            wanted += [a for a in ir.operands(views[v].expr) if isinstance(a, Var)]
    return [let for v, let in views.items() if v in found]
