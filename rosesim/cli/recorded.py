"""The content of a picture: an optimisation, read from a run's folder or carried out now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosesim.cli.output import training_progress
from rosesim.scenes import configure, find_scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import as_path


@dataclass(frozen=True)
class Recorded:
    """A scene, and an optimisation of it."""

    scene: Any
    inputs: Any
    remembered: list[tuple[int, Any]]
    """Some iterations up to the best one, and the params at each."""
    losses: list[float]
    """The losses of all iterations; their running means where inputs differ between iterations."""
    best_loss: float
    """The loss of the last of those remembered, which is the best one."""


def is_run(what: str, assignments: Sequence[str]) -> bool:
    """Whether the user means a run's folder rather than a scene; SceneError where settings are given with it."""
    from rosesim.train.settings import is_run as has_settings

    folder = as_path(what, "SCENE|RUN")
    found = has_settings(folder)
    if not found and len(folder.parts) > 1:
        raise SceneError(f"{what} is not the folder of a run")
    if found and assignments:
        raise SceneError(f"{what} is a run, whose settings are in its folder; --set goes with a scene's name")
    return found


def read_run(folder: Path) -> Recorded:
    """The optimisation of a run's folder, to its best iteration."""
    from rosesim.train import folder as folders

    best = folders.read_best(folder)
    earlier = [(i, params) for i, params in folders.read_attempts(folder, best.scene) if i < best.iteration]
    remembered = [*earlier, (best.iteration, best.params)]
    return Recorded(best.scene, best.inputs, remembered, folders.read_curve(folder), best.loss)


def carry_out(scene: Any, inputs: Any) -> Recorded:
    """The published optimisation of a scene, carried out now."""
    from rosesim.train import train

    with training_progress(scene.name, scene.published.iterations) as report:
        run = train(scene, inputs=inputs, report=report)
    return Recorded(scene, inputs, run.until_best, run.curve, run.best_loss)


def found(what: str, assignments: Sequence[str]) -> tuple[Any, Any, Path | None]:
    """A scene and its inputs, with the run's folder that they come from, where the user means one."""
    from rosesim.train.folder import read_scene

    if is_run(what, assignments):
        folder = as_path(what)
        return *read_scene(folder), folder
    return *configure(find_scene(what), assignments), None
