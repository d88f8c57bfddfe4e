"""No garbage is looked for while a program is made.

Tracing and transforming make millions of small objects that stay, and Python's collector, which runs after
every so many new ones, would look through all of them again and again: a third of the time. The rest of the
memory is given back at once by reference counts, as ever.
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
    """The collector rests within this, on all threads, if it was at work before."""
    global _inside, _was_on
    mine = 0
    try:  # from here on, so that no interrupt comes between counting and undoing it
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
    """The threads within which it rested stayed with the parent."""
    global _inside, _lock
    _lock = threading.Lock()
    if _inside and _was_on:
        gc.enable()
    _inside = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
