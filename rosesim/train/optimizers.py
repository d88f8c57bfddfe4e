"""Optimisers: functions from a point and its gradient, as flat vectors, to the next point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Update = Callable[[Vector, Vector], Vector]


def gradient_descent(learning_rate: float) -> Update:
    """x - learning_rate * gradient.

    >>> gradient_descent(0.5)(np.array([1.0]), np.array([0.2]))
    array([0.9])
    """
    return lambda x, gradient: x - learning_rate * gradient


OPTIMIZERS: dict[str, Callable[[float], Update]] = {"gd": gradient_descent}
"""Each optimiser by the name that the command line knows it by; called with the learning rate."""
