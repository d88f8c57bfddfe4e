"""Arrays of short vectors are stored apart, a component each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import ZERO, Body, at, block, func, real, reals, ref
from loop_kit import loop
from shown import text

from rosesim import Real, Vec, dot, fn, scan, sqrt, sum, value_and_grad, vec
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    Accum,
    Add,
    Atom,
    Block,
    Call,
    Cond,
    Data,
    Fill,
    Get,
    IntT,
    Loop,
    Put,
    Stack,
    Ty,
    Var,
    all_lets,
    index_ty,
    reachable,
)
from rosesim.codegen.passes.split_vectors import FEWEST, LONGEST, apart
from rosesim.codegen.pipeline import planned, without
from rosesim.codegen.planned import Options
from rosesim.codegen.targets import host

N = FEWEST


def read(b: Body, x: Any, i: Atom, n: int = N) -> Any:
    """The difference of the two numbers of each vector, in a loop: what makes it worth it."""
    first, second = (b.let(Get(x, (i, at(k, x.ty.shape[-1]))), REAL) for k in range(2))
    return b.op("sub", first, second)


def differences(b: Body, x: Any) -> Any:
    return loop(b, N, lambda b, i: [read(b, x, i)])


def moved(b: Body, x: Any, by: float) -> Any:
    """All vectors moved."""

    def step(b: Body, i: Var) -> Any:
        numbers = (b.let(Get(x, (i, at(k, 2))), REAL) for k in range(2))
        return [b.let(Stack(tuple(b.op("add", v, real(by)) for v in numbers)), reals(2))]

    return loop(b, N, step)


def carried(b: Body, x: Var) -> Any:
    """A carry with a history, begun as a parameter."""

    def step(b: Body, t: Var, c: Var) -> Any:
        return [moved(b, c, 0.5), c]

    final, history = loop(b, 3, step, [x])
    return [differences(b, final), b.let(Get(history, (at(1, 3),)), reals(N, 2)), final]


def added(b: Body, x: Var) -> Any:
    """Whole vectors, single numbers and whole arrays added to an array of vectors."""
    r = Var(ref(reals(N, 2)), "r")

    def inside(b: Body) -> Any:
        def step(b: Body, i: Var) -> Any:
            b.let(Add(r, (i,), b.let(Get(x, (i,)), reals(2))))
            b.let(Add(r, (i, at(1, 2)), b.let(Get(x, (i, at(0, 2))), REAL)))
            return []

        loop(b, N, step)
        b.let(Add(r, (), moved(b, x, 1.0)))
        return []

    whole = b.let(Accum((b.let(Fill(ZERO), reals(N, 2)),), (r,), block(inside)), reals(N, 2))
    return differences(b, whole)


def put(b: Body, x: Var) -> Any:
    """Single numbers and whole vectors put into an array."""
    y = moved(b, x, 1.0)
    y = b.let(Put(y, (at(2, N), at(1, 2)), ZERO), reals(N, 2))
    y = b.let(Put(y, (at(3, N),), b.let(Get(x, (at(0, N),)), reals(2))), reals(N, 2))
    return differences(b, y)


def chosen(b: Body, x: Var) -> Any:
    """The array of one side of a branch; a stack of arrays; a constant."""
    y = moved(b, x, 1.0)
    sign = b.op("lt", b.let(Get(x, (at(0, N), at(0, 2))), REAL), ZERO, ty=BOOL)
    z = b.let(Cond(sign, block(lambda b: y), block(lambda b: moved(b, y, 2.0))), reals(N, 2))
    known = b.let(Data(np.arange(2.0 * N).reshape(N, 2)), reals(N, 2))
    pair = b.let(Stack((z, known)), reals(2, N, 2))
    return [differences(b, b.let(Get(pair, (at(k, 2),)), reals(N, 2))) for k in range(2)]


@pytest.mark.parametrize("write", [carried, added, put, chosen])
def test_components_have_arrays_of_their_own(write: Any) -> None:
    before = func([reals(N, 2)], write)
    made = apart(before)
    check(made)
    assert made is not before
    for sign in (1.0, -1.0):
        x = sign * np.random.default_rng(5).normal(size=(N, 2)) ** 2
        for a, b in zip(interp.run(made, [x]), interp.run(before, [x]), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_caller_calls_the_new_version() -> None:
    inner = func([reals(N, 2)], lambda b, x: differences(b, moved(b, x, 1.0)), "inner")
    outer = func([reals(N, 2)], lambda b, x: b.let(Call(inner, (x,)), reals(N)))
    made = apart(outer)
    assert all(f is not inner for f in reachable(made)) and len(reachable(made)) == 2


def test_loops_read_a_component_alone() -> None:
    made = text(apart(func([reals(N, 2)], lambda b, x: differences(b, moved(b, x, 1.0)))))
    assert "8 Real, %" in made and made.count("8x2") == 1  # the parameter


def stays(write: Any, *tys: Ty) -> None:
    before = func([reals(N, 2), *tys], write)
    assert apart(before) is before


def test_what_a_place_of_an_array_is_read_of_stays() -> None:
    def write(b: Body, x: Var, places: Var) -> Any:
        y = moved(b, x, 1.0)
        anywhere = loop(b, N, lambda b, i: [read(b, y, b.let(Get(places, (i,)), index_ty(N)))])
        return [differences(b, y), anywhere]

    stays(write, Ty(IntT(0, N - 1), (N,)))


def test_what_is_read_at_any_component_stays() -> None:
    def write(b: Body, x: Var) -> Any:
        y = moved(b, x, 1.0)
        inner = lambda b, i: [loop(b, 2, lambda b, k: [b.let(Get(y, (i, k)), REAL)])]
        return [differences(b, y), loop(b, N, inner)]

    stays(write)


def test_what_no_loop_reads_by_components_stays() -> None:
    stays(lambda b, x: b.let(Get(moved(b, x, 1.0), (at(0, N), at(1, 2))), REAL))


def test_long_rows_stay() -> None:
    n = LONGEST + 1

    def write(b: Body, x: Var) -> Any:
        y = b.let(Put(x, (at(0, N), at(0, n)), ZERO), reals(N, n))
        return loop(b, N, lambda b, i: [b.let(Get(y, (i, at(0, n))), REAL)])

    before = func([reals(N, n)], write)
    assert apart(before) is before


def test_strict_bits_of_a_sum_over_pairs_do_not_change() -> None:
    n = 9

    def step(x: Any, t: Any) -> Any:
        def pull(i: Any, j: Any) -> Any:
            d = x[j] - x[i]
            return d / (0.1 + dot(d, d)) / sqrt(0.1 + dot(d, d))

        return vec(n, lambda i: x[i] + 0.01 * sum(n, lambda j: pull(i, j)))

    @fn
    def loss(x: Vec[Vec[Real, 3], n]) -> Real:
        return sum(n, lambda i: dot(scan(lambda x, t: step(x, t), x, 4)[i], [1.0, 2.0, 3.0]))

    x = np.random.default_rng(1).normal(size=(n, 3))
    split = value_and_grad(loss).compile(x, math="strict")(x)
    with without("split-vectors"):
        whole = value_and_grad(loss).compile(x, math="strict")(x)
    assert split[0] == whole[0]
    np.testing.assert_array_equal(split[1], whole[1])


def test_nine_streams_and_their_history_lie_apart() -> None:
    """A lattice's populations: the reverse reads each as a vector, though a function takes their history."""
    n, weights = 24, np.linspace(0.5, 1.5, 9)

    @fn
    def loss(start: Vec[Vec[Vec[Real, 9], n], n]) -> Real:
        def cell(f: Any, i: Any, j: Any) -> Any:
            mean = f[i, j, 0] / 9.0
            for k in range(1, 9):
                mean = mean + f[i, j, k] / 9.0
            return [w * f[i, j, k] * mean for k, w in enumerate(weights.tolist())]

        end = scan(lambda f, t: vec(n, lambda i: vec(n, lambda j: cell(f, i, j))), start, 5)
        return sum(n, lambda i: sum(n, lambda j: end[i, j, 0] * end[i, j, 8]))

    x = np.random.default_rng(3).uniform(0.5, 1.5, (n, n, 9))
    gradient = value_and_grad(loss)
    program = planned(gradient.traced(gradient.types_of((x,))).func, Options(), host())
    loops = [x for f in program.order if isinstance(f.body, Block) for x in all_lets(f.body)]
    steps = [x for x in loops if isinstance(x.expr, Loop) and x.expr.n == 5 and x.expr.carries]
    kept = [v.ty.shape for x in steps for v in x.outs]
    assert (5, n, n) in kept and not {(n, n, 9), (5, n, n, 9)} & set(kept)
    with without("split-vectors"):
        whole = gradient.compile(x, optimise=False)
    for a, b in zip(gradient.compile(x, optimise=False)(x), whole(x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
