"""What a reverse pass stores and what it computes again: counted, and read off the two halves of small programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from ir_kit import Body, at, block, func, real, reals, ref
from shown import program

from rosesim import Index, Real, Vec, fn, grad, scan, sin, vec
from rosesim.ad.derive.forward import jvp_func
from rosesim.ad.derive.reverse.recompute import (
    MEMORY_RATIO,
    RECOMPUTED_TIMES,
    STORE_ADDITIONS,
    plan,
    plan_loop,
    recompute_all,
)
from rosesim.ad.derive.reverse.transpose import transpose
from rosesim.ad.language.mathematics import unit
from rosesim.ad.program.cost import work
from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    Add,
    Block,
    Call,
    Cond,
    Fill,
    Func,
    Get,
    Let,
    Op,
    Put,
    Var,
    all_lets,
    reachable,
)

x = Var(REAL, "x")


def lets(write: Callable[[Body], object]) -> tuple[Let, ...]:
    body = Body()
    write(body)
    return tuple(body.lets)


def ops(again: Sequence[Let]) -> list[str]:
    return [let.expr.name for let in again if isinstance(let.expr, Op)]


# ------------------------------------------------------------------------------------- straight code


def test_what_is_cheap_is_computed_again_and_what_is_dear_is_stored() -> None:
    def write(b: Body) -> None:
        cheap = b.op("add", x, x)
        dear = b.op("sin", cheap)
        b.op("mul", dear, dear)

    (cheap, dear, product) = made = lets(write)
    found = plan(made, product.outs)
    assert work(dear.expr) >= STORE_ADDITIONS > work(product.expr)
    assert (found.stored, found.recomputed) == (dear.outs, (product,))
    assert found.numbers == 1 and found.work == work(product.expr)
    assert found.reads == {*product.outs, *dear.outs}
    assert plan(made, cheap.outs).recomputed == (cheap,)


def test_an_array_has_to_be_as_dear_as_all_its_numbers() -> None:
    """The logarithm pays for one number, and would not for a hundred."""
    n = 100
    filled = Let((Var(reals(n)),), Fill(x))
    replaced = Let((Var(reals(n)),), Put(filled.outs[0], (at(0, n),), x))
    found = plan((filled, replaced), replaced.outs)
    assert (found.stored, found.recomputed) == ((), (filled, replaced))


def test_nothing_is_kept_that_nobody_reads() -> None:
    def write(b: Body) -> None:
        b.op("sin", x)
        b.op("add", x, x)

    dear, cheap = made = lets(write)
    assert plan(made, cheap.outs).stored == ()
    assert plan(made, ()).recomputed == ()
    assert plan(made, dear.outs).stored == dear.outs


def test_what_adds_to_an_accumulator_around_it_is_not_run_a_second_time() -> None:
    r = Var(ref(REAL))
    callee = func([r.ty, REAL], lambda b, r, y: (b.let(Add(r, (), y)), b.op("neg", y))[1])
    call = Let((Var(REAL),), Call(callee, (r, x)))
    assert work(call.expr) < STORE_ADDITIONS
    assert plan((call,), call.outs).stored == call.outs


def test_what_would_have_to_be_read_is_avoided() -> None:
    def write(b: Body) -> None:
        b.op("add", b.op("mul", x, x), x)

    made = lets(write)
    total = made[-1]
    assert plan(made, total.outs).stored == ()
    assert plan(made, total.outs, avoid=frozenset((x,))).stored == total.outs


def test_without_storing_all_is_computed_again() -> None:
    def write(b: Body) -> None:
        b.op("sin", b.op("exp", x))

    made = lets(write)
    found = recompute_all(made, made[-1].outs)
    assert found.stored == () and ops(found.recomputed) == ["exp", "sin"]
    assert found.reads == {x, *made[-1].outs}


# ------------------------------------------------------------------------------ loops, calls, branches


def test_blocks_are_computed_again_until_their_work_would_be_done_more_than_twice() -> None:
    """Each is cheaper than what is worth storing; the reverses within them have run again what they could."""
    p = Var(BOOL)
    side = block(lambda b: b.op("add", x, x))
    branch = Let((Var(REAL),), Cond(p, side, block(lambda b: [x])))
    square = Let((Var(REAL),), Op("mul", (branch.outs[0], x)))
    made = (branch, square)
    total = sum(work(let.expr) for let in made)
    assert plan(made, square.outs, nested_work=(RECOMPUTED_TIMES - 1) * total).stored == ()
    assert plan(made, square.outs, nested_work=(RECOMPUTED_TIMES - 1) * total + 1).stored == branch.outs
    assert plan(made, square.outs, nested_work=1e9).recomputed == (square,)  # what is no block is cheap again


def carrying(n: int, *, factor: float) -> tuple[tuple[Let, ...], Var, Var]:
    """Of a loop's body: an array carry that is changed, and one number of it that its reverse reads."""
    carry = Var(reals(n))

    def write(b: Body) -> None:
        first = b.let(Get(carry, (at(0, n),)), REAL)
        b.op("mul", first, real(factor))

    made = lets(write)
    return made, made[-1].outs[0], carry


