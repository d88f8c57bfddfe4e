"""How a run's files are written, so that a crash, a kill or a full disk at any moment loses nothing.

A file is either written whole (to a temporary name, synced, renamed, its folder synced, so that a reader sees
the old file or the new one), or only ever appended to (a torn end can be recognised).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

from rosesim.scenes.errors import UnwritableFile
from rosesim.train.errors import Busy, CannotWrite


def write_whole(file: Path, content: bytes) -> None:
    """Write a file completely or not at all; CannotWrite where that fails, with the old file in place."""
    temporary = file.with_name(f"{_temporary(file.name)}{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as f:
            f.write(content)
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, file)
        sync_folder(file.parent)
    except OSError as e:
        raise CannotWrite(file, e) from e
    finally:
        with contextlib.suppress(OSError):  # after the renaming it no longer exists, as intended
            temporary.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder for a run if needed; UnwritableFile where it cannot be made or is something else."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UnwritableFile(f"{folder} is a file; expected a folder, or a name that is not taken") from None
    except OSError as e:
        raise UnwritableFile(f"cannot make the folder {folder}: {e.strerror or e}; give another place") from e


def remove_temporary(folder: Path, name: str) -> None:
    """Remove the temporary files that killed writers of a file left behind."""
    for left in folder.glob(f"{_temporary(name)}*"):
        with contextlib.suppress(OSError):
            left.unlink()


def _temporary(name: str) -> str:
    return f".{name}."


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system supports that."""
    if os.name == "nt":  # a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as e:
        if e.errno not in (errno.EINVAL, errno.ENOTSUP):  # the errors of file systems that cannot sync a folder
            raise
    finally:
        os.close(descriptor)


class Appended:
    """A file that grows at its end, unbuffered, so that its content survives this process."""

    def __init__(self, file: Path):
        self.file = file
        try:
            self.opened: BinaryIO = file.open("a+b", buffering=0)
            if not stat.S_ISREG(os.fstat(self.opened.fileno()).st_mode):
                self.opened.close()
                raise OSError(errno.EINVAL, "It is not a file")
        except (OSError, ValueError) as e:  # a null character in the name
            raise CannotWrite(file, e) from e

    def append(self, content: bytes) -> None:
        """Write at the end; CannotWrite where that fails, perhaps with a part of it written."""
        try:
            while content:
                content = content[self.opened.write(content) :]
        except OSError as e:
            raise CannotWrite(self.file, e) from e

    def cut(self, length: int) -> None:
        """Remove everything after the first `length` bytes."""
        try:
            self.opened.truncate(length)
        except OSError as e:
            raise CannotWrite(self.file, e) from e

    def sync(self) -> None:
        """Make the appended content durable."""
        try:
            os.fsync(self.opened.fileno())
        except OSError as e:
            raise CannotWrite(self.file, e) from e

    def close(self) -> None:
        """Close the file."""
        self.opened.close()


def lock(descriptor: int, otherwise: str) -> None:
    """Lock an open file against other processes, until it is closed or this process ends in any way.

    Raises Busy, with the sentence `otherwise`, where another process holds the lock.
    """
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy(otherwise) from None
    except OSError:
        return  # some network file systems have no locks
