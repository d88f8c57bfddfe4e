"""The text of one LLVM function while it is being written, and the memory of its frame."""

from __future__ import annotations

from dataclasses import dataclass

from rosesim.ad.program.ir import BoolT
from rosesim.codegen.artifact import aligned
from rosesim.codegen.llvm import layout
from rosesim.codegen.target import StackLimits

LARGE, STAGGER = 1 << 14, 576
"""Bytes from which on a buffer is followed by so many more: arrays of a power of two bytes would otherwise lie
at like places of the first cache, and what is read and written in step would drive each other out."""


NO_STACK = StackLimits(0, 0)
"""Of a function that takes no buffer."""


@dataclass(slots=True)
class WorkspaceUse:
    """Which part of a function's workspace is in use: all below `top` but for the holes (offset, size)."""

    top: int
    holes: list[tuple[int, int]]

    def take(self, size: int) -> int:
        """The offset of a new buffer."""
        fitting = [h for h in self.holes if h[1] >= size]
        if not fitting:
            self.top += size
            return self.top - size
        offset, room = min(fitting, key=lambda h: h[1])
        self.holes.remove((offset, room))
        if room > size:
            self.holes.append((offset + size, room - size))
        return offset

    def give(self, offset: int, size: int) -> None:
        """A buffer back; neighbouring holes become one."""
        self.holes.append((offset, size))
        merged: list[tuple[int, int]] = []
        for start, room in sorted(self.holes):
            if merged and sum(merged[-1]) == start:
                merged[-1] = (merged[-1][0], merged[-1][1] + room)
            else:
                merged.append((start, room))
        if sum(merged[-1]) == self.top:
            self.top = merged.pop()[0]
        self.holes = merged


