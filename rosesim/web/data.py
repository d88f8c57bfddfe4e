"""What a page knows of its scene besides the programs, as JSON: the argument of `bundle`.

name, title, about        of the scene
label                     what the loss measures, and its unit
extent, steps             as the scene has them
colours                   {"light": {ROLE: "#rrggbb"}, "dark": ...}, of all roles
settings                  [[NAME, TEXT], ...]
params, inputs            where the page begins: objects with the names of fields. A leaf is a number, a nested list,
                          or base64 of doubles in little endian
sliders                   [{"name": path in the inputs, "label", "unit", "least", "greatest"}, ...]
handles                   their names, in the order of the program's points
layers                    {NAME: template} of those that draw something
remembered                [{"iteration", "loss", "params"}, ...] of a run
losses, iteration         the curve of a run, and where the page begins in it
optimiser                 {"name", "iterations", "note"}
"""

from __future__ import annotations

import base64
import inspect
import math
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from rosesim.scenes.base import AnyScene
from rosesim.scenes.kinds import struct_parts
from rosesim.scenes.picture import picture
from rosesim.scenes.ranges import shown_ranges
from rosesim.view.theme import DARK, ROLES, check_roles

LONG = 16
"""From this many numbers on, an array is written as base64: shorter than decimals, and to the bit."""
LONGEST_SETTING = 60

Run = tuple[Sequence[tuple[int, Any]], Sequence[float]]
"""What is remembered of a run: some iterations with their params, the last one being where a page begins; and the
losses of all iterations."""


def data(
    scene: AnyScene, params: Any, inputs: Any, asked: str, optimizer: str, iterations: int, run: Run | None
) -> dict[str, Any]:
    """The page's data. `optimizer` is the name of the rule that the page has, `asked` that of the wanted one."""
    drawn = picture(scene)
    for layer, made in drawn.layers.items():
        check_roles(made.template, scene.colours, f"{layer} of {scene.name}")
    remembered, losses = run if run is not None else ([], [])
    note = f"{asked} needs Python: the page has {optimizer} instead" if asked != optimizer else ""
    return {
        "name": scene.name,
        "title": scene.name.replace("_", " ").capitalize(),
        "about": inspect.cleandoc(type(scene).__doc__ or "").split("\n")[0],
        "label": scene.measure.label,
        "extent": [*scene.extent],
        "steps": scene.steps,
        "colours": {"light": {**ROLES, **scene.colours}, "dark": {**ROLES, **DARK, **scene.colours}},
        "settings": [[f.name, _shown(getattr(scene, f.name))] for f in fields(scene)],
        "params": numbers(params),
        "inputs": numbers(inputs),
        "sliders": [
            {
                "name": name,
                "label": found.label or name.replace("_", " ").capitalize(),
                "unit": found.unit,
                "least": found.least,
                "greatest": found.greatest,
            }
            for name, found in shown_ranges(scene.ranges, inputs).items()
        ],
        "handles": drawn.handle_names,
        "layers": {name: layer.template for name, layer in drawn.layers.items() if layer.template},
        "remembered": [
            {"iteration": i, "loss": _finite(losses[i]) if i < len(losses) else None, "params": numbers(p)}
            for i, p in remembered
        ],
        "losses": [_finite(v) for v in losses],
        "iteration": remembered[-1][0] if remembered else 0,
        "optimiser": {"name": optimizer, "iterations": iterations, "note": note},
    }


def numbers(struct: Any) -> Any:
    """Params or inputs as JSON.

    >>> numbers({"a": 1.5, "b": (np.zeros(2), True)})
    {'a': 1.5, 'b': [[0.0, 0.0], True]}
    >>> numbers(np.full(20, 0.1))[:12]
    'mpmZmZmZuT+a'
    """
    if struct is None:
        return None
    parts = struct_parts(struct)
    if parts is not None:
        held = {str(name): numbers(part) for name, part in parts}
        plain_tuple = isinstance(struct, tuple) and not hasattr(struct, "_fields") and not is_dataclass(struct)
        return [*held.values()] if plain_tuple else held
    array = np.asarray(struct)
    if array.size >= LONG or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        return base64.b64encode(np.ascontiguousarray(array, "<f8").tobytes()).decode()
    return array.tolist()


def _finite(loss: float) -> float | None:
    """The loss to the digits that a curve shows; None where it is not finite, for which JSON has no word."""
    return float(f"{loss:.7g}") if math.isfinite(loss) else None


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else getattr(value, "name", None) or str(value)
    return text if len(text) <= LONGEST_SETTING else text[: LONGEST_SETTING - 1] + "…"
