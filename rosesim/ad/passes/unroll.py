"""Loops of a few short iterations, written out.

`vec(3, lambda m: ...)` over the parts of a vector is a loop in a loop. LLVM unrolls it, but only after all passes of
ours, which take it for a loop: they move nothing past it, and see three numbers as an array. In the reverse such a
loop is mostly a way to hand three numbers on.

Every iteration does what it did, in the same order, so no bit changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rosesim.ad.passes.renaming import Renaming
from rosesim.ad.passes.simplify import simplified
from rosesim.ad.program.builder import Builder
from rosesim.ad.program.ir import Accum, Atom, Block, Call, Cond, Expr, Func, Let, Lit, Loop, Op, Stack
from rosesim.ad.program.rewrite import Copy, rewritten

MOST_ITERATIONS = 4
MOST_LETS = 64
"""How long the text of a loop may become."""


def unrolled(func: Func) -> Func:
    """The program with such loops written out."""
    return rewritten(func, _body, frozenset({Loop}))


def _body(func: Func, block: Block, made: Mapping[Func, Func]) -> Block:
    new = _Unrolled(made).block(block)
    if new is block:
        return block
    swept = simplified(Func(func.name, func.params, new, func.where)).body
    assert isinstance(swept, Block)
    return swept


class _Unrolled(Renaming):
    def lets(self, let: Let) -> Iterable[Let]:
        e = let.expr
        if not is_short(e):
            return [let]
        assert isinstance(e, Loop)
        b = Builder(where=let.where)
        finals, rows = _written_out(b, e)
        for out, final in zip(let.outs, finals, strict=False):
            self.rename(out, final)
        for out, items in zip(let.outs[len(finals) :], rows, strict=True):
            b.keep(Let((out,), Stack(items), let.where))
        return b.lets


def is_short(e: Expr) -> bool:
    """Whether an expression is a loop of few iterations, each of them short and straight."""
    if not isinstance(e, Loop) or e.upto is not None or e.test is not None or e.batch or e.lanes > 1:
        return False
    if not 0 < e.n <= MOST_ITERATIONS or e.n * len(e.body.lets) > MOST_LETS:
        return False
    return not any(isinstance(let.expr, Loop | Call | Cond | Accum) for let in e.body.lets)


def _written_out(b: Builder, e: Loop) -> tuple[tuple[Atom, ...], list[tuple[Atom, ...]]]:
    """The final carries, and the items of each output."""
    m = len(e.carries)
    carries: tuple[Atom, ...] = e.inits
    made: dict[int, tuple[Atom, ...]] = {}
    for k in reversed(range(e.n)) if e.reverse else range(e.n):
        copy = Copy({e.index: Lit(k, e.index.ty), **dict(zip(e.carries, carries, strict=True))})
        for let in e.body.lets:
            if isinstance(let.expr, Op):  # so that what depends on the index alone folds
                args = tuple(map(copy.atom, let.expr.args))
                copy.rename(let.outs[0], b.op(let.expr.name, *args, ty=let.outs[0].ty))
            else:
                (new,) = copy.lets((let,))
                b.keep(new)
        results = tuple(map(copy.atom, e.body.results))
        carries, made[k] = results[:m], results[m:]
    return carries, [tuple(made[k][j] for k in range(e.n)) for j in range(len(e.body.results) - m)]
