"""What differs between lanes: indices that each lane has for itself, and arrays that are read and written at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rosesim.ad.program.ir import Atom, Scalar, Ty
from rosesim.codegen.llvm import arrays, layout
from rosesim.codegen.llvm.arrays import Arr, Value
from rosesim.codegen.llvm.code import Code


def is_wide(atoms: Sequence[Atom]) -> bool:
    """Whether some atom has a value for each lane."""
    return any(a.ty.scalar.lanes > 1 for a in atoms)


def splat(c: Code, value: str, s: Scalar) -> str:
    """A vector of type `s` with the same value in every lane."""
    kind, wide = layout.register(layout.one_lane(s)), layout.register(s)
    one = c.let(f"insertelement {wide} poison, {kind} {value}, i64 0")
    return c.let(f"shufflevector {wide} {one}, {wide} poison, <{s.lanes} x i32> zeroinitializer")


def pick(c: Code, value: str, s: Scalar, lane: int) -> str:
    """The value of one lane."""
    return value if s.lanes == 1 else c.let(f"extractelement {layout.register(s)} {value}, i64 {lane}")


def joined(c: Code, s: Scalar, one: Callable[[int], str]) -> str:
    """The vector whose lanes are one(0), one(1), ..."""
    kind, wide = layout.register(layout.one_lane(s)), layout.register(s)
    made = "poison"
    for lane in range(s.lanes):
        made = c.let(f"insertelement {wide} {made}, {kind} {one(lane)}, i64 {lane}")
    return made


def place(c: Code, pointer: str, ty: Ty, idx: Sequence[tuple[str, Scalar]], lane: int) -> str:
    """The address of a lane's number in an array: at the lane's own indices, in the lane's own column."""
    at = [pick(c, text, s, lane) for text, s in idx]
    column = [str(lane)] if ty.scalar.lanes > 1 else []
    return c.at(pointer, layout.aggregate(ty), "0", *at, *column)


def get(c: Code, x: Arr, idx: Sequence[tuple[str, Scalar]], out: Scalar) -> str:
    """For each lane, the number at its own indices. Each lane has an array of its own, or all lanes share one."""
    one = layout.one_lane(out)
    return joined(c, out, lambda lane: c.load(place(c, x.address(), x.ty, idx, lane), one))


def put(c: Code, to: str, ty: Ty, idx: Sequence[tuple[str, Scalar]], v: str) -> None:
    """Replace, in each lane's own array, the number at its own indices."""
    one = layout.one_lane(ty.scalar)
    for lane in range(ty.scalar.lanes):
        c.store(place(c, to, ty, idx, lane), pick(c, v, ty.scalar, lane), one)


def add(c: Code, flags: str, to: str, ty: Ty, idx: Sequence[tuple[str, Scalar]], v: str) -> None:
    """Add to the number at each lane's own indices, in its own array."""
    one = Ty(layout.one_lane(ty.scalar))
    for lane in range(ty.scalar.lanes):
        arrays.add(c, flags, place(c, to, ty, idx, lane), one, pick(c, v, ty.scalar, lane))


def separated(c: Code, value: Value, ty: Ty, to: Callable[[int], str]) -> None:
    """Write the value of each lane, an array or a number of one of the program's types, to a place of its own."""
    lanes = ty.scalar.lanes
    s = layout.one_lane(ty.scalar)
    if isinstance(value, str):
        for lane in range(lanes):
            c.store(to(lane), pick(c, value, ty.scalar, lane), s)
        return
    kind = layout.memory(s)
    places = [to(lane) for lane in range(lanes)]

    def one(k: str) -> None:
        whole = arrays.element(c, value, k)
        for lane in range(lanes):
            c.store(c.at(places[lane], kind, k), pick(c, whole, ty.scalar, lane), s)

    if value.items is not None:
        for k in range(ty.size):
            one(str(k))
    else:
        with c.loop(ty.size) as i:
            one(i)
