"""Derivatives that the programmer gives, in the form that the transformations use (`ir.Rules`).

A rule is checked once, before it is used: its parameters, its result, that it is linear in its tangents, and that no
tangent is dropped silently. An error names the rule's own line, and reads the same in forward and reverse mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from rosesim.ad.language import types as T
from rosesim.ad.language.signature import as_call, keywords_of, named
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.tangent import Tan
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Atom, FloatT, Func, Rules, TanT, Ty, Var
from rosesim.ad.support.errors import CheckError, TypeMismatch

if TYPE_CHECKING:
    from rosesim.ad.language.function import Fn
    from rosesim.ad.language.signature import Names, Types
    from rosesim.ad.language.tracing import Traced


@dataclass(frozen=True)
class Dual:
    """A Real and its tangent. A rule for `defjvp` takes and gives Duals in place of Reals.

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


def dual_type(t: T.Type) -> T.Type:
    """The type with every Real replaced by a Dual."""
    return T.swap_scalars(t, T.RealType, DUAL)


def _of_dual(t: T.Type, scalar: T.Type, other: T.Type | None = None) -> T.Type:
    """The type with every Dual replaced by `scalar`, and, if given, every other scalar by `other`."""
    match t:
        case T.StructType(kind) if kind is Dual:
            return scalar
        case T.VecType(n, elem):
            inner = _of_dual(elem, scalar, other)
            return inner if inner == T.NULL else T.VecType(n, inner)
        case T.StructType(kind, names, parts):
            return T.StructType(kind, names, tuple(_of_dual(p, scalar, other) for p in parts))
        case _:
            return t if other is None else other


def _is_tangent(ty: Ty) -> bool:
    return isinstance(ty.scalar, TanT)


def primal(v: Any) -> Any:
    """The values in a structure of Duals, as a rule for `defjvp` takes it: each Dual becomes its Real. Other parts
    stay.

    >>> from rosesim import Dual, Real, Vec, dot, dual, fn, grad, primal, tangent
    >>> @fn
    ... def half_square(v: Vec[Real, 2]) -> Real:
    ...     return 0.5 * dot(v, v)
    >>> @half_square.defjvp
    ... def _(v: Vec[Dual, 2]) -> Dual:
    ...     x, dx = primal(v), tangent(v)
    ...     return dual(half_square(x), x[0] * dx[0] + x[1] * dx[1])
    >>> grad(half_square)([3.0, 4.0])
    array([3., 4.])
    """
    t = typeof(v)
    return of_atoms(_of_dual(t, T.REAL), [a for a in to_atoms(v, t) if not _is_tangent(a.ty)])


def tangent(v: Any) -> Any:
    """The tangents in a structure of Duals: each Dual becomes its Tan, other parts None. See also `primal`.

    >>> from rosesim import Dual, Real, Vec, dual, fn, jvp, primal, tangent
    >>> @fn
    ... def twice(v: Vec[Real, 2]) -> Vec[Real, 2]:
    ...     return v + v
    >>> @twice.defjvp
    ... def _(v: Vec[Dual, 2]) -> Vec[Dual, 2]:
    ...     return dual(twice(primal(v)), 2.0 * tangent(v))
    >>> jvp(twice)([3.0, 4.0], [1.0, 0.0])
    (array([6., 8.]), array([2., 0.]))
    """
    t = typeof(v)
    return of_atoms(_of_dual(t, T.TAN, T.NULL), [a for a in to_atoms(v, t) if _is_tangent(a.ty)])


def dual(x: Any, dx: Any) -> Any:
    """The structure of Duals with these values and tangents, as a rule for `defjvp` gives it. Parts of x that are not
    real have None in dx.

    >>> from rosesim import Dual, Real, Vec, dual, fn, grad, primal, tangent
    >>> @fn
    ... def first(v: Vec[Real, 2]) -> Real:
    ...     return v[0]
    >>> @first.defjvp
    ... def _(v: Vec[Dual, 2]) -> Dual:
    ...     return dual(first(primal(v)), 5.0 * tangent(v)[0])  # not its true derivative
    >>> grad(first)([3.0, 4.0])
    array([5., 0.])
    """
    t = typeof(x)
    tangents = iter(to_atoms(dx, T.only(T.swap_scalars(t, T.RealType, T.TAN), T.TanType)))
    atoms: list[Atom] = []
    for a in to_atoms(x, t):
        atoms += (a, next(tangents)) if isinstance(a.ty.scalar, FloatT) else (a,)
    return of_atoms(dual_type(t), atoms)


