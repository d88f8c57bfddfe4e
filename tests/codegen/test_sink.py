"""Additions move into the loops that make what is added, where that changes no bit, and stay where it would."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ir_kit import Body, at, block, func, integer, real, reals, ref

from rosesim import Real, Vec, accumulate, cond, fn, for_each, grad, sum, tanh
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import (
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
from rosesim.codegen.passes import sink
from rosesim.codegen.passes.sink import sunk

N = 5


def squares(b: Body, x: Atom, *, upto: Atom | None = None, twice: bool = False) -> Any:
    """A loop whose output is the squares of x, or of the rows of x."""
    i = Var(index_ty(N), "i")

    def body(c: Body) -> list[Atom]:
        v = c.let(Get(x, (i,)), x.ty.at(1))
        square = c.op("mul", v, v)
        return [square, square] if twice else [square]

    tys = [reals(N)] * (2 if twice else 1)
    return b.let(Loop(n=N, index=i, inits=(), carries=(), body=block(body), upto=upto), *tys)


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

    c.let(Add(r, (), c.let(Loop(n=N, index=i, inits=(), carries=(), body=block(body)), reals(N))))


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
            row = c.op("floor_clamp", c.let(Get(x, (at(0, N),)), reals()), integer(2), ty=index_ty(2))
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

        a, b = c.let(Loop(n=N, index=i, inits=(), carries=(), body=block(body)), reals(N), reals(N))
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


# ------------------------------------------------------------------------- branches that add


@fn
def contact_forces(x: Vec[Real, N]) -> Vec[Real, N]:
    """What a branch adds to a sum of its own is added elsewhere; and a branch's result is."""

    def each(acc: Any, i: Any) -> None:
        own = accumulate(Real, lambda a: cond(x[i] > 0.0, lambda: a.add(x[i] * x[0]), lambda: None))
        acc.at[i].add(own)
        acc.at[N - 1].add(cond(x[i] < 0.5, lambda: x[i] * 3.0, lambda: Real(0.0)))

    return accumulate(Vec[Real, N], lambda acc: for_each(N, lambda i: each(acc, i)))


def forces(x: np.ndarray) -> np.ndarray:
    found = np.where(x > 0, x * x[0], 0.0)
    found[N - 1] += 3.0 * x[x < 0.5].sum()
    return found


def test_what_a_branch_adds_goes_where_it_is_wanted():
    x = np.array([0.7, -1.0, 0.2, 0.9, -0.3])
    program = contact_forces.compile(x)
    f = program.traced.func
    fast, strict = sunk(f, "fast"), sunk(f, "strict")
    for g in (fast, strict):
        check(g)
        np.testing.assert_allclose(np.asarray(interp.run(g, [x])[0]), forces(x), rtol=1e-14)
    assert isinstance(fast.body, Block) and isinstance(f.body, Block)
    accums = [[let.expr.refs for let in all_lets(b) if isinstance(let.expr, Accum)] for b in (f.body, fast.body)]
    assert len(accums[0]) == 2 and [len(refs) for refs in accums[1] if refs] == [1]
    # The side that adds zero adds nothing where additions may be simplified, and adds it where not.
    assert len(adds(fast)) == 2 and len(adds(strict)) == 4
    np.testing.assert_allclose(program(x), forces(x), rtol=1e-14)
    np.testing.assert_array_equal(contact_forces.compile(x, math="strict")(x), interp.run(f, [x])[0])


def test_a_sum_over_a_loop_stays_a_sum_of_its_own():
    @fn
    def f(x: Vec[Real, N]) -> Vec[Real, N]:
        def each(acc: Any, i: Any) -> None:
            acc.at[i].add(accumulate(Real, lambda a: for_each(N, lambda j: a.add(x[j] * x[i]))))

        return accumulate(Vec[Real, N], lambda acc: for_each(N, lambda i: each(acc, i)))

    x = np.arange(1.0, N + 1)
    program = f.compile(x)
    g = sunk(program.traced.func, "fast")
    assert isinstance(g.body, Block)
    assert len([1 for let in all_lets(g.body) if isinstance(let.expr, Accum)]) == 2  # in a register, not in memory
    np.testing.assert_allclose(program(x), x * x.sum(), rtol=1e-14)


def test_a_careless_detour_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sink, "_straight", lambda let, add: let)
    x = np.array([0.7, -1.0, 0.2, 0.9, -0.3])
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(fn(contact_forces.python).compile(x)(x), forces(x), rtol=1e-14)
