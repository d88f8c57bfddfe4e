"""Values in lanes: one for all lanes, or one for each. How they are selected and assembled, as scalars or arrays."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rosesim.ad.program import ir
from rosesim.ad.program.ir import (
    BOOL,
    Atom,
    Block,
    BoolT,
    Expr,
    Fill,
    FloatT,
    Get,
    IntT,
    Let,
    Lit,
    Loop,
    Op,
    Stack,
    TanT,
    Ty,
    Var,
    Where,
    index_ty,
)
from rosesim.codegen.passes.buffers import SHORT


class Widener:
    """Values in lanes, while lets are written. `env` has the values of the original program's variables."""

    def __init__(self, lanes: int, varying: set[Var]):
        self.lanes, self.varying = lanes, varying
        self.env: dict[Var, Atom] = {}
        self.mask: Atom | None = None
        """The mask of active lanes. None: all are active."""
        self.full_of: dict[Var, Atom] = {}
        self.lets: list[Let] = []
        self.where: Where | None = None

    # -------------------------------------------------------------------------------- names

    def wide(self, ty: Ty) -> Ty:
        """The type with a value for each lane."""
        return Ty(replace(ty.scalar, lanes=self.lanes), ty.shape, ty.ref)

    def varied(self, v: Var) -> Var:
        """The variable for v, with a value for each lane."""
        new = Var(self.wide(v.ty), v.name)
        self.env[v] = new
        return new

    def same(self, v: Var) -> Var:
        """A fresh variable for v, with one value for all lanes."""
        new = Var(v.ty, v.name)
        self.env[v] = new
        return new

    def bound(self, v: Var) -> Var:
        """The variable for a binder."""
        return self.varied(v) if v in self.varying else self.same(v)

    def atom(self, a: Atom) -> Atom:
        """The value of an atom of the original program."""
        return self.env.get(a, a) if isinstance(a, Var) else a

    def is_wide(self, a: Atom) -> bool:
        """Whether an atom has a value for each lane."""
        return a.ty.scalar.lanes > 1

    # ------------------------------------------------------------------------------ writing

    def let(self, e: Expr, ty: Ty) -> Var:
        """Write a let with one result."""
        out = Var(ty)
        self.lets.append(Let((out,), e, self.where))
        return out

    def op(self, name: str, *args: Atom, ty: Ty) -> Atom:
        """Write an operator."""
        return self.let(Op(name, args), ty)

    @contextmanager
    def nested(self) -> Generator[list[Let]]:
        """Write to a new block."""
        outer, self.lets = self.lets, []
        try:
            yield self.lets
        finally:
            self.lets = outer

    # ----------------------------------------------------------------------- arrays and lanes

    def element(self, x: Atom, idx: Sequence[Atom]) -> Atom:
        """An element of x, or x itself."""
        if not idx:
            return x
        assert isinstance(x, Var)
        if x in self.full_of and len(idx) == len(x.ty.shape):
            return self.full_of[x]
        return self.let(Get(x, tuple(idx)), x.ty.at(len(idx)))

    def array(self, ty: Ty, f: Callable[[tuple[Atom, ...]], Atom]) -> Atom:
        """A value of a type, made scalar by scalar."""
        if not ty.shape:
            return f(())
        if ty.size == 0:
            return self.let(Fill(self.zero(ty.scalar)), ty)

        def row(before: tuple[Atom, ...]) -> Atom:
            rest = ty.at(len(before))
            if not rest.shape:
                return f(before)
            n, elem = rest.shape[0], rest.at(1)
            if ty.size <= SHORT:
                return self.let(Stack(tuple(row((*before, Lit(k, index_ty(n)))) for k in range(n))), rest)
            i = Var(index_ty(n), "i")
            with self.nested() as lets:
                made = row((*before, i))
            assert made.ty == elem
            return self.let(Loop(n=n, index=i, inits=(), carries=(), body=Block(tuple(lets), (made,))), rest)

        return row(())

    def each(self, shape: tuple[int, ...], f: Callable[[tuple[Atom, ...]], None]) -> None:
        """Write f for each place of a shape. Many places become loops."""
        small = Ty(BoolT(), shape).size <= SHORT

        def row(before: tuple[Atom, ...]) -> None:
            if len(before) == len(shape):
                f(before)
                return
            n = shape[len(before)]
            if small:
                for k in range(n):
                    row((*before, Lit(k, index_ty(n))))
                return
            i = Var(index_ty(n), "i")
            with self.nested() as lets:
                row((*before, i))
            self.lets.append(
                Let((), Loop(n=n, index=i, inits=(), carries=(), body=Block(tuple(lets), ())), self.where)
            )

        row(())

    def vary(self, a: Atom) -> Atom:
        """An atom with a value for each lane. They are all the same if it had one value."""
        if self.is_wide(a):
            return a
        ty = self.wide(a.ty)
        if isinstance(a, Lit):
            return Lit(a.value, ty)
        if not ty.shape:
            return self.op("splat", a, ty=ty)
        if a in self.full_of:
            return self.fill(self.vary(self.full_of[a]), ty)
        return self.array(ty, lambda idx: self.vary(self.element(a, idx)))

    def fill(self, value: Atom, ty: Ty) -> Var:
        """An array filled with one value."""
        out = self.let(Fill(value), ty)
        self.full_of[out] = value
        return out

    def zero(self, s: ir.Scalar) -> Lit:
        """A value of a scalar type: zero, or the bound nearest to zero."""
        match s:
            case BoolT():
                return Lit(False, Ty(s))
            case IntT(lo, hi):
                return Lit(min(max(0, lo), hi), Ty(s))
            case FloatT() | TanT():
                return Lit(0.0, Ty(s))

    def zeros(self, ty: Ty) -> Atom:
        """Zero, or an array of zeros."""
        return self.fill(self.zero(ty.scalar), ty) if ty.shape else self.zero(ty.scalar)

    def choose(self, p: Atom, a: Atom, b: Atom, ty: Ty) -> Atom:
        """a where p is true, otherwise b, lane by lane. `ty` is a type of the original program."""
        a, b, wide = self.vary(a), self.vary(b), self.wide(ty)
        if a is b:
            return a

        def one(idx: tuple[Atom, ...]) -> Atom:
            return self.op("select", p, self.element(a, idx), self.element(b, idx), ty=wide.at(len(idx)))

        return self.array(wide, one)

    # --------------------------------------------------------------------------------- masks

    def and_(self, p: Atom | None, q: Atom) -> Atom:
        """The conjunction of two masks."""
        return q if p is None else self.op("and", p, q, ty=q.ty)

    def active(self, p: Atom) -> Atom:
        """Whether p is true in some active lane."""
        return self.op("any", self.and_(self.mask, p), ty=BOOL)
