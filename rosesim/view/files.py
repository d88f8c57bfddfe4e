"""Pictures into files: PNG and MP4 through imageio, GIF through Pillow."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.errors import SceneError, without_view
from rosesim.scenes.writing import AnyPath, as_path, beside, check_suffix, write_beside
from rosesim.view.painter import load_pygame

if TYPE_CHECKING:
    from PIL import Image

Picture = NDArray[np.uint8]

PALETTE_SAMPLE = 12
"""Frames from which a GIF's colours are chosen: all frames show the same things."""
VIDEO_FRAMES_A_SECOND = 25
COLOURS = 128
"""Colours of a GIF: enough for antialiased flat colours."""


def require_pictures() -> None:
    """Raise a SceneError where nothing can be drawn, before there is anything to draw.

    >>> require_pictures()  # raises nothing here: the extra `view` is installed
    """
    load_pygame()
    try:
        import imageio.v3  # noqa: F401 -- what writes PNG files
    except ImportError as e:
        raise without_view(e) from e


def write_png(file: AnyPath, picture: Picture) -> None:
    """Write a picture of shape (height, width, 3), completely or not at all.

    The folder is made if needed. Raises SceneError for a name that ends in another format's suffix, UnwritableFile
    (an OSError) where the file cannot be written; so do `write_gif` and `write_mp4`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "dark.png"
    ...     write_png(file, np.zeros((4, 6, 3), np.uint8))
    ...     file.read_bytes()[1:4]
    b'PNG'
    """
    check_suffix(as_path(file), ".png")
    require_pictures()
    import imageio.v3 as iio

    write_beside(file, iio.imwrite("<bytes>", picture, extension=".png", optimize=True))


def write_gif(file: AnyPath, frames: Sequence[Picture], seconds: Sequence[float]) -> None:
    """Write frames, each shown for this many seconds, as a GIF that repeats.

    One palette serves all frames: that is smaller and several times faster than a palette for each frame, and
    static parts do not flicker.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "dawn.gif"
    ...     write_gif(file, [np.full((4, 6, 3), 40 * k, np.uint8) for k in range(5)], seconds=[0.1] * 5)
    ...     file.read_bytes()[:3]
    b'GIF'
    """
    if not frames:
        raise ValueError("a GIF needs a frame or more")
    check_suffix(as_path(file), ".gif")
    require_pictures()
    from PIL import GifImagePlugin, Image

    chosen = np.unique(np.linspace(0, len(frames) - 1, PALETTE_SAMPLE).round().astype(int))
    sample = Image.fromarray(np.concatenate([frames[k] for k in chosen]))
    palette = sample.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    nearest = _nearest(palette)
    # browsers slow down frames shorter than 20 ms; GIF counts in hundredths of a second
    shown = [max(20, 10 * round(100 * s)) for s in seconds]
    parts: list[tuple[Picture, tuple[int, int], int]] = [(frames[0], (0, 0), shown[0])]
    for before, frame, duration in zip(frames, frames[1:], shown[1:], strict=False):
        if (changed := _changed(before, frame)) is None:  # the same is shown for longer
            parts[-1] = *parts[-1][:2], parts[-1][2] + duration
        else:
            rows, columns = changed
            parts.append((frame[rows, columns], (columns.start, rows.start), duration))
    # Pillow writes the head and the first frame, and encodes the others, of which only what changes is looked at. If
    # it were given all frames, it would renumber the palette of each and look for the differences itself, which takes
    # twice as long as all the rest.
    first, *others = (Image.fromarray(nearest[_cell(part)]) for part, _, _ in parts)
    colours = bytes(palette.getpalette() or [])[: 3 * COLOURS]
    first.putpalette(colours)
    content = io.BytesIO()
    first.save(content, format="GIF", palette=colours, duration=parts[0][2], loop=0, interlace=0)
    whole = [content.getvalue().removesuffix(b";")]  # a semicolon ends the file
    for image, (_, offset, duration) in zip(others, parts[1:], strict=True):
        whole += GifImagePlugin.getdata(image, offset, duration=duration)
    write_beside(file, b"".join(whole) + b";")


