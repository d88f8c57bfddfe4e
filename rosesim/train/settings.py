"""settings.toml: everything that a run was made from, written and read by its declared types.

The types of settings are those of `scenes.setting_types`.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import re
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.scenes.base import AnyScene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.drawn import is_drawn
from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import read_file
from rosesim.scenes.locate import place_of, recorded_scene
from rosesim.scenes.precision import PRECISIONS
from rosesim.scenes.setting_types import from_toml, to_toml
from rosesim.scenes.tree import leaves, map_leaves
from rosesim.train.files import write_whole
from rosesim.train.origin import Origin, naming_changes, tell_changes
from rosesim.train.plan import Plan

SETTINGS = "settings.toml"
MOST_TABLES, MOST_DOTS, LONGEST_NUMBER = 1000, 100, 4000
_WORDS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[0-9a-fA-Fxob_]++')
LARGEST_FILE = 1 << 26
"""Bytes: far more than any run's settings, far less than would fill the memory."""


@dataclass(frozen=True)
class Settings:
    """What a run was made from. `seeds` is None, or the number of runs with consecutive seeds in its folder."""

    scene: AnyScene
    inputs: Any
    plan: Plan
    seeds: int | None = None
    made_by: Origin | None = None
    """What the run was begun with; None for one that begins now."""

    @property
    def is_drawn(self) -> bool:
        """Whether inputs differ between iterations; never for a foreign optimiser, which needs one loss."""
        return self.plan.foreign is None and is_drawn(self.scene, self.inputs)

    def start(self) -> Any:
        """The params where tuning begins; SceneError where one of them is out of its bounds."""
        params = self.scene.params(np.random.default_rng(self.plan.seed))
        compiled(self.scene).check_bounds(params)
        return params

    def record(self) -> dict[str, Any]:
        """The settings as TOML's types; SceneError where a setting has a type that cannot be written."""
        kinds = typing.get_type_hints(type(self.scene))
        given = {f.name: getattr(self.scene, f.name) for f in dataclasses.fields(self.scene)}
        training = plan_record(self.plan)
        place = place_of(type(self.scene))
        return {
            "scene": self.scene.name,
            **({"place": place} if place else {}),
            "settings": {k: to_toml(k, v, kinds[k]) for k, v in given.items() if v is not None},
            "inputs": {k: np.asarray(v).tolist() for k, v in leaves(self.inputs).items()},
            "training": training if self.seeds is None else {**training, "seeds": self.seeds},
            "made_by": self.origin.record(),
        }

    @functools.cached_property
    def origin(self) -> Origin:
        """What the run was begun with."""
        return Origin.of(type(self.scene)) if self.made_by is None else self.made_by

    @functools.cached_property
    def identity(self) -> bytes:
        """16 bytes that two runs share only if they are equal in all but the number of iterations."""
        record = self.record()
        del record["training"]["iterations"], record["made_by"]
        record["training"].pop("stop", None)  # as iterations: a resumed run may have another end
        record.pop("place", None)  # a file may move
        return hashlib.blake2b(toml(record), digest_size=16).digest()

    def write(self, folder: Path) -> None:
        """Write settings.toml into a folder."""
        write_whole(folder / SETTINGS, toml(self.record()))


def plan_record(plan: Plan) -> dict[str, Any]:
    """The record that `read_plan` reads."""
    names = (f.name for f in dataclasses.fields(plan) if f.name != "own")
    found = {k: v for k in names if (v := getattr(plan, k)) is not None}
    if plan.precision == PRECISIONS[0]:
        del found["precision"]  # as in the folders of before there was another, whose checkpoints name this record
    return found


def toml(record: Mapping[str, Any]) -> bytes:
    """The text of a record in TOML."""
    import tomli_w  # only needed when a run is written

    return tomli_w.dumps(record).encode()


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run, or of several seeds."""
    return os.path.isfile(folder / SETTINGS)  # False even for a name that no file can have


def read_settings(folder: Path, kind: type[AnyScene] | None = None) -> Settings:
    """The settings of a run's folder; SceneError where it holds none, or ones that do not fit the scene.

    Where the version of rosesim or the scene's text differs from that of the run, a refusal says so; a run that still
    fits is read with a warning (`RunChanged`).

    The scene is found by its name among the installed ones, or in the file on record if this user has loaded a scene
    from it before, unless its class is given.
    """
    record = _read(folder)
    try:
        name = part(record, "scene", str)
        place = part(record, "place", str) if "place" in record else ""
        found = recorded_scene(name, place) if kind is None else kind
        if found.name != name:
            raise SceneError(f"it is a run of {name}, not of {found.name}")
        made_by = Origin.read(part(record, "made_by", dict) if "made_by" in record else {})
        with naming_changes(made_by, found):
            made = _settings(found, record, made_by)
        tell_changes(folder, made_by, found)
        return made
    except SceneError as e:
        raise SceneError(f"{folder / SETTINGS}: {e}") from e


def _settings(kind: type[AnyScene], record: dict[str, Any], made_by: Origin) -> Settings:
    training = dict(part(record, "training", dict))
    seeds = training.pop("seeds", None)
    if seeds is not None and (type(seeds) is not int or seeds < 1):
        raise SceneError(f"seeds is an integer, 1 or more; {seeds!r} was found")
    scene = _scene(kind, part(record, "settings", dict))
    inputs = _inputs(scene, part(record, "inputs", dict))
    return Settings(scene, inputs, read_plan(training), seeds, made_by)


def read_scene_name(folder: Path) -> str:
    """The name of the scene of a run's folder."""
    return part(_read(folder), "scene", str)


