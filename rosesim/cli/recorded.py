"""What a picture is made of: an optimisation, read from a run's folder or carried out now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosesim.cli.output import training_progress
from rosesim.scenes import configure, find_scene
from rosesim.scenes.errors import SceneError


@dataclass(frozen=True)
class Recorded:
    """A scene, and what an optimisation did with it."""

    scene: Any
    inputs: Any
    remembered: list[tuple[int, Any]]
    """Some iterations, and the params there."""
    losses: list[float]
    """Of all iterations; their running means where iterations differ in their inputs."""


def is_run(what: str, assignments: Sequence[str]) -> bool:
    """Whether a person means a run's folder rather than a scene; SceneError where settings go with it."""
    from rosesim.train.settings import is_run as has_settings

    found = has_settings(Path(what))
    if not found and len(Path(what).parts) > 1:
        raise SceneError(f"{what} is not the folder of a run")
    if found and assignments:
        raise SceneError(f"{what} is a run, whose settings are in its folder; --set goes with a scene's name")
    return found


def read_run(folder: Path) -> Recorded:
    """The optimisation of a run's folder."""
    from rosesim.train import folder as folders

    scene, inputs = folders.read_scene(folder)
    return Recorded(scene, inputs, folders.read_attempts(folder, scene), folders.read_curve(folder))


def carry_out(scene: Any, inputs: Any) -> Recorded:
    """The published optimisation of a scene, carried out now."""
    from rosesim.train import train

    with training_progress(scene.name, scene.published.iterations) as report:
        run = train(scene, inputs=inputs, report=report)
    return Recorded(scene, inputs, run.attempts, run.curve)


def recorded(what: str, assignments: Sequence[str]) -> Recorded:
    """That of a run's folder, or else the published one of a scene."""
    if is_run(what, assignments):
        return read_run(Path(what))
    return carry_out(*configure(find_scene(what), assignments))
