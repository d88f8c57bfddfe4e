"""`rosesim export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rosesim.cli.app import Gif, Mp4, Npy, Png, SceneOrRun, Set, app
from rosesim.cli.pictures import write_pictures
from rosesim.cli.recorded import recorded
from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import leaves


@app.command()
def export(
    what: SceneOrRun, set_: Set = None, gif: Gif = None, mp4: Mp4 = None, png: Png = None, npy: Npy = None
) -> None:
    """Pictures of a run, or of a scene's published optimisation."""
    from rosesim.view import require_mp4

    files = [file for file in (gif, mp4, png, npy) if file is not None]
    if not files:
        raise SceneError("export needs --gif FILE, --mp4 FILE, --png FILE or --npy FILE")
    if mp4 is not None:
        require_mp4()
    found = recorded(what, set_ or [])
    if npy is not None:
        _write_array(npy, found.remembered[-1][1])
    write_pictures(found.scene, found.inputs, found.remembered, found.losses, gif, png, mp4)
    for file in files:
        print(f"wrote {file}")


def _write_array(file: Path, params: Any) -> None:
    """Write the one array of params; the file then has NumPy's own format, without pickles."""
    arrays = leaves(params)
    if len(arrays) != 1:
        names = ", ".join(arrays)
        raise SceneError(
            f"--npy writes one array; tuned are {names}: a run's folder (train --out DIR) holds them all"
        )
    try:
        with file.open("wb") as out:
            np.save(out, np.asarray(*arrays.values()), allow_pickle=False)
    except OSError as e:
        raise SceneError(f"cannot write {file}: {e.strerror}") from e
