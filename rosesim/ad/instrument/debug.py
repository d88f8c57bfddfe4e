"""Debug programs: the same programs with guards that stop at the first number that is not finite.

Each operation has a guard if it can turn operands without a NaN into a NaN, or finite operands into an infinity: the
guard stops where a bad number originates, not where it is passed on. Values that cannot reach an output (`demand`)
are not checked. One test checks the results of a straight-line run of operations together. Only if one of them is not
finite are they checked one by one, in the order of the program. An innermost loop has no guards: it records in a flag
whether any of its results was not finite. If so, it is repeated with guards.

Each computed index is compared with its dimension before it is used. The bounds of integers are proved, so this check
never fails: it would catch a defect of the compiler.
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
"""At most this many operations are checked by one test: all their results must stay alive until then."""

STEP = Ty(IntT(0, 2**53))
"""The type of the parameter by which a function takes the step of the loop that it is called from."""


def guarded(func: Func) -> Func:
    """The debug program of a program. Its tangents are plain reals."""
    always: frozenset[tuple[_Own, int | None]] = frozenset({(frozenset[tuple[int, bool]](), None)})
    return _Versions().of(tangents_as_reals(func), _Key((always,) * len(func.results), None))


_Own = frozenset[tuple[int, bool]]
"""Which boolean results of a call must have which value."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What a version of a function depends on.

    `demands` says of each result when the caller demands it, as a set of terms. A term holds if some of the boolean
    results have these values and the boolean that the caller passes under this number is true (None: no such
    boolean). `loop` is the line of the outermost loop around the call; the caller passes its step.
    """

    demands: tuple[frozenset[tuple[_Own, int | None]], ...]
    loop: Where | None

    @property
    def given(self) -> int:
        """How many booleans the caller passes."""
        return len({k for w in self.demands for _, k in w if k is not None})


class _Versions:
    """The functions of a debug program."""

    def __init__(self) -> None:
        self._made: dict[tuple[Func, _Key], Func] = {}
        self._fresh: dict[Func, Func] = {}
        self._summaries: dict[Func, Summary] = {}

    def of(self, func: Func, key: _Key) -> Func:
        """The version of a function, whose parameters are followed by the booleans and the step of the key."""
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
    """Makes one version of one function."""

    def __init__(self, versions: _Versions, func: Func, key: _Key):
        self.versions, self.key = versions, key
        self.source = fresh(
            func
        )  # so that each let occurs once: two occurrences may be demanded under different conditions
        body = self.source.body
        assert isinstance(body, Block)
        self.given = [Var(BOOL, "demanded") for _ in range(key.given)]
        self.step = [] if key.loop is None else [Var(STEP, "step")]
        demands = [self._demands(w, body.results) for w in key.demands]
        self.demanded = Demand(self.source, demands, versions.summary)
        self.ready: dict[Var, int] = {}
        """The variables written so far, with their order."""
        self.note((*self.source.params, *self.given))
        self.loops: list[tuple[Atom, Where | None]] = [(v, key.loop) for v in self.step]
        self.done: set[Let] = set()

    def _demands(self, terms: Iterable[tuple[_Own, int | None]], results: Sequence[Atom]) -> Condition:
        """The condition that a key gives for one result, in terms of the function's variables."""
        condition = NEVER
        for own, k in terms:
            term = ALWAYS if k is None else where(self.given[k], True)
            for j, value in own:
                term = conjunction(term, where(results[j], value))
            condition = disjunction(condition, term)
        return condition

    def note(self, variables: Iterable[Var]) -> None:
        """Record that these variables are written."""
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
    """Writes one block. `pending` holds the operations whose results have not been checked yet."""

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
        """Write the loop with a flag instead of guards, so that it stays fast; after it, a branch that is taken if
        the flag is set and repeats the loop with guards and without effects."""
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
        """Whether the result of a let has to be checked: it may be bad and is demanded."""
        return isinstance(let.expr, Op) and can_be_bad(let.expr.name) and bool(self.g.condition(let.outs[0]))

    def _foresee(self, let: Let) -> None:
        """Write the booleans in the conditions of a let's results early, before the let, where that is possible."""
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
                return  # it is being written for this condition, or it may not move
            needed[let] = None
            used = nested_free(let.expr)
            stack.extend(self.maker[v] for v in used if v in self.maker and v not in self.g.ready)
        for let in self.source.lets:
            if let in needed:
                self._let(let)

    def _call(self, let: Let, call: Call) -> Call:
        """A call of the version of the callee that the conditions of the results require."""
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
        """A condition as a boolean that the program computes."""
        # Sorted, because a set's order differs between processes, and the cache is keyed by the text.
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
        """Check the pending results whose conditions are already written; with `last`, all of them."""
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
        """A guard that reports these numbers, then the steps of the loops around it."""
        at = list(values)
        if b.where is not None and b.where.derivative:
            text += ", in its derivative"
        for index, line in self.g.loops:
            # A loop whose line is in another file may be rosesim's own, such as the rollout of a scene.
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
"""A guard reports at most this many numbers."""


REPEATED_STATE = 64
"""A loop may be repeated if its state has at most this many numbers, which have to be kept for that."""


def _is_tight(e: Loop) -> bool:
    """Whether a loop is innermost and can be repeated: it never stops the program and its state is small."""
    plain = all(isinstance(x.expr, Op | Get | Put | Stack | Fill | Data | Stop | Add) for x in e.body.lets)
    return plain and e.test is None and sum(c.ty.size for c in e.carries) <= REPEATED_STATE


def _names(condition: Condition) -> set[Var]:
    return {p for t in condition for p, _ in t}
