"""Arrays of short vectors, stored apart: one array for each component.

A loop over particles reads the three numbers of each, `x[i, 0]`, `x[i, 1]`, `x[i, 2]`. Where they lie side by side, a
vector register of four particles' first numbers takes a handful of shuffles to fill, and as many to write back; in a
sum over pairs these cost as much as the arithmetic. Where each component has an array of its own, it is one load.

An array stays as it is where a function takes or returns it, where its last index is not constant, or where an array
says which vector is read: a vector's numbers are in one cache line when they lie together. All that are copies of one
another, such as a loop's carry, what it begins as and its history, are stored alike. No bit changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Expr,
    Fill,
    Func,
    Get,
    Guard,
    IntT,
    Let,
    Lit,
    Loop,
    Op,
    Put,
    Stack,
    Stop,
    SubRef,
    Ty,
    Var,
    all_lets,
    binders,
    index_ty,
    operands,
    unknown,
)
from rosesim.ad.program.rewrite import rewritten, with_callees
from rosesim.ad.support import recursion

LONGEST = 16
"""Components of a short vector, at most."""

FEWEST = 8
"""Iterations from which on a loop that reads components is worth it."""


def apart(func: Func) -> Func:
    """The program with such arrays stored apart."""
    return rewritten(func, _body, frozenset({Loop}))


def _body(func: Func, block: Block, made: Mapping[Func, Func]) -> Block:
    block = with_callees(block, made)
    found = _Alike(func, block).split()
    return _Split(found).whole(block) if found else block


def _is_short(v: Atom) -> bool:
    """Whether an atom is an array of short vectors, or a ref to one."""
    return isinstance(v, Var) and len(v.ty.shape) > 1 and 1 < v.ty.shape[-1] <= LONGEST


class _Alike:
    """The arrays of short vectors of a function, in sets that are stored alike."""

    def __init__(self, func: Func, block: Block):
        self.parent: dict[Var, Var] = {}
        self.stay: set[Var] = set()
        self.gain: set[Var] = set()
        self.params = set(func.params)
        self.made: dict[Atom, Expr] = {}
        self.indices: set[Atom] = set()
        for p in func.params:
            self._stays(p)
        self._block(block, (), None)

    def split(self) -> set[Var]:
        """The variables that are worth splitting, and may be."""
        stay, gain = ({self._root(v) for v in of} for of in (self.stay, self.gain))
        return {v for v in self.parent if (r := self._root(v)) in gain and r not in stay}

    def _root(self, v: Var) -> Var:
        while (up := self.parent.setdefault(v, v)) is not v:
            self.parent[v] = v = self.parent[up]
        return v

    def _join(self, *atoms: Atom) -> None:
        roots = [self._root(a) for a in atoms if isinstance(a, Var) and _is_short(a)]
        for root in roots[1:]:
            self.parent[root] = roots[0]

    def _stays(self, *atoms: Atom) -> None:
        self.stay.update(a for a in atoms if isinstance(a, Var) and _is_short(a))

    def _begins(self, init: Atom, v: Var, depth: int) -> None:
        """A parameter that a loop or an accumulator at the top begins as is split by a loop of its own."""
        if not _is_short(v):
            return
        self._root(v)
        if depth or init not in self.params:
            self._join(init, v)

    def _place(self, x: Atom, idx: Sequence[Atom], inner: Loop | None) -> None:
        """An access of x at idx, in an innermost loop or elsewhere."""
        if not isinstance(x, Var) or not _is_short(x):
            return
        self._root(x)
        rank = len(x.ty.shape)
        around = idx[: rank - 1]
        if (len(idx) == rank and not isinstance(idx[-1], Lit)) or not all(map(self._is_counted, around)):
            self._stays(x)
        if (
            inner is not None
            and inner.n >= FEWEST
            and len(around) == rank - 1
            and inner.index in self._of(around[-1])
        ):
            self.gain.add(x)

    def _is_counted(self, a: Atom) -> bool:
        """Whether an index is made of loops' indices alone."""
        return self._of(a) <= self.indices

    def _of(self, a: Atom) -> set[Atom]:
        """What an index is made of."""
        e = self.made.get(a)
        if isinstance(e, Op):
            return {x for arg in e.args for x in self._of(arg)}
        return set() if isinstance(a, Lit) else {a}

    def _block(self, block: Block, loops: tuple[Loop, ...], inner: Loop | None) -> None:
        for let in block.lets:
            self._let(let, loops, inner)

    def _let(self, let: Let, loops: tuple[Loop, ...], inner: Loop | None) -> None:
        match let.expr:
            case Op() as e:
                if isinstance(let.outs[0].ty.scalar, IntT):
                    self.made[let.outs[0]] = e
            case Get(x, idx):
                self._place(x, idx, inner)
                self._join(*let.outs, x) if _is_short(let.outs[0]) else None
            case Put(x, idx, v):
                self._place(x, idx, inner)
                self._join(*let.outs, x, v)
            case Stack(items):
                self._join(*let.outs, *items)
            case Stop(x):
                self._join(*let.outs, x)
            case Data(_, live):
                self._stays(*let.outs) if live else self._join(*let.outs)
            case Fill():
                self._join(*let.outs)
            case Add(ref, idx, v):
                self._place(ref, idx, inner)
                self._join(ref, v)
            case Loop() as e:
                self._loop(let, e, loops)
            case Cond(_, then, orelse):
                for side in (then, orelse):
                    recursion.nested(self._block, side, loops, inner)
                    for out, r in zip(let.outs, side.results, strict=True):
                        self._join(out, r)
            case Accum(inits, refs, body):
                for init, r, out in zip(inits, refs, let.outs[len(body.results) :], strict=True):
                    self._begins(init, r, len(loops))
                    self._join(r, out)
                recursion.nested(self._block, body, loops, inner)
                for out, r in zip(let.outs, body.results, strict=False):
                    self._join(out, r)
            case SubRef() | Guard() | Call():
                self._stays(*let.outs, *operands(let.expr))
            case _:
                unknown(let.expr)

    def _loop(self, let: Let, e: Loop, loops: tuple[Loop, ...]) -> None:
        if e.batch or e.lanes > 1:  # in lanes, the runs' numbers lie side by side as it is
            self._stays(*let.outs, *e.inits, *e.body.results, *binders(e))
            for x in all_lets(e.body):
                self._stays(*x.outs, *operands(x.expr), *binders(x.expr))
            return
        self.indices.add(e.index)
        m = len(e.carries)
        for k, (init, c) in enumerate(zip(e.inits, e.carries, strict=True)):
            self._begins(init, c, len(loops))
            self._join(c, e.body.results[k], let.outs[k])
        is_inner = not any(isinstance(x.expr, Loop) for x in e.body.lets)
        recursion.nested(self._block, e.body, (*loops, e), e if is_inner else None)
        for out, r in zip(let.outs[m:], e.body.results[m:], strict=False):
            self._join(out, r)


