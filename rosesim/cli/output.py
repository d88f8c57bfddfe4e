"""The output of the commands: JSON, notes, progress."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from rosesim.train import Progress, Sweep


def print_json(record: Mapping[str, Any]) -> None:
    """Print one JSON object on one line of standard output; a number that is not finite becomes null."""
    print(json.dumps(_plain(record), allow_nan=False), flush=True)


def _plain(v: Any) -> Any:
    if isinstance(v, Mapping):
        return {k: _plain(x) for k, x in v.items()}
    if isinstance(v, list | tuple):
        return [_plain(x) for x in v]
    return None if isinstance(v, float) and not math.isfinite(v) else v


def note(text: str) -> None:
    """Print a line for the user on standard error."""
    print(f"rosesim: {text}", file=sys.stderr, flush=True)


def _shown_loss(p: Progress) -> float:
    return p.loss if p.recent is None else p.recent


def shown_terms(terms: Mapping[str, float]) -> str:
    """What a loss is the sum of, in words; nothing where the scene gives one number.

    >>> shown_terms({"effort": 0.25, "distance": 0.5})
    'effort 0.25 + distance 0.5'
    """
    return " + ".join(f"{name} {v:.4g}" for name, v in terms.items())


WIDTH_OF_LOGS = 160
"""Characters of a line that goes into a file or a pipe, which has no width: none of a progress line is cut."""


def _console() -> Console:
    """Standard error, as wide as its terminal."""
    # Imported here, because it would add a third to the time of --help.
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_OF_LOGS
    return console


@contextmanager
def training_progress(scene: str, total: int, seeds: int = 1) -> Generator[Callable[[Progress], None]]:
    """A bar on standard error with the loss beside it; yields the function to call after each iteration.

    Runs of several seeds share the bar, which shows the least of their latest losses.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    bar = Bar(*columns, console=_console())
    task = bar.add_task(scene, total=total * seeds, loss="")
    latest: dict[int, Progress] = {}

    def report(progress: Progress) -> None:
        bar.start()  # at the first report: errors before that need no bar
        latest[progress.seed] = progress
        done = sum(p.iteration for p in latest.values())
        parts = f" = {shown_terms(progress.terms)}" if progress.terms and seeds == 1 else ""
        bar.update(task, completed=done, loss=f"{min(map(_shown_loss, latest.values())):.4g}{parts}")
        if progress.note:
            whose = f"seed {progress.seed}: " if seeds > 1 else ""
            bar.console.print(f"rosesim: {whose}{progress.note}", highlight=False, soft_wrap=True, markup=False)

    try:
        yield report
    finally:
        if bar.live.is_started:
            bar.stop()


LONG_SECONDS = 1.0
"""A layout that takes longer shows how it goes on."""


@contextmanager
def layout_progress(diagram: str, starts: int) -> Generator[Callable[[int, str], None]]:
    """A line on a terminal's standard error about a layout that takes long, until it ends; yields the function to
    call now and then, on any thread, with how many starts have ended and a few words."""
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    several = (BarColumn(), MofNCompleteColumn()) if starts > 1 else (SpinnerColumn(),)
    words = TextColumn("{task.fields[words]}")
    console = _console()
    columns = (TextColumn("{task.description}"), *several, words, TimeElapsedColumn())
    bar = Bar(*columns, console=console, transient=True)
    task = bar.add_task(diagram, total=starts, words="begins")
    late = threading.Timer(LONG_SECONDS, bar.start)
    late.daemon = True
    if console.is_terminal:
        late.start()

    def report(ended: int, words: str) -> None:
        bar.update(task, completed=ended, words=words)

    try:
        yield report
    finally:
        late.cancel()
        if bar.live.is_started:
            bar.stop()


@contextmanager
def sweep_progress(scene: str) -> Generator[Callable[[Sweep], None]]:
    """A bar on standard error with the best loss beside it; yields the function to call after each trial."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("best loss {task.fields[loss]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    bar = Bar(*columns, console=_console())
    task = bar.add_task(scene, total=None, loss="-")

    def report(known: Sweep) -> None:
        bar.start()
        best = "-" if known.best is None else f"{known.best.loss:.4g}"
        bar.update(task, total=known.count, completed=len(known.tried), loss=best)

    try:
        yield report
    finally:
        if bar.live.is_started:
            bar.stop()
