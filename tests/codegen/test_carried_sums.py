"""What a loop adds to one place is summed in a carry, and added once."""

from __future__ import annotations

from typing import Any

import numpy as np
from ir_kit import FALSE, ONE, ZERO, Body, at, block, func, real, reals, ref
from loop_kit import loop
from shown import stripped, text

from rosesim import Real, Vec, fn, grad, sqrt, sum
from rosesim.ad.program import interp
from rosesim.ad.program.ir import BOOL, REAL, Accum, Add, Cond, Fill, Func, Get, IntT, Ty, Var, index_ty
from rosesim.codegen.passes.carried_sums import MOST_CARRIES, carried

N = 5


def adding(write: Any, places: int = 2) -> Func:
    """x to what is added to an array of so many places by a loop over x, backwards; and that loop's other results."""

    def whole(b: Body, x: Var) -> Any:
        r = Var(ref(reals(places)), "r")

        def inside(b: Body) -> Any:
            loop(b, N, lambda b, i: write(b, b.let(Get(x, (i,)), REAL), i, r) or [], reverse=True)
            return []

        return b.let(Accum((b.let(Fill(ZERO), reals(places)),), (r,), block(inside)), reals(places))

    return func([reals(N)], whole)


def same(made: Func, before: Func) -> None:
    x = np.arange(1.0, N + 1)  # whose sums are exact in any order
    np.testing.assert_array_equal(interp.run(made, [x]), interp.run(before, [x]))


def test_additions_to_one_place_are_summed_and_the_loop_runs_forwards() -> None:
    def write(b: Body, v: Var, i: Var, r: Var) -> None:
        b.let(Add(r, (at(0, 2),), v))
        b.let(Add(r, (at(0, 2),), ONE))

    before = adding(write)
    made = carried(before)
    assert text(made) == stripped(
        """
        fn(a: 5 Real) -> 2 Real
          %1: 2 Real = fill(0.0)
          %2: 2 Real = accum r: &2 Real = %1
            %3: Real = loop i: Index[5] from sum: Real = 0.0
              %4: Real = a[i]
              %5: Real = %4 + 1.0
              %6: Real = sum + %5
              -> %6
            r[0] += %3
            ->
          -> %2
        """
    )
    same(made, before)


def test_a_branch_adds_what_its_side_adds() -> None:
    def write(b: Body, v: Var, i: Var, r: Var) -> None:
        def then(b: Body) -> Any:
            b.let(Add(r, (at(1, 2),), v))
            return []

        b.let(Cond(b.op("lt", v, real(3.5), ty=BOOL), block(then), block(lambda b: [])))

    before = adding(write)
    made = carried(before)
    assert "r[1] += " in text(made).splitlines()[-3]
    same(made, before)


def test_booleans_are_joined_in_a_carry() -> None:
    def write(b: Body, x: Var) -> Any:
        r = Var(ref(BOOL), "r")

        def step(b: Body, i: Var) -> list[Any]:
            b.let(Add(r, (), b.op("lt", b.let(Get(x, (i,)), REAL), ZERO, ty=BOOL)))
            return []

        return b.let(Accum((FALSE,), (r,), block(lambda b: loop(b, N, step, reverse=True) or [])), BOOL)

    before = func([reals(N)], write)
    made = carried(before)
    assert "loop i: Index[5] from sum: Bool = False" in text(made) and "sum or %" in text(made)
    for x in (np.ones(N), -np.ones(N), np.arange(N) - 3.0):
        assert interp.run(made, [x]) == interp.run(before, [x])


def test_an_addition_at_a_place_of_the_iteration_stays_in_it() -> None:
    def write(b: Body, v: Var, i: Var, r: Var) -> None:
        b.let(Add(r, (i,), v))
        b.let(Add(r, (at(0, N),), v))

    before = adding(write, N)
    made = carried(before)
    assert "r[i] += " in text(made) and "r[0] += %3\n    ->" in text(made)
    assert "reverse" not in text(made), "each iteration adds to a place of its own, besides"
    same(made, before)


def test_a_loop_whose_iterations_meet_keeps_its_direction() -> None:
    def write(b: Body, v: Var, i: Var, r: Var) -> None:
        places = b.let(Fill(at(1, 2)), Ty(IntT(0, 1), (N,)))
        b.let(Add(r, (b.let(Get(places, (i,)), index_ty(2)),), v))
        b.let(Add(r, (at(0, 2),), v))

    before = adding(write)
    made = carried(before)
    assert "reverse from sum" in text(made)
    same(made, before)


def test_more_sums_than_there_are_registers_stay_where_they_are() -> None:
    places = MOST_CARRIES + 1

    def write(b: Body, v: Var, i: Var, r: Var) -> None:
        for k in range(places):
            b.let(Add(r, (at(k, places),), v))

    before = adding(write, places)
    assert "sum" not in text(carried(before))


def test_the_gradient_of_a_sum_over_pairs_adds_to_the_outer_particle_once() -> None:
    n = 12

    @fn
    def energy(x: Vec[Real, 12]) -> Real:
        return sum(n, lambda i: sum(n, lambda j: 1.0 / sqrt((x[i] - x[j]) ** 2 + 0.1)))

    x = np.random.default_rng(2).normal(size=n)
    d = x[:, None] - x[None, :]
    np.testing.assert_allclose(grad(energy)(x), -2 * np.sum(d / (d**2 + 0.1) ** 1.5, axis=1), rtol=1e-12, atol=1e-13)
