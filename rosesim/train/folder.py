"""A run's folder: settings.json, metrics.jsonl (a line an iteration), and params as .npz files.

Files are written whole: to a temporary name, synced, renamed. Whoever looks sees the old file or the new.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.base import Scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.registry import find_scene
from rosesim.scenes.tree import leaves, map_leaves

SETTINGS, METRICS, LAST, BEST, ATTEMPTS = (
    "settings.json",
    "metrics.jsonl",
    "last.npz",
    "best.npz",
    "attempts.npz",
)


def new_folder(scene: str) -> Path:
    """A folder runs/SCENE-TIME that does not exist yet, made here and now."""
    base = Path("runs") / f"{scene}-{datetime.now():%Y%m%d-%H%M%S}"
    for k in range(1000):
        folder = base if k == 0 else base.with_name(f"{base.name}-{k}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{base} and a thousand like it exist already")


def write_settings(folder: Path, scene: Scene[Any, Any, Any], inputs: Any, training: Mapping[str, Any]) -> None:
    """Everything that the run was made from."""
    settings = {f.name: getattr(scene, f.name) for f in dataclasses.fields(scene)}
    given = {name: np.asarray(v).tolist() for name, v in leaves(inputs).items()}
    record = {"scene": scene.name, "settings": settings, "inputs": given, "training": dict(training)}
    _write(folder / SETTINGS, (json.dumps(record, indent=2) + "\n").encode())


def read_scene(folder: Path) -> tuple[Scene[Any, Any, Any], Any]:
    """The scene and the inputs of a run; SceneError where the folder does not hold one."""
    try:
        record = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        kind = find_scene(record["scene"])
        settings: dict[str, Any] = {k: _hashable(v) for k, v in record["settings"].items()}
        scene = kind(**settings)
        given = record["inputs"]
        inputs = map_leaves(
            lambda name, old: np.array(given[name], dtype=np.float64) if np.shape(old) else float(given[name]),
            scene.inputs(),
        )
    except SceneError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise SceneError(f"{folder} is not the folder of a run: {e}") from e
    return scene, inputs


def _hashable(v: Any) -> Any:
    """A setting as it was before JSON made its tuples lists."""
    return tuple(map(_hashable, v)) if isinstance(v, list) else v


def write_arrays(file: Path, arrays: Mapping[str, NDArray[np.float64]]) -> None:
    """Named arrays as an .npz file."""
    buffer = io.BytesIO()
    np.savez(buffer, **dict(arrays))  # pyright: ignore[reportArgumentType] -- names are the arrays' own
    _write(file, buffer.getvalue())


def read_arrays(file: Path) -> dict[str, NDArray[np.float64]]:
    """The named arrays of an .npz file; SceneError where it is not one."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError) as e:
        raise SceneError(f"{file} cannot be read: {e}") from e


def read_losses(folder: Path) -> list[float]:
    """The loss of every iteration of a run, and that after its last update."""
    try:
        lines = (folder / METRICS).read_text(encoding="utf-8").splitlines()
        return [float("nan" if (loss := json.loads(line)["loss"]) is None else loss) for line in lines]
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise SceneError(f"{folder / METRICS} cannot be read: {e}") from e


def read_attempts(folder: Path, scene: Scene[Any, Any, Any]) -> list[tuple[int, Any]]:
    """The iterations that a run remembered, and the params there."""
    arrays = read_arrays(folder / ATTEMPTS)
    like = scene.params(np.random.default_rng(0))

    def leaf(k: int, name: str, old: Any) -> Any:
        array = arrays[f"params.{name}"][k]
        if array.shape != np.shape(old):
            raise SceneError(f"{folder / ATTEMPTS} holds {name} of shape {array.shape}; expected {np.shape(old)}")
        return array if array.shape else float(array)

    try:
        return [
            (int(i), map_leaves(lambda name, old, k=k: leaf(k, name, old), like))
            for k, i in enumerate(arrays["iteration"])
        ]
    except KeyError as e:
        raise SceneError(f"{folder / ATTEMPTS} lacks {e}") from e


def params_arrays(params: Any) -> dict[str, NDArray[np.float64]]:
    """Params as named arrays."""
    return {name: np.asarray(v, dtype=np.float64) for name, v in leaves(params).items()}


def stacked(structs: Sequence[Any]) -> dict[str, NDArray[np.float64]]:
    """Several params as named arrays with one more, first dimension."""
    rows = [params_arrays(s) for s in structs]
    return {name: np.stack([r[name] for r in rows]) for name in rows[0]}


def _write(file: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as f:
            f.write(content)
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
