"""Runs of several seeds at once, on threads: compiled calls release the interpreter's lock."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rosesim.ad.support.machine import cores
from rosesim.optimise.descent import Stepper
from rosesim.optimise.optimizers import Rule
from rosesim.scenes.base import Scene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.errors import SceneError
from rosesim.scenes.precision import scene_precision
from rosesim.scenes.writing import AnyPath, as_path
from rosesim.train import folder as folders
from rosesim.train.callbacks import Callback, Callbacks
from rosesim.train.errors import Interrupted, reason
from rosesim.train.files import remove_temporary
from rosesim.train.given import taken_apart
from rosesim.train.notebook import reporting
from rosesim.train.objective import compile_program
from rosesim.train.plan import check_ready, plan
from rosesim.train.progress import Progress, Report, ignore
from rosesim.train.run import Run, begun, changed, resumed
from rosesim.train.settings import SETTINGS, Settings, is_run, read_settings


@dataclass
class SeedRun:
    """The outcome of one seed: a run, or the error that ended it."""

    seed: int
    run: Run[Any] | None
    error: str | None
    out: Path | None


@dataclass
class SeedRuns:
    """The outcomes of all seeds, in their order."""

    seeds: list[SeedRun]
    compile_seconds: float
    """Compile time of the program that all seeds share."""
    out: Path | None

    @property
    def runs(self) -> list[Run[Any]]:
        """The runs of the seeds that finished."""
        return [s.run for s in self.seeds if s.run is not None]

    @property
    def best(self) -> Run[Any]:
        """The run with the least loss of all; ValueError where no seed finished."""
        return min(self.runs, key=lambda r: r.best_loss)

    def median(self, of: Callable[[Run[Any]], float]) -> float:
        """The median of a number of each run, over the seeds that finished."""
        return statistics.median(map(of, self.runs))


def train_seeds(
    scene: Scene[Any, Any, Any],
    seeds: int,
    *,
    inputs: Any = None,
    iterations: int | None = None,
    optimizer: str | Stepper | Rule | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    schedule: str | None = None,
    clip: float | None = None,
    sigma: float | None = None,
    smooth: float | None = None,
    samples: int | None = None,
    estimator: str | None = None,
    precision: str | None = None,
    out: AnyPath | None = None,
    report: Report = ignore,
    callback: Callback | Sequence[Callback] | None = None,
    stop: str | Sequence[str] | None = None,
    threads: int | None = None,
) -> SeedRuns:
    """Train a scene from `seeds` consecutive seeds, `seed`, `seed + 1`, ..., on threads.

    The arguments are those of `train`; in `out`, seed K's run lies in seed-K. By default there are as many threads
    as cores, and all share one compiled program. A seed that fails is reported in its SeedRun, and the others
    continue. `report` and each `callback` are called from the threads, for one run at a time: their progress has its
    `seed`. A callback that returns True ends the run of that seed.

    Raises SceneError where the arguments make no sense, before anything is made; Interrupted after Ctrl-C,
    with every seed saved.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> runs = train_seeds(scene, 2, inputs=inputs, iterations=2)
    >>> [(one.seed, one.error) for one in runs.seeds], runs.best.best_loss == min(r.best_loss for r in runs.runs)
    ([(0, None), (1, None)], True)
    """
    out, callbacks = None if out is None else as_path(out, "out"), Callbacks(callback)
    given, optimiser = taken_apart(
        scene, scene.inputs() if inputs is None else inputs, optimizer, learning_rate, schedule, clip
    )
    if seeds < 1:
        raise SceneError(f"seeds is 1 or more; {seeds} was given")
    how: dict[str, Any] = {
        "smooth": smooth,
        "samples": samples,
        "estimator": estimator,
        "stop": stop,
        "precision": precision,
        **optimiser,
    }
    first = plan(scene, given, iterations, seed=seed, sigma=sigma, **how)
    last = plan(scene, given, iterations, seed=seed + seeds - 1, sigma=sigma, **how)
    made = Settings(scene, given, first, seeds)
    made.start()
    if out is not None:
        folders.begin(out, made)
    return _on_threads(made, range(seed, last.seed + 1), out, report, callbacks, threads)


def resume_seeds(
    folder: AnyPath,
    *,
    scene: Scene[Any, Any, Any] | None = None,
    iterations: int | None = None,
    optimizer: Stepper | Rule | None = None,
    report: Report = ignore,
    callback: Callback | Sequence[Callback] | None = None,
    stop: str | Sequence[str] | None = None,
    threads: int | None = None,
) -> SeedRuns:
    """Continue all runs of a folder that `train_seeds` made; see `resume`.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> with TemporaryDirectory() as folder:
    ...     first = train_seeds(scene, 2, inputs=inputs, iterations=2, out=Path(folder))
    ...     both = resume_seeds(Path(folder), iterations=3)
    >>> [r.iterations for r in (*first.runs, *both.runs)]
    [2, 2, 3, 3]
    """
    folder, callbacks = as_path(folder, "the folder of a run"), Callbacks(callback)
    made = read_settings(folder, None if scene is None else type(scene))
    if made.seeds is None:
        raise SceneError(f"{folder} holds one run: resume goes on with it")
    if made.plan.batch is not None:
        raise SceneError(
            f"{folder} holds {made.seeds} starts that are trained as one: resume_starts goes on with them"
        )
    check_ready(made.plan, made.scene, made.inputs)
    remove_temporary(folder, SETTINGS)
    until = changed(folder, made, iterations, optimizer, stop)
    if until != made.plan:
        replace(made, plan=until).write(folder)
    made = replace(made, plan=until)
    first = made.plan.seed
    return _on_threads(made, range(first, first + (made.seeds or 0)), folder, report, callbacks, threads)


def _on_threads(
    made: Settings, seeds: range, out: Path | None, report: Report, callbacks: Callbacks, threads: int | None
) -> SeedRuns:
    stop = threading.Event()
    guarded = threading.Lock()

    def one_at_a_time(progress: Progress) -> None:
        with guarded:
            report(progress)

    def run(seed: int, callbacks: Callbacks) -> SeedRun:
        where = None if out is None else folders.seed_folder(out, seed)
        try:
            if stop.is_set():
                raise Interrupted("interrupted before it began")
            if where is not None and is_run(where):
                done = resumed(where, made, one_at_a_time, stop, callbacks)
            else:
                alone = Settings(made.scene, made.inputs, replace(made.plan, seed=seed))
                done = begun(alone, where, one_at_a_time, stop, callbacks)
            return SeedRun(seed, done, None, where)
        except Exception as e:  # any error ends this seed alone; the others' outcomes are reported
            return SeedRun(seed, None, reason(e), where)

    # Before the threads start: they share the programs, and each would compile them.
    before = time.perf_counter()
    with scene_precision(made.plan.precision):
        compile_program(compiled(made.scene), made)
    compile_seconds = time.perf_counter() - before
    with (
        reporting(report, made.scene, made.plan.iterations, len(seeds)) as report,
        callbacks.shared() as shared,
        ThreadPoolExecutor(min(threads or cores(), len(seeds))) as pool,
    ):
        # In a copy of this context, which holds the memory budget.
        futures = [pool.submit(copy_context().run, run, seed, shared) for seed in seeds]
        _wait(futures, stop)
    if stop.is_set():
        raise Interrupted("interrupted" + ("" if out is None else f"; --resume {out} goes on with all seeds"))
    return SeedRuns([f.result() for f in futures], compile_seconds, out)


def _wait(futures: list[Future[SeedRun]], stop: threading.Event) -> None:
    """Wait for all. Ctrl-C, which only the main thread receives, makes each save and end at its next iteration."""
    while True:
        try:
            while wait(futures, timeout=0.2).not_done:
                pass
            return
        except KeyboardInterrupt:
            stop.set()
