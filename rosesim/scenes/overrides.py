"""`field=value` as a person types it, reaching a scene's settings and inputs alike."""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rosesim.scenes.base import Scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import shown
from rosesim.scenes.kinds import Kind, index_ranges, leaf_kinds
from rosesim.scenes.tree import leaves, map_leaves

AnyScene = Scene[Any, Any, Any]


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
        scene = make(**{k: _setting(k, v, types_[k]) for k, v in given.items() if k in settings})
    except SceneError:
        raise
    except ValueError as e:
        raise SceneError(f"{kind.name}: {e}") from e
    inputs = scene.inputs()
    for name in given:
        if name not in settings and name not in leaves(inputs):
            raise SceneError(_unknown(name, scene, [*settings, *leaves(inputs)]))
    kinds, ranges = leaf_kinds(inputs), index_ranges(inputs)

    def changed(name: str, old: Any) -> Any:
        if name not in given:
            return old
        if kinds[name] is float:
            return _numbers(name, given[name], np.shape(old))
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
    close = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
    return f"{scene.name} has no setting or input {shown(name)}; {hint}"


def _setting(name: str, text: str, kind: Any) -> Any:
    """The text as a value of the setting's annotated type."""
    if typing.get_origin(kind) is typing.Literal:
        choices = {str(c): c for c in typing.get_args(kind)}
        if text not in choices:
            raise SceneError(f"{name} is one of {', '.join(choices)}; {shown(text)} was given")
        return choices[text]
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        if text.lower() == "none":
            return None
        (kind,) = (k for k in typing.get_args(kind) if k is not types.NoneType)
    if isinstance(kind, type) and hasattr(kind, "parse"):
        try:
            return kind.parse(text)  # pyright: ignore[reportAttributeAccessIssue] -- just looked for
        except ValueError as e:
            raise SceneError(f"{name}: {e}") from e
    if kind is bool:
        return _truth(name, text)
    if kind is int:
        return _whole(name, text)
    if kind is float:
        return _numbers(name, text, ())
    if typing.get_origin(kind) is tuple:
        parts = typing.get_args(kind)
        texts = text.split(",")
        if len(parts) == 2 and parts[1] is Ellipsis:
            parts = parts[:1] * len(texts)
        if len(parts) != len(texts):
            raise SceneError(f"{name} takes {len(parts)} values with commas between; {shown(text)} was given")
        return tuple(_setting(name, t.strip(), k) for t, k in zip(texts, parts, strict=True))
    return text


def _truth(name: str, text: str) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in known:
        raise SceneError(f"{name} is true or false; {shown(text)} was given")
    return known[text.lower()]


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SceneError(f"{name} takes a whole number; {shown(text)} was given") from None


def _exact(name: str, text: str, shape: tuple[int, ...], kind: Kind, within: tuple[int, int] | None) -> Any:
    """An input of truth values or whole numbers, which stays of that type; an Index within its range."""
    texts, wanted = text.split(","), int(np.prod(shape))
    if len(texts) != wanted:
        raise SceneError(f"{name} takes {wanted} values with commas between; {shown(text)} was given")
    found = [(_truth if kind is bool else _whole)(name, t.strip()) for t in texts]
    if within is not None and not all(within[0] <= v <= within[1] for v in found):
        raise SceneError(f"{name} is from {within[0]} to {within[1]}; {shown(text)} was given")
    return np.array(found).reshape(shape) if shape else found[0]


def _numbers(name: str, text: str, shape: tuple[int, ...]) -> Any:
    """A number, or an array of the shape from numbers with commas between."""
    wanted = int(np.prod(shape))
    expected = "a number" if not shape else f"{wanted} numbers with commas between"
    try:
        numbers = [float(t) for t in text.split(",")]
    except ValueError:
        raise SceneError(f"{name} takes {expected}; {shown(text)} was given") from None
    if len(numbers) != wanted:
        raise SceneError(f"{name} takes {expected}; {shown(text)} was given")
    if not all(map(math.isfinite, numbers)):
        raise SceneError(f"{name} takes finite numbers; {shown(text)} was given")
    return np.array(numbers).reshape(shape) if shape else numbers[0]