def _changed(before: Picture, now: Picture) -> tuple[slice, slice] | None:
    """Rows and columns outside of which two pictures are the same; None where they are the same everywhere."""
    height, width, depth = now.shape
    differs = before.reshape(height, -1) != now.reshape(height, -1)
    rows = np.flatnonzero(differs.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(differs.any(axis=0).reshape(width, depth).any(axis=1))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def require_mp4() -> None:
    """Raise a SceneError where MP4 files cannot be written, before there is anything to write.

    >>> require_mp4()  # raises nothing here: imageio-ffmpeg is installed
    """
    if importlib.util.find_spec("imageio_ffmpeg") is None:
        raise SceneError("MP4 files need imageio-ffmpeg: pip install 'rosesim[mp4]'")
    require_pictures()


def write_mp4(file: AnyPath, frames: Sequence[Picture], seconds: Sequence[float]) -> None:
    """Write frames, each shown for this many seconds, as H.264 video; sides are made even, as H.264 requires.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "dawn.mp4"
    ...     write_mp4(file, [np.full((16, 16, 3), 40 * k, np.uint8) for k in range(5)], seconds=[0.1] * 5)
    ...     file.read_bytes()[4:8]
    b'ftyp'
    """
    require_mp4()
    check_suffix(as_path(file), ".mp4")
    with beside(file) as new:
        new.touch(exist_ok=False)  # raises the system's own reason, if any; the encoder's error is only its log
        with contextlib.suppress(OSError):  # the pipe breaks when the encoder dies; the file shows that
            _encode(new, frames, seconds)
        if not _is_whole(new):
            raise OSError(errno.ENOSPC, "the encoder could not write all of it (is the disk full?)")


def _encode(file: Path, frames: Sequence[Picture], seconds: Sequence[float]) -> None:
    import imageio.v2 as imageio

    writer = imageio.get_writer(
        file,
        format="FFMPEG",  # pyright: ignore[reportArgumentType] -- a plugin's name; the annotation is another's
        mode="I",
        fps=VIDEO_FRAMES_A_SECOND,
        codec="libx264",
        quality=8,
        macro_block_size=2,
        pixelformat="yuv420p",  # the format that every player and browser shows
        ffmpeg_log_level="quiet",
    )
    with writer:  # frame by frame: a stack of repeated frames would take hundreds of megabytes
        for frame, shown in zip(frames, seconds, strict=True):
            even = np.pad(frame, ((0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)), mode="edge")
            for _ in range(max(1, round(shown * VIDEO_FRAMES_A_SECOND))):
                writer.append_data(even)


def _is_whole(file: Path) -> bool:
    """Whether a video is complete: its boxes fill the file, and the index, which is written last, is there.

    The encoder is another process, whose failure imageio does not report.
    """
    names: list[bytes] = []
    at, size = 0, file.stat().st_size
    with file.open("rb") as f:
        while at < size:
            f.seek(at)
            head = f.read(16)
            length = int.from_bytes(head[:4])
            length = int.from_bytes(head[8:]) if length == 1 else length  # a long box has its length after its name
            if length < 8:
                return False
            names.append(head[4:8])
            at += length
    return at == size and b"moov" in names


def _cell(colours: Picture) -> NDArray[np.int32]:
    """The cell of each colour in a cube of 64 x 64 x 64."""
    r, g, b = (colours[..., k].astype(np.int32) >> 2 for k in range(3))
    return r << 12 | g << 6 | b


def _nearest(palette: Image.Image) -> NDArray[np.uint8]:
    """The palette's index for each cell of the cube: one look-up per pixel instead of a search."""
    from PIL import Image

    levels = np.arange(64, dtype=np.uint8) * 4 + 2
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(512, 512, 3)
    return np.asarray(Image.fromarray(cube).quantize(palette=palette, dither=Image.Dither.NONE)).reshape(-1)
