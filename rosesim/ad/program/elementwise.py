"""Scalar operators applied to every element of arrays: as loops, or unrolled if the arrays are small."""

from __future__ import annotations

from collections.abc import Callable

from rosesim.ad.program.builder import Builder, integer
from rosesim.ad.program.ir import Atom, Loop, Ty, Var, index_ty
from rosesim.ad.program.pack import REGISTER_SCALARS

Scalarwise = Callable[[Builder, Atom], Atom] | Callable[[Builder, Atom, Atom], Atom]


def zipped(b: Builder, f: Scalarwise, *arrays: Atom) -> Atom:
    """f(builder, elements...) for the elements at each index of arrays of one shape."""
    shape = arrays[0].ty.shape
    if not shape:
        return f(b, *arrays)
    if 0 < arrays[0].ty.size <= REGISTER_SCALARS:
        return _written_out(b, f, shape, (), arrays)
    return _looped(b, f, shape, (), arrays)


def _written_out(
    b: Builder, f: Scalarwise, shape: tuple[int, ...], at: tuple[Atom, ...], xs: tuple[Atom, ...]
) -> Atom:
    if not shape:
        return f(b, *(b.get(x, at) for x in xs))
    return b.stack([_written_out(b, f, shape[1:], (*at, integer(i)), xs) for i in range(shape[0])])


def _looped(b: Builder, f: Scalarwise, shape: tuple[int, ...], at: tuple[Atom, ...], xs: tuple[Atom, ...]) -> Atom:
    if not shape:
        return f(b, *(b.get(x, at) for x in xs))
    i = Var(index_ty(shape[0]), "i")
    inner = Builder(b)
    out = _looped(inner, f, shape[1:], (*at, i), xs)
    (result,) = b.let(
        Loop(n=shape[0], index=i, inits=(), carries=(), body=inner.block([out])),
        Ty(out.ty.scalar, (shape[0], *out.ty.shape)),
    )
    return result


def added(b: Builder, x: Atom, y: Atom) -> Atom:
    """x + y."""
    return zipped(b, lambda b, p, q: b.op("add", p, q), x, y)


def either(b: Builder, p: Atom, q: Atom) -> Atom:
    """p or q."""
    return zipped(b, lambda b, p, q: b.op("or", p, q), p, q)


def masked(b: Builder, p: Atom, x: Atom) -> Atom:
    """x where p (an array of x's shape) is true, else zero."""
    return zipped(b, lambda b, p, x: b.op("select", p, x, b.zeros(Ty(x.ty.scalar))), p, x)
