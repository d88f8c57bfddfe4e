"""Calls from one compiled program to another, by its address: programs that are compiled apart and meet at run time.

A program that calls many others need not be compiled again for each set of them. It calls one opaque function, whose
first argument is the address of the program to run; the rest are that program's arguments. `dispatcher` is the
machine code of this function. A program that is called like this needs a small workspace at most, holds no loop that
polls for interrupts, and shares nothing among threads (`obstacles`).
"""

from __future__ import annotations

import threading
from typing import Any

from rosesim.codegen.artifact import LINE, Artifact
from rosesim.codegen.llvm import engine

WORKSPACE_BYTES = 2**18
"""The largest workspace of a program that is called by address. It lies on the stack."""

_TEXT = f"""
define i32 @rosesim_dispatch(ptr %in, ptr %out) {{
  %workspace = alloca [{WORKSPACE_BYTES} x i8], align {LINE}
  %program = load ptr, ptr %in
  %rest = getelementptr i64, ptr %in, i64 1
  %status = call i32 %program(ptr %rest, ptr %out, ptr %workspace)
  %done = icmp eq i32 %status, 0
  %answer = zext i1 %done to i32
  ret i32 %answer
}}
"""
_lock = threading.Lock()
_kept: list[engine.Loaded] = []


def dispatcher() -> int:
    """The address of the C function by which a program calls another, whose address is its first argument."""
    with _lock:
        if not _kept:
            _kept.append(engine.load(engine.code_here(_TEXT), "rosesim_dispatch", {}))
        return _kept[0].address


def obstacles(artifact: Artifact) -> str:
    """Why a program cannot be called through `dispatcher`; empty if it can."""
    apart = [name for name in ("direct", "polls", "shares", "reports", "groups", "opaques", "data", "failures")
             if getattr(artifact, name)]  # fmt: skip
    if artifact.workspace_bytes > WORKSPACE_BYTES:
        apart.append(f"a workspace of {artifact.workspace_bytes} bytes")
    return ", ".join(apart)


def load(code: bytes, entry: str) -> tuple[int, Any]:
    """The address of a program's entry, and what must live as long as it is called."""
    loaded = engine.load(code, entry, {})
    return loaded.address, loaded.tracker
