"""The condition under which each value of a function is demanded: a result, a guard or an addition may depend on it.

The side that `select(p, x, y)` does not choose is not demanded, and neither are the values that only it was computed
from; a NaN there is no mistake. Likewise the second operand of `and` and `or` is demanded only if the first does not
decide. A condition is in disjunctive normal form: a set of terms, each a set of boolean variables with the value that
each must have. A condition is an over-approximation: it is true whenever the value is demanded. It may also be true
otherwise: a boolean may be out of scope or an element of an array, a value may pass through a loop, or there may be
too many terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from rosesim.ad.program.effects import acts
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
    Var,
    all_lets,
    binders,
    operands,
    unknown,
)
from rosesim.ad.support import recursion

Term = frozenset[tuple[Var, bool]]
Condition = frozenset[Term]

NEVER: Condition = frozenset()
ALWAYS: Condition = frozenset({frozenset()})

MOST_TERMS = 12
"""A condition of more terms is widened to what its terms have in common."""


def disjunction(a: Condition, b: Condition) -> Condition:
    """a or b."""
    return _tidy(a | b)


def conjunction(a: Condition, b: Condition) -> Condition:
    """a and b."""
    return _tidy({x | y for x in a for y in b})


def where(p: Atom, value: bool) -> Condition:
    """The condition that the boolean p has this value."""
    if isinstance(p, Lit):
        return ALWAYS if bool(p.value) is value else NEVER
    return frozenset({frozenset({(p, value)})})


def without(a: Condition, hidden: Callable[[Var], bool]) -> Condition:
    """The condition without the booleans that are hidden, which makes it wider."""
    if not any(hidden(p) for t in a for p, _ in t):
        return a
    return _tidy({frozenset((p, v) for p, v in t if not hidden(p)) for t in a})


def substituted(a: Condition, meaning: Mapping[Var, Condition]) -> Condition:
    """The condition with booleans replaced by the conditions that they mean."""
    if not any(p in meaning for t in a for p, _ in t):
        return a
    out = NEVER
    for t in a:
        term = ALWAYS
        for p, v in t:
            known = meaning.get(p)
            term = conjunction(term, where(p, v) if known is None else known if v else _negated(known))
        out = disjunction(out, term)
    return out


def _negated(a: Condition) -> Condition:
    out = ALWAYS
    for t in a:
        out = conjunction(out, frozenset(frozenset({(p, not v)}) for p, v in t))
    return out


def _tidy(terms: Iterable[Term]) -> Condition:
    kept: set[Term] = {t for t in terms if not any((p, not v) in t for p, v in t)}
    again = True
    while again and len(kept) > 1:
        again = False
        for t in list(kept):
            for lit in t:
                rest = t - {lit}
                if rest | {(lit[0], not lit[1])} in kept:  # the value of this boolean does not matter
                    kept.add(rest)
                    again = True
        kept = {t for t in kept if not any(u < t for u in kept)}
    if len(kept) > MOST_TERMS:
        first = next(iter(kept))
        kept = {first.intersection(*kept)}
    return frozenset(kept)


class Demand:
    """What is demanded in a function whose results are demanded under the given conditions.

    `of` has the condition of each variable that a let binds, `params` that of each parameter. Conditions name
    variables of the function and the variables in the conditions of the results. Every variable of the function must
    be bound only once.
    """

    def __init__(self, func: Func, results: Sequence[Condition], callee: Callable[[Func], Summary]):
        assert isinstance(func.body, Block)
        self._callee = callee
        self.of: dict[Var, Condition] = {}
        self._refs: dict[Var, Condition] = dict.fromkeys((p for p in func.params if p.ty.ref), ALWAYS)
        found = self._block(func.body, results)
        self.params = tuple(found.get(p, NEVER) for p in func.params)

    def _block(self, block: Block, results: Sequence[Condition]) -> dict[Var, Condition]:
        """Record when the variables that a block binds are demanded; return when it demands its free variables."""
        demand: dict[Var, Condition] = {}
        for a, w in zip(block.results, results, strict=True):
            _note(demand, a, w)
        for let in block.lets:
            if isinstance(let.expr, SubRef):
                self._refs[let.outs[0]] = self._refs[let.expr.ref]
        for let in reversed(block.lets):
            self._let(let, demand)
        return demand

    def _let(self, let: Let, demand: dict[Var, Condition]) -> None:
        outs = [demand.pop(o, NEVER) for o in let.outs]
        self.of.update(zip(let.outs, outs, strict=True))
        any_out = NEVER
        for w in outs:
            any_out = disjunction(any_out, w)
        match let.expr:
            case Op("select", (p, x, y)):
                _note(demand, p, any_out)
                _note(demand, x, conjunction(any_out, where(p, True)))
                _note(demand, y, conjunction(any_out, where(p, False)))
            case Op("and" | "or" as name, (p, q)):
                _note(demand, p, any_out)
                _note(demand, q, conjunction(any_out, where(p, name == "and")))
            case Guard(bad, _):
                _note(demand, bad, ALWAYS)
            case Add(ref, idx, v):
                for a in (*idx, v):
                    _note(demand, a, self._refs[ref])
            case Call(func, args):
                summary = self._callee(func)
                meaning = dict(zip(summary.results, outs, strict=True))
                meaning |= {p: where(a, True) for p, a in zip(summary.params, args, strict=True) if a.ty == BOOL}
                for a, w in zip(args, summary.demands, strict=True):
                    _note(demand, a, substituted(w, meaning))
            case Loop() | Cond() | Accum():
                recursion.nested(self._nested, let, outs, ALWAYS if acts((let,)) else any_out, demand)
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | SubRef() as e:
                for a in operands(e):
                    _note(demand, a, any_out)
            case _:
                unknown(let.expr)

    def _nested(self, let: Let, outs: Sequence[Condition], any_out: Condition, demand: dict[Var, Condition]) -> None:
        e = let.expr
        for a in operands(e):
            _note(demand, a, any_out)
        match e:
            case Loop():
                # The results of any iteration may reach any result of the loop.
                self._around(demand, let, e.body, [any_out] * len(e.body.results))
                if e.test is not None:
                    self._around(demand, let, e.test, [any_out])
            case Cond(p, then, orelse):
                for side, value in ((then, True), (orelse, False)):
                    own = _meaning(let.outs, side.results)
                    self._around(demand, let, side, [substituted(w, own) for w in outs], where(p, value))
            case Accum(_, refs, body):
                ends = outs[len(body.results) :]
                self._refs.update(zip(refs, ends, strict=True))
                own = _meaning(let.outs, body.results)
                self._around(demand, let, body, [substituted(w, own) for w in outs[: len(body.results)]])
            case _:
                raise AssertionError(e)

    def _around(
        self,
        demand: dict[Var, Condition],
        let: Let,
        block: Block,
        results: Sequence[Condition],
        only: Condition = ALWAYS,
    ) -> None:
        """Visit a nested block, and add to `demand` the conditions under which it demands variables of outer
        blocks."""
        found = self._block(block, results)
        inside = set(binders(let.expr))
        for inner in all_lets(block):
            inside.update(inner.outs)
            inside.update(binders(inner.expr))
        for v, w in found.items():
            _note(demand, v, conjunction(without(w, inside.__contains__), only))


class Summary:
    """The conditions under which a function demands its parameters. Each variable in `results` is true if the caller
    demands that result."""

    def __init__(self, func: Func, callee: Callable[[Func], Summary]):
        self.params = func.params
        self.results = tuple(Var(BOOL) for _ in func.results)
        meant = [where(r, True) for r in self.results]
        if not isinstance(func.body, Block):
            any_result = NEVER
            for w in meant:
                any_result = disjunction(any_result, w)
            self.demands = (any_result,) * len(func.params)
            return
        known = {*func.params, *self.results}
        demands = Demand(func, meant, callee).params
        self.demands = tuple(without(w, lambda p: p not in known) for w in demands)


def _meaning(outs: Sequence[Var], results: Sequence[Atom]) -> dict[Var, Condition]:
    """For each boolean that a let binds: the condition that the block's corresponding result is true."""
    return {o: where(r, True) for o, r in zip(outs, results, strict=False) if o.ty == BOOL}


def _note(demand: dict[Var, Condition], a: Atom, w: Condition) -> None:
    if isinstance(a, Var) and w:
        demand[a] = disjunction(demand.get(a, NEVER), w)
