"""A look records which objects were seen in a place that may change. A check compares: are they the same objects?

The check runs before each call, so it adds to the cost of every call. It is one pass over all looks, in C. Only
where an object differs does a loop in Python decide whether it is an equal number or a changed one.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Sequence
from operator import is_, itemgetter
from typing import Any

import numpy as np

MISSING = object()
"""Stands for a value where there is none."""
_CALL: Any = operator.call
_END = (object(),)
"""Follows each look of variable length, so that no object can move from one look into the next unnoticed."""

Getter = Callable[[Any], Sequence[Any]]


class Repeatable:
    """An iterable that calls a function for its objects each time anew."""

    __slots__ = ("_look", "_v")

    def __init__(self, look: Callable[[Any], Iterable[Any]], v: Any):
        self._look, self._v = look, v

    def __iter__(self) -> Any:
        return iter(self._look(self._v))


class Looks:
    """What was looked at, and what was seen there."""

    def __init__(self) -> None:
        self.spaces: dict[int, tuple[Any, dict[str, Any]]] = {}
        """By identity of a mapping: the mapping, and what some of its names stood for, or MISSING."""
        self.fixed: dict[Any, tuple[Getter, Any, Sequence[Any]]] = {}
        """By key: a function and its argument, which give a sequence of constant length; and what it was."""
        self.open: dict[Any, tuple[Iterable[Any], Sequence[Any]]] = {}
        """By key: an iterable, whose length may differ next time, and the objects that it gave."""
        self.contents: dict[int, Callable[[], bool]] = {}
        """By identity of an array: a function that says whether its numbers are unchanged."""

    def name(self, space: Any, name: str, owner: Any = None) -> None:
        """Look at what a name stands for in a mapping. The mapping is its owner's only one, if there is an owner."""
        key = id(space if owner is None else owner)
        self.spaces.setdefault(key, (space, {}))[1].setdefault(name, space.get(name, MISSING))

    def get(self, key: str, getter: Getter, v: Any) -> None:
        """Look at parts of a thing whose number does not change."""
        if (key, id(v)) not in self.fixed:
            self.fixed[key, id(v)] = getter, v, getter(v)

    def go_through(self, key: str, v: Any, things: Iterable[Any]) -> None:
        """Look at all parts of a thing v, however many there are."""
        if (key, id(v)) not in self.open:
            self.open[key, id(v)] = things, [*things]


class Check:
    """Whether all that was seen by some looks is still the same."""

    def __init__(self, all_looks: Iterable[Looks]):
        self._getters: list[Getter] = []
        self._targets: list[Any] = []
        self._things: list[Iterable[Any]] = []
        self._absent: list[tuple[Any, list[str]]] = []
        self._contents: list[Callable[[], bool]] = []
        self._was: list[Any] = []
        self._is_consistent = True
        """Whether no two looks saw different things in one place. If two did, it changed between them."""
        spaces: dict[int, tuple[Any, dict[str, Any]]] = {}
        fixed: dict[Any, tuple[Getter, Any, Sequence[Any]]] = {}
        opened: dict[Any, tuple[Iterable[Any], Sequence[Any]]] = {}
        contents: dict[Any, Callable[[], bool]] = {}
        for looks in all_looks:
            for key, (space, names) in looks.spaces.items():
                known = spaces.setdefault(key, (space, {}))[1]
                for name, was in names.items():
                    self._agree((known.setdefault(name, was),), (was,))
            for key, found in looks.fixed.items():
                self._agree(fixed.setdefault(key, found)[2], found[2])
            for key, seen in looks.open.items():
                self._agree(opened.setdefault(key, seen)[1], seen[1])
            for key, same in looks.contents.items():
                if contents.setdefault(key, same) is not same:
                    contents[key, id(same)] = same  # the two copies were made at different times
        for space, names in spaces.values():
            there = [n for n, was in names.items() if was is not MISSING]
            if len(there) < len(names):
                self._absent.append((space.keys(), [n for n, was in names.items() if was is MISSING]))
            if there:
                there = there if len(there) > 1 else there * 2  # itemgetter makes no tuple of one name
                self._add(itemgetter(*there), space, [names[n] for n in there])
        for getter, target, was in fixed.values():
            self._add(getter, target, was)
        for things, was in opened.values():
            self._things += (things, _END)
            self._was += (*was, *_END)
        self._contents += contents.values()

    def _add(self, getter: Getter, target: Any, was: Sequence[Any]) -> None:
        self._getters.append(getter)
        self._targets.append(target)
        self._was += was

    def _agree(self, known: Sequence[Any], was: Sequence[Any]) -> None:
        if len(known) != len(was) or not all(map(is_, known, was)):
            self._is_consistent = self._is_consistent and _alike(known, was)

    def passes(self) -> bool:
        """Whether nothing has changed."""
        now = itertools.chain.from_iterable(map(_CALL, self._getters, self._targets))
        try:
            if not all(map(is_, itertools.chain(now, *self._things), self._was)) and not self._is_equal():
                return False
        except Exception:  # the thing is gone, is being changed, or is of another kind now
            return False
        for names, absent in self._absent:
            if not names.isdisjoint(absent):
                return False
        for same in self._contents:
            if not same():
                return False
        return self._is_consistent

    def _is_equal(self) -> bool:
        """Whether every object that has been replaced is an equal number or text."""
        now = [
            *itertools.chain.from_iterable(map(_CALL, self._getters, self._targets)),
            *itertools.chain(*self._things),
        ]
        if not _alike(now, self._was):
            return False
        self._was = now  # next time identity suffices
        return True


_TEXTS_AND_NUMBERS = (int, float, complex, str, bytes, bool)


def _alike(now: Sequence[Any], was: Sequence[Any]) -> bool:
    return len(now) == len(was) and all(a is b or is_same(a, b) for a, b in zip(now, was, strict=True))


def is_same(a: Any, b: Any) -> bool:
    """Whether two values are the same number or text, to the bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.generic):
        return str(a.dtype) == str(b.dtype) and a.tobytes() == b.tobytes()  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] -- of any class
    # 0.0 and -0.0 are two numbers.
    return type(a) in _TEXTS_AND_NUMBERS and a == b and (a != 0 or repr(a) == repr(b))
