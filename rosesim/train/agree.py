"""Whether what a person asks of a resumed run agrees with what its folder says."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.scenes.errors import SceneError
from rosesim.scenes.overrides import configure
from rosesim.scenes.tree import leaves
from rosesim.train.settings import Settings


def check_agrees(folder: Path, found: Settings, scene: str | None, assignments: Sequence[str], **asked: Any) -> None:
    """SceneError, naming the field, where something given contradicts the run of a folder.

    `assignments` are as in `configure`; `asked` are fields of a Plan and `seeds`, None where not given.
    """
    if scene is not None and scene != found.scene.name:
        raise _contradiction(folder, "scene", found.scene.name, scene)
    for name, wanted in asked.items():
        known = found.seeds if name == "seeds" else getattr(found.plan, name)
        if wanted is not None and name == "schedule":
            wanted = dataclasses.replace(found.plan, schedule=wanted).schedule  # as it is written when it is complete
        if wanted is not None and wanted != known:
            raise _contradiction(folder, name, known, wanted)
    made, inputs = configure(type(found.scene), assignments)
    settings = {f.name for f in dataclasses.fields(made)}
    for name in (a.partition("=")[0].strip() for a in assignments):
        if name in settings:
            known, wanted = getattr(found.scene, name), getattr(made, name)
            same = known == wanted
        else:
            known, wanted = leaves(found.inputs)[name], leaves(inputs)[name]
            same = np.array_equal(known, wanted)
        if not same:
            raise _contradiction(folder, name, known, wanted)


def _contradiction(folder: Path, name: str, known: Any, wanted: Any) -> SceneError:
    return SceneError(
        f"{folder} is a run with {name} = {known}, which {name} = {wanted} contradicts: "
        "leave it out, or start a new run in another folder"
    )
