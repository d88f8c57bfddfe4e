"""How files for users are written: whole or not at all, and refused before any work if they cannot be.

A picture comes at the end of a training that may have taken hours. So code that will write one calls `check_target`
first, and then writes `beside` the file: a full disk or a kill leaves the old file, or none, but never half of one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Generator
from pathlib import Path

from rosesim.scenes.errors import SceneError, UnwritableFile
from rosesim.scenes.files import shown

AnyPath = str | os.PathLike[str]
"""A path as a user gives it."""


def as_path(given: AnyPath, what: str = "a path") -> Path:
    """A user's path, with `~` as the home folder; SceneError for a value that cannot be a path.

    >>> as_path("runs/first").name
    'first'
    >>> as_path("")
    Traceback (most recent call last):
        ...
    rosesim.scenes.errors.SceneError: a path is empty; expected the name of a file or folder
    """
    try:
        name = os.fspath(given)
    except TypeError:
        name = None
    if not isinstance(name, str):  # Python takes bytes as a path, but a message cannot show them as a name
        raise SceneError(f"{what} is a str or a Path; {shown(given)} was given")
    if not name.strip():
        raise SceneError(f"{what} is empty; expected the name of a file or folder")
    try:
        if b"\0" in os.fsencode(name):
            raise ValueError
        return Path(name).expanduser()  # the shell does not expand it after `=`; nobody means a folder called ~
    except ValueError:  # a null character, or letters that the file system has no bytes for
        raise SceneError(f"{what} {shown(name)} is not a name that a file can have") from None
    except RuntimeError:
        raise SceneError(f"{what} {shown(name)} begins in a home folder that does not exist") from None


def check_target(file: AnyPath, suffix: str, *, make_folder: bool = False) -> Path:
    """The path of a file that is to be written; SceneError, before any work, where it cannot be written.

    Its name must end in `suffix` (such as ".gif") or have no ending. Its folder must exist, unless `make_folder`.

    >>> check_target("a.png", ".gif")
    Traceback (most recent call last):
        ...
    rosesim.scenes.errors.SceneError: cannot write a.png: its name ends in .png; expected .gif, which it would hold
    """
    path = as_path(file, "the name of a file")
    check_suffix(path, suffix)
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.parent.is_dir():
            raise SceneError(f"cannot write {path}: there is no folder {path.parent}; make it, or give another one")
        _refuse_other_kinds(path)
        trial = temporary(path)  # only a trial shows whether it can be written: the mode is not all that counts
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as e:
        raise SceneError(f"cannot write {path}: {e.strerror or e}; give another place") from e
    return path


def check_suffix(path: Path, suffix: str) -> None:
    """Raise SceneError where a name ends in the suffix of another format."""
    if path.suffix and path.suffix.lower() != suffix:
        raise SceneError(
            f"cannot write {path}: its name ends in {path.suffix}; expected {suffix}, which it would hold"
        )


def _refuse_other_kinds(path: Path) -> None:
    """Raise an OSError where the path is not a regular file: writing would replace even a device."""
    if not path.exists():
        return
    kind = path.stat().st_mode
    if not stat.S_ISREG(kind):
        code = errno.EISDIR if stat.S_ISDIR(kind) else errno.EINVAL
        raise OSError(code, os.strerror(code) if stat.S_ISDIR(kind) else "It is not a file", str(path))
    if not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def temporary(path: Path) -> Path:
    """An unused name beside a file. A link is followed, so that the file that it points to is replaced."""
    place = Path(os.path.realpath(path))
    return place.with_name(f".{secrets.token_hex(8)}{place.suffix}")


@contextlib.contextmanager
def beside(file: AnyPath) -> Generator[Path]:
    """A temporary name to write under; the new file then replaces the old one. The folder is created if needed.

    Raises UnwritableFile where anything fails; then the old file is intact and nothing is left beside it.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with beside(Path(folder) / "a.txt") as new:
    ...         _ = new.write_text("whole")
    ...     [f.name for f in Path(folder).iterdir()]
    ['a.txt']
    """
    path = as_path(file, "the name of a file")
    new = temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_other_kinds(path)
        yield new
        with new.open("rb+") as f:
            os.fsync(f.fileno())  # a renamed file whose bytes never reached the disk is half a file too
        os.replace(new, os.path.realpath(path))
    except OSError as e:
        raise UnwritableFile(f"cannot write {path}: {e.strerror or e}") from e
    finally:
        with contextlib.suppress(OSError):  # after the renaming it no longer exists, as intended
            new.unlink()


def write_beside(file: AnyPath, content: bytes) -> None:
    """Write a file completely or not at all; UnwritableFile where that fails."""
    with beside(file) as new, new.open("xb") as f:
        f.write(content)


def fresh(file: Path) -> Path:
    """The file, or the same name with a number where the file exists.

    >>> fresh(Path("no-such-file.gif")).name
    'no-such-file.gif'
    """
    tried, k = file, 0
    while tried.exists():
        k += 1
        tried = file.with_name(f"{file.stem}-{k}{file.suffix}")
    return tried
