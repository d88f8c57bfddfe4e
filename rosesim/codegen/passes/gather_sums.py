"""An accumulator to which a loop adds once for each element is an output of that loop.

The reverse of a step hands cotangents on through accumulators: it begins with one array, and a nest of loops adds to
each of its elements. If the nest adds to the element of its own indices, the sum can be what the nest gives: then it
is one pass that reads the old array and writes the new one, which later loops can be fused with, and no memory has to
be cleared or copied first. If a nest does nothing else than to add to neighbours (`p[i] -= v[i]`, `p[i + 1] += v[i]`,
the reverse of a difference), each element takes its terms from there instead, in a nest over the elements; where one
does not exist, at an edge, it takes zero.

Sums may be taken in another order than before, so strict code does not take this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rosesim.ad.passes.renaming import Renaming
from rosesim.ad.program import ir
from rosesim.ad.program.builder import Builder, integer, zero
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Expr,
    Fill,
    FloatT,
    Func,
    Get,
    IntT,
    Let,
    Lit,
    Loop,
    Op,
    Ty,
    Var,
    index_ty,
)
from rosesim.ad.program.rewrite import Copy, is_straight, rewritten

LONGEST = 24
"""Lets of a body that is repeated for each of its additions."""

FARTHEST = 4
"""Cells that a place may be moved by."""


def gathered(func: Func) -> Func:
    """The program with such accumulators replaced."""
    return rewritten(func, _body)


def _body(func: Func, block: Block, made: Mapping[Func, Func]) -> Block:
    if is_straight(block, made):
        return block
    return _Gather(made).block(block)


class _Gather(Renaming):
    def __init__(self, made: Mapping[Func, Func]):
        super().__init__(made)
        self.fills: dict[Atom, Fill] = {}

    def lets(self, let: Let) -> Iterable[Let]:
        if isinstance(let.expr, Fill):
            self.fills[let.outs[0]] = let.expr
        if not isinstance(let.expr, Accum):
            return [let]
        before, m = let, len(let.expr.body.results)
        for ref, init, out in zip(let.expr.refs, let.expr.inits, let.outs[m:], strict=True):
            start = None if isinstance(f := self.fills.get(init), Fill) and f.value == Lit(0.0, f.value.ty) else init
            let = _as_output(let, ref, start, out) or let
        assert isinstance(let.expr, Accum)
        e = let.expr
        if e.refs or let is before:
            return [let]
        for out, r in zip(let.outs, e.body.results, strict=True):  # no accumulator is left
            self.rename(out, r)
        return e.body.lets


def _as_output(let: Let, ref: Var, init: Atom | None, out: Var) -> Let | None:
    """The accum without a ref, if what is added to it can be the output of a loop; None otherwise."""
    e = let.expr
    assert isinstance(e, Accum)
    if not ref.ty.shape or not isinstance(ref.ty.scalar, FloatT):
        return None
    places = [k for k, x in enumerate(e.body.lets) if _names(x, ref)]
    if len(places) != 1:
        return None
    (at,) = places
    nest = e.body.lets[at]
    new = _own(nest, ref, init) or _shifted(nest, ref, init)
    if new is None:
        return None
    array = new.outs[-1]
    lets = (*e.body.lets[:at], new, *e.body.lets[at + 1 :])
    k = e.refs.index(ref)
    m = len(e.body.results)
    outs = (*let.outs[:m], out, *(o for o in let.outs[m:] if o is not out))
    inits, refs = (*e.inits[:k], *e.inits[k + 1 :]), (*e.refs[:k], *e.refs[k + 1 :])
    return Let(outs, Accum(inits, refs, Block(lets, (*e.body.results, array))), let.where)


def _names(let: Let, ref: Var) -> bool:
    return any(ref in ir.operands(x.expr) for x in ir.all_lets(Block((let,), ())))


def _is_plain(e: Expr) -> bool:
    return (
        isinstance(e, Loop) and e.upto is None and e.test is None and not e.batch and e.lanes == 1 and not e.carries
    )


# ------------------------------------------------------------------------------------- own elements


def _own(let: Let, ref: Var, init: Atom | None, indices: tuple[Var, ...] = ()) -> Let | None:
    """The nest with a further output, the sums, if it adds to the element of its own indices alone."""
    e = let.expr
    rank = len(ref.ty.shape)
    if not isinstance(e, Loop) or not _is_plain(e) or len(indices) == rank or e.n != ref.ty.shape[len(indices)]:
        return None
    indices = (*indices, e.index)
    named = [x for x in e.body.lets if _names(x, ref)]
    if len(indices) < rank:
        if len(named) != 1 or (inner := _own(named[0], ref, init, indices)) is None:
            return None
        lets = tuple(inner if x is named[0] else x for x in e.body.lets)
        total: Atom = inner.outs[-1]
    else:
        adds = [x.expr for x in named if isinstance(x.expr, Add) and x.expr.idx == indices]
        if len(adds) != len(named):
            return None
        b = Builder(where=let.where)
        for x in e.body.lets:
            if x not in named:
                b.keep(x)
        total = _sum(b, init, indices, [a.v for a in adds])
        lets = tuple(b.lets)
    stacked = Var(Ty(ref.ty.scalar, ref.ty.shape[len(indices) - 1 :]), "sums")
    body = Block(lets, (*e.body.results, total))
    return Let((*let.outs, stacked), replace(e, body=body), let.where)


def _sum(b: Builder, init: Atom | None, place: Sequence[Atom], terms: Sequence[Atom]) -> Atom:
    """An element of the array that the accumulator began with, and what is added to it."""
    total = None if init is None else b.get(init, place)
    for term in terms:
        total = term if total is None else b.op("add", total, term)
    assert total is not None
    return total


# -------------------------------------------------------------------------------------- neighbours


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an addition goes: for each dimension the loop whose index it is, and by how much it is moved."""

    loops: tuple[Loop, ...]
    by: tuple[int, ...]


