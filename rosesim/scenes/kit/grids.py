"""Square grids of cells, and stencils on them: what a cell reads of its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real

Grid = Vec[Vec[Real, ...], ...]
"""Values of the cells [i][j]: row i, column j."""
Edge = Literal["fixed", "periodic", "free"]
"""What lies beyond the grid: zero, the other side of the grid, or the value of the nearest cell."""


def cells(rows: int, columns: int, f: Callable[[Index, Index], Any]) -> Any:
    """The grid of f(i, j).

    >>> import numpy as np
    >>> from rosesim import fn
    >>> @fn
    ... def sums():
    ...     return cells(2, 3, lambda i, j: 10.0 * i + j)
    >>> sums()
    array([[ 0.,  1.,  2.],
           [10., 11., 12.]])
    """
    return vec(rows, lambda i: vec(columns, lambda j: f(i, j)))


def neighbour(grid: Any, i: Index, j: Index, di: int, dj: int, edge: Edge) -> Any:
    """The value of cell (i + di, j + dj), a number or a vector; `edge` says what lies beyond the grid.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def left(p: Vec[Vec[Real, 3], 1]):
    ...     return [vec(3, lambda j: neighbour(p, j * 0, j, 0, -1, e)) for e in ("fixed", "periodic", "free")]
    >>> left([[1.0, 2.0, 3.0]])
    array([[0., 1., 2.],
           [3., 1., 2.],
           [1., 1., 2.]])
    """
    (row, above), (column, beside) = _moved(i, di, len(grid), edge), _moved(j, dj, len(grid[0]), edge)
    value = grid[row, column]
    for inside in (above, beside):
        if inside is not None:
            value = select(inside, value, 0.0)
    return value


def _moved(i: Index, by: int, n: int, edge: Edge) -> tuple[Index, Any]:
    """The index of the cell that is read, and the condition under which it exists; None where it always does."""
    if by == 0:
        return i, None
    if edge == "periodic":
        return Index[n].wrap(i + by), None
    inside = None if edge == "free" else (i + by < n if by > 0 else i + by >= 0)
    return Index[n].clamp(i + by), inside


def five_point(grid: Grid, i: Index, j: Index, edge: Edge) -> Real:
    """The four neighbours minus four times the cell: the Laplacian times the square of a cell's side.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def laplacian(p: Vec[Vec[Real, 3], 3]):
    ...     return cells(3, 3, lambda i, j: five_point(p, i, j, "fixed"))
    >>> laplacian([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    array([[ 0.,  1.,  0.],
           [ 1., -4.,  1.],
           [ 0.,  1.,  0.]])
    """
    around = ((-1, 0), (1, 0), (0, -1), (0, 1))
    first, *others = (neighbour(grid, i, j, di, dj, edge) for di, dj in around)
    total = first
    for value in others:
        total = total + value
    return total - 4.0 * grid[i, j]


def mean_over_cells(rows: int, columns: int, f: Callable[[Index, Index], Real]) -> Real:
    """The mean of f(i, j) over the cells of a grid.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def mean_square(p: Vec[Vec[Real, 2], 2]):
    ...     return mean_over_cells(2, 2, lambda i, j: p[i, j] ** 2)
    >>> mean_square([[1.0, 2.0], [3.0, 4.0]])
    7.5
    """
    return sum(rows, lambda i: sum(columns, lambda j: f(i, j))) / (rows * columns)
