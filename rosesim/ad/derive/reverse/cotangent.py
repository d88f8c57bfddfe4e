"""Cotangents while a block is read backwards: where they are added up, and where they count.

A cotangent is a value and a mask: True, or a boolean (an array of booleans for an array) that says where the value
counts. Where the mask is false, the value is unspecified and may be NaN: it flows back through the side of a `select`
that was not chosen. Applying the mask is a select that replaces such values by zero. It is applied before values with
different masks are added, and before a value leaves its block. Values with the same mask are added as they are, so
masks cost something only where different ones meet.

`clean_where` says where the value can be read without applying the mask: there the value is zero wherever the mask is
false. So a sum of masked values is not masked again until it meets a select or a slope that may be infinite: zero
times a finite slope stays zero.

`Gather` adds up the cotangents of a block's own variables. The cotangent of a variable of an outer block is added
into a ref, which the block that owns the variable makes (an `Accum` around the construct).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rosesim.ad.program.builder import Builder
from rosesim.ad.program.elementwise import added, either, masked
from rosesim.ad.program.ir import BOOL, Add, Atom, Block, BoolT, Expr, Fill, FloatT, Lit, Loop, Op, TanT, Ty, Var

Mask = Literal[True] | Atom

TRUE = Lit(True, BOOL)


@dataclass(frozen=True, slots=True)
class Ct:
    """A cotangent: its value, and the mask that says where it counts."""

    value: Atom
    mask: Mask
    clean_where: Mask
    """Where this is false, the value has to be replaced by zero; where it is true, the value is zero unless the mask
    is true."""

    @classmethod
    def raw(cls, value: Atom, mask: Mask) -> Ct:
        """A cotangent whose value is unspecified where its mask is false."""
        return cls(value, mask, mask)

    def clean(self, b: Builder) -> Atom:
        """The value, with zero where the mask is false."""
        return self.value if self.clean_where is True else masked(b, self.clean_where, self.value)

    def get(self, b: Builder, idx: Sequence[Atom]) -> Ct:
        """The cotangent of an element."""
        mask = True if self.mask is True else b.get(self.mask, idx)
        clean = self.clean_where
        clean_where = mask if clean is self.mask else True if clean is True else b.get(clean, idx)
        return Ct(b.get(self.value, idx), mask, clean_where)

    def scaled(self, value: Atom, finite: bool) -> Ct:
        """The cotangent after multiplication by a slope. `value` is the product. `finite`: the slope is provably
        neither infinite nor NaN."""
        return Ct(value, self.mask, self.clean_where if finite else self.mask)

    def where(self, b: Builder, p: Atom) -> Ct:
        """The cotangent of the side of a select that p chooses."""
        return Ct(self.value, *(p if q is True else b.op("and", p, q) for q in (self.mask, self.clean_where)))

    def renamed(self, names: Mapping[Atom, Atom]) -> Ct:
        """The cotangent with other names for its parts."""

        def new(mask: Mask) -> Mask:
            return True if mask is True else names.get(mask, mask)

        return Ct(names.get(self.value, self.value), new(self.mask), new(self.clean_where))


@dataclass(slots=True)
class RefPair:
    """The refs in which the cotangent of a variable of an outer block, and its mask, are added up.

    `always`: an unmasked cotangent was added, to the variable or a part of it. The whole mask then counts as true,
    and its ref is not read.
    """

    ref: Var
    mask_ref: Var
    always: bool = False


@dataclass(slots=True)
class Outside:
    """What the blocks of one reverse pass share.

    `refs`: the refs of each captured variable. `slices`: for an array that a loop reads only at its own index, the
    variable for the current slice.
    """

    refs: dict[Var, RefPair] = field(default_factory=dict)
    slices: dict[Var, Var] = field(default_factory=dict)
    made: dict[Var, Expr] = field(default_factory=dict)
    """The expressions that the function's variables are bound to."""

    def is_finite(self, a: Atom) -> bool:
        """Whether a slope is provably finite: a finite literal, a converted integer, or a `select`, `neg` or `abs` of
        such values. (`sign` is not: `sign` of a NaN is a NaN.)"""
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
        """Where to add the cotangent of v[idx].

        If a loop around reads the array v only at its own index, that loop has a variable for the current slice. The
        result is then this variable, and idx without its first index; otherwise it is v and idx.
        """
        idx = tuple(idx)
        while v in self.slices:
            v, idx = self.slices[v], idx[1:]
        return v, idx


class Gather:
    """Adds up the cotangents of one block's tangent variables. `certain`: the block runs whenever the function
    does."""

    def __init__(self, b: Builder, local: set[Var], outside: Outside, certain: bool = True):
        self.b = b
        self.local = local
        self.outside = outside
        self.certain = certain
        self.cts: dict[Var, Ct] = {}

    def take(self, v: Var) -> Ct | None:
        """The cotangent of a variable, once all of its uses have been read."""
        return self.cts.pop(v, None)

    def add(self, v: Atom, ct: Ct, idx: Sequence[Atom] = ()) -> None:
        """Add a cotangent to that of v[idx]."""
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
        if old.mask is new.mask and old.clean_where is new.clean_where:
            return Ct(added(b, old.value, new.value), old.mask, old.clean_where)
        total = added(b, old.clean(b), new.clean(b))
        if old.mask is True or new.mask is True:
            return Ct(total, True, True)
        return Ct(total, either(b, old.mask, new.mask), True)

    def _add_at(self, v: Var, ct: Ct, idx: tuple[Atom, ...]) -> None:
        b = self.b
        old = self.cts.get(v) or Ct(b.zeros(cotangent(v.ty)), b.zeros(booleans(v.ty)), True)
        value, mask = old.clean(b), True
        if not (old.mask is True or ct.mask is True):
            mask = b.put(old.mask, idx, either(b, b.get(old.mask, idx), ct.mask))
        self.cts[v] = Ct(b.put(value, idx, added(b, b.get(value, idx), ct.clean(b))), mask, True)

    def _add_outside(self, v: Var, ct: Ct, idx: tuple[Atom, ...]) -> None:
        pair = self.outside.refs[v]
        self.b.add(pair.ref, idx, ct.clean(self.b))
        if ct.mask is not True:
            self.b.add(pair.mask_ref, idx, ct.mask)
        elif self.certain:
            pair.always = True
        else:
            part = Ty(BoolT(), v.ty.shape[len(idx) :])
            self.b.add(pair.mask_ref, idx, self.b.fill(TRUE, part))


def cotangent(ty: Ty) -> Ty:
    """The type of the cotangent of a Tan."""
    assert isinstance(ty.scalar, TanT)
    return Ty(FloatT(ty.scalar.width), ty.shape)


def booleans(ty: Ty) -> Ty:
    """The type of the mask of a cotangent."""
    return Ty(BoolT(), ty.shape)


def as_ref(ty: Ty) -> Ty:
    """The type of a ref to a value of the type."""
    return Ty(ty.scalar, ty.shape, ref=True)


def covers(block: Block, ref: Var, place: tuple[Var, ...] = ()) -> bool:
    """Whether a block provably sets every element of a boolean ref, or of its part at `place`, to true."""
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
