"""The bytes of a file that somebody else may have written, or may have put something else in place of."""

from __future__ import annotations

import os
import stat

from rosesim.robots.files.errors import RobotError


def read(path: str, largest: int) -> bytes:
    """The content of a regular file of at most `largest` bytes; nothing here waits. RobotError otherwise."""
    try:
        # Non-blocking: opening a pipe would otherwise wait until somebody writes to it.
        how = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, how)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no file has such a name"
        raise RobotError(path, 0, f"cannot be opened ({reason.lower()}); give the path of a file.") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise RobotError(path, 0, "is not a file; a folder, a pipe or a device is not read.")
    with os.fdopen(descriptor, "rb") as f:
        if status.st_size <= largest:  # read(n) allocates n bytes, whether the file has them or not
            content = f.read(status.st_size + 1)
            if len(content) <= largest:
                return content
    raise RobotError(path, 0, f"is larger than {largest >> 20} MB, which is the most that is read.")
