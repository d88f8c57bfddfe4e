"""Reverse derivatives: the linear part of a forward derivative, transposed.

`transpose` takes a function J with tangents (Tan parameters and results among its others) and gives two:
`fwd`, the primal part of J, which also returns what the way back will read, and `bwd`, which takes that and
the cotangents of J's Tan results and gives those of its Tan parameters.

One pass reads J's blocks backwards. A linear let passes its result's cotangent on to its arguments. A let
with blocks (a loop, a branch) becomes its own reverse, and its primal version may have to return more than
before; which more is decided by `recompute`, from what the reverse turned out to read. Primal variables keep
their identity throughout, so what the reverse reads is simply what is free in it; every function is
given fresh variables at the end.
"""

from __future__ import annotations

from rosesim.ad.derive.reverse.accumulate import read_accumulator
from rosesim.ad.derive.reverse.branch import read_branch
from rosesim.ad.derive.reverse.call import read_call
from rosesim.ad.derive.reverse.cotangent import Ct, Gather, cotangent, truths
from rosesim.ad.derive.reverse.linear import linear
from rosesim.ad.derive.reverse.loop import read_loop
from rosesim.ad.derive.reverse.pair import BIG, Asked, Pair, is_tan, is_tan_type
from rosesim.ad.derive.reverse.primal import stripped
from rosesim.ad.derive.reverse.reader import Reader, bound_tans, outs_of, ref_pair
from rosesim.ad.derive.reverse.recompute import plan
from rosesim.ad.derive.reverse.rules import by_rule
from rosesim.ad.derive.reverse.tape import packed_tape, placed
from rosesim.ad.passes.scatter_to_gather import covers, turned_block
from rosesim.ad.passes.simplify import Sweep
from rosesim.ad.passes.tidy import tidied_primal, tidied_reverse
from rosesim.ad.program.builder import Builder, whole
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Fill,
    Func,
    Get,
    Guard,
    Let,
    Lit,
    Loop,
    Op,
    Put,
    Stack,
    Stop,
    SubRef,
    Var,
    free_vars,
    operands,
    unknown,
)
from rosesim.ad.program.reduce import summed
from rosesim.ad.program.rewrite import fresh
from rosesim.ad.program.show import show_let
from rosesim.ad.support import recursion
from rosesim.ad.support.budget import budget
from rosesim.ad.support.errors import CheckError


def transpose(func: Func, conditional: Asked | None = None) -> Pair:
    """The reverse of J, for these cotangents of its Tan results, then of its Tan refs."""
    if conditional is None:
        conditional = (False,) * sum(map(is_tan_type, (*func.results, *(p.ty for p in func.params if p.ty.ref))))
    key = ("transpose", conditional, budget())
    if key not in func.memo:
        has_rule = "vjp" in func.memo
        func.memo[key] = (
            by_rule(func, conditional)
            if has_rule
            else recursion.nested(_pair, Reader(func, _let, transpose), conditional)
        )
    return func.memo[key]


def _pair(rev: Reader, conditional: Asked) -> Pair:
    """Both functions."""
    func = rev.func
    assert isinstance(func.body, Block)
    primals = [p for p in func.params if not is_tan(p)]
    tans = [p for p in func.params if is_tan(p) and not p.ty.ref]
    tan_refs = [p for p in func.params if is_tan(p) and p.ty.ref]
    by_ref = tuple(t.ty.size > BIG for t in tans)
    b = Builder(where=func.where)
    results = [r for r in func.body.results if is_tan(r)]
    params: list[Var] = []
    seeds: list[Ct | None] = []
    for ty, asked in zip([x.ty for x in (*results, *tan_refs)], conditional, strict=True):
        if asked is None:
            seeds.append(None)
            continue
        value = Var(cotangent(ty), "ct")
        params.append(value)
        if asked:
            params.append(Var(truths(ty), "want"))
        seeds.append(Ct(value, params[-1] if asked else True, True))
    rev.known.update(zip(tan_refs, seeds[len(results) :], strict=True))
    gather = Gather(b, bound_tans(func.body) | {t for t, r in zip(tans, by_ref, strict=True) if not r}, rev.outside)
    for t, r in zip(tans, by_ref, strict=True):
        if r:
            rev.outside.refs[t] = ref_pair(t)
    for r, ct in zip(results, seeds, strict=False):
        if ct is not None:
            gather.add(r, ct)
    rev.lets(gather, func.body.lets)
    return _finished(rev, gather, primals, params, tans, by_ref)


