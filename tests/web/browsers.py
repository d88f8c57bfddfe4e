"""Debian's chromium, for tests: how it is started, and how one waits in it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DESK: dict[str, Any] = {"viewport": {"width": 1200, "height": 800}, "reduced_motion": "reduce"}
PATIENCE = 20.0  # seconds, for a busy machine


def wait(frame: Any, condition: str) -> None:
    """Until a condition holds. playwright's own way evaluates text in the page, whose policy forbids that."""
    until(lambda: frame.evaluate(f"() => !!({condition})"), condition)


def until(holds: Callable[[], Any], what: object = "") -> None:
    """Until a function gives true."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)
