"""Sparse Jacobians and Hessians: the same numbers as dense ones, no place too few, and few directions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from random_programs import Draw, arguments

import rosesim as rs
from rosesim import Dual, Index, Real, TraceError, TypeMismatch, Vec
from rosesim.ad.derive.forward import jvp_func
from rosesim.ad.instrument.pattern import pattern
from rosesim.ad.program import interp
from rosesim.ad.program.ir import FloatT, IntT, TanT
from rosesim.ad.program.rewrite import tangents_as_reals
from rosesim.ad.transforms.colouring import colours_of_columns, colours_of_stars

pytestmark = pytest.mark.usefixtures("unoptimised")

RNG = np.random.default_rng(7)
ROWS, COLUMNS = 4, 5


def five_point(u: Vec[Vec[Real, COLUMNS], ROWS], k: float = 0.3):
    """A nonlinear diffusion on a torus in one direction, with fixed ends in the other."""

    def cell(i: Any, j: Any):
        up, down = u[Index[ROWS].clamp(i - 1), j], u[Index[ROWS].clamp(i + 1), j]
        left, right = u[i, Index[COLUMNS].wrap(j - 1)], u[i, Index[COLUMNS].wrap(j + 1)]
        return rs.sin(u[i, j]) * k + (up + down + left * right)

    return rs.vec(ROWS, lambda i: rs.vec(COLUMNS, lambda j: cell(i, j)))


U = RNG.normal(size=(ROWS, COLUMNS))


def test_a_stencil_takes_as_many_directions_as_its_cells_have_neighbours():
    found = rs.sparse_jacobian(five_point)(U)
    dense = rs.jacobian(five_point)(U).reshape(ROWS * COLUMNS, -1)
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-13, atol=1e-15)
    # five places a row, less one at each end, where the clamped neighbour is the cell itself
    assert len(found.data) == 5 * ROWS * COLUMNS - 2 * COLUMNS
    assert 5 <= found.directions <= 8
    assert found.indptr[-1] == len(found.indices) and all(
        (np.diff(found.indices[a:b]) > 0).all() for a, b in zip(found.indptr, found.indptr[1:], strict=False)
    )


def test_scipy_gets_the_same_matrix():
    pytest.importorskip("scipy")
    found = rs.sparse_jacobian(five_point)(U)
    x = RNG.normal(size=20)
    np.testing.assert_allclose(found.to_scipy() @ x, found.toarray() @ x, rtol=1e-13)


def test_steps_in_time_widen_the_band_and_no_more():
    def chain(x: Vec[Real, 30]):
        def step(s: Any, _: Any):
            return rs.vec(30, lambda i: s[i] + 0.1 * rs.sin(s[Index[30].clamp(i + 1)] - s[i]))

        return rs.scan(step, x, 3)

    x = RNG.normal(size=30)
    found = rs.sparse_jacobian(chain)(x)
    np.testing.assert_allclose(found.toarray(), rs.jacobian(chain)(x), rtol=1e-13)
    assert found.directions == 4 and len(found.data) == 4 * 30 - 6


EDGES = np.array([[i, i + 1] for i in range(11)] + [[i, i + 2] for i in range(0, 10, 3)])


def spring_energy(x: Vec[Vec[Real, 2], 12], rest: Real, at: Vec[Index[12], ...], to: Vec[Index[12], ...]) -> Real:
    return rs.sum(len(at), lambda k: (rs.norm(x[at[k]] - x[to[k]]) - rest) ** 2) + rs.sum(12, lambda i: x[i, 1] ** 4)


def test_the_hessian_of_a_mesh_of_springs_has_a_block_for_each_spring():
    x = RNG.normal(size=(12, 2))
    hessian = rs.sparse_hessian(spring_energy, wrt="x")
    found = hessian(x, 0.4, EDGES[:, 0], EDGES[:, 1])
    dense = rs.hessian(spring_energy, wrt="x")
    at, to = EDGES.T
    np.testing.assert_allclose(found.toarray(), dense(x, 0.4, at, to).reshape(24, 24), rtol=1e-10, atol=1e-12)
    assert len(found.data) == 4 * (12 + 2 * len(EDGES))
    assert found.directions < 12 and found.shape == (24, 24)

    # other springs, of the same types: another structure, found when they are given
    other = np.flip(EDGES, axis=1).copy()
    other[3] = 0, 11
    again = hessian(x, 0.4, other[:, 0], other[:, 1])
    np.testing.assert_allclose(
        again.toarray(), dense(x, 0.4, other[:, 0], other[:, 1]).reshape(24, 24), rtol=1e-10, atol=1e-12
    )
    assert again.toarray()[0, 22] != 0.0 == found.toarray()[0, 22]


def test_constant_index_arrays_are_seen_through():
    picks = np.array([3, 3, 0, 7, 5])

    def gathered(x: Vec[Real, 8]):
        index = rs.const(picks)
        return rs.vec(5, lambda k: x[index[k]] ** 2), x.at[2].set(x[0] * x[1])

    x = np.arange(1.0, 9.0)
    matrix = rs.sparse_jacobian(gathered)(x)
    assert len(matrix.data) == 5 + 7 + 2  # what was set is all that its element depends on
    found = matrix.toarray()
    expected = np.zeros((13, 8))
    expected[np.arange(5), picks] = 2.0 * x[picks]
    expected[5:, :] = np.eye(8)
    expected[7, :3] = x[1], x[0], 0.0
    np.testing.assert_allclose(found, expected)


@dataclass(frozen=True)
class Body:
    place: Vec[Real, 2]
    mass: Real


def test_blocks_of_structs_and_chosen_arguments():
    def forces(bodies: Vec[Body, 6], g: Real, scale: Real):
        of: Any = bodies
        return rs.vec(6, lambda i: of[i].mass * g * of[i].place * scale)

    bodies = Body(RNG.normal(size=(6, 2)), RNG.uniform(1.0, 2.0, 6))  # pyright: ignore[reportArgumentType] -- columns
    by_bodies = rs.sparse_jacobian(forces, wrt="bodies")(bodies, 9.8, scale=2.0)
    assert by_bodies.shape == (12, 18) and by_bodies.directions == 2
    expected = np.zeros((12, 18))
    for i in range(6):
        expected[2 * i, 2 * i] = expected[2 * i + 1, 2 * i + 1] = bodies.mass[i] * 19.6
        expected[2 * i : 2 * i + 2, 12 + i] = 19.6 * np.asarray(bodies.place)[i]
    np.testing.assert_allclose(by_bodies.toarray(), expected, rtol=1e-13)

    both = rs.sparse_jacobian(forces, wrt=("bodies", "g"), mode="reverse")(bodies, 9.8, scale=2.0)
    np.testing.assert_allclose(both.toarray()[:, :18], expected, rtol=1e-13)
    np.testing.assert_allclose(
        both.toarray()[:, 18], (2.0 * np.asarray(bodies.mass)[:, None] * bodies.place).ravel(), rtol=1e-13
    )


def arrow(x: Vec[Real, 40]) -> Real:
    return x[0] * rs.sum(39, lambda i: x[i + 1] ** 3) + x[0] ** 2


def test_rows_share_directions_where_that_takes_fewer_and_stars_where_the_matrix_is_symmetric():
    x = RNG.normal(size=40)

    def wide(x: Vec[Real, 40]):
        return arrow(x), x * x

    dense = np.vstack([rs.grad(arrow)(x), 2.0 * np.diag(x)])
    found = {mode: rs.sparse_jacobian(wide, mode=mode)(x) for mode in ("forward", "reverse", None)}
    for one in found.values():
        np.testing.assert_allclose(one.toarray(), dense, rtol=1e-13)
    assert [one.directions for one in found.values()] == [40, 2, 2]

    hessian = rs.sparse_hessian(arrow)(x)
    assert hessian.directions == 2  # columns that share no row: 40
    expected = np.diag(np.append(2.0, 6.0 * x[0] * x[1:]))
    expected[0, 1:] = expected[1:, 0] = 3.0 * x[1:] ** 2
    np.testing.assert_allclose(hessian.toarray(), expected, rtol=1e-13)


def test_a_rule_of_ones_own_and_a_condition_hide_nothing():
    @rs.fn
    def straight(x: Real, y: Real) -> Real:
        return rs.floor(x) * 0.0 + y

    @straight.defjvp
    def _(x: Dual, y: Dual) -> Dual:
        return Dual(y.re, x.du)

    def f(x: Vec[Real, 3]):
        a = straight(x[0], x[1])
        b = rs.cond(x[2] > 0.0, lambda: x[0] * 2.0, lambda: x[1] * 3.0)
        return [a, b, rs.select(x[2] > 0.0, x[2], x[0])]

    for last in (1.0, -1.0):
        x = np.array([0.3, 0.7, last])
        found = rs.sparse_jacobian(f)(x)
        np.testing.assert_array_equal(found.toarray(), rs.jacobian(f)(x))


def test_what_it_cannot_do_is_refused():
    with pytest.raises(TraceError, match=r"sparse_jacobian.* was called in a traced function"):
        rs.fn(lambda u: rs.sparse_jacobian(five_point)(u).data)(U)
    with pytest.raises(TypeMismatch, match="mode='sideways' was found"):
        rs.sparse_jacobian(five_point, mode="sideways")  # pyright: ignore[reportArgumentType] -- the mistake


def places_missing(seed: int) -> int:
    """How many numbers of a random program's Jacobian are not zero where the pattern has no place; -1 if the program
    is not differentiable as a whole."""
    f = Draw(seed).program()
    if any(p.ty.ref or isinstance(p.ty.scalar, TanT) for p in f.params):
        return -1
    args = arguments(f, seed)
    active = tuple(isinstance(p.ty.scalar, FloatT) for p in f.params)
    given = {
        k: np.asarray(a) for k, (a, p) in enumerate(zip(args, f.params, strict=True)) if isinstance(p.ty.scalar, IntT)
    }
    i, j = pattern(f, active, given if seed % 2 else {})
    made, out = jvp_func(f, active)
    run = tangents_as_reals(made)
    sizes = [p.ty.size for p, on in zip(f.params, active, strict=True) if on]
    rows = sum(ty.size for ty in f.results if isinstance(ty.scalar, FloatT))
    known = np.zeros((rows, sum(sizes)), bool)
    known[i, j] = True
    missing = 0
    for c in range(sum(sizes)):
        tangents, start = [], 0
        for p in run.params[len(f.params) :]:
            t = (np.arange(start, start + p.ty.size) == c).astype(np.float64).reshape(p.ty.shape)
            tangents.append(t if p.ty.shape else float(t))
            start += p.ty.size
        made_tangents = iter(interp.run(run, [*args, *tangents])[len(f.results) :])
        column = [
            np.ravel(np.asarray(next(made_tangents))) if on else np.zeros(ty.size)
            for ty, on in zip(f.results, out, strict=True)
            if isinstance(ty.scalar, FloatT)
        ]
        values = np.concatenate([np.zeros(0), *column])
        missing += int(((values != 0) & np.isfinite(values) & ~known[:, c]).sum())
    return missing


def test_no_place_of_a_random_programs_derivative_is_missing():
    found = [places_missing(seed) for seed in range(20)]
    assert sum(m >= 0 for m in found) > 12
    assert [seed for seed, m in enumerate(found) if m > 0] == []


def test_colourings_tell_every_number_of_random_structures():
    for n in (1, 2, 7, 23):
        for density in (0.05, 0.3):
            dense = RNG.random((n, n)) < density
            i, j = np.nonzero(dense)
            colours = colours_of_columns(i, j, n, n)
            for row in dense:
                shared = colours[row]
                assert len(set(shared.tolist())) == len(shared)
            i, j = np.nonzero(dense | dense.T)
            colours, row, column = colours_of_stars(i, j, n)
            for r, c in zip(row, column, strict=True):
                assert sum(colours[k] == colours[c] for k in j[i == r]) == 1
