"""`sweep` and `resume_sweep`: many trainings, each a trial with a run's folder of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosesim.ad.support.machine import cores
from rosesim.scenes.base import AnyScene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.writing import AnyPath, as_path
from rosesim.train.errors import Interrupted, TrainingStopped
from rosesim.train.sweeps.cluster import on_dask, require_dask
from rosesim.train.sweeps.journal import Journal, read_journal
from rosesim.train.sweeps.local import on_processes
from rosesim.train.sweeps.record import Record, Trial, make_record, read_record
from rosesim.train.sweeps.trial import Outcome

ENGINES = ("local", "dask")


@dataclass(frozen=True)
class Tried:
    """A trial that has ended."""

    trial: Trial
    outcome: Outcome
    out: Path

    @property
    def loss(self) -> float:
        """The number by which trials are ranked: the best loss, infinite where the trial failed."""
        return float(self.outcome.numbers["best_loss"]) if self.outcome.error is None else math.inf


@dataclass(frozen=True)
class Sweep:
    """The state of a sweep."""

    scene: str
    names: tuple[str, ...]
    """The names that vary, in the order of the text."""
    tried: list[Tried]
    """The trials that have ended: the best first; those that failed last, in their order."""
    count: int
    """Trials in all; more than in `tried` only while the sweep is running, or if it was stopped."""
    out: Path

    @property
    def best(self) -> Tried | None:
        """The trial with the least loss; None where all failed."""
        return self.tried[0] if self.tried and self.tried[0].outcome.error is None else None

    @property
    def failed(self) -> list[Tried]:
        """The trials that failed."""
        return [t for t in self.tried if t.outcome.error is not None]


Report = Callable[[Sweep], None]


def _ignore(sweep: Sweep) -> None:
    pass


def sweep(
    scene: str | type[AnyScene],
    spec: str,
    *,
    out: AnyPath,
    assignments: Sequence[str] = (),
    iterations: int | None = None,
    optimizer: str | None = None,
    seed: int = 0,
    schedule: str | None = None,
    clip: float | None = None,
    sigma: float | None = None,
    batch: int | None = None,
    smooth: float | None = None,
    samples: int | None = None,
    estimator: str | None = None,
    precision: str | None = None,
    stop: str | Sequence[str] | None = None,
    engine: str = "local",
    workers: int | None = None,
    cluster: str | None = None,
    report: Report = _ignore,
) -> Sweep:
    """Train a scene once for each trial of `spec`, on several processes, as `train --sweep` does.

    `spec` is as in `parse_spec`, `assignments` as in `configure`. The other arguments up to `precision` are those
    of `train`; sampled values depend on `seed`. The scene is the name of an installed one, or a class that
    another process can import. By default there are as many `workers` as cores. The engine `dask` runs them
    on the cluster whose scheduler is at `cluster`, or else on processes of this machine. `report` is called
    with the state of the sweep after each trial. A script calls this under `if __name__ == "__main__":`, because new
    processes import it.

    A trial that fails is recorded with its reason, and the others continue. A process that is lost is replaced, and
    its trial continues. Raises SceneError where an argument makes no sense, before anything is made;
    Interrupted after Ctrl-C, with every trial saved, so that `resume_sweep` can continue.
    """
    folder, how = as_path(out, "out"), _Engine(engine, workers, cluster)
    options = {
        "iterations": iterations, "optimizer": optimizer, "seed": seed, "schedule": schedule, "clip": clip,
        "sigma": sigma, "batch": batch, "smooth": smooth, "samples": samples, "estimator": estimator,
        "precision": precision, "stop": stop,
    }  # fmt: skip
    record = make_record(scene, spec, assignments, options)
    record.begin(folder)
    return _carried_out(record, folder, how, report)


def resume_sweep(
    folder: AnyPath,
    *,
    scene: type[AnyScene] | None = None,
    engine: str = "local",
    workers: int | None = None,
    cluster: str | None = None,
    report: Report = _ignore,
) -> Sweep:
    """Continue the sweep of a folder: trials that have ended stay as they are, failed ones too.

    `scene` is only needed where the scene is not an installed one. Raises SceneError where the folder holds
    no sweep or is damaged, or where another process runs it; otherwise as `sweep`.
    """
    how = _Engine(engine, workers, cluster)
    where = as_path(folder, "the folder of a sweep")
    return _carried_out(read_record(where, scene), where, how, report)


def read_sweep(folder: AnyPath, scene: type[AnyScene] | None = None) -> Sweep:
    """The sweep in a folder, also while it is running; SceneError where there is none."""
    where = as_path(folder, "the folder of a sweep")
    record = read_record(where, scene)
    return _known(record, where, read_journal(where, len(record.trials)))


@dataclass(frozen=True)
class _Engine:
    """Where trials run."""

    name: str
    workers: int | None
    cluster: str | None

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            raise SceneError(f"no engine is called {self.name!r}; there are {', '.join(ENGINES)}")
        if self.workers is not None and self.workers < 1:
            raise SceneError(f"workers is 1 or more; {self.workers} was given")
        if self.cluster is not None and (self.name != "dask" or self.workers is not None):
            raise SceneError("the address of a cluster goes with the engine dask, and its workers are its own")
        if self.name == "dask":
            require_dask()

    def run(self, jobs: Sequence[Any], finished: Callable[[Outcome], None]) -> None:
        workers = self.workers or cores()
        if self.name == "dask":
            on_dask(jobs, workers, self.cluster, finished)
        else:
            on_processes(jobs, workers, finished)


def _known(record: Record, folder: Path, outcomes: dict[int, Outcome]) -> Sweep:
    tried = [Tried(t, outcomes[t.number], folder / t.folder) for t in record.trials if t.number in outcomes]
    tried.sort(key=lambda t: t.loss)  # stable
    names = tuple(record.trials[0].values)
    return Sweep(record.kind.name, names, tried, len(record.trials), folder)


def _carried_out(record: Record, folder: Path, engine: _Engine, report: Report) -> Sweep:
    trials = record.trials
    journal = Journal(folder, len(trials))

    def finished(outcome: Outcome) -> None:
        trial = trials[outcome.trial]
        journal.add(outcome, {"seed": trial.plan.seed, "values": trial.values, "out": trial.folder})
        report(_known(record, folder, journal.outcomes))

    try:
        if journal.outcomes:
            report(_known(record, folder, journal.outcomes))
        jobs = [record.job(folder, t) for t in trials if t.number not in journal.outcomes]
        if jobs:
            engine.run(jobs, finished)
        return _known(record, folder, journal.outcomes)
    except KeyboardInterrupt:
        done = f"{len(journal.outcomes)} of {len(trials)} trials are done"
        raise Interrupted(f"interrupted; {done}, and --resume {folder} goes on with the sweep") from None
    except TrainingStopped as e:
        raise TrainingStopped(f"{e}; --resume {folder} goes on with the sweep") from e
    finally:
        journal.close()
