"""Derivatives given by the programmer, brought into the form that the transformations use (`ir.Rules`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from rosesim.ad import types as T
from rosesim.ad.builder import Builder
from rosesim.ad.errors import TypeMismatch
from rosesim.ad.ir import Atom, Func, Var
from rosesim.ad.signature import as_call, keywords_of, named
from rosesim.ad.values import Real, Tan

if TYPE_CHECKING:
    from rosesim.ad.function import Fn, Traced
    from rosesim.ad.signature import Types


@dataclass(frozen=True)
class Dual:
    """A Real and its tangent; what a rule given to `defjvp` takes and gives in place of a Real.

    >>> from rosesim import Dual, Real, fn, grad
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return x * x
    >>> @f.defjvp
    ... def _(x: Dual) -> Dual:
    ...     return Dual(x.re * x.re, 2.0 * x.re * x.du)
    >>> grad(f)(3.0)
    6.0
    """

    re: Real
    du: Tan

    if TYPE_CHECKING:

        def __getitem__(self, i: Any) -> Self: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Self]: ...


DUAL = T.struct_type(Dual, {"re": T.REAL, "du": T.TAN})


def dual(t: T.Type) -> T.Type:
    """The type with every Real a Dual."""
    return T.swap_scalars(t, T.RealType, DUAL)


def jvp_rule(f: Fn[..., Any], rule: Fn[..., Any], types: Types, result: T.Type) -> Func:
    """A rule on duals as a function of primals, then tangents."""
    from rosesim.ad.forward import is_float, tangent  # not needed before the first derivative

    traced = _traced(f, "defjvp", rule, named([dual(t) for t in types], keywords_of(types)))
    _same(f, "defjvp", traced.result, dual(result))
    if traced.captured:
        raise TypeMismatch(f"the rule given to {f.name}.defjvp uses traced values of another function", f.where)
    flat = [ty for t in types for ty in T.flatten(t)]
    primals = [Var(ty) for ty in flat]
    tangents = {p: Var(tangent(p.ty)) for p in primals if is_float(p)}
    args = [a for p in primals for a in ((p, tangents[p]) if p in tangents else (p,))]
    b = Builder(where=f.where)
    outs = iter(b.call(traced.func, args))
    values: list[Atom] = []
    tans: list[Atom] = []
    for ty in T.flatten(result):
        v = next(outs)
        values.append(v)
        if is_float(Var(ty)):
            tans.append(next(outs))
    return Func(f.name + "_jvp", (*primals, *tangents.values()), b.block([*values, *tans]), f.where)


def vjp_rule(f: Fn[..., Any], rule: Fn[..., Any], types: Types, result: T.Type) -> Func:
    """A reverse rule as a function of primals, then cotangents, giving cotangents."""
    ct = T.swap_scalars(result, T.RealType, T.TAN)
    keywords = keywords_of(types)
    count = len(types) - len(keywords)
    row = (*types[:count], _without_others(ct), *types[count:])
    traced = _traced(f, "defvjp", rule, named(row, keywords))
    wanted = [_without_others(T.swap_scalars(t, T.RealType, T.TAN)) for t in types]
    _same(f, "defvjp", traced.result, wanted[0] if len(wanted) == 1 else T.tuple_type(*wanted))
    if traced.captured:
        raise TypeMismatch(f"the rule given to {f.name}.defvjp uses traced values of another function", f.where)
    return _cotangent_last(traced.func, row, count) if keywords else traced.func


def _traced(f: Fn[..., Any], which: str, rule: Fn[..., Any], types: Types) -> Traced:
    """The rule for arguments of these types, where it takes them."""
    try:
        rule.signature().bind(*as_call(types, keywords_of(types)))
    except TypeMismatch:
        raise TypeMismatch(
            f"the rule given to {f.name}.{which} takes {rule.signature()}; expected the arguments of {f.signature()}"
            + (" and, after those by position, the cotangent" if which == "defvjp" else ""),
            rule.where,
        ) from None
    return rule.traced(types)


def _cotangent_last(func: Func, row: Types, count: int) -> Func:
    """A reverse rule with its cotangent after all arguments: it came before those by keyword."""
    parts = [[Var(ty) for ty in T.flatten(t)] for t in row]
    b = Builder(where=func.where)
    outs = b.call(func, [v for part in parts for v in part])
    last = (*parts[:count], *parts[count + 1 :], parts[count])
    return Func(func.name, tuple(v for part in last for v in part), b.block(outs), func.where)


def _without_others(t: T.Type) -> T.Type:
    """A type of tangents with Null where there is none."""
    match t:
        case T.TanType():
            return t
        case T.VecType(n, elem):
            inner = _without_others(elem)
            return T.NULL if inner == T.NULL else T.VecType(n, inner)
        case T.StructType(kind, names, parts):
            return T.StructType(kind, names, tuple(map(_without_others, parts)))
        case _:
            return T.NULL


def _same(f: Fn[..., Any], which: str, found: T.Type, expected: T.Type) -> None:
    if found != expected:
        raise TypeMismatch(f"the rule given to {f.name}.{which} gave {found}; expected {expected}", f.where)
