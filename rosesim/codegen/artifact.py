"""What a backend hands over: a program in the form in which its target runs it, and what a runtime must know of it.

Plain data, which knows of no backend: `codegen.runtime` loads it into this process, a page or a driver of another
machine would load it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rosesim.ad.program.ir import Func, Ty, Where

OPAQUE_RAISED, INTERRUPTED = -1, -2
"""Statuses that an entry returns besides 0 (fine) and k > 0 (failure number k - 1)."""

LINE = 64
"""What the address of a workspace is a multiple of: a cache line."""

REPORT, MOST_REPORTED = "rosesim_report", 8
"""The function by which a failing guard reports its numbers, and how many it may report at most."""


def aligned(n: int) -> int:
    """n rounded up to a multiple of a cache line."""
    return (n + LINE - 1) // LINE * LINE


@dataclass(frozen=True, slots=True)
class Failure:
    """What a guard says, and where."""

    message: str
    where: Where | None
    values: tuple[Ty, ...] = ()
    """The types of the numbers that the message is a template for."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A program as its target runs it.

    The entry takes a row of 8-byte slots with arguments and places of array results, a row for scalar results,
    a workspace, and returns a status (`slots`, `codegen.llvm.entry`); where it is `direct`, it is a function of
    doubles.
    """

    func: Func
    """What was written in the end; its parameters and results are those of the entry."""
    entry: str
    """The entry's name in the code."""
    text: str = ""
    """The program as the backend wrote it, for a person and for the cache."""
    code: bytes = b""
    """What the target loads: an object file, or assembly."""
    failures: Sequence[Failure] = ()
    workspace_bytes: int = 0
    """Memory that a call takes besides arguments and results; of a grid, each thread."""
    stack_bytes: int = 0
    """A bound of the stack that a call takes."""
    groups: int = 0
    """How many groups of runs the entry is told to do some of, or a grid has threads for; 0 where it does all."""
    direct: bool = False
    """Whether the entry takes its arguments, and returns its result, as a C function of doubles does."""
    data: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict[str, "np.ndarray[Any, Any]"])
    """Captured arrays that the code names and the loader binds."""
    opaques: Sequence[Func] = ()
    """The functions that the code calls back, as `opaque0`, `opaque1`, ..."""
    polls: bool = False
    """Whether loops look for an interrupt."""
    reports: bool = False
    """Whether a guard reports numbers."""
    straight: bool = False
    """Whether the straight-line vectoriser was worth its time."""
