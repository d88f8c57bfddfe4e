"""Long blocks cut into functions: what is computed stays, and little is handed from one to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled_kit import agree, loop_over
from ir_kit import Body, at, func, reals
from random_programs import Draw, arguments

from rosesim import Real, Vec, fn, scan, vec
from rosesim.ad.language.types import REAL as REAL_TYPE
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import REAL, Block, Call, Func, Get, Loop, Opaque, Var, all_lets, reachable
from rosesim.codegen.passes import split


@pytest.mark.usefixtures("calls_stay_calls")
def test_blocks_cut_into_pieces_compute_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "LONG_LETS", 3)
    monkeypatch.setattr(split, "PIECE_LETS", 4)
    monkeypatch.setattr(split, "SMALL_VIEW_ELEMENTS", 30)
    for seed in range(25):
        f = Draw(seed).program()
        if not any(p.ty.ref for p in f.params):
            cut, pieces = split.split(f)
            check(cut)
            assert pieces
            agree(f, *arguments(f, seed))


def names(f: Func) -> list[str]:
    return [g.name for g in reachable(f)]


def chain(n: int) -> Func:
    """A function of n lets, each of the one before."""

    def write(b: Body, x: Var) -> Any:
        for _ in range(n):
            x = b.op("neg", x)
        return x

    return func([REAL], write)


def test_a_function_of_no_long_block_stays_the_very_same() -> None:
    f = chain(split.LONG_LETS)
    assert split.split(f) == (f, set())
    g = Func("g", (Var(REAL),), Opaque(lambda x: (x,), (REAL,)))
    assert split.split(g) == (g, set())


def test_a_longer_one_becomes_a_row_of_calls_of_about_equal_pieces() -> None:
    f = chain(split.LONG_LETS + 1)
    cut, pieces = split.split(f)
    check(cut)
    assert names(cut) == ["f_piece"] * len(pieces) + ["f"] and pieces == set(reachable(cut)[:-1])
    sizes = sorted(len(g.body.lets) for g in pieces if isinstance(g.body, Block))
    assert sizes == [split.LONG_LETS + 1 - 3 * split.PIECE_LETS, *[split.PIECE_LETS] * 3]


def test_what_is_inlined_again_counts_where_it_is_called() -> None:
    """A caller of many small functions is as long as their bodies; longer ones stay functions and count once."""
    for length, counted in ((split.SMALL, split.SMALL), (split.SMALL + 1, 0)):
        small = chain(length)
        calls = split.LONG_LETS // (1 + counted)

        def write(b: Body, x: Var, small: Func = small, calls: int = calls, more: int = 0) -> Any:
            for _ in range(calls + more):
                x = b.let(Call(small, (x,)), REAL)
            return x

        f = func([REAL], write)
        assert split.split(f)[0] is f
        longer = func([REAL], lambda b, x, write=write: write(b, x, more=1))
        assert split.split(longer)[0] is not longer


def test_a_block_within_a_loop_is_cut_there_and_callers_call_what_was_made() -> None:
    inner = func(
        [REAL], lambda b, x: loop_over(b, 3, [x], lambda b, i, c: [doubled(b, c, split.LONG_LETS + 1)]), "inner"
    )
    f = func([REAL], lambda b, x: b.let(Call(inner, (x,)), REAL))
    cut, pieces = split.split(f)
    check(cut)
    assert names(cut)[-2:] == ["inner", "f"] and {g.name for g in pieces} == {"inner_piece"}
    (loop,) = (
        let.expr
        for g in reachable(cut)
        if isinstance(g.body, Block)
        for let in g.body.lets
        if isinstance(let.expr, Loop)
    )
    assert isinstance(loop, Loop) and all(isinstance(let.expr, Call) for let in loop.body.lets)


def doubled(b: Body, x: Var, n: int) -> Var:
    for _ in range(n):
        x = b.op("add", x, x)
    return x


def test_a_view_is_no_result_of_a_piece_but_made_again_where_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "LONG_LETS", 10)
    monkeypatch.setattr(split, "PIECE_LETS", 5)
    row = reals(split.SMALL_VIEW_ELEMENTS + 1)

    def write(b: Body, x: Var, y: Var) -> Any:
        view = b.let(Get(x, (at(1, 3),)), row)
        y = doubled(b, y, 12)
        return b.op("add", y, b.let(Get(view, (at(0, row.size),)), REAL))

    cut, pieces = split.split(func([reals(3, row.size), REAL], write))
    check(cut)
    assert pieces and not any(t == row for f in pieces for t in (*f.results, *(p.ty for p in f.params)))


@pytest.fixture
def quarters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are long, and pieces too, from a quarter of the usual length on."""
    for name in ("LONG_LETS", "PIECE_LETS"):
        monkeypatch.setattr(split, name, getattr(split, name) // 4)


@pytest.mark.usefixtures("quarters")
def test_no_piece_hands_on_more_than_a_few_numbers_by_themselves() -> None:
    """The return type of a function stands in each of its calls and at each of its ends, number by number."""

    @fn
    def kept(x: Real) -> Real:
        values = [x * (1.0 + 1e-4 * k) + 1.0 / (k + 1) for k in range(split.LONG_LETS)]
        total = x
        for v in reversed(values):  # all of them are in sight at once
            total = total * 0.5 + v
        return total

    whole, pieces = split.split(kept.traced((REAL_TYPE,)).func)
    assert len(pieces) > 3
    for f in reachable(whole):
        assert sum(1 for t in f.results if not t.shape) <= 12 and len(f.params) <= 40
    total = 2.0
    for k in reversed(range(split.LONG_LETS)):
        total = total * 0.5 + 2.0 * (1.0 + 1e-4 * k) + 1.0 / (k + 1)
    assert kept.compile()(2.0) == pytest.approx(total, rel=1e-12)


@pytest.mark.usefixtures("quarters")
def test_a_long_step_replaces_a_row_that_it_has_read_in_place():
    """Cut into pieces, the step hands one of them the array and a row of it: still nothing is copied."""
    rows, width = 50, 100  # a row is too long to be handed on by value

    def formula(x: Any, row: Any) -> Any:
        for k in range(300):
            x = 0.5 * x + row[k % width] * (k + 1.0)
        return x

    @fn
    def run(start: Vec[Vec[Real, width], rows]):
        def step(s: Any, i: Any) -> Any:
            stack, y = s
            x = formula(y, stack[0])
            grown = scan(lambda r, t: vec(width, lambda j: 2.0 * r[j] + x), stack[i], 3)
            new = stack.at[i].set(grown)
            return new, formula(x, new[0])

        return scan(step, (start, 0.0), rows)[0]

    start = np.random.default_rng(0).normal(size=(rows, width))
    program = run.compile(start)
    whole = program.traced.func
    cut, pieces = split.split(whole)
    assert len(pieces) > 1
    for f in reachable(cut):
        assert isinstance(f.body, Block)
        lets = list(all_lets(f.body))
        base = {let.outs[0]: let.expr.x for let in lets if isinstance(let.expr, Get) and let.outs[0].ty.shape}
        for let in lets:
            if isinstance(let.expr, Call):
                assert not any(base.get(a) in let.expr.args for a in let.expr.args if isinstance(a, Var))
    expected, y = start.copy(), 0.0
    for i in range(rows):
        x = formula(y, expected[0])
        for _ in range(3):
            expected[i] = 2.0 * expected[i] + x
        y = formula(x, expected[0])
    assert np.asarray(program(start)) == pytest.approx(expected, rel=1e-12)
