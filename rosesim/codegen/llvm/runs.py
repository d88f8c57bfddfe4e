"""A batch of runs: one loop over groups, each of which has as many runs as there are lanes.

On a grid a group is a single run, and each thread does one group (`entry`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rosesim.ad.program.ir import Let, Loop
from rosesim.ad.support import recursion
from rosesim.codegen.llvm import arrays, layout, loops, per_lane
from rosesim.codegen.llvm.arrays import Arr

if TYPE_CHECKING:
    from rosesim.codegen.llvm.emit import Emitter


def groups(loop: Loop) -> int:
    """The number of groups in a batch."""
    return -(-loop.n // loop.lanes)


def is_batch(e: Emitter, loop: Loop) -> bool:
    """Whether this module writes the loop: its runs are in lanes, or threads share them."""
    return loop.lanes > 1 or e.tables.infos[e.func].shared is loop


def emit(e: Emitter, let: Let, loop: Loop) -> None:
    """Write a batch and bind its results."""
    whole = e.tables.infos[e.func].shared is not loop
    span = ("0", str(groups(loop))) if whole else ("%first", "%last")
    write(e, let, loop, [e.place(v) for v in let.outs], span)


def write(e: Emitter, let: Let, loop: Loop, stacks: Sequence[str], span: tuple[str, str]) -> None:
    """Write a span of a batch's groups, whose results lie at `stacks`, and bind these.

    If the number of runs is no multiple of the lanes, the last group begins earlier and repeats some runs of the
    group before it. Runs are independent, so the results are the same.
    """
    c = e.code
    s = loop.index.ty.scalar
    wide = layout.register(s)
    first, end = span
    with c.loop(end, first) as group:
        mark = c.mark()
        if loop.lanes == 1:
            start = e.env[loop.index] = group
        else:
            start = c.let(
                f"call i64 @llvm.smin.i64(i64 {c.let(f'mul i64 {group}, {loop.lanes}')}, i64 {loop.n - loop.lanes})"
            )
            numbers = ", ".join(f"i64 {k}" for k in range(loop.lanes))
            e.env[loop.index] = c.let(f"add nuw nsw {wide} {per_lane.splat(c, start, s)}, <{numbers}>")
        values = recursion.nested(e.block, loop.body, [None] * len(let.outs))
        runs = [start, *(c.let(f"add nuw nsw i64 {start}, {k}") for k in range(1, loop.lanes))]
        for v, a, pointer, value in zip(let.outs, loop.body.results, stacks, values, strict=True):
            if isinstance(value, str) and a.ty.scalar.lanes > 1 and layout.is_float(a.ty.scalar):
                # A number of each run: they lie side by side.
                to, kind = arrays.place_of(c, pointer, v.ty, [start]), layout.register(a.ty.scalar)
                c.put(f"store {kind} {value}, ptr {to}, align {layout.itemsize(layout.one_lane(a.ty.scalar))}")
                continue
            places = [arrays.place_of(c, pointer, v.ty, [run]) for run in runs]
            if a.ty.scalar.lanes > 1:
                per_lane.separated(c, value, a.ty, places.__getitem__)
            else:
                for to in places:
                    arrays.write(c, value, to, a.ty)
        c.release(mark)
        if loop in e.tables.planned.polled:
            loops.poll(e, loop, group)
    for v, pointer in zip(let.outs, stacks, strict=True):
        e.env[v] = Arr(v.ty, pointer)
