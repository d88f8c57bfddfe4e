"""Appending lets to a block: tracing and every transformation write programs through a `Builder`.

A builder simplifies what it writes: constants fold, a Get of a Get becomes one Get, and an expression that is
already in scope is not written again: its variable is used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rosesim.ad.program import folding
from rosesim.ad.program.intervals import Interval, hull, interval, is_at_most, is_equal, is_less
from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    Add,
    Atom,
    Block,
    BoolT,
    Call,
    Cond,
    Data,
    Expr,
    Fill,
    FloatT,
    Func,
    Get,
    Guard,
    IntT,
    Let,
    Lit,
    Op,
    Put,
    Stack,
    Stop,
    SubRef,
    TanT,
    Ty,
    Var,
    Where,
)
from rosesim.ad.program.ops import OPS
from rosesim.ad.program.sym import Sym
from rosesim.ad.support.errors import TraceError

COMPARED = {"ilt": is_less, "ile": is_at_most, "ieq": is_equal}
"""What bounds say of comparisons: true, false or nothing."""

_SIMPLER = frozenset({"neg", "not", "select", "and", "or"})
"""The operators that may be simplified even if no argument is a literal."""

FAR = 2**62  # integers stay below this, so that 64-bit arithmetic never overflows


class Builder:
    """A block being written; `outer` is the block around it, whose expressions may be shared."""

    __slots__ = ("_made", "_seen", "lets", "outer", "where")

    def __init__(self, outer: Builder | None = None, where: Where | None = None):
        self.lets: list[Let] = []
        self.outer = outer
        self.where = where if where is not None or outer is None else outer.where
        self._seen: dict[Any, Any] = {}
        self._made: dict[Var, Expr] = {}

    # ------------------------------------------------------------------------------- writing

    def let(self, expr: Expr, *tys: Ty, names: Sequence[str] = ()) -> tuple[Var, ...]:
        """Append outs = expr, with outs of the given types, and return the outs."""
        outs = tuple(Var(t, names[k] if k < len(names) else "") for k, t in enumerate(tys))
        self.lets.append(Let(outs, expr, self.where))
        if len(outs) == 1:
            self._made[outs[0]] = expr
        return outs

    def keep(self, let: Let) -> None:
        """Append a let as it is."""
        self.lets.append(let)
        if len(let.outs) == 1:
            self._made[let.outs[0]] = let.expr

    def block(self, results: Sequence[Atom]) -> Block:
        """The finished block."""
        return Block(tuple(self.lets), tuple(results))

    def made_by(self, a: Atom) -> Expr | None:
        """The expression that an atom in scope is bound to, if its let binds nothing else."""
        b: Builder | None = self
        while b is not None and isinstance(a, Var):
            if a in b._made:
                return b._made[a]
            b = b.outer
        return None

    def home(self, v: Var) -> Builder:
        """The block that binds a variable: this one or one around it; this one if none is known to."""
        b: Builder | None = self
        while b is not None:
            if v in b._made:
                return b
            b = b.outer
        return self

    def _shared(self, key: Any, expr: Expr, ty: Ty) -> Var:
        b: Builder | None = self
        while b is not None:
            if key in b._seen:
                return b._seen[key]
            b = b.outer
        (out,) = self.let(expr, ty)
        self._seen[key] = out
        return out

    # ------------------------------------------------------------------------------- scalars

    def op(self, name: str, *args: Atom, ty: Ty | None = None) -> Atom:
        """The operator `name`; `ty` gives the bounds of an integer result that args do not determine."""
        out = ty if ty is not None else result_type(name, args, self.where)
        if all(isinstance(a, Lit) for a in args):
            return _folded(name, args, out)
        simpler = self._simplified(name, args)
        if simpler is not None:
            return simpler
        return self._shared((name, out, *map(_key, args)), Op(name, args), out)

    def _simplified(self, name: str, args: tuple[Atom, ...]) -> Atom | None:
        """An atom that equals the result for every input, including the sign of a zero, if there is one."""
        if name not in _SIMPLER and not any(type(a) is Lit for a in args):
            return None
        match name, args:
            case "add", (Lit(0.0, Ty(TanT())), x) | (x, Lit(0.0, Ty(TanT()))):
                return x
            case "sub", (x, Lit(0.0, Ty(TanT()))):
                return x
            case "mul", (Lit(0.0, Ty(TanT())) as z, _) | (_, Lit(0.0, Ty(TanT())) as z):
                return z
            case "div", (Lit(0.0, Ty(TanT())) as z, _):
                return z
            case "mul", (Lit(1.0), x) | (x, Lit(1.0)):
                return x
            case "mul", (Lit(-1.0), x) | (x, Lit(-1.0)):
                return self.op("neg", x)
            case ("div" | "idiv", (x, Lit(1))) | ("iadd" | "isub", (x, Lit(0))) | ("iadd", (Lit(0), x)):
                return x
            case "sub", (x, Lit(0.0, _) as zero) if math.copysign(1.0, zero.value) > 0:
                return x
            case "imul", (x, Lit(1)) | (Lit(1), x):
                return x
            case "neg" | "not", (Var() as x,):
                inner = self.made_by(x)
                return inner.args[0] if isinstance(inner, Op) and inner.name == name else None
            case "select", (Lit(p), x, y):
                return x if p else y
            case "select", (_, x, y) if _key(x) == _key(y):
                return x
            case "select", (p, Lit(True), Lit(False)):
                return p
            case "and", (Lit(p), q) | (q, Lit(p)):
                return q if p else Lit(False, BOOL)
            case "or", (Lit(p), q) | (q, Lit(p)):
                return Lit(True, BOOL) if p else q
            case "and" | "or", (p, q) if p is q:
                return p
            case (("ilt" | "ile" | "ieq"), _):
                known = COMPARED[name](*(_bounds(a) for a in args))
                return None if known is None else Lit(known, BOOL)
            case (("int_clamp" | "int_wrap"), (Var(Ty(IntT(0, hi))) as x, Lit(n))) if hi == n - 1:
                return x
            case _:
                return None

    def cast(self, i: Atom, ty: Ty) -> Atom:
        """An integer in wider bounds."""
        if i.ty == ty:
            return i
        return Lit(i.value, ty) if isinstance(i, Lit) else self.op("cast", i, ty=ty)

    # -------------------------------------------------------------------------------- arrays

    def get(self, x: Atom, idx: Sequence[Atom]) -> Atom:
        """x[idx]; x itself if there is no index."""
        if not idx:
            return x
        idx = tuple(idx)
        match self.made_by(x):
            case Get(y, first):
                return self.get(y, (*first, *idx))
            case Stack(items) if isinstance(idx[0], Lit):
                return self.get(items[int(idx[0].value)], idx[1:])
            case Fill(v):
                return v if len(idx) == len(x.ty.shape) else self.fill(v, x.ty.at(len(idx)))
            case _:
                return self._shared(("get", x, *map(_key, idx)), Get(x, idx), x.ty.at(len(idx)))

    def known(self, x: Var, i: Var, v: Atom) -> None:
        """From here on, x[i] is v: it is not read."""
        self._seen["get", x, i] = v

    def put(self, x: Atom, idx: Sequence[Atom], v: Atom) -> Atom:
        """x with x[idx] replaced by v."""
        return v if not idx else self.let(Put(x, tuple(idx), v), x.ty)[0]

    def stack(self, items: Sequence[Atom]) -> Var:
        """An array of the items."""
        ty = items[0].ty
        key = ("stack", *map(_key, items))
        return self._shared(key, Stack(tuple(items)), Ty(ty.scalar, (len(items), *ty.shape)))

    def fill(self, value: Atom, ty: Ty) -> Atom:
        """An array of one value; the value itself if ty is a scalar."""
        return value if not ty.shape else self._shared(("fill", ty, _key(value)), Fill(value), ty)

    def zeros(self, ty: Ty) -> Atom:
        """0, or false, or an array of them."""
        return self.fill(zero(Ty(ty.scalar)), Ty(ty.scalar, ty.shape))

    def data(self, array: np.ndarray[Any, Any], ty: Ty, *, live: bool = False) -> Var:
        """A constant array. Equal ones are shared, unless they are `live`: each run reads those in place."""
        return self._shared(("data", ty, id(array) if live else array.tobytes()), Data(array, live), ty)

    def stop(self, x: Atom) -> Atom:
        """x without its derivative."""
        return x if isinstance(x, Lit) else self.let(Stop(x), x.ty)[0]

    # ------------------------------------------------------------------------------- effects

    def add(self, ref: Var, idx: Sequence[Atom], v: Atom) -> None:
        """ref[idx] += v."""
        self.let(Add(ref, tuple(idx), v))

    def subref(self, ref: Var, idx: Sequence[Atom]) -> Var:
        """The ref of ref[idx]."""
        return ref if not idx else self.let(SubRef(ref, tuple(idx)), ref.ty.at(len(idx)))[0]

    def guard(self, bad: Atom, message: str) -> None:
        """Stop the program where `bad` is true."""
        if bad != Lit(False, BOOL):
            self.let(Guard(bad, message))

    def call(self, func: Func, args: Sequence[Atom]) -> tuple[Var, ...]:
        """A call and its results."""
        return self.let(Call(func, tuple(args)), *func.results)

    def cond(self, p: Atom, then: Block, orelse: Block, tys: Sequence[Ty]) -> tuple[Atom, ...]:
        """A branch and its results; if p is a literal, only the chosen block is written."""
        if isinstance(p, Lit):
            chosen = then if p.value else orelse
            self.lets.extend(chosen.lets)
            return chosen.results
        return self.let(Cond(p, then, orelse), *tys)


def _bounds(a: Atom) -> Interval:
    """The bounds of an integer."""
    if isinstance(a, Lit):
        return int(a.value), int(a.value)
    assert isinstance(a.ty.scalar, IntT)
    return interval(a.ty.scalar)


def zero(ty: Ty) -> Lit:
    """The literal 0, 0.0 or false of a scalar type (of an IntT above 0, its least number)."""
    match ty.scalar:
        case FloatT() | TanT():
            return Lit(0.0, ty)
        case BoolT():
            return Lit(False, ty)
        case IntT(lo, hi):
            return Lit(min(max(0, lo), max(hi, 0)), ty)


def joining(ty: Ty) -> str:
    """The operator by which terms of a type are added up; adding booleans is `or`."""
    return "or" if isinstance(ty.scalar, BoolT) else "add"


def real(x: float) -> Lit:
    """A literal real."""
    return Lit(float(x), REAL)


def integer(i: int) -> Lit:
    """A literal integer; its type holds no other number."""
    return Lit(i, Ty(IntT(i, i)))


def syms(b: Builder, *atoms: Atom) -> list[Sym]:
    """The atoms as formulas of `ad/program/ops.py` take them; `b` writes the operators."""
    return [Sym(a, lambda name, args: b.op(name, *args)) for a in atoms]


def _key(a: Atom) -> Any:
    """A key that two atoms share if and only if they are interchangeable: 0.0 and -0.0 are not."""
    return a if isinstance(a, Var) else (a.ty, a.value, math.copysign(1.0, a.value))


def result_type(name: str, args: Sequence[Atom], where: Where | None = None) -> Ty:
    """The type of an operator's result, including the bounds of an integer."""
    match OPS[name].result:
        case "b":
            return BOOL
        case "r":
            floats = [a.ty for a in args if isinstance(a.ty.scalar, FloatT | TanT)]
            return next((t for t in floats if isinstance(t.scalar, TanT)), floats[0] if floats else REAL)
        case "a":
            x, y = args[-2].ty, args[-1].ty
            if isinstance(x.scalar, IntT) and isinstance(y.scalar, IntT):
                return Ty(IntT(*hull(interval(x.scalar), interval(y.scalar))))
            return x
        case _:
            return Ty(_int_bounds(name, args, where))


def _int_bounds(name: str, args: Sequence[Atom], where: Where | None) -> IntT:
    bounds = OPS[name].bounds
    assert bounds is not None, f"the row of {name} has no bounds"
    lo, hi = bounds(*(interval(s) if isinstance(s := a.ty.scalar, IntT) else None for a in args))
    if max(abs(lo), abs(hi)) >= FAR:
        raise TraceError(
            f"an integer that may lie anywhere in {lo} .. {hi} was found; integers here stay below "
            "2**62: wrap or clamp it first (Index[n].wrap(i)), or compute with Real",
            where,
        )
    return IntT(lo, hi)


def _folded(name: str, args: Sequence[Atom], ty: Ty) -> Lit:
    numbers = [
        np.float64(a.value) if isinstance(a.ty.scalar, FloatT | TanT) else a.value for a in args if isinstance(a, Lit)
    ]
    value = folding.value(name, numbers)
    match ty.scalar:
        case FloatT() | TanT():
            return Lit(float(value), ty)
        case BoolT():
            return Lit(bool(value), ty)
        case IntT():
            return Lit(int(value), ty)
