"""Springs between bodies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.constants import const
from rosesim.ad.language.control.accumulate import accumulate
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import for_each, vec
from rosesim.ad.language.linalg import norm
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import is_traced


def spring_impulses(
    position: Vec[Vec[Real, 2], ...],
    ends: NDArray[np.integer[Any]],
    rest: Any,
    stiffness: Any,
    h: float,
    softening: float = 0.0,
) -> Vec[Vec[Real, 2], ...]:
    """The changes that linear springs make to the velocities of bodies of mass 1 in a time step h, of shape (n, 2).

    Spring k joins the bodies `ends[k]` (integers of shape (m, 2), known while tracing). `rest` and
    `stiffness` are m numbers each: arrays, or traced vectors where they are tuned or actuated. With
    d = x_p - x_q and L = |d| + softening the force on p is -stiffness (L - rest) d / L, that on q the
    opposite (Hooke). A spring whose ends meet has no direction and exerts no force. `softening`, a length, is
    DiffTaichi's way to keep it smooth there (Hu et al., ICLR 2020: 1e-4).

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def pull(x: Vec[Vec[Real, 2], 2]) -> Vec[Vec[Real, 2], 2]:
    ...     return spring_impulses(x, np.array([[0, 1]]), np.array([1.0]), np.array([10.0]), h=0.1)
    >>> np.round(pull([[0.0, 0.0], [2.0, 0.0]])[:, 0], 3)
    array([ 1., -1.])
    >>> pull([[1.0, 0.0], [1.0, 0.0]])[0] + 0.0
    array([0., 0.])
    """
    m = len(ends)
    p, q = const(ends[:, 0]), const(ends[:, 1])
    rest, stiffness = (const(v) if isinstance(v, np.ndarray) else v for v in (rest, stiffness))

    def all_springs(impulse: Any) -> None:
        def one(k: Any) -> None:
            d = position[p[k]] - position[q[k]]
            given = strength(h * stiffness[k], norm(d), rest[k], softening) * d
            impulse.at[p[k]].add(-given)
            impulse.at[q[k]].add(given)

        for_each(m, one)

    return accumulate(Vec[Vec[Real, 2], len(position)], all_springs)


def strength(stiffness: Any, length: Real, rest: Any, softening: float) -> Real:
    """The force of a spring divided by its length; where its ends meet, as if its rest length were 0."""
    if softening > 0:
        length = length + softening
        return stiffness * (length - rest) / length
    return stiffness * (1.0 - select(length > 0, rest / length, 0.0))


def strains(position: Any, ends: NDArray[np.integer[Any]], rest: Any) -> Any:
    """The extension of each spring divided by its rest length, for drawing: of traced values, or of NumPy's.

    >>> strains([[0.0, 0.0], [1.5, 0.0]], np.array([[0, 1]]), [1.0])
    array([0.5])
    """
    if is_traced(position) or is_traced(rest):
        p, q = const(ends[:, 0]), const(ends[:, 1])
        return vec(len(ends), lambda k: norm(position[p[k]] - position[q[k]])) / rest - 1.0
    x = np.asarray(position)
    return np.linalg.norm(x[ends[:, 0]] - x[ends[:, 1]], axis=1) / np.asarray(rest) - 1.0
