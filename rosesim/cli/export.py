"""`rosesim export`."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from rosesim.cli.app import Gif, Mp4, Npy, Png, SceneOrRun, Set, app
from rosesim.cli.chance import note_sampled_inputs
from rosesim.cli.pictures import write_pictures
from rosesim.cli.recorded import carry_out, found, read_run
from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import FlatView, leaves
from rosesim.scenes.writing import check_target, write_beside


@app.command()
def export(
    what: SceneOrRun, set_: Set = None, gif: Gif = None, mp4: Mp4 = None, png: Png = None, npy: Npy = None
) -> None:
    """Pictures of a run, or of a scene's published optimisation."""
    from rosesim.view import require_mp4

    # Everything that can be refused is refused first: an optimisation may take minutes.
    requested = {".gif": gif, ".mp4": mp4, ".png": png, ".npy": npy}
    files = {suffix: file for suffix, file in requested.items() if file is not None}
    if not files:
        raise SceneError("export needs --gif FILE, --mp4 FILE, --png FILE or --npy FILE")
    for suffix, file in files.items():
        check_target(file, suffix)
    if len({os.path.realpath(file) for file in files.values()}) < len(files):
        raise SceneError("two of the files to be written are one and the same; give each its own name")
    if mp4 is not None:
        require_mp4()
    scene, inputs, folder = found(what, set_ or [])
    if npy is not None:
        _one_array(scene.params(np.random.default_rng(0)))
    note_sampled_inputs(scene, inputs, set_ or [])
    made = carry_out(scene, inputs) if folder is None else read_run(folder)
    if npy is not None:
        content = io.BytesIO()
        np.save(content, _one_array(made.remembered[-1][1]), allow_pickle=False)
        write_beside(npy, content.getvalue())
    write_pictures(
        made.scene, made.inputs, made.remembered, made.losses, gif, png, mp4, best_loss=made.best_loss
    )  # fmt: skip
    for file in files.values():
        print(f"wrote {file}")


def _one_array(params: Any) -> Any:
    """The only array that is tuned; SceneError where there are several or none."""
    tuned = FlatView.of(params).shapes
    if len(tuned) != 1:
        raise SceneError(
            f"--npy writes one array; tuned are {', '.join(tuned) or 'none'}: a run's folder (train --out DIR) "
            "holds them all"
        )
    return np.asarray(leaves(params)[next(iter(tuned))])
