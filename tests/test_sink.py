"""Additions move into the loops that make what is added, where that changes no bit, and stay where it would."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ir_kit import Body, at, block, func, real, reals, ref, whole

from rosesim import Real, Vec, fn, grad, sum, tanh
from rosesim.ad import interp
from rosesim.ad.check import check
from rosesim.ad.ir import (
    Accum,
    Add,
    Atom,
    Block,
    Func,
    Get,
    Let,
    Loop,
    Stack,
    SubRef,
    Var,
    all_lets,
    index_ty,
    reachable,
)
from rosesim.codegen import compile_func
from rosesim.codegen.sink import sunk

N = 5


def squares(b: Body, x: Atom, *, upto: Atom | None = None, twice: bool = False) -> Any:
    """A loop whose output is the squares of x, or of the rows of x."""
    i = Var(index_ty(N), "i")

    def body(c: Body) -> list[Atom]:
        v = c.let(Get(x, (i,)), x.ty.at(1))
        square = c.op("mul", v, v)
        return [square, square] if twice else [square]

    tys = [reals(N)] * (2 if twice else 1)
    return b.let(Loop(N, i, (), (), block(body), upto), *tys)


def adding(write: Callable[[Body, Atom, Var], None]) -> Func:
    """x, start to what `write` adds to a ref that begins as start."""

    def whole_function(b: Body, x: Atom, start: Atom) -> Atom:
        r = Var(ref(reals(N)), "r")

        def inside(c: Body) -> list[Atom]:
            write(c, x, r)
            return []

        return b.let(Accum((start,), (r,), block(inside)), reals(N))

    return func([reals(N), reals(N)], whole_function)


def adds(f: Func) -> list[Add]:
    assert isinstance(f.body, Block)
    return [let.expr for let in all_lets(f.body) if isinstance(let.expr, Add)]


def outputs(f: Func) -> int:
    """Arrays that loops give."""
    assert isinstance(f.body, Block)
    lets: list[Let] = [let for let in all_lets(f.body) if isinstance(let.expr, Loop)]
    return len([v for let in lets for v in let.outs])


def same_bits(f: Func) -> None:
    check(sunk(f))
    rng = np.random.default_rng(0)
    x, start = rng.normal(size=N), rng.normal(size=N)
    wanted = np.asarray(interp.run(f, [x, start])[0])
    assert np.asarray(interp.run(sunk(f), [x, start])[0]).tobytes() == wanted.tobytes()
    assert np.asarray(compile_func(f, math="strict")(x, start)[0]).tobytes() == wanted.tobytes()


def test_an_output_that_is_only_added_is_added_in_the_loop():
    f = adding(lambda c, x, r: c.let(Add(r, (), squares(c, x))))
    (add,) = adds(sunk(f))
    assert len(add.idx) == 1 and isinstance(add.v, Var) and not add.v.ty.shape
    assert outputs(f) == 1 and outputs(sunk(f)) == 0
    same_bits(f)


def twice_used(c: Body, x: Atom, r: Var) -> None:
    v = squares(c, x)
    c.let(Add(r, (), v))
    c.let(Add(r, (), v))


def another_addition_between(c: Body, x: Atom, r: Var) -> None:
    v = squares(c, x)
    c.let(Add(r, (), x))
    c.let(Add(r, (), v))


def another_addition_in_the_loop(c: Body, x: Atom, r: Var) -> None:
    i = Var(index_ty(N), "i")

    def body(d: Body) -> list[Atom]:
        v = d.let(Get(x, (i,)), reals())
        d.let(Add(r, (i,), real(1e16)))
        return [v]

    c.let(Add(r, (), c.let(Loop(N, i, (), (), block(body)), reals(N))))


@pytest.mark.parametrize("write", [twice_used, another_addition_between, another_addition_in_the_loop])
def test_an_addition_stays_where_moving_it_would_change_the_sum_or_is_no_gain(write: Callable[..., None]):
    f = adding(write)
    assert outputs(sunk(f)) == outputs(f) == 1
    same_bits(f)


def rows_of(start: Atom, b: Body, inside: Callable[[Body, Var], None]) -> Var:
    """The second row of two, both beginning as start, after what `inside` adds to them."""
    r = Var(ref(reals(2, N)), "r")

    def body(c: Body) -> list[Atom]:
        inside(c, r)
        return []

    both = b.let(Stack((start, start)), reals(2, N))
    made = b.let(Accum((both,), (r,), block(body)), reals(2, N))
    return b.let(Get(made, (at(1, 2),)), reals(N))


def test_an_addition_at_an_index_made_after_the_loop_stays():
    def whole_function(b: Body, x: Atom, start: Atom) -> Atom:
        def inside(c: Body, r: Var) -> None:
            v = squares(c, x)
            row = c.op("floor_clamp", c.let(Get(x, (at(0, N),)), reals()), whole(2), ty=index_ty(2))
            c.let(Add(r, (row,), v))

        return rows_of(start, b, inside)

    f = func([reals(N), reals(N)], whole_function)
    assert outputs(sunk(f)) == outputs(f) == 1
    same_bits(f)


def test_an_addition_to_a_ref_that_is_known_by_another_name_too_stays():
    def whole_function(b: Body, x: Atom, start: Atom) -> Atom:
        def inside(c: Body, r: Var) -> None:
            row = c.let(SubRef(r, (at(1, 2),)), ref(reals(N)))
            v = squares(c, x)
            c.let(Add(row, (at(2, N),), real(1e16)))
            c.let(Add(r, (at(1, 2),), v))

        return rows_of(start, b, inside)

    f = func([reals(N), reals(N)], whole_function)
    assert outputs(sunk(f)) == outputs(f) == 1
    same_bits(f)


def test_two_outputs_for_one_ref_keep_their_order():
    """The first is taken in; the second would then come before it at some elements, and stays."""

    def write(c: Body, x: Atom, r: Var) -> None:
        i = Var(index_ty(N), "i")

        def body(d: Body) -> list[Atom]:
            v = d.let(Get(x, (i,)), reals())
            return [v, d.op("mul", v, real(1e-17))]

        a, b = c.let(Loop(N, i, (), (), block(body)), reals(N), reals(N))
        c.let(Add(r, (), a))
        c.let(Add(r, (), b))

    f = adding(write)
    assert outputs(sunk(f)) == 1
    same_bits(f)


def test_the_gradient_of_a_layer_writes_no_matrix_but_its_own():
    """Down to the scalars, through the sum that the transpose makes of the layer's inputs."""

    def layer(w: Vec[Vec[Real, 40], 30], x: Vec[Real, 40]) -> Real:
        y = w @ x
        return sum(30, lambda i: tanh(y[i]))

    @fn
    def many(w: Vec[Vec[Real, 40], 30], x: Vec[Real, 40]) -> Real:
        return sum(7, lambda k: layer(w, x * (1.0 + 0.1 * k)))

    f = grad(many).compile().traced.func
    before, after = ([a for g in reachable(h) for a in adds(g) if a.v.ty.size == 30 * 40] for h in (f, sunk(f)))
    assert before and not after
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(30, 40)) / 5, rng.normal(size=40)
    by_w, _ = grad(many)(w, x)
    wanted = np.zeros_like(w)
    for k in range(7):
        scaled = x * (1.0 + 0.1 * k)
        wanted += np.outer(1 - np.tanh(w @ scaled) ** 2, scaled)
    assert by_w == pytest.approx(wanted, rel=1e-12)
