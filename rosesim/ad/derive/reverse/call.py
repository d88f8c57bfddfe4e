"""The reverse of a call."""

from __future__ import annotations

from rosesim.ad.derive.reverse.cotangent import Ct, Gather, truths
from rosesim.ad.derive.reverse.pair import Pair, is_tan
from rosesim.ad.derive.reverse.reader import Reader
from rosesim.ad.program.ir import (
    BOOL,
    Atom,
    Call,
    Let,
    Lit,
    Var,
)


def read_call(rev: Reader, g: Gather, let: Let, e: Call) -> None:
    """Write the reverse of a call."""
    ends = [g.take(o) for o in let.outs if is_tan(o)]
    refs = [a for a in e.args if is_tan(a) and a.ty.ref and isinstance(a, Var)]
    adds = [rev.ref_ct(g, r, ()) for r in refs]
    if all(ct is None for ct in (*ends, *adds)):
        return
    cts = (*ends, *adds)
    pair = rev.transpose(e.func, tuple(None if ct is None else ct.want is not True for ct in cts))
    rev.redo += pair.redo
    primals = tuple(a for a in e.args if not is_tan(a))
    outs = tuple(o for o in let.outs if not is_tan(o))
    extra = {v: Var(v.ty, v.name) for v in pair.stored}
    rev.primal[let] = (Let((*outs, *extra.values()), Call(pair.fwd, primals), let.where),)
    bound = dict(zip(e.func.params, e.args, strict=True))
    given: list[Atom] = [extra[v] if v in extra else bound[v] for v in pair.tape]
    for ct in cts:
        if ct is not None:
            given += [ct.clean(g.b)] if ct.want is True else [ct.clean(g.b), ct.want]
    _write_call(rev, g, e, pair, given)


def _write_call(rev: Reader, g: Gather, e: Call, pair: Pair, given: list[Atom]) -> None:
    args = [a for a in e.args if is_tan(a) and not a.ty.ref]
    into = [a for a, r in zip(args, pair.by_ref, strict=True) if r]
    plain = [(a, w) for a, r, w in zip(args, pair.by_ref, pair.wants, strict=True) if not (r or w is None)]

    def emit(g: Gather) -> list[Atom]:
        more: list[Atom] = []
        for a, r, w, sure in zip(args, pair.by_ref, pair.wants, pair.always, strict=True):
            if not r:
                continue
            assert isinstance(a, Var)
            v, idx = rev.outside.resolve(a, ())
            target = rev.outside.refs[v]
            more.append(g.b.subref(target.ref, idx))
            if w:
                more.append(g.b.subref(target.wref, idx))
            if g.certain and sure:
                target.always = True
            elif sure:
                g.b.add(target.wref, idx, g.b.fill(Lit(True, BOOL), truths(a.ty)))
        return list(g.b.call(pair.bwd, [*given, *more]))

    owners = [rev.outside.resolve(a, ())[0] for a in into if isinstance(a, Var)]
    outs = rev.with_refs(g, list(dict.fromkeys(owners)), emit)
    conditions = iter(outs[len(plain) :])
    for (a, w), value in zip(plain, outs, strict=False):
        g.add(a, Ct.raw(value, next(conditions) if w else True))
