"""A Python function's own parameters and annotations, also behind partials, methods and wrappers."""

from __future__ import annotations

import functools
import inspect
import types as pytypes
import typing
from collections.abc import Callable, Iterator, Mapping
from inspect import Parameter
from typing import Any, Protocol

from rosesim.ad.program.ir import Where
from rosesim.ad.support.errors import TraceError
from rosesim.ad.support.typeguards import class_of


class Signed(Protocol):
    """A function of the language, which knows its signature."""

    def signature(self) -> Any:
        """Its signature, read once."""
        ...

    def seen_through(self) -> Callable[..., Any] | None:
        """Its Python function, if a partial of this function is equivalent to a partial of that one."""
        ...


def signed(f: object) -> Signed | None:
    """f, if it is a function of the language."""
    return typing.cast("Signed", f) if getattr(type(f), "__rose_function__", False) else None


def plain(python: Any) -> Any:
    """The function that was written, behind partials, methods and wrappers. It may be a function of the language."""
    while signed(python) is None:
        if isinstance(python, functools.partial):
            python = typing.cast("functools.partial[Any]", python).func
        elif isinstance(python, pytypes.MethodType):
            python = python.__func__
        elif hasattr(python, "__wrapped__"):
            python = python.__wrapped__
        elif not isinstance(python, pytypes.FunctionType | type):
            called: Any = class_of(python).__call__  # an object that can be called
            if not isinstance(called, pytypes.FunctionType) and signed(called) is None:
                return python
            python = called
        else:
            return python
    return python


def parameters_of(python: Callable[..., Any], name: str, where: Where | None) -> Mapping[str, Parameter]:
    """The parameters. A wrapper that takes any arguments has those of the function that it wraps."""
    if isinstance(python, staticmethod):
        python = typing.cast("Callable[..., Any]", python.__func__)
    try:
        own = inspect.signature(python, follow_wrapped=False).parameters
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in own.values()):
            own = inspect.signature(python).parameters
    except (TypeError, ValueError):
        raise TraceError(
            f"{name} has no signature that Python can read; expected one: wrap it, as in lambda x: {name}(x)", where
        ) from None
    for p in own.values():
        if p.kind is p.VAR_KEYWORD:
            raise TraceError(f"{name}(**{p.name}) was found; expected named parameters", where)
    return own


def partial_of(f: object) -> functools.partial[Any] | None:
    """f, if it is a partial."""
    return typing.cast("functools.partial[Any]", f) if isinstance(f, functools.partial) else None


def annotations_of(inner: Any) -> dict[str, Any]:
    """The annotations of a function. A class gives none: its annotations are those of its fields."""
    return dict(inner.__annotations__) if isinstance(inner, pytypes.FunctionType) else {}


def evaluated(annotation: str, inner: Any, scope: dict[str, Any] | None) -> Any:
    """What a string annotation names: in the function's closure, else in the scope of its definition, else in its
    globals."""
    space: dict[str, Any] = getattr(inner, "__globals__", {})
    local = {**(scope or {}), **dict(_closure(inner))}
    if annotation.isidentifier():  # most are, and `eval` costs more
        for known in (local, space):
            if annotation in known and not isinstance(known[annotation], str | None):
                return known[annotation]
    holder = type("holder", (), {"__annotations__": {"x": annotation}})
    return typing.get_type_hints(holder, space, local, include_extras=True)["x"]


def _closure(inner: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(inner, pytypes.FunctionType):
        yield from inspect.getclosurevars(inner).nonlocals.items()


class Words:
    """Words that a printed signature shows without quotes."""

    def __init__(self, words: str):
        self._words = words

    def __repr__(self) -> str:
        return self._words


def short(default: Any) -> Words:
    """A default for a message, in one line that is not too long."""
    words = " ".join(repr(default).split())
    return Words(words if len(words) <= 40 else f"{words[:37]}...")
