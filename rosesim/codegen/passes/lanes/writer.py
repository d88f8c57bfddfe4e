"""Lets in lanes: how each construct, in a function or in a batch's body, is written for several runs at once.

`batch` says what the result means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rosesim.ad.program import ir
from rosesim.ad.program.cost import block_work
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
    FloatT,
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
    index_ty,
)
from rosesim.ad.support import recursion
from rosesim.codegen.passes.lanes.loops import write_loop
from rosesim.codegen.passes.lanes.variance import Pattern, asks_for_mask
from rosesim.codegen.passes.lanes.widen import Widener

LIGHT_WORK = 12
"""Two sides of a branch are both computed if their work together is at most this: testing the mask costs more."""

Version = Callable[[Func, Pattern, bool, int], Func]
"""Gives the version of a function for a pattern of varying parameters, with or without a mask, for some lanes."""


class LaneWriter(Widener):
    """One function, or the body of one batch, for lanes."""

    def __init__(self, version: Version, sums: int, lanes: int, varying: set[Var]):
        super().__init__(lanes, varying)
        self.version, self.sums = version, sums
        self.made_under: dict[Var, Atom | None] = {}
        """For each accumulator, the mask under which it was made. Additions under the same mask need none."""
        self.parts: dict[Var, tuple[Var, tuple[Atom, ...]]] = {}
        """Refs to parts of accumulators at places that differ between lanes: of which accumulator, and where."""

    def block(self, block: Block, wide: Sequence[bool] | None = None, mask: Atom | None = None) -> Block:
        """A block in lanes. `wide` says which results have a value for each lane."""
        outer = self.mask
        self.mask = mask if mask is not None else outer
        with self.nested() as lets:
            results = self.results(block)
            if wide is not None:
                results = [self.vary(a) if w else a for a, w in zip(results, wide, strict=True)]
        self.mask = outer
        return Block(tuple(lets), tuple(results))

    def results(self, block: Block) -> list[Atom]:
        """Write the lets of a block here, and give the values of its results."""
        return recursion.nested(self._results, block)

    def _results(self, block: Block) -> list[Atom]:
        for let in block.lets:
            self.where = let.where
            self.rewrite(let)
        return [self.atom(a) for a in block.results]

    # ---------------------------------------------------------------------------------- lets

    def rewrite(self, let: Let) -> None:
        """Write a let for lanes."""
        match let.expr:
            case Op(name, args):
                self.env[let.outs[0]] = self._op(name, [self.atom(a) for a in args], let.outs[0].ty)
            case Get(x, idx):
                self.env[let.outs[0]] = self._get(self.atom(x), [self.atom(i) for i in idx], let.outs[0].ty)
            case Put(x, idx, v):
                self.env[let.outs[0]] = self._put(self.atom(x), tuple(map(self.atom, idx)), self.atom(v))
            case Stack(items):
                atoms = [self.atom(a) for a in items]
                ty = let.outs[0].ty
                if any(map(self.is_wide, atoms)):
                    atoms, ty = [self.vary(a) for a in atoms], self.wide(ty)
                self.env[let.outs[0]] = self.let(Stack(tuple(atoms)), ty)
            case Fill(value):
                v = self.atom(value)
                ty = let.outs[0].ty
                self.env[let.outs[0]] = self.fill(v, self.wide(ty) if self.is_wide(v) else ty)
            case Data():
                self.env[let.outs[0]] = self.let(let.expr, let.outs[0].ty)
            case Stop(x):
                a = self.atom(x)
                self.env[let.outs[0]] = self.let(Stop(a), a.ty)
            case Guard(bad, message):  # guards that report numbers exist only in debug programs, which have no lanes
                p = self.atom(bad)
                self.lets.append(Let((), Guard(self.active(p) if self.is_wide(p) else p, message), let.where))
            case SubRef(ref, idx):
                self._subref(let.outs[0], ref, tuple(map(self.atom, idx)))
            case Add(ref, idx, v):
                self._add(ref, tuple(map(self.atom, idx)), self.atom(v))
            case Call() as e:
                self._call(let, e)
            case Accum() as e:
                self._accum(let, e)
            case Cond() as e:
                self._cond(let, e)
            case Loop() as e:
                write_loop(self, let, e)
            case _:
                ir.unknown(let.expr)

    def _op(self, name: str, args: list[Atom], ty: Ty) -> Atom:
        if not any(map(self.is_wide, args)):
            return self.op(name, *args, ty=ty)
        shared = 1 if name == "select" and not self.is_wide(args[0]) else 0  # the condition is the same for all lanes
        return self.op(name, *args[:shared], *map(self.vary, args[shared:]), ty=self.wide(ty))

    def _get(self, x: Atom, idx: list[Atom], ty: Ty) -> Atom:
        if not any(map(self.is_wide, idx)):
            return self.element(x, idx)
        return self.array(self.wide(ty), lambda rest: self.let(Get(x, (*idx, *rest)), self.wide(ty.at(len(rest)))))

    def _put(self, x: Atom, idx: tuple[Atom, ...], v: Atom) -> Atom:
        if not (self.is_wide(x) or self.is_wide(v) or any(map(self.is_wide, idx))):
            return self.let(Put(x, idx, v), x.ty)
        x, v = self.vary(x), self.vary(v)
        if not v.ty.shape or not any(map(self.is_wide, idx)):
            return self.let(Put(x, idx, v), x.ty)

        def row(x: Atom, before: tuple[Atom, ...]) -> Atom:
            if len(before) == len(v.ty.shape):
                return self.let(Put(x, (*idx, *before), self.element(v, before)), x.ty)
            n = v.ty.shape[len(before)]
            i, carry = Var(index_ty(n), "i"), Var(x.ty)
            with self.nested() as lets:
                after = row(carry, (*before, i))
            return self.let(Loop(n=n, index=i, inits=(x,), carries=(carry,), body=Block(tuple(lets), (after,))), x.ty)

        return row(x, ())

    # --------------------------------------------------------------------------- accumulators

    def _ref(self, ref: Var) -> tuple[Var, tuple[Atom, ...]]:
        """The accumulator that a ref of the original program belongs to, and the place in it."""
        if ref in self.parts:
            return self.parts[ref]
        new = self.atom(ref)
        assert isinstance(new, Var)
        return new, ()

    def _subref(self, out: Var, ref: Var, idx: tuple[Atom, ...]) -> None:
        base, before = self._ref(ref)
        place = (*before, *idx)
        if any(map(self.is_wide, place)):
            self.parts[out] = base, place
            return
        new = self.let(SubRef(base, place), base.ty.at(len(place)))
        self.made_under[new] = self.made_under.get(base)
        self.env[out] = new

    def _add(self, ref: Var, idx: tuple[Atom, ...], v: Atom) -> None:
        base, before = self._ref(ref)
        self.add(base, (*before, *idx), self.vary(v))

    def add(self, ref: Var, place: tuple[Atom, ...], v: Atom) -> None:
        """Add for the active lanes."""
        masked = self.mask is not None and self.made_under.get(ref) is not self.mask
        if not masked and not any(map(self.is_wide, place)):
            self.lets.append(Let((), Add(ref, place, v), self.where))
            return
        # Negative zero is the only number whose addition changes no number, not even the sign of a zero.
        nothing = Lit(-0.0, Ty(v.ty.scalar)) if isinstance(v.ty.scalar, FloatT | TanT) else self.zero(v.ty.scalar)

        def one(rest: tuple[Atom, ...]) -> None:
            part = self.element(v, rest)
            if masked:
                assert self.mask is not None
                part = self.op("select", self.mask, part, nothing, ty=part.ty)
            self.lets.append(Let((), Add(ref, (*place, *rest), part), self.where))

        self.each(v.ty.shape, one)

    def _accum(self, let: Let, e: Accum) -> None:
        inits = tuple(self.vary(self.atom(a)) for a in e.inits)
        refs = tuple(map(self.varied, e.refs))
        self.made_under.update(dict.fromkeys(refs, self.mask))
        body = self.block(e.body)
        outs = [Var(a.ty) for a in body.results] + [Var(Ty(r.ty.scalar, r.ty.shape)) for r in refs]
        self.env.update(zip(let.outs, outs, strict=True))
        self.lets.append(Let(tuple(outs), Accum(inits, refs, body), let.where))

    # --------------------------------------------------------------------------------- calls

    def _call(self, let: Let, e: Call) -> None:
        split = [a for a in e.args if isinstance(a, Var) and a in self.parts]
        if split:
            self._call_with_parts(let, e, split)
            return
        args = tuple(map(self.atom, e.args))
        pattern = tuple(self.is_wide(a) for a in args)
        if not any(pattern):
            outs = tuple(map(self.same, let.outs))
            self.lets.append(Let(outs, Call(e.func, args), let.where))
            return
        masked = self.mask is not None and asks_for_mask(e.func)
        func = self.version(e.func, pattern, masked, self.lanes)
        if masked:
            assert self.mask is not None
            args = (self.mask, *args)
        outs = tuple(Var(t) for t in func.results)
        self.env.update(zip(let.outs, outs, strict=True))
        self.lets.append(Let(outs, Call(func, args), let.where))

    def _call_with_parts(self, let: Let, e: Call, split: Sequence[Var]) -> None:
        """A call that adds at places that differ between lanes. It is given accumulators of its own for them."""
        own = tuple(Var(a.ty) for a in split)
        swap = dict(zip(split, own, strict=True))
        call = Call(e.func, tuple(swap.get(a, a) if isinstance(a, Var) else a for a in e.args))
        tys = [Ty(a.ty.scalar, a.ty.shape) for a in split]
        finals = tuple(map(Var, tys))
        accum = Accum(tuple(map(self.zeros, tys)), own, Block((Let(let.outs, call, let.where),), let.outs))
        self.rewrite(Let((*let.outs, *finals), accum, let.where))
        for a, final in zip(split, finals, strict=True):
            base, place = self.parts[a]
            self.add(base, place, self.atom(final))

    # ------------------------------------------------------------------------------- control

    def _cond(self, let: Let, e: Cond) -> None:
        p = self.atom(e.p)
        if not self.is_wide(p):
            wide = [o in self.varying for o in let.outs]
            then, orelse = self.block(e.then, wide), self.block(e.orelse, wide)
            outs = tuple(map(self.bound, let.outs))
            self.lets.append(Let(outs, Cond(p, then, orelse), let.where))
            return
        not_p = self.op("not", p, ty=p.ty)
        if _is_light(e.then) and _is_light(e.orelse) and block_work(e.then) + block_work(e.orelse) <= LIGHT_WORK:
            sides = self.results(e.then), self.results(e.orelse)
            results = [self.choose(p, a, b, o.ty) for a, b, o in zip(*sides, let.outs, strict=True)]
        elif not e.orelse.lets:
            results = self._side(let, e.then, p, [self.atom(a) for a in e.orelse.results])
        elif not e.then.lets:
            results = self._side(let, e.orelse, not_p, [self.atom(a) for a in e.then.results])
        else:
            rest = self._side(let, e.then, p, [self.zeros(self.wide(o.ty)) for o in let.outs])
            results = self._side(let, e.orelse, not_p, rest)
        self.env.update(zip(let.outs, results, strict=True))

    def _side(self, let: Let, block: Block, p: Atom, others: Sequence[Atom]) -> list[Atom]:
        """The results of a side where p is true, and `others` elsewhere. It runs if p is true in some active lane."""
        others = [self.vary(a) for a in others]
        outer, self.mask = self.mask, self.and_(self.mask, p)
        is_needed = self.op("any", self.mask, ty=BOOL)
        with self.nested() as lets:
            found = self.results(block)
            chosen = [self.choose(p, a, b, o.ty) for a, b, o in zip(found, others, let.outs, strict=True)]
        self.mask = outer
        outs = tuple(Var(self.wide(o.ty)) for o in let.outs)
        sides = Block(tuple(lets), tuple(chosen)), Block((), tuple(others))
        self.lets.append(Let(outs, Cond(is_needed, *sides), let.where))
        return list(outs)


def _is_light(block: Block) -> bool:
    """Whether a block consists of operators and elements only: no effect, no loop."""
    return all(isinstance(let.expr, Op | Get | Stack | Stop) for let in block.lets)
