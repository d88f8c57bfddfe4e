"""sweep.toml: what a sweep was made from, beside the folders of its trials."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from rosesim.ad.support.budget import budget
from rosesim.scenes.base import AnyScene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.locate import is_place, place_of, recorded_scene
from rosesim.scenes.overrides import configure
from rosesim.train.files import make_folder, remove_temporary, write_whole
from rosesim.train.folder import refuse_folder_of_runs
from rosesim.train.plan import Plan, check_ready, plan
from rosesim.train.settings import Settings, is_run, part, plan_record, read_plan, read_toml, toml
from rosesim.train.sweeps.journal import JOURNAL
from rosesim.train.sweeps.spec import SEEDS, parse_spec
from rosesim.train.sweeps.trial import Job, kind_of

RECORD = "sweep.toml"


@dataclass(frozen=True)
class Trial:
    """One trial of a sweep: the values that it does not share with the others, by name as `--set` takes them, and its
    plan."""

    number: int
    values: dict[str, str]
    plan: Plan

    @property
    def folder(self) -> str:
        """The name of its run's folder within the sweep's."""
        return f"trial-{self.number:04d}"


@dataclass(frozen=True)
class Record:
    """What a sweep was made from. The seed of `plan` is that of trials that name none, and of the sampled values."""

    scene: str | type[AnyScene]
    spec: str
    assignments: tuple[str, ...]
    plan: Plan

    @property
    def kind(self) -> type[AnyScene]:
        """The scene's class."""
        return kind_of(self.scene)

    @cached_property
    def trials(self) -> list[Trial]:
        """All trials, in order."""
        return [
            Trial(k, values, self._plan(values))
            for k, values in enumerate(parse_spec(self.spec, self.kind, self.assignments).values(self.plan.seed))
        ]

    def _plan(self, values: dict[str, str]) -> Plan:
        return replace(self.plan, seed=int(values.get(SEEDS, self.plan.seed)))

    def given(self, trial: Trial) -> tuple[str, ...]:
        """The assignments of a trial, for `configure`."""
        return (*self.assignments, *(f"{k}={v}" for k, v in trial.values.items() if k != SEEDS))

    def check(self) -> None:
        """Raise SceneError where a trial could not begin, so that this is known before anything is made."""
        for trial in self.trials:
            scene, inputs = configure(self.kind, self.given(trial))
            made = Settings(scene, inputs, trial.plan)
            made.record()
            check_ready(trial.plan, scene, inputs)
            p = trial.plan
            if p.batch is not None and not made.is_drawn:
                raise SceneError(
                    f"{scene.name} samples no inputs for a batch: sweep over seeds instead, as seeds=0..3"
                )

    def job(self, folder: Path, trial: Trial) -> Job:
        """What a process needs to carry out a trial."""
        return Job(
            trial.number, self.scene, self.given(trial), trial.plan, folder.absolute() / trial.folder, budget()
        )

    def begin(self, folder: Path) -> None:
        """Make the folder; SceneError where it already holds a sweep or a run."""
        if is_sweep(folder) or is_run(folder):
            raise SceneError(
                f"{folder} holds a {'sweep' if is_sweep(folder) else 'run'} already; --resume {folder} goes on"
            )
        if os.path.exists(folder / JOURNAL) or any(folder.glob("trial-*")):
            raise SceneError(f"{folder} holds files that a sweep would overwrite; give another folder")
        refuse_folder_of_runs(folder)
        make_folder(folder)
        remove_temporary(folder, RECORD)
        place = place_of(self.kind)
        record: dict[str, Any] = {
            "scene": self.kind.name,
            **({"place": place} if place else {}),
            "sweep": self.spec,
            "set": list(self.assignments),
            "training": plan_record(self.plan),
        }
        write_whole(folder / RECORD, toml(record))


def is_sweep(folder: Path) -> bool:
    """Whether a folder is a sweep's."""
    return os.path.isfile(folder / RECORD)


def make_record(
    scene: str | type[AnyScene], spec: str, assignments: Sequence[str], options: dict[str, Any]
) -> Record:
    """The record of a new sweep, checked; `options` are the arguments of `plan`, None where not given."""
    kind = kind_of(scene)
    if isinstance(scene, str) and is_place(scene):
        scene = place_of(kind) or scene  # a full path: other processes may have another working folder
    made, inputs = configure(kind, assignments)
    known = {k: v for k, v in options.items() if v is not None}
    record = Record(scene, spec, tuple(assignments), plan(made, inputs, **known))
    record.check()
    return record


def read_record(folder: Path, kind: type[AnyScene] | None = None) -> Record:
    """The record in a sweep's folder; SceneError where there is none. `kind` is as in `read_settings`."""
    file = folder / RECORD
    found = read_toml(file, "a sweep")
    try:
        name = part(found, "scene", str)
        if kind is not None and kind.name != name:
            raise SceneError(f"it is a sweep of {name}, not of {kind.name}")
        assignments = part(found, "set", list)
        if not all(isinstance(a, str) for a in assignments):
            raise SceneError("set is not a list of assignments")
        place = part(found, "place", str) if "place" in found else ""
        if kind is None and place:
            recorded_scene(name, place)  # refuses a file that this user has not loaded before
        record = Record(
            (place or name) if kind is None else kind,
            part(found, "sweep", str),
            tuple(map(str, assignments)),
            read_plan(dict(part(found, "training", dict))),
        )
        _ = record.trials
        return record
    except SceneError as e:
        raise SceneError(f"{file}: {e}") from e