class _Split:
    """Writes a block with the arrays apart."""

    def __init__(self, split: set[Var]):
        self.split = split
        self.parts: dict[Atom, tuple[Atom, ...]] = {}
        self.stacks: dict[Atom, tuple[Atom, ...]] = {}

    def whole(self, block: Block) -> Block:
        """The body of a function: its results are whole arrays again."""
        lets = self._lets(block.lets)
        results = [self._joined(lets, r) if r in self.split else r for r in block.results]
        return Block(tuple(lets), tuple(results))

    def _joined(self, lets: list[Let], r: Atom, idx: tuple[Var, ...] = ()) -> Var:
        """An array made of its parts."""
        n, *more = r.ty.shape[len(idx) : -1]
        index, inner = Var(index_ty(n)), list[Let]()
        at = (*idx, index)
        if more:
            row = self._joined(inner, r, at)
        else:
            row = Var(r.ty.at(len(at)))
            inner.append(Let((row,), Stack(self._gets(inner, self.parts[r], at)), None))
        out = Var(r.ty.at(len(idx)))
        lets.append(Let((out,), Loop(n=n, index=index, inits=(), carries=(), body=Block(tuple(inner), (row,)))))
        return out

    def _gets(self, lets: list[Let], arrays: Sequence[Atom], idx: tuple[Atom, ...]) -> tuple[Atom, ...]:
        found: list[Var] = [Var(x.ty.at(len(idx))) for x in arrays]
        lets.extend(Let((out,), Get(x, idx)) for out, x in zip(found, arrays, strict=True))
        return tuple(found)

    def _bound(self, v: Var) -> tuple[Var, ...]:
        """The variables in the place of one that is bound."""
        if v not in self.split:
            return (v,)
        ty = Ty(v.ty.scalar, v.ty.shape[:-1], v.ty.ref)
        new = tuple(Var(ty, v.name) for _ in range(v.ty.shape[-1]))
        self.parts[v] = new
        return new

    def _all_bound(self, variables: Sequence[Var]) -> tuple[Var, ...]:
        return tuple(x for v in variables for x in self._bound(v))

    def _read(self, lets: list[Let], a: Atom, like: Atom) -> tuple[Atom, ...]:
        """An atom where `like` is bound to it, or to its rows: its parts where that one is split."""
        if like not in self.split:
            return (a,)
        if a in self.parts:
            return self.parts[a]
        if len(a.ty.shape) == 1:
            return self._elements(lets, a)
        return tuple(self._component(lets, a, k) for k in range(a.ty.shape[-1]))

    def _component(self, lets: list[Let], a: Atom, k: int, idx: tuple[Var, ...] = ()) -> Var:
        """One component of a whole array."""
        at = Lit(k, index_ty(a.ty.shape[-1]))
        out = Var(Ty(a.ty.scalar, a.ty.shape[len(idx) : -1]))
        if len(idx) + 1 == len(a.ty.shape):
            lets.append(Let((out,), Get(a, (*idx, at))))
            return out
        n = a.ty.shape[len(idx)]
        index, inner = Var(index_ty(n)), list[Let]()
        row = self._component(inner, a, k, (*idx, index))
        lets.append(Let((out,), Loop(n=n, index=index, inits=(), carries=(), body=Block(tuple(inner), (row,)))))
        return out

    def _elements(self, lets: list[Let], a: Atom) -> tuple[Atom, ...]:
        """The numbers of one vector."""
        if a in self.stacks:
            return self.stacks[a]
        n = a.ty.shape[0]
        found: list[Var] = [Var(Ty(a.ty.scalar)) for _ in range(n)]
        lets.extend(Let((x,), Get(a, (Lit(k, index_ty(n)),))) for k, x in enumerate(found))
        return tuple(found)

    def _lets(self, lets: Sequence[Let]) -> list[Let]:
        new: list[Let] = []
        for let in lets:
            self._let(new, let)
        return new

    def _block(self, block: Block, likes: Sequence[Atom]) -> Block:
        lets = recursion.nested(self._lets, block.lets)
        results = tuple(x for r, like in zip(block.results, likes, strict=True) for x in self._read(lets, r, like))
        return Block(tuple(lets), results)

    def _let(self, new: list[Let], let: Let) -> None:
        e = let.expr
        match e:
            case Loop():
                e = self._loop(new, let, e)
            case Cond():
                e = Cond(e.p, self._block(e.then, let.outs), self._block(e.orelse, let.outs))
            case Accum(inits, refs, body):
                starts = tuple(x for i, r in zip(inits, refs, strict=True) for x in self._read(new, i, r))
                e = Accum(starts, self._all_bound(refs), self._block(body, let.outs[: len(body.results)]))
            case Add(ref, idx, v) if ref in self.split:
                parts = self.parts[ref]
                if len(idx) == len(ref.ty.shape):
                    parts, values, idx = (parts[_last(idx)],), (v,), idx[:-1]
                else:
                    values = self._elements(new, v) if len(v.ty.shape) == 1 else self._read(new, v, ref)
                for r, x in zip(parts, values, strict=True):
                    assert isinstance(r, Var)
                    new.append(Let((), Add(r, idx, x), let.where))
                return
            case Get(x, idx) if x in self.split:
                if len(idx) == len(x.ty.shape):
                    e = Get(self.parts[x][_last(idx)], idx[:-1])
                elif let.outs[0] in self.split:
                    self.parts[let.outs[0]] = self._gets(new, self.parts[x], idx)
                    return
                else:
                    e = Stack(self._gets(new, self.parts[x], idx))
            case _ if let.outs and let.outs[0] in self.split:
                self._made(new, let)
                return
            case _:
                pass
        if isinstance(e, Stack):
            self.stacks[let.outs[0]] = e.items
        new.append(Let(self._all_bound(let.outs), e, let.where))

    def _loop(self, new: list[Let], let: Let, e: Loop) -> Loop:
        inits = tuple(x for i, c in zip(e.inits, e.carries, strict=True) for x in self._read(new, i, c))
        carries = self._all_bound(e.carries)
        likes = (*e.carries, *let.outs[len(e.carries) : len(e.body.results)])
        test = None if e.test is None else self._block(e.test, e.test.results)
        return replace(e, inits=inits, carries=carries, body=self._block(e.body, likes), test=test)

    def _made(self, new: list[Let], let: Let) -> None:
        """An array that is made as a whole, part by part."""
        (out,) = let.outs
        match let.expr:
            case Stack(items):
                rows = [self._read(new, a, out) for a in items]
                each: list[Expr] = [Stack(tuple(row[k] for row in rows)) for k in range(out.ty.shape[-1])]
            case Fill() as e:
                each = [e] * out.ty.shape[-1]
            case Data(array):
                each = [Data(np.ascontiguousarray(array[..., k])) for k in range(array.shape[-1])]
            case Put(x, idx, v):
                parts = self._read(new, x, out)
                if len(idx) == len(out.ty.shape):
                    k = _last(idx)
                    put = Var(parts[k].ty)
                    new.append(Let((put,), Put(parts[k], idx[:-1], v), let.where))
                    self.parts[out] = (*parts[:k], put, *parts[k + 1 :])
                    return
                values = self._read(new, v, out)
                each = [Put(p, idx, x) for p, x in zip(parts, values, strict=True)]
            case Stop(x):
                each = [Stop(p) for p in self._read(new, x, out)]
            case e:
                raise AssertionError(e)
        new.extend(Let((v,), e, let.where) for v, e in zip(self._bound(out), each, strict=True))


def _last(idx: Sequence[Atom]) -> int:
    at = idx[-1]
    assert isinstance(at, Lit)
    return int(at.value)
