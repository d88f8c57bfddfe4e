"""What cases are made of: the table, plain objects, and one-line cases."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

Case = Callable[[], tuple[Callable[[Any], Any], Callable[[], Any]]]
CASES: dict[str, Case] = {}


def case(make: Case) -> Case:
    """Add a case, under its name."""
    CASES[make.__name__] = make
    return make


def line(x: Any, k: Any) -> Any:
    """k x - k."""
    return k * x - k


def by(name: str, made: Callable[[], Any], read: Callable[[Any], Any], change: Callable[[Any], Any]) -> None:
    """Add the case of one object, read by an expression."""

    def make() -> Any:
        holder = made()
        return lambda x: line(x, read(holder)), lambda: change(holder)

    CASES[name] = make


class Plain:
    def __init__(self, k: Any):
        self.k = k


class Slots:
    __slots__ = ("k",)

    def __init__(self, k: Any):
        self.k = k


class Config(dict):  # type: ignore[type-arg] # as attribute dicts of many packages are
    __getattr__ = dict.__getitem__


class OwnList(list):  # type: ignore[type-arg]
    pass


class Point(NamedTuple):
    inner: Any


@dataclasses.dataclass
class Data:
    k: float


@dataclasses.dataclass(frozen=True)
class Frozen:
    inner: Any


def to(name: str) -> Callable[[Any], None]:
    """Sets an attribute to 9."""
    return lambda v: setattr(v, name, 9.0)


def written(text: str, **names: Any) -> dict[str, Any]:
    """The globals of a module with that text."""
    space: dict[str, Any] = {"__name__": "written", "line": line, **names}
    exec(text, space)
    return space
