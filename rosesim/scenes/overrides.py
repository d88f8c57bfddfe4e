"""`field=value` as a user types it, for a scene's settings and inputs alike."""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rosesim.scenes.base import AnyScene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import shown
from rosesim.scenes.kinds import Kind, index_ranges, leaf_kinds
from rosesim.scenes.ranges import values_of
from rosesim.scenes.setting_types import boolean, from_text, integer, numbers
from rosesim.scenes.tree import leaves, map_leaves


def configure(kind: type[AnyScene], assignments: Sequence[str]) -> tuple[AnyScene, Any]:
    """A scene and its inputs, from the defaults and assignments such as `steps=512` and `goal=0.8,0.7`.

    A later assignment to a field wins over an earlier one. A name that is neither a setting nor an input,
    and a value that does not fit, raise a SceneError of one sentence.

    >>> from rosesim.scenes import find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "goal=0.8,0.7"])
    >>> scene.steps, inputs.goal
    (64, array([0.8, 0.7]))
    """
    given = dict(_split(a) for a in assignments)
    make: Callable[..., AnyScene] = kind  # a subclass gives every setting a default
    types_ = typing.get_type_hints(kind)
    settings = {f.name for f in dataclasses.fields(kind)}
    try:
        scene = make(**{k: from_text(k, v, types_[k]) for k, v in given.items() if k in settings})
    except SceneError:
        raise
    except ValueError as e:
        raise SceneError(f"{kind.name}: {e}") from e
    inputs = scene.inputs()
    values_of(scene.ranges, inputs)  # raises for a range of what is no input: its slider could not be shown
    for name in given:
        if name in settings and name in leaves(inputs):
            raise SceneError(
                f"{name!r} is both a setting and an input of {scene.name}; one of them needs another name"
            )
        if name not in settings and name not in leaves(inputs):
            raise SceneError(_unknown(name, scene, [*settings, *leaves(inputs)]))
    kinds, ranges = leaf_kinds(inputs), index_ranges(inputs)

    def changed(name: str, old: Any) -> Any:
        if name not in given:
            return old
        if kinds[name] is float:
            return numbers(name, given[name], np.shape(old))
        return _exact(name, given[name], np.shape(old), kinds[name], ranges.get(name))

    return scene, map_leaves(changed, inputs)


def _split(assignment: str) -> tuple[str, str]:
    name, equals, text = assignment.partition("=")
    if not equals or not name.strip() or not text.strip():
        raise SceneError(f"--set takes field=value, such as steps=512; {shown(assignment)} was given")
    return name.strip(), text.strip()


def _unknown(name: str, scene: AnyScene, known: list[str]) -> str:
    if name in leaves(scene.params(np.random.default_rng(0))):
        return f"{name!r} of {scene.name} is tuned, not set; settings and inputs are {', '.join(sorted(known))}"
    close = [k for k in known if len(name) > 1 and "".join(word[:1] for word in k.split("_")) == name]  # lr
    close += difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
    return f"{scene.name} has no setting or input {shown(name)}; {hint}"


def _exact(name: str, text: str, shape: tuple[int, ...], kind: Kind, within: tuple[int, int] | None) -> Any:
    """An input of booleans or integers, which stays of that type; an Index stays within its range."""
    texts, count = text.split(","), int(np.prod(shape))
    if len(texts) != count:
        raise SceneError(f"{name} takes {count} values with commas between; {shown(text)} was given")
    found = [(boolean if kind is bool else integer)(name, t.strip()) for t in texts]
    if within is not None and not all(within[0] <= v <= within[1] for v in found):
        raise SceneError(f"{name} is from {within[0]} to {within[1]}; {shown(text)} was given")
    return np.array(found).reshape(shape) if shape else found[0]
