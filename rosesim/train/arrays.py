"""Named arrays in .npz files: written whole, read with caution.

A file may be damaged or made by somebody else. So an array is accepted only with the type and the shape that the
reader expects, and both are checked before memory is allocated.
"""

from __future__ import annotations

import contextlib
import io
import math
import zipfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import open_file
from rosesim.train.files import write_whole

MOST_ROWS, LONGEST_TEXT, MOST_AT_ONCE = 128, 4096, 1 << 18
"""Rows of an array (a run remembers an iteration for each power of two), bytes of a text (why a run ended is a
clause), and bytes that are read at once (a directory has dozens of names)."""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same arrays give the same bytes


def write_arrays(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an .npz file that `numpy.load` reads; CannotWrite where that fails, with the old file in place."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w") as entry:
                npy.write_array(entry, np.asarray(array), allow_pickle=False)
    write_whole(file, buffer.getvalue())


class Archive:
    """An .npz file open for reading; every fault is a SceneError that names the file."""

    def __init__(self, file: Path, entries: zipfile.ZipFile):
        self.file = file
        self._entries = entries

    @property
    def names(self) -> set[str]:
        """The arrays' names."""
        return {n.removesuffix(".npy") for n in self._entries.namelist()}

    def read(self, name: str, kind: type[np.generic], shape: tuple[int | None, ...]) -> NDArray[Any]:
        """An array of this type and shape, in which None stands for any length."""
        if name not in self.names:
            raise SceneError(f"{self.file} holds no {name}")
        info = self._entries.getinfo(f"{name}.npy")
        if info.compress_type != zipfile.ZIP_STORED:
            raise SceneError(f"{self.file} cannot be read: {name} is compressed, which rosesim does not do")
        with self._entries.open(info) as entry:
            version = npy.read_magic(entry)
            if version != (1, 0):
                raise SceneError(f"{self.file} cannot be read: {name} has format {version}; expected (1, 0)")
            found, fortran, dtype = npy.read_array_header_1_0(entry)
            fits = len(found) == len(shape) and all(w in (None, f) for f, w in zip(found, shape, strict=True))
            most = max((f for w, f in zip(shape, found, strict=False) if w is None), default=0)
            if dtype.itemsize > LONGEST_TEXT or most > MOST_ROWS:
                raise SceneError(f"{self.file} cannot be read: {name} is far larger than rosesim makes one")
            if dtype.hasobject or not np.issubdtype(dtype, kind) or not fits:
                form = "×".join("n" if w is None else str(w) for w in shape) or "a single value"
                raise SceneError(
                    f"{self.file} holds {name} of type {dtype} and shape {found}; expected {kind.__name__}, {form}"
                )
            size = math.prod(found) * dtype.itemsize
            content = bytearray()  # entries are not compressed, so this is never larger than the file
            while len(content) <= size and (piece := entry.read(min(MOST_AT_ONCE >> 2, size + 1 - len(content)))):
                content += piece
            if len(content) != size:
                raise SceneError(f"{self.file} cannot be read: {name} is said to have {size} bytes and does not")
        array = np.frombuffer(content, dtype).reshape(found, order="F" if fortran else "C")
        return array.astype(dtype.newbyteorder("="), order="C")  # our own, and writable


class _Sparing:
    """A file that limits each read to what rosesim's archives need: a directory may claim to be of any size."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self.seek, self.tell, self.close, self.seekable = file.seek, file.tell, file.close, file.seekable

    def read(self, n: int = -1) -> bytes:
        """As a file's `read`; an array is read in pieces."""
        if n > MOST_AT_ONCE:
            raise zipfile.BadZipFile("its directory is far larger than rosesim makes one")
        return self._file.read(n if n >= 0 else MOST_AT_ONCE)


@contextlib.contextmanager
def open_arrays(file: Path) -> Generator[Archive]:
    """Read an .npz file of ours; SceneError where it is not one."""
    try:
        with open_file(file) as f, zipfile.ZipFile(_Sparing(f)) as entries:  # pyright: ignore[reportArgumentType] -- enough of a file
            yield Archive(file, entries)
    except SceneError:
        raise
    except OSError as e:
        raise SceneError(f"{file} cannot be read: {e.strerror or e}") from e
    except Exception as e:  # for bytes that are not an archive, zipfile and NumPy raise errors of many kinds
        raise SceneError(f"{file} cannot be read: it is damaged ({e})") from e
