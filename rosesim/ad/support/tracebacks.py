"""Tracebacks for people: what a notebook shows of an error of ours."""

from __future__ import annotations

import traceback
from types import FrameType

from rosesim.ad.support.debugging import VARIABLE, debugging
from rosesim.ad.support.locate import is_users

MOST = 3
"""The most places of the user's that are shown, the innermost last. With the sentence that is some ten lines."""
_SHELL = ("interactiveshell.py", "ipykernel", "IPython")


def _is_shown(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    # A cell's file lies in a folder that is named after the kernel.
    return is_users(file) and (not any(s in file for s in _SHELL) or "ipykernel_" in file)


def shown(error: BaseException) -> list[str]:
    """The lines of a short traceback: the innermost places of the user's program, then the error. All frames where
    the environment asks for debug programs (`ROSESIM_DEBUG=1`).

    >>> from rosesim import fn
    >>> @fn
    ... def f(x: float):
    ...     return 1.0 if x > 0 else -1.0
    >>> try:
    ...     f(1.0)
    ... except Exception as e:
    ...     print("\\n".join(shown(e)))
    Traceback (rosesim's own frames are left out; ROSESIM_DEBUG=1 shows them)
      File "<doctest ...>", line 2, in <module>
        f(1.0)
      File "<doctest ...>", line 3, in f
        return 1.0 if x > 0 else -1.0
    rosesim.TraceError: <doctest ...>:3: ...
    """
    if debugging():
        return "".join(traceback.format_exception(error)).splitlines()
    places = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if _is_shown(frame)]
    summary = traceback.StackSummary.extract(iter(places[-MOST:]), lookup_lines=True)
    lines = "".join(summary.format()).splitlines()
    last = "".join(traceback.format_exception_only(error)).splitlines()
    return [f"Traceback (rosesim's own frames are left out; {VARIABLE}=1 shows them)", *lines, *last]
