"""Additions at shifted places become reads, where that is right, and stay additions where it is not."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from rows import crossed
from support import check_gradients

from rosesim import Index, Real, Vec, fn, grad, select, sin, sum, value_and_grad, vec
from rosesim.ad.program.ir import Add, Loop, all_lets, blocks, reachable
from rosesim.scenes.kit import cells, five_point, neighbour

pytestmark = pytest.mark.usefixtures("unoptimised")

N = 7


def scattered(f: Any, *args: Any) -> bool:
    """Whether the reverse of f adds to places other than an iteration's own, in an innermost loop."""
    for func in reachable(grad(f).compile(*args).traced.func):
        if not hasattr(func.body, "lets"):
            continue
        for let in all_lets(func.body):  # pyright: ignore[reportArgumentType] -- a block, it has lets
            if isinstance(let.expr, Loop) and not any(blocks(x.expr) for x in let.expr.body.lets):
                for x in let.expr.body.lets:
                    if isinstance(x.expr, Add) and x.expr.idx and let.expr.index not in x.expr.idx:
                        return True
    return False


def agrees_with_differences(f: Any, x: Any) -> None:
    """The loss f is quadratic or smooth: central differences are exact to many digits."""
    _, g = value_and_grad(f)(x)
    rng = np.random.default_rng(0)
    for _ in range(3):
        d = rng.normal(size=np.shape(x))
        h = 1e-5
        difference = (f(x + h * d) - f(x - h * d)) / (2 * h)
        assert float((np.asarray(g) * d).sum()) == pytest.approx(difference, rel=1e-7, abs=1e-9)


def random_values(*shape: int) -> Any:
    return np.random.default_rng(1).normal(size=shape)


@pytest.mark.parametrize(
    ("edge", "by"),
    crossed(
        ["fixed", "periodic", "free"],
        [(0, 1), (0, -1), (1, 0), (-1, 0), (1, -1), (-2, 2), (3, 0), (0, -4)],
        4,
    ),
)
def test_a_shift_is_transposed_at_every_edge(edge: Any, by: tuple[int, int]):
    di, dj = by

    @fn
    def loss(p: Vec[Vec[Real, N], N]) -> Real:
        q = cells(N, N, lambda i, j: neighbour(p, i, j, di, dj, edge) * (1.0 + i + 3.0 * j))
        return sum(N, lambda i: sum(N, lambda j: q[i, j] ** 2))

    p = random_values(N, N)
    mode: Any = {"fixed": "constant", "periodic": "wrap", "free": "edge"}[edge]
    padded = np.pad(p, 4, mode=mode)
    i, j = np.mgrid[:N, :N]
    q = padded[4 + di : 4 + di + N, 4 + dj : 4 + dj + N] * (1.0 + i + 3.0 * j)
    assert loss(p) == pytest.approx((q**2).sum())
    agrees_with_differences(loss, p)
    assert not scattered(loss, p)


@pytest.mark.parametrize("edge", ["fixed", "periodic", "free"])
def test_the_reverse_of_the_reverse_is_one_too(edge: Any):
    @fn
    def loss(p: Vec[Vec[Real, 4], 4]) -> Real:
        q = cells(4, 4, lambda i, j: sin(five_point(p, i, j, edge)) * p[i, j])
        return sum(4, lambda i: sum(4, lambda j: q[i, j] ** 2))

    @fn
    def slope(p: Vec[Vec[Real, 4], 4]) -> Real:
        g = grad(loss)(p)
        return sum(4, lambda i: sum(4, lambda j: g[i, j] ** 2))

    p = random_values(4, 4)
    check_gradients(loss, [p])
    agrees_with_differences(slope, p)
    assert not scattered(loss, p)


def test_values_of_the_iteration_go_with_the_shift():
    @fn
    def loss(p: Vec[Real, 9], w: Vec[Real, 9]) -> Real:
        def term(i: Index) -> Real:
            after = select(i < 8, p[Index[9].clamp(i + 1)], 0.5)
            return sin(w[i] * after) * p[i] + p[Index[9].wrap(i - 2)] ** 2 * w[i]

        q = vec(9, term)
        return sum(9, lambda i: q[i] ** 2)

    p, w = random_values(2, 9)
    for k in range(2):
        other = (lambda x: loss(x, w)) if k == 0 else (lambda x: loss(p, x))
        g = np.asarray(grad(loss)(p, w)[k])
        d = np.random.default_rng(3).normal(size=9)
        at = (p, w)[k]
        difference = (other(at + 1e-5 * d) - other(at - 1e-5 * d)) / 2e-5
        assert float(g @ d) == pytest.approx(difference, rel=1e-7)
    assert not scattered(loss, p, w)


def test_places_that_depend_on_data_stay_additions():
    @fn
    def loss(p: Vec[Real, 9], places: Vec[Real, 9]) -> Real:
        q = vec(9, lambda i: p[Index[9].clamp(places[i])] ** 2 + p[i])
        return sum(9, lambda i: q[i] ** 2)

    places = np.array([3.0, 3.0, 0.0, 8.0, 1.0, 3.0, 7.0, 7.0, 2.0])
    g = grad(loss)(random_values(9), places)[0]
    p = random_values(9)
    h, k = 1e-6, 3
    moved = [loss(p + s * h * np.eye(9)[k], places) for s in (-1, 1)]
    assert g[k] == pytest.approx((moved[1] - moved[0]) / (2 * h), rel=1e-7)


def test_two_indices_moved_into_one_dimension_stay_additions():
    """x[i + j] of a loop over i and j: many iterations add to one element."""

    @fn
    def loss(x: Vec[Real, 9]) -> Real:
        q = cells(5, 5, lambda i, j: x[Index[9].clamp(i + j)] ** 2)
        return sum(5, lambda i: sum(5, lambda j: q[i, j] ** 2))

    agrees_with_differences(loss, random_values(9))


def test_a_smaller_loop_than_the_array_stays_an_addition():
    @fn
    def loss(x: Vec[Real, 9]) -> Real:
        q = vec(6, lambda i: x[Index[9].clamp(i + 2)] * x[Index[9].clamp(i)])
        return sum(6, lambda i: q[i] ** 2)

    agrees_with_differences(loss, random_values(9))


def random_stencil(rng: np.random.Generator, rows: int, columns: int) -> Any:
    """The sum over a grid of squares of a cell times a combination of some neighbours."""
    shifts, edges = rng.integers(-3, 4, (4, 2)).tolist(), rng.choice(["fixed", "periodic", "free"], 4).tolist()

    @fn
    def loss(p) -> Real:
        def cell(i: Index, j: Index) -> Any:
            total: Any = p[i, j]
            for k, ((di, dj), edge) in enumerate(zip(shifts, edges, strict=True)):
                total = total + (k + 1.0) * neighbour(p, i, j, di, dj, edge) * p[i, j]
            return total

        q = cells(rows, columns, cell)
        return sum(rows, lambda i: sum(columns, lambda j: q[i, j] ** 2))

    return loss


@pytest.mark.parametrize("seed", range(12))
def test_random_stencils_agree_with_differences(seed: int):
    rng = np.random.default_rng(seed)
    rows, columns = (int(n) for n in rng.integers(4, 8, 2))
    loss = random_stencil(rng, rows, columns)
    p = random_values(rows, columns)
    g = np.asarray(grad(loss, wrt=0)(p))
    for a, b in product(range(rows), range(columns)):
        e = np.zeros((rows, columns))
        e[a, b] = 1e-5
        assert g[a, b] == pytest.approx((loss(p + e) - loss(p - e)) / 2e-5, rel=1e-6, abs=1e-6)
