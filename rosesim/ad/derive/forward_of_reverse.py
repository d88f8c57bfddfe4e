"""The forward derivative of a function that has only a reverse rule."""

from __future__ import annotations

from rosesim.ad.derive.reverse.pair import call_back, is_tan, is_tan_type
from rosesim.ad.derive.reverse.transpose import transpose
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Func, Var
from rosesim.ad.program.rewrite import tangents_as_reals


def jvp_of_vjp(func: Func) -> Func:
    """The forward derivative of a function that has only a reverse rule: the rule, transposed in its cotangents."""
    assert func.rules is not None
    assert func.rules.vjp is not None
    rule = func.rules.vjp()
    pair = transpose(rule)
    b = Builder(where=func.where)
    params = tuple(Var(p.ty, p.name) for p in func.params)
    floats = [t for t in rule.results if is_tan_type(t)]
    tans = tuple(Var(t) for t in floats)
    results = b.call(func, params)
    given = [*pair.tape_of(params, b.call(pair.fwd, params)), *tans]
    cts = [p.ty for p in rule.params if is_tan(p)]
    outs = call_back(b, pair, given, cts)
    made = Func(func.name + "_jvp", (*params, *tans), b.block([*results, *outs]), func.where)
    made.memo["vjp"] = tangents_as_reals(rule)
    made.memo["primal"] = func
    return made
