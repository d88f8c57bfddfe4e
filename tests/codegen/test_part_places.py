"""Places on a grid that reals say are computed ahead of the loop that adds there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ONE, ZERO, Body, block, func, integer, reals, ref
from loop_kit import loop
from shown import text

from rosesim import Index, Real, Vec, fn, grad, sum
from rosesim.ad.program import interp
from rosesim.ad.program.ir import REAL, Accum, Add, Fill, Func, Get, Var, index_ty
from rosesim.codegen.passes.part_places import placed
from rosesim.codegen.passes.part_scatters import FEWEST, MOST_KEPT

N, CELLS = FEWEST + 1, 8


def adding(n: int = N) -> Func:
    """x[i], and what of it is beyond the whole number below, are added to a cell that x[i] says; and the sum of x."""

    def write(b: Body, x: Var) -> Any:
        r = Var(ref(reals(CELLS)), "r")

        def step(b: Body, i: Var, total: Var) -> Any:
            v = b.let(Get(x, (i,)), REAL)
            down = b.op("floor", v)
            rest = b.op("sub", v, down)
            cell = b.op("floor_wrap", down, integer(CELLS), ty=index_ty(CELLS))
            b.let(Add(r, (cell,), v))
            b.let(Add(r, (cell,), b.op("mul", rest, v)))
            return [b.op("add", total, v)]

        def inside(b: Body) -> Any:
            return [loop(b, n, step, [ZERO], reverse=True)]

        total, added = b.let(Accum((b.let(Fill(ONE), reals(CELLS)),), (r,), block(inside)), REAL, reals(CELLS))
        return [added, total]

    return func([reals(n)], write)


def test_places_and_what_goes_with_them_come_first() -> None:
    before = adding()
    made = placed(before)
    ahead, inside = text(made).split("loop ")[1:]
    assert "floor_wrap(" in ahead and "+=" not in ahead and "reverse" not in ahead
    assert "floor" not in inside and " - " not in inside and inside.startswith("i.2: Index[17] reverse")
    assert "r[%11] += %10" in inside and "%11: Index[8] = places.2[i.2]" in inside
    x = np.linspace(-20.0, 30.0, N)
    for a, b in zip(interp.run(made, [x]), interp.run(before, [x]), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "before",
    [adding(FEWEST - 1), adding(MOST_KEPT)],
    ids=["few iterations", "more than the cache holds"],
)
def test_a_loop_that_would_not_gain_stays(before: Func) -> None:
    assert placed(before) is before


@pytest.mark.parametrize("n", [16, 20])
def test_the_gradient_of_look_ups_is_that_of_strict_code(n: int) -> None:
    def look(p: Any, y: Any, x: Any) -> Any:
        i, j = Index[n].wrap(y), Index[n].wrap(x)
        below, right = Index[n].wrap(i + 1), Index[n].wrap(j + 1)
        s, t = y - i, x - j
        return (1.0 - s) * (p[i, j] * (1.0 - t) + p[i, right] * t) + s * (
            p[below, j] * (1.0 - t) + p[below, right] * t
        )

    @fn
    def loss(p: Vec[Vec[Real, n], n], v: Vec[Vec[Real, n], n]) -> Real:
        return sum(n, lambda i: sum(n, lambda j: look(p, v[i, j] * 0.7 * i, v[i, j] + j) ** 2))

    rng = np.random.default_rng(2)
    p, v = rng.normal(size=(n, n)), rng.normal(size=(n, n))
    slope = grad(loss, wrt=(0, 1))
    fast, strict = slope.compile(p, v)(p, v), slope.compile(p, v, math="strict")(p, v)
    for a, b in zip(fast, strict, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)
