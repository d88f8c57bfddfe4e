"""Values between cells: a grid with a border of zeros gives what `fixed` gives, and so do its derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from rosesim import Real, Vec, fn, value_and_grad
from rosesim.scenes.kit import bordered, multilinear

SHAPE = 3, 4


@fn
def masked(p: Vec[Vec[Real, 4], 3], y: Real, x: Real) -> Real:
    return multilinear(p, (y, x), SHAPE, "fixed")


@fn
def framed(p: Vec[Vec[Real, 4], 3], y: Real, x: Real) -> Real:
    return multilinear(bordered(p, SHAPE), (y, x), SHAPE, "bordered")


@pytest.mark.parametrize("y", [-1e300, -3.0, -1.0, -0.4, 0.0, 1.3, 2.0, 2.7, 3.0, 7.5])
@pytest.mark.parametrize("x", [-2.0, -1.0, -0.999, 0.0, 2.5, 3.0, 3.001, 4.0, 4.5, 1e18])
def test_a_border_of_zeros_is_what_lies_beyond(y: float, x: float):
    """By the grid and by the place; the slope at a cell is that of the side to which the place grows."""
    p = np.random.default_rng(0).normal(size=SHAPE)
    (value, slopes), (wanted, theirs) = (value_and_grad(f, wrt=(0, 1, 2))(p, y, x) for f in (framed, masked))
    assert value == pytest.approx(wanted, rel=0.0, abs=1e-14)
    for a, b in zip(slopes, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=0.0, atol=1e-14)
