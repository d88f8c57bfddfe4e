"""Threads that share the groups of a batch.

The pool is one for the process, made when it is first needed, and holds a thread for each core but the
caller's own, which works, too. Compiled calls release the interpreter's lock, so that threads of Python are
enough; what they share is a counter. Each takes the next few groups when it is done with the last: runs
may differ in length.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import count
from types import MappingProxyType

from rosesim.ad.support.machine import cores
from rosesim.codegen.artifact import INTERRUPTED
from rosesim.codegen.runtime import interrupt

SHARES = 4
"""Parts of a batch for each thread: more would cost more calls, fewer leave threads waiting for the last one."""

_pool: ThreadPoolExecutor | None = None
_lock = threading.Lock()


def _forked() -> None:
    global _pool, _lock
    _pool, _lock = None, threading.Lock()  # its threads stayed with the parent


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _helpers() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max(1, cores() - 1), thread_name_prefix="rosesim")
        return _pool


def share(groups: int, run: Callable[[int, int], int], threads: int) -> int:
    """Do run(first, last) for all groups, on so many threads; gives its first status that is not 0, in the order
    of the groups, or 0.

    An interrupt ends all of it and is the status.
    """
    size = max(1, groups // (SHARES * threads))
    starts = count(0, size)
    failed: dict[int, int] = {}

    def work() -> None:
        while not failed:
            first = next(starts)
            if first >= groups:
                return
            status = again(partial(run, first, min(first + size, groups)), failed)
            if status:
                failed[first] = status

    if threads < 2 or groups <= size:
        work()
    else:
        others: list[Future[None]] = [_helpers().submit(work) for _ in range(threads - 1)]
        try:
            work()
        finally:
            if failed and INTERRUPTED in failed.values():
                with interrupt.others_stopped():
                    _ended(others)
            else:
                _ended(others)
    if INTERRUPTED in failed.values():
        return INTERRUPTED
    return failed[min(failed)] if failed else 0


def again(run: Callable[[], int], failed: Mapping[int, int] = MappingProxyType({})) -> int:
    """The status of run(), run once more where it ended for an interrupt that another thread's batch met.

    Where this very batch has failed, which is what `failed` says, it is not: then the status is 0.
    """
    while True:
        status = run()
        if status != INTERRUPTED or interrupt.on_main_thread():
            return status
        if failed:
            return 0


def _ended(others: list[Future[None]]) -> None:
    """Wait until the others are done; those that have not begun never will."""
    for other in others:
        if not other.cancel():
            other.result()
