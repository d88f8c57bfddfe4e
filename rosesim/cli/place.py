"""Where a person wants to look: the params at which a scene's tuning begins, or those of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from rosesim.cli.recorded import is_run
from rosesim.scenes import configure, find_scene
from rosesim.scenes.errors import SceneError

Last = Annotated[bool, typer.Option("--last", help="Of a run, look at its last params instead of its best.")]


@dataclass(frozen=True)
class Place:
    """A scene, its inputs, and params."""

    scene: Any
    inputs: Any
    params: Any
    name: str
    """Where that is, for a person: "the start", "the best params of RUN (iteration 12)"."""
    folder: Path | None = None
    """The run's, of one seed."""


def place(what: str, assignments: Sequence[str], last: bool) -> Place:
    """The place that a person names: a scene, with settings, or the folder of a run."""
    if not is_run(what, assignments):
        if last:
            raise SceneError(f"--last is of a run, whose folder is given in the place of a scene; {what} is a scene")
        scene, inputs = configure(find_scene(what), assignments)
        return Place(scene, inputs, scene.params(np.random.default_rng(0)), "the start")
    from rosesim.train import read_best, read_last

    found = (read_last if last else read_best)(Path(what))
    which = "last" if last else "best"
    name = f"the {which} params of {what} (iteration {found.iteration}, loss {found.loss:.4g})"
    return Place(found.scene, found.inputs, found.params, name, found.folder)
