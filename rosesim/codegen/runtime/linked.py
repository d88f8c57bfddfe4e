"""Calls from one compiled program to another, by its address: programs that are compiled apart and meet at run time.

A program that calls many others need not be compiled again for each set of them. It calls one opaque function, whose
first argument is the address of a record of the program to run; the rest are that program's arguments. `dispatcher`
is the machine code of this function. A program that is called like this holds no loop that polls for interrupts, and
shares nothing among threads (`obstacles`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.codegen.artifact import LINE, Artifact
from rosesim.codegen.llvm import engine

STACK_BYTES = 2**18
"""The largest workspace that lies on the stack. A larger one is allocated for each call."""

_TEXT = f"""
define i32 @rosesim_dispatch(ptr %in, ptr %out) {{
  %stack = alloca [{STACK_BYTES} x i8], align {LINE}
  %record = load ptr, ptr %in
  %program = load ptr, ptr %record
  %second = getelementptr i64, ptr %record, i64 1
  %bytes = load i64, ptr %second
  %rest = getelementptr i64, ptr %in, i64 1
  %large = icmp ugt i64 %bytes, {STACK_BYTES}
  br i1 %large, label %allocate, label %run
allocate:
  %whole = add i64 %bytes, {LINE}
  %memory = call ptr @malloc(i64 %whole)
  %none = icmp eq ptr %memory, null
  br i1 %none, label %fail, label %align
fail:
  ret i32 0
align:
  %begin = ptrtoint ptr %memory to i64
  %past = add i64 %begin, {LINE - 1}
  %aligned = and i64 %past, -{LINE}
  %heap = inttoptr i64 %aligned to ptr
  %heap.status = call i32 %program(ptr %rest, ptr %out, ptr %heap)
  call void @free(ptr %memory)
  br label %end
run:
  %stack.status = call i32 %program(ptr %rest, ptr %out, ptr %stack)
  br label %end
end:
  %status = phi i32 [ %heap.status, %align ], [ %stack.status, %run ]
  %done = icmp eq i32 %status, 0
  %answer = zext i1 %done to i32
  ret i32 %answer
}}
declare ptr @malloc(i64)
declare void @free(ptr)
"""
_lock = threading.Lock()
_kept: list[engine.Loaded] = []


def dispatcher() -> int:
    """The address of the C function by which a program calls another, whose address is its first argument."""
    with _lock:
        if not _kept:
            _kept.append(engine.load([engine.code_here(_TEXT)], "rosesim_dispatch", {}))
        return _kept[0].address


def obstacles(artifact: Artifact) -> str:
    """Why a program cannot be called through `dispatcher`; empty if it can."""
    apart = [name for name in ("direct", "polls", "shares", "reports", "groups", "opaques", "data", "failures")
             if getattr(artifact, name)]  # fmt: skip
    return ", ".join(apart)


@dataclass(frozen=True, slots=True)
class Linked:
    """A program that can be called by address."""

    record: np.ndarray[Any, Any]
    """The entry's address, and the bytes of its workspace."""
    held: Any
    """What must live as long as the program is called."""

    @property
    def address(self) -> int:
        """What the dispatcher takes."""
        return self.record.ctypes.data


def load(codes: Sequence[bytes], entry: str, workspace_bytes: int) -> Linked:
    """A program from its code. It can be called as long as the result lives."""
    loaded = engine.load(codes, entry, {})
    return Linked(np.array([loaded.address, workspace_bytes], np.int64), loaded.tracker)
