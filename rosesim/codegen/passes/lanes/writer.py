"""Lets for lanes: how each construct of a function, or of the body of a batch, is written for several runs at once.

See `batch` for what the result means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rosesim.ad.program import ir
from rosesim.ad.program.cost import block_work
from rosesim.ad.program.ir import (
    BOOL,
    Accum,
    Add,
    Atom,
    Block,
    BoolT,
    Call,
    Cond,
    Data,
    Expr,
    Fill,
    FloatT,
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
    TanT,
    Ty,
    Var,
    Where,
    index_ty,
)
from rosesim.ad.support import recursion
from rosesim.codegen.passes.buffers import SHORT
from rosesim.codegen.passes.lanes.variance import asks_for_mask

if TYPE_CHECKING:
    from rosesim.codegen.passes.lanes.batch import Lanes

LIGHT = 12
"""Two sides of a branch of so much work in all are both computed: cheaper than asking whether any lane wants one."""


class LaneWriter:
    """One function, or the body of one batch, for lanes."""

    def __init__(self, pass_: Lanes, lanes: int, varying: set[Var]):
        self.pass_, self.lanes, self.varying = pass_, lanes, varying
        self.env: dict[Var, Atom] = {}
        self.mask: Atom | None = None
        """The active lanes; None: all."""
        self.made_under: dict[Var, Atom | None] = {}
        """The mask under which an accumulator was made: adding under that one needs none."""
        self.parts: dict[Var, tuple[Var, tuple[Atom, ...]]] = {}
        """Parts of accumulators at places that differ between lanes: of which, and where."""
        self.full_of: dict[Var, Atom] = {}
        self.lets: list[Let] = []
        self.where: Where | None = None

    # -------------------------------------------------------------------------------- names

    def wide(self, ty: Ty) -> Ty:
        """The type with a value for each lane."""
        return Ty(replace(ty.scalar, lanes=self.lanes), ty.shape, ty.ref)

    def varied(self, v: Var) -> Var:
        """The variable that stands for v, with a value for each lane."""
        new = Var(self.wide(v.ty), v.name)
        self.env[v] = new
        return new

    def same(self, v: Var) -> Var:
        """A fresh variable for v."""
        new = Var(v.ty, v.name)
        self.env[v] = new
        return new

    def bound(self, v: Var) -> Var:
        """The variable that stands for a binder."""
        return self.varied(v) if v in self.varying else self.same(v)

    def atom(self, a: Atom) -> Atom:
        """What an atom of the program is here."""
        return self.env.get(a, a) if isinstance(a, Var) else a

    def is_wide(self, a: Atom) -> bool:
        """Whether an atom has a value for each lane."""
        return a.ty.scalar.lanes > 1

    # ------------------------------------------------------------------------------ writing

    def let(self, e: Expr, ty: Ty) -> Var:
        """Write a let of one result."""
        out = Var(ty)
        self.lets.append(Let((out,), e, self.where))
        return out

    def op(self, name: str, *args: Atom, ty: Ty) -> Atom:
        """Write an operator."""
        return self.let(Op(name, args), ty)

    @contextmanager
    def nested(self) -> Generator[list[Let]]:
        """Write into a block of its own."""
        outer, self.lets = self.lets, []
        try:
            yield self.lets
        finally:
            self.lets = outer

    def block(self, block: Block, wide: Sequence[bool] | None = None, mask: Atom | None = None) -> Block:
        """A block for lanes; results have a value for each lane where `wide` says so."""
        outer = self.mask
        self.mask = mask if mask is not None else outer
        with self.nested() as lets:
            results = self.results(block)
            if wide is not None:
                results = [self.vary(a) if w else a for a, w in zip(results, wide, strict=True)]
        self.mask = outer
        return Block(tuple(lets), tuple(results))

    def results(self, block: Block) -> list[Atom]:
        """Write the lets of a block here and give what its results are."""
        for let in block.lets:
            self.where = let.where
            self.rewrite(let)
        return [self.atom(a) for a in block.results]

    # ----------------------------------------------------------------------- arrays and lanes

    def element(self, x: Atom, idx: Sequence[Atom]) -> Atom:
        """An element, or x itself."""
        if not idx:
            return x
        assert isinstance(x, Var)
        if x in self.full_of and len(idx) == len(x.ty.shape):
            return self.full_of[x]
        return self.let(Get(x, tuple(idx)), x.ty.at(len(idx)))

    def array(self, ty: Ty, f: Callable[[tuple[Atom, ...]], Atom]) -> Atom:
        """A value of a type, scalar by scalar."""
        if not ty.shape:
            return f(())
        if ty.size == 0:
            return self.let(Fill(self.zero(ty.scalar)), ty)

        def row(before: tuple[Atom, ...]) -> Atom:
            rest = ty.at(len(before))
            if not rest.shape:
                return f(before)
            n, elem = rest.shape[0], rest.at(1)
            if ty.size <= SHORT:
                return self.let(Stack(tuple(row((*before, Lit(k, index_ty(n)))) for k in range(n))), rest)
            i = Var(index_ty(n), "i")
            with self.nested() as lets:
                made = row((*before, i))
            assert made.ty == elem
            return self.let(Loop(n=n, index=i, inits=(), carries=(), body=Block(tuple(lets), (made,))), rest)

        return row(())

    def each(self, shape: tuple[int, ...], f: Callable[[tuple[Atom, ...]], None]) -> None:
        """Write f for each place of a shape, in loops where there are many."""
        small = Ty(BoolT(), shape).size <= SHORT

        def row(before: tuple[Atom, ...]) -> None:
            if len(before) == len(shape):
                f(before)
                return
            n = shape[len(before)]
            if small:
                for k in range(n):
                    row((*before, Lit(k, index_ty(n))))
                return
            i = Var(index_ty(n), "i")
            with self.nested() as lets:
                row((*before, i))
            self.lets.append(
                Let((), Loop(n=n, index=i, inits=(), carries=(), body=Block(tuple(lets), ())), self.where)
            )

        row(())

    def vary(self, a: Atom) -> Atom:
        """An atom with a value for each lane, all the same if it had one."""
        if self.is_wide(a):
            return a
        ty = self.wide(a.ty)
        if isinstance(a, Lit):
            return Lit(a.value, ty)
        if not ty.shape:
            return self.op("splat", a, ty=ty)
        if a in self.full_of:
            return self.fill(self.vary(self.full_of[a]), ty)
        return self.array(ty, lambda idx: self.vary(self.element(a, idx)))

    def fill(self, value: Atom, ty: Ty) -> Var:
        """An array full of one value."""
        out = self.let(Fill(value), ty)
        self.full_of[out] = value
        return out

    def zero(self, s: ir.Scalar) -> Lit:
        """A value that lies in every type: zero, or the bound that is nearest to it."""
        match s:
            case BoolT():
                return Lit(False, Ty(s))
            case IntT(lo, hi):
                return Lit(min(max(0, lo), hi), Ty(s))
            case FloatT() | TanT():
                return Lit(0.0, Ty(s))

    def zeros(self, ty: Ty) -> Atom:
        """Zero, or an array of zeros."""
        return self.fill(self.zero(ty.scalar), ty) if ty.shape else self.zero(ty.scalar)

    def choose(self, p: Atom, a: Atom, b: Atom, ty: Ty) -> Atom:
        """a where p, else b, lane by lane; of a type of the program."""
        a, b, wide = self.vary(a), self.vary(b), self.wide(ty)
        if a is b:
            return a

        def one(idx: tuple[Atom, ...]) -> Atom:
            return self.op("select", p, self.element(a, idx), self.element(b, idx), ty=wide.at(len(idx)))

        return self.array(wide, one)

    # --------------------------------------------------------------------------------- masks

    def and_(self, p: Atom | None, q: Atom) -> Atom:
        """Both of two masks."""
        return q if p is None else self.op("and", p, q, ty=q.ty)

    def active(self, p: Atom) -> Atom:
        """Whether p holds in some active lane."""
        return self.op("any", self.and_(self.mask, p), ty=BOOL)

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
            case Guard(bad, message):  # those with values are of debug programs, which have no lanes
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
                self._loop(let, e)
            case _:
                ir.unknown(let.expr)

    def _op(self, name: str, args: list[Atom], ty: Ty) -> Atom:
        if not any(map(self.is_wide, args)):
            return self.op(name, *args, ty=ty)
        shared = 1 if name == "select" and not self.is_wide(args[0]) else 0  # one condition for all lanes
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
        """The accumulator, and where in it, that a ref of the program is."""
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
        """Add for the lanes that are active."""
        masked = self.mask is not None and self.made_under.get(ref) is not self.mask
        if not masked and not any(map(self.is_wide, place)):
            self.lets.append(Let((), Add(ref, place, v), self.where))
            return
        # Negative zero: the number that changes no other by being added, not even the sign of a zero.
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
        func = recursion.nested(self.pass_.version, e.func, pattern, masked, self.lanes)
        if masked:
            assert self.mask is not None
            args = (self.mask, *args)
        outs = tuple(Var(t) for t in func.results)
        self.env.update(zip(let.outs, outs, strict=True))
        self.lets.append(Let(outs, Call(func, args), let.where))

    def _call_with_parts(self, let: Let, e: Call, split: Sequence[Var]) -> None:
        """A call that adds to places that differ between lanes: it is given accumulators of its own for them."""
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
            then, orelse = recursion.nested(self.block, e.then, wide), recursion.nested(self.block, e.orelse, wide)
            outs = tuple(map(self.bound, let.outs))
            self.lets.append(Let(outs, Cond(p, then, orelse), let.where))
            return
        not_p = self.op("not", p, ty=p.ty)
        if _is_light(e.then) and _is_light(e.orelse) and block_work(e.then) + block_work(e.orelse) <= LIGHT:
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
        """The results of one side where p, which runs if p is true in some active lane; else the others."""
        others = [self.vary(a) for a in others]
        outer, self.mask = self.mask, self.and_(self.mask, p)
        wanted = self.op("any", self.mask, ty=BOOL)
        with self.nested() as lets:
            found = recursion.nested(self.results, block)
            chosen = [self.choose(p, a, b, o.ty) for a, b, o in zip(found, others, let.outs, strict=True)]
        self.mask = outer
        outs = tuple(Var(self.wide(o.ty)) for o in let.outs)
        sides = Block(tuple(lets), tuple(chosen)), Block((), tuple(others))
        self.lets.append(Let(outs, Cond(wanted, *sides), let.where))
        return list(outs)

    def _loop(self, let: Let, e: Loop) -> None:
        upto = None if e.upto is None else self.atom(e.upto)
        inits = [self.atom(a) for a in e.inits]
        n = len(inits)
        wide = [c in self.varying for c in e.carries]
        inits = [self.vary(a) if w else a for a, w in zip(inits, wide, strict=True)]
        own_end = upto is not None and self.is_wide(upto)
        own_test = e.test is not None and let.outs[-1] in self.varying
        index = self.same(e.index)
        carries = tuple(map(self.bound, e.carries))
        if own_test:
            self._while(let, e, index, carries, inits)
            return
        if not own_end and e.upto is None and e.n >= 2 * self.pass_.sums and _is_sum(e) and all(wide):
            self._sums(let, e, inits)
            return
        test = None if e.test is None else recursion.nested(self.block, e.test)
        if own_end:
            assert upto is not None
            limit = Ty(IntT(0, e.n))
            still = upto if self.mask is None else self.choose(self.mask, upto, Lit(0, limit), limit)
            longest = self.op("most", still, ty=limit)
            with self.nested() as lets:
                running = self.and_(self.mask, self.op("ilt", self.vary(index), still, ty=self.wide(BOOL)))
                results = self._kept(e.body, running, carries)
            body, upto = Block(tuple(lets), tuple(results)), longest
        else:
            outs_wide = [o in self.varying for o in let.outs[n : len(e.body.results)]]
            body = recursion.nested(self.block, e.body, [*wide, *outs_wide])
        outs = tuple(map(self.bound, let.outs))
        loop = replace(
            e, index=index, inits=tuple(inits), carries=carries, body=body, upto=upto, test=test, batch=False
        )
        self.lets.append(Let(outs, loop, let.where))

    def _sums(self, let: Let, e: Loop, inits: Sequence[Atom]) -> None:
        """A loop that only adds up, as several sums of every so manieth term; the last terms come after it."""
        many = self.pass_.sums
        rounds, rest = divmod(e.n, many)
        i = Var(index_ty(rounds), "i")
        nothing = [self.vary(Lit(0.0, c.ty)) for c in e.carries]
        starts = [*inits, *nothing * (many - 1)]
        carries = [Var(a.ty) for a in starts]
        width = len(inits)

        def term(at: Atom, sums: Sequence[Atom]) -> list[Atom]:
            self.env[e.index] = at
            self.env.update(zip(e.carries, sums, strict=True))
            return [self.vary(a) for a in recursion.nested(self.results, e.body)]

        with self.nested() as lets:
            first = self.op("imul", i, Lit(many, Ty(IntT(many, many))), ty=Ty(IntT(0, (rounds - 1) * many)))
            results: list[Atom] = []
            for k in range(many):
                step = Lit(k, Ty(IntT(k, k)))
                at = self.op("iadd", first, step, ty=Ty(IntT(k, (rounds - 1) * many + k)))
                results += term(at, carries[k * width : (k + 1) * width])
        sums = [Var(c.ty) for c in carries]
        loop = Loop(
            n=rounds,
            index=i,
            inits=tuple(starts),
            carries=tuple(carries),
            body=Block(tuple(lets), tuple(results)),
            reverse=e.reverse,
        )
        self.lets.append(Let(tuple(sums), loop, let.where))
        total: list[Atom] = list(sums[:width])
        for k in range(1, many):
            parts = sums[k * width : (k + 1) * width]
            total = [self.op("add", a, b, ty=a.ty) for a, b in zip(total, parts, strict=True)]
        for k in range(rest):
            total = term(Lit(rounds * many + k, e.index.ty), total)
        self.env.update(zip(let.outs, total, strict=True))

    def _kept(self, body: Block, running: Atom, carries: Sequence[Var]) -> list[Atom]:
        """The results of a body for the lanes that still run: the others keep their carries and put out zeros."""
        outer, self.mask = self.mask, running
        results = recursion.nested(self.results, body)
        self.mask = outer
        n = len(carries)
        kept = [self.choose(running, a, c, _narrow(c.ty)) for a, c in zip(results[:n], carries, strict=True)]
        return kept + [self.choose(running, a, self.zeros(_narrow(a.ty)), _narrow(a.ty)) for a in results[n:]]

    def _while(self, let: Let, e: Loop, index: Var, carries: tuple[Var, ...], inits: list[Atom]) -> None:
        """A loop that each lane ends by itself: it carries which lanes run, and how often each has run."""
        assert e.test is not None
        on, count = Var(self.wide(BOOL), "on"), Var(self.wide(let.outs[-1].ty), "count")
        everyone = Lit(True, on.ty) if self.mask is None else self.mask

        def asked() -> Atom:
            assert e.test is not None
            outer, self.mask = self.mask, on
            (going,) = self.results(e.test)
            self.mask = outer
            return self.op("and", on, self.vary(going), ty=on.ty)

        with self.nested() as lets:
            some = self.op("any", asked(), ty=BOOL)
        test = Block(tuple(lets), (some,))
        with self.nested() as lets:
            running = asked()
            results = self._kept(e.body, running, carries)
            one, none = (Lit(k, self.wide(Ty(IntT(0, 1)))) for k in (1, 0))
            step = self.op("select", running, one, none, ty=one.ty)
            counted = self.op("count", count, step, ty=count.ty)
            n = len(carries)
            results = [*results[:n], running, counted, *results[n:]]
        body = Block(tuple(lets), tuple(results))
        finals = tuple(map(self.bound, let.outs[:n]))
        stacked = tuple(map(self.bound, let.outs[n:-1]))
        total = self.varied(let.outs[-1])
        outs = (*finals, Var(on.ty), total, *stacked, Var(let.outs[-1].ty))
        starts = (*inits, everyone, Lit(0, count.ty))
        loop = replace(e, index=index, inits=starts, carries=(*carries, on, count), body=body, test=test, batch=False)
        self.lets.append(Let(outs, loop, let.where))


def _is_sum(loop: Loop) -> bool:
    """Whether all that a loop carries are reals to each of which a term is added that does not depend on it."""
    if loop.test is not None or not loop.carries or len(loop.body.results) != len(loop.carries):
        return False
    if any(c.ty.shape or not isinstance(c.ty.scalar, FloatT | TanT) for c in loop.carries):
        return False
    uses = Counter(a for let in ir.all_lets(loop.body) for a in ir.operands(let.expr) if isinstance(a, Var))
    for let in ir.all_lets(loop.body):
        for nested in ir.blocks(let.expr):
            uses.update(a for a in nested.results if isinstance(a, Var))
    made = {let.outs[0]: let.expr for let in loop.body.lets if isinstance(let.expr, Op)}
    for c, a in zip(loop.carries, loop.body.results, strict=True):
        e = made.get(a) if isinstance(a, Var) else None
        if e is None or e.name != "add" or c not in e.args or uses[c] != 1 or a in uses:
            return False
    return len(set(loop.body.results)) == len(loop.carries)


def _narrow(ty: Ty) -> Ty:
    """The type with one value."""
    return Ty(replace(ty.scalar, lanes=1), ty.shape, ty.ref)


def _is_light(block: Block) -> bool:
    """Whether a block has nothing but operators and elements: no effect, no loop."""
    return all(isinstance(let.expr, Op | Get | Stack | Stop) for let in block.lets)
