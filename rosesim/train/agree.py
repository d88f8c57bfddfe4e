"""Whether the options for a resumed run agree with its folder."""

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


def check_agrees(
    folder: Path, found: Settings, scene: str | None, assignments: Sequence[str], **options: Any
) -> None:
    """SceneError, naming the field, where a given option contradicts the run of a folder.

    `assignments` are as in `configure`; `options` are fields of a Plan and `seeds`, None where not given.
    """
    if scene is not None and scene != found.scene.name:
        raise _contradiction(folder, "scene", found.scene.name, scene)
    for name, given in options.items():
        known = found.seeds if name == "seeds" else getattr(found.plan, name)
        if given is not None and name in ("schedule", "optimizer"):
            given = getattr(dataclasses.replace(found.plan, **{name: given}), name)  # in its complete form
        if given is not None and given != known:
            raise _contradiction(folder, name, known, given)
    made, inputs = configure(type(found.scene), assignments)
    settings = {f.name for f in dataclasses.fields(made)}
    for name in (a.partition("=")[0].strip() for a in assignments):
        if name in settings:
            known, given = getattr(found.scene, name), getattr(made, name)
            same = known == given
        else:
            known, given = leaves(found.inputs)[name], leaves(inputs)[name]
            same = np.array_equal(known, given)
        if not same:
            raise _contradiction(folder, name, known, given)


def _contradiction(folder: Path, name: str, known: Any, given: Any) -> SceneError:
    return SceneError(
        f"{folder} is a run with {name} = {known}, which {name} = {given} contradicts: "
        "leave it out, or start a new run in another folder"
    )
