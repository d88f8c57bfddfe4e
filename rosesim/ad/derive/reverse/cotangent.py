"""Cotangents while a block is read backwards: where they are added up, and under which condition they count.

A cotangent is a value and `want`: True, or a boolean (an array of them for an array) that says where the value
counts. Where `want` is false the value is unspecified and may be NaN: it is what flows back through the side of a
`select` that was not chosen. Values of different conditions are masked, by a select, before they are added, and so
is each value that leaves its block. Values of one condition are not, so a mask costs something only where
conditions meet.

`mask` says where the value may be read as it is: the value is zero wherever it does not count but `mask` holds. So
a sum of masked values needs no mask until it meets a select or a slope that may be infinite: zero times a finite
slope stays zero.

`Gather` adds up the cotangents of a block's own variables. Those of variables of outer blocks are added into refs
that the block which owns them made (an `Accum` around the construct).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rosesim.ad.program.builder import Builder
from rosesim.ad.program.elementwise import added, either, masked
from rosesim.ad.program.ir import BOOL, Add, Atom, Block, BoolT, Expr, Fill, FloatT, Lit, Loop, Op, TanT, Ty, Var

Want = Literal[True] | Atom

TRUE = Lit(True, BOOL)


@dataclass(frozen=True, slots=True)
class Ct:
    """A cotangent and the condition under which it counts."""

    value: Atom
    want: Want
    mask: Want
    """Where it is false the value is to be replaced by zero; elsewhere it is zero where `want` is false."""

    @classmethod
    def raw(cls, value: Atom, want: Want) -> Ct:
        """A cotangent that is unspecified where it does not count."""
        return cls(value, want, want)

    def clean(self, b: Builder) -> Atom:
        """The value, zero where it does not count."""
        return self.value if self.mask is True else masked(b, self.mask, self.value)

    def get(self, b: Builder, idx: Sequence[Atom]) -> Ct:
        """The cotangent of an element."""
        want = True if self.want is True else b.get(self.want, idx)
        mask = want if self.mask is self.want else True if self.mask is True else b.get(self.mask, idx)
        return Ct(b.get(self.value, idx), want, mask)

    def scaled(self, value: Atom, finite: bool) -> Ct:
        """The cotangent times a slope, with its new value. `finite`: the slope is never infinite or NaN."""
        return Ct(value, self.want, self.mask if finite else self.want)

    def where(self, b: Builder, p: Atom) -> Ct:
        """The cotangent of the side of a select that p chooses."""
        return Ct(self.value, *(p if q is True else b.op("and", p, q) for q in (self.want, self.mask)))

    def renamed(self, names: Mapping[Atom, Atom]) -> Ct:
        """The cotangent with other names for its parts."""

        def new(want: Want) -> Want:
            return True if want is True else names.get(want, want)

        return Ct(names.get(self.value, self.value), new(self.want), new(self.mask))


@dataclass(slots=True)
class RefPair:
    """Where the cotangent of a variable of an outer block is added up, and whether anything counted."""

    ref: Var
    wref: Var
    always: bool = False


@dataclass(slots=True)
class Outside:
    """What one reverse pass shares between its blocks: refs of captured variables, slices of loops."""

    refs: dict[Var, RefPair] = field(default_factory=dict)
    slices: dict[Var, Var] = field(default_factory=dict)
    made: dict[Var, Expr] = field(default_factory=dict)
    """The expressions that the function's variables are bound to."""

    def is_finite(self, a: Atom) -> bool:
        """Whether a slope is finite for certain: a literal, or a select between literals (a sign may be of a NaN)."""
        if isinstance(a, Lit):
            return math.isfinite(a.value)
        match self.made.get(a):
            case Op("select", (_, x, y)):
                return self.is_finite(x) and self.is_finite(y)
            case Op("neg" | "abs", (x,)):
                return self.is_finite(x)
            case Op("real", _):
                return True
            case _:
                return False

    def resolve(self, v: Var, idx: Sequence[Atom]) -> tuple[Var, tuple[Atom, ...]]:
        """The place in an outer array that v[idx] is, if v is the slice of it that a loop reads."""
        idx = tuple(idx)
        while v in self.slices:
            v, idx = self.slices[v], idx[1:]
        return v, idx


