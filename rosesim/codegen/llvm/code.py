"""The text of one LLVM function while it is written, and the memory of its frame."""

from __future__ import annotations

from dataclasses import dataclass

from rosesim.ad.program.ir import BoolT
from rosesim.codegen.artifact import aligned
from rosesim.codegen.llvm import layout
from rosesim.codegen.target import StackLimits

LARGE_BYTES, STAGGER_BYTES = 1 << 14, 576
"""A buffer of LARGE_BYTES or more is followed by a padding of STAGGER_BYTES. Without it, arrays whose size is a power
of two would map to the same places of the first-level cache, and those used together would evict each other."""


NO_STACK = StackLimits(0, 0)
"""For a function without buffers."""


@dataclass(slots=True)
class WorkspaceUse:
    """The part of a function's workspace that is in use: all below `top`, except for the holes (offset, size)."""

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
        """Take a buffer back. Neighbouring holes become one."""
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
    """The lines of a function body, with fresh names and the label of the current block."""

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
        """Metadata of loads and stores that do not depend on those of other iterations (see `loops`)."""

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
        """Reserve a line for later; `fill` writes it."""
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
        """End the block with a jump."""
        self.put(f"br label %{label}")

    def branch(self, p: str, then: str, orelse: str, note: str = "") -> None:
        """End the block with a conditional jump."""
        self.put(f"br i1 {p}, label %{then}, label %{orelse}{note}")

    def fail_if(self, bad: str, status: str) -> None:
        """Leave the function with a status if `bad`."""
        on = self.fresh("on")
        self.failures.append((status, self.label))
        self.branch(bad, "fail", on, ", !prof !0")
        self.open(on)

    # ------------------------------------------------------------------------------ memory

    def row(self, n: int) -> str:
        """The function's row of n 8-byte slots on the stack. All temporary uses share it."""
        if not self._row:
            self._row = "%" + self.fresh("b")
            self.stack_bytes += aligned(8 * n)
            self.prologue.append(f"  {self._row} = alloca [{n} x i64], align 16")
        return self._row

    @property
    def stack_in_use(self) -> int:
        """The stack of this function so far, and of those that it calls."""
        return self._stack + self.stack_bytes

    def reach(self, below: int) -> None:
        """Know of a called function that uses so much of the stack."""
        self._stack = max(self._stack, below)

    def record(self, kind: str, size: int) -> str:
        """A record on the stack, of an LLVM type that takes at most so many bytes."""
        name = "%" + self.fresh("b")
        self.stack_bytes += aligned(size)
        self.prologue.append(f"  {name} = alloca {kind}, align 32")
        return name

    def alloc(self, kind: str, size: int) -> str:
        """A buffer of `size` bytes for an LLVM type. It is valid until it is freed or the open region ends."""
        name = "%" + self.fresh("b")
        # Each buffer counts as at least one cache line, so that the sum bounds the stack including alignment.
        total = self._stack + self.stack_bytes + aligned(size)
        if size <= self._limits.buffer_bytes and total <= self._limits.total_bytes:
            self.stack_bytes += aligned(size)
            # 32 and not 64: with more than the ABI's alignment a function needs a frame pointer.
            self.prologue.append(f"  {name} = alloca {kind}, align {32 if size >= 32 else 16}")
        else:
            room = aligned(size) + (STAGGER_BYTES if size >= LARGE_BYTES else 0)
            offset = self._in_use.take(room)
            self._frames[name] = (offset, room)
            self.prologue.append(f"  {name} = getelementptr inbounds i8, ptr %ws, i64 {offset}")
            self.frame_bytes = max(self.frame_bytes, self._in_use.top)
        return name

    def free(self, name: str) -> None:
        """Make a buffer of this region available again, if it lies in the workspace."""
        if name in self._frames:
            self._in_use.give(*self._frames.pop(name))

    def mark(self) -> WorkspaceUse:
        """Open a region. `release` frees its buffers."""
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
        """Read a scalar of an array into a register."""
        raw = self.let(f"load {layout.memory(s)}, ptr {pointer}, align {layout.alignment(s)}{self.group}")
        kind, register = layout.memory(s), layout.register(s)
        if kind == register:
            return raw
        if isinstance(s, BoolT):
            # Not a truncation: a foreign boolean array may hold bytes other than 0 and 1.
            return self.let(f"icmp ne {kind} {raw}, {'0' if s.lanes == 1 else 'zeroinitializer'}")
        return self.let(f"zext {kind} {raw} to {register}")

    def store(self, pointer: str, value: str, s: layout.Scalar) -> None:
        """Write a register to an array."""
        kind, register = layout.memory(s), layout.register(s)
        if kind != register:
            change = "zext" if isinstance(s, BoolT) else "trunc"
            value = self.let(f"{change} {register} {value} to {kind}")
        self.put(f"store {kind} {value}, ptr {pointer}, align {layout.alignment(s)}{self.group}")

    def loop(self, n: int | str, first: str = "0") -> CountedLoop:
        """A counted loop written by hand: `with code.loop(n) as i:`, from `first` to below n."""
        return CountedLoop(self, n, first)


class CountedLoop:
    """for i in first .. n - 1. It carries nothing."""

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
