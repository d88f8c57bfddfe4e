"""Threads that share the groups of a batch.

A process has one pool. It is made when it is first needed, with one thread fewer than there are cores, because the
caller works too. Compiled calls release the interpreter's lock, so Python's threads suffice. They share only a
counter: each takes the next few groups when it has finished the last ones, because runs may differ in length.
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
"""Parts of a batch for each thread. More parts mean more calls; fewer leave threads waiting for the last part."""

_pool: ThreadPoolExecutor | None = None
_lock = threading.Lock()


def _forked() -> None:
    global _pool, _lock
    _pool, _lock = None, threading.Lock()  # the pool's threads exist only in the parent


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _helpers() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max(1, cores() - 1), thread_name_prefix="rosesim")
        return _pool


def share(groups: int, run: Callable[[int, int], int], threads: int) -> int:
    """Call run(first, last) for all groups, on up to `threads` threads. Gives the first status that is not 0, in the
    order of the groups, or 0.

    An interrupt ends all calls, and its status is the result.
    """
    size = max(1, groups // (SHARES * threads))
    starts = count(0, size)
    failed: dict[int, int] = {}

    def work() -> None:
        while not failed:
            first = next(starts)
            if first >= groups:
                return
            status = repeated(partial(run, first, min(first + size, groups)), failed)
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


def repeated(run: Callable[[], int], failed: Mapping[int, int] = MappingProxyType({})) -> int:
    """The status of run(), which is repeated if an interrupt that was meant for another thread's batch ended it.

    It is not repeated, and the status is 0, if this batch has already failed; `failed` says so.
    """
    while True:
        status = run()
        if status != INTERRUPTED or interrupt.on_main_thread():
            return status
        if failed:
            return 0


def _ended(others: list[Future[None]]) -> None:
    """Wait for the other threads. Calls that have not begun are cancelled."""
    for other in others:
        if not other.cancel():
            other.result()
