"""The pictures of a run that `train`, `export` and `run` write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any


def write_pictures(
    scene: Any,
    inputs: Any,
    remembered: list[tuple[int, Any]],
    losses: list[float],
    gif: Path | None,
    png: Path | None,
    mp4: Path | None = None,
    *,
    best_loss: float,
    count: int | None = None,
) -> None:
    """Write the requested files: the optimisation as a GIF or a video, its key frames as a PNG.

    The last of `remembered` is the best point. Its loss may differ from its iteration's (an optimiser may evaluate
    several points in one). `count` is how many of them a GIF or a video shows; all if not given.
    """
    from rosesim import view
    from rosesim.optimise.attempts import SHOWN, worth_showing

    attempts = view.attempts(scene, inputs, remembered, losses)
    attempts[-1] = replace(attempts[-1], loss=best_loss)
    if png is not None:
        view.write_png(png, view.contact_sheet(scene, inputs, attempts, losses))
    if gif is not None or mp4 is not None:
        chosen = worth_showing([a.iteration for a in attempts], count or SHOWN)
        frames, seconds = view.movie(scene, inputs, [a for a in attempts if a.iteration in chosen], losses)
        if gif is not None:
            view.write_gif(gif, frames, seconds)
        if mp4 is not None:
            view.write_mp4(mp4, frames, seconds)
