"""The open files of a run: its metrics, its record of evaluations, its checkpoints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rosesim.scenes.tree import FlatView
from rosesim.train.checkpoint import BEST, LAST, Best, Checkpoint, write_best, write_checkpoint
from rosesim.train.evaluations import Evaluations
from rosesim.train.files import remove_temporary
from rosesim.train.metrics import MetricsFile
from rosesim.train.settings import SETTINGS, Settings

METRICS, EVALUATIONS = "metrics.jsonl", "evaluations.bin"
FILES = (SETTINGS, METRICS, LAST, BEST, EVALUATIONS)
"""The files that a run's folder may hold."""

CHECKPOINT_SECONDS = 1.0
"""Least time between checkpoints, which is what a kill can cost."""
CHECKPOINT_SHARE = 0.02
"""Largest share of the run's time for checkpoints: with a slow disk or large params they are rarer."""


class RunFiles:
    """The open files of a run whose first `keep` iterations are done; a gradient has `gradient` numbers."""

    def __init__(self, out: Path, settings: Settings, keep: int, gradient: int):
        self._folder = out.absolute()  # the process may change its working directory
        self._identity = settings.identity
        plan = settings.plan
        self._runs = 1 if settings.is_drawn else plan.batch or 1  # starts, each of which writes its own checkpoints
        self._saved_best: Best | None = None
        self._due = 0.0
        self.evaluations: Evaluations | None = None
        """The evaluations of a foreign optimiser, for its replay."""
        # A run that was killed before its first checkpoint has rows, but starts from the beginning.
        self.metrics = MetricsFile(out / METRICS, keep=keep)
        try:
            for name in FILES:
                remove_temporary(out, name)
            if plan.foreign is not None:
                self.evaluations = Evaluations(
                    out / EVALUATIONS, settings.identity, gradient if plan.needs_gradient else 0
                )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the files, without saving anything."""
        self.metrics.close()
        if self.evaluations is not None:
            self.evaluations.close()

    def begin(self) -> None:
        """Note that the run begins now: its first checkpoint is not due yet."""
        self._due = time.perf_counter() + CHECKPOINT_SECONDS

    @property
    def is_due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return time.perf_counter() >= self._due

    def save(self, c: Checkpoint, flat: FlatView[Any]) -> None:
        """Write the checkpoint, and best.npz where it has changed; first sync the files that they rely on."""
        begun = time.perf_counter()
        self.metrics.sync()
        if self.evaluations is not None:
            self.evaluations.sync()
        write_checkpoint(self._folder, c, flat, self._identity)
        if c.best is not None and c.best is not self._saved_best:
            write_best(self._folder, c.best, flat)
            self._saved_best = c.best
        now = time.perf_counter()
        self._due = now + max(CHECKPOINT_SECONDS, self._runs * (now - begun) / CHECKPOINT_SHARE)
