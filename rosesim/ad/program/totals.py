"""Numbers that stand for whole arrays: their sum, their largest magnitude."""

from __future__ import annotations

from rosesim.ad.program.builder import Builder, real
from rosesim.ad.program.ir import Atom, Loop, Var, index_ty


def total(b: Builder, x: Atom, of: str = "add") -> Atom:
    """The sum of an array's reals, or with `of` = "maximum" the largest magnitude; of a scalar likewise."""
    start: Atom = real(0.0)
    return _folded(b, x, start, of)


def _folded(b: Builder, x: Atom, so_far: Atom, of: str) -> Atom:
    if not x.ty.shape:
        return b.op(of, so_far, b.op("abs", x) if of == "maximum" else x)
    n = x.ty.shape[0]
    if n == 0:
        return so_far
    index, carry = Var(index_ty(n), "i"), Var(so_far.ty)
    inner = Builder(where=b.where)
    end = _folded(inner, inner.get(x, (index,)), carry, of)
    (out,) = b.let(Loop(n=n, index=index, inits=(so_far,), carries=(carry,), body=inner.block((end,))), so_far.ty)
    return out
