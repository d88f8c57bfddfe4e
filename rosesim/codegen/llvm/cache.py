"""Machine code kept on disk: a program is compiled once a machine, not once a process.

An entry's name is a digest of all that its code depends on: the module's text, how LLVM was asked to
optimise it, the versions of LLVM and llvmlite, the target's processor and features. Addresses never enter it:
arrays, callbacks and the C library are named in the text and found when the code is linked.

Code from a folder that others can write is code of theirs. So the folder has to be ours and writable by
us alone, each entry carries a digest of its bytes, and whatever does not fit is compiled again. A cache
that cannot be used costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Generator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "ROSESIM_CACHE_DIR"
"""The environment variable that names the folder; where it is set and empty, nothing is kept."""
LARGEST = 512 * 2**20
"""Bytes of all entries together; beyond that the ones longest unused go, down to half of it."""
_ENDING = ".o"
_HEADER = b"rosesim code 1\n"
_DIGEST = 32

_anew: ContextVar[bool] = ContextVar("anew", default=False)


@dataclass(frozen=True)
class Store:
    """A folder that holds code and can be trusted."""

    folder: Path

    def load(self, key: str) -> bytes | None:
        """The code of that key; None where there is none or it is not what was written."""
        if _anew.get():
            return None
        file = self.folder / (key + _ENDING)
        try:
            # Not through a link: it could lead out of the folder that was found to be ours.
            # Nor waiting, as opening a pipe would for its writer.
            how = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
            descriptor = os.open(file, os.O_RDONLY | how)
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
                os.close(descriptor)
                return None
            with os.fdopen(descriptor, "rb") as f:
                content = f.read(len(_HEADER))
                content += f.read() if content == _HEADER else b""  # of something else, no more
            os.utime(file)  # used now
        except OSError:
            return None
        digest, code = content[len(_HEADER) : len(_HEADER) + _DIGEST], content[len(_HEADER) + _DIGEST :]
        whole = content.startswith(_HEADER) and digest == _digest(key.encode(), code)
        return code if whole else None

    def save(self, key: str, code: bytes) -> None:
        """Keep code under a key; whoever looks meanwhile sees the whole of it or nothing."""
        with contextlib.suppress(OSError):
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".new")
            try:
                with os.fdopen(descriptor, "wb") as f:
                    f.write(_HEADER + _digest(key.encode(), code) + code)
                os.replace(temporary, self.folder / (key + _ENDING))
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            self._bound()

    def entries(self) -> list[tuple[float, int, Path]]:
        """When each entry was last used, its bytes, and its file."""
        found: list[tuple[float, int, Path]] = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as listing:
            for e in listing:
                # What a killed process left behind counts too, so that it goes in its turn.
                if e.name.endswith((_ENDING, ".new")) and e.is_file(follow_symlinks=False):
                    with contextlib.suppress(OSError):
                        s = e.stat(follow_symlinks=False)
                        found.append((s.st_mtime, s.st_size, Path(e.path)))
        return found

    def _bound(self) -> None:
        entries = sorted(self.entries())
        total = sum(size for _, size, _ in entries)
        if total > LARGEST:
            for _, size, file in entries:
                file.unlink(missing_ok=True)
                total -= size
                if total <= LARGEST // 2:
                    return


def store() -> Store | None:
    """The cache, or None where there is none that can be trusted; `reason` says why."""
    folder = _folder()
    return None if folder is None or _distrust(folder) else Store(folder)


def reason() -> str:
    """Why there is no cache, as a clause for a person; empty where there is one."""
    folder = _folder()
    return f"{VARIABLE} is empty" if folder is None else _distrust(folder)


@contextlib.contextmanager
def anew() -> Generator[None]:
    """Within this, everything is compiled, whatever is kept; and kept."""
    token = _anew.set(True)
    try:
        yield
    finally:
        _anew.reset(token)


def key_of(text: str, *how: object) -> str:
    """The name of the code that a module's text becomes when it is compiled like this."""
    return _digest(*(str(h).encode() for h in how), text.encode()).hex()


def _digest(*parts: bytes) -> bytes:
    h = hashlib.blake2b(digest_size=_DIGEST)
    for part in parts:
        h.update(len(part).to_bytes(8, "little"))  # so that no two lists of parts run together alike
        h.update(part)
    return h.digest()


def _folder() -> Path | None:
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    from platformdirs import user_cache_path  # when the first program is compiled, not when rosesim is imported

    return user_cache_path("rosesim", appauthor=False)


def _distrust(folder: Path) -> str:
    """Why a folder is not to be trusted with code, made now if it is not there; empty where it is."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as e:
        return f"{folder} cannot be made: {e.strerror or e}"
    if not stat.S_ISDIR(found.st_mode):
        return f"{folder} is a link or a file, not a folder"
    if not hasattr(os, "geteuid"):  # Windows, where a user's cache folder is its own by what it inherits
        return ""
    if found.st_uid != os.geteuid():
        return f"{folder} is owned by somebody else"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others can write {folder}; chmod 700 mends it"
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        with contextlib.suppress(OSError):
            folder.chmod(0o700)  # what one computes is nobody else's business
    return _distrust_above(folder)


def _distrust_above(folder: Path) -> str:
    """Why the folders above are not to be trusted: whoever can write one of them can put another in our folder's
    place, except where it is sticky, as /tmp is."""
    try:
        for above in folder.resolve().parents:
            found = above.stat()
            if found.st_uid not in (0, os.geteuid()):
                return f"{above}, above {folder}, is owned by somebody else"
            # A group of one's own, as many systems give everybody, is nobody else.
            writers = stat.S_IWOTH | (0 if found.st_gid == os.getegid() else stat.S_IWGRP)
            if found.st_mode & writers and not found.st_mode & stat.S_ISVTX:
                return f"others can write {above}, above {folder}; chmod go-w mends it"
    except OSError as e:
        return f"{folder} cannot be looked at: {e.strerror or e}"
    return ""
