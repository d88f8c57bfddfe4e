"""Unpacks small arrays into scalars: a loop or branch that carries scalars keeps them in registers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from rosesim.ad.program.builder import Builder, integer
from rosesim.ad.program.ir import Atom, Ty

REGISTER_SCALARS = 8
"""Arrays of at most this many scalars are unpacked."""


def unpacked_types(tys: Sequence[Ty]) -> list[Ty]:
    """The types of what `unpack` gives for values of these types."""
    return [p for t in tys for p in ([Ty(t.scalar)] * t.size if _small(t) else [t])]


def _small(t: Ty) -> bool:
    return bool(t.shape) and 0 < t.size <= REGISTER_SCALARS and not t.ref


def unpack(b: Builder, atoms: Sequence[Atom]) -> list[Atom]:
    """The atoms, each small array replaced by its elements."""
    out: list[Atom] = []
    for a in atoms:
        if _small(a.ty):
            out += [b.get(a, tuple(map(integer, i))) for i in itertools.product(*map(range, a.ty.shape))]
        else:
            out.append(a)
    return out


def pack(b: Builder, tys: Sequence[Ty], parts: Sequence[Atom]) -> list[Atom]:
    """The inverse of `unpack`: atoms of the given types, small arrays rebuilt from their elements."""
    rest = iter(parts)
    return [_join(b, t.shape, rest) if _small(t) else next(rest) for t in tys]


def _join(b: Builder, shape: tuple[int, ...], parts: Iterator[Atom]) -> Atom:
    return b.stack([_join(b, shape[1:], parts) for _ in range(shape[0])]) if shape else next(parts)
