"""`rosesim info SCENE`: its settings, inputs and params, with defaults, units, ranges and what they mean."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
import typing
from typing import Any

import numpy as np

from rosesim.cli.output import print_json
from rosesim.cli.recorded import LEARNING_RATE
from rosesim.scenes import configure
from rosesim.scenes.attributes import Meaning, field_meanings, leaf_meanings
from rosesim.scenes.base import MOST_STEPS, AnyScene
from rosesim.scenes.drawn import drawn_names
from rosesim.scenes.kinds import index_ranges, leaf_kinds
from rosesim.scenes.locate import scene_at
from rosesim.scenes.setting_types import type_in_words
from rosesim.scenes.tree import leaves

MOST_NUMBERS = 8
"""Numbers of an array that are printed; a larger one is told by its shape."""
WIDTH = 110
"""Characters of a line."""
NAME, DEFAULT = 20, 24
"""Most characters of the columns of names and defaults; a longer one pushes the rest to the right."""


def describe(text: str, assignments: list[str], json: bool) -> None:
    """Print what a scene can be given, with these settings."""
    scene, inputs = configure(scene_at(text), assignments)
    params = scene.params(np.random.default_rng(0))
    found = {
        "scene": scene.name,
        "about": _first_lines(type(scene)),
        "published": {"optimizer": scene.published.optimizer, "iterations": scene.published.iterations},
        "settings": _settings(scene),
        "inputs": _numbers(inputs, _of_inputs(scene, inputs)),
        "params": _numbers(params, {name: {"range": list(b)} for name, b in scene.bounds().items()}),
    }
    if json:
        print_json(found)
        return
    print(f"{scene.name}: {found['about']}")
    print(f"published with {scene.published.optimizer}, {scene.published.iterations} iterations")
    _print("settings (--set NAME=VALUE; another value is another program)", "", found["settings"])
    _print("inputs (--set NAME=VALUE)", _of_class(inputs), found["inputs"])
    _print("params (tuned; where tuning begins)", _of_class(params), found["params"])


def _settings(scene: AnyScene) -> list[dict[str, Any]]:
    kinds, meanings = typing.get_type_hints(type(scene)), field_meanings(type(scene))
    most = {"steps": MOST_STEPS, **scene.most}
    found: list[dict[str, Any]] = []
    for f in dataclasses.fields(scene):
        value, meaning = getattr(scene, f.name), meanings.get(f.name, Meaning())
        found.append(
            {
                "name": f.name,
                "default": value if isinstance(value, bool | int | float | str) or value is None else str(value),
                "type": type_in_words(kinds[f.name]),
                **({"most": most[f.name]} if f.name in most else {}),
                **_said(meaning),
            }
        )
    return found


def _of_inputs(scene: AnyScene, inputs: Any) -> dict[str, dict[str, Any]]:
    """What the scene declares of its inputs beside their fields."""
    found: dict[str, dict[str, Any]] = {}
    for name, r in scene.ranges.items():
        label = {"about": r.label} if r.label else {}
        found[name] = {"range": [r.least, r.greatest], **({"unit": r.unit} if r.unit else {}), **label}
    for name in drawn_names(scene, inputs):
        found.setdefault(name, {})["sampled"] = True
    return found


def _numbers(struct: Any, more: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The leaves of inputs or params."""
    kinds, meanings, indices = leaf_kinds(struct), leaf_meanings(struct), index_ranges(struct)
    words = {float: "number", bool: "boolean", int: "integer"}
    found: list[dict[str, Any]] = []
    for name, leaf in leaves(struct).items():
        array = np.asarray(leaf)
        entry: dict[str, Any] = {"name": name, "type": words[kinds[name]], "shape": list(array.shape)}
        entry["default"] = array.tolist() if array.size <= MOST_NUMBERS else None
        if name in indices:
            entry["range"] = list(indices[name])
        # A slider's label is short; the text below the field says more.
        found.append({**entry, **more.get(name, {}), **_said(meanings[name])})
    return found


def _said(meaning: Meaning) -> dict[str, str]:
    return {k: v for k, v in {"unit": meaning.unit, "about": meaning.text}.items() if v}


def _first_lines(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())


def _of_class(struct: Any) -> str:
    """The docstring of a dataclass; "" where there is none of its author's, since `dataclass` writes one itself."""
    kind = type(struct)
    if not dataclasses.is_dataclass(struct) or (kind.__doc__ or "").startswith(f"{kind.__name__}("):
        return ""
    return _first_lines(kind)


def _print(title: str, about: str, entries: list[dict[str, Any]]) -> None:
    print(f"\n{title}" + (f": {about}" if about else ""))
    if not entries:
        print("  none")
    names = max((len(e["name"]) for e in entries), default=0)
    defaults = max((len(_shown(e)) for e in entries), default=0)
    for e in entries:
        begin = f"  {e['name']:{min(names, NAME)}}  {_shown(e):{min(defaults, DEFAULT)}}  "
        print(textwrap.fill(_rest(e), WIDTH, initial_indent=begin, subsequent_indent=" " * len(begin)).rstrip())


def _shown(e: dict[str, Any]) -> str:
    """The default, as `--set` takes it."""
    shape, value = e.get("shape"), e["default"]
    if shape and value is None:
        return f"{' x '.join(map(str, shape))} numbers"
    if shape:
        return ",".join(f"{v:g}" if isinstance(v, float) else str(v) for v in np.ravel(value).tolist())
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if value is None else str(value)


def _rest(e: dict[str, Any]) -> str:
    """What is known beside the default."""
    parts: list[str] = []
    if "shape" not in e and e["type"] not in ("a number",):
        parts.append(e["type"] + (f", at most {e['most']}" if "most" in e else ""))
    if "range" in e:
        low, high = e["range"]
        parts.append(f"{low:g} to {high:g}")
    if "unit" in e and f"[{e['unit']}]" not in e.get("about", ""):
        parts.append(e["unit"])
    if e.get("sampled"):
        parts.append("sampled anew for each iteration of training")
    said = e.get("about", "")
    if not said and e["name"] == LEARNING_RATE and "shape" in e:
        said = "The length of training's steps; --lr sets it, too."
    return ". ".join(["; ".join(parts), said]) if parts and said else said or "; ".join(parts)
