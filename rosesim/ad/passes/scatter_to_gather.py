"""Turns additions at shifted places (a scatter) into reads at shifted places (a gather).

A loop over cells that reads its neighbours, x[i - 1] and x[i + 1], has a reverse that adds to its neighbours,
ct[i - 1] += w(i). Several iterations then write the same element, so no vector unit can run them side by side. If a
nest of loops adds to a ref only at its own indices, each moved by a constant, this pass rewrites it: iteration k adds
once, to its own element k, what the iterations k + 1 and k - 1 would have added there, ct[k] += w(k + 1) + w(k - 1).
Each w is recomputed for every element that it is added to, so it has to be short: scalars of its iteration alone, no
loop and no call.

At the edge of the grid `wrap` maps cells one to one, but `clamp` lets several iterations add to one element. The
gather includes those additions as terms that count only in the edge cell. It omits a term that is provably zero, for
example because the author masked what lies beyond the edge.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from rosesim.ad.program.builder import COMPARED, Builder, integer, zero
from rosesim.ad.program.intervals import interval
from rosesim.ad.program.ir import (
    BOOL,
    Add,
    Atom,
    Block,
    BoolT,
    Expr,
    Func,
    Get,
    IntT,
    Let,
    Lit,
    Loop,
    Op,
    Ty,
    Var,
    all_lets,
    blocks,
    operands,
)
from rosesim.ad.program.ops import OPS
from rosesim.ad.program.rewrite import with_blocks

TRUE = Lit(True, BOOL)
FARTHEST = 4
"""A place may be moved by at most this many cells: at a clamped edge each cell costs one more addition."""
MOST_REGIONS = 256
"""A condition is checked in at most this many regions of the indices."""
LONGEST = 256
"""A loop's body may grow by at most this many operations."""


def gathered(func: Func) -> Func:
    """The same function with additions at shifted places as reads at shifted places."""
    if not isinstance(func.body, Block):
        return func
    body = gathered_block(func.body)
    return func if body is func.body else Func(func.name, func.params, body, func.where, func.rules)


def gathered_block(block: Block) -> Block:
    """The same block with additions at shifted places as reads at shifted places."""
    return _block(block, ())


def _block(block: Block, nest: tuple[Loop, ...]) -> Block:
    """Turns a block, the body of the innermost loop of `nest`, and the blocks nested in it."""
    lets = [_let(let, nest) for let in block.lets]
    new = Block(tuple(lets), block.results)
    if nest:
        new = _Gathering(new, nest).block()
    return block if all(map(lambda a, b: a is b, new.lets, block.lets)) and len(new.lets) == len(block.lets) else new


def _let(let: Let, nest: tuple[Loop, ...]) -> Let:
    e = let.expr
    inner: tuple[Loop, ...] = ()
    if isinstance(e, Loop) and e.upto is None and e.test is None and not e.carries:
        inner = (*nest, e)
    new = with_blocks(e, lambda block: _block(block, inner))
    return let if new is e else Let(let.outs, new, let.where)


class _No(Exception):
    """Raised where additions have to stay as they are."""


@dataclass(frozen=True, slots=True)
class _Move:
    """A place along one dimension: a loop's own index moved by a constant, by wrapping or clamping."""

    index: Var
    by: int
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """Iterations that add to element k: their index, the condition under which they exist, and the index's bounds."""

    index: Atom
    guard: Atom | None
    bounds: tuple[int, int]


