"""What follows from the indices alone is computed where it is read.

Where a cotangent counts (its mask) is often a matter of the place: inside a wall, at an edge. Then the loop over the
grid gives an array of booleans that a later loop reads. A comparison of indices costs less than to write and to read
a number, and the array keeps the two loops apart. So an element of such an array becomes the comparison again. The
result is the same to the bit, as integers and booleans are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rosesim.ad.passes.renaming import Renaming
from rosesim.ad.passes.simplify import simplified
from rosesim.ad.program import ir
from rosesim.ad.program.ir import Accum, Atom, Block, BoolT, Func, Get, IntT, Let, Loop, Op, Var
from rosesim.ad.program.rewrite import Copy, is_straight, rewritten

MOST_OPERATIONS = 16
"""That one element may take: more may cost as much as reading it."""


def computed(func: Func) -> Func:
    """The program with values of indices computed where they are read."""
    return rewritten(func, _body)


def _body(func: Func, block: Block, made: Mapping[Func, Func]) -> Block:
    if is_straight(block, made):
        return block
    new = _Compute(made, block).block(block)
    if new is block:
        return block
    swept = simplified(Func(func.name, func.params, new, func.where)).body
    assert isinstance(swept, Block)
    return swept


@dataclass(frozen=True, slots=True)
class _Element:
    """An element of an array, by the array's indices."""

    indices: tuple[Var, ...]
    lets: tuple[Let, ...]
    value: Atom
    names: Mapping[Var, Atom] = field(default_factory=dict[Var, Atom])
    """The indices that are known already."""


class _Compute(Renaming):
    def __init__(self, made: Mapping[Func, Func], block: Block):
        super().__init__(made)
        lets = list(ir.all_lets(block))
        self.indices = {x.expr.index for x in lets if isinstance(x.expr, Loop)}
        self.scalars = {
            x.outs[0]: x for x in lets if isinstance(x.expr, Op) and isinstance(x.outs[0].ty.scalar, BoolT | IntT)
        }
        self.elements: dict[Atom, _Element] = {}

    def lets(self, let: Let) -> Iterable[Let]:
        match let.expr:
            case Loop() as e if e.upto is None and e.test is None:
                n = len(e.carries)
                for out, r in zip(let.outs[n:], e.body.results[n:], strict=True):
                    self._element_of_loop(out, r, e)
            case Accum() as e:
                for out, r in zip(let.outs, e.body.results, strict=False):
                    if r in self.elements:
                        self.elements[out] = self.elements[r]
            case Get(x, idx) if x in self.elements:
                return self._read(let, self.elements[x], idx)
            case _:
                pass
        return [let]

    def _element_of_loop(self, out: Var, r: Atom, e: Loop) -> None:
        inner = self.elements.get(r)
        if inner is not None and not inner.names:
            self.elements[out] = _Element((e.index, *inner.indices), inner.lets, inner.value)
        elif not r.ty.shape and isinstance(r.ty.scalar, BoolT | IntT) and (lets := self._made(r)) is not None:
            self.elements[out] = _Element((e.index,), lets, r)

    def _made(self, value: Atom) -> tuple[Let, ...] | None:
        """The lets that make a value from indices alone, in order; None if it takes others, or too many."""
        entered: set[Let] = set()
        found: list[Let] = []

        def visit(a: Atom) -> bool:
            if not isinstance(a, Var) or a in self.indices:
                return True
            let = self.scalars.get(a)
            if let is None or len(entered) > MOST_OPERATIONS:
                return False
            if let not in entered:
                entered.add(let)
                if not all(map(visit, ir.operands(let.expr))):
                    return False
                found.append(let)
            return True

        return tuple(found) if visit(value) and len(found) <= MOST_OPERATIONS else None

    def _read(self, let: Let, element: _Element, idx: tuple[Atom, ...]) -> list[Let]:
        if any(i.ty != k.ty for i, k in zip(idx, element.indices, strict=False)):
            return [let]
        names = {**element.names, **dict(zip(element.indices, idx, strict=False))}
        left = element.indices[len(idx) :]
        (out,) = let.outs
        if left:
            self.elements[out] = _Element(left, element.lets, element.value, names)
            return [let]
        copy = Copy(dict(names))
        lets = list(copy.lets(element.lets))
        self.rename(out, copy.atom(element.value))
        return lets
