"""Finds the line of the user's program that is being executed."""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass, replace

import numpy as np

_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_NUMPY = os.path.dirname(os.path.abspath(np.__file__)) + os.sep
_MACHINERY = ("<frozen", "<string>", "<__array_function__")
_BETWEEN = tuple(os.sep + name for name in ("functools.py", "contextlib.py", "rosesim"))
"""Python's own that may lie between a line of ours and the user's; and the script that starts the command line."""
_TYPER = f"{os.sep}typer{os.sep}"
"""What calls a command of the command line."""


@dataclass(slots=True, unsafe_hash=True)
class Where:
    """A line of the user's program."""

    file: str
    line: int
    derivative: bool = False
    """Whether this marks a derivative of what the user wrote in that line."""
    name: str = ""
    """What a library calls the decision that is taken here, such as "whether foot touches ground": one line of the
    user's may have many."""
    names: tuple[str, ...] = ()
    """The same for a decision in a loop: a name for each iteration."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def of_derivative(where: Where | None) -> Where | None:
    """The same line, marked as that of a derivative."""
    return where if where is None or where.derivative else replace(where, derivative=True)


def here() -> Where | None:
    """The innermost line that is neither rosesim's nor NumPy's nor Python's own machinery."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] -- the only way without a traceback object
    while frame is not None:
        file = frame.f_code.co_filename
        if is_users(file):
            return Where(file, frame.f_lineno)
        frame = frame.f_back
    return None


def innermost(error: BaseException) -> Where | None:
    """The user's innermost line in an exception's traceback."""
    found = None
    at = error.__traceback__
    while at is not None:
        if is_users(at.tb_frame.f_code.co_filename):
            found = Where(at.tb_frame.f_code.co_filename, at.tb_lineno)
        at = at.tb_next
    return found


@functools.cache  # called for every operation of a trace; there are few files
def is_users(file: str) -> bool:
    """Whether a file is neither of rosesim, NumPy nor Python's own machinery."""
    if file.startswith((_OURS, _NUMPY, *_MACHINERY)):
        return False
    return not file.endswith(_BETWEEN) and _TYPER not in file
