"""journal.jsonl: a line for each trial that has ended, written once, by the one process that leads the sweep."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import read_lines
from rosesim.train.files import Appended, lock
from rosesim.train.sweeps.trial import NUMBERS, Outcome

JOURNAL = "journal.jsonl"
LONGEST_LINE = 1_000_000
"""Bytes of a line, which holds a trial and its outcome."""


class Journal(Appended):
    """The open journal of a sweep, which no other process can write meanwhile, and its content."""

    def __init__(self, folder: Path, count: int):
        """Open the journal of a sweep of `count` trials; a line that was torn by a kill is cut off.

        Raises SceneError where a line is damaged or a trial has two, and Busy where another process leads
        this sweep.
        """
        super().__init__(folder / JOURNAL)
        try:
            lock(self.opened.fileno(), f"{folder} is being swept by another process just now")
            self.outcomes, length = _parse(self.file, count)
            self.cut(length)
        except BaseException:
            self.close()
            raise

    def add(self, outcome: Outcome, about: dict[str, Any]) -> None:
        """Record a trial's end durably, with what it was `about` for those who read the file."""
        if outcome.trial in self.outcomes:
            raise ValueError(f"trial {outcome.trial} has come to its end twice")
        record = {"trial": outcome.trial, **about, **asdict(outcome)}
        self.append((json.dumps(_plain(record)) + "\n").encode())
        self.sync()
        self.outcomes[outcome.trial] = outcome


def read_journal(folder: Path, count: int) -> dict[int, Outcome]:
    """The outcomes in a sweep's journal, by trial; empty where there is no journal yet."""
    file = folder / JOURNAL
    return _parse(file, count)[0] if file.exists() else {}


def _parse(file: Path, count: int) -> tuple[dict[int, Outcome], int]:
    """The outcomes, and the length of the file without a torn line at its end."""
    outcomes: dict[int, Outcome] = {}
    length = 0
    try:
        for i, line in enumerate(read_lines(file, LONGEST_LINE)):
            try:
                made = _outcome(json.loads(line))
                if made.trial in outcomes or not 0 <= made.trial < count:
                    raise ValueError(made.trial)
            except (ValueError, TypeError, KeyError, RecursionError) as e:
                raise SceneError(f"{file} cannot be read: line {i + 1} is not the outcome of another trial") from e
            outcomes[made.trial] = made
            length += len(line)
    except OSError as e:
        raise SceneError(f"{file} cannot be read: {e.strerror or e}") from e
    return outcomes, length


def _outcome(found: Any) -> Outcome:
    trial, error, is_again, numbers = (found[k] for k in ("trial", "error", "is_again", "numbers"))
    if type(trial) is not int or type(is_again) is not bool or not isinstance(error, str | None):
        raise ValueError(found)
    if error is None and not all(type(numbers[k]) in (int, float) for k in NUMBERS):
        raise ValueError(found)
    return Outcome(trial, error, is_again, dict(numbers))


def _plain(v: Any) -> Any:
    """The value with null in place of numbers that are not finite, which JSON does not have."""
    if isinstance(v, dict):
        return {str(k): _plain(x) for k, x in v.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] -- any dict
    return None if isinstance(v, float) and not math.isfinite(v) else v
