"""The reverse of an accumulator."""

from __future__ import annotations

from rosesim.ad.derive.reverse.cotangent import Gather
from rosesim.ad.derive.reverse.pair import is_tan
from rosesim.ad.derive.reverse.primal import primal_nested
from rosesim.ad.derive.reverse.reader import Reader, adds_tangents, bound_tans
from rosesim.ad.program.ir import Accum, Let


def read_accumulator(rev: Reader, g: Gather, let: Let, e: Accum) -> None:
    """Write the reverse of an accumulator."""
    m = len(e.body.results)
    if not any(map(is_tan, let.outs)) and not adds_tangents(e.body):
        return
    for r, a, o in zip(e.refs, e.inits, let.outs[m:], strict=True):
        if is_tan(r):
            rev.ref_cts[r] = ct = g.take(o)
            if ct is not None:
                g.add(a, ct)
    g.local |= bound_tans(e.body)
    for r, o in zip(e.body.results, let.outs[:m], strict=True):
        ct = g.take(o) if is_tan(o) else None
        if ct is not None:
            g.add(r, ct)
    start, before = len(g.b.lets), rev.extra_work
    rev.read_lets(g, e.body.lets)
    lets, stored = rev.recomputed(e.body.lets, g.b.lets[start:], before)
    g.b.lets[start:] = lets
    rev.primal[let] = (primal_nested(let, rev.primal, stored, {e.body: stored}),)
