"""A loop's new array takes the place of the carry that it replaces element by element, and only then."""

from typing import Any

import numpy as np
import pytest
from support import interpreted

from rosesim import Real, Vec, fn, scan, vec
from rosesim.scenes.kit import cells, neighbour

N, STEPS = 40, 7
GRID = 8 * N * N  # bytes


def agrees(f: Any, *args: Any) -> int:
    """Compiled and interpreted results are the same bits or nearly; the workspace's size in bytes."""
    compiled = f.compile(*args, math="strict")
    assert np.array_equal(np.asarray(compiled(*args)), np.asarray(interpreted(f, *args)))
    return compiled.compiled.workspace_bytes


def random_grids(k: int) -> Any:
    return np.random.default_rng(0).normal(size=(k, N, N))


def test_what_is_read_only_at_its_own_place_is_written_over():
    @fn
    def waves(a: Vec[Vec[Real, N], N], b: Vec[Vec[Real, N], N]):
        def step(s: Any, t: Any) -> Any:
            o, p = s
            new = cells(N, N, lambda i, j: p[i, j] + 0.1 * neighbour(p, i, j, 1, 0, "fixed") - o[i, j])
            return p, new

        return scan(step, (a, b), STEPS)[1]

    a, b = random_grids(2)
    assert agrees(waves, a, b) < 2.5 * GRID


@pytest.mark.parametrize("edge", ["fixed", "periodic", "free"])
def test_what_is_read_at_neighbours_is_not_written_over(edge: Any):
    @fn
    def smoothed(a: Vec[Vec[Real, N], N]):
        def step(p: Any, t: Any) -> Any:
            return cells(
                N, N, lambda i, j: (p[i, j] + neighbour(p, i, j, -1, 0, edge) + neighbour(p, i, j, 0, -1, edge)) / 3
            )

        return scan(step, a, STEPS)

    agrees(smoothed, random_grids(1)[0])


def test_what_is_read_turned_is_not_written_over():
    @fn
    def turned(a: Vec[Vec[Real, N], N]):
        return scan(lambda p, t: cells(N, N, lambda i, j: p[j, i] + 1.0), a, STEPS)

    agrees(turned, random_grids(1)[0])


def test_what_is_needed_afterwards_is_not_written_over():
    @fn
    def both(a: Vec[Vec[Real, N], N], b: Vec[Vec[Real, N], N]):
        def step(s: Any, t: Any) -> Any:
            o, p = s
            new = cells(N, N, lambda i, j: 2.0 * p[i, j] - o[i, j])
            kept = cells(N, N, lambda i, j: p[i, j] + 0.5 * o[i, j])
            return kept, new

        return scan(step, (a, b), STEPS)[1]

    agrees(both, *random_grids(2))


def test_two_new_arrays_do_not_take_one_place():
    @fn
    def both(a: Vec[Real, N], b: Vec[Real, N]):
        def step(s: Any, t: Any) -> Any:
            x, y = s
            return vec(N, lambda i: x[i] + y[i]), vec(N, lambda i: x[i] - y[i])

        return scan(step, (a, b), STEPS)

    @fn
    def first(a: Vec[Real, N], b: Vec[Real, N]):
        x, y = both(a, b)
        return vec(N, lambda i: [x[i], y[i]])

    a, b = np.random.default_rng(1).normal(size=(2, N))
    agrees(first, a, b)


def test_a_row_that_is_summed_before_it_is_replaced_is_not_written_over():
    @fn
    def spread(a: Vec[Vec[Real, N], N]):
        def step(p: Any, t: Any) -> Any:
            def row(i: Any) -> Any:
                return vec(N, lambda j: p[i, j] + p[i, 0] + p[i, N - 1])

            return vec(N, row)

        return scan(step, a, STEPS)

    agrees(spread, random_grids(1)[0])
