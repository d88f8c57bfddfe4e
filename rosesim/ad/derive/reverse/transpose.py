"""Reverse mode: the linear part of a forward derivative, transposed.

`transpose` takes a function J with tangents (Tan) among its parameters and results, and makes two. `fwd` is the
primal part of J; it also returns what the reverse pass reads. `bwd` takes that and the cotangents of J's Tan
results, and returns the cotangents of J's Tan parameters.

One pass reads J's blocks backwards. A linear let passes its result's cotangent on to its arguments (`linear`). A
let with blocks becomes its own reverse (`loop`, `branch`, `accumulate`), and a call becomes a call of the callee's
`bwd` (`call`). Once a reverse is written, its free variables are the primal values that it reads, because primal
variables keep their identity. `recompute` decides which of them it recomputes; the primal versions of the lets return
the others in addition. At the end every function gets fresh variables.

The reader (`reader`) holds what the files of this folder share while they read one function. It takes this file's
functions as arguments, so that there is no circle of imports.
"""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.derive.reverse.accumulate import read_accumulator
from rosesim.ad.derive.reverse.branch import read_branch
from rosesim.ad.derive.reverse.call import read_call
from rosesim.ad.derive.reverse.cotangent import Gather, covers
from rosesim.ad.derive.reverse.linear import read_simple
from rosesim.ad.derive.reverse.loop import read_loop
from rosesim.ad.derive.reverse.pair import BIG, Back, MaskPattern, Pair, flat, is_tan, is_tan_type, parameters
from rosesim.ad.derive.reverse.primal import primal_lets
from rosesim.ad.derive.reverse.reader import Reader, bound_tans, outs_of, ref_pair
from rosesim.ad.derive.reverse.recompute import plan
from rosesim.ad.derive.reverse.rules import linear_pair, rule_pair
from rosesim.ad.derive.reverse.tape import packed_tape, placed
from rosesim.ad.passes.scatter_to_gather import gathered_block
from rosesim.ad.passes.simplify import Sweep
from rosesim.ad.passes.tidy import tidied_primal, tidied_reverse
from rosesim.ad.program.builder import Builder
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
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    Var,
    free_vars,
    unknown,
)
from rosesim.ad.program.rewrite import fresh
from rosesim.ad.support.budget import budget


def transpose(func: Func, pattern: MaskPattern | None = None) -> Pair:
    """The reverse of J for a pattern of cotangents: those of its Tan results, then those of its Tan refs."""
    if pattern is None:
        pattern = (False,) * sum(map(is_tan_type, (*func.results, *(p.ty for p in func.params if p.ty.ref))))
    key = ("transpose", pattern, budget())
    if key not in func.memo:
        func.memo[key] = _made(func, pattern)
    return func.memo[key]


def _made(func: Func, pattern: MaskPattern) -> Pair:
    if "vjp" in func.memo:
        return rule_pair(func, pattern)
    if isinstance(func.body, Opaque):
        return linear_pair(func, pattern)
    return _pair(Reader(func, _let, transpose), pattern)


def _pair(rev: Reader, pattern: MaskPattern) -> Pair:
    """Read J backwards and make both functions."""
    func = rev.func
    assert isinstance(func.body, Block)
    tans = [p for p in func.params if is_tan(p) and not p.ty.ref]
    tan_refs = [p for p in func.params if is_tan(p) and p.ty.ref]
    results = [r for r in func.body.results if is_tan(r)]
    params, cts = parameters([x.ty for x in (*results, *tan_refs)], pattern)
    rev.ref_cts.update(zip(tan_refs, cts[len(results) :], strict=True))
    rev.outside.refs.update((t, ref_pair(t)) for t in tans if t.ty.size > BIG)
    small = {t for t in tans if t.ty.size <= BIG}
    g = Gather(Builder(where=func.where), bound_tans(func.body) | small, rev.outside)
    for r, ct in zip(results, cts, strict=False):
        if ct is not None:
            g.add(r, ct)
    rev.read_lets(g, func.body.lets)
    back, reverse = _backward(rev, g, tans)
    refs = [rev.outside.refs[t] for t, x in zip(tans, back, strict=True) if x.by_ref]
    ways = [x for x in back if x.by_ref]
    params += flat((p.ref, p.mask_ref if x.has_mask else None) for p, x in zip(refs, ways, strict=True))
    return _functions(rev, func.body, params, back, reverse)


def _backward(rev: Reader, g: Gather, tans: Sequence[Var]) -> tuple[tuple[Back, ...], Block]:
    """How bwd returns the cotangents of J's Tan parameters, and the body that computes them."""
    refs = {t: rev.outside.refs[t] for t in tans if t in rev.outside.refs}
    found = {t: ct for t in tans if t not in refs and (ct := g.take(t)) is not None}
    written = gathered_block(g.b.block([]))
    sure = {t for t, pair in refs.items() if pair.always or covers(written, pair.mask_ref)}
    sweep = Sweep(narrow=True)
    sweep.dead_refs |= {refs[t].mask_ref for t in sure}
    masks = [ct.mask for ct in found.values() if ct.mask is not True]
    reverse = sweep.block(written, [*(ct.value for ct in found.values()), *masks])
    used = free_vars(reverse)

    def back(t: Var) -> Back:
        if t in refs:
            return Back(by_ref=True, has_mask=refs[t].mask_ref in used, always=t in sure)
        return Back(has_mask=found[t].mask is not True) if t in found else Back(nothing=True)

    return tuple(map(back, tans)), reverse


def _functions(rev: Reader, body: Block, params: list[Var], back: tuple[Back, ...], reverse: Block) -> Pair:
    """Make both functions; decide what the forward function stores."""
    func = rev.func
    own = primal_lets(body.lets, rev.primal)
    bound = outs_of(own)
    chosen = plan(own, [v for v in free_vars(reverse) if v in bound], nested_work=rev.extra_work)
    full = Block((*chosen.recomputed, *reverse.lets), reverse.results)
    given = set(params)
    reads = [v for v in free_vars(full) if v not in given]
    packs = packed_tape([v for v in reads if v in bound])
    tape = [v for v in reads if v not in bound] + packs.stored
    bwd_body = Block((*packs.unpack, *full.lets), full.results)
    bwd = Func(func.name + "_bwd", (*tape, *params), bwd_body, func.where)
    primals = tuple(p for p in func.params if not is_tan(p))
    out = [r for r in body.results if not is_tan(r)]
    fwd_body = Block(tuple(placed(own, packs.pack)), (*out, *packs.stored))
    fwd = Func(func.name + "_fwd", primals, fwd_body, func.where)
    forward, backward = tidied_primal(fresh(fwd)), tidied_reverse(fresh(bwd))
    return Pair(forward, backward, primals, tuple(packs.stored), tuple(tape), back, rev.extra_work + chosen.work)


def _let(rev: Reader, g: Gather, let: Let) -> None:
    """Read one let backwards."""
    match let.expr:
        case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Add() | Guard() as e:
            read_simple(rev, g, let, e)
        case Loop() as e:
            read_loop(rev, g, let, e)
        case Cond() as e:
            read_branch(rev, g, let, e)
        case Accum() as e:
            read_accumulator(rev, g, let, e)
        case Call() as e if any(map(is_tan, e.args)):
            read_call(rev, g, let, e)
        case Call() | SubRef():
            pass  # a call without tangents passes nothing back; a SubRef is read where it is added to
        case _:
            unknown(let.expr)
