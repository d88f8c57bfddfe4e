"""The reverse of functions whose reverse somebody gave: a reverse rule, or a transpose."""

from __future__ import annotations

from rosesim.ad.derive.reverse.cotangent import Mask, booleans, cotangent
from rosesim.ad.derive.reverse.pair import Back, MaskPattern, Pair, is_tan, is_tan_type, parameters
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Atom, Func, Opaque, TanT, Ty
from rosesim.ad.program.reduce import anywhere
from rosesim.ad.program.rewrite import fresh


def rule_pair(func: Func, pattern: MaskPattern) -> Pair:
    """The reverse of a forward derivative that was itself made of a reverse rule of the user's."""
    return by_function(func, pattern, func.memo["primal"], func.memo["vjp"])


def linear_pair(func: Func, pattern: MaskPattern) -> Pair:
    """The reverse of a function that is declared linear, by its declared transpose."""
    assert isinstance(func.body, Opaque)
    assert func.body.linear is not None
    return by_function(func, pattern, None, func.body.linear.transpose())


def by_function(func: Func, pattern: MaskPattern, primal: Func | None, vjp: Func) -> Pair:
    """The reverse by a function of the primals and a cotangent for each Tan result.

    It is opaque: all its results count if any element of its cotangents counts.
    """
    primals = tuple(p for p in func.params if not is_tan(p))
    f, b = Builder(where=func.where), Builder(where=func.where)
    values = () if primal is None else f.call(primal, primals)
    fwd = Func(func.name + "_fwd", primals, f.block(values), func.where)
    tys = [ty for ty in func.results if is_tan_type(ty)]
    params, cts = parameters(tys, pattern)
    given = [b.zeros(cotangent(ty)) if ct is None else ct.clean(b) for ty, ct in zip(tys, cts, strict=True)]
    masks: list[Mask] = [ct.mask if ct.mask is True else anywhere(b, ct.mask) for ct in cts if ct is not None]
    outs: list[Atom] = list(b.call(vjp, [*primals, *given]))
    conditions = [w for w in masks if w is not True]
    conditional = len(conditions) == len(masks)
    if conditional:
        some = conditions[0]
        for w in conditions[1:]:
            some = b.op("or", some, w)
        outs += [b.fill(some, booleans(Ty(TanT(), t.shape))) for t in vjp.results]
    body = b.block(outs)
    bwd = fresh(Func(func.name + "_bwd", (*primals, *params), body, func.where))
    returned = (Back(has_mask=conditional),) * len(vjp.results)
    return Pair(fresh(fwd), bwd, primals, (), primals, returned, 0.0)
