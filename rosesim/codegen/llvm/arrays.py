"""Array values in machine code: in memory, or as the scalars that they consist of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.ad.program.ir import BoolT, IntT, Ty, nbytes
from rosesim.codegen.llvm import layout
from rosesim.codegen.llvm.code import Code
from rosesim.codegen.passes.buffers import SHORT


@dataclass(frozen=True, slots=True)
class Arr:
    """An array value. At least one of these is known: its address, its scalars in order, the scalar that fills it."""

    ty: Ty
    pointer: str | None = None
    items: tuple[str, ...] | None = None
    uniform: str | None = None

    def address(self) -> str:
        """Its address in memory."""
        assert self.pointer is not None, "the array has no memory: buffers.analyse and emit disagree"
        return self.pointer


Value = str | Arr
"""A scalar's register or constant, or an array."""


def scalars(c: Code, x: Arr) -> tuple[str, ...]:
    """The elements of a short array, in order."""
    if x.items is not None:
        return x.items
    if x.uniform is not None:
        return (x.uniform,) * x.ty.size
    return tuple(element(c, x, str(k)) for k in range(x.ty.size))


def element(c: Code, x: Arr, k: str) -> str:
    """The element at a flat position. If the position is not a constant, the array must be in memory."""
    if x.uniform is not None:
        return x.uniform
    if x.items is not None and k.isdigit():
        return x.items[int(k)]
    return c.load(c.at(x.address(), layout.memory(x.ty.scalar), k), x.ty.scalar)


def place_of(c: Code, pointer: str, ty: Ty, idx: Sequence[str]) -> str:
    """The address of the element or sub-array at `idx` of an array at `pointer`."""
    return c.at(pointer, layout.aggregate(ty), "0", *idx) if idx else pointer


def get(c: Code, x: Arr, idx: Sequence[str]) -> Value:
    """The element or sub-array at `idx`."""
    ty = x.ty.at(len(idx))
    if x.uniform is not None:
        return Arr(ty, uniform=x.uniform) if ty.shape else x.uniform
    if x.items is not None and all(i.isdigit() for i in idx):
        start = flat(x.ty, [int(i) for i in idx])
        return Arr(ty, items=x.items[start : start + ty.size]) if ty.shape else x.items[start]
    where = place_of(c, x.address(), x.ty, idx)
    return Arr(ty, where) if ty.shape else c.load(where, ty.scalar)


def flat(ty: Ty, idx: Sequence[int]) -> int:
    """The flat position at which the sub-array at `idx` begins."""
    at = 0
    for i, d in zip(idx, ty.shape, strict=False):
        at = at * d + i
    return at * ty.at(len(idx)).size


def write(c: Code, x: Value, to: str, ty: Ty, *, overlap: bool = False) -> None:
    """Write a value of a type to memory. `overlap` says that an array may already lie there."""
    if isinstance(x, str):
        c.store(to, x, ty.scalar)
    elif x.items is not None and ty.size <= SHORT:
        for k, item in enumerate(x.items):
            c.store(c.at(to, layout.memory(ty.scalar), str(k)), item, ty.scalar)
    elif x.uniform is not None:
        _fill(c, x.uniform, to, ty)
    elif x.address() != to:
        c.copy(to, x.address(), nbytes(ty), overlap=overlap)


def is_zero(x: Value, ty: Ty) -> bool:
    """Whether all bytes of an array are known to be zero."""
    return isinstance(x, Arr) and x.uniform is not None and layout.is_zero_bits(x.uniform, ty.scalar)


def _fill(c: Code, value: str, to: str, ty: Ty) -> None:
    kind = layout.memory(ty.scalar)
    if layout.is_zero_bits(value, ty.scalar):
        c.clear(to, nbytes(ty))
    elif ty.size <= SHORT:
        for k in range(ty.size):
            c.store(c.at(to, kind, str(k)), value, ty.scalar)
    else:
        with c.loop(ty.size) as i:
            c.store(c.at(to, kind, i), value, ty.scalar)


def add(c: Code, flags: str, to: str, ty: Ty, v: Value) -> None:
    """to += v, or to |= v for booleans."""
    if isinstance(v, str):
        _add_scalar(c, flags, to, ty, v)
        return
    kind = layout.memory(ty.scalar)
    if ty.size <= SHORT // 2 or v.items is not None:
        for k, item in enumerate(scalars(c, v)):
            _add_scalar(c, flags, c.at(to, kind, str(k)), Ty(ty.scalar), item)
    else:
        with c.loop(ty.size) as i:
            _add_scalar(c, flags, c.at(to, kind, i), Ty(ty.scalar), element(c, v, i))


def _add_scalar(c: Code, flags: str, to: str, ty: Ty, v: str) -> None:
    old, kind = c.load(to, ty.scalar), layout.register(ty.scalar)
    match ty.scalar:
        case BoolT():
            new = c.let(f"or {kind} {old}, {v}")
        case IntT():
            new = c.let(f"add {kind} {old}, {v}")
        case _:
            new = c.let(f"fadd {flags}{kind} {old}, {v}")
    c.store(to, new, ty.scalar)
