"""Functions in pickles: by name, by their parts, or as their Python function; never as machine code.

A function that can be imported is its name, as Python's own functions are. A transform is the function that it is of
and the transform. A method is its object and its name. What is left, a function of a notebook or one within another
function, is its Python function, which only a pickler that writes functions as they are can write: cloudpickle, which
joblib, Dask and Ray use, or dill.
"""

from __future__ import annotations

import re
import sys
import types as pytypes
from collections.abc import Callable
from typing import Any

from rosesim.ad.language.function import Fn, is_fn
from rosesim.ad.support.errors import RosesimError

Transform = Callable[[Fn[..., Any]], Fn[..., Any]]


def reduced(f: Fn[..., Any], again: tuple[Fn[..., Any], Transform] | None, scope: dict[str, Any] | None) -> Any:
    """What `Fn.__reduce__` returns. Raises RosesimError where pickle could not find the function again."""
    by_value = _writes_functions()
    module, path = str(getattr(f, "__module__", "")), str(getattr(f, "__qualname__", ""))
    if _named(module, path) is f and not (by_value and module == "__main__"):
        return path  # pickle then writes module and name
    if again is not None:
        of, transform = again
        return _transformed, (of, transform)
    owner = getattr(f.python, "__self__", None)
    name = getattr(f.python, "__name__", "")
    if isinstance(f.python, pytypes.MethodType) and is_fn(getattr(owner, name, None)):
        return getattr, (owner, name)
    if isinstance(f.python, pytypes.FunctionType) and not by_value:
        raise RosesimError(
            f"{f.name} was to be pickled, and no module has it under its name {path}; expected a function at the top "
            "of a module, or cloudpickle in place of pickle",
            f.where,
        )
    return _made, (f.python, f.is_opaque, _needed(f, scope or {}), dict(f.custom))


def _named(module: str, path: str) -> Any:
    """What a module has under a dotted name; None where there is nothing."""
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def _writes_functions() -> bool:
    """Whether the pickler that is asking writes functions as they are. Pickle does not tell an object who asks, so
    the callers are looked at."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] -- as `inspect.currentframe`, which may give None
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if re.search(r"\b(cloudpickle|_?dill)\b", name):
            return True
        frame = frame.f_back
    return False


def _needed(f: Fn[..., Any], scope: dict[str, Any]) -> dict[str, Any] | None:
    """What annotations that are written as strings mention: no pickler looks into a string. The rest of the scope is
    not the function's."""
    hints: dict[str, Any] = getattr(f.python, "__annotations__", {})
    words = {w for hint in hints.values() if isinstance(hint, str) for w in re.findall(r"\w+", hint)}
    known: dict[str, Any] = {**getattr(f.python, "__globals__", {}), **scope}
    return {word: known[word] for word in words if word in known} or None


def _transformed(of: Fn[..., Any], transform: Transform) -> Fn[..., Any]:
    return transform(of)


def _made(
    python: Callable[..., Any], is_opaque: bool, scope: dict[str, Any] | None, custom: dict[str, Fn[..., Any]]
) -> Fn[..., Any]:
    f: Fn[..., Any] = Fn(python, scope, is_opaque)
    f.custom.update(custom)
    return f
