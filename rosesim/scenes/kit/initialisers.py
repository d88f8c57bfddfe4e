"""Initial params: random numbers for weights."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def normal(rng: np.random.Generator, shape: tuple[int, ...], deviation: float) -> NDArray[np.float64]:
    """Independent normal numbers of mean 0 and this standard deviation.

    >>> normal(np.random.default_rng(0), (2, 3), 0.1).shape
    (2, 3)
    """
    return rng.normal(0.0, deviation, shape)


def glorot(outputs: int, inputs: int) -> float:
    """The deviation that keeps the size of signals through a layer (Glorot and Bengio, AISTATS 2010, eq. 12).

    >>> glorot(6, 2)
    0.5
    """
    return math.sqrt(2 / (outputs + inputs))


def uniform(rng: np.random.Generator, shape: tuple[int, ...], bound: float) -> NDArray[np.float64]:
    """Independent numbers, each equally likely anywhere in -bound .. bound.

    >>> w = uniform(np.random.default_rng(0), (2, 3), 0.1)
    >>> w.shape, bool(np.abs(w).max() < 0.1)
    ((2, 3), True)
    """
    return rng.uniform(-bound, bound, shape)
