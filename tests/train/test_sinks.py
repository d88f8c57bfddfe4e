"""The numbers of a run on dashboards: each adapter against its package, or against a fake of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rosesim.cli import run as rosesim
from rosesim.train.sinks import sink_of

QUICK = ["train", "growth", "--set", "steps=20", "--iterations", "2"]


def written(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # pyright: ignore

    found: Any = EventAccumulator(str(folder))
    found.Reload()
    return found


def losses_of(folder: Path) -> Any:
    found = written(folder)
    return found.Tensors("loss") if found.Tags()["tensors"] else found.Scalars("loss")


def test_tensorboard_has_a_curve_for_each_number(tmp_path: Path):
    pytest.importorskip("tensorboard.summary")
    assert rosesim([*QUICK, "--log", "tensorboard", "--out", str(tmp_path / "r")]) == 0
    found = written(tmp_path / "r" / "tensorboard")
    assert set(found.Tags()["tensors"] or found.Tags()["scalars"]) == {
        "loss", "gradient_norm", "best_loss", "seconds"
    }  # fmt: skip
    assert [e.step for e in losses_of(tmp_path / "r" / "tensorboard")] == [0, 1, 2]


def test_wandb_and_mlflow_are_sent_each_iteration_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The packages are faked by the calls that their documentation names: the real ones need accounts and servers."""
    calls: list[Any] = []

    def log(numbers: dict[str, float], step: int) -> None:
        calls.append((step, sorted(numbers)))

    def init(project: str, name: str, dir: str, reinit: str) -> SimpleNamespace:
        calls.append(("init", project, name, reinit))
        return SimpleNamespace(log=log, finish=lambda: calls.append("finish"))

    def set_experiment(name: str) -> SimpleNamespace:
        calls.append(("experiment", name))
        return SimpleNamespace(experiment_id="7")

    class Client:
        def create_run(self, experiment: str, run_name: str) -> SimpleNamespace:
            calls.append(("start", experiment, run_name))
            return SimpleNamespace(info=SimpleNamespace(run_id="12"))

        def log_batch(self, run: str, metrics: list[Any]) -> None:
            assert run == "12"
            calls.append((metrics[0].step, sorted(m.key for m in metrics)))

        def set_terminated(self, run: str) -> None:
            calls.append(("end", run))

    def metric(key: str, value: float, timestamp: int, step: int) -> SimpleNamespace:
        assert abs(timestamp / 1000 - time.time()) < 60
        return SimpleNamespace(key=key, value=value, step=step)

    mlflow = SimpleNamespace(
        set_experiment=set_experiment, MlflowClient=Client, entities=SimpleNamespace(Metric=metric)
    )
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    assert rosesim([*QUICK, "--log", "wandb:balls", "--log", "mlflow:stones", "--out", str(tmp_path / "r")]) == 0
    names = ["best_loss", "gradient_norm", "loss", "seconds"]
    each = [(i, names) for i in range(3) for _ in range(2)]
    begin = [("init", "balls", "r", "create_new"), ("experiment", "stones"), ("start", "7", "r")]
    assert [c for c in calls if c in each] == each
    assert [c for c in calls if c not in each] == [*begin, "finish", ("end", "12")]


@pytest.mark.parametrize("text", ["tensorbord", "wandb", "tensorboard:x", "mlflow"])
def test_another_dashboard_is_refused(text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert rosesim([*QUICK, "--log", text, "--out", str(tmp_path / "r")]) == 2
    assert "--log is tensorboard, wandb:PROJECT or mlflow:EXPERIMENT" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ValueError, match="mlflow needs its package: pip install mlflow"):
        sink_of("mlflow:stones")


@pytest.mark.parametrize("several", ["--seeds", "--batch"])
def test_each_of_several_runs_has_its_own_curves(several: str, tmp_path: Path):
    pytest.importorskip("tensorboard.summary")
    assert rosesim([*QUICK, "--log", "tensorboard", several, "2", "--out", str(tmp_path / "r")]) == 0
    for seed in (0, 1):
        steps = [e.step for e in losses_of(tmp_path / "r" / f"seed-{seed}" / "tensorboard")]
        assert steps == [0, 1, 2], seed
    assert not (tmp_path / "r" / "tensorboard").exists()
    more = ["train", "--resume", str(tmp_path / "r"), "--iterations", "3", "--log", "tensorboard"]
    assert rosesim(more) == 0
    assert 3 in [e.step for e in losses_of(tmp_path / "r" / "seed-1" / "tensorboard")]


def test_a_sweep_is_not_followed(capsys: pytest.CaptureFixture[str]):
    assert rosesim([*QUICK, "--log", "tensorboard", "--sweep", "seed=0..1"]) == 2
    assert "--log follows the runs of this process, and --sweep trains in others" in capsys.readouterr().err
