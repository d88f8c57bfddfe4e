"""Cuts a loop in two (loop fission): the first loop keeps what the second reads.

After the cut, what each iteration made is an element of an array: vectors become the rows of a matrix. The order of
effects has to allow it, and what is kept has to fit.
"""

from __future__ import annotations

from dataclasses import replace

from rosesim.ad.passes.simplify import nested_free
from rosesim.ad.program import ir
from rosesim.ad.program.effects import effects
from rosesim.ad.program.ir import Accum, Block, Fill, Get, Let, Lit, Loop, Ty, Var
from rosesim.ad.program.rewrite import Copy
from rosesim.codegen.passes.spread import is_sum

MOST_KEPT = 1 << 23
"""Numbers that may be kept for a loop to be cut in two: 64 MB."""


def may_cut(e: Loop, at: int, *, exact: bool) -> bool:
    """Whether a loop may be cut before `at`: the order of effects allows it, and the values to keep fit."""
    parts = [list(effects(lets)) for lets in (e.body.lets[:at], e.body.lets[at:])]
    if any(x.ref is None for part in parts for x in part):
        return False
    if exact and any(x.meets(y) for x in parts[0] for y in parts[1]):
        return False
    return e.n * sum(v.ty.size for v in handed_on(e, at)) <= MOST_KEPT


def halves(let: Let, e: Loop, *, exact: bool) -> list[Let] | None:
    """A loop, or a loop in an `Accum`, cut before its first inner loop; None if that is not allowed. The first
    half goes before the `Accum`."""
    inner = next((k for k, y in enumerate(e.body.lets) if isinstance(y.expr, Loop)), 0)
    if not inner or not all(is_sum(e, k) for k in range(len(e.carries))) or not may_cut(e, inner, exact=exact):
        return None
    if let.expr is e:
        return [half for half, _ in parted(let, e, inner)]
    assert isinstance(let.expr, Accum)
    body = let.expr.body
    at = next(k for k, y in enumerate(body.lets) if y.expr is e)
    (first, _), (second, _) = parted(body.lets[at], e, inner)
    inside = {*let.expr.refs, *(o for y in body.lets[:at] for o in y.outs)}
    if inside & nested_free(first.expr):
        return None
    rest = Block((*body.lets[:at], second, *body.lets[at + 1 :]), body.results)
    return [first, Let(let.outs, replace(let.expr, body=rest), let.where)]


def handed_on(e: Loop, at: int) -> list[Var]:
    """The variables that the lets before `at` bind and the rest of the body reads. Constant arrays are left out: the
    second loop fills them again."""
    made = {o for x in e.body.lets[:at] if not _is_filled(x) for o in x.outs}
    return [v for v in ir.free_vars(Block(e.body.lets[at:], e.body.results)) if v in made]


def _is_filled(let: Let) -> bool:
    return isinstance(let.expr, Fill) and isinstance(let.expr.value, Lit)


def parted(let: Let, e: Loop, at: int) -> tuple[tuple[Let, Loop], tuple[Let, Loop]]:
    """Two loops that do what one did: the first keeps what the second reads."""
    made = {o for x in e.body.lets[:at] for o in x.outs}
    early = [k for k in range(len(e.carries)) if e.body.results[k] in made]
    late = [k for k in range(len(e.carries)) if k not in early]
    results = e.body.results[len(e.carries) :]
    late_body = Block(e.body.lets[at:], (*(e.body.results[k] for k in late), *results))
    again = [x for x in e.body.lets[:at] if _is_filled(x)]
    late_body = Block((*again, *late_body.lets), late_body.results)
    kept = [v for v in ir.free_vars(late_body) if v in made]
    arrays = [Var(Ty(v.ty.scalar, (e.n, *v.ty.shape)), v.name) for v in kept]
    first = replace(
        e,
        inits=tuple(e.inits[k] for k in early),
        carries=tuple(e.carries[k] for k in early),
        body=Block(e.body.lets[:at], (*(e.body.results[k] for k in early), *kept)),
    )
    index = Var(e.index.ty, e.index.name)
    copy = Copy({e.index: index})
    carries = tuple(copy.bind(e.carries[k]) for k in late)
    reads = tuple(Let((copy.bind(v),), Get(x, (index,)), let.where) for v, x in zip(kept, arrays, strict=True))
    body = copy.block(late_body)
    second = replace(
        e,
        index=index,
        inits=tuple(e.inits[k] for k in late),
        carries=carries,
        body=Block((*reads, *body.lets), body.results),
    )
    m = len(e.carries)
    return (
        (Let((*(let.outs[k] for k in early), *arrays), first, let.where), first),
        (Let((*(let.outs[k] for k in late), *let.outs[m:]), second, let.where), second),
    )
