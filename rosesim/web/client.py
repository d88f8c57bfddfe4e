"""The JavaScript that runs our modules, one file without dependencies, and its types."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import write_beside

CLIENT = ("rosesim.js", "rosesim.d.ts")
NOTICE = "/*! rosesim's client, (c) the rosesim authors. SPDX-License-Identifier: MIT */\n"


def client() -> dict[str, str]:
    """The text of each file by its name."""
    return {name: NOTICE + files("rosesim.web").joinpath(name).read_text(encoding="utf-8") for name in CLIENT}


def write_client(folder: Path) -> None:
    """Write the client into a folder; SceneError, before any is written, where something else has its name."""
    for name in CLIENT:
        file = folder / name
        if file.exists() and not file.read_bytes().startswith(NOTICE.encode()):
            raise SceneError(f"cannot write {file}: it is not rosesim's client; expected a folder without that name")
    for name, text in client().items():
        write_beside(folder / name, text.encode())
