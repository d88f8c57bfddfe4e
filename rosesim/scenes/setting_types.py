"""The types of settings: how a value is read from what a user types, written into a file, and read back.

A setting is a number, an integer, a boolean, a text, one of some choices (Literal), or a tuple of these. It may also
be optional (one of these or None), or of its own type with a `parse(text)` that reads what str(setting) gives. TOML
has no null: a setting that is None is left out, and an absent setting of an optional type is None.
"""

from __future__ import annotations

import math
import types
import typing
from typing import Any

import numpy as np

from rosesim.scenes.errors import SceneError
from rosesim.scenes.files import shown


def from_text(name: str, text: str, kind: Any) -> Any:
    """The value of a setting of this type from what a user typed; SceneError where it does not fit.

    >>> from_text("size", "3, 4", tuple[int, ...]), from_text("end", "none", float | None)
    ((3, 4), None)
    """
    kind, optional = _optional(kind)
    if optional and text.lower() == "none":
        return None
    if typing.get_origin(kind) is typing.Literal:
        choices = {str(c): c for c in typing.get_args(kind)}
        if text not in choices:
            raise SceneError(f"{name} is one of {', '.join(choices)}; {shown(text)} was given")
        return choices[text]
    if hasattr(kind, "parse"):
        return _parsed(name, text, kind)
    if typing.get_origin(kind) is tuple:
        texts = text.split(",")
        parts = _elements(kind, len(texts))
        if parts is None:
            count = len(typing.get_args(kind))
            raise SceneError(f"{name} takes {count} values with commas between; {shown(text)} was given")
        return tuple(from_text(name, t.strip(), k) for t, k in zip(texts, parts, strict=True))
    if kind is bool:
        return boolean(name, text)
    if kind is int:
        return integer(name, text)
    if kind is float:
        return numbers(name, text, ())
    return text


def to_toml(name: str, v: Any, kind: Any) -> Any:
    """The TOML value of a setting that is not None; SceneError where TOML has none for its type."""
    kind, _ = _optional(kind)
    if hasattr(kind, "parse"):
        return str(v)
    if isinstance(v, np.generic):
        v = v.item()
    if isinstance(v, tuple):
        parts = _elements(kind, len(v)) or [type(x) for x in v]
        return [to_toml(name, x, k) for x, k in zip(v, parts, strict=True)]
    if not isinstance(v, bool | int | float | str):
        raise SceneError(
            f"the setting {name} of type {type(v).__name__} cannot be written into a run's folder: "
            "its type needs a parse(text) that reads what str(setting) gives"
        )
    return v


def from_toml(name: str, found: Any, kind: Any) -> Any:
    """The value of a setting of this type from its TOML value, or from None where it is absent.

    Raises SceneError where it does not fit.

    >>> from_toml("size", [3, 4], tuple[int, ...]), from_toml("end", None, float | None)
    ((3, 4), None)
    """
    kind, optional = _optional(kind)
    if found is None:
        if not optional:
            raise SceneError(f"{name} is missing")
        return None
    if typing.get_origin(kind) is typing.Literal:
        for choice in typing.get_args(kind):
            if type(found) is type(choice) and found == choice:
                return choice
        raise SceneError(f"{name} is one of {', '.join(map(str, typing.get_args(kind)))}; {shown(found)} was found")
    if typing.get_origin(kind) is tuple and isinstance(found, list):
        parts = _elements(kind, len(found))
        if parts is None:
            raise SceneError(f"{name} has {len(found)} values; expected {len(typing.get_args(kind))}")
        return tuple(from_toml(name, x, k) for x, k in zip(found, parts, strict=True))
    if hasattr(kind, "parse") and isinstance(found, str):
        return _parsed(name, found, kind)
    if kind is float and type(found) in (int, float):
        try:
            return float(found)
        except OverflowError:
            return math.inf
    if kind in (bool, int, str) and type(found) is kind:
        return found
    raise SceneError(f"{name} is of type {getattr(kind, '__name__', kind)}; {shown(found)} was found")


def type_in_words(kind: Any) -> str:
    """What a setting of this type takes, in words.

    >>> type_in_words(int), type_in_words(typing.Literal["exact", "published"]), type_in_words(tuple[int, ...])
    ('an integer', 'exact or published', 'integers with commas between')
    """
    kind, optional = _optional(kind)
    simple = {int: "an integer", float: "a number", bool: "true or false", str: "a text"}
    plural = {int: "integers", float: "numbers", bool: "truth values", str: "texts"}
    args = typing.get_args(kind)
    if typing.get_origin(kind) is typing.Literal:
        *rest, last = map(str, args)
        words = f"{', '.join(rest)} or {last}" if rest else last
    elif typing.get_origin(kind) is tuple:
        count = "" if args[-1:] == (Ellipsis,) else f"{len(args)} "
        words = f"{count}{plural.get(args[0], 'values') if args else 'values'} with commas between"
    else:
        words = simple.get(kind, f"what {getattr(kind, '__name__', kind)} reads")
    return f"{words}, or none" if optional else words


def boolean(name: str, text: str) -> bool:
    """A boolean, as a user types it."""
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in known:
        raise SceneError(f"{name} is true or false; {shown(text)} was given")
    return known[text.lower()]


def integer(name: str, text: str) -> int:
    """An integer, as a user types it."""
    try:
        return int(text)
    except ValueError:
        raise SceneError(f"{name} takes an integer; {shown(text)} was given") from None


def numbers(name: str, text: str, shape: tuple[int, ...]) -> Any:
    """A number, or an array of this shape from numbers with commas between."""
    count = int(np.prod(shape))
    expected = "a number" if not shape else f"{count} numbers with commas between"
    try:
        found = [float(t) for t in text.split(",")]
    except ValueError:
        raise SceneError(f"{name} takes {expected}; {shown(text)} was given") from None
    if len(found) != count:
        raise SceneError(f"{name} takes {expected}; {shown(text)} was given")
    if not all(map(math.isfinite, found)):
        raise SceneError(f"{name} takes finite numbers; {shown(text)} was given")
    return np.array(found).reshape(shape) if shape else found[0]


def _optional(kind: Any) -> tuple[Any, bool]:
    """The type without None, and whether None was allowed."""
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return kind, False
    parts = typing.get_args(kind)
    rest = [p for p in parts if p is not types.NoneType]
    return (rest[0] if len(rest) == 1 else None), len(rest) < len(parts)


def _elements(kind: Any, length: int) -> list[Any] | None:
    """The element types of a tuple of that length; None where its type does not allow the length."""
    parts = list(typing.get_args(kind))
    if len(parts) == 2 and parts[1] is Ellipsis:
        return parts[:1] * length
    return parts if len(parts) == length else None


def _parsed(name: str, text: str, kind: Any) -> Any:
    try:
        return kind.parse(text)
    except ValueError as e:
        raise SceneError(f"{name}: {e}") from e
