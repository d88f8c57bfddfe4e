"""No garbage is looked for while a program is made.

Tracing and transforming make millions of small objects that stay, and Python's collector, which runs after
every so many new ones, would look through all of them again and again: a third of the time. The rest of the
memory is given back at once by reference counts, as ever.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Generator

_lock = threading.Lock()
_inside = 0
_was_on = False


@contextlib.contextmanager
def uncollected() -> Generator[None]:
    """The collector rests within this, on all threads, if it was at work before."""
    global _inside, _was_on
    with _lock:
        if _inside == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _was_on:
                gc.enable()
