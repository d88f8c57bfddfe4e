"""What a trace read, and whether it is still so.

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
from typing import Any

import numpy as np

from rosesim.ad.dependencies.looks import Check, Looks, is_same
from rosesim.ad.dependencies.reach import Reach


class Dependencies:
    """The things read, each with how to look at it again and what was seen."""

    __slots__ = ("_check", "_joined", "_looks", "_read", "_values", "handed", "live", "unwatched")

    def __init__(self, *, live: bool = False) -> None:
        self.live = live
        """Whether the program that is traced may read arrays where they lie; a frozen one has copies."""
        self._read: dict[Any, tuple[Callable[[], Any], Any]] = {}
        self._looks: list[Looks] = []
        self._joined: dict[Dependencies, None] = {}
        self._values: list[tuple[Callable[[], Any], Any]] = []
        self._check: Check | None = None
        self.handed: dict[int, np.ndarray[Any, Any]] = {}
        """Arrays that the function only hands over, by identity: its program reads them where they lie."""
        self.unwatched = ""
        """What it may read that may change unseen; empty where there is no such thing."""

    def read(self, key: Any, look: Callable[[], Any]) -> Any:
        """Note one thing; what is in it is looked at where it can be reached from the function."""
        value = look()
        self._read.setdefault(key, (look, value))
        return value

    def join(self, other: Dependencies) -> None:
        """Note all that a callee's trace read."""
        self._joined[other] = None

    def note_function(self, python: Callable[..., Any], *, calls: bool = False) -> None:
        """Note what a Python function can read.

        Functions of the language that it calls note for themselves what they read, when the trace reaches
        them; `calls` looks into them now, for code that is traced later (a derivative's rule).
        """
        found = Reach([python], calls=calls, live=self.live)
        self._looks.append(found.looks)
        self.handed.update(found.handed)
        self.unwatched = self.unwatched or found.unwatched

    def is_handed(self, array: Any) -> bool:
        """Whether a program can read an array where it lies."""
        return self.handed.get(id(array)) is array

    def reads_where_it_lies(self) -> bool:
        """Whether a program does so with any array, its callees with it."""
        return any(w.handed for w in self._with_joined())

    def unchanged(self) -> bool:
        """Whether all of it is as it was. Asked when the trace has ended."""
        if self._check is None:
            found = self._with_joined()
            self.unwatched = next((w.unwatched for w in found if w.unwatched), "")
            read: dict[Any, tuple[Callable[[], Any], Any]] = {}
            for w in found:
                read.update((k, r) for k, r in w._read.items() if k not in read)
            self._values = [*read.values()]
            self._check = Check(looks for w in found for looks in w._looks)
        if self.unwatched:
            return False
        for look, was in self._values:
            now = look()
            if now is not was and not is_same(now, was):
                return False
        return self._check.passes()

    def _with_joined(self) -> list[Dependencies]:
        """This one and all that were joined."""
        found: dict[Dependencies, None] = {self: None}
        stack = [self]
        while stack:
            new = [x for x in stack.pop()._joined if x not in found]
            found.update(dict.fromkeys(new))
            stack += new
        return [*found]
