"""Training: an optimiser's loop over the compiled loss and gradient of a scene."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from rosesim.scenes.base import Scene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.errors import SceneError
from rosesim.train import folder as files
from rosesim.train.errors import TrainingStopped
from rosesim.train.optimizers import OPTIMIZERS

P = TypeVar("P")
I = TypeVar("I")  # noqa: E741 -- the letter of inputs, beside P
S = TypeVar("S")

ATTEMPTS = 8
"""Iterations whose params a run remembers, for pictures."""


@dataclass(frozen=True)
class Progress:
    """What is known after an evaluation."""

    iteration: int
    loss: float
    gradient_norm: float
    note: str | None = None
    """What a person should know, once: that the gradient is exactly zero, and why."""


@dataclass
class Run(Generic[P]):
    """The outcome of a training run."""

    params: P
    """After the last update."""
    losses: list[float]
    """Before each update, then after the last."""
    best_loss: float
    best_params: P
    compile_seconds: float
    """Tracing, differentiating and making machine code; about 0 where this scene was compiled before."""
    seconds_per_iteration: float
    attempts: list[tuple[int, P]] = field(default_factory=list)
    """Some iterations, the first and the last among them, and the params there."""
    out: Path | None = None


@dataclass(frozen=True)
class Plan:
    """How a scene is to be trained."""

    optimizer: str
    iterations: int
    seed: int
    learning_rate: float


def plan(
    scene: Scene[P, I, S],
    inputs: I,
    iterations: int | None = None,
    optimizer: str | None = None,
    seed: int = 0,
) -> Plan:
    """The published plan with what is given in its place; SceneError where that makes no sense."""
    total = scene.published.iterations if iterations is None else iterations
    name = scene.published.optimizer if optimizer is None else optimizer
    if total < 1:
        raise SceneError(f"iterations is 1 or more; {total} was given")
    if seed < 0:
        raise SceneError(f"seed is 0 or more; {seed} was given")
    if name not in OPTIMIZERS:
        raise SceneError(f"no optimizer is called {name!r}; there are {', '.join(sorted(OPTIMIZERS))}")
    rate = getattr(inputs, "learning_rate", None)
    if rate is None:
        raise SceneError(f"the inputs of {scene.name} have no learning_rate, which training reads")
    return Plan(name, total, seed, float(rate))


def train(
    scene: Scene[P, I, S],
    *,
    inputs: I | None = None,
    iterations: int | None = None,
    optimizer: str | None = None,
    seed: int = 0,
    out: Path | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Run[P]:
    """Tune a scene's params: what the command `train` does.

    The published optimiser and iterations apply where none are given; the learning rate is the input of
    that name. With `out`, that folder gets settings, metrics and params. `report` is called after each
    evaluation. Raises TrainingStopped where the loss or gradient is not finite, and when interrupted
    (Ctrl-C), each time with everything saved until then.
    """
    given = scene.inputs() if inputs is None else inputs
    return _Loop(scene, given, plan(scene, given, iterations, optimizer, seed), out, report).run()


class _Loop(Generic[P, I, S]):
    def __init__(
        self,
        scene: Scene[P, I, S],
        inputs: I,
        plan: Plan,
        out: Path | None,
        report: Callable[[Progress], None],
    ):
        self.program = compiled(scene)
        self.scene, self.inputs, self.out, self.report = scene, inputs, out, report
        self.total = plan.iterations
        self.update = OPTIMIZERS[plan.optimizer](plan.learning_rate)
        self.x = self.program.flat.flatten(scene.params(np.random.default_rng(plan.seed)))
        self.best, self.best_loss = self.x, math.inf
        self.losses: list[float] = []
        self.remembered = attempt_iterations(plan.iterations)
        self.attempts: list[tuple[int, P]] = []
        self.told = False
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            files.write_settings(out, scene, inputs, asdict(plan))

    def run(self) -> Run[P]:
        """Evaluate, update, evaluate, ..., and once more at the end."""
        begun = time.perf_counter()
        evaluate = self.program.value_and_grad
        compile_seconds = time.perf_counter() - begun
        unflatten, flatten = self.program.flat.unflatten, self.program.flat.flatten
        metrics = None if self.out is None else (self.out / files.METRICS).open("w", encoding="utf-8")
        begun = time.perf_counter()
        try:
            for i in range(self.total + 1):
                params = unflatten(self.x)
                loss, gradient = evaluate(params, self.inputs)
                g = flatten(gradient)
                self._note(i, float(loss), float(np.linalg.norm(g)), params, time.perf_counter() - begun, metrics)
                if i < self.total:
                    self.x = self.update(self.x, g)
        except KeyboardInterrupt:
            self._save()
            raise TrainingStopped(f"interrupted after {len(self.losses)} iterations{self._where()}") from None
        finally:
            if metrics is not None:
                metrics.close()
        seconds = time.perf_counter() - begun
        self._save()
        return Run(
            params=unflatten(self.x),
            losses=self.losses,
            best_loss=self.best_loss,
            best_params=unflatten(self.best),
            compile_seconds=compile_seconds,
            seconds_per_iteration=seconds / (self.total + 1),
            attempts=self.attempts,
            out=self.out,
        )

    def _note(self, i: int, loss: float, norm: float, params: P, seconds: float, metrics: Any) -> None:
        self.losses.append(loss)
        if metrics is not None:
            row = {
                "iteration": i,
                "loss": _json(loss),
                "gradient_norm": _json(norm),
                "seconds": round(seconds, 6),
            }
            metrics.write(json.dumps(row) + "\n")
            metrics.flush()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self._save()
            what = "loss" if not math.isfinite(loss) else "gradient"
            raise TrainingStopped(f"the {what} is no longer finite at iteration {i}{self._where()}")
        if loss < self.best_loss:
            self.best, self.best_loss = self.x, loss
        if i in self.remembered:
            self.attempts.append((i, params))
        note = None
        if norm == 0.0 and not self.told:
            self.told = True
            why = self.scene.why_no_gradient(self.program.trajectory(params, self.inputs), params, self.inputs)
            note = f"the gradient is zero at iteration {i}" + (f": {why}" if why else "; nothing will change")
        self.report(Progress(i, loss, norm, note))

    def _where(self) -> str:
        return "" if self.out is None else f"; what was reached is in {self.out}"

    def _save(self) -> None:
        if self.out is None:
            return
        unflatten = self.program.flat.unflatten
        files.write_arrays(self.out / files.LAST, files.params_arrays(unflatten(self.x)))
        files.write_arrays(self.out / files.BEST, files.params_arrays(unflatten(self.best)))
        if self.attempts:
            numbers = np.array([i for i, _ in self.attempts], dtype=np.float64)
            params = files.stacked([p for _, p in self.attempts])
            arrays = {"iteration": numbers, **{f"params.{k}": v for k, v in params.items()}}
            files.write_arrays(self.out / files.ATTEMPTS, arrays)


def _json(x: float) -> float | None:
    """JSON has no word for what is not finite."""
    return x if math.isfinite(x) else None


def attempt_iterations(total: int) -> list[int]:
    """The iterations worth showing: the first, the last, closer together where descent is quick.

    >>> attempt_iterations(200)
    [0, 1, 2, 6, 14, 34, 83, 200]
    """
    later = np.geomspace(1, total, ATTEMPTS - 1).round().astype(int)
    return [0, *sorted(set(later.tolist()))]
