"""Dead-code elimination: removes lets, loop carries and outputs, branch results and accumulators that nothing reads.

Guards stay, and so do calls that may reach one, because a program stops where its author said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rosesim.ad.program.effects import effects, may_stop
from rosesim.ad.program.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Expr,
    Fill,
    Func,
    Get,
    Guard,
    Let,
    Loop,
    Op,
    Opaque,
    Put,
    Stack,
    Stop,
    SubRef,
    Var,
    all_lets,
    binders,
    blocks,
    free_vars,
    nests,
    operands,
    unknown,
)
from rosesim.ad.support import recursion


def simplified(func: Func, narrow: bool = False) -> Func:
    """The function without what its results do not need. With `narrow`, callees lose the results nothing reads."""
    if isinstance(func.body, Opaque):
        return func
    body = Sweep(narrow).block(func.body, func.body.results)
    return Func(func.name, func.params, body, func.where, func.rules)


def narrowed(func: Func, keep: Sequence[int]) -> Func:
    """The function with only these results, and without what they do not need."""
    assert isinstance(func.body, Block)
    key = ("narrowed", tuple(keep))
    if key not in func.memo:
        results = tuple(func.body.results[k] for k in keep)
        body = Sweep(narrow=True).block(func.body, results)
        func.memo[key] = Func(func.name, func.params, body, func.where)
    return func.memo[key]


def without_refs(func: Func, dead: Sequence[int]) -> Func:
    """The function without these parameters, which are refs that nothing reads, and without what only they need."""
    assert isinstance(func.body, Block)
    key = ("without refs", tuple(dead))
    if key not in func.memo:
        sweep = Sweep(narrow=True)
        sweep.dead_refs.update(func.params[k] for k in dead)
        body = sweep.block(func.body, func.body.results)
        params = tuple(p for k, p in enumerate(func.params) if k not in dead)
        func.memo[key] = Func(func.name, params, body, func.where)
    return func.memo[key]


def may_be_narrowed(func: Func) -> bool:
    """Whether a version with fewer results may replace the function: it has a body and no derivative rule."""
    return isinstance(func.body, Block) and func.rules is None


class Sweep:
    """One backward pass over a function. `live` holds the variables that the lets kept so far read, `dead_refs` the
    refs whose sums nothing reads."""

    def __init__(self, narrow: bool = False) -> None:
        self.narrow = narrow
        self.live: set[Var] = set()
        self.dead_refs: set[Var] = set()

    def block(self, block: Block, results: Sequence[Atom]) -> Block:
        """The block with these results, its effects, and only what they need."""
        return recursion.nested(self._block, block, results)

    def _block(self, block: Block, results: Sequence[Atom]) -> Block:
        self._use(results)
        kept: list[Let] = []
        for let in block.lets:
            if isinstance(let.expr, SubRef):
                (self.dead_refs.add if let.expr.ref in self.dead_refs else self.dead_refs.discard)(let.outs[0])
        live = self.live
        for let in reversed(block.lets):
            if isinstance(let.expr, Op):  # nearly all are
                if let.outs[0] in live:
                    live.update([a for a in let.expr.args if isinstance(a, Var)])
                    kept.append(let)
                continue
            new = self._let(let)
            if new is not None:
                kept.append(new)
        kept.reverse()
        return Block(tuple(kept), tuple(results))

    def _use(self, atoms: Sequence[Atom]) -> None:
        self.live.update(a for a in atoms if isinstance(a, Var))

    def _let(self, let: Let) -> Let | None:
        match let.expr:
            case Loop() as e:
                return self._loop(let, e)
            case Cond() as e:
                return self._cond(let, e)
            case Accum() as e:
                return self._accum(let, e)
            case Add(ref, _, _):
                keep = ref not in self.dead_refs
            case Guard():
                keep = True
            case Call(func, args):
                dead = [k for k, a in enumerate(args) if a.ty.ref and a in self.dead_refs]
                if dead and may_be_narrowed(func):
                    func, args = without_refs(func, dead), tuple(a for a in args if a not in self.dead_refs)
                    let = Let(let.outs, Call(func, args), let.where)
                acts = any(a.ty.ref and a not in self.dead_refs for a in args) or may_stop(func)
                keep = acts or any(o in self.live for o in let.outs)
                if keep and not acts and self.narrow and may_be_narrowed(func):
                    let = self._narrow(let, func, args)
            case Op() | Get() | Put() | Stack() | Fill() | Data() | Stop() | SubRef():
                keep = any(o in self.live for o in let.outs)
            case _:
                unknown(let.expr)
        if keep:
            self._use(operands(let.expr))
        return let if keep else None

    def _narrow(self, let: Let, func: Func, args: Sequence[Atom]) -> Let:
        kept = [k for k, o in enumerate(let.outs) if o in self.live]
        if len(kept) == len(let.outs):
            return let
        return Let(tuple(let.outs[k] for k in kept), Call(narrowed(func, kept), tuple(args)), let.where)

    def _loop(self, let: Let, e: Loop) -> Let | None:
        n = len(e.carries)
        outs = let.outs
        carry_outs, stacked = outs[:n], outs[n : n + len(e.body.results) - n]
        count = outs[n + len(stacked) :]
        keep_out = [o in self.live for o in stacked]
        keep = [o in self.live for o in carry_outs]
        acts = self._acts(e.body) or (e.test is not None and self._acts(e.test))
        if not (acts or any(keep) or any(keep_out) or any(o in self.live for o in count)):
            return None
        test = None
        while True:
            results = [r for r, k in zip(e.body.results, keep + keep_out, strict=True) if k]
            body = self.block(e.body, results)
            if e.test is not None:
                test = self.block(e.test, e.test.results)
            now = [k or c in self.live for k, c in zip(keep, e.carries, strict=True)]
            if now == keep:
                break
            keep = now
        pick = [k for k in range(n) if keep[k]]
        inits = tuple(e.inits[k] for k in pick)
        self._use(inits if e.upto is None else (*inits, e.upto))
        new = replace(e, inits=inits, carries=tuple(e.carries[k] for k in pick), body=body, test=test)
        names = (
            *(carry_outs[k] for k in pick),
            *(o for o, k in zip(stacked, keep_out, strict=True) if k),
            *count,
        )
        return Let(names, new, let.where)

    def _cond(self, let: Let, e: Cond) -> Let | None:
        keep = [o in self.live for o in let.outs]
        if not (any(keep) or self._acts(e.then) or self._acts(e.orelse)):
            return None
        sides = [
            self.block(side, [r for r, k in zip(side.results, keep, strict=True) if k]) for side in (e.then, e.orelse)
        ]
        self._use((e.p,))
        outs = tuple(o for o, k in zip(let.outs, keep, strict=True) if k)
        return Let(outs, Cond(e.p, sides[0], sides[1]), let.where)

    def _accum(self, let: Let, e: Accum) -> Let | None:
        m = len(e.body.results)
        passed = set[Atom]()
        calls = [x.expr for x in all_lets(e.body) if isinstance(x.expr, Call) and any(a.ty.ref for a in x.expr.args)]
        if not all(may_be_narrowed(call.func) for call in calls):
            passed |= {a for call in calls for a in call.args if a.ty.ref}
            passed |= {x.expr.ref for x in all_lets(e.body) if isinstance(x.expr, SubRef)}
        keep = [o in self.live or r in passed for o, r in zip(let.outs[m:], e.refs, strict=True)]
        keep_result = [o in self.live for o in let.outs[:m]]
        self.dead_refs.difference_update(e.refs)  # a loop's body is swept again once more of it is live
        self.dead_refs.update(r for r, k in zip(e.refs, keep, strict=True) if not k)
        if not (any(keep_result) or any(o in self.live for o in let.outs[m:]) or self._acts(e.body)):
            self.dead_refs.update(e.refs)
            return None
        body = self.block(e.body, [r for r, k in zip(e.body.results, keep_result, strict=True) if k])
        inits = tuple(a for a, k in zip(e.inits, keep, strict=True) if k)
        refs = tuple(r for r, k in zip(e.refs, keep, strict=True) if k)
        self._use(inits)
        outs = (
            *(o for o, k in zip(let.outs[:m], keep_result, strict=True) if k),
            *(o for o, k in zip(let.outs[m:], keep, strict=True) if k),
        )
        return Let(outs, Accum(inits, refs, body), let.where)

    def _acts(self, block: Block) -> bool:
        """Whether the block has an effect other than adding to dead refs."""
        return any(x.ref is None or x.ref not in self.dead_refs for x in effects(block.lets))


def nested_free(e: Expr) -> set[Var]:
    """All variables that an expression reads, including the free variables of its nested blocks."""
    used = {a for a in operands(e) if isinstance(a, Var)}
    if nests(e):
        bound = set(binders(e))
        for block in blocks(e):
            used |= free_vars(block).keys() - bound
    return used