def test_the_history_of_a_large_carry_is_not_kept_for_a_few_numbers() -> None:
    made, root, carry = carrying(MEMORY_RATIO + 1, factor=2.0)
    found, history = plan_loop(made, [root], [carry], 0.0)
    assert (found.stored, history) == (made[0].outs, ())
    made, root, carry = carrying(MEMORY_RATIO, factor=2.0)
    found, history = plan_loop(made, [root], [carry], 0.0)
    assert (found.stored, history) == ((), (carry,))


def test_a_carry_that_the_reverse_does_not_need_has_no_history() -> None:
    made, _, carry = carrying(3, factor=2.0)
    assert plan_loop(made, [], [carry], 0.0)[1] == ()


def kept(f: Any, *args: Any) -> list[tuple[int, ...]]:
    """The shapes of what the forward half of a gradient stores for the reverse half."""
    made = program(f, *args)
    pair = transpose(jvp_func(made, (True,) * len(made.params))[0])
    return [v.ty.shape for v in pair.stored]


def test_a_cheap_loop_is_run_again_and_a_dear_one_keeps_a_number_a_step() -> None:
    squares: Callable[[Any, Any], Any] = lambda c, i: c * c
    sines: Callable[[Any, Any], Any] = lambda c, i: sin(c)
    doubles: Callable[[Any, Any], Any] = lambda c, i: c * 2.0
    assert kept(lambda v: scan(squares, v, 50), 1.0) == []
    assert kept(lambda v: scan(sines, v, 50), 1.0) == [(50,)]  # the cosine, of which the slope is made
    assert kept(lambda v: scan(doubles, v, 50), 1.0) == []


def test_a_parameter_is_never_stored() -> None:
    assert kept(lambda v, w: v * w, 1.0, 1.0) == []


def operators(f: Func, name: str) -> int:
    """How often an operator is written in a program."""
    bodies = [g.body for g in reachable(f) if isinstance(g.body, Block)]
    return sum(isinstance(let.expr, Op) and let.expr.name == name for body in bodies for let in all_lets(body))


def test_a_layers_outputs_are_stored_and_not_computed_again():
    """Each costs a tanh, and is both the layer's result and what its slope 1 - tanh^2 needs: kept once."""

    @fn
    def f(x: Vec[Real, 8], w: Vec[Vec[Real, 8], 8]) -> Real:
        def step(x: Vec[Real, 8], t: Index) -> Vec[Real, 8]:
            y = w @ x
            hidden = vec(8, lambda i: unit(y[i]))
            z = w @ hidden
            return vec(8, lambda i: x[i] + 0.1 * z[i])

        return scan(step, x, 50)[0]

    made = grad(f).compile().traced.func
    assert operators(made, "unit") == 1
    x, w = np.linspace(-1, 1, 8), np.random.default_rng(0).normal(size=(8, 8)) / 3
    states = [x]
    for _ in range(50):
        states.append(states[-1] + 0.1 * w @ np.tanh(w @ states[-1]))
    back, by_w = np.eye(8)[0], np.zeros_like(w)
    for before in states[-2::-1]:
        hidden = np.tanh(w @ before)
        inner = 0.1 * (w.T @ back) * (1 - hidden**2)
        by_w += 0.1 * np.outer(back, hidden) + np.outer(inner, before)
        back = back + w.T @ inner
    found_x, found_w = grad(f)(x, w)
    assert found_x == pytest.approx(back, rel=1e-11)
    assert found_w == pytest.approx(by_w, rel=1e-11)
