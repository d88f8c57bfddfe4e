"""Colourings of a matrix's structure: columns of one colour share a direction, and each number can still be told.

Both are greedy; the columns of the most places come first, which is the usual order (Gebremedhin, Manne & Pothen,
What color is your Jacobian?, SIAM Review 47, 2005: distance-2 and star colourings).
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def colours_of_columns(i: Integers, j: Integers, rows: int, columns: int) -> Integers:
    """A colour for each column, such that no two of one colour have a place in the same row. The places (i, j) are
    given row by row or not."""
    of_row, of_column = _lists(i, j, rows), _lists(j, i, columns)
    colours = np.full(columns, -1, np.int64)
    for c in _busiest_first(of_column):
        near = [colours[of_row[r]] for r in of_column[c]]
        colours[c] = _least_free(np.concatenate(near) if near else colours[:0])
    return colours


def colours_of_stars(i: Integers, j: Integers, n: int) -> tuple[Integers, Integers, Integers]:
    """A colour for each column of a symmetric matrix with the places (i, j), such that of each number one of its two
    places can be told; and the row and the column where that is, for each place.

    Neighbours have different colours, and no path of four has only two (Coleman & Moré 1984).
    """
    near: list[Integers] = [r[r != v] for v, r in enumerate(_lists(i, j, n))]
    colours = np.full(n, -1, np.int64)
    for v in _busiest_first(near):
        taken: list[int] = []
        of_v: list[int] = near[v].tolist()
        for w in of_v:
            if colours[w] < 0:
                # v and another neighbour x of w would be on both sides of a w that may get any colour
                taken += colours[near[w]].tolist()
                continue
            taken.append(int(colours[w]))
            of_w: list[int] = near[w].tolist()
            for x in of_w:
                if x != v and colours[x] >= 0 and _has_other_of(colours, near[x], w):
                    taken.append(int(colours[x]))
        colours[v] = _least_free(np.array(taken, np.int64))
    # the place (r, c) is told by the direction of c's colour, if no other column of row r has it
    alone = np.ones(len(i), bool)
    pairs = i * (int(colours.max(initial=0)) + 1) + colours[j]
    _, inverse, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    alone = counts[inverse] == 1
    assert (alone | _mirrored(alone, i, j, n)).all(), "a star colouring tells one place of each two"
    return colours, np.where(alone, i, j), np.where(alone, j, i)


def _busiest_first(lists: list[Integers]) -> list[int]:
    return sorted(range(len(lists)), key=lambda k: -len(lists[k]))


def _has_other_of(colours: Integers, near: Integers, w: int) -> bool:
    """Whether a neighbour other than w has w's colour."""
    return bool(((colours[near] == colours[w]) & (near != w)).any())


def _mirrored(alone: NDArray[np.bool_], i: Integers, j: Integers, n: int) -> NDArray[np.bool_]:
    keys = i * n + j  # sorted, row by row
    return alone[np.searchsorted(keys, j * n + i)]


def _least_free(taken: Integers) -> int:
    used = np.unique(taken[taken >= 0])
    gaps = np.flatnonzero(used != np.arange(len(used)))
    return int(gaps[0]) if len(gaps) else len(used)


def _lists(i: Integers, j: Integers, n: int) -> list[Integers]:
    """For each i the j of its places."""
    order = np.argsort(i, kind="stable")
    ends = np.searchsorted(i[order], np.arange(n + 1))
    return [j[order[a:b]] for a, b in itertools.pairwise(ends)]


__all__ = ["colours_of_columns", "colours_of_stars"]
