"""`rosesim run`: the viewer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rosesim.cli.app import app
from rosesim.cli.chance import note_sampled_inputs
from rosesim.cli.diagram import DomainFile, Seed, StyleFiles, watch_files
from rosesim.cli.options import Precision, Rate, Set, Watched
from rosesim.cli.output import note
from rosesim.cli.pictures import write_pictures
from rosesim.cli.place import Last
from rosesim.cli.recorded import Recorded, carry_out, is_run, read_run, with_rate
from rosesim.scenes import compiled, configure
from rosesim.scenes.errors import SceneError
from rosesim.scenes.locate import scene_at
from rosesim.scenes.precision import check_precision, compute_in
from rosesim.scenes.writing import as_path, check_target, fresh

if TYPE_CHECKING:
    from rosesim.train import Optimizer

LEARNING_RATE = 0.01
"""The rate where the inputs have none, because the scene is published with an optimiser that needs none."""


@app.command()
def run(
    what: Watched,
    set_: Set = None,
    lr: Rate = None,
    last: Last = False,
    precision: Precision = None,
    domain: DomainFile = None,
    style: StyleFiles = None,
    seed: Seed = None,
) -> None:
    """Watch and steer a scene or a run in a window.

    Of a diagram, the window shows its shapes, to be dragged. Where there is no display, this writes a GIF, of a
    diagram an SVG.
    """
    if Path(what).suffix in (".json", ".substance") and not Path(what).is_dir():
        if set_:
            raise SceneError(f"--set was given for {what}; a diagram has no settings, expected --seed WORD at most")
        if lr is not None or last:
            raise SceneError(f"--lr and --last are of scenes and runs; {what} is a diagram")
        watch_files(Path(what), domain, style or [], seed)
        return
    check_precision(precision)
    if domain is not None or style or seed is not None:
        raise SceneError(f"--domain, --style and --seed are of diagrams; expected FILE.substance instead of {what}")
    from rosesim.train import best_run
    from rosesim.view import NoDisplay, require_pictures

    require_pictures()  # before what may be carried out to be shown
    assignments = with_rate(set_, lr)
    folder = as_path(what) if is_run(what, assignments) else None
    if last and folder is None:
        raise SceneError(f"--last needs the folder of a run in the place of a scene; {what} is a scene")
    kind = None if folder is not None else scene_at(what)
    if kind is not None and not assignments and (folder := best_run(kind.name)) is not None:
        note(f"this is the best run of {what}, {folder}; with --set it begins anew")
    compute_in(precision)
    try:
        if folder is not None:
            _watch_run(folder, last, precision)
        else:
            assert kind is not None
            scene, inputs = configure(kind, assignments)
            note_sampled_inputs(scene, inputs, assignments)
            _watch_scene(scene, inputs)
    except NoDisplay as e:
        file = fresh(Path(f"{Path(what).resolve().name if kind is None else kind.name}.gif"))
        check_target(file, ".gif")
        note(f"{e}: this writes {file} instead of opening a window")
        if folder is None:
            found = carry_out(*configure(scene_at(what), assignments))
        else:
            found = read_run(folder, last=last, precision=precision)
        _write(found, file)


def _watch_scene(scene: Any, inputs: Any) -> None:
    from rosesim.view import Beginning, open_display, watch

    open_display()
    params = scene.params(np.random.default_rng(0))
    watch(scene, Beginning(params, inputs), _optimizer(scene, scene.published.optimizer, inputs))


def _watch_run(folder: Path, last: bool, precision: str | None) -> None:
    """Open a run at its best iteration, or at its last."""
    from rosesim.train import read_best, read_last
    from rosesim.train.settings import read_settings
    from rosesim.view import Beginning, watch

    best = (read_last if last else read_best)(folder)
    found = read_run(folder, last=last, precision=precision)
    how = read_settings(best.folder).plan  # the plan of the best seed, where there are several
    earlier = [(i, params) for i, params in found.remembered if i < best.iteration]
    beginning = Beginning(best.params, best.inputs, best.iteration, found.losses, earlier, how.seed)
    watch(best.scene, beginning, _optimizer(best.scene, how.optimizer, best.inputs, how.clip))


def _optimizer(scene: Any, name: str, inputs: Any, clip: float | None = None) -> Optimizer:
    """The optimiser that continues live: Adam in place of one that cannot take single steps."""
    from rosesim.optimise.rules import is_rule, make_optimizer

    rate = float(getattr(inputs, "learning_rate", LEARNING_RATE))
    made = make_optimizer(name if is_rule(name) else "adam", rate, clip=clip)
    return replace(made, bounds=compiled(scene).bounds)


def _write(found: Recorded, file: Path) -> None:
    write_pictures(found.scene, found.inputs, found.remembered, found.losses, file, None, best_loss=found.best_loss)
    print(f"wrote {file}")
