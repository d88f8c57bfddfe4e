"""A nest that adds once to each element of an accumulator gives the sums itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import Body, at, block, func, integer, reals, ref
from loop_kit import loop
from shown import stripped, text

from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import REAL, Accum, Add, Fill, Func, Get, IntT, Lit, Loop, Ty, Var, all_lets
from rosesim.codegen.passes.gather_sums import FARTHEST, gathered

N, M = 5, 3


def get(b: Body, x: Any, *idx: Any) -> Any:
    return b.let(Get(x, idx), x.ty.at(len(idx)))


def accum(init: Any, write: Any, *shape: int) -> Func:
    """The sums of an accumulator that begins as a parameter a, or as zeros; `write(body, ref, b)` adds to it."""

    def whole(b: Body, a: Var, x: Var) -> Any:
        start = a if init == "a" else b.let(Fill(Lit(0.0, REAL)), reals(*shape))
        r = Var(ref(reals(*shape)), "r")

        def inside(c: Body) -> list[Any]:
            write(c, r, x)
            return []

        return b.let(Accum((start,), (r,), block(inside)), reals(*shape))

    return func([reals(*shape), reals(N, M)], whole)


def moved(b: Body, i: Var, by: int) -> Var:
    return b.op("iadd", i, integer(by), ty=Ty(IntT(by, N - 1 + by)))


def nest(adds: Any) -> Any:
    """A nest over N x M that adds x[i, j] to the places that `adds(body, i, j)` names."""

    def write(c: Body, r: Var, x: Var) -> None:
        def cell(b: Body, i: Var, j: Var) -> list[Any]:
            v = get(b, x, i, j)
            for place in adds(b, i, j):
                b.let(Add(r, place, v))
            return []

        loop(c, N, lambda b, i: [*loop(b, M, lambda b, j: cell(b, i, j), name="j")])

    return write


def agrees(before: Func) -> Func:
    """The program after the pass; the interpreter finds the same sums, which are exact in any order."""
    made = gathered(before)
    check(made)
    args = [np.arange(1.0, p.ty.size + 1).reshape(p.ty.shape) for p in before.params]
    for a, b in zip(interp.run(made, args), interp.run(before, args), strict=True):
        np.testing.assert_array_equal(a, b)
    return made


def accums(made: Func) -> int:
    return len([x for x in all_lets(made.body) if isinstance(x.expr, Accum)])  # pyright: ignore[reportArgumentType]


def test_additions_to_own_elements_are_an_output() -> None:
    assert text(agrees(accum("a", nest(lambda b, i, j: [(i, j)]), N, M))) == stripped(
        """
        fn(a: 5x3 Real, b: 5x3 Real) -> 5x3 Real
          %1: 5x3 Real = loop i: Index[5]
            %2: 3 Real = loop j: Index[3]
              %3: Real = b[i, j]
              %4: Real = a[i, j]
              %5: Real = %4 + %3
              -> %5
            -> %2
          -> %1
        """
    ).replace("%1", "sums").replace("%2", "sums.2").replace("%3", "%1").replace("%4", "%2").replace("%5", "%3")


def test_nothing_is_added_to_zeros() -> None:
    made = agrees(accum("zeros", nest(lambda b, i, j: [(i, j)]), N, M))
    assert accums(made) == 0 and "+" not in text(made)


def test_each_element_takes_what_a_longer_array_gets_from_neighbours() -> None:
    """The reverse of a difference: N rows add to N + 1."""
    made = agrees(accum("a", nest(lambda b, i, j: [(i, j), (moved(b, i, 1), j)]), N + 1, M))
    assert accums(made) == 0 and [x.expr.n for x in all_lets(made.body) if isinstance(x.expr, Loop)] == [N + 1, M]  # pyright: ignore


@pytest.mark.parametrize(
    "adds",
    [
        lambda b, i, j: [(at(0, N), j)],
        lambda b, i, j: [(i, j), (j, j)],
        lambda b, i, j: [(moved(b, i, FARTHEST + 1), j)],
    ],
)
def test_other_places_stay(adds: Any) -> None:
    f = accum("a", nest(adds), N + FARTHEST + 1, M)
    assert agrees(f) is f


def test_what_is_added_to_twice_stays() -> None:
    def twice(c: Body, r: Var, x: Var) -> None:
        for _ in range(2):
            nest(lambda b, i, j: [(i, j)])(c, r, x)

    f = accum("a", twice, N, M)
    assert agrees(f) is f


def test_other_accumulators_stay_beside_it() -> None:
    def whole(b: Body, a: Var, x: Var) -> Any:
        r, s = Var(ref(reals(N, M)), "r"), Var(ref(reals()), "s")

        def cell(b: Body, i: Var, j: Var) -> list[Any]:
            v = get(b, x, i, j)
            b.let(Add(r, (i, j), v))
            b.let(Add(s, (), v))
            return [v]

        def inside(c: Body) -> list[Any]:
            return [loop(c, N, lambda b, i: [loop(b, M, lambda b, j: cell(b, i, j), name="j")])]

        return list(b.let(Accum((a, Lit(0.0, REAL)), (r, s), block(inside)), reals(N, M), reals(N, M), reals()))

    made = agrees(func([reals(N, M), reals(N, M)], whole))
    (left,) = [x.expr for x in all_lets(made.body) if isinstance(x.expr, Accum)]  # pyright: ignore
    assert [r.ty.shape for r in left.refs] == [()]
