"""All elements of an array in one number or truth."""

from __future__ import annotations

from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Atom, Loop, Ty, Var, index_ty


def summed(b: Builder, x: Atom) -> Atom:
    """The sum of all elements; x itself where it is a scalar."""
    return _folded(b, "add", x)


def anywhere(b: Builder, p: Atom) -> Atom:
    """Whether some element is true; p itself where it is a scalar."""
    return _folded(b, "or", p)


def _folded(b: Builder, name: str, x: Atom) -> Atom:
    if not x.ty.shape:
        return x
    n = x.ty.shape[0]
    i, carry = Var(index_ty(n), "i"), Var(Ty(x.ty.scalar))
    inner = Builder(b)
    total = inner.op(name, carry, _folded(inner, name, inner.get(x, (i,))))
    (out,) = b.let(
        Loop(n=n, index=i, inits=(b.zeros(carry.ty),), carries=(carry,), body=inner.block([total])), carry.ty
    )
    return out
