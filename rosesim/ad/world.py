"""What a trace read of the world, and whether it is still so.

A trace is good as long as all that it could have read is as it was when it began. Python has no way to tell what
code reads, so what it *can* read is found instead (`reach`), before the function runs, and looked at again at each
call: every look gives objects, and they must be the same ones. Of the ways weighed this is the one that needs
neither a copy of anything nor a hook in Python:

- Comparing copies by content costs their size at each call, and needs a depth at which to stop.
- Profiling the trace (`sys.setprofile`, `sys.monitoring`) shows which functions ran, not what they read; it takes
  the place of the user's own profiler, and comes too late to see how things were before the trace changed them.
- What cannot be looked at (a generator, a file, a clock, random numbers, objects of classes written in C that are
  not in the table of `kinds`) is not guessed about: the function is traced at each call, and compiled again where
  its program is another one. What the trace itself changes (a counter that it reads) does the same.

What is in an array is looked at too, unless that does not matter: a large array that is only handed to `const` is
read where it lies, by programs that are not frozen, so that what they see is what it holds when they run. Nothing
of it needs to be compared but its place and its form.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from typing import Any

import numpy as np

from rosesim.ad.reach import Look, Reach


class World:
    """The things read, each with how to look at it again and what was seen."""

    __slots__ = ("_check", "_contents", "_joined", "_looked", "_read", "handed", "live", "unwatched")

    def __init__(self, *, live: bool = False) -> None:
        self.live = live
        """Whether the program that is traced may read arrays where they lie; a frozen one has copies."""
        self._read: dict[Any, tuple[Callable[[], Any], Any]] = {}
        self._looked: list[tuple[Look, list[Any]]] = []
        self._contents: list[Callable[[], bool]] = []
        self._joined: dict[World, None] = {}
        self._check: _Check | None = None
        self.handed: dict[int, np.ndarray[Any, Any]] = {}
        """Arrays that the function only hands over, by identity: its program reads them where they lie."""
        self.unwatched = ""
        """What it may read that may change unseen; empty where there is no such thing."""

    def read(self, key: Any, look: Callable[[], Any]) -> Any:
        """Note one thing."""
        value = look()
        self._read.setdefault(key, (look, value))
        return value

    def join(self, other: World) -> None:
        """Note all that a callee's trace read."""
        self._joined[other] = None

    def note_function(self, python: Callable[..., Any], *, calls: bool = False) -> None:
        """Note what a Python function can read.

        Functions of the language that it calls note for themselves what they read, when the trace reaches
        them; `calls` looks into them now, for code that is traced later (a derivative's rule).
        """
        found = Reach([python], calls=calls, live=self.live)
        self._looked += ((look, [*look()]) for look in found.looks)
        self._contents += found.contents
        self.handed.update(found.handed)
        self.unwatched = self.unwatched or found.unwatched

    def is_handed(self, array: Any) -> bool:
        """Whether a program can read an array where it lies."""
        return self.handed.get(id(array)) is array

    def reads_where_it_lies(self) -> bool:
        """Whether a program does so with any array, its callees with it."""
        return any(w.handed for w in self._worlds())

    def unchanged(self) -> bool:
        """Whether all of it is as it was. Asked when the trace has ended."""
        if self._check is None:
            self._check = _Check(self._worlds())
        return self._check.passes()

    def _worlds(self) -> list[World]:
        worlds: dict[World, None] = {self: None}
        stack = [self]
        while stack:
            new = [x for x in stack.pop()._joined if x not in worlds]
            worlds.update(dict.fromkeys(new))
            stack += new
        return [*worlds]


class _Check:
    """The looks of a world and of those that it joined."""

    def __init__(self, worlds: list[World]):
        self._is_watched = not any(w.unwatched for w in worlds)
        read: dict[Any, tuple[Callable[[], Any], Any]] = {}
        for w in worlds:
            for key, found in w._read.items():
                read.setdefault(key, found)
        self._values = [look for look, _ in read.values()]
        self._were = [was for _, was in read.values()]
        self._looks: list[tuple[Look, list[Any], int]] = []
        for w in worlds:
            self._looks += ((look, was, len(was)) for look, was in w._looked)
        self._contents = [same for w in worlds for same in w._contents]

    def passes(self) -> bool:
        """Whether everything is as it was."""
        if not self._is_watched:
            return False
        if [look() for look in self._values] != self._were:
            return False
        for look, was, count in self._looks:
            now = look()
            if (len(now) != count or not all(map(is_, now, was))) and not _alike(now, was):
                return False
        for same in self._contents:  # noqa: SIM110 -- this is where a call's time goes
            if not same():
                return False
        return True


_ALIKE = (int, float, complex, str, bytes, bool)


def _alike(now: Any, was: list[Any]) -> bool:
    """Whether what is no longer the same object is the same number or text."""
    if len(now) != len(was):
        return False
    for k, (a, b) in enumerate(zip(now, was, strict=True)):
        if a is not b:
            if type(a) is not type(b) or not is_same(a, b):
                return False
            was[k] = a  # found by identity from now on
    return True


def is_same(a: Any, b: Any) -> bool:
    """Whether two values of one class are one number or text, to the bit."""
    if isinstance(a, np.generic):
        return a.dtype == b.dtype and not a.dtype.hasobject and a.tobytes() == b.tobytes()
    # 0.0 and -0.0 are two numbers.
    return type(a) in _ALIKE and a == b and (a != 0 or repr(a) == repr(b))