def _shifted(let: Let, ref: Var, init: Atom | None) -> Let | None:
    """A nest over the elements that takes what a nest adds to neighbours, if that does nothing else."""
    nest = _nest(let, ref)
    if nest is None:
        return None
    loops, lets = nest
    adds = [x.expr for x in lets if isinstance(x.expr, Add)]
    made = {x.outs[0]: x.expr for x in lets if isinstance(x.expr, Op)}
    found = [p for a in adds if (p := _place(a, loops, made)) is not None]
    if len(found) != len(adds) or len({p.loops for p in found}) != 1:
        return None
    rank = len(ref.ty.shape)
    indices = tuple(Var(index_ty(n), "k") for n in ref.ty.shape)
    b = Builder(where=let.where)
    terms = [_term(b, a, p, indices, lets) for a, p in zip(adds, found, strict=True)]
    total = _sum(b, init, indices, terms)
    block = b.block([total])
    for k in reversed(range(rank)):
        loop = Loop(n=ref.ty.shape[k], index=indices[k], inits=(), carries=(), body=block)
        out = Var(Ty(ref.ty.scalar, ref.ty.shape[k:]), "sums")
        block = Block((Let((out,), loop, let.where),), (out,))
    return block.lets[0]


def _nest(let: Let, ref: Var) -> tuple[tuple[Loop, ...], list[Let]] | None:
    """The loops of a nest that only adds to a ref, and all other lets in it, in order."""
    loops: list[Loop] = []
    lets: list[Let] = []
    while True:
        e = let.expr
        if not isinstance(e, Loop) or not _is_plain(e) or let.outs:
            return None
        loops.append(e)
        inner = [x for x in e.body.lets if isinstance(x.expr, Loop)]
        rest = [x for x in e.body.lets if not isinstance(x.expr, Loop)]
        if len(inner) > 1 or not all(_is_simple(x.expr, ref) for x in rest):
            return None
        lets += rest
        if not inner:
            break
        if any(isinstance(x.expr, Add) for x in rest):
            return None
        (let,) = inner
    return (tuple(loops), lets) if len(lets) <= LONGEST and len(loops) == len(ref.ty.shape) else None


def _is_simple(e: Expr, ref: Var) -> bool:
    match e:
        case Op() | Get():
            return True
        case Add(r, _, _):
            return r is ref
        case _:
            return False


def _place(a: Add, loops: Sequence[Loop], made: Mapping[Var, Expr]) -> _Place | None:
    by_index = {loop.index: loop for loop in loops}
    found: list[Loop] = []
    moved: list[int] = []
    for at in a.idx:
        by = 0
        match made.get(at) if isinstance(at, Var) else None:
            case Op("iadd", (Var() as i, Lit(k))) | Op("iadd", (Lit(k), Var() as i)):
                at, by = i, int(k)
            case Op("isub", (Var() as i, Lit(k))):
                at, by = i, -int(k)
            case _:
                pass
        if not isinstance(at, Var) or at not in by_index or by_index[at] in found or abs(by) > FARTHEST:
            return None
        found.append(by_index[at])
        moved.append(by)
    return _Place(tuple(found), tuple(moved)) if len(found) == len(loops) else None


def _term(b: Builder, add: Add, place: _Place, indices: Sequence[Var], lets: Sequence[Let]) -> Atom:
    """What the iteration that adds to an element would have added; zero where there is no such iteration."""
    names: dict[Var, Atom] = {}
    guard: Atom | None = None
    for k, loop, by in zip(indices, place.loops, place.by, strict=True):
        assert isinstance(k.ty.scalar, IntT)
        for p in _guards(b, k, loop.n, by):
            guard = p if guard is None else b.op("and", guard, p)
        size = k.ty.scalar.hi + 1
        there = b.op("isub", k, integer(by)) if by else k
        if by or size > loop.n:
            there = b.op("int_clamp", there, integer(loop.n), ty=loop.index.ty)
        names[loop.index] = there
    for x in Copy(names).lets(_needed(add.v, lets)):
        b.keep(x)
    value = names.get(add.v, add.v) if isinstance(add.v, Var) else add.v
    return value if guard is None else b.op("select", guard, value, zero(Ty(add.v.ty.scalar)))


def _guards(b: Builder, k: Var, n: int, by: int) -> Iterator[Atom]:
    assert isinstance(k.ty.scalar, IntT)
    if by > 0:
        yield b.op("ile", integer(by), k)
    if n + by <= k.ty.scalar.hi:
        yield b.op("ilt", k, integer(n + by))


def _needed(v: Atom, lets: Sequence[Let]) -> list[Let]:
    """The lets that a value depends on."""
    needed = {v}
    found: list[Let] = []
    for x in reversed(lets):
        if x.outs and x.outs[0] in needed:
            needed.update(ir.operands(x.expr))
            found.append(x)
    return found[::-1]
