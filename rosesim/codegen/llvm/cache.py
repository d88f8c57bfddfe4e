"""Machine code kept on disk: a program is compiled once per machine, not once per process.

An entry's name is a digest of everything that its code depends on: the module's text, the options for LLVM, the
versions of LLVM and llvmlite, the target's processor and features. Addresses are never part of it: the text names
arrays, callbacks and the C library, and the linker finds them.

Code in a folder that others can write may be theirs. So the folder must be ours and writable by us alone, and each
entry carries a digest of its bytes. Whatever does not match is compiled again. A cache that cannot be used costs time
and nothing else.
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
"""The environment variable that names the folder. If it is set and empty, nothing is kept."""
LARGEST_BYTES = 512 * 2**20
"""The most bytes of all entries together. Beyond that, the least recently used go, until half of it is left."""
UNWATCHED_BYTES = LARGEST_BYTES // 64
"""How much is kept, on average, between two looks at how much there is. A look takes 13 us for each entry. When each
new entry looked, that took longer than compiling it, once there were some thousands."""
_ENDING = ".o"
_HEADER = b"rosesim code 1\n"
_DIGEST = 32

_anew: ContextVar[bool] = ContextVar("anew", default=False)


@dataclass(frozen=True)
class Store:
    """A folder that holds code and can be trusted."""

    folder: Path

    def load(self, key: str) -> bytes | None:
        """The code for a key; None if there is none, or if it is not what was written."""
        if _anew.get():
            return None
        file = self.folder / (key + _ENDING)
        try:
            # Do not follow a link: it could lead out of the folder that was found to be ours.
            # And do not wait, as opening a pipe would for its writer.
            how = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
            descriptor = os.open(file, os.O_RDONLY | how)
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_BYTES:
                os.close(descriptor)
                return None
            with os.fdopen(descriptor, "rb") as f:
                content = f.read(len(_HEADER))
                content += f.read() if content == _HEADER else b""  # any other file is not read further
            os.utime(file)  # it was used now
        except OSError:
            return None
        digest, code = content[len(_HEADER) : len(_HEADER) + _DIGEST], content[len(_HEADER) + _DIGEST :]
        intact = content.startswith(_HEADER) and digest == _digest(key.encode(), code)
        return code if intact else None

    def save(self, key: str, code: bytes) -> None:
        """Keep code under a key. Other processes see all of it or nothing."""
        with contextlib.suppress(OSError):
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".new")
            try:
                with os.fdopen(descriptor, "wb") as f:
                    f.write(_HEADER + _digest(key.encode(), code) + code)
                os.replace(temporary, self.folder / (key + _ENDING))
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            # A name is a digest, which is as good as a draw: all processes together look as often as they should, and
            # none has to know what others keep.
            if int(key[:8], 16) / 2**32 < len(code) / UNWATCHED_BYTES:
                self._bound()

    def entries(self) -> list[tuple[float, int, Path]]:
        """When each entry was last used, its bytes, and its file."""
        found: list[tuple[float, int, Path]] = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as listing:
            for e in listing:
                # Leftovers of killed processes count too, so that they are removed in their turn.
                if e.name.endswith((_ENDING, ".new")) and e.is_file(follow_symlinks=False):
                    with contextlib.suppress(OSError):
                        s = e.stat(follow_symlinks=False)
                        found.append((s.st_mtime, s.st_size, Path(e.path)))
        return found

    def _bound(self) -> None:
        entries = sorted(self.entries())
        total = sum(size for _, size, _ in entries)
        if total > LARGEST_BYTES:
            for _, size, file in entries:
                file.unlink(missing_ok=True)
                total -= size
                if total <= LARGEST_BYTES // 2:
                    return


def store() -> Store | None:
    """The cache; None if there is none that can be trusted, and `reason` says why."""
    folder = _folder()
    return None if folder is None or _distrust(folder) else Store(folder)


def reason() -> str:
    """Why there is no cache, as a clause for people; empty if there is one."""
    folder = _folder()
    return f"{VARIABLE} is empty" if folder is None else _distrust(folder)


@contextlib.contextmanager
def anew() -> Generator[None]:
    """Within this, everything is compiled even if it is in the cache, and the result is kept."""
    token = _anew.set(True)
    try:
        yield
    finally:
        _anew.reset(token)


def key_of(text: str, *how: object) -> str:
    """The name of the code that is made from a module's text in this way."""
    return _digest(*(str(h).encode() for h in how), text.encode()).hex()


def _digest(*parts: bytes) -> bytes:
    h = hashlib.blake2b(digest_size=_DIGEST)
    for part in parts:
        h.update(len(part).to_bytes(8, "little"))  # so that different lists of parts never give the same bytes
        h.update(part)
    return h.digest()


def _folder() -> Path | None:
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    from platformdirs import user_cache_path  # late: needed when a program is compiled, not when rosesim is imported

    return user_cache_path("rosesim", appauthor=False)


def _distrust(folder: Path) -> str:
    """Why a folder cannot be trusted with code; empty if it can. The folder is made if it does not exist."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as e:
        return f"{folder} cannot be made: {e.strerror or e}"
    if not stat.S_ISDIR(found.st_mode):
        return f"{folder} is a link or a file, not a folder"
    if not hasattr(os, "geteuid"):  # Windows: a user's cache folder inherits that it is private
        return ""
    if found.st_uid != os.geteuid():
        return f"{folder} is owned by somebody else"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others can write {folder}; chmod 700 mends it"
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        with contextlib.suppress(OSError):
            folder.chmod(0o700)  # what a user computes is private
    return _distrust_above(folder)


def _distrust_above(folder: Path) -> str:
    """Why the folders above cannot be trusted. Whoever can write one of them can replace our folder, unless it is
    sticky, as /tmp is."""
    try:
        for above in folder.resolve().parents:
            found = above.stat()
            if found.st_uid not in (0, os.geteuid()):
                return f"{above}, above {folder}, is owned by somebody else"
            # Many systems give each user a group of one. Such a group is not other people.
            writers = stat.S_IWOTH | (0 if found.st_gid == os.getegid() else stat.S_IWGRP)
            if found.st_mode & writers and not found.st_mode & stat.S_ISVTX:
                return f"others can write {above}, above {folder}; chmod go-w mends it"
    except OSError as e:
        return f"{folder} cannot be looked at: {e.strerror or e}"
    return ""
