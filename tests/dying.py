"""A training process that kills itself: `python dying.py FOLDER OPTIMIZER TOTAL WHAT NTH HOW FILE`.

It dies at its NTH call of WHAT: a function of `os`, or `append` to the run's FILE; HOW is before, after or
half: with half of what was to be written.
"""

import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from valley import Valley

from rosesim.train import files, run_files, train


def die() -> None:
    """End as the system's out-of-memory killer and `kill -9` end a process."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(
    real: Callable[..., Any], counts: Callable[..., bool], half: Callable[..., None], nth: int, how: str
) -> Callable[..., Any]:
    """The function, deadly at its nth call of those that count."""
    seen = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal seen
        seen += counts(*args)
        if seen < nth or not counts(*args):
            return real(*args, **kwargs)
        if how == "half":
            half(*args)
        if how == "after":
            real(*args, **kwargs)
        die()

    return call


def half_a_file(descriptor: int) -> None:
    """Leave half of what was written so far and is about to be synced."""
    os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)


def half_a_record(self: files.Appended, content: bytes) -> None:
    """Append the first half."""
    self.opened.write(content[: len(content) // 2])


def main(folder: str, optimizer: str, total: str, what: str, nth: str, how: str, file: str) -> None:
    """Train until death."""
    # A checkpoint after every iteration, whatever it costs.
    run_files.CHECKPOINT_SECONDS = 0.0  # pyright: ignore[reportConstantRedefinition] -- for this process alone
    run_files.CHECKPOINT_SHARE = math.inf  # pyright: ignore[reportConstantRedefinition] -- for this process alone
    if what == "append":
        mine: Callable[..., bool] = lambda self, _: self.file.name == file
        files.Appended.append = dying(files.Appended.append, mine, half_a_record, int(nth), how)
    elif what != "nothing":
        setattr(files.os, what, dying(getattr(os, what), lambda *_: True, half_a_file, int(nth), how))
    train(Valley(), iterations=int(total), optimizer=optimizer, out=Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
