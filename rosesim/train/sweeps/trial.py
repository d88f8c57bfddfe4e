"""One trial of a sweep: its job, carrying it out in any process, and its outcome.

A trial is a training run with a folder of its own. The process that carries it out looks there first: it continues a
run that a lost process began, and reads back one that is finished.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rosesim.ad.support.budget import memory_budget
from rosesim.scenes.base import AnyScene
from rosesim.scenes.locate import scene_at
from rosesim.scenes.overrides import configure
from rosesim.train.errors import Busy, Interrupted, reason
from rosesim.train.plan import Plan
from rosesim.train.run import Run, begun, resume
from rosesim.train.settings import Settings, is_run

TRIES = 3
"""Processes that may die during one trial before the trial counts as the cause."""

BUSY_SECONDS = 0.2
"""Time between looks at a folder in which a process that was believed lost is still at work."""


@dataclass(frozen=True)
class Job:
    """The job of a trial: plain data, because it is sent to another process."""

    trial: int
    scene: str | type[AnyScene]
    """A name or place by which the other process finds the scene, or a class that it can import."""
    assignments: tuple[str, ...]
    plan: Plan
    folder: Path
    budget: int
    """The memory budget in bytes; see `memory_budget`."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a trial: its numbers, or the error that ended it."""

    trial: int
    error: str | None = None
    is_again: bool = False
    """Whether it continued a run that a lost process, or a stopped sweep, had begun."""
    numbers: dict[str, Any] = field(default_factory=dict[str, Any])


NUMBERS = ("iterations", "loss_first", "loss_last", "best_loss", "compile_seconds", "seconds_per_iteration")
"""The numbers of an outcome without an error."""


def kind_of(scene: str | type[AnyScene]) -> type[AnyScene]:
    """The class of a scene, given by its name, its place or as a class."""
    return scene_at(scene) if isinstance(scene, str) else scene


def carry_out(job: Job, stop: threading.Event) -> Outcome:
    """Train, and turn any error into an outcome; Interrupted, with everything saved, once `stop` is set."""
    is_again = is_run(job.folder)
    while True:
        try:
            with memory_budget(job.budget):
                return Outcome(job.trial, None, is_again, _numbers(_trained(job, stop)))
        except Busy:
            # A process that was believed lost still works in the folder: its results count.
            is_again = True
            if stop.wait(BUSY_SECONDS):
                raise Interrupted("interrupted while another process has the folder") from None
        except Interrupted:
            raise
        except Exception as e:  # any error ends this trial alone; the others are run
            return Outcome(job.trial, reason(e), is_again)


def _trained(job: Job, stop: threading.Event) -> Run[Any]:
    scene, inputs = configure(kind_of(job.scene), job.assignments)
    if is_run(job.folder):
        return resume(job.folder, scene=scene, stop=stop)
    return begun(Settings(scene, inputs, job.plan), job.folder, lambda progress: None, stop)


def _numbers(run: Run[Any]) -> dict[str, Any]:
    found = (
        run.iterations, run.losses[0], run.losses[-1], run.best_loss, run.compile_seconds, run.seconds_per_iteration,
    )  # fmt: skip
    return dict(zip(NUMBERS, found, strict=True))
