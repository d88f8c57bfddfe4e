"""Long arrays that are written or added as a whole: threads share them, as they share loops.

A grid of 256 x 256 cells of nine numbers takes half a millisecond to copy, as long as a step of what is computed
with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rosesim.ad.program.ir import Ty, nbytes
from rosesim.codegen.llvm import arrays, layout
from rosesim.codegen.llvm.arrays import Arr, Value
from rosesim.codegen.llvm.region import FIRST, LAST, Region
from rosesim.codegen.passes.share_loops import MOST_CHUNKS

if TYPE_CHECKING:
    from rosesim.codegen.llvm.emit import Emitter

LEAST_BYTES, PAGE_BYTES = 1 << 20, 1 << 12
"""Bytes that take about 50 microseconds to write, and those that one thread writes at once, at least."""


def write(e: Emitter, x: Value, to: str, ty: Ty) -> None:
    """Write a value of a type to memory: by many threads if it is a long array that is zero, or lies in memory."""
    size = nbytes(ty)
    source = x.pointer if isinstance(x, Arr) and x.items is None and x.uniform is None else None
    if not is_long(e, size) or source == to or not (source or arrays.is_zero(x, ty)):
        arrays.write(e.code, x, to, ty)
        return
    region = Region(e.tables, e.code, e.tables.infos[e.func].name)
    c = region.code
    start = c.let(f"mul nuw nsw i64 {FIRST}, {PAGE_BYTES}")
    length = c.let(f"mul nuw nsw i64 {c.let(f'sub nuw nsw i64 {LAST}, {FIRST}')}, {PAGE_BYTES}")
    part = c.at(region.capture("ptr", to, "noalias"), "i8", start)
    whole = size // PAGE_BYTES
    rest = e.code.at(to, "i8", str(whole * PAGE_BYTES))
    if source:
        c.copy(part, c.at(region.capture("ptr", source, "noalias"), "i8", start), length)
        e.code.copy(rest, e.code.at(source, "i8", str(whole * PAGE_BYTES)), size % PAGE_BYTES)
    else:
        c.clear(part, length)
        e.code.clear(rest, size % PAGE_BYTES)
    region.share(whole, -(-whole // MOST_CHUNKS), [])


def add(e: Emitter, to: str, ty: Ty, v: Value) -> None:
    """to += v: by many threads if v is a long array in memory."""
    if isinstance(v, str) or not is_long(e, nbytes(ty)) or v.items is not None or v.uniform is not None:
        arrays.add(e.code, e.tables.flags, to, ty, v)
        return
    region = Region(e.tables, e.code, e.tables.infos[e.func].name)
    c, kind = region.code, layout.memory(ty.scalar)
    place, source = region.capture("ptr", to, "noalias"), region.capture("ptr", v.address(), "noalias")
    with c.loop(LAST, FIRST) as i:
        arrays.add(c, e.tables.flags, c.at(place, kind, i), Ty(ty.scalar), arrays.element(c, Arr(v.ty, source), i))
    region.share(ty.size, -(-ty.size // MOST_CHUNKS), [])


def is_long(e: Emitter, size: int) -> bool:
    """Whether threads share what is done to so many bytes: not where they share what is around it already."""
    return e.tables.planned.shares and not e.is_part and size >= LEAST_BYTES
