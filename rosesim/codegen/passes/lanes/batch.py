"""Batches in SIMD lanes: a loop over runs becomes a loop that executes several runs of a `vmap` at once.

Each lane of a vector register is one run. A scalar that differs between runs (`variance`) gets a type of `lanes`
values; an array of such scalars interleaves the runs. Values that all runs share stay as they are, and so do
counters: a loop is one loop for all lanes. Where control flow differs between lanes, they continue together under a
*mask* of active lanes:

- Each side of a branch runs if some active lane takes it, under the mask of those lanes. Its results are then
  selected lane by lane.
- A loop that ends early runs until its last active lane has ended. The carries of lanes that have ended stay.
- An addition under a mask adds zero for inactive lanes. A guard ignores inactive lanes.

Everything else is computed for inactive lanes too. Operators are total and indices stay within their types, so this
does no harm, and a select discards the results before an active lane can see them. A function is written once for
each pattern of parameters that vary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rosesim.ad.program import ir
from rosesim.ad.program.ir import Block, BoolT, Call, Cond, Expr, Func, Let, Loop, Opaque, Ty, Var
from rosesim.ad.program.rewrite import rewritten, with_blocks, with_lets
from rosesim.codegen.passes.lanes.variance import Pattern, Variance
from rosesim.codegen.passes.lanes.writer import LaneWriter

PARTIAL = 4
"""The partial sums that a loop over many terms keeps, if additions may be reordered. A single sum would wait for each
addition to end before the next begins. (LLVM does this for scalars, but not for vectors.)"""


def laned(func: Func, width: int, math: str) -> Func:
    """The same program, with its batches in `width` lanes where possible."""
    pass_ = Lanes(width, PARTIAL if math == "fast" else 1)
    return rewritten(func, lambda f, block, made: pass_.outside(block, made), frozenset({Loop}))


class Lanes:
    """The functions made so far, for any number of lanes."""

    def __init__(self, width: int, sums: int):
        self.width, self.sums = width, sums
        self.variance = Variance()
        self.versions: dict[tuple[Func, Pattern, bool, int], Func] = {}

    def outside(self, block: Block, made: Mapping[Func, Func]) -> Block:
        """A block outside of all batches, with the batches inside it in lanes."""
        lets: list[Let] = []
        for let in block.lets:
            e = let.expr
            if isinstance(e, Loop) and self._is_worth_lanes(e):
                new: Expr = self._batch(e)
            else:
                new = with_blocks(e, lambda b: self.outside(b, made), made)
            lets.append(let if new is e else Let(let.outs, new, let.where))
        return with_lets(block, lets)

    def _is_worth_lanes(self, loop: Loop) -> bool:
        """Whether lanes pay off for a loop: it is a batch with a loop or branch. LLVM vectorises one without."""
        if not loop.batch or loop.n < 2 or self.width < 2:
            return False
        if any(v.ty.ref for v in ir.free_vars(loop.body)):
            return False  # the runs add to one accumulator, in order
        inner = [
            f for let in ir.all_lets(loop.body) if isinstance(let.expr, Call) for f in ir.reachable(let.expr.func)
        ]
        if any(isinstance(f.body, Opaque) for f in inner):
            return False
        exprs = [
            let.expr for b in [loop.body, *(f.body for f in inner)] if isinstance(b, Block) for let in ir.all_lets(b)
        ]
        return any(isinstance(e, Loop | Cond) for e in exprs)

    def _batch(self, loop: Loop) -> Loop:
        lanes = min(self.width, 1 << loop.n.bit_length() - 1)
        r = LaneWriter(self.version, self.sums, lanes, self.variance.spread(loop.body, {loop.index}))
        index = r.varied(loop.index)
        return replace(loop, index=index, body=r.block(loop.body), lanes=lanes)

    def version(self, func: Func, pattern: Pattern, masked: bool, lanes: int) -> Func:
        """The version of a function whose parameters vary as `pattern` says. If `masked`, it takes the mask first."""
        key = func, pattern, masked, lanes
        if key not in self.versions:
            varying, results = self.variance.of(func, pattern)
            r = LaneWriter(self.version, self.sums, lanes, varying)
            mask = Var(Ty(BoolT(lanes)), "active") if masked else None
            params = [r.varied(p) if varies else r.same(p) for p, varies in zip(func.params, pattern, strict=True)]
            r.mask = mask
            assert isinstance(func.body, Block)
            body = r.block(func.body, results)
            first = () if mask is None else (mask,)
            self.versions[key] = Func(f"{func.name}_x{lanes}", (*first, *params), body, func.where)
        return self.versions[key]
