"""Debug programs: the same with guards that stop at the first number that is not finite.

A guard stands for each operation that can give a NaN of operands without one, or an infinity of finite
operands: where a bad number is born, not where it is handed on. Values that cannot reach an output (`demand`)
are not checked. The guards of a stretch of a block are asked together, by one test that says whether any of its
results is not finite; only where one is are they asked one by one, in the order of the program. An innermost loop
has no guards: it notes whether anything in it was not finite, and is run once more, with guards, where something was.

An index that was computed is compared with its dimension before it is used. The bounds of whole numbers are
proved, so that this never fails: it is a net under the compiler.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rosesim.ad.instrument.demand import (
    ALWAYS,
    NEVER,
    Condition,
    Demand,
    Summary,
    acts,
    conjunction,
    disjunction,
    where,
    without,
)
from rosesim.ad.instrument.nonfinite import any_nonfinite, braced, can_be_bad, is_origin, is_suspect, report_template
from rosesim.ad.passes.simplify import nested_free
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import (
    BOOL,
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Expr,
    Fill,
    FloatT,
    Func,
    Get,
    Guard,
    IntT,
    Let,
    Lit,
    Loop,
    Op,
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    Ty,
    Var,
    Where,
    index_ty,
    operands,
    unknown,
)
from rosesim.ad.program.rewrite import Copy, fresh, tangents_as_reals
from rosesim.ad.support import recursion

CHECKED_TOGETHER = 64
"""So many operations are asked about in one test: each must be remembered until then."""

STEP = Ty(IntT(0, 2**53))
"""The type in which a function is told the step of the loop that it is called from."""


def guarded(func: Func) -> Func:
    """The debug program of a program. Its tangents are plain reals."""
    always: frozenset[tuple[_Own, int | None]] = frozenset({(frozenset[tuple[int, bool]](), None)})
    return _Versions().of(tangents_as_reals(func), _Key((always,) * len(func.results), None))


_Own = frozenset[tuple[int, bool]]
"""Which results of a call, truths, must have which value."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What a version of a function is made for.

    `demands`: when its caller demands each result, as a set of terms: some of its results have these values, and
    the truth that the caller passes under this number (none: always) holds. `loop`: the line of the outermost
    loop that the call stands in, the step of which the caller passes.
    """

    demands: tuple[frozenset[tuple[_Own, int | None]], ...]
    loop: Where | None

    @property
    def given(self) -> int:
        """How many truths the caller passes."""
        return len({k for w in self.demands for _, k in w if k is not None})


class _Versions:
    """The functions of a debug program."""

    def __init__(self) -> None:
        self._made: dict[tuple[Func, _Key], Func] = {}
        self._fresh: dict[Func, Func] = {}
        self._summaries: dict[Func, Summary] = {}

    def of(self, func: Func, key: _Key) -> Func:
        """The version of a function, its parameters followed by the truths and the step of the key."""
        if isinstance(func.body, Opaque):
            return func
        if (func, key) not in self._made:
            self._made[func, key] = recursion.nested(_Guards(self, func, key).func)
        return self._made[func, key]

    def summary(self, func: Func) -> Summary:
        """What the function demands of its parameters."""
        if func not in self._summaries:
            self._summaries[func] = recursion.nested(Summary, func, self.summary)
        return self._summaries[func]


class _Guards:
    """One version of one function."""

    def __init__(self, versions: _Versions, func: Func, key: _Key):
        self.versions, self.key = versions, key
        self.source = fresh(func)  # the same lets may stand twice in a function, demanded here and not there
        body = self.source.body
        assert isinstance(body, Block)
        self.given = [Var(BOOL, "wanted") for _ in range(key.given)]
        self.step = [] if key.loop is None else [Var(STEP, "step")]
        demands = [self._demands(w, body.results) for w in key.demands]
        self.demanded = Demand(self.source, demands, versions.summary)
        self.ready: dict[Var, int] = {}
        """What has been written so far, in order."""
        self.note((*self.source.params, *self.given))
        self.loops: list[tuple[Atom, Where | None]] = [(v, key.loop) for v in self.step]
        self.done: set[Let] = set()

    def _demands(self, terms: Iterable[tuple[_Own, int | None]], results: Sequence[Atom]) -> Condition:
        """What a key says of one result, in terms of the function's variables."""
        condition = NEVER
        for own, k in terms:
            term = ALWAYS if k is None else where(self.given[k], True)
            for j, value in own:
                term = conjunction(term, where(results[j], value))
            condition = disjunction(condition, term)
        return condition

    def note(self, variables: Iterable[Var]) -> None:
        """These are written now."""
        for v in variables:
            self.ready.setdefault(v, len(self.ready))

    def func(self) -> Func:
        """The function with its guards."""
        f = self.source
        assert isinstance(f.body, Block)
        body = self.block(f.body, None)
        return Func(f.name, (*f.params, *self.given, *self.step), body, f.where)

    def block(self, block: Block, outer: Builder | None) -> Block:
        """A block with its guards."""
        return recursion.nested(lambda: _BlockWriter(self, block, outer).written())

    def condition(self, v: Var) -> Condition:
        """When a variable is demanded."""
        return self.demanded.of.get(v, NEVER)


