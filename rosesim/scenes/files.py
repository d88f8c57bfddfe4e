"""How files of users are read: only regular files, only up to a limit; every fault is one OSError with a sentence.

A name may lead to a folder, to a pipe that nobody writes to, to an endless device; a file may be of any size.
Nothing here waits, and nothing reads more than the caller can use.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

SHOWN = 60
"""Characters of a user's text that a message quotes."""


def open_file(file: Path | str) -> BinaryIO:
    """A file, open for reading. OSError where there is none, it may not be read, or it is not a regular file.

    >>> open_file(".")
    Traceback (most recent call last):
        ...
    IsADirectoryError: [Errno 21] Is a directory: '.'
    """
    try:
        # Non-blocking: opening a pipe would otherwise wait until somebody writes to it.
        how = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(file, how)
    except ValueError:  # a null character
        raise OSError(errno.EINVAL, "No file has such a name", shown(str(file))) from None
    kind = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(kind):
        os.close(descriptor)
        code = errno.EISDIR if stat.S_ISDIR(kind) else errno.EINVAL
        raise OSError(code, os.strerror(code) if stat.S_ISDIR(kind) else "It is not a file", str(file))
    return os.fdopen(descriptor, "rb")


def read_file(file: Path | str, largest: int) -> bytes:
    """The content of a file of at most `largest` bytes; OSError as from `open_file`, and where there is more."""
    with open_file(file) as f:
        size = os.fstat(f.fileno()).st_size  # read(n) allocates n bytes, whether the file has them or not
        content = f.read(size + 1) if size <= largest else b""
    if max(size, len(content)) > largest:
        raise OSError(errno.EFBIG, f"it is larger than {largest} bytes", str(file))
    return content


def read_lines(file: Path | str, longest: int) -> Iterator[bytes]:
    """The lines of a file with their ends, of at most `longest` bytes each; an unfinished last line is left out."""
    with open_file(file) as f:
        while line := f.readline(longest + 1):
            if line.endswith(b"\n"):
                yield line
            elif len(line) > longest:
                raise OSError(errno.EFBIG, f"a line is longer than {longest} bytes", str(file))


def shown(v: object) -> str:
    """A user's value as a message quotes it: on one line, and shortened if it is long.

    >>> shown("steps\\n"), len(shown("9" * 10_000_000)) < 90, shown([1, 2])
    ("'steps\\\\n'", True, '[1, 2]')
    """
    if isinstance(v, str) and len(v) > SHOWN:
        return f"{v[:SHOWN]!r}... ({len(v)} characters)"
    try:
        text = repr(v)
    except (ValueError, RecursionError):  # an integer with more digits than Python prints
        return f"a {type(v).__name__} too large to be shown"
    return text if len(text) <= SHOWN + 2 else f"{text[:SHOWN]}..."
