"""Loops that only sum, in lanes: several partial sums at once, if additions may be reordered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rosesim.ad.program import ir
from rosesim.ad.program.builder import joining, zero
from rosesim.ad.program.ir import Atom, Block, BoolT, FloatT, IntT, Let, Lit, Loop, Op, TanT, Ty, Var, index_ty

if TYPE_CHECKING:
    from rosesim.codegen.passes.lanes.writer import LaneWriter


def write_sums(w: LaneWriter, let: Let, e: Loop, inits: Sequence[Atom]) -> None:
    """A loop that only sums, as k partial sums of every k-th term. The terms that remain are added at the end."""
    many = w.sums
    rounds, rest = divmod(e.n, many)
    i = Var(index_ty(rounds), "i")
    nothing = [w.vary(zero(c.ty)) for c in e.carries]
    starts = [*inits, *nothing * (many - 1)]
    carries = [Var(a.ty) for a in starts]
    width = len(inits)

    def term(at: Atom, sums: Sequence[Atom]) -> list[Atom]:
        w.env[e.index] = at
        w.env.update(zip(e.carries, sums, strict=True))
        return [w.vary(a) for a in w.results(e.body)]

    with w.nested() as lets:
        first = w.op("imul", i, Lit(many, Ty(IntT(many, many))), ty=Ty(IntT(0, (rounds - 1) * many)))
        results: list[Atom] = []
        for k in range(many):
            step = Lit(k, Ty(IntT(k, k)))
            at = w.op("iadd", first, step, ty=Ty(IntT(k, (rounds - 1) * many + k)))
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
    w.lets.append(Let(tuple(sums), loop, let.where))
    total: list[Atom] = list(sums[:width])
    for k in range(1, many):
        parts = sums[k * width : (k + 1) * width]
        total = [w.op(joining(c.ty), a, b, ty=a.ty) for c, a, b in zip(e.carries, total, parts, strict=True)]
    for k in range(rest):
        total = term(Lit(rounds * many + k, e.index.ty), total)
    w.env.update(zip(let.outs, total, strict=True))


def is_sum(loop: Loop) -> bool:
    """Whether a loop carries only scalars, and adds to each a term that does not depend on it."""
    if loop.test is not None or not loop.carries or len(loop.body.results) != len(loop.carries):
        return False
    if any(c.ty.shape or not isinstance(c.ty.scalar, FloatT | TanT | BoolT) for c in loop.carries):
        return False
    uses = Counter(a for let in ir.all_lets(loop.body) for a in ir.operands(let.expr) if isinstance(a, Var))
    for nested in ir.all_blocks(loop.body):
        if nested is not loop.body:
            uses.update(a for a in nested.results if isinstance(a, Var))
    made = {let.outs[0]: let.expr for let in loop.body.lets if isinstance(let.expr, Op)}
    for c, a in zip(loop.carries, loop.body.results, strict=True):
        e = made.get(a) if isinstance(a, Var) else None
        if e is None or e.name != joining(c.ty) or c not in e.args or uses[c] != 1 or a in uses:
            return False
    return len(set(loop.body.results)) == len(loop.carries)
