"""`rosesim run`: the viewer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rosesim.cli.app import Set, Watched, app
from rosesim.cli.chance import note_sampled_inputs
from rosesim.cli.diagram import DomainFile, Seed, StyleFiles, watch_files
from rosesim.cli.output import note
from rosesim.cli.pictures import write_pictures
from rosesim.cli.recorded import Recorded, carry_out, is_run, read_run
from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import as_path, check_target, fresh

if TYPE_CHECKING:
    from rosesim.train import Optimizer

LEARNING_RATE = 0.01
"""The rate where the inputs have none, because the scene is published with an optimiser that needs none."""


@app.command()
def run(
    what: Watched,
    set_: Set = None,
    domain: DomainFile = None,
    style: StyleFiles = None,
    seed: Seed = None,
) -> None:
    """Watch and steer a scene or a run in a window; where there is no display, write a GIF.

    Of a diagram, the window shows its shapes, to be dragged; where there is no display, this writes an SVG.
    """
    if Path(what).suffix in (".json", ".substance") and not Path(what).is_dir():
        if set_:
            raise SceneError(f"--set was given for {what}; a diagram has no settings, expected --seed WORD at most")
        watch_files(Path(what), domain, style or [], seed)
        return
    if domain is not None or style or seed is not None:
        raise SceneError(f"--domain, --style and --seed are of diagrams; expected FILE.substance instead of {what}")
    from rosesim.train import best_run
    from rosesim.view import NoDisplay

    assignments = set_ or []
    folder = as_path(what) if is_run(what, assignments) else None
    kind = None if folder is not None else find_scene(what)
    if kind is not None and not assignments and (folder := best_run(kind.name)) is not None:
        note(f"this is the best run of {what}, {folder}; with --set it begins anew")
    try:
        if folder is not None:
            _watch_run(folder)
        else:
            assert kind is not None
            scene, inputs = configure(kind, assignments)
            note_sampled_inputs(scene, inputs, assignments)
            _watch_scene(scene, inputs)
    except NoDisplay as e:
        file = fresh(Path(f"{Path(what).resolve().name if kind is None else what}.gif"))
        check_target(file, ".gif")
        note(f"{e}: this writes {file} instead of opening a window")
        found = read_run(folder) if folder is not None else carry_out(*configure(find_scene(what), assignments))
        _write(found, file)


def _watch_scene(scene: Any, inputs: Any) -> None:
    from rosesim.view import Beginning, open_display, watch

    open_display()
    params = scene.params(np.random.default_rng(0))
    watch(scene, Beginning(params, inputs), _optimizer(scene, scene.published.optimizer, inputs))


def _watch_run(folder: Path) -> None:
    """Open a run at its best iteration."""
    from rosesim.train import read_best
    from rosesim.train.settings import read_settings
    from rosesim.view import Beginning, watch

    best, found = read_best(folder), read_run(folder)
    how = read_settings(best.folder).plan  # the plan of the best seed, where there are several
    earlier = [(i, params) for i, params in found.remembered if i < best.iteration]
    beginning = Beginning(best.params, best.inputs, best.iteration, found.losses, earlier, how.seed)
    watch(best.scene, beginning, _optimizer(best.scene, how.optimizer, best.inputs, how.clip))


def _optimizer(scene: Any, name: str, inputs: Any, clip: float | None = None) -> Optimizer:
    """The optimiser that continues live: Adam in place of one that cannot take single steps."""
    from rosesim.train import RULES, make_optimizer

    rate = float(getattr(inputs, "learning_rate", LEARNING_RATE))
    made = make_optimizer(name if name in RULES else "adam", rate, clip=clip)
    return replace(made, bounds=compiled(scene).bounds)


def _write(found: Recorded, file: Path) -> None:
    write_pictures(found.scene, found.inputs, found.remembered, found.losses, file, None, best_loss=found.best_loss)
    print(f"wrote {file}")
