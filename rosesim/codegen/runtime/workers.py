"""Threads that take chunks of the long loops within one run.

A loop of independent iterations that takes some 100 microseconds or more is cut into chunks
(`codegen.passes.share_loops`). Machine code hands them to `rosesim_share`, which runs them on the calling thread and
on *workers*: threads of this process that wait in machine code, without the interpreter's lock, for the next loop. A
worker looks for one some 50 microseconds long after the last, and then sleeps. One loop is shared at a time: a loop
within a shared one, or of another thread's run, finds the workers busy and runs its chunks one after the other, which
gives the same numbers.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
import time

from rosesim.codegen.artifact import INTERRUPTED
from rosesim.codegen.runtime import interrupt
from rosesim.codegen.runtime.worker_code import CLOSED, EACH, FAILED, FINISHED, LINE, QUIT, TICKET, WORKERS

MOST = 31
"""The most workers: with the caller, as many as a loop has chunks."""

_state = (ctypes.c_int64 * (EACH + LINE * (MOST + 1)))()
_first = (-ctypes.addressof(_state) // 8) % LINE
"""The first word of the state that begins a cache line."""

_lock = threading.Lock()
_threads: list[threading.Thread] = []


_Py = ctypes.pythonapi
_Py.PyThread_allocate_lock.restype = ctypes.c_void_p
_Py.PyThread_acquire_lock.argtypes = (ctypes.c_void_p, ctypes.c_int)


_calls: list[None] = []
"""An entry for each running call of a program that shares loops. Appending to and popping from a list is atomic."""


class Team:
    """The threads that share the loops of a program: within `with team`, a call runs.

    Where several calls run at once, on threads of the user's, each takes one thread from then on: they are parallel
    already, and workers that wait for the next loop would take their cores.
    """

    def __init__(self, threads: int, worker: int):
        """So many threads, the caller being one of them; the others run the function `worker` at that address."""
        self._others, self._worker = min(threads - 1, MOST), worker
        self._count = ctypes.c_int64(threads)

    def symbols(self) -> dict[str, int]:
        """What the program refers to, besides `rosesim_share`."""
        return {"rosesim_threads": ctypes.addressof(self._count)}

    def __enter__(self) -> None:
        if len(_threads) < self._others:
            _start(self._others, self._worker)
        _calls.append(None)
        self._count.value = 1 + self._others if len(_calls) == 1 else 1

    def __exit__(self, *_: object) -> None:
        if _calls:  # a child process has forgotten the call during which it was forked
            _calls.pop()


def symbols() -> dict[str, int]:
    """What the text of `worker_code` refers to."""
    names = ("PyThread_acquire_lock", "PyThread_acquire_lock_timed", "PyThread_release_lock")
    functions = {name: interrupt.address(name) for name in names}
    return functions | interrupt.symbols() | {"rosesim_workers": ctypes.addressof(_state) + 8 * _first}


def _set(word: int, value: int) -> None:
    _state[_first + word] = value


def _taken_lock() -> int:
    """A lock of the interpreter's that is taken already: whoever takes it waits until another thread releases it.

    It is the one way to wait that all systems have, and it does not need the interpreter's own lock.
    """
    lock = _Py.PyThread_allocate_lock()
    _Py.PyThread_acquire_lock(lock, 1)
    return lock


def _reset() -> None:
    """No loop, no workers."""
    for k in range(EACH):
        _set(k, 0)
    _set(TICKET, CLOSED)
    _set(FINISHED, _taken_lock())


def _forked() -> None:
    global _lock
    _lock = threading.Lock()
    _threads.clear()  # they and other threads' calls exist only in the parent
    _calls.clear()
    _reset()
    # Whoever forks in a signal handler, within a loop that is shared, has lost the workers' part of it.
    _set(FAILED, (1 << 32) + INTERRUPTED)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
_reset()


def _start(count: int, address: int) -> None:
    """See to it that there are so many workers, which run the function at an address."""
    worker = ctypes.CFUNCTYPE(None, ctypes.c_int64)(address)
    with _lock:
        for k in range(len(_threads), count):
            _set(EACH + LINE * k, 0)
            _set(EACH + LINE * k + 1, _taken_lock())
            thread = threading.Thread(target=worker, args=(k + 1,), name=f"rosesim-worker-{k + 1}", daemon=True)
            thread.start()
            _threads.append(thread)
        _set(WORKERS, len(_threads))


@atexit.register
def _stop() -> None:
    """Let the workers end before the interpreter frees their code; wait at most for some seconds of a loop that a
    daemon thread has not finished."""
    _set(WORKERS, 0)
    _set(QUIT, 1)
    ends = time.monotonic() + 5.0
    for k, thread in enumerate(_threads):
        while thread.is_alive() and time.monotonic() < ends:
            # A worker that has just been woken by a loop hears of the end when it has looked for work again.
            if _state[_first + EACH + LINE * k]:
                _set(EACH + LINE * k, 0)
                _Py.PyThread_release_lock(ctypes.c_void_p(_state[_first + EACH + LINE * k + 1]))
            thread.join(0.001)
