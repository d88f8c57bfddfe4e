"""A memory budget changes what a gradient keeps, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rows import kept
from support import check_gradients, interpreted

from rosesim import Index, Real, Vec, fn, grad, memory_budget, scan, sin, value_and_grad, vec, while_loop
from rosesim.ad.language import types as T
from rosesim.ad.language.compiled import Program


@fn
def scalar(x: Real) -> Real:
    return scan(lambda c, i: sin(c) * 0.9 + x * 0.003 * i, x, 37)


@fn
def vectors(x: Vec[Real, 3]) -> Any:
    def step(c: Any, i: Any) -> Any:
        moved = vec(12, lambda k: sin(c[k]) * x[Index[3].wrap(k)] + c[Index[12].wrap(k + 1)] * 0.1)
        return moved, c[3] * c[i % 12]

    count = Index[41].clamp(x[0] * 100.0)
    return scan(step, vec(12, lambda k: x[Index[3].wrap(k)]), 40, upto=count)


@fn
def stopping(x: Real) -> Real:
    return while_loop(lambda c: c < 50.0, lambda c: c * 1.1 + 0.05 * sin(c), x * x + 1.0, limit=200)


BUDGETS = [16, 48, 80, 160, 10_000]  # bytes: 2 states, 5, 9, 19, all


@pytest.mark.parametrize("size", BUDGETS)
def test_the_gradient_is_the_same_whatever_the_budget(size: int) -> None:
    whole = interpreted(value_and_grad(scalar), 0.7)
    with memory_budget(size):
        assert interpreted(value_and_grad(scalar), 0.7) == whole
        assert value_and_grad(scalar)(0.7) == pytest.approx(whole, rel=1e-14)


@pytest.mark.parametrize("size", kept([200, 1000, 3000], 200))
def test_gradients_under_a_budget_are_right(size: int) -> None:
    with memory_budget(size):
        check_gradients(vectors, [np.array([0.315, 0.2, 0.9])])
        check_gradients(stopping, [0.3])
        check_gradients(grad(scalar), [0.3])
        check_gradients(grad(stopping), [0.3], differences=1e-4)


def test_memory_follows_the_budget_and_not_the_steps() -> None:
    def bytes_of(steps: int) -> int:
        @fn
        def f(x: Vec[Real, 20]) -> Real:
            return scan(lambda c, i: vec(20, lambda k: sin(c[k]) * x[k]), x, steps)[0]

        program = Program(value_and_grad(f), (T.VecType(20, T.REAL),))
        return program.compiled.workspace_bytes

    budget = 1 << 20
    with memory_budget(budget):
        short, long = bytes_of(100_000), bytes_of(1_000_000)
    assert short == long
    assert long < 1.01 * budget  # and a little for one step
