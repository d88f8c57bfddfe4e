"""Runs of a loop go on side by side in the lanes of vector registers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rosesim import (
    Fn,
    Index,
    Real,
    Vec,
    accumulate,
    cond,
    fn,
    for_each,
    grad,
    opaque,
    scan,
    select,
    sin,
    sqrt,
    sum,
    value_and_grad,
    vec,
)
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Block, Func, Loop, all_lets
from rosesim.codegen.passes import spread as module
from rosesim.codegen.passes.spread import spread
from rosesim.codegen.pipeline import without

LANES = 4


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "LEAST_WORK", 0)
    yield


def run(x: Any, a: Any) -> Any:
    """Some steps that depend on each other."""
    return scan(lambda c, t: c * a - 0.1 * c * c + 0.01 * t, x, 9)


def program(f: Fn[..., Any], *args: Any) -> Func:
    return f.traced(f.types_of(args)).func


def batches(func: Func) -> list[Loop]:
    assert isinstance(func.body, Block)
    return [let.expr for let in all_lets(func.body) if isinstance(let.expr, Loop) and let.expr.batch]


def agree(f: Fn[..., Any], *args: Any, rtol: float = 1e-12) -> None:
    """The program before and after, by the interpreter and as machine code."""
    before = program(f, *args)
    made = spread(before, LANES)
    check(made)
    assert len(batches(made)) == 1
    expected: Any = interp.run(before, list(args))
    found: Any = interp.run(made, list(args))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-14)
    found = f.compile(*args)(*args)
    np.testing.assert_allclose(found, expected[0], rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("n", [8, 9, 11, 32])
def test_a_sum_over_runs(n: int) -> None:
    f = fn(lambda x, a: sum(n, lambda i: run(x[i], a)))
    agree(f, np.linspace(0.1, 1.0, n), 1.1)


@pytest.mark.parametrize("n", [8, 11])
def test_a_vector_of_runs_and_of_arrays_of_them(n: int) -> None:
    x = np.linspace(0.1, 1.0, n)
    agree(fn(lambda x, a: vec(n, lambda i: run(x[i], a))), x, 1.1)
    agree(fn(lambda x, a: vec(n, lambda i: vec(3, lambda j: run(x[i], a) + j))), x, 1.1)


@pytest.mark.parametrize("n", [8, 11])
def test_the_gradient_by_what_all_runs_share_and_by_what_each_has(n: int) -> None:
    def loss(x: Any, w: Any) -> Any:
        return sum(n, lambda i: scan(lambda c, t: cond(c > 0.8, lambda: c * w[0], lambda: sin(c) + w[1]), x[i], 12))

    f = fn(loss)
    x, w = np.linspace(0.1, 1.0, n), np.array([0.9, 0.15])
    g = value_and_grad(f, wrt=(0, 1))
    value, (by_x, by_w) = g.compile(x, w)(x, w)
    with without("spread-runs"):
        alone, (x_alone, w_alone) = value_and_grad(fn(loss), wrt=(0, 1)).compile(x, w)(x, w)
    assert value == pytest.approx(alone, rel=1e-13)
    np.testing.assert_allclose(by_x, x_alone, rtol=1e-12)
    np.testing.assert_allclose(by_w, w_alone, rtol=1e-12)
    h = 1e-6
    for k in range(2):
        d = h * np.eye(2)[k]
        assert by_w[k] == pytest.approx((f(x, w + d) - f(x, w - d)) / (2 * h), rel=1e-6)


def test_the_inner_of_two_loops_is_spread_where_it_has_the_work() -> None:
    n = 16
    f = fn(lambda x, a: vec(3 * LANES, lambda i: vec(n, lambda j: run(x[j] + i, a))))
    made = spread(program(f, np.zeros(n), 1.1), LANES)
    (batch,) = batches(made)
    assert batch.n == LANES
    outer = [let.expr for let in made.body.lets if isinstance(let.expr, Loop)]  # pyright: ignore[reportAttributeAccessIssue]
    assert [e.n for e in outer] == [3 * LANES], "the outer loop stays one"


def stays(f: Fn[..., Any], *args: Any) -> bool:
    before = program(f, *args)
    return spread(before, LANES) is before


@opaque
def outside(x: Real) -> Real:
    return 2.0 * x


def test_what_depends_on_other_runs_or_on_python_stays() -> None:
    x = np.linspace(0.1, 1.0, 12)
    assert stays(fn(lambda x, a: scan(lambda s, i: s + run(x[i], s), a, 12)), x, 1.1)
    assert stays(fn(lambda x, a: scan(lambda s, i: s * run(x[i], a), a, 12)), x, 1.1)
    assert stays(fn(lambda x, a: sum(12, lambda i: outside(run(x[i], a)))), x, 1.1)
    assert stays(fn(lambda x, a: sum(7, lambda i: run(x[i], a))), x, 1.1), "fewer than two rounds of lanes"


def test_what_llvm_vectorises_itself_stays() -> None:
    n = 12
    x = np.ones((n, 100))
    assert stays(fn(lambda x: sum(n, lambda i: sum(100, lambda j: sin(x[i][j])))), x)
    assert stays(fn(lambda x: vec(n, lambda i: scan(lambda r, t: vec(100, lambda j: 0.5 * r[j]), x[i], 20))), x)


def test_strict_code_adds_in_its_own_order() -> None:
    x = np.random.default_rng(0).normal(size=23)
    f = fn(lambda x, a: sum(23, lambda i: run(x[i], a)))
    (expected,) = interp.run(program(f, x, 1.1), [x, np.float64(1.1)])
    assert f.compile(x, 1.1, math="strict")(x, 1.1) == expected


def test_runs_may_choose_by_their_number() -> None:
    def each(i: Index[12], x: Vec[Real, 12]) -> Real:
        return cond(i < 5, lambda: run(x[i], 1.1), lambda: -run(x[i], 0.9))

    agree(fn(lambda x: sum(12, lambda i: each(i, x))), np.linspace(0.1, 1.0, 12))
    assert grad(fn(lambda x: sum(12, lambda i: each(i, x))))(np.ones(12)).shape == (12,)


@pytest.mark.parametrize(("numbers", "count"), [(12, 1), (5000, 0)])
def test_runs_that_add_to_more_than_they_compute_stay(numbers: int, count: int) -> None:
    def fill(x: Any) -> Any:
        return lambda acc: for_each(12, lambda i: acc.at[i].add(run(x[i], 1.1)))

    f = fn(lambda x: accumulate(Vec[Real, numbers], fill(x)))
    assert len(batches(spread(program(f, np.zeros(12)), LANES))) == count


def test_a_shared_number_that_some_runs_choose() -> None:
    """The mask of its cotangent is an `or` over the runs, carried as the sum is."""

    @fn
    def f(x: Vec[Real, 11], a: Real) -> Real:
        return sum(11, lambda i: select(x[i] > 0.0, run(x[i], sqrt(a)), 0.5))

    args = np.linspace(-1.0, 0.6, 11), 0.9
    spread_out = value_and_grad(f).compile(*args)
    in_order = value_and_grad(f).compile(*args, math="strict")
    for x in (args[0], -np.ones(11)):
        for a in (0.9, 0.0):
            found, expected = (np.hstack([np.ravel(g) for g in p(x, a)[1]]) for p in (spread_out, in_order))
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)
