"""Loops over constraints of one kind: what they read, what they make, and which of them are active.

A number that is known and the same for all stays known inside the loop, so that a planar robot's loop is a planar
program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rosesim.ad.language.constants import const
from rosesim.ad.language.control.branches import branch
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import Number, known, vector


class Table:
    """Numbers of several things, each as a list, which a loop reads by the index of a member."""

    def __init__(self, things: Sequence[Sequence[Number]], members: Sequence[int]) -> None:
        """`members` says which thing belongs to each member. Things without a member do not count."""
        used = sorted(set(members))
        self._single = len(used) == 1
        self._columns = [_column(values) for values in zip(*(things[t] for t in used), strict=True)]
        self._places = None if list(members) == used else integers([used.index(t) for t in members])

    def at(self, i: Any) -> list[Number]:
        """The numbers of member i."""
        if self._single:
            return self._columns
        place = i if self._places is None else self._places[i]
        return [x if known(x) else x[place] for x in self._columns]


def _column(values: Sequence[Number]) -> Any:
    """One number of all things: itself where it is the same, or there is one thing, else a vector."""
    if len(values) == 1 or (known(*values) and len(set(values)) == 1):
        return values[0]
    return const(np.array(values, float)) if known(*values) else vector(values)


def integers(values: Sequence[int]) -> Any:
    """A constant vector of integers that are not negative."""
    return const(np.array(values, dtype=int))


class Made:
    """What a loop makes for each of n, as lists of numbers; those that are known stay known."""

    def __init__(self, n: int, make: Callable[[Any], list[Number]], upto: Any = None) -> None:
        """`make` is called once, with a traced index."""
        self._known: list[Number | None] = []

        def one(i: Any) -> Any:
            values = make(i)
            self._known = [x if known(x) else None for x in values]
            return tuple(Real(x) for x in values if not known(x)) or (Real(0.0),)

        self._made = vec(n, one, upto=upto)

    def at(self, c: Any) -> list[Number]:
        """The numbers of one of them."""
        values = iter(self._made[c])
        return [next(values) if x is None else x for x in self._known]


def listed(n: int, holds: Callable[[Any], Any], names: Sequence[str] = ()) -> tuple[Any, Any]:
    """Those below n for which something holds, first and in order, and how many they are. `names` say what is
    decided of each."""

    def one(state: Any, i: Any) -> Any:
        found, count = state
        found = found.at[Index[n].clamp(count)].set(i)
        return found, Index[n + 1].clamp(branch(holds(i), lambda: count + 1, lambda: count + 0, names))

    return scan(one, (vec(n, lambda i: i), Index[n + 1](0)), n)


def guarded(active: Any, compute: Callable[[], list[Number]], names: Sequence[str] = ()) -> list[Number]:
    """What `compute` gives where `active`, zeros elsewhere. Numbers that are known are there in either case. `names`
    say what each iteration of the loop around decides."""
    shape: list[Number | None] = []

    def then() -> list[Real]:
        values = compute()
        shape[:] = [x if known(x) else None for x in values]
        return [Real(x) for x in values if not known(x)] or [Real(0.0)]

    def orelse() -> list[Real]:
        return [Real(0.0)] * max(shape.count(None), 1)

    chosen = iter(branch(active, then, orelse, names))
    return [next(chosen) if x is None else x for x in shape]
