"""Reverse derivatives: the linear part of a forward derivative, transposed.

`transpose` takes a function J with tangents (Tan parameters and results among its others) and gives two:
`fwd`, the primal part of J, which also returns what the way back will read, and `bwd`, which takes that and
the cotangents of J's Tan results and gives those of its Tan parameters.

One pass reads J's blocks backwards. A linear let passes its result's cotangent on to its arguments. A let
with blocks (a loop, a branch) becomes its own reverse, and its primal version may have to return more than
before; which more is decided by `recompute`, from what the reverse turned out to read. Primal variables keep
their identity throughout, so what the reverse reads is simply what is free in it; every function is
given fresh variables at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rosesim.ad.derive.reverse.checkpoint import Checkpointing, can_rerun
from rosesim.ad.derive.reverse.cotangent import Ct, Gather, Outside, RefPair, Want, as_ref, cotangent, truths
from rosesim.ad.derive.reverse.recompute import Plan, numbers, plan, plan_loop, rerun_all
from rosesim.ad.derive.reverse.tape import packed_tape, placed
from rosesim.ad.passes.scatter_to_gather import covers, turned_block
from rosesim.ad.passes.simplify import Sweep
from rosesim.ad.passes.tidy import tidied_primal, tidied_reverse
from rosesim.ad.program.builder import Builder, whole
from rosesim.ad.program.cost import work
from rosesim.ad.program.elementwise import masked
from rosesim.ad.program.ir import (
    BOOL,
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Fill,
    Func,
    Get,
    Guard,
    Let,
    Lit,
    Loop,
    Op,
    Put,
    Stack,
    Stop,
    SubRef,
    TanT,
    Ty,
    Var,
    all_lets,
    blocks,
    free_vars,
    operands,
    unknown,
)
from rosesim.ad.program.reduce import anywhere, summed
from rosesim.ad.program.rewrite import fresh
from rosesim.ad.program.show import show_let
from rosesim.ad.support import recursion
from rosesim.ad.support.budget import budget
from rosesim.ad.support.errors import CheckError
from rosesim.ad.support.locate import of_derivative

BIG = 16
"""Cotangents of arrays of more numbers than this are added into the caller's, not returned."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A forward and a backward function.

    fwd: (primal parameters of J) -> (primal results, then the values of `stored`).
    bwd: (the values of `tape`, variables of J: parameters or stored ones; for each Tan result, then for
    each Tan ref parameter, its cotangent and, where asked, its want; for each parameter of `by_ref`,
    a ref and, where it says so, a ref of wants) -> (for each other Tan parameter to which something flows
    back (`wants` is not None) its cotangent, then, where `wants` says so, its want).
    """

    fwd: Func
    bwd: Func
    tape: tuple[Var, ...]
    stored: tuple[Var, ...]
    wants: Asked
    by_ref: tuple[bool, ...]
    always: tuple[bool, ...]
    """For each parameter of `by_ref`, whether it surely gets something that counts."""
    redo: float
    """The work of the forward pass that bwd runs again."""


def is_tan(a: Atom) -> bool:
    """Whether an atom is linear."""
    return isinstance(a.ty.scalar, TanT)


Asked = tuple[bool | None, ...]
"""For each cotangent that a reverse may be given: whether it comes with a condition under which it counts;
None where nothing flows back there, which is not the same as a zero that counts."""


def transpose(func: Func, conditional: Asked | None = None) -> Pair:
    """The reverse of J, for these cotangents of its Tan results, then of its Tan refs."""
    if conditional is None:
        conditional = (False,) * sum(map(is_tan_type, (*func.results, *(p.ty for p in func.params if p.ty.ref))))
    key = ("transpose", conditional, budget())
    if key not in func.memo:
        by_rule = "vjp" in func.memo
        func.memo[key] = (
            _rule_pair(func, conditional) if by_rule else recursion.nested(lambda: Reverse(func).pair(conditional))
        )
    return func.memo[key]


def is_tan_type(ty: Ty) -> bool:
    """Whether a type is linear."""
    return isinstance(ty.scalar, TanT)


class Reverse:
    """The reverse of one function."""

    def __init__(self, func: Func):
        self.func = func
        self.outside = Outside()
        if isinstance(func.body, Block):
            self.outside.made = {o: let.expr for let in all_lets(func.body) for o in let.outs}
        self.primal: dict[Let, tuple[Let, ...]] = {}  # the primal versions of lets that return more than before
        self.known: dict[Var, Ct | None] = {}  # the cotangents of Tan refs
        self.subrefs: dict[Var, SubRef] = {}
        self.redo = 0.0  # the work that the reverse, so far, runs again

    # ----------------------------------------------------------------------------- functions

    def pair(self, conditional: Asked) -> Pair:
        """Both functions."""
        func = self.func
        assert isinstance(func.body, Block)
        primals = [p for p in func.params if not is_tan(p)]
        tans = [p for p in func.params if is_tan(p) and not p.ty.ref]
        tan_refs = [p for p in func.params if is_tan(p) and p.ty.ref]
        by_ref = tuple(t.ty.size > BIG for t in tans)
        b = Builder(where=func.where)
        results = [r for r in func.body.results if is_tan(r)]
        params: list[Var] = []
        seeds: list[Ct | None] = []
        for ty, asked in zip([x.ty for x in (*results, *tan_refs)], conditional, strict=True):
            if asked is None:
                seeds.append(None)
                continue
            value = Var(cotangent(ty), "ct")
            params.append(value)
            if asked:
                params.append(Var(truths(ty), "want"))
            seeds.append(Ct(value, params[-1] if asked else True, True))
        self.known.update(zip(tan_refs, seeds[len(results) :], strict=True))
        gather = Gather(
            b, _bound_tans(func.body) | {t for t, r in zip(tans, by_ref, strict=True) if not r}, self.outside
        )
        for t, r in zip(tans, by_ref, strict=True):
            if r:
                self.outside.refs[t] = _ref_pair(t)
        for r, ct in zip(results, seeds, strict=False):
            if ct is not None:
                gather.add(r, ct)
        self.lets(gather, func.body.lets)
        return self._finished(gather, primals, params, tans, by_ref)

    def _finished(
        self, gather: Gather, primals: list[Var], params: list[Var], tans: list[Var], by_ref: tuple[bool, ...]
    ) -> Pair:
        func, b = self.func, gather.b
        assert isinstance(func.body, Block)
        values: list[Atom] = []
        conditions: list[Atom] = []
        wants: list[bool | None] = []
        for t, r in zip(tans, by_ref, strict=True):
            ct = None if r else gather.take(t)
            if ct is not None:
                values.append(ct.value)
                conditions += [ct.want] if ct.want is not True else []
                wants.append(ct.want is not True)
            else:
                wants.append(False if r else None)
        written = turned_block(b.block([]))
        always = tuple(
            r and ((pair := self.outside.refs[t]).always or covers(written, pair.wref))
            for t, r in zip(tans, by_ref, strict=True)
        )
        sweep = Sweep(narrow=True)
        sweep.dead_refs |= {self.outside.refs[t].wref for t, sure in zip(tans, always, strict=True) if sure}
        reverse = sweep.block(written, [*values, *conditions])
        used = free_vars(reverse)
        for k, (t, r) in enumerate(zip(tans, by_ref, strict=True)):
            if r:
                pair = self.outside.refs[t]
                wants[k] = pair.wref in used
                params += [pair.ref, pair.wref] if wants[k] else [pair.ref]
        own = self.stripped(func.body.lets)
        bound = _outs(own)
        reads = [v for v in free_vars(reverse) if v in bound]
        again = plan(own, reads, nested_redo=self.redo)
        whole = Block((*again.again, *reverse.lets), reverse.results)
        given = set(params)
        tape = [v for v in free_vars(whole) if v not in given]
        packs = packed_tape([v for v in tape if v in bound])
        tape = [v for v in tape if v not in bound] + packs.stored
        bwd_body = Block((*packs.unpack, *whole.lets), whole.results)
        bwd = Func(func.name + "_bwd", (*tape, *params), bwd_body, func.where)
        out = [r for r in func.body.results if not is_tan(r)]
        fwd_body = Block(tuple(placed(own, packs.pack)), (*out, *packs.stored))
        fwd = Func(func.name + "_fwd", tuple(primals), fwd_body, func.where)
        forward, backward = tidied_primal(fresh(fwd)), tidied_reverse(fresh(bwd))
        redo = self.redo + again.work
        return Pair(forward, backward, tuple(tape), tuple(packs.stored), tuple(wants), by_ref, always, redo)

    # ---------------------------------------------------------------------------- primal part

    def stripped(self, lets: Sequence[Let]) -> tuple[Let, ...]:
        """The primal lets among these, in the versions that return what their reverse reads."""
        out: list[Let] = []
        for let in lets:
            known = self.primal.get(let)
            if known is not None:
                out += known
                continue
            new = self._stripped(let)
            if new is not None:
                out.append(new)
        return tuple(out)

    def _stripped(self, let: Let) -> Let | None:
        e = let.expr
        match e:
            case Loop() | Cond() | Accum():
                return self.strip_nested(let, (), {})
            case Call(func, args):
                if not any(map(is_tan, args)):
                    return let
                outs = tuple(o for o in let.outs if not is_tan(o))
                return Let(outs, Call(primal_of(func), tuple(a for a in args if not is_tan(a))), let.where)
            case Add(ref, _, _):
                return None if is_tan(ref) else let
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | SubRef() | Guard():
                return None if any(map(is_tan, let.outs)) else let
            case _:
                unknown(e)

    def strip_nested(self, let: Let, extra_outs: Sequence[Var], extra: dict[Block, Sequence[Atom]]) -> Let:
        """The primal version of a let with blocks, each of which returns `extra` after its own results."""

        def side(block: Block) -> Block:
            return Block(
                self.stripped(block.lets),
                (*(r for r in block.results if not is_tan(r)), *extra.get(block, ())),
            )

        e = let.expr
        kept = tuple(o for o in let.outs if not is_tan(o))
        match e:
            case Loop():
                pairs = [(c, a) for c, a in zip(e.carries, e.inits, strict=True) if not is_tan(c)]
                carries, inits = tuple(c for c, _ in pairs), tuple(a for _, a in pairs)
                new = replace(e, inits=inits, carries=carries, body=side(e.body))
                end = len(kept) - (e.test is not None)
                return Let((*kept[:end], *extra_outs, *kept[end:]), new, let.where)
            case Cond(p, then, orelse):
                return Let((*kept, *extra_outs), Cond(p, side(then), side(orelse)), let.where)
            case Accum():
                pairs = [(r, a) for r, a in zip(e.refs, e.inits, strict=True) if not is_tan(r)]
                new = Accum(tuple(a for _, a in pairs), tuple(r for r, _ in pairs), side(e.body))
                m = len(kept) - len(pairs)
                return Let((*kept[:m], *extra_outs, *kept[m:]), new, let.where)
            case _:
                raise AssertionError(e)

    # -------------------------------------------------------------------------- reading back

    def lets(self, g: Gather, lets: Sequence[Let]) -> None:
        """Read lets backwards."""
        for let in lets:
            if isinstance(let.expr, SubRef) and is_tan(let.outs[0]):
                self.subrefs[let.outs[0]] = let.expr
        for let in reversed(lets):
            g.b.where = of_derivative(let.where)
            self._let(g, let)

    def _let(self, g: Gather, let: Let) -> None:
        match let.expr:
            case Op(name, args) if is_tan(let.outs[0]):
                ct = g.take(let.outs[0])
                if ct is not None:
                    _op(g, name, args, ct)
            case Get(x, idx) if is_tan(x):
                ct = g.take(let.outs[0])
                if ct is not None:
                    g.add(x, ct, idx)
            case Put(x, idx, v) if is_tan(x):
                ct = g.take(let.outs[0])
                if ct is not None:
                    b = g.b
                    g.add(v, ct.get(b, idx))
                    g.add(x, Ct(b.put(ct.value, idx, b.zeros(cotangent(v.ty))), ct.want, ct.mask))
            case Stack(items) if is_tan(let.outs[0]):
                ct = g.take(let.outs[0])
                for k, item in enumerate(items):
                    if ct is not None:
                        g.add(item, ct.get(g.b, (whole(k),)))
            case Fill(v) if is_tan(v):
                ct = g.take(let.outs[0])
                if ct is not None and not isinstance(v, Lit):
                    g.add(v, Ct(summed(g.b, ct.clean(g.b)), True, True))
            case Add(ref, idx, v) if is_tan(ref):
                ct = self._ref_ct(g, ref, idx)
                if ct is not None:
                    g.add(v, ct)
            case Loop() as e:
                self._loop(g, let, e)
            case Cond() as e:
                self._cond(g, let, e)
            case Accum() as e:
                self._accum(g, let, e)
            case Call() as e if any(map(is_tan, e.args)):
                self._call(g, let, e)
            case Call() | SubRef():
                pass  # of no tangent, a tangent can only be zero; what is added to a part of a ref is read there
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | Add() | Guard() as e:
                if any(map(is_tan, (*let.outs, *operands(e)))):
                    line = f"`{show_let(let)}`"
                    raise CheckError(f"in {self.func.name}: {line} has no reverse, and is linear", let.where)
            case _:
                unknown(let.expr)

    def _ref_ct(self, g: Gather, ref: Var, idx: Sequence[Atom]) -> Ct | None:
        """The cotangent of an element of a Tan ref: known before anything that adds to it is read."""
        idx = tuple(idx)
        while ref in self.subrefs:
            sub = self.subrefs[ref]
            ref, idx = sub.ref, (*sub.idx, *idx)
        ct = self.known[ref]
        return None if ct is None else ct.get(g.b, idx)

    # ------------------------------------------------------------------ captured variables

    def _captured(self, *parts: Block) -> dict[Var, Var]:
        """The Tan variables (not refs) of blocks around these: by what gathers for them, what these name."""
        found = [v for block in parts for v in free_vars(block) if is_tan(v) and not v.ty.ref]
        return {self.outside.resolve(v, ())[0]: v for v in found}

    def _with_refs(self, g: Gather, captured: Iterable[Var], emit: Callable[[Gather], list[Atom]]) -> list[Atom]:
        """What `emit` writes and gives, inside refs for those captured variables that g's block owns."""
        owned = [v for v in captured if v in g.local]
        if not owned:
            return emit(g)
        outer = g.b
        old = {v: g.take(v) or Ct(outer.zeros(cotangent(v.ty)), outer.zeros(truths(v.ty)), True) for v in owned}
        pairs = {v: _ref_pair(v) for v in owned}
        self.outside.refs.update(pairs)
        g.b = Builder(outer)
        g.local -= set(owned)
        given = emit(g)
        body = turned_block(g.b.block(given))
        g.b = outer
        g.local |= set(owned)
        for v in owned:
            del self.outside.refs[v]
        inits = [old[v].clean(outer) for v in owned]
        atoms = [outer.zeros(truths(v.ty)) if (w := old[v].want) is True else w for v in owned]
        refs = (*(pairs[v].ref for v in owned), *(pairs[v].wref for v in owned))
        tys = [*(a.ty for a in given), *(cotangent(v.ty) for v in owned), *(truths(v.ty) for v in owned)]
        outs = outer.let(Accum((*inits, *atoms), refs, body), *tys)
        m, k = len(given), len(owned)
        for j, v in enumerate(owned):
            counts = pairs[v].always or old[v].want is True or covers(body, pairs[v].wref)
            g.cts[v] = Ct(outs[m + j], True if counts else outs[m + k + j], True)
        return list(outs[:m])

    # ------------------------------------------------------------------------------- loops

    def _loop(self, g: Gather, let: Let, e: Loop) -> None:
        m = len(e.body.results)
        n = len(e.carries)
        ends = [g.take(o) if is_tan(o) else None for o in let.outs[:m]]
        if all(ct is None for ct in ends) and not _adds_tangents(e.body):
            return
        own = [c for c in (*e.carries, *_bound_tans(e.body)) if is_tan(c)]
        named = self._captured(e.body)
        slices = {v: Var(v.ty.at(1), v.name) for v, name in named.items() if _read_at_own_index(e, v, name)}
        captured = [v for v in named if v not in slices]
        self.outside.slices.update(slices)
        reader = _LoopReader(self, g, let, e, ends[:n], ends[n:], set(own) | set(slices.values()), slices)
        outs = self._with_refs(g, captured, reader.write)
        for v in slices:
            del self.outside.slices[v]
        reader.distribute(g, outs)

    # ----------------------------------------------------------------------------- branches

    def _cond(self, g: Gather, let: Let, e: Cond) -> None:
        ends = [(k, g.take(o)) for k, o in enumerate(let.outs) if is_tan(o)]
        if all(ct is None for _, ct in ends) and not (_adds_tangents(e.then) or _adds_tangents(e.orelse)):
            return
        extra: dict[Block, list[Var]] = {}

        def read(g: Gather, side: Block) -> Block:
            own = Gather(Builder(g.b), _bound_tans(side), self.outside, certain=False)
            redo = self.redo
            for k, ct in ends:
                if ct is not None:
                    own.add(side.results[k], ct)
            recursion.nested(self.lets, own, side.lets)
            lets, extra[side] = self._again(side.lets, own.b.lets, redo)
            return Block(lets, ())

        def emit(g: Gather) -> list[Atom]:
            yes, no = read(g, e.then), read(g, e.orelse)
            g.b.let(Cond(e.p, yes, no))
            return []

        self._with_refs(g, self._captured(e.then, e.orelse), emit)
        if e.then in extra:
            self.primal[let] = (self._widened_cond(let, e, extra),)

    def _widened_cond(self, let: Let, e: Cond, extra: dict[Block, list[Var]]) -> Let:
        """The primal branch, each side of which also returns what the reverse of either side reads."""
        sides: dict[Block, Sequence[Atom]] = {}
        zeros: dict[Block, list[Let]] = {}
        for this, other in ((e.then, e.orelse), (e.orelse, e.then)):
            b = Builder()
            missing = [b.zeros(v.ty) for v in extra[other]]
            zeros[this] = b.lets
            mine = list(extra[this])
            sides[this] = [*mine, *missing] if this is e.then else [*missing, *mine]
        outs = (*extra[e.then], *extra[e.orelse])
        new = self.strip_nested(let, outs, sides)
        assert isinstance(new.expr, Cond)
        then, orelse = (
            Block((*side.lets, *zeros[old]), side.results)
            for side, old in ((new.expr.then, e.then), (new.expr.orelse, e.orelse))
        )
        return Let(new.outs, Cond(e.p, then, orelse), let.where)

    def _again(self, lets: Sequence[Let], reverse: Sequence[Let], redo: float) -> tuple[tuple[Let, ...], list[Var]]:
        """The reverse of a block, after what it computes again; and what it wants stored. `redo` was the work
        run again before the block was read."""
        own = self.stripped(lets)
        bound = _outs(own)
        again = plan(
            own, [v for v in free_vars(Block(tuple(reverse), ())) if v in bound], nested_redo=self.redo - redo
        )
        self.redo += again.work
        return (*again.again, *reverse), list(again.stored)

    # -------------------------------------------------------------------------- accumulators

    def _accum(self, g: Gather, let: Let, e: Accum) -> None:
        m = len(e.body.results)
        if not any(map(is_tan, let.outs)) and not _adds_tangents(e.body):
            return
        for r, a, o in zip(e.refs, e.inits, let.outs[m:], strict=True):
            if is_tan(r):
                self.known[r] = ct = g.take(o)
                if ct is not None:
                    g.add(a, ct)
        g.local |= _bound_tans(e.body)
        for r, o in zip(e.body.results, let.outs[:m], strict=True):
            ct = g.take(o) if is_tan(o) else None
            if ct is not None:
                g.add(r, ct)
        start, redo = len(g.b.lets), self.redo
        recursion.nested(self.lets, g, e.body.lets)
        lets, stored = self._again(e.body.lets, g.b.lets[start:], redo)
        g.b.lets[start:] = lets
        self.primal[let] = (self.strip_nested(let, stored, {e.body: stored}),)

    # ----------------------------------------------------------------------------------- calls

    def _call(self, g: Gather, let: Let, e: Call) -> None:
        ends = [g.take(o) for o in let.outs if is_tan(o)]
        refs = [a for a in e.args if is_tan(a) and a.ty.ref and isinstance(a, Var)]
        adds = [self._ref_ct(g, r, ()) for r in refs]
        if all(ct is None for ct in (*ends, *adds)):
            return
        cts = (*ends, *adds)
        pair = transpose(e.func, tuple(None if ct is None else ct.want is not True for ct in cts))
        self.redo += pair.redo
        primals = tuple(a for a in e.args if not is_tan(a))
        outs = tuple(o for o in let.outs if not is_tan(o))
        extra = {v: Var(v.ty, v.name) for v in pair.stored}
        self.primal[let] = (Let((*outs, *extra.values()), Call(pair.fwd, primals), let.where),)
        bound = dict(zip(e.func.params, e.args, strict=True))
        given: list[Atom] = [extra[v] if v in extra else bound[v] for v in pair.tape]
        for ct in cts:
            if ct is not None:
                given += [ct.clean(g.b)] if ct.want is True else [ct.clean(g.b), ct.want]
        self._write_call(g, e, pair, given)

    def _write_call(self, g: Gather, e: Call, pair: Pair, given: list[Atom]) -> None:
        args = [a for a in e.args if is_tan(a) and not a.ty.ref]
        into = [a for a, r in zip(args, pair.by_ref, strict=True) if r]
        plain = [(a, w) for a, r, w in zip(args, pair.by_ref, pair.wants, strict=True) if not (r or w is None)]

        def emit(g: Gather) -> list[Atom]:
            more: list[Atom] = []
            for a, r, w, sure in zip(args, pair.by_ref, pair.wants, pair.always, strict=True):
                if not r:
                    continue
                assert isinstance(a, Var)
                v, idx = self.outside.resolve(a, ())
                target = self.outside.refs[v]
                more.append(g.b.subref(target.ref, idx))
                if w:
                    more.append(g.b.subref(target.wref, idx))
                if g.certain and sure:
                    target.always = True
                elif sure:
                    g.b.add(target.wref, idx, g.b.fill(Lit(True, BOOL), truths(a.ty)))
            return list(g.b.call(pair.bwd, [*given, *more]))

        owners = [self.outside.resolve(a, ())[0] for a in into if isinstance(a, Var)]
        outs = self._with_refs(g, list(dict.fromkeys(owners)), emit)
        conditions = iter(outs[len(plain) :])
        for (a, w), value in zip(plain, outs, strict=False):
            g.add(a, Ct.raw(value, next(conditions) if w else True))


