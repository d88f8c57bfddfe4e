"""Whether programs have run-time checks when the caller does not say."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

VARIABLE = "ROSESIM_DEBUG"
"""An environment variable, so that processes and threads that a command starts see it, too."""


def debugging() -> bool:
    """Whether the environment asks for debug programs: `ROSESIM_DEBUG` is neither empty nor 0."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


@contextmanager
def debug_programs(on: bool) -> Generator[None]:
    """If `on`, programs made inside are debug programs, in this process and in those that it starts."""
    before = os.environ.get(VARIABLE)
    if on:
        os.environ[VARIABLE] = "1"
    try:
        yield
    finally:
        if on:
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before
