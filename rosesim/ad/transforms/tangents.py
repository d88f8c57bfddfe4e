"""The types of tangents and gradients, several tangents at once, and the forward derivative of a traced function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.function import Fn
from rosesim.ad.language.tracing import Traced
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.ir import Atom, FloatT, Func, TanT, Ty
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here


def is_real(ty: Ty) -> bool:
    """Whether a flat array is of real numbers, so that it has a derivative."""
    return isinstance(ty.scalar, FloatT)


def gradient_type(t: T.Type) -> T.Type:
    """The type of a gradient: the value's type, with Null in place of parts without a Real."""
    return T.only(t, T.RealType)


def tangent_type(t: T.Type, linear: bool) -> T.Type:
    """The type of a tangent: that of a gradient, with Tan in place of Real if it is one of a rule's own."""
    return T.swap_scalars(gradient_type(t), T.RealType, T.TAN) if linear else gradient_type(t)


def refuse_tangents(g: Fn[..., Any], traced: Traced) -> None:
    """Raise if a function has a tangent among its parameters, or captures one."""
    if any(isinstance(p.ty.scalar, TanT) for p in traced.func.params):
        raise TypeMismatch(
            f"a derivative of {g.name}, which takes or captures a tangent, was asked for; expected a function of "
            "Reals: a function that is linear in a tangent is its own derivative",
            here(),
        )


def has_tangent(v: Any) -> bool:
    """Whether there is a `Tan` in it."""
    return v is not None and any(isinstance(ty.scalar, TanT) for ty in T.flatten(typeof(v)))


def count_stacked(values: Sequence[Any], types: Sequence[T.Type], what: str) -> int | None:
    """How many tangents at once each value holds, along an axis in front of those that its type has; None if it holds
    a single one. A value of None is zero for all of them.

    Raises where the numbers differ. A value that fits neither way counts as single: its conversion says what
    is wrong.
    """
    counts: list[int | None] = []
    for v, t in zip(values, types, strict=True):
        if v is None:
            continue
        try:
            found = [ty.shape for ty in T.flatten(typeof(v))]
        except TypeMismatch:
            found = []
        single = [ty.shape for ty in T.flatten(t)]
        many = bool(found) and [s[1:] for s in found if s] == single and len({s[:1] for s in found}) == 1
        counts.append(found[0][0] if many else None)
    if len(set(counts)) > 1:
        words = ", ".join("a single one" if k is None else f"{k} at once" for k in counts)
        raise TypeMismatch(
            f"{what} of different numbers were found: {words}; expected as many for each (None is zero for all)",
            here(),
        )
    return counts[0] if counts else None


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The forward derivative of a traced function along some of its flat parameters."""

    traced: Traced
    func: Func
    """Of the parameters and the tangents of the active ones: the results, and the tangents of those that have one."""
    out: tuple[bool, ...]
    linear: bool
    """Whether the tangents are those of a rule, `Tan`s."""

    @staticmethod
    def of(traced: Traced, active: Sequence[bool], linear: bool = False) -> Forwarded:
        """Differentiate along the active ones of the flat parameters, given for the arguments alone."""
        from rosesim.ad.derive.forward import jvp_func  # a program without derivatives need not load it
        from rosesim.ad.passes.share_functions import shared
        from rosesim.ad.program.rewrite import tangents_as_reals

        made, out = jvp_func(shared(traced.func), (*active, *(False for _ in traced.captured)))
        return Forwarded(traced, made if linear else tangents_as_reals(made), out, linear)

    def __call__(self, atoms: Sequence[Atom], tangents: Sequence[Atom]) -> tuple[Any, Any]:
        """Write the call: the value and its tangent."""
        from rosesim.ad.derive.forward import tangent

        t = self.traced
        f, b = trace.frame(), trace.building()
        outs = b.call(self.func, [f.resolve(a) for a in (*atoms, *t.captured, *tangents)])
        f.own(outs)
        count = len(t.func.results)
        rest = iter(outs[count:])
        floats = [(ty, o) for ty, o in zip(t.func.results, self.out, strict=True) if is_real(ty)]
        flat = [next(rest) if o else b.zeros(tangent(ty) if self.linear else ty) for ty, o in floats]
        f.own(flat)
        return of_atoms(t.result, outs[:count]), of_atoms(tangent_type(t.result, self.linear), flat)


def elements(stacked: Sequence[Atom], i: Index) -> list[Atom]:
    """The flat atoms of number i of what is stacked."""
    f = trace.frame()
    at = f.resolve(i.atom)
    return [trace.emit(lambda b, a=a: b.get(a, (at,))) for a in map(f.resolve, stacked)]


def columns(v: Any) -> list[Any]:
    """A vector of tuples as vectors, one for each part."""
    t, leaves = v.type, list(v.leaves())
    found: list[Any] = []
    for part in t.elem.types:
        each = T.VecType(t.n, part)
        found.append(of_atoms(each if part != T.NULL else part, [leaves.pop(0) for _ in T.flatten(each)]))
    return found


def stacked_atoms(values: Sequence[Any], types: Sequence[T.Type], count: int | None) -> list[list[Atom] | None]:
    """The flat atoms of each tangent, `count` of them stacked; None for a zero one."""
    each = zip(values, types, strict=True)
    return [None if v is None else to_atoms(v, t if count is None else T.VecType(count, t)) for v, t in each]


__all__ = [
    "Forwarded",
    "columns",
    "count_stacked",
    "elements",
    "gradient_type",
    "has_tangent",
    "is_real",
    "refuse_tangents",
    "stacked_atoms",
    "tangent_type",
]
