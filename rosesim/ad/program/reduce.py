"""Reduces all elements of an array to one scalar, by nested loops over its rows."""

from __future__ import annotations

from collections.abc import Callable

from rosesim.ad.program.builder import Builder, real
from rosesim.ad.program.ir import Atom, Loop, Ty, Var, index_ty


def summed(b: Builder, x: Atom) -> Atom:
    """The sum of the sums of all rows; x itself if it is a scalar."""
    return _by_rows(b, "add", x)


def anywhere(b: Builder, p: Atom) -> Atom:
    """Whether any element is true; p itself if it is a scalar."""
    return _by_rows(b, "or", p)


def total(b: Builder, x: Atom) -> Atom:
    """0.0 plus each element in turn; x may be a scalar."""
    return _in_turn(b, x, real(0.0), lambda b, so_far, e: b.op("add", so_far, e))


def largest_magnitude(b: Builder, x: Atom) -> Atom:
    """The largest magnitude among all elements; x may be a scalar."""
    return _in_turn(b, x, real(0.0), lambda b, so_far, e: b.op("maximum", so_far, b.op("abs", e)))


Step = Callable[[Builder, Atom, Atom], Atom]
"""The next carry, made of the carry and an element or a row."""


def _by_rows(b: Builder, name: str, x: Atom) -> Atom:
    if not x.ty.shape:
        return x
    zero = b.zeros(Ty(x.ty.scalar))
    return _over_rows(b, x, zero, lambda b, so_far, row: b.op(name, so_far, _by_rows(b, name, row)))


def _in_turn(b: Builder, x: Atom, so_far: Atom, step: Step) -> Atom:
    if not x.ty.shape:
        return step(b, so_far, x)
    return _over_rows(b, x, so_far, lambda b, so_far, row: _in_turn(b, row, so_far, step))


def _over_rows(b: Builder, x: Atom, start: Atom, step: Step) -> Atom:
    n = x.ty.shape[0]
    if n == 0:
        return start
    i, carry = Var(index_ty(n), "i"), Var(start.ty)
    inner = Builder(b)
    end = step(inner, carry, inner.get(x, (i,)))
    (out,) = b.let(Loop(n=n, index=i, inits=(start,), carries=(carry,), body=inner.block([end])), start.ty)
    return out
