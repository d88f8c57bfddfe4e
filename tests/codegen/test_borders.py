"""A loop over a long range is written for its first places, those between and its last; the bits stay the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shown import program

from rosesim import Index, Real, Vec, accumulate, fn, for_each, grad, scan, sum, vec, vmap, where
from rosesim.ad.program.ir import BOOL, Block, IntT, Let, Lit, Loop, Op, Ty, Var
from rosesim.ad.program.ops import OPS
from rosesim.codegen import lowered
from rosesim.codegen.llvm import borders
from rosesim.codegen.llvm.borders import BORDER, SHORTEST
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
    n, m = SHORTEST + 20, SHORTEST

    @fn
    def f(x: Vec[Real, m]) -> Vec[Real, n]:
        return vec(n, lambda i: x[Index[m].wrap(i + 1)])

    x = np.arange(float(m))
    assert np.array_equal(np.asarray(f.compile()(x)), x[(np.arange(n) + 1) % m])


@pytest.mark.parametrize("n", [SHORTEST + 3, 4 * SHORTEST])
def test_gradient_has_the_bits_of_the_loop_in_one_part(n: int):
    f = spread(n)

    @fn
    def squares(x: Vec[Real, n]) -> Real:
        y = f(x)
        return sum(n, lambda i: y[i] ** 2)

    slope = grad(squares)
    x = np.random.default_rng(2).normal(size=n)
    parted = slope.compile(math="strict")(x)
    with without("part-borders"):
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


@pytest.mark.parametrize("n", [SHORTEST + 1, 100_003])
def test_walls_and_sums_along_a_row(n: int):
    """Values held at the ends, a slope that is one-sided there, and what all of it adds up to, in order."""
    within = Index[n].clamp

    @fn
    def f(x: Vec[Real, n]) -> tuple[Vec[Real, n], Real]:
        y = vec(n, lambda i: where(i == 0, 1.0, where(i < n - 2, x[within(i + 1)] - x[within(i - 1)], -x[i])))
        return y, sum(n, lambda i: x[within(i + 2)] * x[i])

    x = np.random.default_rng(5).integers(-9, 9, n).astype(float)
    k = np.arange(n)
    wanted = np.where(k < n - 2, x[np.minimum(k + 1, n - 1)] - x[np.maximum(k - 1, 0)], -x)
    wanted[0] = 1.0
    for threads in (1, 2):
        y, total = f.compile(math="strict", threads=threads)(x)
        assert np.array_equal(np.asarray(y), wanted)
        assert total == (x[np.minimum(k + 2, n - 1)] * x).sum()


WIDE = Ty(IntT(-64, 128))
NAMES = ("ieq", "ilt", "ile", "int_clamp", "int_wrap")


def _loop(decisions: list[tuple[str, int, int, bool]]) -> tuple[Loop, list[Var]]:
    """A loop over 64 places that decides about i + step and a number, turned round or not; and what it decides."""
    index, lets, outs = Var(Ty(IntT(0, 63))), list[Let](), list[Var]()
    for name, step, other, turned in decisions:
        moved, out = Var(WIDE), Var(Ty(IntT(0, other - 1)) if name.startswith("int_") else BOOL)
        args = (Lit(other, WIDE), moved) if turned else (moved, Lit(other, WIDE))
        lets += [Let((moved,), Op("iadd", (index, Lit(step, WIDE)))), Let((out,), Op(name, args))]
        outs.append(out)
    return Loop(n=64, index=index, inits=(), carries=(), body=Block(tuple(lets), tuple(outs))), outs


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", [-3, -1, 0, 1, 2])
@pytest.mark.parametrize("turned", [False, True])
def test_what_is_settled_between_the_borders_holds_there(name: str, step: int, turned: bool):
    """Against the operator's own definition: settled is the longest range where it is one thing, if all but a few
    places belong to it."""
    is_index = name.startswith("int_")
    if is_index and turned:
        return
    for other in (1, 3, 31, 62, 63, 64, 65) if is_index else (-2, 0, 1, 3, 31, 62, 63, 64, 65):
        loop, (out,) = _loop([(name, step, other, turned)])
        value = OPS[name].value
        got: list[Any] = [value(*((other, i + step) if turned else (i + step, other))) for i in range(64)]  # pyright: ignore[reportCallIssue] -- of two arguments
        told = [got[i] - i if is_index else got[i] for i in range(64)]
        known = [told[i] == step if is_index else True for i in range(64)]
        runs = [
            (b - a, a, b) for a in range(64) for b in range(a + 1, 65) if all(known[a:b]) and len(set(told[a:b])) == 1
        ]
        length, low, high = max(runs, default=(0, 0, 0))
        found = borders.middle(loop, 1)
        if length < 64 - BORDER or length == 64:
            assert found is None
        else:
            assert found is not None and (found.begin, found.end) == (low, high)
            settled = found.settled[out]
            assert isinstance(settled, Var) if is_index else settled == Lit(told[low], BOOL)
            whole = borders.middle(loop, 4)
            assert whole is not None and whole.begin >= low and whole.end <= high
            assert whole.begin % 4 == whole.end % 4 == 0 and whole.settled == found.settled


def test_what_changes_in_the_middle_is_not_settled():
    loop, (first, half, odd) = _loop([("ilt", 0, 1, False), ("ilt", 0, 31, False), ("ieq", 0, 31, False)])
    found = borders.middle(loop, 1)
    assert found is not None and found.settled == {first: Lit(False, BOOL)} and {half, odd}.isdisjoint(found.settled)


def test_long_ranges_alone_are_written_in_parts():
    """The text of a loop with borders has three loops, below the least length one."""
    quick = Options(optimise=False)

    def loops(n: int) -> int:
        return lowered(program(spread(n), np.zeros(n)), quick, host()).text.count(" = phi i64")

    assert [loops(n) for n in (SHORTEST - 1, SHORTEST)] == [1, 3]
    with without("part-borders"):
        assert loops(SHORTEST) == 1
