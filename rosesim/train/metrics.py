"""metrics.jsonl: a line for each iteration, appended during the run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import read_lines
from rosesim.train.files import Appended, lock


@dataclass(frozen=True)
class Row:
    """The numbers of one iteration; `seconds` count from the run's beginning, over all its resumptions."""

    iteration: int
    loss: float
    gradient_norm: float | None
    """None for an optimiser that computes no gradient."""
    seconds: float
    terms: Mapping[str, float] = field(default_factory=dict[str, float])
    """What the loss is the sum of, by name; empty where the scene gives one number."""

    def line(self) -> str:
        """The row as JSON, with null for a number that is not finite."""
        numbers = {"loss": self.loss, "gradient_norm": self.gradient_norm, "seconds": self.seconds}
        of_terms = {"terms": _finite(self.terms)} if self.terms else {}
        return json.dumps({"iteration": self.iteration, **_finite(numbers), **of_terms}) + "\n"


def _finite(numbers: Mapping[str, float | None]) -> dict[str, float | None]:
    return {k: v if v is not None and math.isfinite(v) else None for k, v in numbers.items()}


LONGEST_ROW = 10_000
"""Most bytes of a line: a row has four numbers, and the terms of the loss with their names."""
MEAN_OVER = 200
"""Iterations. Where each has its own inputs, a single loss tells little (Electric's vary tenfold)."""


def running_means(losses: Sequence[float]) -> list[float]:
    """For each iteration, the mean loss of it and those before it, over at most MEAN_OVER iterations.

    >>> running_means([4.0, 2.0, 0.0])
    [4.0, 3.0, 2.0]
    """
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    until = np.arange(1, len(sums))
    since = np.maximum(until - MEAN_OVER, 0)
    return ((sums[until] - sums[since]) / (until - since)).tolist()


def read_rows(file: Path, count: int | None = None) -> list[Row]:
    """The rows of a run, or the first `count` of them; an unfinished row at the end of a killed run is left out.

    Raises SceneError where the file cannot be read, a row is damaged, or fewer than `count` are there.
    """
    return [row for row, _ in _parse(file, count)]


def _parse(file: Path, count: int | None) -> list[tuple[Row, int]]:
    """The rows, and where each ends in the file."""
    rows: list[tuple[Row, int]] = []
    at = 0
    try:
        for i, line in enumerate(read_lines(file, LONGEST_ROW)):
            if count is not None and i >= count:
                break
            at += len(line)
            try:
                rows.append((_row(json.loads(line), i), at))
            except (ValueError, TypeError, KeyError, RecursionError) as e:
                raise SceneError(f"{file} cannot be read: line {i + 1} is not the row of iteration {i}") from e
    except OSError as e:
        raise SceneError(f"{file} cannot be read: {e.strerror or e}") from e
    if count is not None and len(rows) < count:
        raise SceneError(f"{file} holds {len(rows)} iterations; the run's checkpoint is of iteration {count}")
    return rows


def _row(found: Any, i: int) -> Row:
    numbers = [found[k] for k in ("loss", "gradient_norm", "seconds")]
    terms: dict[str, float | None] = found.get("terms", {})
    if found["iteration"] != i or not all(v is None or type(v) in (int, float) for v in (*numbers, *terms.values())):
        raise ValueError(found)
    loss, gradient_norm, seconds = numbers
    return Row(i, math.nan if loss is None else float(loss), gradient_norm, float(seconds),
               {k: math.nan if v is None else float(v) for k, v in terms.items()})  # fmt: skip


class MetricsFile(Appended):
    """The metrics file of an open run, which no other process can write meanwhile."""

    def __init__(self, file: Path, keep: int):
        """Open it with its first `keep` rows; the rows after them are computed again.

        Raises SceneError where they are not there, and where another process trains in this folder.
        """
        super().__init__(file)
        try:
            lock(self.opened.fileno(), f"{file.parent} is being trained by another process just now")
            kept = _parse(file, keep)
            self.rows = [row for row, _ in kept]
            self.cut(kept[-1][1] if kept else 0)
        except BaseException:
            self.close()
            raise

    def add(self, row: Row) -> None:
        """Append a row, visible at once to those who watch the file."""
        self.append(row.line().encode())
        self.rows.append(row)
