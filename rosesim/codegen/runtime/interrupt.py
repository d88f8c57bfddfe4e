"""Ctrl-C in machine code: long loops ask Python now and then whether a signal has arrived.

Only the main thread handles signals, and asking takes the interpreter's lock, which another thread may
hold for milliseconds. So other threads only look whether the main one tells them to stop, because it was
interrupted in a batch that they help with, and the main one asks at most every 50 ms. What a
signal handler raises is kept and raised by the compiled call, be it KeyboardInterrupt or another.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

_stop = ctypes.c_int32(0)
"""Whether threads other than the main one shall end what they run: see `others_stopped`."""

_main = ctypes.c_uint64(threading.main_thread().ident or 0)


def _forked() -> None:
    _main.value = threading.main_thread().ident or 0
    _stop.value = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)

_CLOCKS_PER_SECOND = 1_000 if sys.platform == "win32" else 1_000_000
_CLOCK = "i32" if sys.platform == "win32" else "i64"

_Py = ctypes.pythonapi


class _Pending(ctypes.Structure):
    _fields_ = (("type", ctypes.c_void_p), ("value", ctypes.c_void_p), ("traceback", ctypes.c_void_p))


_pending = _Pending()
"""The exception that a signal handler raised while machine code ran: the main thread's alone."""


def symbols() -> dict[str, int]:
    """What the text below refers to."""
    functions = {
        name: address(name)
        for name in (
            "PyGILState_Ensure", "PyGILState_Release", "PyErr_CheckSignals", "PyErr_Fetch",
            "PyThread_get_thread_ident",
        )
    }  # fmt: skip
    return {
        **functions,
        "rosesim_stop": ctypes.addressof(_stop),
        "rosesim_main_thread": ctypes.addressof(_main),
        "rosesim_pending": ctypes.addressof(_pending),
    }


def address(name: str) -> int:
    """Where a function of the interpreter's is."""
    found = ctypes.cast(getattr(_Py, name), ctypes.c_void_p).value
    assert found is not None
    return found


@contextmanager
def others_stopped() -> Generator[None]:
    """While this lasts, programs on other threads than the main one end as soon as they look for an interrupt.

    Those that were not meant are run again by whoever had called them: programs are pure.
    """
    _stop.value = 1
    try:
        yield
    finally:
        _stop.value = 0


def on_main_thread() -> bool:
    """Whether the caller is the thread that handles signals."""
    return threading.get_ident() == _main.value


def take() -> BaseException:
    """The exception that ended the program."""
    kind, value = _pending.type, _pending.value
    error: BaseException = KeyboardInterrupt()
    if value:
        found = ctypes.cast(value, ctypes.py_object).value
        error = found if isinstance(found, BaseException) else error
    elif kind:
        error = ctypes.cast(kind, ctypes.py_object).value()
    for owned in (kind, value, _pending.traceback):
        if owned:
            # PyErr_Fetch gave us these references.
            _Py.Py_DecRef(ctypes.cast(owned, ctypes.py_object))
    _pending.type = _pending.value = _pending.traceback = None
    return error


_COUNTERS = {
    # `clock` is a system call of up to 2 microseconds, in loops whose work is known by a bound alone once a step. So
    # a counter of the processor's is read first; it need not be exact, only cheap. A few milliseconds by each:
    "x86_64": ("readcyclecounter", 20_000_000),
    "amd64": ("readcyclecounter", 20_000_000),
    "aarch64": ("readsteadycounter", 120_000),  # cycle counters are closed to programs; this one has 24 MHz and more
    "arm64": ("readsteadycounter", 120_000),
}


def _look_at_counter() -> tuple[str, str]:
    """What the text declares to read the processor's counter, and the reading: nothing more if it is too soon."""
    found = _COUNTERS.get(platform.machine().lower())
    if found is None:
        return "", "br label %clock"
    name, ticks = found
    return (
        f"@rosesim_last_tick = internal global i64 0\ndeclare i64 @llvm.{name}()",
        f"""%tick = call i64 @llvm.{name}()
  %before = load i64, ptr @rosesim_last_tick
  %ticks = sub i64 %tick, %before
  %later = icmp ugt i64 %ticks, {ticks}
  br i1 %later, label %count, label %go
count:
  store i64 %tick, ptr @rosesim_last_tick
  br label %clock""",
    )


_DECLARED, _LOOK = _look_at_counter()

POLL = f"""
{_DECLARED}
@rosesim_main_thread = external global i64
@rosesim_stop = external global i32
@rosesim_pending = external global [3 x ptr]
@rosesim_last_poll = internal global {_CLOCK} 0
declare i32 @PyGILState_Ensure()
declare void @PyGILState_Release(i32)
declare i32 @PyErr_CheckSignals()
declare void @PyErr_Fetch(ptr, ptr, ptr)
declare i64 @PyThread_get_thread_ident()
declare {_CLOCK} @clock()

define internal i1 @rosesim_poll() noinline cold nounwind {{
  %me = call i64 @PyThread_get_thread_ident()
  %main = load i64, ptr @rosesim_main_thread
  %ours = icmp eq i64 %me, %main
  br i1 %ours, label %time, label %other
other:
  %stopping = load volatile i32, ptr @rosesim_stop
  %stopped = icmp ne i32 %stopping, 0
  ret i1 %stopped
time:
  {_LOOK}
clock:
  %now = call {_CLOCK} @clock()
  %last = load {_CLOCK}, ptr @rosesim_last_poll
  %since = sub {_CLOCK} %now, %last
  %due = icmp ugt {_CLOCK} %since, {_CLOCKS_PER_SECOND // 20}
  br i1 %due, label %look, label %go
look:
  store {_CLOCK} %now, ptr @rosesim_last_poll
  %lock = call i32 @PyGILState_Ensure()
  %raised = call i32 @PyErr_CheckSignals()
  %stop = icmp ne i32 %raised, 0
  br i1 %stop, label %keep, label %done
keep:
  %value = getelementptr inbounds [3 x ptr], ptr @rosesim_pending, i64 0, i64 1
  %trace = getelementptr inbounds [3 x ptr], ptr @rosesim_pending, i64 0, i64 2
  call void @PyErr_Fetch(ptr @rosesim_pending, ptr %value, ptr %trace)
  br label %done
done:
  call void @PyGILState_Release(i32 %lock)
  ret i1 %stop
go:
  ret i1 false
}}
"""
