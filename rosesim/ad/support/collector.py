"""Python's garbage collector is off while a program is made.

Tracing and transforming make millions of small objects that stay alive. The collector runs after a fixed number of
allocations and would visit all of them each time, which takes a third of the time. Objects that are not part of a
cycle are still freed at once, by their reference counts.
"""

from __future__ import annotations

import contextlib
import gc
import os
import threading
from collections.abc import Generator

_lock = threading.Lock()
_inside = 0
_was_on = False


@contextlib.contextmanager
def uncollected() -> Generator[None]:
    """Turn the collector off inside, on all threads; turn it on afterwards if it was on before."""
    global _inside, _was_on
    mine = 0
    try:  # begins before the count is raised, so that an interrupt cannot prevent lowering it
        with _lock:
            if _inside == 0:
                _was_on = gc.isenabled()
                gc.disable()
            _inside, mine = _inside + 1, 1
        yield
    finally:
        with _lock:
            _inside = max(_inside - mine, 0)
            if _inside == 0 and _was_on:
                gc.enable()


def _forked() -> None:
    """In a forked child: the threads that had turned the collector off exist only in the parent."""
    global _inside, _lock
    _lock = threading.Lock()
    if _inside and _was_on:
        gc.enable()
    _inside = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
