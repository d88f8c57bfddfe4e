"""What the tests of sweeps share: a scene that some trials' processes die of, and how a sweep is judged."""

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from valley import Field, Throw, Valley, records

from rosesim.scenes import configure
from rosesim.train import train

LONG = 350
"""Iterations of `Slow` that take 1.4 seconds or more: there is a checkpoint before the end."""


@dataclass(frozen=True)
class Slow(Valley):
    """A valley whose iterations take 4 ms at least, on any machine, in the processes of a sweep."""

    name: ClassVar[str] = "slow"

    def sample(self, inputs: Field, rng: np.random.Generator) -> Field:
        if parent_process() is not None:
            time.sleep(0.004)
        return inputs


@dataclass(frozen=True)
class Deadly(Valley):
    """A valley of which a trial's process dies, where it bends by 13."""

    name: ClassVar[str] = "deadly"

    def params(self, rng: np.random.Generator) -> Throw:
        if self.bend == 13.0 and parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().params(rng)


def journal(folder: Path) -> list[dict[str, Any]]:
    """The lines of a sweep's journal."""
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]


def check_complete(folder: Path, count: int, kind: type[Valley] = Valley) -> None:
    """Every trial is accounted for once, and is the run that it would have been alone, to the bit."""
    lines = journal(folder)
    assert sorted(line["trial"] for line in lines) == list(range(count))
    for line in lines:
        assert line["error"] is None, line
        given = [f"{k}={v}" for k, v in line["values"].items() if k != "seeds"]
        scene, inputs = configure(kind, given)
        alone = folder.parent / f"alone-{line['trial']}"
        found = train(scene, inputs=inputs, iterations=line["numbers"]["iterations"], seed=line["seed"], out=alone)
        assert line["numbers"]["best_loss"] == found.best_loss and line["numbers"]["loss_last"] == found.losses[-1]
        assert records(folder / line["out"]) == records(alone)


def rows(folder: Path, trial: int) -> int:
    """How many iterations a trial has on record."""
    file = folder / f"trial-{trial:04d}" / "metrics.jsonl"
    return len(file.read_bytes().splitlines()) if file.exists() else 0


def wait_until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Until it holds; AssertionError where that takes too long."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.01)