def rules_of(
    f: Fn[..., Any], custom: Mapping[str, Fn[..., Any]], types: Types, result: T.Type, closed: bool = True
) -> Rules | None:
    """The rules of a function for parameters of these types, or None. `closed` says that it captures no traced value.

    Rules are traced and checked when the first derivative needs them. A rule for a function of tangents is refused at
    once, because no derivative would ever use it.
    """
    if not custom:
        return None
    if any(isinstance(ty.scalar, TanT) for t in (*types, result) for ty in T.flatten(t)):
        which, rule = next(iter(custom.items()))
        raise TypeMismatch(
            f"{f.name}.def{which} was given a rule, and {f.name} takes or gives a tangent; expected a function "
            "without tangents: a function that is linear in a tangent is its own derivative",
            rule.where,
        )

    def made(make: Callable[..., Func], rule: Fn[..., Any] | None) -> Callable[[], Func] | None:
        def once() -> Func:
            if not closed:
                raise TypeMismatch(
                    f"{f.name} uses traced values of the function around it, and has a derivative of its own, which "
                    f"ignores them; expected no such values: pass them to {f.name} as arguments",
                    f.where,
                )
            assert rule is not None
            return make(f, rule, types, result)

        return None if rule is None else once

    return Rules(jvp=made(jvp_rule, custom.get("jvp")), vjp=made(vjp_rule, custom.get("vjp")))


def required_by_rules(f: Fn[..., Any], count: int, keywords: Names) -> list[str]:
    """Parameters that a call leaves out although a rule takes them. Such a call is made with their defaults."""
    found: list[str] = []
    for which, rule in f.custom.items():
        found += f.signature().left_out(count, keywords, rule.signature(), cotangents=int(which == "vjp"))
    return list(dict.fromkeys(found))


def jvp_rule(f: Fn[..., Any], rule: Fn[..., Any], types: Types, result: T.Type) -> Func:
    """A forward rule, which takes Duals, as a function of primals followed by tangents."""
    from rosesim.ad.derive.forward import is_float, tangent  # not needed before the first derivative

    traced = _checked(f, "defjvp", rule, named([dual_type(t) for t in types], keywords_of(types)), dual_type(result))
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
    """A reverse rule as a function of primals followed by cotangents. It gives cotangents."""
    ct = T.only(T.swap_scalars(result, T.RealType, T.TAN), T.TanType)
    cotangents = [T.only(T.swap_scalars(t, T.RealType, T.TAN), T.TanType) for t in types]
    expected = cotangents[0] if len(cotangents) == 1 else T.tuple_type(*cotangents)
    keywords = keywords_of(types)
    count = len(types) - len(keywords)
    row = (*types[:count], ct, *types[count:])
    func = _checked(f, "defvjp", rule, named(row, keywords), expected).func
    return _cotangent_last(func, row, count) if keywords else func


def _cotangent_last(func: Func, row: Types, count: int) -> Func:
    """A reverse rule with its cotangent moved behind all arguments. It stood before those by keyword."""
    parts = [[Var(ty) for ty in T.flatten(t)] for t in row]
    b = Builder(where=func.where)
    outs = b.call(func, [v for part in parts for v in part])
    last = (*parts[:count], *parts[count + 1 :], parts[count])
    return Func(func.name, tuple(v for part in last for v in part), b.block(outs), func.where)


# ---------------------------------------------------------------------------------- what a rule must be


def _checked(f: Fn[..., Any], which: str, rule: Fn[..., Any], types: Types, expected: T.Type) -> Traced:
    """The trace of a rule for parameters of these types. Raises unless its result is `expected` and it is linear."""
    from rosesim.ad.program.check import check  # not needed before the first derivative

    said = f"the rule given to {f.name}.{which}"
    _takes(f, which, rule, types)
    traced = rule.traced(types)
    if traced.result != expected:
        hint = "; is a `return` missing?" if traced.result == T.NULL else ""
        if _zeros_may_be_meant(traced.result, expected):
            hint = "; a tangent that is zero is Tan(0.0)"
        raise TypeMismatch(f"{said} gave {traced.result}; expected {expected}{hint}", rule.where)
    if traced.captured:
        raise TypeMismatch(f"{said} uses traced values of another function; expected its own arguments", rule.where)
    try:
        check(traced.func)
    except CheckError as e:
        raise TypeMismatch(
            f"{said} is not linear in its tangents: {e.rule}; expected sums of them, scaled by Reals", e.where
        ) from None
    return traced


def _takes(f: Fn[..., Any], which: str, rule: Fn[..., Any], types: Types) -> None:
    """Raise if a rule does not take these arguments."""
    try:
        rule.signature().bind(*as_call(types, keywords_of(types)))
    except TypeMismatch:
        raise TypeMismatch(
            f"the rule given to {f.name}.{which} takes {rule.signature()}; expected the arguments of {f.signature()}"
            + (" and, after those by position, the cotangent" if which == "defvjp" else ""),
            rule.where,
        ) from None


def _zeros_may_be_meant(found: T.Type, expected: T.Type) -> bool:
    """Whether the types differ only in Reals that stand where tangents are expected."""
    if T.swap_scalars(found, T.TanType, T.REAL) != T.swap_scalars(expected, T.TanType, T.REAL):
        return False
    pairs = zip(T.flatten(found), T.flatten(expected), strict=True)
    return all(f == e or isinstance(e.scalar, TanT) for f, e in pairs)
