"""A run as tables: what stands in the files is what the run and its rollout have."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from falling import write_scene

from rosesim.cli import run as rosesim
from rosesim.scenes import rollout
from rosesim.scenes.attributes import field_meanings, leaf_meanings
from rosesim.scenes.locate import scene_at
from rosesim.train import read_best, read_last, train
from rosesim.train.metrics import Row
from rosesim.train.tables import Table, metrics_table, trajectory_table, write_csv


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that ends worse than it was: with this rate the speed jumps to and fro, ever further."""
    base = tmp_path_factory.mktemp("tables")
    scene = scene_at(str(write_scene(base, "thrown.py")))(steps=5)
    train(scene, learning_rate=1.1, iterations=3, out=base / "r")
    return base / "r"


def rows_of(file: Path) -> tuple[list[str], list[list[float]]]:
    with file.open(newline="") as f:
        first, *rest = csv.reader(f)
    return first, [[float(v) for v in row] for row in rest]


@pytest.mark.parametrize("which", ["best", "last"])
def test_csv_has_the_trajectory_with_units_and_the_metrics(folder: Path, tmp_path: Path, which: str):
    target = tmp_path / "fall.csv"
    assert rosesim(["export", str(folder), "--csv", str(target), *(["--last"] if which == "last" else [])]) == 0
    names, rows = rows_of(target)
    assert names == ["step", "height [m]", "speed"]
    end = (read_best if which == "best" else read_last)(folder)
    # The closed form: after k steps of 0.2 with gravity 1 the speed is v - 0.2 k, the height 0.2 times their sum.
    v = end.params.speed
    assert np.allclose(rows, [[k, 0.2 * sum(v - 0.2 * j for j in range(1, k + 1)), v - 0.2 * k] for k in range(6)])
    names, rows = rows_of(tmp_path / "fall-metrics.csv")
    assert names == ["iteration", "loss", "gradient_norm", "seconds [s]"]
    # The loss is (v - 0.9)^2; each update makes v - 0.9 into -1.2 of it.
    assert np.allclose([row[1] for row in rows], [(-0.4 * (-1.2) ** k) ** 2 for k in range(4)])
    assert np.allclose([row[2] for row in rows], [0.8 * 1.2**k for k in range(4)])


def test_npz_has_arrays_by_name_with_units(folder: Path, tmp_path: Path):
    assert rosesim(["export", str(folder), "--npz", str(tmp_path / "fall.npz")]) == 0
    with np.load(tmp_path / "fall.npz", allow_pickle=False) as found:
        best = read_best(folder)
        stacked = rollout(best.scene, best.params).stacked
        assert np.array_equal(found["trajectory/height"], stacked.height)
        assert found["metrics/iteration"].tolist() == [0, 1, 2, 3]
        assert json.loads(str(found["units"])) == {"metrics/seconds": "s", "trajectory/height": "m"}


def test_parquet_has_columns_with_units(folder: Path, tmp_path: Path):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert rosesim(["export", str(folder), "--parquet", str(tmp_path / "fall.parquet")]) == 0
    found = parquet.read_table(tmp_path / "fall.parquet")
    assert found.column_names == ["step", "height", "speed"]
    assert found.schema.field("height").metadata == {b"unit": b"m"}
    assert parquet.read_table(tmp_path / "fall-metrics.parquet").num_rows == 4


def test_without_its_package_parquet_is_refused_before_anything_is_computed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert rosesim(["export", "electric", "--parquet", "a.parquet"]) == 2
    assert "--parquet needs the package pyarrow: pip install pyarrow" in capsys.readouterr().err


def test_an_array_of_a_state_has_a_column_for_each_element(tmp_path: Path):
    table = Table({"t": np.arange(2), "x": np.arange(8.0).reshape(2, 2, 2)}, {"x": "m"})
    write_csv(tmp_path / "a.csv", table)
    names, rows = rows_of(tmp_path / "a.csv")
    assert names == ["t", "x[0,0] [m]", "x[0,1] [m]", "x[1,0] [m]", "x[1,1] [m]"]
    assert rows == [[0, 0, 1, 2, 3], [1, 4, 5, 6, 7]]


def test_a_state_without_names_and_terms_of_a_loss_have_columns():
    rows = [Row(0, 3.0, None, 0.1, {"effort": 1.0, "distance": 2.0})]
    found = metrics_table(rows).columns()
    assert list(found) == ["iteration", "loss", "gradient_norm", "seconds", "terms.effort", "terms.distance"]
    assert np.isnan(found["gradient_norm"][0])


def test_meanings_are_those_below_the_fields_of_the_class_and_of_its_bases(tmp_path: Path):
    scene = scene_at(str(write_scene(tmp_path, "meant.py")))(steps=5)
    known = field_meanings(type(scene))
    assert (known["h"].text, known["h"].unit) == ("Time step [s].", "s")
    assert known["steps"].text == "Updates of the state."
    assert {name: m.unit for name, m in leaf_meanings({"world": scene.inputs()}).items()} == {
        "world.gravity": "m/s^2", "world.goal": "m", "world.learning_rate": "",
    }  # fmt: skip
    assert list(trajectory_table(scene, scene.params(np.random.default_rng(0)), scene.inputs()).units) == ["height"]
