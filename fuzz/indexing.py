"""Random index expressions over several axes: NumPy's basic indexing, for reading and for updates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fuzz.choices import Choices
from rosesim.ad.language import types as T

MOST = 200
"""Most elements of an array that is made only to be indexed."""
AXES = 3

Traced = Callable[[int], Any]
"""Returns a traced index below n."""


def axes(t: T.Type) -> tuple[list[int], T.Type]:
    """The lengths of a type's outermost axes, at most three, and the type of an element."""
    lengths: list[int] = []
    while isinstance(t, T.VecType) and len(lengths) < AXES:
        lengths.append(t.n)
        t = t.elem
    return lengths, t


def vectors(lengths: list[int], element: T.Type) -> T.Type:
    """The vector type with these axes."""
    for n in reversed(lengths):
        element = T.VecType(n, element)
    return element


def reading(c: Choices, t: T.Type, traced: Traced) -> tuple[T.Type, tuple[Any, ...]]:
    """A source type, and an index expression that takes a value of type t from a value of the source type."""
    lengths, element = axes(t)
    source: list[int] = []
    items: list[Any] = []

    def take_one() -> None:
        source.append(c.one([2, 3, 1]))
        items.append(_integer(c, source[-1], traced))

    for n in lengths:
        if c.rarely(3):
            take_one()
        if n == 1 and c.rarely(2):
            items.append(None)
        elif not _has_rest(items) and c.rarely(4) and not isinstance(element, T.VecType):
            source.append(n)
            items.append(...)
        else:
            m, cut = _cut(c, n)
            source.append(m)
            items.append(cut)
    if not source or c.rarely(3):
        take_one()
    if math.prod(source) > MOST:
        return T.VecType(1, t), (0,)
    return vectors(source, element), tuple(items)


def place(c: Choices, t: T.Type, traced: Traced) -> tuple[T.Type, tuple[Any, ...]]:
    """An index expression into a value of type t, and the type of the indexed part."""
    lengths, element = axes(t)
    there: list[int] = []
    items: list[Any] = []
    for n in lengths:
        if c.rarely(6):
            there.append(1)
            items.append(None)
        if n and c.rarely(2):
            items.append(_integer(c, n, traced))
        elif not _has_rest(items) and c.rarely(5) and not isinstance(element, T.VecType):
            there.append(n)
            items.append(...)
        else:
            start, stop = c.one([None, 0, 1, -1, 2, -2]), c.one([None, 0, 1, -1, 2, -2])
            cut = slice(start, stop, c.one([None, 1, -1, 2, -2]))
            there.append(len(range(n)[cut]))
            items.append(cut)
    return vectors(there, element), tuple(items)


def _has_rest(items: list[Any]) -> bool:
    return any(i is ... for i in items)  # not by ==, for which traced indices return a traced value


def _integer(c: Choices, n: int, traced: Traced) -> Any:
    """An integer index into an axis of length n > 0: constant, negative or traced."""
    k = c.below(n)
    return c.one([lambda: k, lambda: k - n, lambda: traced(n)])()


def _cut(c: Choices, n: int) -> tuple[int, slice]:
    """A length for an axis, and a slice that takes n elements of that axis."""
    if n == 0:
        m = c.below(4)
        return m, c.one([slice(m, None), slice(1, 1), slice(0, m, -1)])
    step = c.one([1, -1, 2, -2, 3])
    before, after = c.below(2), c.below(2)
    long = (n - 1) * abs(step) + 1
    m = before + long + after
    if step > 0:
        start, stop = c.one([before, before - m]), before + long
        return m, slice(start, None if stop == m else stop, step)
    start, stop = before + long - 1, before - 1
    return m, slice(None if start == m - 1 else c.one([start, start - m]), None if stop < 0 else stop, step)
