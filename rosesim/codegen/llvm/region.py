"""A region: a part of a function that threads share, as a function of its own over a range of units.

The function takes what it reads from outside, each value once, and the range. A second function, of the same type for
all regions, takes a *context*, a record on the caller's stack in which these values lie, and the number of a chunk.
`rosesim_share` calls it for all chunks, on one thread or on several (`codegen.runtime.workers`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rosesim.codegen.artifact import aligned
from rosesim.codegen.llvm.code import Code
from rosesim.codegen.llvm.tables import FuncInfo, ModuleTables

DECLARED = ("declare i32 @rosesim_share(ptr, ptr, i64, i64, i1)", "@rosesim_threads = external global i64")

FIRST, LAST = "%first", "%last"
"""The units that a call of the function does: from FIRST to below LAST."""

MOST_FRAMES, FRAMES_BYTES = 64, 1 << 26
"""Threads that may share a region, and the bytes of which each has a part for what the function keeps. What no thread
uses is reserved, but never touched."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A value that the function gets, and what LLVM is told of it."""

    kind: str
    register: str
    name: str
    facts: str


class Region:
    """A region that is being written: its lines go to `code`, what it reads is captured."""

    def __init__(self, tables: ModuleTables, outside: Code, name: str):
        self.tables, self.outside = tables, outside
        self._number = len(tables.regions)
        tables.regions.append("")
        self.name = f"{name}_part{self._number}"
        self.code = Code(outside.stack_in_use, tables.target.stack)
        self._captured: dict[str, _Given] = {}
        self._own: list[tuple[_Given, int]] = []

    def capture(self, kind: str, register: str, facts: str = "") -> str:
        """The name within the function of a register of outside. Constants keep theirs."""
        if not register.startswith("%"):
            return register
        if register not in self._captured:
            self._captured[register] = _Given(kind, register, f"%c{len(self._captured)}", facts)
        return self._captured[register].name

    def own(self, register: str, room: int, facts: str = "") -> str:
        """The address of this chunk's part of memory of outside, in which each has so many bytes."""
        name = f"%own{len(self._own)}"
        self._own.append((_Given("ptr", register, name, f"noalias {facts}"), room))
        return name

    def share(self, units: int, size: int, below: Iterable[FuncInfo], *, rounds: int = 1) -> None:
        """End the function, which calls those `below`, and have so many units done in chunks of a size.

        In two rounds, chunks 0, 2, 4, ... come first, and the others after them. If the function fails, so does the
        one outside.
        """
        below, code = list(below), self.code
        returned = "i32" if code.failures else "void"
        code.put("ret i32 0" if code.failures else "ret void")
        if code.failures:
            sources = ", ".join(f"[ {status}, %{label} ]" for status, label in code.failures)
            code.open("fail")
            code.put(f"ret i32 {code.let(f'phi i32 {sources}')}")
        frame = aligned(code.frame_bytes + max((b.frame_bytes for b in below), default=0))
        # 512 bytes for what LLVM alone knows of both functions.
        self.outside.reach(code.stack_bytes + 512 + max((b.stack_bytes for b in below), default=0))
        given = [*self._captured.values(), *(g for g, _ in self._own)]
        params = [*(f"{g.kind} {g.facts} {g.name}" for g in given), f"i64 {FIRST}", f"i64 {LAST}"]
        prologue = code.prologue
        if frame:
            params.append("ptr noalias %ws")
            prologue = [*prologue, f"  %callee.ws = getelementptr inbounds i8, ptr %ws, i64 {code.frame_bytes}"]
        head = f"define internal fastcc {returned} @{self.name}({', '.join(params)}) #0 {{"
        texts = ["\n".join([head, "entry:", *prologue, *code.lines, "}"])]
        chunks = -(-units // size)
        kinds = [*(g.kind for g in given), *(["ptr"] if frame else [])]
        record = "{ " + ", ".join(kinds) + " }"
        frames = min(MOST_FRAMES, chunks, max(1, FRAMES_BYTES // frame)) if frame else chunks
        context = self._context(record, given, frame * frames)
        for k in range(rounds):
            texts.append(self._from_context(k, rounds, units, size, record, kinds, frame, returned))
            self._call(k, context, len(range(k, chunks, rounds)), frames, returned)
        self.tables.regions[self._number] = "\n".join(texts)

    def _context(self, record: str, given: list[_Given], frames_bytes: int) -> str:
        """The context, filled."""
        c = self.outside
        values = [(g.kind, g.register) for g in given]
        if frames_bytes:
            values.append(("ptr", c.alloc(f"[{frames_bytes} x i8]", frames_bytes)))
        context = c.record(record, 64 * max(1, len(values)))
        for k, (kind, value) in enumerate(values):
            at = c.let(f"getelementptr inbounds {record}, ptr {context}, i64 0, i32 {k}")
            c.put(f"store {kind} {value}, ptr {at}")
        return context

    def _call(self, k: int, context: str, chunks: int, frames: int, returned: str) -> None:
        """The call that has the chunks of a round run, at the end of what is written outside."""
        c = self.outside
        threads = c.let("load i64, ptr @rosesim_threads")
        if frames < chunks:
            threads = c.let(f"call i64 @llvm.smin.i64(i64 {threads}, i64 {frames})")
        polls = "true" if self.tables.planned.polled and returned == "i32" else "false"
        run = f"ptr @{self.name}_chunk{k}, ptr {context}, i64 {chunks}, i64 {threads}, i1 {polls}"
        status = c.let(f"call i32 @rosesim_share({run})")
        if returned == "i32":
            c.fail_if(c.let(f"icmp ne i32 {status}, 0"), status)

    def _from_context(
        self, k: int, rounds: int, units: int, size: int, record: str, kinds: list[str], frame: int, returned: str
    ) -> str:
        """The function that runs a chunk: it reads the context, and finds what is this chunk's or this thread's."""
        c = Code(0)
        values: list[str] = []
        for j, kind in enumerate(kinds):
            at = c.let(f"getelementptr inbounds {record}, ptr %context, i64 0, i32 {j}")
            values.append(c.let(f"load {kind}, ptr {at}"))
        number = "%chunk"
        if rounds > 1:
            number = c.let(f"add nuw nsw i64 {c.let(f'mul nuw nsw i64 %chunk, {rounds}')}, {k}")
        first = c.let(f"mul nuw nsw i64 {number}, {size}")
        end = c.let(f"add nuw nsw i64 {first}, {size}")
        last = c.let(f"call i64 @llvm.smin.i64(i64 {end}, i64 {units})")
        shared = len(self._captured)
        args = [f"{kind} {v}" for kind, v in zip(kinds[:shared], values, strict=False)]
        for (_, room), base in zip(self._own, values[shared:], strict=False):
            args.append(f"ptr {c.at(base, 'i8', c.let(f'mul nuw nsw i64 {number}, {room}'))}")
        args += [f"i64 {first}", f"i64 {last}"]
        if frame:
            args.append(f"ptr {c.at(values[-1], 'i8', c.let(f'mul nuw nsw i64 %thread, {frame}'))}")
        call = f"call fastcc {returned} @{self.name}({', '.join(args)})"
        if returned == "i32":
            c.put(f"ret i32 {c.let(call)}")
        else:
            c.put(call)
            c.put("ret i32 0")
        head = f"define internal i32 @{self.name}_chunk{k}(ptr %context, i64 %chunk, i64 %thread) #0 {{"
        return "\n".join([head, "entry:", *c.lines, "}"])
