"""Pictures as settings: the target of a field, from a formula or a file."""

from __future__ import annotations

import base64
import binascii
import errno
import io
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.errors import without_view
from rosesim.scenes.files import read_file, shown

LARGEST_FILE = 32_000_000
"""Bytes of a picture's file."""
LARGEST_SIDE = 8192
"""Pixels. A file may claim more than fits into memory, so this is checked before the pixels are read."""
KEPT_SIDE = 1024
"""Pixels that a picture keeps per side, more than any grid here has: a run's folder contains the picture itself."""
_URI = "data:image/png;base64,"


def rings(n: int) -> NDArray[np.float64]:
    """A ring, a hill and a dent on n x n cells of a unit square: a picture with mean 0, of shape (n, n).

    >>> p = rings(8)
    >>> p.shape, round(float(p.mean()), 12) + 0.0
    ((8, 8), 0.0)
    """
    u = (np.arange(n) + 0.5) / n - 0.5
    x, y = u[:, None], u[None, :]
    ring = 0.5 * np.exp(-(((np.hypot(x, y) - 0.3) / 0.04) ** 2))
    hill, dent = (np.exp(-(x**2 + (y - side) ** 2) / 0.06**2) for side in (0.12, -0.12))
    height = ring + hill - dent
    return height - height.mean()


@dataclass(frozen=True)
class Picture:
    """A setting that is a name that the scene knows, or the picture of a PNG or JPEG file.

    Equal pictures are equal settings. `parse` reads what `str` gives, so that a run does not depend on a
    file.

    >>> Picture.parse("rings")
    Picture(name='rings', png=b'')
    """

    name: str
    png: bytes = b""
    """The picture as a PNG file; empty where the scene makes it by its name."""

    @classmethod
    def parse(cls, text: str) -> Picture:
        """A picture by its name, from the file of that path, or from the result of `str`.

        Raises a ValueError where a file cannot be read as a picture, or is larger than 32 MB or 8192 pixels.
        """
        if text.startswith(_URI):
            try:
                return cls("", _png(base64.b64decode(text.removeprefix(_URI), validate=True), "the picture"))
            except binascii.Error as e:
                raise ValueError(f"the picture's text is damaged: {e}") from e
        file = Path(text)
        try:
            content = read_file(file, LARGEST_FILE)
        except OSError as e:
            if e.errno == errno.EFBIG:
                most = LARGEST_FILE // 1_000_000
                raise ValueError(f"{text} is larger than {most} MB; a smaller picture is expected") from e
            if e.errno == errno.EACCES:
                raise ValueError(f"{text} cannot be read: {e.strerror}") from e
            if file.suffix or len(file.parts) > 1:
                raise ValueError(f"there is no picture {shown(text)}; a PNG or JPEG file is expected") from e
            return cls(text)
        return cls("", _png(content, text))

    def __str__(self) -> str:
        """The name, or the picture itself as text."""
        return self.name or _URI + base64.b64encode(self.png).decode()

    def __repr__(self) -> str:
        """Short, whatever the size of the picture."""
        return f"Picture(name={self.name!r}, png={self.png if len(self.png) < 20 else f'<{len(self.png)} bytes>'})"

    def grey(self, n: int) -> NDArray[np.float64]:
        """Lightness, 0 to 1, of the picture resampled to (n, n), first row on top."""
        return np.asarray(self._resampled("F", n), dtype=np.float64) / 255

    def colour(self, n: int) -> NDArray[np.float64]:
        """Red, green and blue, each 0 to 1, of the picture resampled to (n, n, 3), first row on top."""
        return np.asarray(self._resampled("RGB", n), dtype=np.float64) / 255

    def _resampled(self, mode: str, n: int) -> Any:
        try:
            from PIL import Image
        except ImportError as e:
            raise without_view(e) from e
        with Image.open(io.BytesIO(self.png)) as picture:
            grey = picture.convert("L").convert("F") if mode == "F" else picture.convert(mode)
            return grey if grey.size == (n, n) else grey.resize((n, n), Image.Resampling.LANCZOS)


@cache
def _png(content: bytes, what: str) -> bytes:
    """The picture of a file's content as a PNG of at most KEPT_SIDE pixels per side."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as e:
        raise without_view(e) from e
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the warning about many pixels: they are checked here
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
                if max(picture.size) > LARGEST_SIDE:
                    wide, high = picture.size
                    raise ValueError(
                        f"{what} has {wide} x {high} pixels; at most {LARGEST_SIDE} per side are expected"
                    )
                rgba = picture.convert("RGBA")
    except (OSError, SyntaxError, Image.DecompressionBombError) as e:
        why = "it is of another kind, or damaged" if isinstance(e, UnidentifiedImageError) else str(e)
        raise ValueError(f"{what} cannot be read as a PNG or JPEG picture: {why}") from e
    flat = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    flat.thumbnail((KEPT_SIDE, KEPT_SIDE))
    out = io.BytesIO()
    flat.save(out, "PNG")
    return out.getvalue()
