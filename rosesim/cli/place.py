"""The place to look at: the params at which a scene's tuning begins, or those of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from rosesim.cli.recorded import is_run
from rosesim.scenes import compiled, configure
from rosesim.scenes.errors import SceneError
from rosesim.scenes.locate import scene_at

if TYPE_CHECKING:
    from rosesim.scenes.smooth import Smoothing

Last = Annotated[bool, typer.Option("--last", help="For a run, look at its last params instead of its best.")]


@dataclass(frozen=True)
class Place:
    """A scene, its inputs, and params."""

    scene: Any
    inputs: Any
    params: Any
    name: str
    """The place in words: "the start", "the best params of RUN (iteration 12)"."""
    folder: Path | None = None
    """The folder of the run, or of one of its seeds."""
    seed: int = 0
    smoothed: Smoothing | None = None
    """How the run's gradient was averaged."""
    precision: str | None = None
    """In which the run was computed."""

    def smoothing(self, sigma: float | None, samples: int | None, estimator: str | None) -> Smoothing | None:
        """How the gradient is to be averaged: with the given options, else as in the run."""
        run = self.smoothed
        if sigma is None and run is None:
            if samples is not None or estimator is not None:
                raise SceneError("--samples and --estimator belong to a smoothed gradient: give --smooth SIGMA too")
            return None
        if run is not None:
            sigma = run.sigma if sigma is None else sigma
            samples, estimator = samples or run.samples, estimator or run.estimator
        assert sigma is not None
        from rosesim.scenes.smooth import (
            Smoothing,
        )  # brings all that checks a gradient, which --help need not wait for

        return Smoothing.of(sigma, samples, estimator, size=compiled(self.scene).flat.size)


def place(what: str, assignments: Sequence[str], last: bool) -> Place:
    """The place that the user names: a scene, with settings, or the folder of a run."""
    if not is_run(what, assignments):
        if last:
            raise SceneError(f"--last needs the folder of a run in the place of a scene; {what} is a scene")
        scene, inputs = configure(scene_at(what), assignments)
        return Place(scene, inputs, scene.params(np.random.default_rng(0)), "the start")
    from rosesim.train import read_best, read_last
    from rosesim.train.settings import read_settings

    found = (read_last if last else read_best)(Path(what))
    which = "last" if last else "best"
    name = f"the {which} params of {what} (iteration {found.iteration}, loss {found.loss:.4g})"
    plan = read_settings(found.folder).plan
    return Place(
        found.scene, found.inputs, found.params, name, found.folder, plan.seed, plan.smoothing, plan.precision
    )