class _LoopReader:
    """Writes the reverse of one loop."""

    def __init__(
        self,
        rev: Reverse,
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
        own = rev.stripped(e.body.lets)
        bound = _outs(own) | set(primal_carries)
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
        rev.primal[let] = (rev.strip_nested(let, [arrays[v] for v in more], {e.body: more}),)
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
        plain = rev.strip_nested(let, [], {})
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


# ------------------------------------------------------------------------------- linear operators


def _op(g: Gather, name: str, args: Sequence[Atom], ct: Ct) -> None:
    b = g.b
    match name:
        case "neg":
            g.add(args[0], ct.scaled(b.op("neg", ct.value), True))
        case "add":
            g.add(args[0], ct)
            g.add(args[1], ct)
        case "sub":
            g.add(args[0], ct)
            if not isinstance(args[1], Lit):
                g.add(args[1], ct.scaled(b.op("neg", ct.value), True))
        case "mul":
            factor, t = args if is_tan(args[1]) else args[::-1]
            if not isinstance(t, Lit):
                g.add(t, ct.scaled(b.op("mul", factor, ct.value), g.outside.is_finite(factor)))
        case "div":
            g.add(
                args[0],
                ct.scaled(b.op("div", ct.value, args[1]), isinstance(args[1], Lit) and abs(args[1].value) > 0),
            )
        case "select":
            p, x, y = args
            for side, truth in ((x, p), (y, b.op("not", p))):
                if not isinstance(side, Lit):
                    g.add(side, ct.where(b, truth))
        case _:
            raise AssertionError(f"{name} is not linear")


def _outs(lets: Sequence[Let]) -> set[Var]:
    return {o for let in lets for o in let.outs}


def _ref_pair(v: Var) -> RefPair:
    return RefPair(Var(as_ref(cotangent(v.ty)), "ct"), Var(as_ref(truths(v.ty)), "want"))


def _bound_tans(block: Block) -> set[Var]:
    """The Tan variables that a block binds itself, those of blocks nested in it not included."""
    return {o for let in block.lets for o in let.outs if is_tan(o) and not o.ty.ref}


def _adds_tangents(block: Block) -> bool:
    """Whether tangents are added to a ref somewhere inside."""
    return any(
        not isinstance(let.expr, SubRef) and any(is_tan(a) and a.ty.ref for a in operands(let.expr))
        for let in all_lets(block)
    )


def _read_at_own_index(e: Loop, v: Var, name: Var) -> bool:
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


def primal_of(func: Func) -> Func:
    """The primal part of a function with tangents."""
    if "primal" not in func.memo:
        assert isinstance(func.body, Block)
        lets = Reverse(func).stripped(func.body.lets)
        params = tuple(p for p in func.params if not is_tan(p))
        results = tuple(r for r in func.body.results if not is_tan(r))
        body = Func(func.name, params, Block(lets, results), func.where)
        func.memo["primal"] = tidied_primal(fresh(body))
    return func.memo["primal"]


def _rule_pair(func: Func, conditional: Asked) -> Pair:
    """The reverse of a forward derivative that was itself made of the programmer's reverse.

    The rule is not looked into: what it gives counts where any of what it is given does.
    """
    primal, vjp = func.memo["primal"], func.memo["vjp"]
    primals = tuple(p for p in func.params if not is_tan(p))
    f, b = Builder(where=func.where), Builder(where=func.where)
    fwd = Func(func.name + "_fwd", primals, f.block(f.call(primal, primals)), func.where)
    params: list[Var] = []
    cts: list[Atom] = []
    wants: list[Want] = []
    for ty, asked in zip((t for t in func.results if is_tan_type(t)), conditional, strict=True):
        if asked is None:
            cts.append(b.zeros(cotangent(ty)))
            continue
        ct = Ct(Var(cotangent(ty), "ct"), Var(truths(ty), "want") if asked else True, True)
        params += [x for x in (ct.value, ct.want) if isinstance(x, Var)]
        cts.append(ct.clean(b))
        wants.append(ct.want if ct.want is True else anywhere(b, ct.want))
    outs: list[Atom] = list(b.call(vjp, [*primals, *cts]))
    counts = [w for w in wants if w is not True]
    asked = len(counts) == len(wants)
    if asked:
        some = counts[0]
        for w in counts[1:]:
            some = b.op("or", some, w)
        outs += [b.fill(some, truths(Ty(TanT(), t.shape))) for t in vjp.results]
    body = b.block(outs)
    bwd = fresh(Func(func.name + "_bwd", (*primals, *params), body, func.where))
    none = (False,) * len(vjp.results)
    return Pair(fresh(fwd), bwd, primals, (), (asked,) * len(vjp.results), none, none, 0.0)


def jvp_of_vjp(func: Func) -> Func:
    """The forward derivative of a function that has a reverse one only: its transpose in the cotangent."""
    assert func.rules is not None
    assert func.rules.vjp is not None
    rule = func.rules.vjp()
    pair = transpose(rule)
    b = Builder(where=func.where)
    params = tuple(Var(p.ty, p.name) for p in func.params)
    floats = [t for t in rule.results if is_tan_type(t)]
    tans = tuple(Var(t) for t in floats)
    results = b.call(func, params)
    extra = b.call(pair.fwd, params)
    bound = dict(zip((p for p in rule.params if not is_tan(p)), params, strict=True))
    bound |= dict(zip(pair.stored, extra[len(pair.fwd.results) - len(pair.stored) :], strict=True))
    given: list[Atom] = [*(bound[v] for v in pair.tape), *tans]
    cts = [p.ty for p in rule.params if is_tan(p)]
    outs = call_back(b, pair, given, cts)
    made = Func(func.name + "_jvp", (*params, *tans), b.block([*results, *outs]), func.where)
    from rosesim.ad.program.rewrite import erased

    made.memo["vjp"] = erased(rule)
    made.memo["primal"] = func
    return made


def call_back(b: Builder, pair: Pair, args: Sequence[Atom], cts: Sequence[Ty]) -> list[Atom]:
    """Call the reverse of J with new refs for large cotangents, and give one cotangent of each of these types,
    one for each Tan parameter of J: zero where it does not count. The types may be those of tangents, for the
    reverse is linear in what it is given last."""
    inner = Builder(b)
    refs: list[Var] = []
    more: list[Var] = []
    for ty, r, w in zip(cts, pair.by_ref, pair.wants, strict=True):
        if r:
            refs.append(Var(as_ref(ty)))
            more += [refs[-1], Var(as_ref(truths(ty)))] if w else [refs[-1]]
    plain = [ty for ty, r, w in zip(cts, pair.by_ref, pair.wants, strict=True) if not (r or w is None)]
    outs = inner.let(Call(pair.bwd, (*args, *more)), *plain, *pair.bwd.results[len(plain) :])
    sums: dict[Var, Var] = {}
    if more:
        tys = [Ty(v.ty.scalar, v.ty.shape) for v in more]
        inits = tuple(b.zeros(ty) for ty in tys)
        ends = b.let(Accum(inits, tuple(more), inner.block(outs)), *(o.ty for o in outs), *tys)
        outs, sums = ends[: len(outs)], dict(zip(more, ends[len(outs) :], strict=True))
    else:
        b.lets += inner.lets
    values, conditions, large = iter(outs[: len(plain)]), iter(outs[len(plain) :]), iter(refs)
    found: list[Atom] = []
    for ty, r, w in zip(cts, pair.by_ref, pair.wants, strict=True):
        if r:
            found.append(sums[next(large)])
        elif w is None:
            found.append(b.zeros(ty))
        else:
            v = next(values)
            found.append(masked(b, next(conditions), v) if w else v)
    return found