def _finished(
    rev: Reader, gather: Gather, primals: list[Var], params: list[Var], tans: list[Var], by_ref: tuple[bool, ...]
) -> Pair:
    func, b = rev.func, gather.b
    assert isinstance(func.body, Block)
    values: list[Atom] = []
    conditions: list[Atom] = []
    wants: list[bool | None] = []
    for t, r in zip(tans, by_ref, strict=True):
        ct = None if r else gather.take(t)
        if ct is not None:
            values.append(ct.value)
            conditions += [ct.want] if ct.want is not True else []
            wants.append(ct.want is not True)
        else:
            wants.append(False if r else None)
    written = turned_block(b.block([]))
    always = tuple(
        r and ((pair := rev.outside.refs[t]).always or covers(written, pair.wref))
        for t, r in zip(tans, by_ref, strict=True)
    )
    sweep = Sweep(narrow=True)
    sweep.dead_refs |= {rev.outside.refs[t].wref for t, sure in zip(tans, always, strict=True) if sure}
    reverse = sweep.block(written, [*values, *conditions])
    used = free_vars(reverse)
    for k, (t, r) in enumerate(zip(tans, by_ref, strict=True)):
        if r:
            pair = rev.outside.refs[t]
            wants[k] = pair.wref in used
            params += [pair.ref, pair.wref] if wants[k] else [pair.ref]
    own = stripped(func.body.lets, rev.primal)
    bound = outs_of(own)
    reads = [v for v in free_vars(reverse) if v in bound]
    again = plan(own, reads, nested_redo=rev.redo)
    whole = Block((*again.again, *reverse.lets), reverse.results)
    given = set(params)
    tape = [v for v in free_vars(whole) if v not in given]
    packs = packed_tape([v for v in tape if v in bound])
    tape = [v for v in tape if v not in bound] + packs.stored
    bwd_body = Block((*packs.unpack, *whole.lets), whole.results)
    bwd = Func(func.name + "_bwd", (*tape, *params), bwd_body, func.where)
    out = [r for r in func.body.results if not is_tan(r)]
    fwd_body = Block(tuple(placed(own, packs.pack)), (*out, *packs.stored))
    fwd = Func(func.name + "_fwd", tuple(primals), fwd_body, func.where)
    forward, backward = tidied_primal(fresh(fwd)), tidied_reverse(fresh(bwd))
    redo = rev.redo + again.work
    return Pair(forward, backward, tuple(tape), tuple(packs.stored), tuple(wants), by_ref, always, redo)


def _let(rev: Reader, g: Gather, let: Let) -> None:
    match let.expr:
        case Op(name, args) if is_tan(let.outs[0]):
            ct = g.take(let.outs[0])
            if ct is not None:
                linear(g, name, args, ct)
        case Get(x, idx) if is_tan(x):
            ct = g.take(let.outs[0])
            if ct is not None:
                g.add(x, ct, idx)
        case Put(x, idx, v) if is_tan(x):
            ct = g.take(let.outs[0])
            if ct is not None:
                b = g.b
                g.add(v, ct.get(b, idx))
                g.add(x, Ct(b.put(ct.value, idx, b.zeros(cotangent(v.ty))), ct.want, ct.mask))
        case Stack(items) if is_tan(let.outs[0]):
            ct = g.take(let.outs[0])
            for k, item in enumerate(items):
                if ct is not None:
                    g.add(item, ct.get(g.b, (whole(k),)))
        case Fill(v) if is_tan(v):
            ct = g.take(let.outs[0])
            if ct is not None and not isinstance(v, Lit):
                g.add(v, Ct(summed(g.b, ct.clean(g.b)), True, True))
        case Add(ref, idx, v) if is_tan(ref):
            ct = rev.ref_ct(g, ref, idx)
            if ct is not None:
                g.add(v, ct)
        case Loop() as e:
            read_loop(rev, g, let, e)
        case Cond() as e:
            read_branch(rev, g, let, e)
        case Accum() as e:
            read_accumulator(rev, g, let, e)
        case Call() as e if any(map(is_tan, e.args)):
            read_call(rev, g, let, e)
        case Call() | SubRef():
            pass  # of no tangent, a tangent can only be zero; what is added to a part of a ref is read there
        case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Add() | Guard() as e:
            if any(map(is_tan, (*let.outs, *operands(e)))):
                line = f"`{show_let(let)}`"
                raise CheckError(f"in {rev.func.name}: {line} has no reverse, and is linear", let.where)
        case _:
            unknown(let.expr)
