"""The reverse of a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.ad.derive.reverse.checkpoint import Checkpointing, can_recompute
from rosesim.ad.derive.reverse.cotangent import TRUE, Ct, Gather, booleans, cotangent
from rosesim.ad.derive.reverse.cut import dependents
from rosesim.ad.derive.reverse.pair import BIG, is_tan
from rosesim.ad.derive.reverse.primal import primal_lets, primal_nested
from rosesim.ad.derive.reverse.reader import Emitted, Reader, adds_tangents, bound_tans, outs_of
from rosesim.ad.derive.reverse.recompute import STORE_ADDITIONS, Plan, numbers, recompute_all
from rosesim.ad.passes.simplify import Sweep
from rosesim.ad.program.builder import Builder, integer
from rosesim.ad.program.cost import work
from rosesim.ad.program.ir import (
    Atom,
    Block,
    Get,
    Let,
    Loop,
    Ty,
    Var,
    all_blocks,
    all_lets,
    binders,
    free_vars,
    operands,
)
from rosesim.ad.support.budget import budget

FEW = 16
"""A carry with this many times fewer numbers than all that is stored may as well be stored."""

MARGIN = 4
"""Additions for each stored number that storing others than the carries must save: the carries are there already."""

CLEARLY = 0.9
"""The share of the cost that storing others may have: the costs are estimates (of diffmpm, 0.95 took 8 % longer)."""


def read_loop(rev: Reader, g: Gather, let: Let, e: Loop) -> None:
    """Write the reverse of a loop."""
    m = len(e.body.results)
    ends = [g.take(o) if is_tan(o) else None for o in let.outs[:m]]
    if all(ct is None for ct in ends) and not adds_tangents(e.body):
        return
    named = rev.captured(e.body)
    slices = {v: Var(v.ty.at(1), v.name) for v, name in named.items() if _reads_at_own_index(e, v, name)}
    captured = [v for v in named if v not in slices]
    rev.outside.slices.update(slices)
    reader = _LoopReader(rev, g, let, e, ends, slices)
    flows = rev.with_refs(g, captured, reader.write)
    for v in slices:
        del rev.outside.slices[v]
    for to, ct in flows:
        g.add(to, ct)


@dataclass(frozen=True, slots=True)
class _Carried:
    """The cotangents that the reverse loop carries, by the positions of their carries."""

    live: tuple[int, ...]
    """The carries into which something flows, in order."""
    conditional: frozenset[int]
    """Those of them whose cotangent has a mask."""

    @property
    def with_mask(self) -> list[int]:
        """The positions in `conditional`, in order."""
        return [k for k in self.live if k in self.conditional]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A loop's body read backwards, and how its reverse gets the values of the forward pass. Nothing of it is written
    yet."""

    carried: _Carried
    taken: dict[int, Ct | None]
    """The cotangents that flow into the initial carries."""
    found: dict[Var, Ct | None]
    """Those of the arrays that the loop reads only at its own index."""
    carries: tuple[Var, ...]
    body: Block
    own: tuple[Let, ...]
    roots: tuple[Var, ...]
    """The values of the forward pass that the body reads."""
    chosen: Plan
    history: Sequence[Var]
    extra_work: float

    @property
    def numbers(self) -> int:
        """How many numbers an iteration stores."""
        return numbers(self.history) + self.chosen.numbers

    @property
    def cost(self) -> float:
        """The work of storing, loading and recomputing in one iteration."""
        return STORE_ADDITIONS * self.numbers + self.extra_work


