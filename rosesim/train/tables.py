"""A run as tables, for other programs: its metrics, and the trajectory at its best or last params.

Columns have names and, where the scene declares them in the texts of its state's fields ("Height [m]."), units.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.scenes.attributes import leaf_meanings
from rosesim.scenes.base import AnyScene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import leaves
from rosesim.scenes.writing import write_beside
from rosesim.train.metrics import Row

METRIC_UNITS = {"seconds": "s"}


@dataclass(frozen=True)
class Table:
    """Arrays of one length by name: of one dimension, or with the elements of an array in further ones."""

    arrays: Mapping[str, NDArray[Any]]
    units: Mapping[str, str]

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns, one for each element of an array: `x[0,1]`.

        >>> Table({"t": np.arange(2), "x": np.ones((2, 2))}, {}).columns().keys()
        dict_keys(['t', 'x[0]', 'x[1]'])
        """
        found: dict[str, NDArray[Any]] = {}
        for name, array in self.arrays.items():
            for index in np.ndindex(array.shape[1:]):
                where = f"[{','.join(map(str, index))}]" if index else ""
                found[name + where] = array[(slice(None), *index)]
        return found

    def unit(self, column: str) -> str:
        """The unit of a column, empty where none is declared."""
        return self.units.get(column.partition("[")[0], "")


def metrics_table(rows: Sequence[Row]) -> Table:
    """The iterations of a run: loss, norm of the gradient, seconds, and the terms of the loss."""
    arrays: dict[str, NDArray[Any]] = {
        "iteration": np.array([r.iteration for r in rows]),
        "loss": np.array([r.loss for r in rows]),
        "gradient_norm": np.array([np.nan if r.gradient_norm is None else r.gradient_norm for r in rows]),
        "seconds": np.array([r.seconds for r in rows]),
    }
    for name in rows[-1].terms if rows else ():
        arrays[f"terms.{name}"] = np.array([r.terms.get(name, np.nan) for r in rows])
    return Table(arrays, METRIC_UNITS)


def trajectory_table(scene: AnyScene, params: Any, inputs: Any) -> Table:
    """The states of a rollout by the names of their fields; `step` counts the steps before a state.

    >>> from rosesim.scenes import find_scene
    >>> scene = find_scene("growth")(steps=3)
    >>> table = trajectory_table(scene, scene.params(np.random.default_rng(0)), scene.inputs())
    >>> list(table.arrays)[:3], table.arrays["v"].tolist()
    (['step', 'x', 'v'], [0.0, 1.0, 2.0, 3.0])
    """
    found = compiled(scene).trajectory(params, inputs)

    def called(name: str) -> str:  # a state without names: a tuple, or one number
        return f"state.{name}" if name[:1].isdigit() else name or "state"

    arrays = {called(name): np.asarray(a) for name, a in leaves(found.stacked).items()}
    units = {called(name): m.unit for name, m in leaf_meanings(found[0]).items() if m.unit}
    return Table({"step": found.times, **arrays}, units)


def write_csv(file: Path, table: Table) -> None:
    """Write a table as CSV, with units in the names of columns: `x [m]`."""
    columns = table.columns()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f"{name} [{unit}]" if (unit := table.unit(name)) else name for name in columns])
    writer.writerows(zip(*(c.tolist() for c in columns.values()), strict=True))
    write_beside(file, text.getvalue().encode())


def write_npz(file: Path, tables: Mapping[str, Table]) -> None:
    """Write tables as one .npz: arrays as `trajectory/x`, and `units`, a JSON object by these names."""
    arrays = {f"{kind}/{name}": a for kind, table in tables.items() for name, a in table.arrays.items()}
    units = {f"{kind}/{name}": unit for kind, table in tables.items() for name, unit in table.units.items()}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays, units=np.array(json.dumps(units)))
    write_beside(file, content.getvalue())


def require_parquet() -> None:
    """Raise SceneError where the package that writes Parquet cannot be imported."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError as e:
        raise SceneError(f"--parquet needs the package pyarrow: pip install pyarrow ({e}); --csv needs none") from e


def write_parquet(file: Path, table: Table) -> None:
    """Write a table as Parquet, with the unit of a column as `unit` in its metadata."""
    pa: Any = importlib.import_module("pyarrow")
    pq: Any = importlib.import_module("pyarrow.parquet")
    columns = table.columns()
    fields = [
        pa.field(name, pa.array(c[:0]).type, metadata={"unit": table.unit(name)} if table.unit(name) else None)
        for name, c in columns.items()
    ]
    content = io.BytesIO()
    pq.write_table(pa.table([pa.array(c) for c in columns.values()], schema=pa.schema(fields)), content)
    write_beside(file, content.getvalue())