class _Gathering:
    """Rewrites the additions that stand directly in the body of the last loop of `nest`."""

    def __init__(self, body: Block, nest: tuple[Loop, ...]):
        self.body = body
        self.sizes = {loop.index: loop.n for loop in nest}
        # The expressions that values are bound to, in all loops of the nest, because an outer index may be moved too.
        self.made: dict[Var, Expr] = {}
        for block in (*(loop.body for loop in nest[:-1]), body):
            self.made.update({let.outs[0]: let.expr for let in block.lets if len(let.outs) == 1})
            self.made.update({o: let.expr for let in block.lets if len(let.outs) != 1 for o in let.outs})
        self.elsewhere = self._touched_elsewhere(nest)

    def _touched_elsewhere(self, nest: tuple[Loop, ...]) -> set[Var]:
        """Refs that the nest passes to calls, or adds to outside of the innermost body's own lets."""
        own = {id(let) for let in self.body.lets if isinstance(let.expr, Add)}
        found: set[Var] = set()
        outer = (let for loop in nest[:-1] for let in loop.body.lets if nest[-1] is not let.expr)
        inner = (let for let in self.body.lets if id(let) not in own)
        for let in itertools.chain(outer, inner):
            if isinstance(let.expr, Loop) and let.expr.index in self.sizes:
                continue  # the nest itself
            lets = [let, *(x for block in blocks(let.expr) for x in all_lets(block))]
            found.update(a for x in lets for a in operands(x.expr) if isinstance(a, Var) and a.ty.ref)
        return found

    def block(self) -> Block:
        """The body, rewritten for each ref for which that is possible."""
        adds: dict[Var, list[Let]] = {}
        for let in self.body.lets:
            if isinstance(let.expr, Add):
                adds.setdefault(let.expr.ref, []).append(let)
        result = self.body
        for ref, lets in adds.items():
            if ref in self.elsewhere:
                continue
            try:
                result = self._gathered(result, ref, lets)
            except _No:
                continue
        return result

    def _gathered(self, body: Block, ref: Var, lets: list[Let]) -> Block:
        moves = [self._moves(let.expr) for let in lets if isinstance(let.expr, Add)]
        moved = {m.index for places in moves for m in places if isinstance(m, _Move) and m.by}
        if not moved:
            raise _No
        target = self._target(moves, moved)
        gone = set(map(id, lets))
        b = Builder(where=lets[0].where)
        for let in body.lets:
            if id(let) not in gone:
                b.keep(let)
        before = len(b.lets)
        joined = "or" if isinstance(ref.ty.scalar, BoolT) else "add"
        total: Atom | None = None
        for let, places in zip(lets, moves, strict=True):
            assert isinstance(let.expr, Add)
            for value in self._terms(b, let.expr, places, moved):
                total = value if total is None else b.op(joined, total, value)
            if len(b.lets) - before > LONGEST:
                raise _No
        if joined == "or" and isinstance(total, Var):
            new = {let.outs[0]: let.expr for let in b.lets[before:]}
            total = TRUE if _is_always_true(total, self.made | new, self.sizes) else total
        if total is not None:
            b.add(ref, target, total)
        return b.block(body.results)

    def _moves(self, add: Add) -> list[_Move | Atom]:
        """The place of an addition, dimension by dimension."""
        if len(add.idx) != len(add.ref.ty.shape):
            raise _No
        return [self._place(a, n) for a, n in zip(add.idx, add.ref.ty.shape, strict=True)]

    def _place(self, a: Atom, n: int) -> _Move | Atom:
        if isinstance(a, Lit):
            return a
        assert isinstance(a, Var)
        if a in self.sizes:
            return _Move(a, 0)
        match self.made.get(a):
            case None:
                return a
            case Op("int_clamp" | "int_wrap" as rule, (Var() as shifted, Lit(size))):
                match self.made.get(shifted):
                    case Op("iadd", (Var() as i, Lit(by))) | Op("iadd", (Lit(by), Var() as i)):
                        pass
                    case Op("isub", (Var() as i, Lit(back))):
                        by = -back
                    case _:
                        raise _No
                if i in self.sizes and self.sizes[i] == n == size and abs(by) <= min(FARTHEST, n - 1):
                    return _Move(i, int(by), rule == "int_wrap")
            case _:
                pass
        raise _No

    def _target(self, moves: list[list[_Move | Atom]], moved: set[Var]) -> list[Atom]:
        """The element that each iteration will add to: in each dimension, the index that all places there share."""
        target: list[Atom] = []
        for places in zip(*moves, strict=True):
            names = {p.index if isinstance(p, _Move) else p for p in places}
            if len(names) != 1:
                raise _No
            target.append(names.pop())
        # A moved index may stand in only one dimension: otherwise k does not determine which iterations add to it.
        if any(target.count(i) != 1 for i in moved):
            raise _No
        return target

    def _terms(self, b: Builder, add: Add, places: list[_Move | Atom], moved: set[Var]) -> Iterator[Atom]:
        """What each iteration would have added to this iteration's element; zero where there is no such iteration."""
        moves = [p for p in places if isinstance(p, _Move) and p.index in moved]
        nothing = zero(Ty(add.v.ty.scalar))
        for sources in itertools.product(*(self._sources(b, m) for m in moves)):
            bounds = {m.index: s.bounds for m, s in zip(moves, sources, strict=True)}
            if _Bounded(self.made, self.sizes, bounds).is_zero(add.v):
                continue
            there = {m.index: s.index for m, s in zip(moves, sources, strict=True) if s.index is not m.index}
            value = _Elsewhere(b, self.made, self.sizes, there, bounds).atom(add.v)
            for s in sources:
                if s.guard is not None:
                    value = b.op("select", s.guard, value, nothing)
            yield value

    def _sources(self, b: Builder, m: _Move) -> list[_Source]:
        """The iterations whose place along a dimension is k, where k is the index of the iteration being written."""
        k, n, by = m.index, self.sizes[m.index], m.by
        if not by:
            return [_Source(k, None, (0, n - 1))]
        back = b.op("isub", k, integer(by)) if by > 0 else b.op("iadd", k, integer(-by))
        size = Lit(n, Ty(IntT(n, n)))
        if m.wraps:
            return [_Source(b.op("int_wrap", back, size, ty=k.ty), None, (0, n - 1))]
        there = b.op("int_clamp", back, size, ty=k.ty)
        if by > 0:
            guard, inside, edge = b.op("ile", integer(by), k), (0, n - 1 - by), range(n - by, n)
            border = n - 1
        else:
            guard, inside, edge = b.op("ilt", k, integer(n + by)), (-by, n - 1), range(-by)
            border = 0
        return [
            _Source(there, guard, inside),
            *(_Source(Lit(i, k.ty), b.op("ieq", k, integer(border)), (i, i)) for i in edge),
        ]


