"""Many starts at once: runs with consecutive seeds whose losses and gradients one program computes together.

Each equals the run that it would be alone, except for rounding. Each has a folder like any other run, so that
everything that reads runs of several seeds reads these too.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.ad.support.errors import RosesimError
from rosesim.optimise.descent import Descent, Position, Stepper, answer
from rosesim.optimise.optimizers import Rule
from rosesim.scenes.base import Scene
from rosesim.scenes.compiled import Compiled, compiled
from rosesim.scenes.errors import SceneError
from rosesim.scenes.precision import scene_precision
from rosesim.scenes.writing import AnyPath, as_path
from rosesim.train import folder as folders
from rosesim.train.batch import over_params
from rosesim.train.callbacks import Callback, Callbacks
from rosesim.train.errors import Interrupted, reason
from rosesim.train.files import remove_temporary
from rosesim.train.given import taken_apart
from rosesim.train.notebook import reporting
from rosesim.train.objective import compile_program
from rosesim.train.plan import check_ready, plan
from rosesim.train.progress import Report, ignore
from rosesim.train.run import Run, changed, finished, outcome, rule_and_event
from rosesim.train.seeds import SeedRun, SeedRuns
from rosesim.train.settings import SETTINGS, Settings, is_run, read_settings
from rosesim.train.training import Training


def train_starts(
    scene: Scene[Any, Any, Any],
    n: int,
    *,
    inputs: Any = None,
    iterations: int | None = None,
    optimizer: str | Stepper | Rule | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    schedule: str | None = None,
    clip: float | None = None,
    precision: str | None = None,
    out: AnyPath | None = None,
    report: Report = ignore,
    callback: Callback | Sequence[Callback] | None = None,
    stop: str | Sequence[str] | threading.Event | None = None,
) -> SeedRuns:
    """Train a scene from n consecutive seeds, `seed`, `seed + 1`, ..., in one program that computes all at once.

    The arguments are those of `train`, the result is that of `train_seeds`: in `out`, seed K's run lies in
    seed-K. A seed that fails is reported in its SeedRun, and the others continue. The seconds of an iteration are
    those of all seeds together.

    Raises SceneError where the arguments make no sense or where the scene samples its inputs (then `train` has a
    `batch`), before anything is made; Interrupted after Ctrl-C or `stop`, with every seed saved.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> train_starts(scene, 4, inputs=inputs, iterations=2).best.iterations
    2
    """
    out, callbacks = None if out is None else as_path(out, "out"), Callbacks(callback)
    rule, event = rule_and_event(stop)
    given, optimiser = taken_apart(
        scene, scene.inputs() if inputs is None else inputs, optimizer, learning_rate, schedule, clip
    )
    made = Settings(
        scene,
        given,
        plan(scene, given, iterations, seed=seed, batch=n, stop=rule, precision=precision, **optimiser),
        n,
    )
    if made.is_drawn:
        raise SceneError(
            f"{scene.name} samples inputs for each iteration: train(scene, batch={n}) trains on their mean"
        )
    made.start()
    if out is not None:
        folders.begin(out, made)
    with scene_precision(made.plan.precision):
        return _together(made, out, report, callbacks, event)


def resume_starts(
    folder: AnyPath,
    *,
    scene: Scene[Any, Any, Any] | None = None,
    iterations: int | None = None,
    optimizer: Stepper | Rule | None = None,
    report: Report = ignore,
    callback: Callback | Sequence[Callback] | None = None,
    stop: str | Sequence[str] | threading.Event | None = None,
) -> SeedRuns:
    """Continue all runs of a folder that `train_starts` made, to the same bits; see `resume`.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> with TemporaryDirectory() as folder:
    ...     first = train_starts(scene, 4, inputs=inputs, iterations=2, out=Path(folder))
    ...     both = resume_starts(Path(folder), iterations=3)
    >>> first.best.iterations, both.best.iterations
    (2, 3)
    """
    folder, callbacks = as_path(folder, "the folder of a run"), Callbacks(callback)
    made = read_settings(folder, None if scene is None else type(scene))
    if made.seeds is None or made.plan.batch is None:
        raise SceneError(f"{folder} does not hold starts that are trained as one")
    rule, event = rule_and_event(stop)
    until = changed(folder, made, iterations, optimizer, rule)
    check_ready(until, made.scene, made.inputs)
    remove_temporary(folder, SETTINGS)
    if until != made.plan:
        replace(made, plan=until).write(folder)
    with scene_precision(made.plan.precision):
        return _together(replace(made, plan=until), folder, report, callbacks, event)


class _Start:
    """One of the runs: the position that it requests, or its outcome."""

    def __init__(self, made: Settings, seed: int, out: Path | None, report: Report, callbacks: Callbacks):
        self.seed, self.out = seed, None if out is None else folders.seed_folder(out, seed)
        self.requested: Position | None = None
        """The next position to evaluate; None before it has begun, and after it has ended."""
        self.error: str | None = None
        self._descent: Descent | None = None
        self._known: Run[Any] | None = None
        self._training: Training | None = None
        self.like = compiled(made.scene).flat.like
        """Params with the untuned values of this run."""
        alone = Settings(made.scene, made.inputs, replace(made.plan, seed=seed))
        with self._failing():
            if self.out is not None and not is_run(self.out):
                folders.begin(self.out, alone)
            self._training = Training(alone, self.out, report, callbacks=callbacks)
            self.like = self._training.flat.like
            self._known = finished(self._training)
            if self.out is not None and self._known is None:
                alone.write(self.out)  # the number of iterations may have been raised

    @contextlib.contextmanager
    def _failing(self) -> Any:
        """Report an error of one run, without ending the others."""
        try:
            yield
        except Interrupted:
            raise
        except (RosesimError, OSError) as e:
            self.requested, self.error = None, reason(e)

    def begin(self) -> None:
        """Open the run's files and request the first evaluation, unless the run is already finished."""
        if self._known is None and self.error is None and self._training is not None:
            with self._failing():
                self._descent = self._training.positions()
                self.requested = next(self._descent)

    def take(self, loss: float, gradient: Any) -> None:
        """Continue with the requested evaluation."""
        assert self._descent is not None
        with self._failing():
            self.requested = answer(self._descent, (loss, gradient))

    def end(self, error: BaseException) -> None:
        """Save the run, because of an error that ends all runs."""
        if self.requested is not None and self._descent is not None:
            with contextlib.suppress(BaseException):
                self._descent.throw(error)

    @property
    def outcome(self) -> SeedRun:
        """The outcome of this run."""
        if self.error is not None or self._training is None:
            return SeedRun(self.seed, None, self.error, self.out)
        return SeedRun(self.seed, self._known or outcome(self._training), None, self.out)