class Code:
    """Lines of a function body, with fresh names and the label of the block being written."""

    def __init__(self, stack_below: int, limits: StackLimits = NO_STACK):
        self.lines: list[str] = []
        self.prologue: list[str] = []
        self.label = "entry"
        self._names = 0
        self._stack = stack_below
        self._limits = limits
        self.stack_bytes = 0
        self._in_use = WorkspaceUse(0, [])
        self._frames: dict[str, tuple[int, int]] = {}
        self.frame_bytes = 0
        self.failures: list[tuple[str, str]] = []
        self._row = ""
        self.group = ""
        """Metadata for loads and stores that are independent of those of other iterations (see `loops`)."""

    # -------------------------------------------------------------------------------- text

    def fresh(self, prefix: str = "t") -> str:
        """A name that no other value or label of the function has."""
        self._names += 1
        return f"{prefix}{self._names}"

    def put(self, line: str) -> None:
        """Append an instruction without a result."""
        self.lines.append("  " + line)

    def let(self, text: str) -> str:
        """Append an instruction and give the name of its result."""
        name = "%" + self.fresh()
        self.lines.append(f"  {name} = {text}")
        return name

    def reserve(self) -> int:
        """A line to be written later, with `fill`."""
        self.lines.append("")
        return len(self.lines) - 1

    def fill(self, slot: int, text: str) -> None:
        """Write a reserved line."""
        self.lines[slot] = text

    def open(self, label: str) -> None:
        """Begin a basic block."""
        self.lines.append(f"{label}:")
        self.label = label

    def jump(self, label: str) -> None:
        """End the block by going to another."""
        self.put(f"br label %{label}")

    def branch(self, p: str, then: str, orelse: str, note: str = "") -> None:
        """End the block by going to one of two others."""
        self.put(f"br i1 {p}, label %{then}, label %{orelse}{note}")

    def fail_if(self, bad: str, status: str) -> None:
        """Leave the function with a status where `bad`."""
        on = self.fresh("on")
        self.failures.append((status, self.label))
        self.branch(bad, "fail", on, ", !prof !0")
        self.open(on)

    # ------------------------------------------------------------------------------ memory

    def row(self, n: int) -> str:
        """The function's row of n slots of 8 bytes, on the stack: one for all that need it in passing."""
        if not self._row:
            self._row = "%" + self.fresh("b")
            self.stack_bytes += aligned(8 * n)
            self.prologue.append(f"  {self._row} = alloca [{n} x i64], align 16")
        return self._row

    def alloc(self, kind: str, size: int) -> str:
        """A buffer of `size` bytes for an LLVM type, valid until it is freed or the region that is open ends."""
        name = "%" + self.fresh("b")
        # Every buffer takes at least its cache line in the sum: the sum bounds the stack, alignment and all.
        total = self._stack + self.stack_bytes + aligned(size)
        if size <= self._limits.buffer_bytes and total <= self._limits.total_bytes:
            self.stack_bytes += aligned(size)
            # 32 and not 64: beyond the ABI's alignment a function needs a frame pointer.
            self.prologue.append(f"  {name} = alloca {kind}, align {32 if size >= 32 else 16}")
        else:
            room = aligned(size) + (STAGGER if size >= LARGE else 0)
            offset = self._in_use.take(room)
            self._frames[name] = (offset, room)
            self.prologue.append(f"  {name} = getelementptr inbounds i8, ptr %ws, i64 {offset}")
            self.frame_bytes = max(self.frame_bytes, self._in_use.top)
        return name

    def free(self, name: str) -> None:
        """Let others have a buffer of this region, if it lies in the workspace."""
        if name in self._frames:
            self._in_use.give(*self._frames.pop(name))

    def mark(self) -> WorkspaceUse:
        """Open a region; its buffers are free again after `release`."""
        return WorkspaceUse(self._in_use.top, list(self._in_use.holes))

    def release(self, mark: WorkspaceUse) -> None:
        """End the region that `mark` opened."""
        self._in_use = mark

    def copy(self, to: str, source: str, size: int | str, *, overlap: bool = False) -> None:
        """Copy bytes."""
        if size != 0:
            name = "memmove" if overlap else "memcpy"
            self.put(f"call void @llvm.{name}.p0.p0.i64(ptr {to}, ptr {source}, i64 {size}, i1 false)")

    def clear(self, to: str, size: int | str) -> None:
        """Set bytes to zero."""
        if size != 0:
            self.put(f"call void @llvm.memset.p0.i64(ptr {to}, i8 0, i64 {size}, i1 false)")

    def at(self, pointer: str, kind: str, *indices: str) -> str:
        """The address of an element of an array of arrays."""
        where = ", ".join(f"i64 {i}" for i in indices)
        return self.let(f"getelementptr inbounds nuw {kind}, ptr {pointer}, {where}")

    # ------------------------------------------------------------------- scalars in memory

    def load(self, pointer: str, s: layout.Scalar) -> str:
        """A scalar of an array, in a register."""
        raw = self.let(f"load {layout.memory(s)}, ptr {pointer}, align {layout.alignment(s)}{self.group}")
        kind, register = layout.memory(s), layout.register(s)
        if kind == register:
            return raw
        if isinstance(s, BoolT):
            # Not a truncation: a foreign bool array may hold bytes other than 0 and 1.
            return self.let(f"icmp ne {kind} {raw}, {'0' if s.lanes == 1 else 'zeroinitializer'}")
        return self.let(f"zext {kind} {raw} to {register}")

    def store(self, pointer: str, value: str, s: layout.Scalar) -> None:
        """Write a register into an array."""
        kind, register = layout.memory(s), layout.register(s)
        if kind != register:
            change = "zext" if isinstance(s, BoolT) else "trunc"
            value = self.let(f"{change} {register} {value} to {kind}")
        self.put(f"store {kind} {value}, ptr {pointer}, align {layout.alignment(s)}{self.group}")

    def loop(self, n: int | str, first: str = "0") -> CountedLoop:
        """A counted loop written by hand: `with code.loop(n) as i:`, from `first` to below n."""
        return CountedLoop(self, n, first)


class CountedLoop:
    """for i in first .. n - 1, with nothing carried."""

    def __init__(self, code: Code, n: int | str, first: str):
        self.code, self.n, self.first = code, n, first

    def __enter__(self) -> str:
        c = self.code
        self.head, self.body, self.exit = c.fresh("head"), c.fresh("body"), c.fresh("exit")
        before = c.label
        c.jump(self.head)
        c.open(self.head)
        self.i = "%" + c.fresh("i")
        self.next = "%" + c.fresh("i")
        self.slot = c.reserve()
        self.before = before
        c.branch(c.let(f"icmp ult i64 {self.i}, {self.n}"), self.body, self.exit)
        c.open(self.body)
        return self.i

    def __exit__(self, *_: object) -> None:
        c = self.code
        c.put(f"{self.next} = add nuw nsw i64 {self.i}, 1")
        c.fill(self.slot, f"  {self.i} = phi i64 [ {self.first}, %{self.before} ], [ {self.next}, %{c.label} ]")
        c.jump(self.head)
        c.open(self.exit)
