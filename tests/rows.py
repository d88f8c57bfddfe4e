"""Rows of a parametrised test: some run always, the others with `-m full`.

A table of all combinations costs the product of its sides, while what it finds is mostly a matter of one side. So the
usual run has every value of each side, in few combinations, and the full run has all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import pytest


def kept(rows: Iterable[Any], *always: Any) -> list[Any]:
    """The rows, of which those that are not named here are left to `-m full`.

    >>> [bool(row.marks) for row in kept(["a", "b"], "b")]
    [True, False]
    """
    found = list(rows)
    assert all(a in found for a in always), (always, found)
    return [_row(row, row in always) for row in found]


def crossed(first: Sequence[Any], second: Sequence[Any], times: int) -> list[Any]:
    """All pairs. Each of the first has `times` of the second in the usual run, other ones than its neighbours have.

    >>> [row.values for row in crossed("abc", [1, 2, 3], 1) if not row.marks]
    [('a', 1), ('b', 2), ('c', 3)]
    """
    n = len(second)
    spread = {(i * times + k) % n for i in range(len(first)) for k in range(times)}
    assert len(spread) == n, f"{times} times {len(first)} leave out some of {n}"
    return [
        _row((a, b), (j - i * times) % n < times) for (i, a), (j, b) in product(enumerate(first), enumerate(second))
    ]


def _row(row: Any, always: bool) -> Any:
    values = row if isinstance(row, tuple) else (row,)
    return pytest.param(*values, marks=() if always else pytest.mark.full)
