"""The reverse of a call."""

from __future__ import annotations

from rosesim.ad.derive.reverse.cotangent import TRUE, Gather, booleans
from rosesim.ad.derive.reverse.pair import Back, Into, arguments, is_tan, mask_pattern
from rosesim.ad.derive.reverse.reader import Emitted, Reader
from rosesim.ad.program.ir import Call, Let, Var


def read_call(rev: Reader, g: Gather, let: Let, e: Call) -> None:
    """Write the reverse of a call."""
    ends = [g.take(o) for o in let.outs if is_tan(o)]
    refs = [a for a in e.args if is_tan(a) and a.ty.ref and isinstance(a, Var)]
    adds = [rev.ref_ct(g, r, ()) for r in refs]
    if all(ct is None for ct in (*ends, *adds)):
        return
    cts = (*ends, *adds)
    pair = rev.transpose(e.func, mask_pattern(cts))
    rev.extra_work += pair.extra_work
    primals = tuple(a for a in e.args if not is_tan(a))
    stored = [Var(v.ty, v.name) for v in pair.stored]
    outs = tuple(o for o in let.outs if not is_tan(o))
    rev.primal[let] = (Let((*outs, *stored), Call(pair.fwd, primals), let.where),)
    given = [*pair.tape_of(primals, stored), *arguments(g.b, cts)]
    args = [a for a in e.args if is_tan(a) and not a.ty.ref]
    large = [a for a, x in zip(args, pair.back, strict=True) if x.by_ref and isinstance(a, Var)]
    owners = dict.fromkeys(rev.outside.resolve(a, ())[0] for a in large)

    def emit(g: Gather) -> Emitted:
        ways = [x for x in pair.back if x.by_ref]
        into = [_into(rev, g, a, x) for a, x in zip(large, ways, strict=True)]
        outs = g.b.let(pair.call(given, into), *pair.bwd.results)
        return outs, [(a, ct) for a, ct in zip(args, pair.returned(outs), strict=True) if ct is not None]

    for to, ct in rev.with_refs(g, owners, emit):
        g.add(to, ct)


def _into(rev: Reader, g: Gather, v: Var, back: Back) -> Into:
    """The refs into which a call adds the cotangent of an argument."""
    v, idx = rev.outside.resolve(v, ())
    target = rev.outside.refs[v]
    ref = g.b.subref(target.ref, idx)
    mask_ref = g.b.subref(target.mask_ref, idx) if back.has_mask else None
    if g.certain and back.always:
        target.always = True
    elif back.always:
        g.b.add(target.mask_ref, idx, g.b.fill(TRUE, booleans(v.ty.at(len(idx)))))
    return ref, mask_ref
