"""Copies of programs: with fresh variables, with tangents as reals, or with blocks that a pass rewrites."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import is_
from typing import TypeVar

from rosesim.ad.program.ir import (
    Atom,
    Block,
    Call,
    Data,
    Expr,
    FloatT,
    Func,
    Let,
    Lit,
    Op,
    Opaque,
    TanT,
    Ty,
    Var,
    all_lets,
    blocks,
    callees,
    kinds,
    nests,
    reachable,
    remade,
)
from rosesim.ad.support import recursion

A = TypeVar("A")


class Copy:
    """Copies blocks with every binder fresh; `names` maps old variables to new atoms."""

    def __init__(
        self,
        names: dict[Var, Atom] | None = None,
        ty: Callable[[Ty], Ty] = lambda t: t,
        func: Callable[[Func], Func] = lambda f: f,
    ):
        self.names: dict[Var, Atom] = names if names is not None else {}
        self._ty = ty
        self._func = func
        self._shadowed: list[tuple[Var, Atom | None]] = []

    def bind(self, v: Var) -> Var:
        """Let a fresh variable stand for v until the end of the block that binds it, and return it."""
        new = Var(self._ty(v.ty), v.name)
        self.rename(v, new)
        return new

    def rename(self, v: Var, a: Atom) -> None:
        """Let an atom stand for v until the end of the block that binds v."""
        self._shadowed.append((v, self.names.get(v)))
        self.names[v] = a

    def atom(self, a: Atom) -> Atom:
        """The copy of an atom."""
        if isinstance(a, Var):
            return self.names.get(a, a)
        ty = self._ty(a.ty)
        return a if ty is a.ty else Lit(a.value, ty)

    def _atoms(self, atoms: Sequence[Atom]) -> tuple[Atom, ...]:
        return tuple(map(self.atom, atoms))

    def block(self, block: Block) -> Block:
        """The copy of a block."""
        start = len(self._shadowed)
        copy = Block(self.lets(block.lets), self._atoms(block.results))
        for v, old in reversed(self._shadowed[start:]):
            if old is None:
                del self.names[v]
            else:
                self.names[v] = old
        del self._shadowed[start:]
        return copy

    def lets(self, lets: Sequence[Let]) -> tuple[Let, ...]:
        """Copies of lets, in order."""
        out: list[Let] = []
        for let in lets:
            expr = self._expr(let.expr)
            out.append(Let(tuple(self.bind(o) for o in let.outs), expr, let.where))
        return tuple(out)

    def _expr(self, e: Expr) -> Expr:
        match e:
            case Op(name, args):  # most are
                return Op(name, self._atoms(args))
            case Data():
                return e
            case Call(func, args):
                return Call(self._func(func), self._atoms(args))
            case _:
                return remade(e, self.atom, self.bind, self.block)


def rewritten(
    func: Func, body: Callable[[Func, Block, Mapping[Func, Func]], Block], only: frozenset[type] | None = None
) -> Func:
    """The program with each function's body rewritten, callees before callers; the same object if nothing changes.

    `body(f, block, made)` gives the new block, or the block itself if it stays. `made` maps each function that f
    calls to its new version. `only` are the kinds of expressions one of which a function must have for the pass to
    change more of it than the functions that it calls: long programs of plain operators are not walked in vain.
    """
    made: dict[Func, Func] = {}
    for f in reachable(func):
        made[f] = f
        if only is not None and not kinds(f) & only and all(made[g] is g for g in callees(f)):
            continue
        if isinstance(f.body, Block):
            new = body(f, f.body, made)
            if new is not f.body:
                made[f] = Func(f.name, f.params, new, f.where)
    return made[func]


def with_lets(block: Block, lets: Sequence[Let]) -> Block:
    """The block with other lets; the block itself if they are its own."""
    same = len(lets) == len(block.lets) and all(a is b for a, b in zip(lets, block.lets, strict=True))
    return block if same else Block(tuple(lets), block.results)


def with_blocks(e: Expr, block: Callable[[Block], Block], made: Mapping[Func, Func] | None = None) -> Expr:
    """The expression with its nested blocks rewritten; a call calls the new version of its callee (`made`);
    the expression itself if nothing changes."""
    if isinstance(e, Call):
        return e if made is None or made[e.func] is e.func else Call(made[e.func], e.args)
    if not nests(e):
        return e
    new = remade(e, _same, _same, lambda b: recursion.nested(block, b))
    return e if all(map(is_, blocks(new), blocks(e))) else new


def with_callees(block: Block, made: Mapping[Func, Func]) -> Block:
    """The block with calls of the new versions of callees."""
    lets: list[Let] = []
    for let in block.lets:
        e = with_blocks(let.expr, lambda b: with_callees(b, made), made)
        lets.append(let if e is let.expr else Let(let.outs, e, let.where))
    return with_lets(block, lets)


def is_straight(block: Block, made: Mapping[Func, Func]) -> bool:
    """Whether a block has no nested blocks and calls nothing that has a new version: most functions of long programs
    are so, and a pass over loops need not visit them."""
    return not any(nests(e := x.expr) or (isinstance(e, Call) and made[e.func] is not e.func) for x in block.lets)


def _same(a: A) -> A:
    return a


def fresh(func: Func) -> Func:
    """A copy of the function that binds every variable once, even if a transformation had bound one twice."""
    assert isinstance(func.body, Block)
    copy = Copy()
    params = tuple(map(copy.bind, func.params))
    return Func(func.name, params, copy.block(func.body), func.where, func.rules)


def tangents_as_reals(func: Func) -> Func:
    """The function, and all that it calls, with tangents as plain reals, so that it can be differentiated again."""
    if "tangents_as_reals" not in func.memo:
        func.memo["tangents_as_reals"] = recursion.nested(_tangents_as_reals, func)
    return func.memo["tangents_as_reals"]


def _tangents_as_reals(func: Func) -> Func:
    if isinstance(func.body, Opaque):
        return func if func.body.linear is None else func.body.linear.apply
    if not _has_tangents(func):
        return func
    copy = Copy(ty=real_type, func=tangents_as_reals)
    params = tuple(map(copy.bind, func.params))
    return Func(func.name, params, copy.block(func.body), func.where, func.rules)


def _has_tangents(func: Func) -> bool:
    if any(isinstance(p.ty.scalar, TanT) for p in func.params):
        return True
    assert isinstance(func.body, Block)
    return any(
        any(isinstance(o.ty.scalar, TanT) for o in let.outs)
        or (isinstance(let.expr, Call) and tangents_as_reals(let.expr.func) is not let.expr.func)
        for let in all_lets(func.body)
    )


def real_type(ty: Ty) -> Ty:
    """The type with tangents as plain reals."""
    return Ty(FloatT(ty.scalar.width), ty.shape, ty.ref) if isinstance(ty.scalar, TanT) else ty
