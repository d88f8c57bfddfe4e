"""How many runs of a batch are under way at once: what code generation does, and memory budgets reckon with."""

from __future__ import annotations

import math
import os

LANES = 4
"""Runs in lanes: 256 bits of double. Eight skip fewer branches, and a group has twice the memory: they are a tenth
faster for billiards and a tenth slower for mass_spring, rigid_body and electric."""


def cores() -> int:
    """How many threads can run at once here: the cores that this process may use, or ROSESIM_THREADS."""
    given = os.environ.get("ROSESIM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def runs_at_once() -> int:
    """How many runs of a batch are under way at once here, at most."""
    return LANES * cores()


def memory() -> float:
    """Bytes of memory that this computer has; infinite where it does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return math.inf