class _Bounded:
    """What is known about values while the indices lie within bounds."""

    def __init__(self, made: dict[Var, Expr], sizes: dict[Var, int], bounds: dict[Var, tuple[int, int]]):
        self.made = made
        self.bounds = {i: (0, n - 1) for i, n in sizes.items()} | bounds

    def is_zero(self, a: Atom) -> bool:
        """Whether a value is provably zero."""
        if isinstance(a, Lit):
            return a.value == 0
        match self.made.get(a):
            case Op("select", (p, x, y)):
                chosen = self.boolean(p)
                return self.is_zero(x if chosen else y) if chosen is not None else self.is_zero(x) and self.is_zero(y)
            case Op("neg", (x,)):
                return self.is_zero(x)
            case Op("mul", (x, Lit(v)) | (Lit(v), x)) if math.isfinite(v):  # zero times infinity is NaN
                return self.is_zero(x)
            case Op("div", (x, Lit(v))) if v != 0 and not math.isnan(v):
                return self.is_zero(x)
            case Op("add" | "sub", (x, y)):
                return self.is_zero(x) and self.is_zero(y)
            case _:
                return False

    def boolean(self, p: Atom) -> bool | None:
        """The value of a boolean, or None if it is not known."""
        if isinstance(p, Lit):
            return bool(p.value)
        match self.made.get(p):
            case Op("ilt" | "ile" | "ieq" as name, (x, y)):
                return COMPARED[name](self.range(x), self.range(y))
            case Op("select", (q, x, y)):
                chosen, known = self.boolean(q), (self.boolean(x), self.boolean(y))
                return known[0] if chosen or known[0] is known[1] else known[1] if chosen is False else None
            case Op("not", (q,)):
                known = self.boolean(q)
                return None if known is None else not known
            case Op("and", (q, r)):
                known = self.boolean(q), self.boolean(r)
                return False if False in known else True if known == (True, True) else None
            case Op("or", (q, r)):
                known = self.boolean(q), self.boolean(r)
                return True if True in known else False if known == (False, False) else None
            case _:
                return None

    def range(self, a: Atom) -> tuple[int, int]:
        """Bounds of an integer."""
        if isinstance(a, Lit):
            return int(a.value), int(a.value)
        if a in self.bounds:
            return self.bounds[a]
        match self.made.get(a):
            case Op(name, args) if (bounds := OPS[name].bounds) is not None and "r" not in OPS[name].kinds:
                return bounds(*map(self.range, args))
            case _:
                assert isinstance(a.ty.scalar, IntT)
                return interval(a.ty.scalar)


