"""A progress bar in a notebook, for runs that report to nobody else."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rosesim.scenes.base import AnyScene
from rosesim.train.progress import Progress, Report, ignore

PAUSE = 0.1
"""Least seconds between two pictures of the bar: each is a message to the browser."""


@contextmanager
def reporting(report: Report, scene: AnyScene, total: int, runs: int = 1) -> Generator[Report]:
    """The report of a run, or of several with `total` iterations each: a bar, in a notebook where none was given."""
    if report is not ignore or not _is_notebook():
        yield report
        return
    bar = _Bar(scene, total, runs)
    try:
        yield bar.report
    finally:
        bar.draw()


def _is_notebook() -> bool:
    """Is this code run by a kernel, whose displays a browser can replace?"""
    module: Any = sys.modules.get("IPython")
    return hasattr(module.get_ipython() if module else None, "kernel")


class _Bar:
    def __init__(self, scene: AnyScene, total: int, runs: int):
        self.scene, self.total, self.runs = scene, total, runs
        self.first: dict[int, int] = {}
        """The iteration with which each run begins here: a resumed one has made others before."""
        self.latest: dict[int, Progress] = {}
        self.notes: list[str] = []
        self.shown, self.began = 0.0, time.monotonic()
        self.place: Any = None

    def report(self, now: Progress) -> None:
        self.first.setdefault(now.seed, now.iteration)
        self.latest[now.seed] = now
        if now.note:
            self.notes.append(f"seed {now.seed}: {now.note}" if self.runs > 1 else now.note)
        if time.monotonic() - self.shown >= PAUSE:
            self.draw()

    def draw(self) -> None:
        from IPython.display import HTML, display

        picture: Any = HTML(self.html())
        if self.place is None:
            self.place = display(picture, display_id=True)
        else:
            self.place.update(picture)
        self.shown = time.monotonic()

    def html(self) -> str:
        done, most = sum(p.iteration for p in self.latest.values()), self.total * self.runs
        gone = time.monotonic() - self.began
        text = f"{self.scene.name}: {done} of {most} iterations, {gone:.0f} s"
        made = done - sum(self.first.values())
        if made and done < most:
            text += f", about {gone * (most - done) / made:.0f} s left"
        if self.latest:
            best = min((p.best_loss for p in self.latest.values()), default=float("nan"))
            losses = [p.loss for p in self.latest.values()]
            text += (
                f"; {self.scene.measure.label} {losses[0]:.4g}"
                if self.runs == 1
                else f"; {len(losses)} of {self.runs} runs have begun"
            )
            text += f", best {best:.4g}"
        notes = "".join(f"<div>{html.escape(n)}</div>" for n in self.notes)
        return f'<progress value="{done}" max="{most}" style="width:20em"></progress> {html.escape(text)}{notes}'
