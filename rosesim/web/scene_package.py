"""A scene or a run as a package for npm: its physics, its gradient and its optimiser, without a picture."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np

from rosesim.ad.language import types as T
from rosesim.ad.support.budget import memory_budget
from rosesim.scenes.base import AnyScene
from rosesim.scenes.writing import AnyPath
from rosesim.web.begin import begin, of_run
from rosesim.web.module import MEMORY
from rosesim.web.package import check_package, package
from rosesim.web.programs import physics

OF_BEGIN = ("optimizer", "iterations", "schedule", "clip")
NOTES = {
    "start": "The state at the beginning.",
    "advance": "The state after n more steps, from step t on.",
    "gradient": "The loss, and its gradient with respect to params.",
    "terms": "The numbers that the loss is the sum of.",
    "optimise": "The next params and memory; iteration counts from 0, where memory was empty.",
}


def scene_package(
    folder: AnyPath, scene: AnyScene, inputs: Any = None, *, params: Any = None, memory: float = MEMORY, **how: Any
) -> Path:
    """Write a scene as a package for npm, and return its folder.

    Its programs are `start`, `advance`, `gradient`, with a scene that tunes something `optimise`, and `terms` where
    the loss is the sum of some; `rosesim/web/programs.py` says what they take. Its constants are `params`, `inputs`
    and the optimiser's `memory`. `how` goes to `package` (name, version, license, math, precision), or says how to
    optimise, as in `rosesim.web.page`. Raises what `package` raises.

    >>> from tempfile import TemporaryDirectory
    >>> from rosesim.scenes import configure, find_scene
    >>> with TemporaryDirectory() as place:
    ...     made = scene_package(f"{place}/ball", *configure(find_scene("bounce"), ["steps=50"]))
    ...     (made / "README.md").read_text().split(chr(10))[0]
    '# ball'
    """
    check_package(folder, how.get("name"), how.get("version", "0.1.0"))
    begun = begin(scene, inputs, params, **{k: how.pop(k) for k in OF_BEGIN if k in how})
    with memory_budget(int(memory) // 2):  # the gradient's types need its trace
        made = physics(scene, begun.optimizer, begun.iterations)
    values = {"params": begun.params, "inputs": begun.inputs}
    tunes = "optimise" in made
    if tunes:
        values["memory"] = _zeros(made["optimise"][3])
    about = inspect.cleandoc(type(scene).__doc__ or "").split("\n")[0]
    name = how.setdefault("name", Path(folder).resolve().name)
    example = _example(name, scene.steps, [*values], tunes)
    return package(folder, made, values=values, about=about, notes=NOTES, example=example, memory=memory, **how)


def run_package(folder: AnyPath, run: AnyPath, **how: Any) -> Path:
    """The package of a run's folder: its params are the best ones. `how` goes to `scene_package`."""
    best, trained = of_run(run)
    return scene_package(folder, best.scene, **{**trained, **how})


def _zeros(t: T.Type, outer: tuple[int, ...] = ()) -> Any:
    """Zeros of a type, within vectors of these lengths: the optimiser's memory at its beginning."""
    match t:
        case T.NullType():
            return None
        case T.StructType(kind, names, parts):
            inner = [_zeros(p, outer) for p in parts]
            return tuple(inner) if kind is tuple else dict(zip(names, inner, strict=True))
        case T.VecType(n, elem):
            return _zeros(elem, (*outer, n))
        case _:
            return np.zeros(outer)


def _example(name: str, steps: int, values: list[str], tunes: bool) -> str:
    """The README's code: the last state, and the first iterations of the optimiser."""
    first = f"""\
import {{ load, {", ".join(values)} }} from "{name}";

const {{ start, advance, gradient{", optimise" if tunes else ""} }} = await load();

const end = advance(start(params, inputs), 0, {steps}, params, inputs); // the state after all steps
const [loss, slope] = gradient(params, inputs);
console.log(loss, slope, end);
"""
    descent = """
let point = params, kept = memory;
for (let i = 0; i < 5; i++) {
  const [loss, slope] = gradient(point, inputs);
  console.log(i, loss);
  [point, kept] = optimise(point, slope, kept, i, inputs);
}
"""
    return first + (descent if tunes else "")