def _read(folder: Path) -> dict[str, Any]:
    return read_toml(folder / SETTINGS, "a run")


def read_toml(file: Path, what: str) -> dict[str, Any]:
    """The record in a file; SceneError where it cannot be read: then its folder is not that of `what`."""
    folder = file.parent
    try:
        content = read_file(file, LARGEST_FILE)
    except OSError as e:
        raise SceneError(f"{folder} is not the folder of {what}: {file.name}: {e.strerror or e}") from e
    try:
        _refuse_unlike_ours(content)
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as e:
        raise SceneError(f"{folder} is not the folder of {what}: {file.name}: {e}") from e


def _refuse_unlike_ours(content: bytes) -> None:
    """Raise a ValueError for text on which tomllib would take minutes and gigabytes: 30 KB of a.a.a take it 12 s and
    0.8 GB."""
    if content.startswith(b"[") + content.count(b"\n[") > MOST_TABLES:
        raise ValueError(f"it has more than {MOST_TABLES} tables")
    for line in content.splitlines():
        if len(line) > LONGEST_NUMBER and any(
            len(m[0]) > LONGEST_NUMBER and not m[0].startswith(b'"') for m in _WORDS.finditer(line)
        ):
            raise ValueError(f"it has a number of more than {LONGEST_NUMBER} digits")
        if line.count(b".") > MOST_DOTS:
            name = line.partition(b"=")[0]
            if name.count(b".") > MOST_DOTS and b"," not in name:
                raise ValueError(f"it has a name of more than {MOST_DOTS} parts")


T = typing.TypeVar("T")


def part(record: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """The value of a record under a key; SceneError where it is missing or of another type."""
    if not isinstance(record.get(key), kind):
        raise SceneError(f"not the settings of a run: {key} is missing or is not a {kind.__name__}")
    return record[key]


def read_plan(training: dict[str, Any]) -> Plan:
    """The plan of a training from its record; SceneError where that makes no sense."""
    kinds = typing.get_type_hints(Plan)
    del kinds["own"]
    if unknown := set(training) - set(kinds):
        raise SceneError(f"training has no {', '.join(sorted(unknown))}")
    given = {"precision": PRECISIONS[0], **training}
    return Plan(**{k: from_toml(k, given.get(k), kind) for k, kind in kinds.items()})


def _scene(kind: type[AnyScene], given: dict[str, Any]) -> AnyScene:
    names = [f.name for f in dataclasses.fields(kind)]
    if unknown := set(given) - set(names):
        raise SceneError(f"{kind.name} has no setting {', '.join(sorted(unknown))}")
    kinds = typing.get_type_hints(kind)
    settings: dict[str, Any] = {k: from_toml(k, given.get(k), kinds[k]) for k in names}
    try:
        return kind(**settings)
    except SceneError:
        raise
    except ValueError as e:
        raise SceneError(str(e)) from e


def _inputs(scene: AnyScene, given: dict[str, Any]) -> Any:
    default = scene.inputs()
    if set(given) != set(leaves(default)):
        raise SceneError(f"the inputs are {', '.join(given) or 'none'}; expected {', '.join(leaves(default))}")

    def leaf(name: str, old: Any) -> Any:
        like = np.asarray(old)
        try:
            array = np.array(given[name])
        except ValueError:  # rows of different lengths
            array = np.array(None)
        kinds = {"b": "b", "i": "i", "u": "i"}.get(like.dtype.kind, "if")
        if array.dtype.kind not in kinds or array.shape != like.shape:
            raise SceneError(f"{name} is not the numbers of shape {like.shape} that {scene.name} expects")
        array = array.astype(like.dtype)
        return array if array.shape else array.item()

    return map_leaves(leaf, default)
