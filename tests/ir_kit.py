"""Writing programs by hand, let by let, as they are: nothing is folded, shared or checked on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    TAN,
    Atom,
    Block,
    Expr,
    FloatT,
    Func,
    IntT,
    Let,
    Lit,
    Op,
    TanT,
    Ty,
    Var,
    Where,
    index_ty,
)

TRUE, FALSE = Lit(True, BOOL), Lit(False, BOOL)
ZERO, ONE = Lit(0.0, REAL), Lit(1.0, REAL)


def real(x: float) -> Lit:
    return Lit(x, REAL)


def tan(x: float) -> Lit:
    return Lit(x, TAN)


def at(i: int, n: int) -> Lit:
    """The index i of Index[n]."""
    return Lit(i, index_ty(n))


def integer(i: int) -> Lit:
    return Lit(i, between(i, i))


def between(lo: int, hi: int) -> Ty:
    return Ty(IntT(lo, hi))


def reals(*shape: int) -> Ty:
    return Ty(FloatT(), shape)


def tans(*shape: int) -> Ty:
    return Ty(TanT(), shape)


def ref(ty: Ty) -> Ty:
    return Ty(ty.scalar, ty.shape, ref=True)


class Body:
    """A block being written."""

    def __init__(self) -> None:
        self.lets: list[Let] = []

    def let(self, expr: Expr, *tys: Ty, where: Where | None = None) -> Any:
        """The variable bound, or a tuple where there is not exactly one."""
        outs = tuple(Var(t) for t in tys)
        self.lets.append(Let(outs, expr, where))
        return outs[0] if len(outs) == 1 else outs

    def op(self, name: str, *args: Atom, ty: Ty = REAL) -> Var:
        return self.let(Op(name, args), ty)

    def block(self, *results: Atom) -> Block:
        return Block(tuple(self.lets), results)


def block(write: Callable[[Body], Atom | Sequence[Atom]]) -> Block:
    """The block whose lets `write` writes and whose results it returns."""
    body = Body()
    results = write(body)
    return body.block(*([results] if isinstance(results, Var | Lit) else results))


def func(tys: Sequence[Ty], write: Callable[..., Atom | Sequence[Atom]], name: str = "f") -> Func:
    """The function of parameters a, b, c, ... whose body `write(body, a, b, c, ...)` writes."""
    params = tuple(Var(t, "abcdefgh"[k]) for k, t in enumerate(tys))
    return Func(name, params, block(lambda body: write(body, *params)))