class _LoopReader:
    """Writes the reverse of one loop.

    Only reading the body shows which cotangents the loop carries, and which of them have masks. So an attempt reads
    the body with what is known. If it finds more, its output is dropped, and the next attempt starts with what it
    found.
    """

    def __init__(self, rev: Reader, g: Gather, let: Let, e: Loop, ends: Sequence[Ct | None], slices: dict[Var, Var]):
        self.rev, self.let, self.e = rev, let, e
        self.outputs = ends[len(e.carries) :]
        self.slices = slices
        self.local = {c for c in (*e.carries, *bound_tans(e.body)) if is_tan(c)} | set(slices.values())
        self.certain = e.upto is None and e.test is None and e.n > 0
        self.primal_carries = [c for c in e.carries if not is_tan(c)]
        self.tans = [k for k, c in enumerate(e.carries) if is_tan(c)]
        zeros = {k: g.b.zeros(cotangent(e.carries[k].ty)) for k in self.tans}
        self.finals = {k: ends[k] or Ct(zeros[k], True, True) for k in self.tans}
        live = tuple(k for k in self.tans if ends[k] is not None)
        self.first = _Carried(live, frozenset(k for k in live if self.finals[k].mask is not True))

    def write(self, g: Gather) -> Emitted:
        """Write the loop. Returns what it binds, and the cotangents of the initial carries and of the arrays that the
        loop reads only at its own index."""
        rev = self.rev
        before = rev.extra_work
        chosen = self._best(g, self._reading(g, self.first))
        rev.extra_work = chosen.extra_work
        found = self._emitted(g, chosen)
        rev.extra_work = before + rev.extra_work * self.e.n
        return found

    def _best(self, g: Gather, plain: _Reading) -> _Reading:
        """The reading that stores what the carries are, or one that stores the fewest numbers in their place."""
        rev = self.rev
        big = [c for c in plain.history if c.ty.size > BIG and FEW * c.ty.size >= plain.numbers]
        if rev.changing or not big or not any(isinstance(let.expr, Loop) for let in all_lets(self.e.body)):
            return plain
        flags, primal = rev.flags(), dict(rev.primal)
        rev.changing = dependents(self.e.body, big)
        other = self._reading(g, plain.carried)
        rev.changing = frozenset()
        rev.kept.clear()
        fits = 8 * self.e.n * other.numbers <= budget()
        if fits and other.cost + MARGIN * other.numbers < CLEARLY * plain.cost:
            return other
        rev.restore(flags)
        rev.primal.clear()
        rev.primal.update(primal)
        return plain

    def _reading(self, g: Gather, known: _Carried) -> _Reading:
        """Repeat the attempt until it succeeds."""
        rev = self.rev
        flags = rev.flags()
        while True:
            rev.extra_work = 0.0
            found = self._attempt(g, known)
            if not isinstance(found, _Carried):
                return found
            known = found
            rev.restore(flags)

    def _attempt(self, g: Gather, carried: _Carried) -> _Reading | _Carried:
        """The body read backwards, if the loop carries all that flows; otherwise what it has to carry."""
        e, rev = self.e, self.rev
        own = Gather(Builder(g.b), set(self.local), rev.outside, g.certain and self.certain)
        b = own.b
        ct_in = {k: Var(cotangent(e.carries[k].ty), "ct") for k in carried.live}
        mask_in = {k: Var(booleans(e.carries[k].ty), "mask") for k in carried.with_mask}
        for k in carried.live:
            own.add(e.body.results[k], Ct(ct_in[k], mask_in.get(k, True), True))
        for r, ct in zip(e.body.results[len(e.carries) :], self.outputs, strict=True):
            if ct is not None:
                own.add(r, ct.get(b, (e.index,)))
        rev.read_lets(own, e.body.lets)
        taken = {k: own.take(e.carries[k]) for k in carried.live}
        reached = [k for k in self.tans if k not in taken and own.take(e.carries[k]) is not None]
        if reached:
            return _Carried(tuple(sorted((*carried.live, *reached))), carried.conditional)
        back = {k: ct or Ct(b.zeros(ct_in[k].ty), True, True) for k, ct in taken.items()}
        conditional = {k for k, ct in back.items() if ct.mask is not True}
        if not conditional <= carried.conditional:
            return _Carried(carried.live, carried.conditional | conditional)
        always = {k: b.fill(TRUE, w.ty) for k, w in mask_in.items()}
        conditions = [w if (w := back[k].mask) is not True else always[k] for k in mask_in]
        found = {v: own.take(s) for v, s in self.slices.items()}
        sliced = [ct or Ct(b.zeros(cotangent(self.slices[v].ty)), True, True) for v, ct in found.items()]
        results = [*(back[k].clean(b) for k in carried.live), *conditions, *(ct.value for ct in sliced)]
        results += [ct.mask for ct in sliced if ct.mask is not True]
        body = Sweep(narrow=True).block(b.block(results), results)
        return self._planned(carried, taken, found, (*ct_in.values(), *mask_in.values()), body)

    def _planned(
        self,
        carried: _Carried,
        taken: dict[int, Ct | None],
        found: dict[Var, Ct | None],
        carries: tuple[Var, ...],
        body: Block,
    ) -> _Reading:
        """Decide which values of the forward pass are stored, and which are recomputed."""
        e, rev = self.e, self.rev
        own = primal_lets(e.body.lets, rev.primal)
        bound = outs_of(own) | set(self.primal_carries)
        roots = tuple(v for v in free_vars(body) if v in bound)
        chosen, history = rev.plan_loop(own, roots, self.primal_carries)
        work = rev.extra_work + chosen.work
        return _Reading(carried, taken, found, carries, body, own, roots, chosen, history, work)

    def _emitted(self, g: Gather, r: _Reading) -> Emitted:
        """Write the loop, and name what it gives."""
        e, carried = self.e, r.carried
        rest = iter(outs := self._written(g, r))  # in the order of the results
        values = {k: next(rest) for k in carried.live}
        masks = {k: next(rest) for k in carried.with_mask}
        parts = {v: next(rest) for v in r.found}
        flows = [
            (e.inits[k], Ct(values[k], masks.get(k, True), True))
            for k, ct in r.taken.items()
            if not (ct is None and self.certain)
        ]
        for v, ct in r.found.items():
            if ct is not None:
                mask = True if ct.mask is True else next(rest)
                flows.append((v, Ct(parts[v], mask, True if ct.clean_where is True else mask)))
        return outs, flows

    def _written(self, g: Gather, r: _Reading) -> list[Atom]:
        """Emit the reverse loop, and return its outputs. The primal loop outputs what is stored."""
        e, rev, let = self.e, self.rev, self.let
        saved = [*r.history, *r.chosen.stored]
        starts = [self._initial_mask(g, k) for k in r.carried.with_mask]
        inits = [*(self.finals[k].clean(g.b) for k in r.carried.live), *starts]
        if 8 * e.n * numbers(saved) > budget() and can_recompute(r.own):
            return self._checkpointed(g, r, inits, recompute_all(r.own, r.roots))
        # What the primal loop outputs anyway is read from there; a second copy would double the memory.
        given = zip(e.body.results[len(e.carries) :], let.outs[len(e.carries) :], strict=False)
        outputs = {v: out for v, out in given if isinstance(v, Var)}
        more = [v for v in saved if v not in outputs]
        arrays = outputs | {v: Var(Ty(v.ty.scalar, (e.n, *v.ty.shape)), v.name) for v in more}
        if rev.changing:
            rev.changing |= set(arrays.values())
            rev.kept.update(arrays.values())
        loads = [Let((v,), Get(arrays[v], (e.index,)), let.where) for v in saved]
        body = Block((*loads, *r.chosen.recomputed, *r.body.lets), r.body.results)
        rev.primal[let] = (primal_nested(let, rev.primal, [arrays[v] for v in more], {e.body: more}),)
        loop = Loop(
            n=e.n,
            index=e.index,
            inits=tuple(inits),
            carries=r.carries,
            body=body,
            upto=self._steps(),
            reverse=not e.reverse,
        )
        return list(g.b.let(loop, *(c.ty for c in r.carries), *self._stacked(body.results[len(r.carries) :])))

    def _steps(self) -> Atom | None:
        """How many steps there are to reverse, if only the running program knows; otherwise None."""
        return self.let.outs[-1] if self.e.test is not None else self.e.upto

    def _stacked(self, results: Sequence[Atom]) -> list[Ty]:
        """The types of the loop's outputs: the results of all iterations, stacked."""
        return [Ty(r.ty.scalar, (self.e.n, *r.ty.shape)) for r in results]

    def _checkpointed(
        self,
        g: Gather,
        r: _Reading,
        inits: list[Atom],
        chosen: Plan,
    ) -> list[Atom]:
        """The reverse of a loop whose history does not fit the budget: see `checkpoint`."""
        e, rev, let = self.e, self.rev, self.let
        own, carries, reverse = r.own, r.carries, r.body
        rev.extra_work += 2 * sum(work(x.expr) for x in own) + chosen.work - r.chosen.work
        plain = primal_nested(let, rev.primal, [], {})
        assert isinstance(plain.expr, Loop)
        m = len(plain.expr.carries)
        nexts, outputs = plain.expr.body.results[:m], plain.expr.body.results[m:]
        # The stack exists twice: as the forward pass leaves it, and as the reverse pass takes it apart.
        point = Checkpointing(plain.expr, plain.expr.carries, own, nexts, budget() // 2)
        setup = Builder(where=let.where)
        forward, stack = point.forward(plain, outputs, plain.outs, setup)
        rev.primal[let] = (*setup.lets, forward)
        kept = point.new_stack()
        b = Builder(g.b)
        end = self._steps()
        popped = point.advance(b, kept, e.index, integer(e.n) if end is None else end)
        c = len(carries)
        results = (*reverse.results[:c], *popped, *reverse.results[c:])
        body = Block((*b.lets, *chosen.recomputed, *reverse.lets), results)
        loop = Loop(
            n=e.n,
            index=e.index,
            inits=(*inits, *stack.all),
            carries=(*carries, *kept.all),
            body=body,
            upto=end,
            reverse=not e.reverse,
        )
        tys = [*(v.ty for v in (*carries, *kept.all)), *self._stacked(reverse.results[c:])]
        outs = list(g.b.let(loop, *tys))
        return [*outs[:c], *outs[c + len(kept.all) :]]

    def _initial_mask(self, g: Gather, k: int) -> Atom:
        """The initial mask of reverse carry k: the mask of the cotangent of the loop's final carry."""
        mask = self.finals[k].mask
        return g.b.fill(TRUE, booleans(self.e.carries[k].ty)) if mask is True else mask


def _reads_at_own_index(e: Loop, v: Var, name: Var) -> bool:
    """Whether a loop reads the array v only as v[i, ...], where i is its own index and each later index is a constant
    or is bound in its body.

    `name` is the array as the body names it: v, or an outer array of which v is the element at the indices of the
    loops around. A loop that reads a column, v[i, j] with the index j of an outer loop, does not qualify: per
    iteration it reads one element of the row v[i], and a cotangent of the whole row would be almost all zeros.
    """
    if len(v.ty.shape) == 0 or v.ty.shape[0] != e.n:
        return False
    depth = len(name.ty.shape) - len(v.ty.shape)
    inside = {o for let in all_lets(e.body) for o in (*let.outs, *binders(let.expr))}
    for block in all_blocks(e.body):
        if name in block.results:
            return False
        for let in block.lets:
            get = let.expr
            if name not in operands(get):
                continue
            if not (isinstance(get, Get) and get.x is name and len(get.idx) > depth and get.idx[depth] is e.index):
                return False
            if any(isinstance(i, Var) and i not in inside for i in get.idx[depth + 1 :]):
                return False
    return True