class _BlockWriter:
    """One block being written, and the operations whose results have not been asked about yet."""

    def __init__(self, guards: _Guards, block: Block, outer: Builder | None):
        self.g, self.source = guards, block
        self.b = Builder(outer)
        self.maker = {o: let for let in block.lets for o in let.outs}
        self.pending: list[Let] = []

    def written(self) -> Block:
        """The whole block."""
        for let in self.source.lets:
            self._let(let)
        self._flush(last=True)
        return self.b.block(self.source.results)

    def _let(self, let: Let) -> None:
        g, b = self.g, self.b
        if let in g.done:
            return  # written before its turn, because a condition needed it
        g.done.add(let)
        b.where = let.where
        match let.expr:
            case Op() | Get() | Put() | Add() | SubRef():
                self._check_access(b, let)
                b.keep(let)
                if self._is_checked(let):
                    self.pending.append(let)
            case Guard():
                self._flush()
                b.keep(let)
            case Loop() as e if _is_tight(e):
                self._foresee(let)
                self._flush()
                b.where = let.where
                self._flagged_then_repeated(let, e)
            case Loop() | Cond() | Accum() | Call() as e:
                self._foresee(let)
                self._flush()
                b.where = let.where
                b.keep(Let(let.outs, self._call(let, e) if isinstance(e, Call) else self._inner(let, e), let.where))
                if isinstance(e, Call) and isinstance(e.func.body, Opaque):
                    self._check_opaque(let, e)
            case Stack() | Fill() | Data() | Stop():
                b.keep(let)
            case _:
                unknown(let.expr)
        g.note(let.outs)
        if len(self.pending) >= CHECKED_TOGETHER:
            self._flush()

    # ------------------------------------------------------------------------------- inner blocks

    def _inner(self, let: Let, e: Loop | Cond | Accum) -> Expr:
        g = self.g
        match e:
            case Loop():
                g.note((e.index, *e.carries))
                g.loops.append((e.index, let.where))
                test = None if e.test is None else g.block(e.test, self.b)
                body = g.block(e.body, self.b)
                g.loops.pop()
                return replace(e, body=body, test=test)
            case Cond(p, then, orelse):
                return Cond(p, g.block(then, self.b), g.block(orelse, self.b))
            case Accum(inits, refs, body):
                return Accum(inits, refs, g.block(body, self.b))

    def _flagged_then_repeated(self, let: Let, e: Loop) -> None:
        """A loop that only notes whether anything was not finite, which leaves it as it is run fastest; after it,
        where something was, the loop once more with its guards, for these alone."""
        g, b = self.g, self.b
        copy, inner, n = Copy(), Builder(b), len(e.carries)
        index, carries = copy.bind(e.index), tuple(map(copy.bind, e.carries))
        noted, found = Var(BOOL), Var(BOOL)
        flag: Atom = noted
        g.loops.append((index, let.where))
        for old, new in zip(e.body.lets, copy.lets(e.body.lets), strict=True):
            inner.where = old.where
            self._check_access(inner, new)
            inner.keep(new)
            if self._is_checked(old):
                flag = inner.op("or", flag, is_suspect(inner, new))
        g.loops.pop()
        results = [copy.atom(r) for r in e.body.results]
        body = inner.block((*results[:n], flag, *results[n:]))
        inits = (*e.inits, Lit(False, BOOL))
        hot = replace(e, index=index, inits=inits, carries=(*carries, noted), body=body)
        b.keep(Let((*let.outs[:n], found, *let.outs[n:]), hot, let.where))
        g.note(let.outs)
        repeat = Builder(b)
        lets = tuple(x for x in e.body.lets if not isinstance(x.expr, Add))
        once_more = replace(e, body=Block(lets, e.body.results[:n]))
        writer = _BlockWriter(g, Block((), ()), b)
        repeat.keep(Let(tuple(Var(c.ty) for c in e.carries), writer._inner(let, once_more), let.where))
        b.cond(found, repeat.block(()), Block((), ()), ())

    def _is_checked(self, let: Let) -> bool:
        """Whether it is asked of an operation whether its result is finite."""
        return isinstance(let.expr, Op) and can_be_bad(let.expr.name) and bool(self.g.condition(let.outs[0]))

    def _foresee(self, let: Let) -> None:
        """Write what the conditions of a let's results name before its turn, where that can be."""
        own = set(let.outs)
        for o in let.outs:
            for term in self.g.condition(o):
                for p, _ in term:
                    if p not in self.g.ready and p not in own and p in self.maker:
                        self._early(p)

    def _early(self, p: Var) -> None:
        needed: dict[Let, None] = {}
        stack = [self.maker[p]]
        while stack:
            let = stack.pop()
            if let in needed or self.g.ready.keys() >= set(let.outs):
                continue
            if let in self.g.done or isinstance(let.expr, SubRef) or acts((let,)):
                return  # it waits for this very condition, or must stay where it is
            needed[let] = None
            used = nested_free(let.expr)
            stack.extend(self.maker[v] for v in used if v in self.maker and v not in self.g.ready)
        for let in self.source.lets:
            if let in needed:
                self._let(let)

    def _call(self, let: Let, call: Call) -> Call:
        """A call of the version that the conditions of its results ask for."""
        g = self.g
        if isinstance(call.func.body, Opaque):
            return call
        own = {o: k for k, o in enumerate(let.outs) if o.ty == BOOL}
        demands: list[frozenset[tuple[_Own, int | None]]] = []
        more: list[Atom] = []
        for o in let.outs:
            parts: dict[_Own, Condition] = {}
            for term in without(g.condition(o), lambda p: p not in g.ready and p not in own):
                inside = frozenset((own[p], v) for p, v in term if p in own)
                outside = frozenset((p, v) for p, v in term if p not in own)
                parts[inside] = disjunction(parts.get(inside, NEVER), frozenset({outside}))
            demand: set[tuple[_Own, int | None]] = set()
            for inside in sorted(parts, key=sorted):
                passed = parts[inside] != ALWAYS
                demand.add((inside, len(more) if passed else None))
                if passed:
                    more.append(self._as_boolean(self.b, parts[inside]))
            demands.append(frozenset(demand))
        loop = g.loops[0][1] if g.loops else None
        if loop is not None:
            more.append(self.b.cast(g.loops[0][0], STEP))
        return Call(g.versions.of(call.func, _Key(tuple(demands), loop)), (*call.args, *more))

    def _as_boolean(self, b: Builder, condition: Condition) -> Atom:
        """A condition as a truth of the program."""
        # Sorted, because the order in a set differs from process to process, and the cache goes by the text.
        order = self.g.ready
        terms = sorted(sorted((order[p], v, p) for p, v in term) for term in condition)
        some: Atom = Lit(False, BOOL)
        for term in terms:
            every: Atom = Lit(True, BOOL)
            for _, v, p in term:
                every = b.op("and", every, p if v else b.op("not", p))
            some = b.op("or", some, every)
        return some

    # ------------------------------------------------------------------------------------ guards

    def _flush(self, last: bool = False) -> None:
        """Ask about what was computed, as far as it is known whether it is demanded."""
        ready = self.g.ready
        now = [x for x in self.pending if last or _names(self.g.condition(x.outs[0])) <= ready.keys()]
        if not now:
            return
        self.pending = [x for x in self.pending if x not in now]
        b = self.b
        bad: Atom = Lit(False, BOOL)
        for let in now:
            b.where = let.where
            bad = b.op("or", bad, is_suspect(b, let))
        inner = Builder(b)
        for let in now:
            inner.where = let.where
            condition = without(self.g.condition(let.outs[0]), lambda p: p not in ready)
            must_report = inner.op("and", self._as_boolean(inner, condition), is_origin(inner, let))
            self._guard(inner, must_report, report_template(let.expr), (*operands(let.expr), let.outs[0]))
        b.cond(bad, inner.block(()), Block((), ()), ())

    def _guard(self, b: Builder, bad: Atom, text: str, values: Sequence[Atom]) -> None:
        """A guard that tells these numbers, then the steps of the loops around it."""
        at = list(values)
        if b.where is not None and b.where.derivative:
            text += ", in its derivative"
        for index, line in self.g.loops:
            # A line of another file may be that of whatever called rosesim: a scene's rollout is no user's loop.
            known = line is not None and b.where is not None and line.file == b.where.file
            text += f", in iteration {{{len(at)}}} of " + (
                f"the loop at {braced(line)}" if known else "a loop around"
            )
            at.append(index)
            if len(at) == MOST_VALUES:
                break
        if bad != Lit(False, BOOL):
            b.let(Guard(bad, text, tuple(at)))

    def _check_access(self, b: Builder, let: Let) -> None:
        """A guard for each computed index that a let uses."""
        match let.expr:
            case Get(x, idx) | Put(x, idx, _) | Add(x, idx, _) | SubRef(x, idx):
                pass
            case Op() | Stack() | Fill() | Data() | Stop() | Guard() | Loop() | Cond() | Accum() | Call():
                return
            case _:
                unknown(let.expr)
        own = {index for index, _ in self.g.loops}
        for i, n in zip(idx, x.ty.shape, strict=False):
            if isinstance(i, Var) and i not in own and n > 0:
                bad = b.op("or", b.op("ilt", i, Lit(0, index_ty(1))), b.op("ile", Lit(n, index_ty(n + 1)), i))
                self._guard(b, bad, f"the index {{0}} was found, expected one of 0 .. {n - 1}", (i,))

    def _check_opaque(self, let: Let, call: Call) -> None:
        b = self.b
        numbers = [a for a in call.args if not a.ty.shape][: MOST_VALUES - 3]
        given = ", ".join(f"{{{k}}}" for k in range(len(numbers))) + (
            ", ..." if len(numbers) < len(call.args) else ""
        )
        for o in let.outs:
            if isinstance(o.ty.scalar, FloatT):
                bad, value = any_nonfinite(b, o)
                condition = without(self.g.condition(o), lambda p: p not in self.g.ready)
                must_report = b.op("and", self._as_boolean(b, condition), bad)
                gave = f"{braced(call.func.name)}({given}) gave {{{len(numbers)}}}"
                self._guard(b, must_report, gave, (*numbers, value))


MOST_VALUES = 8
"""Numbers that a guard tells."""


REPEATED_STATE = 64
"""Numbers of a loop's state up to which it is kept for running the loop once more."""


def _is_tight(e: Loop) -> bool:
    """Whether a loop is an innermost one that can be run once more: it stops nowhere and keeps little."""
    plain = all(isinstance(x.expr, Op | Get | Put | Stack | Fill | Data | Stop | Add) for x in e.body.lets)
    return plain and e.test is None and sum(c.ty.size for c in e.carries) <= REPEATED_STATE


def _names(condition: Condition) -> set[Var]:
    return {p for t in condition for p, _ in t}
