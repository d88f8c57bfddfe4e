"""A run's folder, seen from outside: making one, reading its content, finding the best.

settings.toml    what the run was made from (`settings`)
metrics.jsonl    a line for each iteration (`metrics`)
last.npz         the checkpoint (`checkpoint`)
best.npz         the best params by their names
evaluations.bin  the evaluations of a foreign optimiser (`evaluations`)
seed-K/          a run like this one for each seed, where there are several
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.optimise.attempts import worth_showing
from rosesim.scenes.base import AnyScene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.locate import remember
from rosesim.scenes.tree import FlatView
from rosesim.scenes.writing import AnyPath, as_path
from rosesim.train import checkpoint
from rosesim.train.files import make_folder, remove_temporary
from rosesim.train.metrics import read_rows, running_means
from rosesim.train.origin import naming_changes
from rosesim.train.run_files import FILES, METRICS
from rosesim.train.settings import SETTINGS as SETTINGS
from rosesim.train.settings import Settings, is_run, read_scene_name, read_settings

HOME = "runs"
"""Where runs go for which no folder is given, in the current folder."""


def new_folder(scene: str) -> Path:
    """A new folder runs/SCENE-TIME, which this call creates."""
    base = Path(HOME) / f"{scene}-{datetime.now():%Y%m%d-%H%M%S}"
    for k in range(1000):
        folder = base if k == 0 else base.with_name(f"{base.name}-{k}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{base} and a thousand like it exist already")


def begin(folder: Path, settings: Settings) -> None:
    """Make the folder of a run and write its settings; SceneError where it already holds a run."""
    if is_run(folder):
        raise SceneError(f"{folder} holds a run already; --resume {folder} goes on with it")
    refuse_folder_of_runs(folder)
    if taken := [name for name in FILES if os.path.exists(folder / name)]:
        raise SceneError(f"{folder} holds {', '.join(taken)}, which a run would overwrite; give another folder")
    settings.record()  # raises for settings that cannot be written down, before anything is made
    make_folder(folder)
    remove_temporary(folder, SETTINGS)
    settings.write(folder)
    remember(type(settings.scene))


def refuse_folder_of_runs(folder: Path) -> None:
    """Raise SceneError for a folder whose subfolders are runs or sweeps, or will be: a run among them would be hard
    to tell."""
    for held in sorted(folder.iterdir()) if os.path.isdir(folder) else ():
        if is_run(held) or os.path.isfile(held / "sweep.toml"):
            raise SceneError(
                f"{folder} is a folder of runs, such as {held.name}; expected a name of the new run's own, "
                f"such as {folder / 'first'}"
            )
    if folder.absolute() == Path(HOME).absolute():
        raise SceneError(
            f"{folder} is where runs go that are given no folder; expected a name of the new run's own, such as "
            f"{folder / 'first'}"
        )


def is_unbegun(folder: Path) -> bool:
    """Whether a folder exists in which a run was killed before its settings were written."""
    return folder.is_dir() and all(p.name.startswith(f".{SETTINGS}.") for p in folder.iterdir())


def seed_folder(folder: Path, seed: int) -> Path:
    """The folder of one seed's run, where there are several."""
    return folder / f"seed-{seed}"


def read_scene(folder: AnyPath) -> tuple[AnyScene, Any]:
    """The scene and the inputs of a run; SceneError where the folder does not hold one."""
    found = read_settings(as_path(folder))
    return found.scene, found.inputs


def read_losses(folder: AnyPath) -> list[float]:
    """The loss of every iteration of a run (of the best seed, where there are several)."""
    return [row.loss for row in read_rows(best_seed(as_path(folder)) / METRICS)]


def read_curve(folder: AnyPath) -> list[float]:
    """The curve of a run (of the best seed): its losses, or their running means (see `Run.curve`)."""
    losses = read_losses(folder)
    return running_means(losses) if read_settings(as_path(folder)).is_drawn else losses


