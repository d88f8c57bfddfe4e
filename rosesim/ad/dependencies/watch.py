"""What a trace read, and whether that is unchanged.

A trace is valid while everything that it could have read is as it was when the trace began. Python cannot say what
code reads. So we find what it *can* read (`reach`) before the function runs, and look at it again at each call: every
look gives objects, which must be the same ones. The alternatives need copies, or a hook in Python:

- Comparing copies costs their size at each call, and needs a depth at which to stop.
- Profiling the trace (`sys.setprofile`, `sys.monitoring`) shows which functions ran, not what they read. It displaces
  the user's own profiler, and it comes too late to see how things were before the trace changed them.

Some things cannot be looked at: a generator, a file, a clock, random numbers, objects of classes written in C that
are not in the table of `parts`. A function that may read one is traced at each call, and compiled again if its
program differs. The same happens if the trace itself changes what it reads, such as a counter.

Numbers in arrays are compared too, with one exception: a large array that is only handed to `const`. A program that
is not frozen reads it in place, so it sees the numbers at run time. Only the array's place and form are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rosesim.ad.dependencies import chance
from rosesim.ad.dependencies.looks import Check, Looks, is_same
from rosesim.ad.dependencies.reach import Reach


class Dependencies:
    """The things that a trace read: for each, how to look at it again and what was seen."""

    __slots__ = (
        "_check",
        "_functions",
        "_generators",
        "_joined",
        "_looks",
        "_read",
        "_values",
        "by_chance",
        "drawn",
        "handed",
        "live",
        "unwatched",
    )

    def __init__(self, *, live: bool = False) -> None:
        self.live = live
        """Whether the program under trace may read arrays in place. A frozen program has copies."""
        self._read: dict[Any, tuple[Callable[[], Any], Any]] = {}
        self._looks: list[Looks] = []
        self._joined: dict[Dependencies, None] = {}
        self._values: list[tuple[Callable[[], Any], Any]] = []
        self._check: Check | None = None
        self.handed: dict[int, np.ndarray[Any, Any]] = {}
        """Arrays that the function only hands over, by identity. Its program reads them in place."""
        self.unwatched = ""
        """Something that it may read and that may change without our seeing it; empty if there is none."""
        self.by_chance = ""
        """A clock, or a generator without a seed, that it may read."""
        self.drawn: list[Any] = []
        """Generators from which numbers were drawn during the trace."""
        self._generators: list[tuple[Any, object]] = []
        self._functions: list[Any] = []

    def read(self, key: Any, look: Callable[[], Any]) -> Any:
        """Note one thing. Its content is looked at separately, if the function can reach it."""
        value = look()
        self._read.setdefault(key, (look, value))
        return value

    def join(self, other: Dependencies) -> None:
        """Note all that the trace of a callee read."""
        self._joined[other] = None

    def note_function(self, python: Callable[..., Any], *, calls: bool = False) -> None:
        """Note what a Python function can read.

        Functions of the language that it calls note what they read when the trace reaches them. `calls` follows them
        now, for code that is traced later (a derivative's rule).
        """
        found = Reach([python], calls=calls, live=self.live)
        self._looks.append(found.looks)
        self.handed.update(found.handed)
        self.unwatched = self.unwatched or found.unwatched
        self.by_chance = self.by_chance or found.by_chance
        if found.generators:
            self._generators += [(g, chance.state(g)) for g in found.generators]
            self._functions += found.functions

    def warn_of_draws(self, name: str, where: Any) -> None:
        """Warn of numbers that were drawn since this trace began, unless the trace of a callee has."""
        known = [g for w in self._with_joined() for g in w.drawn]
        for g, before in self._generators:
            if chance.state(g) != before:
                if not any(g is k for k in (*known, *self.drawn)):
                    what, at = chance.place(g, self._functions) or ("a generator of random numbers", where)
                    chance.warn(what, name, at)
                self.drawn.append(g)
        self._generators, self._functions = [], []

    def is_handed(self, array: Any) -> bool:
        """Whether a program can read this array in place."""
        return self.handed.get(id(array)) is array

    def reads_in_place(self) -> bool:
        """Whether the program, or one that it calls, reads any array in place."""
        return any(w.handed for w in self._with_joined())

    def unchanged(self) -> bool:
        """Whether all of it is as it was. Valid only after the trace has ended."""
        self._join_all()
        return not self.unwatched and self._looks_the_same()

    def may_differ_by_chance(self) -> bool:
        """Whether a clock, or a generator without a seed, is all that may have changed. A program that differs
        then has a number of it."""
        self._join_all()
        return self.unwatched != "" and self.unwatched == self.by_chance and self._looks_the_same()

    def _join_all(self) -> None:
        if self._check is not None:
            return
        found = self._with_joined()
        self.unwatched = next((w.unwatched for w in found if w.unwatched), "")
        self.by_chance = next((w.by_chance for w in found if w.by_chance), "")
        read: dict[Any, tuple[Callable[[], Any], Any]] = {}
        for w in found:
            read.update((k, r) for k, r in w._read.items() if k not in read)
        self._values = [*read.values()]
        self._check = Check(looks for w in found for looks in w._looks)

    def _looks_the_same(self) -> bool:
        for look, was in self._values:
            now = look()
            if now is not was and not is_same(now, was):
                return False
        return self._check is None or self._check.passes()

    def _with_joined(self) -> list[Dependencies]:
        """This one, and all that it joined, directly or not."""
        found: dict[Dependencies, None] = {self: None}
        stack = [self]
        while stack:
            new = [x for x in stack.pop()._joined if x not in found]
            found.update(dict.fromkeys(new))
            stack += new
        return [*found]
