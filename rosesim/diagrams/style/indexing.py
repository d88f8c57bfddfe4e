"""`p[i]` and `p[i][j]`, from zero."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.diagrams.errors import DiagramError, Fault, Place
from rosesim.diagrams.kinds import described
from rosesim.diagrams.scalars import Scalar
from rosesim.diagrams.values import List, Pair, Paths, Rows, Value, Vector


def element(value: Value, indices: Sequence[Value], path: str, place: Place) -> Value:
    """The element of the value of `path`.

    Faults: BadIndexError (not a known whole number), OutOfBoundsError, UnindexableItemError.

    >>> element(Rows(((1.0, 2.0), (3.0, 4.0))), [1.0, 0.0], "A", Place())
    3.0
    """
    numbers = [_whole(i, path, place) for i in indices]
    if isinstance(value, Rows) and len(numbers) <= 2:
        row = value.rows[_within(numbers[0], value.rows, "row", path, place)]
        return Vector(row) if len(numbers) == 1 else row[_within(numbers[1], row, "element", path, place)]
    if isinstance(value, Vector | List | Pair | Paths) and len(numbers) == 1:
        return value.items[_within(numbers[0], value.items, "element", path, place)]
    sentence = f"{path} is {described(value)}, which takes no {'index' if len(numbers) == 1 else 'such indices'}"
    expected = (
        "; expected a vector, list or matrix" if len(numbers) == 1 else "; expected rows of numbers, and [i][j]"
    )
    raise DiagramError(Fault("UnindexableItemError", sentence + expected, place))


def _whole(index: Value, path: str, place: Place) -> int:
    if isinstance(index, Scalar):
        sentence = f"an index of {path} depends on the layout; expected a number that is known before"
    elif isinstance(index, bool) or not isinstance(index, int | float):
        sentence = f"an index of {path} is {described(index)}; expected a whole number"
    elif index != index or index in (float("inf"), float("-inf")) or index != int(index):
        sentence = f"an index of {path} is {index:g}; expected a whole number"
    else:
        return int(index)
    raise DiagramError(Fault("BadIndexError", sentence, place))


def _within(index: int, items: Sequence[object], what: str, path: str, place: Place) -> int:
    if 0 <= index < len(items):
        return index
    sentence = f"{path} has no {what} {index}; expected 0 to {len(items) - 1}" if items else f"{path} is empty"
    raise DiagramError(Fault("OutOfBoundsError", sentence, place))
