"""The reverse of a function by the programmer's own rule."""

from __future__ import annotations

from rosesim.ad.derive.reverse.cotangent import Ct, Want, cotangent, truths
from rosesim.ad.derive.reverse.pair import Asked, Pair, is_tan, is_tan_type
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import (
    Atom,
    Func,
    TanT,
    Ty,
    Var,
)
from rosesim.ad.program.reduce import anywhere
from rosesim.ad.program.rewrite import fresh


def by_rule(func: Func, conditional: Asked) -> Pair:
    """The reverse of a forward derivative that was itself made of the programmer's reverse.

    The rule is not looked into: what it gives counts where any of what it is given does.
    """
    primal, vjp = func.memo["primal"], func.memo["vjp"]
    primals = tuple(p for p in func.params if not is_tan(p))
    f, b = Builder(where=func.where), Builder(where=func.where)
    fwd = Func(func.name + "_fwd", primals, f.block(f.call(primal, primals)), func.where)
    params: list[Var] = []
    cts: list[Atom] = []
    wants: list[Want] = []
    for ty, asked in zip((t for t in func.results if is_tan_type(t)), conditional, strict=True):
        if asked is None:
            cts.append(b.zeros(cotangent(ty)))
            continue
        ct = Ct(Var(cotangent(ty), "ct"), Var(truths(ty), "want") if asked else True, True)
        params += [x for x in (ct.value, ct.want) if isinstance(x, Var)]
        cts.append(ct.clean(b))
        wants.append(ct.want if ct.want is True else anywhere(b, ct.want))
    outs: list[Atom] = list(b.call(vjp, [*primals, *cts]))
    counts = [w for w in wants if w is not True]
    asked = len(counts) == len(wants)
    if asked:
        some = counts[0]
        for w in counts[1:]:
            some = b.op("or", some, w)
        outs += [b.fill(some, truths(Ty(TanT(), t.shape))) for t in vjp.results]
    body = b.block(outs)
    bwd = fresh(Func(func.name + "_bwd", (*primals, *params), body, func.where))
    none = (False,) * len(vjp.results)
    return Pair(fresh(fwd), bwd, primals, (), (asked,) * len(vjp.results), none, none, 0.0)
