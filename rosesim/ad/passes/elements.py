"""Elements of small arrays, taken from where they were put.

A vector of three is made and read by its elements. The reverse makes one by putting a number at a time into zeros
and reads it again between two of them; here each read is the number that was put there, and an array all of whose
elements were put is made at once. So later passes see numbers, and see an array made of the elements of another
to be that other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import copysign

from rosesim.ad.passes.renaming import Renaming
from rosesim.ad.passes.simplify import simplified
from rosesim.ad.program.ir import Accum, Atom, Block, Cond, Expr, Fill, Func, Get, Let, Lit, Loop, Op, Put, Stack, Var
from rosesim.ad.program.rewrite import rewritten

MOST_ELEMENTS = 16
"""Longer arrays are not made of single variables."""

ARRAYS = frozenset({Get, Put, Stack, Loop, Cond, Accum})
"""What a function has that does more than compute numbers of numbers."""


def forwarded(func: Func, math: str = "strict") -> Func:
    """The program with reads of elements replaced by the elements; in fast code 0.0 + x is x, too."""
    return rewritten(func, lambda f, block, made: _body(f, block, made, math == "fast"), ARRAYS)


def _body(func: Func, block: Block, made: Mapping[Func, Func], fast: bool) -> Block:
    new = _Forward(made, fast).block(block)
    if new is block:
        return block
    swept = simplified(Func(func.name, func.params, new, func.where)).body
    assert isinstance(swept, Block)
    return swept


class _Forward(Renaming):
    def __init__(self, made: Mapping[Func, Func], fast: bool):
        super().__init__(made)
        self.fast = fast
        self.made_by: dict[Var, Get | Put | Fill | Stack] = {}

    def lets(self, let: Let) -> Iterable[Let]:
        for o in let.outs:
            self.made_by.pop(o, None)
        found: Atom | Expr = let.expr
        match let.expr:
            case Get(x, idx):
                found = self._read(let.expr, x, idx)
            case Put() as e:
                found = self._last(e)
                found = self._complete(found) if isinstance(found, Put) else found
                found = self._taken(found) if isinstance(found, Stack) else found
            case Stack() as e:
                found = self._taken(e)
            case Op("add", (Lit(0.0) as zero, x)) if self.fast or copysign(1.0, zero.value) < 0:
                found = x
            case _:  # neither reads an element nor puts one
                pass
        if isinstance(found, Var | Lit):
            self.rename(let.outs[0], found)
            return []
        if isinstance(found, Get | Put | Fill | Stack):
            self.made_by[let.outs[0]] = found
        return [let if found is let.expr else Let(let.outs, found, let.where)]

    def _read(self, whole: Get, x: Atom, idx: tuple[Atom, ...]) -> Atom | Get:
        """What is read at a place, as far back as that is known."""
        while isinstance(x, Var) and idx:
            match self.made_by.get(x):
                case Stack(items) if isinstance(idx[0], Lit):
                    x, idx = items[int(idx[0].value)], idx[1:]
                case Fill(v) if len(idx) == len(x.ty.shape):
                    x, idx = v, ()
                case Put(_, at, v) if len(at) <= len(idx) and all(map(_is_equal, at, idx)):
                    x, idx = v, idx[len(at) :]
                case Put(y, at, _) if any(map(_is_other, at, idx)):
                    x = y
                case _:
                    break
        if not idx:
            return x
        return whole if x is whole.x else Get(x, idx)

    def _last(self, e: Put) -> Put | Atom:
        """An element that is put over another alone, or the array itself where that was there."""
        x = e.x
        while isinstance(x, Var) and isinstance(before := self.made_by.get(x), Put):
            if len(before.idx) != len(e.idx) or not all(map(_is_equal, before.idx, e.idx)):
                break
            x = before.x
        old = self.made_by.get(e.v) if isinstance(e.v, Var) else None
        if isinstance(old, Get) and old.x is x and len(old.idx) == len(e.idx) and all(map(_is_equal, old.idx, e.idx)):
            return x
        return e if x is e.x else Put(x, e.idx, e.v)

    def _complete(self, e: Put) -> Put | Stack:
        """An array each of whose elements has been put, made at once."""
        n = e.x.ty.shape[0]
        items: dict[int, Atom] = {}
        at: Get | Put | Fill | Stack | None = e
        while isinstance(at, Put) and len(at.idx) == 1 and isinstance(at.idx[0], Lit):
            items.setdefault(int(at.idx[0].value), at.v)
            at = self.made_by.get(at.x) if isinstance(at.x, Var) else None
        if isinstance(at, Stack):
            items = {**dict(enumerate(at.items)), **items}
        if not n or len(items) < n or n > MOST_ELEMENTS:
            return e
        return Stack(tuple(items[k] for k in range(n)))

    def _taken(self, e: Stack) -> Get | Stack | Atom:
        """The array, or the part of one, whose elements stand in a stack in their order."""
        gets = [self.made_by.get(a) if isinstance(a, Var) else None for a in e.items]
        first = gets[0]
        if not isinstance(first, Get) or first.x.ty.shape[len(first.idx) - 1] != len(gets):
            return e
        for k, get in enumerate(gets):
            if not isinstance(get, Get) or get.x is not first.x or len(get.idx) != len(first.idx):
                return e
            *around, last = get.idx
            if not (isinstance(last, Lit) and last.value == k and all(map(_is_equal, around, first.idx))):
                return e
        return Get(first.x, first.idx[:-1]) if len(first.idx) > 1 else first.x


def _is_equal(a: Atom, b: Atom) -> bool:
    return a is b or (isinstance(a, Lit) and isinstance(b, Lit) and a.value == b.value)


def _is_other(a: Atom, b: Atom) -> bool:
    return isinstance(a, Lit) and isinstance(b, Lit) and a.value != b.value
