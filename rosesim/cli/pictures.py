"""The pictures of a run that `train` and `export` write."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_pictures(
    scene: Any,
    inputs: Any,
    remembered: list[tuple[int, Any]],
    losses: list[float],
    gif: Path | None,
    png: Path | None,
) -> None:
    """Write what is asked for: the optimisation as a GIF, the last attempt as a PNG."""
    from rosesim import view

    attempts = view.attempts(scene, inputs, remembered, losses)
    if png is not None:
        last = len(attempts[-1].trajectory) - 1
        view.write_png(png, view.picture(scene, inputs, attempts, losses, last))
    if gif is not None:
        frames, seconds = view.movie(scene, inputs, attempts, losses)
        view.write_gif(gif, frames, seconds)
