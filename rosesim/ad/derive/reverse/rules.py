"""The reverse of a function by the programmer's own rule."""

from __future__ import annotations

from rosesim.ad.derive.reverse.cotangent import Want, booleans, cotangent
from rosesim.ad.derive.reverse.pair import Asked, Back, Pair, is_tan, is_tan_type, parameters
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Atom, Func, TanT, Ty
from rosesim.ad.program.reduce import anywhere
from rosesim.ad.program.rewrite import fresh


def rule_pair(func: Func, asked: Asked) -> Pair:
    """The reverse of a forward derivative that was itself made of the programmer's reverse.

    The rule is not looked into: what it gives counts where any of what it is given does.
    """
    primal, vjp = func.memo["primal"], func.memo["vjp"]
    primals = tuple(p for p in func.params if not is_tan(p))
    f, b = Builder(where=func.where), Builder(where=func.where)
    fwd = Func(func.name + "_fwd", primals, f.block(f.call(primal, primals)), func.where)
    tys = [ty for ty in func.results if is_tan_type(ty)]
    params, cts = parameters(tys, asked)
    given = [b.zeros(cotangent(ty)) if ct is None else ct.clean(b) for ty, ct in zip(tys, cts, strict=True)]
    wants: list[Want] = [ct.want if ct.want is True else anywhere(b, ct.want) for ct in cts if ct is not None]
    outs: list[Atom] = list(b.call(vjp, [*primals, *given]))
    counts = [w for w in wants if w is not True]
    conditional = len(counts) == len(wants)
    if conditional:
        some = counts[0]
        for w in counts[1:]:
            some = b.op("or", some, w)
        outs += [b.fill(some, booleans(Ty(TanT(), t.shape))) for t in vjp.results]
    body = b.block(outs)
    bwd = fresh(Func(func.name + "_bwd", (*primals, *params), body, func.where))
    back = (Back(has_want=conditional),) * len(vjp.results)
    return Pair(fresh(fwd), bwd, primals, (), primals, back, 0.0)
