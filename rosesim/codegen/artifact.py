"""What a backend produces: a program in the form that its target runs, and the facts that a runtime needs.

It is plain data and knows no backend. `codegen.runtime` loads it into this process; a web page or another machine's
driver would load it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from rosesim.ad.program.ir import Func, Ty, Where

OPAQUE_RAISED, INTERRUPTED = -1, -2
"""Statuses that an entry returns, besides 0 (success) and k > 0 (failure number k - 1)."""

LINE = 64
"""The address of a workspace is a multiple of this: a cache line, in bytes."""

REPORT, MOST_REPORTED = "rosesim_report", 8
"""The function by which a failing guard reports its numbers, and the most numbers that it may report."""


def aligned(n: int) -> int:
    """n rounded up to a multiple of a cache line."""
    return (n + LINE - 1) // LINE * LINE


def packed(codes: Sequence[bytes]) -> bytes:
    """Several files of code as one, to keep them.

    >>> unpacked(packed([b"one", b"", b"three"]))
    [b'one', b'', b'three']
    """
    sizes = [len(codes), *map(len, codes)]
    return b"".join([*(n.to_bytes(8, "little") for n in sizes), *codes])


def unpacked(code: bytes) -> list[bytes]:
    """The files that `packed` took."""
    count = int.from_bytes(code[:8], "little")
    ends = [8 * (count + 1)]
    for k in range(1, count + 1):
        ends.append(ends[-1] + int.from_bytes(code[8 * k : 8 * k + 8], "little"))
    return [code[a:b] for a, b in pairwise(ends)]


@dataclass(frozen=True, slots=True)
class Failure:
    """The message of a guard, and its line."""

    message: str
    where: Where | None
    values: tuple[Ty, ...] = ()
    """The types of the numbers that fill the message's template."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A program as its target runs it.

    The entry takes a row of 8-byte slots with the arguments and the addresses of array results, a row for scalar
    results, and a workspace. It returns a status (`slots`, `codegen.llvm.entry`). A `direct` entry is a function of
    doubles instead.
    """

    func: Func
    """The program after all passes. Its parameters and results are those of the entry."""
    entry: str
    """The entry's name in the code."""
    text: str = ""
    """The program as the backend wrote it. People read it, and the cache is keyed by it."""
    code: Sequence[bytes] = ()
    """What the target loads: object files that are linked with each other, or one file of assembly."""
    failures: Sequence[Failure] = ()
    workspace_bytes: int = 0
    """Memory that a call needs besides arguments and results; on a grid, each thread needs as much."""
    stack_bytes: int = 0
    """An upper bound of the stack that a call uses."""
    groups: int = 0
    """The groups of runs that callers distribute, or for which a grid has threads. 0 if the entry runs them all."""
    direct: bool = False
    """Whether the entry takes arguments and returns its result as a C function of doubles."""
    data: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict[str, "np.ndarray[Any, Any]"])
    """Captured arrays, by the names that the loader binds to their addresses."""
    opaques: Sequence[Func] = ()
    """The Python functions that the code calls as `opaque0`, `opaque1`, ..."""
    polls: bool = False
    """Whether loops poll for an interrupt."""
    shares: bool = False
    """Whether threads share loops within one run."""
    reports: bool = False
    """Whether a guard reports numbers."""
    effort: str = "all"
    """How much LLVM does with the text: one of `planned.Effort`."""