class Gather:
    """The cotangents of one block's tangents. `certain`: the block runs whenever the one around it does."""

    def __init__(self, b: Builder, local: set[Var], outside: Outside, certain: bool = True):
        self.b = b
        self.local = local
        self.outside = outside
        self.certain = certain
        self.cts: dict[Var, Ct] = {}

    def take(self, v: Var) -> Ct | None:
        """The cotangent of a variable all of whose uses have been read."""
        return self.cts.pop(v, None)

    def add(self, v: Atom, ct: Ct, idx: Sequence[Atom] = ()) -> None:
        """Something flows back into v[idx]."""
        if isinstance(v, Lit):
            return
        v, idx = self.outside.resolve(v, idx)
        if v not in self.local:
            self._add_outside(v, ct, idx)
        elif idx:
            self._add_at(v, ct, idx)
        else:
            old = self.cts.get(v)
            self.cts[v] = ct if old is None else self._joined(old, ct)

    def _joined(self, old: Ct, new: Ct) -> Ct:
        b = self.b
        if old.want is new.want and old.mask is new.mask:
            return Ct(added(b, old.value, new.value), old.want, old.mask)
        total = added(b, old.clean(b), new.clean(b))
        if old.want is True or new.want is True:
            return Ct(total, True, True)
        return Ct(total, either(b, old.want, new.want), True)

    def _add_at(self, v: Var, ct: Ct, idx: tuple[Atom, ...]) -> None:
        b = self.b
        old = self.cts.get(v) or Ct(b.zeros(cotangent(v.ty)), b.zeros(booleans(v.ty)), True)
        value, want = old.clean(b), True
        if not (old.want is True or ct.want is True):
            want = b.put(old.want, idx, either(b, b.get(old.want, idx), ct.want))
        self.cts[v] = Ct(b.put(value, idx, added(b, b.get(value, idx), ct.clean(b))), want, True)

    def _add_outside(self, v: Var, ct: Ct, idx: tuple[Atom, ...]) -> None:
        pair = self.outside.refs[v]
        self.b.add(pair.ref, idx, ct.clean(self.b))
        if ct.want is not True:
            self.b.add(pair.wref, idx, ct.want)
        elif self.certain:
            pair.always = True
        else:
            whole = Ty(BoolT(), v.ty.shape[len(idx) :])
            self.b.add(pair.wref, idx, self.b.fill(TRUE, whole))


def cotangent(ty: Ty) -> Ty:
    """The type of the cotangent of a Tan."""
    assert isinstance(ty.scalar, TanT)
    return Ty(FloatT(ty.scalar.width), ty.shape)


def booleans(ty: Ty) -> Ty:
    """The type of the condition of a cotangent."""
    return Ty(BoolT(), ty.shape)


def as_ref(ty: Ty) -> Ty:
    """A ref of the type."""
    return Ty(ty.scalar, ty.shape, ref=True)


def covers(block: Block, ref: Var, place: tuple[Var, ...] = ()) -> bool:
    """Whether a block sets every element of a boolean ref, or of its part at `place`, for certain."""
    full = {let.outs[0] for let in block.lets if isinstance(let.expr, Fill) and let.expr.value == TRUE}
    for let in block.lets:
        match let.expr:
            case Add(r, idx, v) if r is ref and idx == place and (v == TRUE or v in full):
                return True
            case Loop() as e if e.upto is None and e.test is None and len(place) < len(ref.ty.shape):
                if e.n == ref.ty.shape[len(place)] and covers(e.body, ref, (*place, e.index)):
                    return True
            case _:
                pass
    return False
