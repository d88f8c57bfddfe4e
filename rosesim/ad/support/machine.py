"""What this computer offers: cores, memory, and how many runs of a batch execute at once.

Code generation runs so many at once, and memory budgets are divided by their number.
"""

from __future__ import annotations

import math
import os

LANES = 4
"""Runs that one thread computes at once: 256 bits of doubles. Eight lanes skip fewer branches, and a group takes
twice the memory: they are a tenth faster for billiards and a tenth slower for mass_spring, rigid_body, electric."""


def cores() -> int:
    """How many threads can run at once: ROSESIM_THREADS, or the cores that this process may use."""
    given = os.environ.get("ROSESIM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def runs_at_once() -> int:
    """How many runs of a batch execute at once, at most."""
    return LANES * cores()


def memory() -> float:
    """Bytes of memory that this computer has; infinite if the operating system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return math.inf
