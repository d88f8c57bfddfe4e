"""A loop whose chunks threads share: its iterations are the units of a region.

Outputs and elements of refs that each iteration has for itself are written in place. What all iterations add to, each
chunk sums for itself, in memory of the caller's; these sums are added in the order of the chunks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rosesim.ad.program import ir
from rosesim.ad.program.ir import BoolT, Call, Let, Loop, Scalar, Ty, Var, nbytes
from rosesim.codegen.artifact import aligned
from rosesim.codegen.llvm import calls, layout, long_arrays, loops, runs
from rosesim.codegen.llvm.arrays import Arr, Value
from rosesim.codegen.llvm.region import FIRST, LAST, Region
from rosesim.codegen.passes.share_loops import MOST_CHUNKS

if TYPE_CHECKING:
    from rosesim.codegen.llvm.emit import Emitter

SUM_BYTES = 64
"""Memory for a carried sum of a chunk: the widest vector of lanes."""


def emit(e: Emitter, let: Let, loop: Loop) -> None:
    """Write a loop that is shared, and bind what it gives."""
    c, how = e.code, e.tables.planned.shared[loop]
    n, kinds = len(loop.carries), [carry.ty.scalar for carry in loop.carries]
    stacks = [e.place(v) for v in let.outs[n:]]
    mark = c.mark()
    region = Region(e.tables, c, e.tables.infos[e.func].name)
    inner = e.nested(region.code)
    refs = [v for v in ir.free_vars(loop.body) if v in how.private]
    copies = [c.alloc(f"[{how.chunks * _room(v)} x i8]", how.chunks * _room(v)) for v in refs]
    _capture(e, inner, region, loop, refs)
    for ref, copy in zip(refs, copies, strict=True):
        own = region.own(copy, _room(ref), calls.facts(ref.ty))
        inner.env[ref] = Arr(ref.ty, own)
        inner.code.clear(own, nbytes(ref.ty))
    rows = c.alloc(f"[{how.chunks * n * SUM_BYTES} x i8]", how.chunks * n * SUM_BYTES) if n else ""
    sums = region.own(rows, n * SUM_BYTES, "align 32 captures(none)") if n else ""
    outputs = [
        region.capture("ptr", to, f"noalias {calls.facts(v.ty)}") for v, to in zip(let.outs[n:], stacks, strict=True)
    ]
    zeros: list[Value] = [layout.constant(False if isinstance(s, BoolT) else 0.0, s) for s in kinds]
    if loop.lanes > 1:
        runs.write(inner, let, loop, outputs, (FIRST, LAST))
    else:
        loops.write(inner, let, loop, outputs, zeros, (FIRST, LAST))
    for k, v in enumerate(let.outs[:n]):
        inner.code.store(inner.code.at(sums, "i8", str(k * SUM_BYTES)), inner.scalar(v), v.ty.scalar)
    called = dict.fromkeys(x.expr.func for x in ir.all_lets(loop.body) if isinstance(x.expr, Call))
    region.share(runs.groups(loop), how.size, [e.tables.infos[f] for f in called], rounds=how.rounds)
    for k, (v, init) in enumerate(zip(let.outs, loop.inits, strict=False)):
        total = e.scalar(init)
        for chunk in range(how.chunks):
            part = c.load(c.at(rows, "i8", str((chunk * n + k) * SUM_BYTES)), v.ty.scalar)
            total = c.let(f"{_joining(e, v.ty.scalar)} {total}, {part}")
        e.bind(v, total)
    for ref, copy in zip(refs, copies, strict=True):
        _add_copies(e, ref, copy, how.chunks)
    for v, pointer in zip(let.outs[n:], stacks, strict=True):
        e.env[v] = Arr(v.ty, pointer)
    c.release(mark)


def _capture(e: Emitter, inner: Emitter, region: Region, loop: Loop, refs: list[Var]) -> None:
    """Bind what the loop's body reads or adds to, except for the refs that each chunk has for itself."""
    outside = [v for v in ir.free_vars(loop.body) if v is not loop.index and v not in loop.carries]
    apart = e.are_apart([v for v in outside if v.ty.ref])
    for v in outside:
        if v not in refs:
            inner.env[v] = _captured(region, v.ty, e.value(v), apart=apart or not v.ty.ref)


def _captured(region: Region, ty: Ty, value: Value, *, apart: bool) -> Value:
    """A value of outside, as the region sees it. `apart` says that nothing is written through another address."""
    kind = layout.register(ty.scalar)
    if isinstance(value, str):
        return region.capture(kind, value)
    pointer = None
    if value.pointer is not None:
        pointer = region.capture("ptr", value.pointer, f"{'noalias ' if apart else ''}{calls.facts(value.ty)}")
    items = None if value.items is None else tuple(region.capture(kind, x) for x in value.items)
    uniform = None if value.uniform is None else region.capture(kind, value.uniform)
    return Arr(value.ty, pointer, items, uniform)


def _room(ref: Var) -> int:
    return aligned(nbytes(ref.ty))


def _joining(e: Emitter, s: Scalar) -> str:
    """The instruction that adds two terms."""
    return f"or {layout.register(s)}" if isinstance(s, BoolT) else f"fadd {e.tables.flags}{layout.register(s)}"


def _add_copies(e: Emitter, ref: Var, copies: str, chunks: int) -> None:
    """Add all chunks' sums to a ref. Where they are many, threads share that, too."""
    s, n, room = ref.ty.scalar, ref.ty.size, _room(ref)
    kind, to = layout.memory(s), e.array(ref).address()
    region = Region(e.tables, e.code, e.tables.infos[e.func].name) if long_arrays.is_long(e, chunks * room) else None
    c, first, last = e.code, "0", str(n)
    if region is not None:
        c, first, last = region.code, FIRST, LAST
        to, copies = region.capture("ptr", to, "noalias"), region.capture("ptr", copies, "noalias")
    starts = [c.at(copies, "i8", str(k * room)) for k in range(chunks)]
    with c.loop(last, first) as i:
        place = c.at(to, kind, i)
        total = c.load(place, s)
        for start in starts:
            total = c.let(f"{_joining(e, s)} {total}, {c.load(c.at(start, kind, i), s)}")
        c.store(place, total, s)
    if region is not None:
        region.share(n, -(-n // MOST_CHUNKS), [])
