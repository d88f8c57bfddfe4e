"""Sinks for the dashboards that people keep: TensorBoard, Weights & Biases, MLflow. Each needs its package."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rosesim.scenes.errors import SceneError
from rosesim.train.callbacks import Callbacks, Sink
from rosesim.train.folder import seed_folder

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
        wandb = _imported("wandb", "wandb", "wandb")
        # "create_new": another run may be under way, of another seed. Known since wandb 0.19.10.
        self._run = wandb.init(project=project, name=name_of(folder), dir=str(folder), reinit="create_new")

    def on_iteration(self, metrics: Mapping[str, float]) -> None:
        """Send a point of each curve."""
        self._run.log(_numbers(metrics), step=int(metrics[STEP]))

    def close(self) -> None:
        """End the run there."""
        self._run.finish()


class MLflow:
    """Records the numbers of a run with MLflow."""

    def __init__(self, folder: Path, experiment: str):
        mlflow = _imported("mlflow", "mlflow", "mlflow")
        known = mlflow.set_experiment(experiment).experiment_id
        # By a client and not by `start_run`: that one has a current run, and runs of several seeds go on at once.
        self._client, self._metric = mlflow.MlflowClient(), mlflow.entities.Metric
        self._run: str = self._client.create_run(known, run_name=name_of(folder)).info.run_id

    def on_iteration(self, metrics: Mapping[str, float]) -> None:
        """Record a point of each curve."""
        now, step = int(time.time() * 1000), int(metrics[STEP])
        self._client.log_batch(self._run, [self._metric(k, v, now, step) for k, v in _numbers(metrics).items()])

    def close(self) -> None:
        """End the run there."""
        self._client.set_terminated(self._run)


def name_of(folder: Path) -> str:
    """The name of a run on a dashboard: its folder's, and of one of several seeds also that of their folder.

    >>> name_of(Path("runs/a")), name_of(Path("runs/a/seed-3"))
    ('a', 'a/seed-3')
    """
    return f"{folder.parent.name}/{folder.name}" if folder.name.startswith("seed-") else folder.name


class EachSeed:
    """A sink of several runs that makes one for each seed, in the seed's folder.

    >>> from rosesim.scenes import configure, find_scene
    >>> from rosesim.train import train_seeds
    >>> scene, inputs = configure(find_scene("growth"), ["steps=50"])
    >>> made = []
    >>> class Silent:
    ...     def __init__(self, folder):
    ...         made.append(folder.name)
    ...     def on_iteration(self, metrics):
    ...         assert "seed" not in metrics
    ...     def close(self):
    ...         made.append("closed")
    >>> _ = train_seeds(scene, 2, inputs=inputs, iterations=1, callback=EachSeed(Silent, Path("runs/growth")))
    >>> sorted(made)
    ['closed', 'closed', 'seed-0', 'seed-1']
    """

    def __init__(self, make: Callable[[Path], Sink], folder: Path):
        self._make, self._folder = make, folder
        self._made: dict[int, Sink] = {}

    def on_iteration(self, metrics: Mapping[str, float]) -> object:
        """Hand the numbers on to the sink of their seed."""
        numbers = dict(metrics)
        seed = int(numbers.pop("seed"))
        if seed not in self._made:
            self._made[seed] = self._make(seed_folder(self._folder, seed))
        return self._made[seed].on_iteration(numbers)

    def close(self) -> None:
        """Close the sinks of all seeds."""
        Callbacks([*self._made.values()]).close()


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
