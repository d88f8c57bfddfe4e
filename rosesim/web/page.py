"""A scene or a run as one page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from rosesim.ad.support.budget import memory_budget
from rosesim.optimise.optimizers import RULES, Optimizer, make_optimizer
from rosesim.optimise.schedules import parse_schedule
from rosesim.scenes.base import AnyScene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.writing import AnyPath, as_path
from rosesim.train import folder as folders
from rosesim.train.settings import read_settings
from rosesim.web.bundle import bundle
from rosesim.web.data import Run, data
from rosesim.web.module import MEMORY, wasm
from rosesim.web.programs import programs

INSTEAD = "adam"
"""The rule of a page whose scene is published with an optimiser that needs Python."""


def page(
    scene: AnyScene,
    inputs: Any = None,
    *,
    params: Any = None,
    run: Run | None = None,
    optimizer: str | None = None,
    iterations: int | None = None,
    schedule: str = "constant",
    clip: float | None = None,
    math: Literal["fast", "strict"] = "fast",
    precision: Literal["f64", "f32"] = "f64",
    memory: float = MEMORY,
    readable: bool = False,
    whole: bool = False,
) -> str:
    """The HTML text of a page that runs the scene and optimises it, without a server.

    It begins at `params`, which are those of the first seed if they are not given. `run` is what a training has
    remembered. Optimiser and iterations are the published ones unless given; Adam replaces one that needs Python.
    The compiled programs take at most `memory` bytes. A `readable` page has its script as we wrote it; a `whole`
    one has all of it, also what only other scenes' pictures need.

    Raises SceneError where the scene cannot go: a picture or a step that needs Python. Raises TooLarge where the
    memory does not suffice.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("bounce"), ["steps=50"])
    >>> text = page(scene, inputs)
    >>> text.startswith("<!doctype html>"), len(text) < 60_000
    (True, True)
    """
    inputs = scene.inputs() if inputs is None else inputs
    params = scene.params(np.random.default_rng(0)) if params is None else params
    name = optimizer or scene.published.optimizer
    rule = name if name in RULES else INSTEAD
    total = iterations or scene.published.iterations
    made = _optimizer(scene, rule, float(inputs.learning_rate), schedule, clip, total)
    with memory_budget(int(memory) // 2):  # the gradient's types need its trace
        module = wasm(programs(scene, made, total), math=math, precision=precision, memory=memory)
    return bundle(data(scene, params, inputs, name, rule, total, run), module.code, readable=readable, whole=whole)


def page_of_run(folder: AnyPath, **how: Any) -> str:
    """The page of a run's folder: it begins at the best params, with what the run remembers of the way there.

    `how` goes to `page`; what it leaves out is as in the run. Raises what reading a run raises.
    """
    plan, best = read_settings(as_path(folder)).plan, folders.read_best(folder)
    earlier = [(i, p) for i, p in folders.read_attempts(folder, best.scene) if i < best.iteration]
    run = [*earlier, (best.iteration, best.params)], folders.read_curve(folder)
    trained = {name: getattr(plan, name) for name in ("optimizer", "iterations", "schedule", "clip")}
    return page(best.scene, **{"inputs": best.inputs, "params": best.params, "run": run, **trained, **how})


def _optimizer(
    scene: AnyScene, rule: str, rate: float, schedule: str, clip: float | None, iterations: int
) -> Optimizer:
    made = make_optimizer(rule, rate, schedule=parse_schedule(schedule, iterations), clip=clip)
    return replace(made, bounds=compiled(scene).bounds)