def read_attempts(folder: AnyPath, scene: AnyScene) -> list[tuple[int, Any]]:
    """Some iterations of a run (of the best seed), with the first and the last, and the params at each."""
    flat = _flat(scene)
    where = best_seed(as_path(folder))
    with naming_changes(read_settings(where, type(scene)).origin, type(scene)):
        found = dict(checkpoint.read_attempts(where, flat))
    return [(i, found[i]) for i in worth_showing(sorted(found))]


@dataclass(frozen=True)
class BestRun:
    """The best point that a run has found."""

    scene: AnyScene
    inputs: Any
    params: Any
    loss: float
    iteration: int
    folder: Path
    """The folder of the seed that found it, where there are several."""


def read_best(folder: AnyPath, kind: type[AnyScene] | None = None) -> BestRun:
    """The best params of a run, or of all its seeds; SceneError where there are none yet or it is damaged.

    The scene is found by its name among the installed ones, unless its class is given.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.train import train
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> with TemporaryDirectory() as folder:
    ...     run = train(scene, inputs=inputs, iterations=2, optimizer="adam", out=Path(folder))
    ...     best = read_best(Path(folder))
    >>> best.scene == scene, best.loss == run.best_loss
    (True, True)
    """
    where = best_seed(as_path(folder, "the folder of a run"))
    found = read_settings(where, kind)
    with naming_changes(found.origin, type(found.scene)):
        best, params = checkpoint.read_best(where, _flat(found.scene))
    return BestRun(found.scene, found.inputs, params, best.loss, best.iteration, where)


def read_last(folder: AnyPath, kind: type[AnyScene] | None = None) -> BestRun:
    """The params of a run after its last update, and the loss there; as `read_best`, and of the same seed where there
    are several.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.train import train
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> with TemporaryDirectory() as folder:
    ...     run = train(scene, inputs=inputs, iterations=2, optimizer="adam", out=Path(folder))
    ...     last = read_last(Path(folder))
    >>> last.iteration, last.loss == run.losses[-1]
    (2, True)
    """
    where = best_seed(as_path(folder, "the folder of a run"))
    found = read_settings(where, kind)
    with naming_changes(found.origin, type(found.scene)):
        flat = _flat(found.scene)
        iteration, params = checkpoint.read_attempts(where, flat)[-1]
    loss = read_rows(where / METRICS, iteration + 1)[-1].loss
    return BestRun(found.scene, found.inputs, params, loss, iteration, where)


def best_run(scene: str, base: AnyPath = HOME) -> Path | None:
    """The folder in `base` with the least loss of a scene, whatever its settings; None where there is none.

    Damaged folders and folders of other things are skipped.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.train import train
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> with TemporaryDirectory() as runs:
    ...     run = train(scene, inputs=inputs, iterations=1, optimizer="gd", out=Path(runs) / "first")
    ...     best_run("billiards", Path(runs)) == Path(runs) / "first", best_run("wave", Path(runs))
    (True, None)
    """
    found: list[tuple[float, Path]] = []
    runs = as_path(base, "the folder of runs")
    for folder in sorted(runs.iterdir()) if runs.is_dir() else []:
        try:
            if is_run(folder) and read_scene_name(folder) == scene:
                found.append((checkpoint.read_best_loss(best_seed(folder)), folder))
        except SceneError:
            continue
    return min(found)[1] if found else None


def best_seed(folder: Path) -> Path:
    """The folder itself where it is one run's, or that of its best seed; SceneError where none has begun."""
    if not is_run(folder):
        read_scene_name(folder)  # raises an error that says what is wrong with it
    if (folder / checkpoint.LAST).is_file():
        return folder
    found: list[tuple[float, Path]] = []
    for one in sorted(folder.glob("seed-*")):
        try:
            found.append((checkpoint.read_best_loss(one), one))
        except SceneError:
            continue
    if not found and any(folder.glob("seed-*")):
        raise SceneError(f"{folder}: no seed has got to its first checkpoint yet")
    return min(found)[1] if found else folder


def _flat(scene: AnyScene) -> FlatView[Any]:
    return FlatView.of(scene.params(np.random.default_rng(0)))
