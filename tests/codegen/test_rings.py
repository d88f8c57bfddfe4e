"""A loop over a long ring is written for its first place, those between and its last; the bits stay the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shown import program

from rosesim import Index, Real, Vec, accumulate, fn, for_each, grad, scan, sum, vec, vmap
from rosesim.codegen import lowered
from rosesim.codegen.llvm.rings import SHORTEST
from rosesim.codegen.pipeline import without
from rosesim.codegen.planned import Options
from rosesim.codegen.targets import host


def spread(n: int) -> Any:
    """Each place of a ring with both neighbours, which have different weights."""
    around = Index[n].wrap

    @fn
    def f(x: Vec[Real, n]) -> Vec[Real, n]:
        return vec(n, lambda i: x[i] * x[around(i - 1)] + 3.0 * x[around(i + 1)])

    return f


def by_numpy(x: Any) -> Any:
    return x * np.roll(x, 1) + 3.0 * np.roll(x, -1)


@pytest.mark.parametrize("n", [SHORTEST - 1, SHORTEST, SHORTEST + 5])
@pytest.mark.parametrize("math", ["strict", "fast"])
def test_both_ends_of_a_ring_see_each_other(n: int, math: Any):
    x = np.random.default_rng(0).normal(size=n)
    np.testing.assert_allclose(
        np.asarray(spread(n).compile(math=math, threads=1)(x)), by_numpy(x), rtol=1e-13, atol=1e-13
    )


def test_chunks_of_a_ring_that_threads_share_see_each_other():
    n = 100_003
    x = np.random.default_rng(1).normal(size=n)
    for threads in (1, 2):
        assert np.array_equal(np.asarray(spread(n).compile(math="strict", threads=threads)(x)), by_numpy(x))


def test_chunks_add_to_each_place_once():
    n = 100_003
    around = Index[n].wrap

    @fn
    def added(x: Vec[Real, n]) -> Vec[Real, n]:
        def add_all(acc: Any):
            for_each(n, lambda i: acc.at[i].add(x[i] + x[around(i + 1)]))

        return accumulate(Vec[Real, n], add_all)

    x = np.random.default_rng(3).normal(size=n)
    for threads in (1, 2):
        found = added.compile(math="strict", threads=threads)(x)
        assert np.array_equal(np.asarray(found), x + np.roll(x, -1))


def test_a_loop_around_a_smaller_ring_is_not_one_over_it():
    n, m = SHORTEST + 9, SHORTEST

    @fn
    def f(x: Vec[Real, m]) -> Vec[Real, n]:
        return vec(n, lambda i: x[Index[m].wrap(i + 1)])

    x = np.arange(float(m))
    assert np.array_equal(np.asarray(f.compile()(x)), x[(np.arange(n) + 1) % m])


def test_gradient_has_the_bits_of_the_loop_in_one_part():
    n = SHORTEST + 3
    f = spread(n)

    @fn
    def squares(x: Vec[Real, n]) -> Real:
        y = f(x)
        return sum(n, lambda i: y[i] ** 2)

    slope = grad(squares)
    x = np.random.default_rng(2).normal(size=n)
    parted = slope.compile(math="strict")(x)
    with without("part-rings"):
        whole = slope.compile(math="strict")(x)
    assert np.array_equal(np.asarray(parted), np.asarray(whole))


def test_runs_of_a_batch_have_rings_of_their_own():
    n = SHORTEST
    f = spread(n)

    @fn
    def twice(x: Vec[Real, n]) -> Vec[Real, n]:
        return scan(lambda x, _: f(x), x, 2)

    x = np.random.default_rng(4).normal(size=(6, n))
    found = vmap(twice).compile(Vec[Vec[Real, n], 6], math="strict", threads=1)(x)
    assert np.array_equal(np.asarray(found), np.stack([by_numpy(by_numpy(row)) for row in x]))


def test_long_rings_alone_are_written_in_parts():
    quick = Options(optimise=False)
    texts = [lowered(program(spread(n), np.zeros(n)), quick, host()).text for n in (SHORTEST - 1, SHORTEST)]
    assert ["parted" in text for text in texts] == [False, True]
    with without("part-rings"):
        assert "parted" not in lowered(program(spread(SHORTEST), np.zeros(SHORTEST)), quick, host()).text
