"""Additions to neighbours in two stages: the terms of a row, then each element's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ir_kit import ZERO, Body, at, block, func, integer, reals, ref
from loop_kit import loop
from shown import text

from rosesim import Index, Real, Vec, fn, grad, sin, sum
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Accum, Add, Atom, Fill, Func, Get, IntT, Lit, Ty, Var, index_ty
from rosesim.codegen.passes.stage_scatters import FARTHEST, staged

N = 24
Place = Callable[[Body, Var], Atom]


def moved(by: int, rule: str = "", n: int = N) -> Place:
    """The index moved by a constant, and held within n elements by a rule."""

    def place(b: Body, i: Var) -> Atom:
        lo, hi = by, N - 1 + by
        there: Atom = i if by == 0 else b.op("iadd", i, integer(by), ty=Ty(IntT(lo, hi)))
        size = Lit(n, Ty(IntT(n, n)))
        return b.op(rule, there, size, ty=index_ty(n)) if rule else there

    return place


def doubled(b: Body, i: Var) -> Atom:
    return b.op("imul", i, integer(2), ty=index_ty(2 * N - 1))


def adding(*places: Place, n: int = N) -> Func:
    """x to an array of n to which iteration i adds (k + 1) x[i] at the k-th of some places."""

    def write(b: Body, x: Var) -> Any:
        r = Var(ref(reals(n)), "r")

        def step(b: Body, i: Var) -> Any:
            v = b.let(Get(x, (i,)), reals())
            total: Atom = v
            for place in places:
                b.let(Add(r, (place(b, i),), total))
                total = b.op("add", total, v)
            return []

        def inside(b: Body) -> Any:
            loop(b, N, step, reverse=True)
            return []

        return b.let(Accum((b.let(Fill(ZERO), reals(n)),), (r,), block(inside)), reals(n))

    return func([reals(N)], write)


def same(made: Func, before: Func) -> None:
    check(made)
    x = np.arange(1.0, N + 1)  # whose sums are exact in any order
    np.testing.assert_array_equal(interp.run(made, [x]), interp.run(before, [x]))


@pytest.mark.parametrize(
    ("places", "n"),
    [
        ([moved(-1, "int_clamp"), moved(1, "int_clamp")], N),
        ([moved(-3, "int_clamp"), moved(2, "int_clamp"), moved(0)], N),
        ([moved(-1, "int_wrap"), moved(1, "int_wrap"), moved(-2, "int_wrap")], N),
        ([moved(0), moved(1), moved(3)], N + 3),  # to an array that has room for all
        ([moved(-1, "int_clamp", N - 1), moved(0, "int_clamp", N - 1)], N - 1),
        ([moved(1, "int_clamp", N + 4), moved(-2, "int_clamp", N + 4)], N + 4),
    ],
    ids=["clamped", "further", "wrapped", "longer", "shorter", "longer, clamped"],
)
def test_each_element_takes_its_terms(places: list[Place], n: int) -> None:
    before = adding(*places, n=n)
    made = staged(before)
    assert "terms" in text(made) and made is not before
    same(made, before)


@pytest.mark.parametrize(
    "place",
    [
        moved(-FARTHEST - 1, "int_clamp"),
        moved(0),
        lambda b, i: at(3, N),
        lambda b, i: b.op(
            "int_wrap", b.op("imul", i, integer(2), ty=index_ty(2 * N - 1)), integer(N), ty=index_ty(N)
        ),
    ],
    ids=["too far", "its own", "one for all", "another rule"],
)
def test_other_places_stay(place: Place) -> None:
    before = adding(place)
    assert staged(before) is before


def test_one_addition_that_may_go_anywhere_keeps_all_to_that_array() -> None:
    before = adding(moved(-1, "int_clamp"), lambda b, i: at(3, N))
    assert staged(before) is before


def test_the_gradient_of_a_stencil_whose_terms_are_long() -> None:
    n = 32

    @fn
    def f(x: Vec[Vec[Real, 32], 32]) -> Real:
        def at_(i: Any, j: Any) -> Any:
            return x[Index[n].clamp(i), Index[n].wrap(j)]

        def cell(i: Any, j: Any) -> Any:
            a = at_(i - 1, j) * at_(i, j + 1) + sin(at_(i, j - 1))
            b = at_(i + 1, j) - sin(a * at_(i, j))
            for _ in range(12):
                a, b = sin(a + 0.3 * b), a * b
            return a * a + b

        return sum(n, lambda i: sum(n, lambda j: cell(i, j)))

    rng = np.random.default_rng(5)
    x, d = rng.normal(size=(2, n, n))
    h = 1e-6
    assert np.sum(grad(f)(x) * d) == pytest.approx((f(x + h * d) - f(x - h * d)) / (2 * h), rel=1e-7)
