"""A scene or a run as one page."""

from __future__ import annotations

from typing import Any, Literal

from rosesim.ad.support.budget import memory_budget
from rosesim.scenes.base import AnyScene
from rosesim.scenes.writing import AnyPath
from rosesim.train import folder as folders
from rosesim.web.begin import begin, of_run
from rosesim.web.bundle import bundle
from rosesim.web.data import Run, data
from rosesim.web.module import MEMORY, wasm
from rosesim.web.programs import programs


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
    begun = begin(scene, inputs, params, optimizer, iterations, schedule, clip)
    with memory_budget(int(memory) // 2):  # the gradient's types need its trace
        made = programs(scene, begun.optimizer, begun.iterations)
        module = wasm(made, math=math, precision=precision, memory=memory)
    told = data(scene, begun.params, begun.inputs, begun.asked, begun.rule, begun.iterations, run)
    return bundle(told, module.code, readable=readable, whole=whole)


def page_of_run(folder: AnyPath, **how: Any) -> str:
    """The page of a run's folder: it begins at the best params, with what the run remembers of the way there.

    `how` goes to `page`; what it leaves out is as in the run. Raises what reading a run raises.
    """
    best, trained = of_run(folder)
    earlier = [(i, p) for i, p in folders.read_attempts(folder, best.scene) if i < best.iteration]
    run = [*earlier, (best.iteration, best.params)], folders.read_curve(folder)
    return page(best.scene, **{"run": run, **trained, **how})