class _Elsewhere(_Bounded):
    """Rewrites values of this iteration as they are in the iteration whose indices are `there`."""

    def __init__(
        self,
        b: Builder,
        made: dict[Var, Expr],
        sizes: dict[Var, int],
        there: dict[Var, Atom],
        bounds: dict[Var, tuple[int, int]],
    ):
        super().__init__(made, sizes, bounds)
        self.b, self.there = b, there
        self.done: dict[Var, Atom] = {}

    def atom(self, a: Atom) -> Atom:
        """The atom as it is there; the same atom if it does not depend on the moved indices."""
        if isinstance(a, Lit):
            return a
        if a in self.there:
            return self.there[a]
        if a not in self.made:
            return a
        if a not in self.done:
            self.done[a] = self._there(a, self.made[a])
        return self.done[a]

    def _there(self, a: Var, e: Expr) -> Atom:
        if isinstance(e, Op) and e.name == "select" and (chosen := self.boolean(e.args[0])) is not None:
            return self.atom(e.args[1] if chosen else e.args[2])
        if a.ty == BOOL and (known := self.boolean(a)) is not None:
            return Lit(known, BOOL)
        match e:
            case Op(name, args):
                new = tuple(map(self.atom, args))
                return a if _same(new, args) else self.b.op(name, *new, ty=a.ty)
            case Get(x, idx):
                array, new = self.atom(x), tuple(map(self.atom, idx))
                return a if array is x and _same(new, idx) else self.b.get(array, new)
            case _:
                raise _No  # not a scalar operation or a read, for example a loop or a call


def _is_always_true(a: Var, made: dict[Var, Expr], sizes: dict[Var, int]) -> bool:
    """Whether a boolean is provably true for all indices. The numbers that it compares with divide the indices into
    regions, and it is checked in each."""
    numbers = {0}
    seen: set[Atom] = set()
    stack: list[Atom] = [a]
    while stack:
        x = stack.pop()
        if isinstance(x, Lit) and isinstance(x.ty.scalar, IntT):
            numbers.update((int(x.value), int(x.value) + 1))
        elif isinstance(x, Var) and x not in seen and isinstance(e := made.get(x), Op):
            seen.add(x)
            stack.extend(e.args)
    regions: list[list[tuple[int, int]]] = []
    for n in sizes.values():
        cuts = sorted({min(max(c, 0), n) for c in (*numbers, n)})
        regions.append([(low, high - 1) for low, high in itertools.pairwise(cuts)])
    if math.prod(map(len, regions)) > MOST_REGIONS:
        return False
    return all(
        _Bounded(made, sizes, dict(zip(sizes, bounds, strict=True))).boolean(a)
        for bounds in itertools.product(*regions)
    )


def _same(new: tuple[Atom, ...], old: tuple[Atom, ...]) -> bool:
    return all(map(lambda x, y: x is y, new, old))
