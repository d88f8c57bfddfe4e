"""evaluations.bin: every evaluation that a foreign optimiser requested, in order.

Optimisers of other packages hide their state. A resumed run starts them again and answers from this record as far as
it goes, which takes no simulation: the same answers lead to the same point. A record has a fixed size: a digest of
the point, the loss, the gradient if there is one, a checksum. A torn or damaged record and all that follow it are
computed again.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np

from rosesim.optimise.optimizers import Vector
from rosesim.scenes.errors import SceneError
from rosesim.train.files import Appended, write_whole

MAGIC = b"rosesim evaluations 1\n"
_DIGEST = 16
_CHECK = struct.Struct("<I")
_LOSS = struct.Struct("<d")


class Evaluations(Appended):
    """The record of a run, open for replay and then for appending.

    `identity` (16 bytes) is that of its run; `size` is the length of a gradient, 0 without gradients.
    Raises SceneError where the file is another run's.
    """

    def __init__(self, file: Path, identity: bytes, size: int):
        header = MAGIC + identity + struct.pack("<Q", size)
        if not file.exists():
            write_whole(file, header)
        super().__init__(file)
        self.opened.seek(0)
        if self.opened.read(len(header)) != header:
            self.close()
            raise SceneError(
                f"{file} is not the record of this run's evaluations: move it away to compute them again"
            )
        self.count = 0
        """Evaluations so far, replayed or appended."""
        self._record = _DIGEST + _LOSS.size + 8 * size + _CHECK.size
        self._replaying = True

    def recorded(self, x: Vector) -> tuple[float, Vector] | None:
        """The next evaluation's loss and gradient, if it is on record; SceneError if it was at another point."""
        if not self._replaying:
            return None
        at = self.opened.tell()
        content = self.opened.read(self._record)
        body, check = content[: -_CHECK.size], content[-_CHECK.size :]
        if len(content) < self._record or _CHECK.pack(zlib.crc32(body)) != check:
            self._replaying = False
            self.cut(at)
            return None
        if body[:_DIGEST] != _digest(x):
            raise SceneError(
                f"{self.file}: evaluation {self.count} was at another point than the optimiser asks for now "
                "(another version of its package?); the run cannot be resumed, only started anew elsewhere"
            )
        self.count += 1
        (loss,) = _LOSS.unpack_from(body, _DIGEST)
        return loss, np.frombuffer(body, "<f8", offset=_DIGEST + _LOSS.size).astype(np.float64)

    def add(self, x: Vector, loss: float, gradient: Vector) -> None:
        """Append an evaluation."""
        body = _digest(x) + _LOSS.pack(loss) + gradient.astype("<f8").tobytes()
        self.append(body + _CHECK.pack(zlib.crc32(body)))
        self.count += 1


def _digest(x: Vector) -> bytes:
    return hashlib.blake2b(x.astype("<f8").tobytes(), digest_size=_DIGEST).digest()
