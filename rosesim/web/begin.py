"""Where a page or a package of a scene begins: inputs, params, and the optimiser that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rosesim.optimise.optimizers import Optimizer
from rosesim.optimise.own import MARK
from rosesim.optimise.rules import is_rule, make_optimizer
from rosesim.optimise.schedules import parse_schedule
from rosesim.scenes.base import AnyScene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.writing import AnyPath, as_path
from rosesim.train import folder as folders
from rosesim.train.settings import read_settings

INSTEAD = "adam"
"""The rule of a page whose scene is published with an optimiser that needs Python."""


@dataclass(frozen=True)
class Begun:
    """Where a page or a package begins."""

    inputs: Any
    params: Any
    asked: str
    """The name of the optimiser that was wanted."""
    rule: str
    """The name of the one that runs without Python."""
    optimizer: Optimizer
    iterations: int


def begin(
    scene: AnyScene,
    inputs: Any,
    params: Any,
    optimizer: str | None = None,
    iterations: int | None = None,
    schedule: str = "constant",
    clip: float | None = None,
) -> Begun:
    """What is given, and for the rest what the scene is published with; params are those of the first seed."""
    inputs = scene.inputs() if inputs is None else inputs
    params = scene.params(np.random.default_rng(0)) if params is None else params
    asked = optimizer or scene.published.optimizer
    rule = asked if is_rule(asked) else INSTEAD
    total = iterations or scene.published.iterations
    made = make_optimizer(rule, float(inputs.learning_rate), schedule=parse_schedule(schedule, total), clip=clip)
    return Begun(inputs, params, asked.removeprefix(MARK), rule, replace(made, bounds=compiled(scene).bounds), total)


def of_run(folder: AnyPath) -> tuple[Any, dict[str, Any]]:
    """The best iteration of a run's folder, and what `begin` takes of the run. Raises what reading a run raises."""
    plan, best = read_settings(as_path(folder)).plan, folders.read_best(folder)
    trained = {name: getattr(plan, name) for name in ("optimizer", "iterations", "schedule", "clip")}
    return best, {"inputs": best.inputs, "params": best.params, **trained}
