"""Loops that copy an array, and carries that never change, are the array itself.

The reverse of a loop hands a cotangent on element by element: `loop i: x[i]` is x, and `loop j: x[i, j]` is x[i].
Once that is seen, the carry that held the copy is often the same in all iterations, and is what it began as. A
copy costs little where it stands; but it hides from every later pass that two arrays are one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rosesim.ad.passes.renaming import Renaming
from rosesim.ad.program.effects import acts
from rosesim.ad.program.ir import Accum, Block, Func, Get, Let, Loop, Var, operands
from rosesim.ad.program.rewrite import rewritten


def uncopied(func: Func) -> Func:
    """The program with arrays in the place of their copies."""
    return rewritten(func, lambda f, block, made: _Uncopy(made).block(block), frozenset({Loop, Accum}))


class _Uncopy(Renaming):
    def lets(self, let: Let) -> Iterable[Let]:
        if isinstance(let.expr, Accum):
            return self._accum(let, let.expr)
        if not isinstance(let.expr, Loop):
            return [let]
        let, e = self._without_constants(let, let.expr)
        copies = _copies(let, e)
        if not copies:
            return [let]
        lets: list[Let] = []
        for v, array in copies.items():
            if array.idx:
                lets.append(Let((v,), array, let.where))
            else:
                self.rename(v, array.x)
        n = len(e.carries)
        outs = tuple(o for o in let.outs if o not in copies)
        kept = (r for r, o in zip(e.body.results[n:], let.outs[n:], strict=True) if o not in copies)
        body = Block(e.body.lets, (*e.body.results[:n], *kept))
        if outs or acts(body.lets):
            lets.append(Let(outs, replace(e, body=body), let.where))
        return lets

    def _accum(self, let: Let, e: Accum) -> list[Let]:
        """The accum without results of its body that stand outside already, or are a part of what does."""
        inside = {*e.refs, *(o for x in e.body.lets for o in x.outs)}
        gets = {x.outs[0]: x.expr for x in e.body.lets if isinstance(x.expr, Get)}
        before: list[Let] = []
        gone: set[Var] = set()
        for out, r in zip(let.outs, e.body.results, strict=False):
            get = gets.get(r) if isinstance(r, Var) else None
            if r not in inside:
                self.rename(out, r)
            elif get is not None and not any(a in inside for a in operands(get)):
                before.append(Let((out,), get, let.where))
            else:
                continue
            gone.add(out)
        if not gone:
            return [let]
        results = tuple(r for out, r in zip(let.outs, e.body.results, strict=False) if out not in gone)
        outs = tuple(o for o in let.outs if o not in gone)
        return [*before, Let(outs, replace(e, body=Block(e.body.lets, results)), let.where)]

    def _without_constants(self, let: Let, e: Loop) -> tuple[Let, Loop]:
        """The loop without the carries that stay what they are."""
        n = len(e.carries)
        constant = [k for k in range(n) if e.body.results[k] is e.carries[k]]
        if not constant:
            return let, e
        keep = [k for k in range(n) if k not in constant]
        for k in constant:
            self.rename(e.carries[k], e.inits[k])  # seen nowhere but in the loop
            self.rename(let.outs[k], e.inits[k])
        body = self.block(e.body)
        e = replace(
            e,
            inits=tuple(e.inits[k] for k in keep),
            carries=tuple(e.carries[k] for k in keep),
            body=Block(body.lets, (*(body.results[k] for k in keep), *body.results[n:])),
            test=e.test and self.block(e.test),
        )
        return Let((*(let.outs[k] for k in keep), *let.outs[n:]), e, let.where), e


def _copies(let: Let, e: Loop) -> dict[Var, Get]:
    """The outputs of a loop that copy an array of the outside, or a part of one, element by element."""
    outputs = e.body.results[len(e.carries) :]
    if e.upto is not None or e.test is not None or not outputs:
        return {}
    gets = {x.outs[0]: x.expr for x in e.body.lets if isinstance(x.expr, Get) and x.expr.idx[-1] is e.index}
    if not gets:
        return {}
    inside = {e.index, *e.carries, *(o for x in e.body.lets for o in x.outs)}
    found: dict[Var, Get] = {}
    for out, r in zip(let.outs[len(e.carries) :], outputs, strict=True):
        get = gets.get(r) if isinstance(r, Var) else None
        if get is None or get.x in inside or any(i in inside for i in get.idx[:-1]):
            continue
        if get.x.ty.shape[len(get.idx) - 1] == e.n:
            found[out] = Get(get.x, get.idx[:-1])
    return found
