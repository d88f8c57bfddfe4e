"""The content of a picture: an optimisation, read from a run's folder or carried out now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rosesim.cli.output import training_progress
from rosesim.scenes import configure, scene_names
from rosesim.scenes.errors import SceneError
from rosesim.scenes.locate import is_place, scene_at
from rosesim.scenes.precision import compute_in
from rosesim.scenes.writing import as_path

if TYPE_CHECKING:
    from rosesim.train.metrics import Row

LEARNING_RATE = "learning_rate"
"""The input that training reads."""


@dataclass(frozen=True)
class Recorded:
    """A scene, and an optimisation of it."""

    scene: Any
    inputs: Any
    remembered: list[tuple[int, Any]]
    """Some iterations up to the best one (or to the last, where that was wanted), and the params at each."""
    losses: list[float]
    """The losses of all iterations; their running means where inputs differ between iterations."""
    best_loss: float
    """The loss of the last of those remembered."""
    rows: list[Row]
    """The numbers of all iterations."""


def is_run(what: str, assignments: Sequence[str]) -> bool:
    """Whether the user means a run's folder rather than a scene; SceneError where settings are given with it."""
    from rosesim.train.settings import is_run as has_settings

    if is_place(what):
        return False
    folder = as_path(what, "SCENE|RUN")
    found = has_settings(folder)
    is_path = len(folder.parts) > 1 or os.sep in what or (folder.is_dir() and what not in scene_names())
    if not found and is_path:
        refuse_other_folders(folder)
    if found and assignments:
        raise SceneError(f"{what} is a run, whose settings are in its folder; --set goes with a scene's name")
    return found


def with_rate(assignments: Sequence[str] | None, rate: float | None) -> list[str]:
    """The assignments of `--set`, with that of `--lr`; SceneError where both give a learning rate."""
    given = list(assignments or [])
    if rate is None:
        return given
    if any(a.partition("=")[0].strip() == LEARNING_RATE for a in given):
        raise SceneError(f"--lr {rate:g} was given beside --set {LEARNING_RATE}=...; give one of them")
    return [*given, f"{LEARNING_RATE}={rate!r}"]


def held_runs(folder: Path) -> list[Path]:
    """The runs that a folder holds, of a sweep for one; the folder itself where it is a run, or holds none."""
    if not folder.is_dir() or (folder / "settings.toml").is_file():
        return [folder]
    return sorted(p for p in folder.iterdir() if (p / "settings.toml").is_file()) or [folder]


def refuse_other_folders(folder: Path) -> NoReturn:
    """Raise SceneError for a path that is not a run's folder: what it is instead, and what to write."""
    if (folder / "sweep.toml").is_file():
        raise SceneError(f"{folder} is the folder of a sweep; expected one of its runs: {folder / 'trial-0000'}, ...")
    held = sorted(p for p in folder.iterdir() if (p / "settings.toml").is_file()) if folder.is_dir() else []
    if held:
        raise SceneError(
            f"{folder} is not the folder of a run, but holds runs; expected one of them: {held[-1]}, ..."
        )
    raise SceneError(
        f"{folder} is not the folder of a run" + ("" if folder.exists() else "; there is no such folder")
    )


def read_run(folder: Path, *, last: bool = False) -> Recorded:
    """The optimisation of a run's folder, to its best iteration, or to its last."""
    from rosesim.train import folder as folders
    from rosesim.train.metrics import read_rows
    from rosesim.train.run_files import METRICS
    from rosesim.train.settings import read_settings

    end = (folders.read_last if last else folders.read_best)(folder)
    compute_in(read_settings(end.folder).plan.precision)  # what is shown of it, too
    earlier = [(i, params) for i, params in folders.read_attempts(folder, end.scene) if i < end.iteration]
    remembered = [*earlier, (end.iteration, end.params)]
    rows = read_rows(end.folder / METRICS)
    return Recorded(end.scene, end.inputs, remembered, folders.read_curve(folder), end.loss, rows)


def carry_out(scene: Any, inputs: Any) -> Recorded:
    """The published optimisation of a scene, carried out now."""
    from rosesim.train import Progress, train
    from rosesim.train.metrics import Row

    rows: list[Row] = []

    def record(now: Progress) -> None:
        rows.append(Row(now.iteration, now.loss, now.gradient_norm, now.seconds, now.terms))

    with training_progress(scene.name, scene.published.iterations) as report:
        run = train(scene, inputs=inputs, report=report, callback=record)
    return Recorded(scene, inputs, run.until_best, run.curve, run.best_loss, rows)


def found(what: str, assignments: Sequence[str]) -> tuple[Any, Any, Path | None]:
    """A scene and its inputs, with the run's folder that they come from, where the user means one."""
    from rosesim.train.folder import read_scene

    if is_run(what, assignments):
        folder = as_path(what)
        return *read_scene(folder), folder
    return *configure(scene_at(what), assignments), None
