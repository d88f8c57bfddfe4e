"""Recursion deeper than Python's stack: tracing and interpreting recurse as deep as the user's calls nest.

Python's recursion limit counts the frames of one thread. A recursion that moves to a fresh thread every
few levels never reaches it, whatever limit the host program has set.
"""

from __future__ import annotations

import contextvars
import ctypes
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LEVELS_PER_THREAD = 40
"""With the default limit of 1,000 frames, each level may take 20 of them, and the caller the other 200."""

_POLL_SECONDS = 0.1
"""Waiting on a lock without a timeout cannot be interrupted on Windows."""

_GRACE_SECONDS = 1.0
"""How long an interrupted caller waits for the recursion to unwind, which leaves shared state tidy."""

_depth: contextvars.ContextVar[int] = contextvars.ContextVar("rosesim_depth", default=0)
_workers: contextvars.ContextVar[list[threading.Thread] | None] = contextvars.ContextVar(
    "rosesim_workers", default=None
)


def nested(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """fn(*args, **kwargs); every fortieth nested call of `nested` runs on a fresh thread.

    An exception that fn raises keeps its traceback. fn sees the caller's context variables; the caller
    sees what fn sets in them only if both ran on the same thread. An interrupt while waiting stops the
    innermost thread and reaches the caller within a second.
    """
    depth = _depth.get() + 1
    token = _depth.set(depth)
    try:
        if depth % LEVELS_PER_THREAD:
            return fn(*args, **kwargs)
        return _on_fresh_thread(lambda: fn(*args, **kwargs))
    finally:
        _depth.reset(token)


def _on_fresh_thread(task: Callable[[], T]) -> T:
    outcome: list[T] = []
    failure: list[BaseException] = []
    # A lock of our own, because Thread.join, once interrupted, takes a running thread for ended (Python 3.11).
    running = threading.Lock()
    running.acquire()

    def work() -> None:
        try:
            outcome.append(task())
        except BaseException as error:
            failure.append(error)
        finally:
            running.release()

    above = _workers.get()
    workers: list[threading.Thread] = [] if above is None else above
    token = _workers.set(workers) if above is None else None
    context = contextvars.copy_context()
    # A daemon: an abandoned worker that swallows its interrupt must not keep the process alive.
    thread = threading.Thread(target=context.run, args=(work,), name="rosesim-nested", daemon=True)
    workers.append(thread)
    try:
        thread.start()
        while not running.acquire(timeout=_POLL_SECONDS) and thread.is_alive():
            pass
    except BaseException:
        # Only the main thread is interrupted from outside. Stop the innermost worker: its exception then
        # travels through the others and ends them.
        _interrupt(workers[-1])
        running.acquire(timeout=_GRACE_SECONDS)
        raise
    finally:
        workers.remove(thread)
        if token is not None:
            _workers.reset(token)
    if failure:
        try:
            raise failure[0]
        finally:
            failure.clear()  # else this frame, its traceback and the exception hold each other
    if not outcome:
        raise KeyboardInterrupt  # the interrupt hit `work` between the task and its record
    return outcome[0]


def _interrupt(thread: threading.Thread) -> None:
    """Raises KeyboardInterrupt in a running thread."""
    if thread.ident is not None and thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt))
