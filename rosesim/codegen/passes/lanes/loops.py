"""Loops in lanes: one loop for all lanes, which runs until the last active lane has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rosesim.ad.program.ir import BOOL, Atom, Block, IntT, Let, Lit, Loop, Ty, Var
from rosesim.codegen.passes.lanes.sums import is_sum, write_sums

if TYPE_CHECKING:
    from rosesim.codegen.passes.lanes.writer import LaneWriter


def write_loop(w: LaneWriter, let: Let, e: Loop) -> None:
    """Write a loop."""
    upto = None if e.upto is None else w.atom(e.upto)
    inits = [w.atom(a) for a in e.inits]
    n = len(inits)
    wide = [c in w.varying for c in e.carries]
    inits = [w.vary(a) if varies else a for a, varies in zip(inits, wide, strict=True)]
    own_end = upto is not None and w.is_wide(upto)
    own_test = e.test is not None and let.outs[-1] in w.varying
    index = w.same(e.index)
    carries = tuple(map(w.bound, e.carries))
    if own_test:
        _while(w, let, e, index, carries, inits)
        return
    if not own_end and e.upto is None and e.n >= 2 * w.sums and is_sum(e) and all(wide):
        write_sums(w, let, e, inits)
        return
    test = None if e.test is None else w.block(e.test)
    if own_end:
        assert upto is not None
        limit = Ty(IntT(0, e.n))
        still = upto if w.mask is None else w.choose(w.mask, upto, Lit(0, limit), limit)
        longest = w.op("most", still, ty=limit)
        with w.nested() as lets:
            running = w.and_(w.mask, w.op("ilt", w.vary(index), still, ty=w.wide(BOOL)))
            results = _kept(w, e.body, running, carries)
        body, upto = Block(tuple(lets), tuple(results)), longest
    else:
        outs_wide = [o in w.varying for o in let.outs[n : len(e.body.results)]]
        body = w.block(e.body, [*wide, *outs_wide])
    outs = tuple(map(w.bound, let.outs))
    loop = replace(e, index=index, inits=tuple(inits), carries=carries, body=body, upto=upto, test=test, batch=False)
    w.lets.append(Let(outs, loop, let.where))


def _kept(w: LaneWriter, body: Block, running: Atom, carries: Sequence[Var]) -> list[Atom]:
    """The results of a body for the lanes that still run. The others keep their carries and give outputs of zero."""
    outer, w.mask = w.mask, running
    results = w.results(body)
    w.mask = outer
    n = len(carries)
    kept = [w.choose(running, a, c, _one_lane(c.ty)) for a, c in zip(results[:n], carries, strict=True)]
    return kept + [w.choose(running, a, w.zeros(_one_lane(a.ty)), _one_lane(a.ty)) for a in results[n:]]


def _while(w: LaneWriter, let: Let, e: Loop, index: Var, carries: tuple[Var, ...], inits: list[Atom]) -> None:
    """A loop that each lane ends for itself. It carries which lanes run, and the number of iterations of each."""
    assert e.test is not None
    on, count = Var(w.wide(BOOL), "on"), Var(w.wide(let.outs[-1].ty), "count")
    all_lanes = Lit(True, on.ty) if w.mask is None else w.mask

    def still_running() -> Atom:
        assert e.test is not None
        outer, w.mask = w.mask, on
        (going,) = w.results(e.test)
        w.mask = outer
        return w.op("and", on, w.vary(going), ty=on.ty)

    with w.nested() as lets:
        some = w.op("any", still_running(), ty=BOOL)
    test = Block(tuple(lets), (some,))
    with w.nested() as lets:
        running = still_running()
        results = _kept(w, e.body, running, carries)
        one, none = (Lit(k, w.wide(Ty(IntT(0, 1)))) for k in (1, 0))
        step = w.op("select", running, one, none, ty=one.ty)
        counted = w.op("count", count, step, ty=count.ty)
        n = len(carries)
        results = [*results[:n], running, counted, *results[n:]]
    body = Block(tuple(lets), tuple(results))
    finals = tuple(map(w.bound, let.outs[:n]))
    stacked = tuple(map(w.bound, let.outs[n:-1]))
    total = w.varied(let.outs[-1])
    outs = (*finals, Var(on.ty), total, *stacked, Var(let.outs[-1].ty))
    starts = (*inits, all_lanes, Lit(0, count.ty))
    loop = replace(e, index=index, inits=starts, carries=(*carries, on, count), body=body, test=test, batch=False)
    w.lets.append(Let(outs, loop, let.where))


def _one_lane(ty: Ty) -> Ty:
    """The type of the value in one lane."""
    return Ty(replace(ty.scalar, lanes=1), ty.shape, ty.ref)
