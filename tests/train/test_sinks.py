"""The numbers of a run on dashboards: each adapter against its package, or against a fake of it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rosesim.cli import run as rosesim
from rosesim.train.sinks import sink_of

QUICK = ["train", "growth", "--set", "steps=20", "--iterations", "2"]


def test_tensorboard_has_a_curve_for_each_number(tmp_path: Path):
    pytest.importorskip("tensorboard.summary")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # pyright: ignore

    assert rosesim([*QUICK, "--log", "tensorboard", "--out", str(tmp_path / "r")]) == 0
    found: Any = EventAccumulator(str(tmp_path / "r" / "tensorboard"))
    found.Reload()
    names = found.Tags()["tensors"] or found.Tags()["scalars"]
    assert {"loss", "gradient_norm", "best_loss", "seconds"} <= set(names)
    assert [e.step for e in (found.Tensors("loss") if found.Tags()["tensors"] else found.Scalars("loss"))] == [
        0,
        1,
        2,
    ]


def test_wandb_and_mlflow_are_sent_each_iteration_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The packages are faked by the calls that their documentation names: the real ones need accounts and servers."""
    calls: list[Any] = []

    def log(numbers: dict[str, float], step: int) -> None:
        calls.append((step, sorted(numbers)))

    def init(project: str, name: str, dir: str) -> SimpleNamespace:
        calls.append(("init", project, name))
        return SimpleNamespace(log=log, finish=lambda: calls.append("finish"))

    def set_experiment(name: str) -> None:
        calls.append(("experiment", name))

    def start_run(run_name: str) -> None:
        calls.append(("start", run_name))

    mlflow = SimpleNamespace(
        set_experiment=set_experiment, start_run=start_run, log_metrics=log, end_run=lambda: calls.append("end")
    )
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    assert rosesim([*QUICK, "--log", "wandb:balls", "--log", "mlflow:stones", "--out", str(tmp_path / "r")]) == 0
    names = ["best_loss", "gradient_norm", "loss", "seconds"]
    each = [(i, names) for i in range(3) for _ in range(2)]
    begin = [("init", "balls", "r"), ("experiment", "stones"), ("start", "r")]
    assert [c for c in calls if c in each] == each
    assert [c for c in calls if c not in each] == [*begin, "finish", "end"]


@pytest.mark.parametrize("text", ["tensorbord", "wandb", "tensorboard:x", "mlflow"])
def test_another_dashboard_is_refused(text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert rosesim([*QUICK, "--log", text, "--out", str(tmp_path / "r")]) == 2
    assert "--log is tensorboard, wandb:PROJECT or mlflow:EXPERIMENT" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ValueError, match="mlflow needs its package: pip install mlflow"):
        sink_of("mlflow:stones")


def test_several_runs_at_once_are_not_followed(capsys: pytest.CaptureFixture[str]):
    assert rosesim([*QUICK, "--log", "tensorboard", "--seeds", "2"]) == 2
    assert "--log follows one run" in capsys.readouterr().err
