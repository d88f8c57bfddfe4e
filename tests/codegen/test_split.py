"""Long blocks cut into functions: what is computed stays, and little is handed from one to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled_kit import agree
from random_programs import Draw, arguments

from rosesim import Real, Vec, fn, scan, vec
from rosesim.ad.language.types import REAL as REAL_TYPE
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Block, Call, Get, Var, all_lets, reachable
from rosesim.codegen.passes import split


@pytest.mark.usefixtures("calls_stay_calls")
def test_blocks_cut_into_pieces_compute_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "LONG", 3)
    monkeypatch.setattr(split, "PIECE", 4)
    monkeypatch.setattr(split, "SMALL_VIEW", 30)
    for seed in range(60):
        f = Draw(seed).program()
        if not any(p.ty.ref for p in f.params):
            cut, pieces = split.split(f)
            check(cut)
            assert pieces
            agree(f, *arguments(f, seed))


def test_no_piece_hands_on_more_than_a_few_numbers_by_themselves() -> None:
    """The return type of a function stands in each of its calls and at each of its ends, number by number."""

    @fn
    def kept(x: Real) -> Real:
        values = [x * (1.0 + 1e-4 * k) + 1.0 / (k + 1) for k in range(split.LONG)]
        total = x
        for v in reversed(values):  # all of them are in sight at once
            total = total * 0.5 + v
        return total

    whole, pieces = split.split(kept.traced((REAL_TYPE,)).func)
    assert len(pieces) > 3
    for f in reachable(whole):
        assert sum(1 for t in f.results if not t.shape) <= 12 and len(f.params) <= 40
    total = 2.0
    for k in reversed(range(split.LONG)):
        total = total * 0.5 + 2.0 * (1.0 + 1e-4 * k) + 1.0 / (k + 1)
    assert kept.compile()(2.0) == pytest.approx(total, rel=1e-12)


def test_a_long_step_replaces_a_row_that_it_has_read_in_place():
    """Cut into pieces, the step hands one of them the array and a row of it: still nothing is copied."""
    rows, width = 50, 100  # a row is too long to be handed on by value

    def formula(x: Any, row: Any) -> Any:
        for k in range(1200):
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
    whole = run.compile(start).traced.func
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
    assert np.asarray(run(start)) == pytest.approx(expected, rel=1e-12)
