"""Index sets: `for i in [0, 4], j in [0, 4] where i < j`, and what they write out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.diagrams.language.parser import number
from rosesim.diagrams.language.tokens import Token
from rosesim.diagrams.language.words import fault, series, suggestion

EPS = 1e-5
"""Numbers closer than this are equal, as in Penrose."""

CHUNK = 1 << 16
"""Tuples for which a condition is asked at once: a few megabytes."""

MOST_RANGES = 16
"""Of an index set: each takes memory and time for every tuple."""

LARGEST_BOUND = 2**53
"""Of an index: to here all whole numbers are floats."""

Integers = NDArray[np.int64]
Column = NDArray[Any]
"""Numbers or truth values, one for each tuple."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`left sign right`, of conditions or of numbers; `left` is None where the sign stands before its operand."""

    sign: Token
    left: Operation | Token | None
    right: Operation | Token


@dataclass(frozen=True, slots=True)
class Range:
    """`i in [low, high]`, both included."""

    index: Token
    low: Token
    high: Token


@dataclass(frozen=True, slots=True)
class IndexSet:
    """Ranges, the first of which is the slowest, and a condition."""

    ranges: list[Range]
    where: Operation | Token | None

    def slots(self) -> dict[str, int]:
        """The place of each index in a tuple.

        Raises:
            DiagramError: an index stands twice ("DuplicateIndexError")
        """
        slots: dict[str, int] = {}
        for i, range_ in enumerate(self.ranges):
            name = range_.index.text
            if name in slots:
                raise fault(
                    "DuplicateIndexError",
                    range_.index.place,
                    f"index {name} stands twice in this index set; give the second another name",
                )
            slots[name] = i
        return slots

    def bounds(self) -> list[range]:
        """The numbers that each index runs through.

        Raises:
            DiagramError: a bound is not a whole number, or there are too many ranges ("BadSetIndexRangeError")
        """
        if len(self.ranges) > MOST_RANGES:
            sentence = f"this index set has {len(self.ranges):,} ranges; expected at most {MOST_RANGES}"
            raise fault("BadSetIndexRangeError", self.ranges[MOST_RANGES].index.place, sentence)
        return [range(_bound(r, r.low), _bound(r, r.high) + 1) for r in self.ranges]

    def count(self) -> int:
        """How many tuples there are before the condition is asked; raises what `bounds` raises."""
        return math.prod(max(0, r.stop - r.start) for r in self.bounds())

    def tuples(self) -> Iterator[tuple[int, ...]]:
        """The tuples that fulfil the condition, in order.

        Raises:
            DiagramError: an unknown index ("VarNotFound"), a division by zero ("DivideByZeroError"), a result that is
                no number ("InvalidArithmeticValueError"), and what `slots` and `bounds` raise
        """
        slots, bounds, count = self.slots(), self.bounds(), self.count()
        if self.where is None:
            yield from itertools.product(*bounds) if count else ()  # `product` lists each range before it starts
            return
        _require_indices(self.where, slots)
        for start in range(0, count, CHUNK):
            rest = np.arange(start, min(start + CHUNK, count))
            columns: list[Integers] = []
            for r in reversed(bounds):  # the last range is the fastest
                rest, place = np.divmod(rest, len(r))
                columns.insert(0, place + r.start)
            fulfilled = _evaluated(self.where, {name: columns[slot] for name, slot in slots.items()}, len(rest))
            yield from zip(*(column[fulfilled].tolist() for column in columns), strict=True)


def _bound(range_: Range, token: Token) -> int:
    value = number(token)
    if not value.is_integer() or abs(value) > LARGEST_BOUND:
        expected = f"at most {LARGEST_BOUND:,}" if value.is_integer() else "a whole number"
        sentence = f"index {range_.index.text} has the bound {token.text}; expected {expected}"
        raise fault("BadSetIndexRangeError", token.place, sentence)
    return int(value)


_COMPARISONS: dict[str, Callable[[Column, Column], Column]] = {
    "<": lambda a, b: (a < b) & (abs(a - b) >= EPS),
    ">": lambda a, b: (a > b) & (abs(a - b) >= EPS),
    "<=": lambda a, b: (a < b) | (abs(a - b) < EPS),
    ">=": lambda a, b: (a > b) | (abs(a - b) < EPS),
    "==": lambda a, b: abs(a - b) < EPS,
    "!=": lambda a, b: abs(a - b) >= EPS,
}

_ARITHMETIC: dict[str, Callable[[Column, Column], Column]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "%": np.fmod, "mod": np.fmod, "^": np.power,
}  # fmt: skip


def _require_indices(tree: Operation | Token | None, slots: dict[str, int]) -> None:
    """Refuses a condition with a name that is no index."""
    if isinstance(tree, Operation):
        _require_indices(tree.left, slots)
        _require_indices(tree.right, slots)
    elif tree is not None and tree.type == "NAME" and tree.text not in slots:
        hint = suggestion(tree.text, slots, f"expected {series(slots, 'or')}")
        raise fault("VarNotFound", tree.place, f"{tree.text} is not an index of this statement; {hint}")


def _evaluated(tree: Operation | Token, columns: dict[str, Integers], count: int) -> Column:
    """The value for each of `count` tuples, whose indices are columns of numbers."""
    if isinstance(tree, Token):
        if tree.type == "NAME":
            return columns[tree.text].astype(float)
        return np.full(count, number(tree) if tree.type == "NUMBER" else tree.type == "TRUE")
    sign = tree.sign.text
    if tree.left is None:
        right = _evaluated(tree.right, columns, count)
        return ~right if sign == "!" else -right
    left = _evaluated(tree.left, columns, count)
    if sign in ("&&", "||"):
        # The right side is asked only where the left one leaves it open: it may divide by zero elsewhere.
        is_open = left if sign == "&&" else ~left
        remaining = {name: column[is_open] for name, column in columns.items()}
        left[is_open] = _evaluated(tree.right, remaining, int(is_open.sum()))
        return left
    right = _evaluated(tree.right, columns, count)
    if sign in _COMPARISONS:
        return _COMPARISONS[sign](left, right)
    return _computed(tree.sign, left, right)


def _computed(sign: Token, left: Column, right: Column) -> Column:
    """The results of arithmetic, which have to be numbers."""
    with np.errstate(all="ignore"):
        result = _ARITHMETIC[sign.text](left, right)
    divides_by_zero = right == 0 if sign.text in ("/", "%", "mod") else np.zeros_like(right, bool)
    wrong = divides_by_zero | ~np.isfinite(result)
    if not wrong.any():
        return result
    first = int(wrong.argmax())
    if divides_by_zero[first]:
        kind, what = "DivideByZeroError", "divides by zero"
    else:
        kind, what = "InvalidArithmeticValueError", "is not a number that can be computed with"
    written = f"{left[first]:g} {sign.text} {right[first]:g}"
    raise fault(kind, sign.place, f"{written} {what}; exclude this case by a condition before it")
