"""The reverse of a loop."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.derive.reverse.checkpoint import Checkpointing, can_rerun
from rosesim.ad.derive.reverse.cotangent import Ct, Gather, cotangent, truths
from rosesim.ad.derive.reverse.pair import is_tan
from rosesim.ad.derive.reverse.primal import strip_nested, stripped
from rosesim.ad.derive.reverse.reader import Reader, adds_tangents, bound_tans, outs_of
from rosesim.ad.derive.reverse.recompute import Plan, numbers, plan_loop, rerun_all
from rosesim.ad.passes.simplify import Sweep
from rosesim.ad.program.builder import Builder, whole
from rosesim.ad.program.cost import work
from rosesim.ad.program.ir import (
    BOOL,
    Atom,
    Block,
    Get,
    Let,
    Lit,
    Loop,
    Ty,
    Var,
    blocks,
    free_vars,
    operands,
)
from rosesim.ad.support import recursion
from rosesim.ad.support.budget import budget


def read_loop(rev: Reader, g: Gather, let: Let, e: Loop) -> None:
    """Write the reverse of a loop."""
    m = len(e.body.results)
    n = len(e.carries)
    ends = [g.take(o) if is_tan(o) else None for o in let.outs[:m]]
    if all(ct is None for ct in ends) and not adds_tangents(e.body):
        return
    own = [c for c in (*e.carries, *bound_tans(e.body)) if is_tan(c)]
    named = rev.captured(e.body)
    slices = {v: Var(v.ty.at(1), v.name) for v, name in named.items() if _reads_at_own_index(e, v, name)}
    captured = [v for v in named if v not in slices]
    rev.outside.slices.update(slices)
    reader = _LoopReader(rev, g, let, e, ends[:n], ends[n:], set(own) | set(slices.values()), slices)
    outs = rev.with_refs(g, captured, reader.write)
    for v in slices:
        del rev.outside.slices[v]
    reader.distribute(g, outs)


class _LoopReader:
    """Writes the reverse of one loop."""

    def __init__(
        self,
        rev: Reader,
        g: Gather,
        let: Let,
        e: Loop,
        finals: list[Ct | None],
        outputs: list[Ct | None],
        local: set[Var],
        slices: dict[Var, Var],
    ):
        self.rev, self.let, self.e = rev, let, e
        self.outputs = outputs
        self.local = local
        self.slices = slices
        self.certain = e.upto is None and e.test is None and e.n > 0
        carried = [k for k, c in enumerate(e.carries) if is_tan(c)]
        zeros = {k: g.b.zeros(cotangent(e.carries[k].ty)) for k in carried}
        self.finals = {k: finals[k] or Ct(zeros[k], True, True) for k in carried}
        self.absent = {k for k in carried if finals[k] is None}
        """Carries into whose cotangent nothing has been found to flow."""
        self.tans: list[int] = [k for k in carried if k not in self.absent]
        self.conditional = {k for k in self.tans if self.finals[k].want is not True}
        self.wanted_slices: list[bool] = []
        self.clean_slices: list[bool] = []
        self.untouched: list[bool] = []
        self.nothing: set[int] = set()
        """The carries to whose start nothing flows back."""

    def write(self, g: Gather) -> list[Atom]:
        """The loop; its bound variables."""
        flags = {id(p): p.always for p in self.rev.outside.refs.values()}
        while True:
            attempt = self._attempt(g)
            if attempt is not None:
                return attempt
            for p in self.rev.outside.refs.values():
                p.always = flags[id(p)]

    def _attempt(self, g: Gather) -> list[Atom] | None:
        e, rev = self.e, self.rev
        before, rev.redo = rev.redo, 0.0
        own = Gather(Builder(g.b), set(self.local), rev.outside, g.certain and self.certain)
        b = own.b
        ct_in = {k: Var(cotangent(e.carries[k].ty), "ct") for k in self.tans}
        want_in = {k: Var(truths(e.carries[k].ty), "want") for k in self.tans if k in self.conditional}
        for k in self.tans:
            own.add(e.body.results[k], Ct(ct_in[k], want_in.get(k, True), True))
        for r, ct in zip(e.body.results[len(e.carries) :], self.outputs, strict=True):
            if ct is not None:
                own.add(r, ct.get(b, (e.index,)))
        recursion.nested(rev.lets, own, e.body.lets)
        taken = {k: own.take(e.carries[k]) for k in self.tans}
        self.nothing = {k for k, ct in taken.items() if ct is None and self.certain}
        back = {k: ct or Ct(b.zeros(ct_in[k].ty), True, True) for k, ct in taken.items()}
        reached = {k for k in self.absent if own.take(e.carries[k]) is not None}
        if reached:
            self.absent -= reached
            self.tans = sorted((*self.tans, *reached))
            rev.redo = before
            return None
        late = {k for k in self.tans if back[k].want is not True} - self.conditional
        if late:
            self.conditional |= late
            rev.redo = before
            return None
        whole = {k: b.fill(Lit(True, BOOL), w.ty) for k, w in want_in.items()}
        conditions = [w if (w := back[k].want) is not True else whole[k] for k in want_in]
        found = [own.take(s) for s in self.slices.values()]
        self.untouched = [ct is None for ct in found]
        pairs = zip(found, self.slices.values(), strict=True)
        sliced = [ct or Ct(b.zeros(cotangent(s.ty)), True, True) for ct, s in pairs]
        self.wanted_slices = [ct.want is not True for ct in sliced]
        self.clean_slices = [ct.mask is True for ct in sliced]
        results = [*(back[k].clean(b) for k in self.tans), *conditions, *(ct.value for ct in sliced)]
        results += [ct.want for ct in sliced if ct.want is not True]
        outs = self._written(g, b.block(results), [*ct_in.values(), *want_in.values()])
        rev.redo = before + rev.redo * e.n
        return outs

    def _written(self, g: Gather, reverse: Block, carries: list[Var]) -> list[Atom]:
        e, rev, let = self.e, self.rev, self.let
        primal_carries = [c for c in e.carries if not is_tan(c)]
        own = stripped(e.body.lets, rev.primal)
        bound = outs_of(own) | set(primal_carries)
        swept = Sweep(narrow=True).block(reverse, reverse.results)
        roots = [v for v in free_vars(swept) if v in bound]
        again, history = plan_loop(own, roots, primal_carries, rev.redo)
        saved = [*history, *again.stored]
        starts = [self._start(g, k) for k in self.tans if k in self.conditional]
        inits = [*(self.finals[k].clean(g.b) for k in self.tans), *starts]
        if 8 * e.n * numbers(saved) > budget() and can_rerun(own):
            return self._checkpointed(g, swept, carries, inits, own, rerun_all(own, roots))
        rev.redo += again.work
        # What the loop gives anyway is read from there: with a second copy it would seem to cost twice to store.
        given = zip(e.body.results[len(e.carries) :], let.outs[len(e.carries) :], strict=False)
        outputs = {v: out for v, out in given if isinstance(v, Var)}
        more = [v for v in saved if v not in outputs]
        arrays = outputs | {v: Var(Ty(v.ty.scalar, (e.n, *v.ty.shape)), v.name) for v in more}
        loads = [Let((v,), Get(arrays[v], (e.index,)), let.where) for v in saved]
        body = Block((*loads, *again.again, *swept.lets), swept.results)
        rev.primal[let] = (strip_nested(let, rev.primal, [arrays[v] for v in more], {e.body: more}),)
        loop = Loop(
            n=e.n,
            index=e.index,
            inits=tuple(inits),
            carries=tuple(carries),
            body=body,
            upto=self._steps(),
            reverse=not e.reverse,
        )
        return list(g.b.let(loop, *(c.ty for c in carries), *self._stacked(body.results[len(carries) :])))

    def _steps(self) -> Atom | None:
        """How many steps there are to reverse, where that is known only when the program runs."""
        return self.let.outs[-1] if self.e.test is not None else self.e.upto

    def _stacked(self, results: Sequence[Atom]) -> list[Ty]:
        return [Ty(r.ty.scalar, (self.e.n, *r.ty.shape)) for r in results]

    def _checkpointed(
        self,
        g: Gather,
        reverse: Block,
        carries: list[Var],
        inits: list[Atom],
        own: tuple[Let, ...],
        again: Plan,
    ) -> list[Atom]:
        """The reverse of a loop whose history does not fit the budget: see `checkpoint`."""
        e, rev, let = self.e, self.rev, self.let
        rev.redo += 2 * sum(work(x.expr) for x in own) + again.work
        plain = strip_nested(let, rev.primal, [], {})
        assert isinstance(plain.expr, Loop)
        m = len(plain.expr.carries)
        nexts, outputs = plain.expr.body.results[:m], plain.expr.body.results[m:]
        # The stack exists twice: as the forward pass leaves it, and as the way back takes it apart.
        point = Checkpointing(plain.expr, plain.expr.carries, own, nexts, budget() // 2)
        setup = Builder(where=let.where)
        forward, stack = point.forward(plain, outputs, plain.outs, setup)
        rev.primal[let] = (*setup.lets, forward)
        kept = point.new_stack()
        b = Builder(g.b)
        end = self._steps()
        popped = point.advance(b, kept, e.index, whole(e.n) if end is None else end)
        c = len(carries)
        body = Block((*b.lets, *again.again, *reverse.lets), (*reverse.results[:c], *popped, *reverse.results[c:]))
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

    def _start(self, g: Gather, k: int) -> Atom:
        want = self.finals[k].want
        whole = truths(self.e.carries[k].ty)
        return g.b.fill(Lit(True, BOOL), whole) if want is True else want

    def distribute(self, g: Gather, outs: list[Atom]) -> None:
        """Pass what the loop gave on to the initial carries and to the arrays read at its index."""
        t, c = len(self.tans), len(self.conditional)
        conditional = [k for k in self.tans if k in self.conditional]
        wants = dict(zip(conditional, outs[t : t + c], strict=True))
        for k, value in zip(self.tans, outs, strict=False):
            if k not in self.nothing:
                g.add(self.e.inits[k], Ct(value, wants.get(k, True), True))
        rest = outs[t + c :]
        conditions = iter(rest[len(self.slices) :])
        kinds = zip(self.slices, self.wanted_slices, self.clean_slices, self.untouched, strict=True)
        for (v, w, clean, nothing), value in zip(kinds, rest, strict=False):
            if not nothing:
                want = next(conditions) if w else True
                g.add(v, Ct(value, want, True if clean else want))


def _reads_at_own_index(e: Loop, v: Var, name: Var) -> bool:
    """Whether a loop reads an array nowhere but at its own index. The array may itself be an element, at
    the indices of loops around this one, of the one that the body names."""
    if len(v.ty.shape) == 0 or v.ty.shape[0] != e.n:
        return False
    depth = len(name.ty.shape) - len(v.ty.shape)
    stack = [e.body]
    while stack:
        block = stack.pop()
        if name in block.results:
            return False
        for let in block.lets:
            get = let.expr
            own = isinstance(get, Get) and get.x is name and len(get.idx) > depth and get.idx[depth] is e.index
            if name in operands(get) and not own:
                return False
            stack.extend(blocks(let.expr))
    return True
