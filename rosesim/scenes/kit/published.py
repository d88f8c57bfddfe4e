"""Contact as DiffTaichi published it: kept for the values that were published with it.

Each of these has an exact counterpart, which is what a new scene should use. Their softenings are lengths and
speeds: what they compute depends on the unit (Hu et al., DiffTaichi, ICLR 2020, and its examples).
"""

from __future__ import annotations

from rosesim.ad.control import select
from rosesim.ad.linalg import dot, norm
from rosesim.ad.mathematics import minimum
from rosesim.ad.values import Real
from rosesim.ad.vector import Vec
from rosesim.scenes.kit.contact import Bump, no_bump


def published_disc_contact(
    x_i: Vec[Real, 2],
    v_i: Vec[Real, 2],
    x_j: Vec[Real, 2],
    v_j: Vec[Real, 2],
    *,
    radius: float,
    restitution: Real | float,
    h: float,
    softening: float = 0.0,
    least_approach: float = 0.0,
    time_of_impact: bool = True,
) -> Bump:
    """What disc j does to disc i of the same radius and mass; `disc_contact` is the exact one.

    The impulse is along the line between the centres at the *end* of the step, to whose length `softening` is
    added. `time_of_impact` moves the discs as if velocities had changed when they touched, at an approach
    of at least `least_approach`. Off centre the value is right to first order in h, and its derivative is wrong
    whatever h: where the step's end falls after the touch changes with where the discs were, and the direction
    with it.

    >>> import numpy as np
    >>> from rosesim import const, fn
    >>> @fn
    ... def oblique(x: Real, y: Real) -> Bump:
    ...     here, still = const(np.array([0.0, 0.0])), const(np.array([0.0, 0.0]))
    ...     there = here.at[0].set(x).at[1].set(y)
    ...     return published_disc_contact(
    ...         here, here.at[0].set(1.0), there, still, radius=0.5, restitution=1.0, h=0.1)
    >>> np.round(oblique(0.85, 0.6).impulse, 3)  # (-0.64, -0.48) is right
    array([-0.61, -0.488])
    """
    d = (x_i + h * v_i) - (x_j + h * v_j)
    distance = norm(d)
    u = d / (distance + softening)
    approach = dot(u, v_i - v_j)
    impulse = -(1 + restitution) / 2 * approach * u
    if time_of_impact:
        tau = (distance - 2 * radius) / minimum(-least_approach, approach)
        shift = minimum(tau - h, 0.0) * impulse
    else:
        shift = 0.0 * impulse
    return select((distance < 2 * radius) & (approach < 0), Bump(impulse, shift), no_bump())
