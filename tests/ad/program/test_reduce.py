"""Folds over all elements of an array: each against NumPy or Python, by the interpreter."""

import functools
import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rosesim.ad.program.builder import Builder
from rosesim.ad.program.interp import run
from rosesim.ad.program.ir import BOOL, REAL, Atom, BoolT, FloatT, Func, Ty, Var
from rosesim.ad.program.reduce import anywhere, largest_magnitude, summed, total

SHAPES = [(), (5,), (3, 4), (2, 3, 4), (0,), (3, 0)]


def value(fold: Callable[[Builder, Atom], Atom], x: Any) -> Any:
    b = Builder()
    scalar = BoolT() if x.dtype == bool else FloatT()
    p = Var(Ty(scalar, x.shape))
    out = fold(b, p)
    assert out.ty == (BOOL if x.dtype == bool else REAL)
    return run(Func("fold", (p,), b.block([out])), (x if x.shape else x.item(),))[0]


@pytest.mark.parametrize("shape", SHAPES)
def test_total_adds_one_element_after_the_other(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape) * 1e8
    assert value(total, x) == (list(itertools.accumulate(x.ravel())) or [0.0])[-1]


@pytest.mark.parametrize("shape", SHAPES)
def test_summed_adds_a_sum_for_each_row(shape: tuple[int, ...]) -> None:
    def rows(x: Any) -> float:
        # Not by `sum`, which from Python 3.12 on corrects its rounding.
        return functools.reduce(operator.add, map(rows, x), 0.0) if x.shape else float(x)

    x = np.random.default_rng(1).normal(size=shape) * 1e8
    assert value(summed, x) == rows(x)
    assert math.isclose(value(summed, x), x.sum(), rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_largest_magnitude_may_be_of_a_negative_number(shape: tuple[int, ...]) -> None:
    x = -np.abs(np.random.default_rng(2).normal(size=shape))
    assert value(largest_magnitude, x) == np.abs(x).max(initial=0.0)


@pytest.mark.parametrize("shape", SHAPES)
def test_anywhere_finds_one_element_wherever_it_stands(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, bool)
    assert not value(anywhere, x)
    for place in np.ndindex(shape):
        x[...] = False
        x[place] = True
        assert value(anywhere, x)
