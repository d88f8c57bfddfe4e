"""Additions that wait for a block of steps: the same bits as where they arise; sums in parts: the same sum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import compiled, interpreted

import rosesim.codegen.passes.defer as defer
import rosesim.codegen.passes.lanes.batch as lanes
from rosesim import Real, Vec, accumulate, fn, for_each, grad, scan, sin, sum, tanh, vec, vmap
from rosesim.codegen.pipeline import without

N, M = 20, 12


def network(steps: int) -> Any:
    """A recurrent layer: the gradient of its weights is a sum of outer products over the steps."""

    @fn
    def f(w: Vec[Vec[Real, N], M], v: Vec[Vec[Real, M], N], x: Vec[Real, N]) -> Real:
        def step(x: Any, t: Any) -> Any:
            h = vec(M, lambda j: tanh(sum(N, lambda k: w[j][k] * x[k]) + 0.1 * t))
            return vec(N, lambda k: sin(sum(M, lambda j: v[k][j] * h[j])))

        x = scan(step, x, steps)
        return sum(N, lambda k: x[k] * x[k])

    return f


def arguments(runs: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    lead = (runs,) if runs else ()
    return [rng.normal(size=(*lead, *shape)) for shape in ((M, N), (N, M), (N,))]


def of_defer(f: Any, *args: Any) -> int:
    """How many loops the pass cuts in a program."""
    cut: list[Any] = []
    real = defer._in_blocks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(defer, "_in_blocks", lambda let, sites: [cut.append(let), *real(let, sites)][1:])
        f.compile(*args)
    return len(cut)


@pytest.mark.parametrize("steps", [15, 16, 23, 40])
def test_waiting_changes_no_bit(steps: int) -> None:
    g, args = grad(network(steps)), arguments()
    found = g.compile(*args, math="strict")(*args)
    assert (of_defer(g, *args) > 0) == (steps >= 2 * defer.BLOCK)
    with without("block-adds"):
        alone = grad(network(steps)).compile(*args, math="strict")(*args)
    for a, b in zip(found, alone, strict=True):
        np.testing.assert_array_equal(a, b)


def outer(steps: int) -> Any:
    """Additions in a loop that goes forward, of elements, numbers and the step itself; and a row for each step."""

    @fn
    def f(x: Vec[Real, 6], y: Vec[Real, 6]) -> Vec[Vec[Real, 6], 6]:
        def fill(acc: Any) -> None:
            def step(t: Any) -> None:
                a = vec(6, lambda i: x[i] * t + 1.0)
                c = x[0] * t
                for_each(6, lambda i: for_each(6, lambda j: acc.at[i, j].add(a[i] * y[j] - c * t)))

            for_each(steps, step)

        return accumulate(Vec[Vec[Real, 6], 6], fill)

    return f


@pytest.mark.parametrize("steps", [3, 16, 29])
def test_forward_loops_wait_in_their_order(steps: int) -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 6))
    f = outer(steps)
    np.testing.assert_array_equal(f.compile(x, y, math="strict")(x, y), interpreted(f, x, y))
    t = np.arange(steps)[:, None, None]
    expected = ((x[:, None] * t + 1.0) * y[None, :] - x[0] * t * t).sum(0)
    np.testing.assert_allclose(compiled(f, x, y), expected, rtol=1e-12, atol=1e-9)


def test_a_careless_order_or_step_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 6))
    real: Any = defer._additions
    for careless in (lambda order: order[::-1], lambda order: [0] * len(order)):
        with monkeypatch.context() as patch:
            patch.setattr(defer, "_additions", lambda *a, c=careless: real(*a[:-1], c(a[-1])))
            f = outer(29)
            with pytest.raises(AssertionError):
                np.testing.assert_array_equal(f.compile(x, y, math="strict")(x, y), interpreted(f, x, y))


@pytest.mark.parametrize("terms", [7, 8, 9, 11, 30])
def test_sums_in_parts_in_lanes(terms: int) -> None:
    @fn
    def f(x: Vec[Real, terms], y: Real) -> Real:
        first = sum(terms, lambda i: x[i] * (i + 1.0))
        both = sum(terms, lambda i: (x[i] * y, x[i] + y))
        return first * both[0] + both[1]

    rng = np.random.default_rng(terms)
    x, y = rng.normal(size=(5, terms)), rng.normal(size=5)
    expected = (x * np.arange(1, terms + 1)).sum(1) * (x * y[:, None]).sum(1) + (x + y[:, None]).sum(1)
    program = vmap(f).compile(x, y)
    np.testing.assert_allclose(program(x, y), expected, rtol=1e-12)
    one, batch = f.compile(x[0], y[0], math="strict"), vmap(f).compile(x, y, math="strict")
    np.testing.assert_array_equal(batch(x, y), [one(*each) for each in zip(x, y, strict=True)])


def test_a_sum_that_reads_itself_is_not_taken_apart() -> None:
    @fn
    def f(x: Vec[Real, 12]) -> Real:
        return scan(lambda c, i: c + x[i] * c, 1.0, 12)

    x = np.random.default_rng(0).normal(size=(6, 12))
    np.testing.assert_allclose(vmap(f)(x), (1 + x).prod(1), rtol=1e-12)
    assert lanes.PARTIAL > 1


def test_a_vector_that_the_nest_itself_makes_is_not_read_after_it():
    n = 16

    @fn
    def f(a: Vec[Vec[Real, n], n], b: Vec[Vec[Real, n], n]) -> Real:
        c = vec(n, lambda i: sum(n, lambda k: a[i, k] * b[k]))  # a product, row by row
        return sum(n, lambda i: sum(n, lambda j: c[i, j] ** 2))

    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(2, n, n))
    np.testing.assert_allclose(grad(f, wrt=1)(a, b), 2 * a.T @ a @ b, rtol=1e-12)