def _together(
    made: Settings, out: Path | None, report: Report, callbacks: Callbacks, stop: threading.Event | None
) -> SeedRuns:
    n, first = made.plan.batch or 1, made.plan.seed
    program = compiled(made.scene).held()
    begun = time.perf_counter()
    compile_program(program, made)
    compile_seconds = time.perf_counter() - begun
    with reporting(report, made.scene, made.plan.iterations, n) as report, callbacks.shared() as shared:
        starts = [_Start(made, first + k, out, report, shared) for k in range(n)]
        _advance(made, program, starts, out, stop)
    return SeedRuns([start.outcome for start in starts], compile_seconds, out)


def _advance(
    made: Settings,
    program: Compiled[Any, Any, Any],
    starts: Sequence[_Start],
    out: Path | None,
    stop: threading.Event | None,
) -> None:
    """Take all starts to their ends."""
    n = len(starts)
    likes = [start.like for start in starts]
    rows = np.zeros((n, program.flat.size))  # the last row of a run that has ended is computed and ignored
    try:
        for start in starts:
            start.begin()
        while any(start.requested is not None for start in starts):
            for row, start in zip(rows, starts, strict=True):
                if start.requested is not None:
                    row[:] = start.requested.x
            losses, gradients = over_params(program, rows, made.inputs, likes)
            for k, start in enumerate(starts):
                if start.requested is not None:
                    start.take(float(losses[k]), gradients[k])
            if stop is not None and stop.is_set():
                raise KeyboardInterrupt
    except BaseException as e:
        for start in starts:
            start.end(e)
        if isinstance(e, KeyboardInterrupt | Interrupted):
            text = "interrupted" + ("" if out is None else f"; --resume {out} goes on with all starts")
            raise Interrupted(text) from None
        raise
