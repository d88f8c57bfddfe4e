"""Sinks for the dashboards that people keep: TensorBoard, Weights & Biases, MLflow. Each needs its package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rosesim.scenes.errors import SceneError
from rosesim.train.callbacks import Sink

STEP = "iteration"
"""The number that is the axis of a dashboard, not a curve."""


def _numbers(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name.replace("terms.", "terms/"): value for name, value in metrics.items() if name != STEP}


class TensorBoard:
    """Writes the numbers of a run for TensorBoard, into a folder (`tensorboard --logdir runs`)."""

    def __init__(self, folder: Path):
        writer = _imported("tensorboard", "tensorboard.summary", "tensorboard").Writer
        self._writer = writer(str(folder))

    def on_iteration(self, metrics: Mapping[str, float]) -> None:
        """Add a point to each curve."""
        for name, value in _numbers(metrics).items():
            self._writer.add_scalar(name, value, int(metrics[STEP]))

    def close(self) -> None:
        """Write what is not written yet."""
        self._writer.close()


class WandB:
    """Sends the numbers of a run to Weights & Biases."""

    def __init__(self, folder: Path, project: str):
        self._run = _imported("wandb", "wandb", "wandb").init(project=project, name=folder.name, dir=str(folder))

    def on_iteration(self, metrics: Mapping[str, float]) -> None:
        """Send a point of each curve."""
        self._run.log(_numbers(metrics), step=int(metrics[STEP]))

    def close(self) -> None:
        """End the run there."""
        self._run.finish()


class MLflow:
    """Records the numbers of a run with MLflow."""

    def __init__(self, folder: Path, experiment: str):
        self._mlflow = _imported("mlflow", "mlflow", "mlflow")
        self._mlflow.set_experiment(experiment)
        self._mlflow.start_run(run_name=folder.name)

    def on_iteration(self, metrics: Mapping[str, float]) -> None:
        """Record a point of each curve."""
        self._mlflow.log_metrics(_numbers(metrics), step=int(metrics[STEP]))

    def close(self) -> None:
        """End the run there."""
        self._mlflow.end_run()


class _Later:
    """A sink that is made at the first iteration: what is refused before it leaves no trace on a dashboard."""

    def __init__(self, make: Callable[[], Sink]):
        self._make = make
        self._made: Sink | None = None

    def on_iteration(self, metrics: Mapping[str, float]) -> object:
        if self._made is None:
            self._made = self._make()
        return self._made.on_iteration(metrics)

    def close(self) -> None:
        if self._made is not None:
            self._made.close()


def sink_of(text: str) -> Callable[[Path], Sink]:
    """What makes the sink of a run's folder, for a text such as `tensorboard` or `wandb:PROJECT`.

    Raises SceneError for another text, and where the package is not installed.
    """
    kind, _, name = text.partition(":")
    packages = {"tensorboard": "tensorboard.summary", "wandb": "wandb", "mlflow": "mlflow"}
    if kind not in packages or (kind == "tensorboard") == bool(name):
        raise SceneError(f"--log is tensorboard, wandb:PROJECT or mlflow:EXPERIMENT; {text!r} was given")
    _imported(kind, packages[kind], kind)
    match kind:
        case "tensorboard":
            return lambda folder: _Later(lambda: TensorBoard(folder / "tensorboard"))
        case "wandb":
            return lambda folder: _Later(lambda: WandB(folder, name))
        case _:
            return lambda folder: _Later(lambda: MLflow(folder, name))


def _imported(what: str, module: str, package: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as e:
        raise SceneError(f"{what} needs its package: pip install {package} ({e})") from e
