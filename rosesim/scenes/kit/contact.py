"""Contact that knows when it happened.

A contact changes velocities in one step, at whatever moment within the step bodies touched. If the rest of
the step ignores that moment, the picture looks the same, but where things end no longer depends on where
they touched, and the derivative with respect to places is wrong (Hu et al., DiffTaichi, ICLR 2020, section
on time of impact). Both contacts here take it into account.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rosesim.ad.control import select
from rosesim.ad.linalg import dot, norm
from rosesim.ad.mathematics import minimum
from rosesim.ad.values import Real
from rosesim.ad.vector import Struct, Vec, const
from rosesim.scenes.kit.bodies import Body

LEAST_APPROACH = 1e-3
"""Discs that approach more slowly are taken to approach so fast: the time since a touch stays bounded."""
LEAST_FALL = 1e-4
"""A body that falls onto the ground more slowly than this is not stopped: it lies there already."""


@dataclass(frozen=True)
class Bump(Struct):
    """What one contact does to one body in a step."""

    impulse: Vec[Real, 2]
    """Added to its velocity."""
    shift: Vec[Real, 2]
    """Added to its place, beyond the step's motion with the new velocity."""


def no_bump() -> Bump:
    """What a body feels that touches nothing.

    >>> from rosesim import fn
    >>> @fn
    ... def nothing():
    ...     return no_bump()
    >>> nothing()
    Bump(impulse=array([0., 0.]), shift=array([0., 0.]))
    """
    return Bump(const(np.zeros(2)), const(np.zeros(2)))


def opposite(bump: Bump) -> Bump:
    """What the other of two bodies of equal mass feels.

    >>> from rosesim import fn, Vec, Real
    >>> @fn
    ... def back(push: Vec[Real, 2]):
    ...     return opposite(Bump(push, push))
    >>> back([1.0, 2.0])
    Bump(impulse=array([-1., -2.]), shift=array([-1., -2.]))
    """
    return Bump(-bump.impulse, -bump.shift)


def disc_contact(
    x_i: Vec[Real, 2],
    v_i: Vec[Real, 2],
    x_j: Vec[Real, 2],
    v_j: Vec[Real, 2],
    *,
    radius: float,
    restitution: Real | float,
    h: float,
    time_of_impact: bool = True,
) -> Bump:
    """What disc j does to disc i of the same radius and mass in a time step h.

    Nothing where they do not touch at the step's end or move apart. `restitution` is 1 where nothing is
    lost and 0 where they do not bounce. The discs touch at a time before the end of the step; moving on
    from there with the new velocity makes the end of the step depend on *when* they touched, and so on
    where they were. `time_of_impact=False` leaves that out: the same picture, another derivative.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def head_on(x: Real) -> Bump:
    ...     here, at_rest = const(np.array([0.0, 0.0])), const(np.array([0.0, 0.0]))
    ...     there = here.at[0].set(x)
    ...     moving = here.at[0].set(1.0)
    ...     return disc_contact(here, moving, there, at_rest, radius=0.5, restitution=1.0, h=0.1)
    >>> np.round(head_on(1.05).impulse[:1], 4), np.round(head_on(1.2).impulse[:1], 4)
    (array([-1.]), array([0.]))
    """
    d = (x_i + h * v_i) - (x_j + h * v_j)
    distance = norm(d)
    u = d / (distance + 1e-6)  # finite where two discs coincide
    approach = dot(u, v_i - v_j)
    impulse = -(1 + restitution) / 2 * approach * u
    if time_of_impact:
        tau = (distance - 2 * radius) / minimum(-LEAST_APPROACH, approach)
        shift = minimum(tau - h, 0.0) * impulse
    else:
        shift = 0.0 * impulse
    return select((distance < 2 * radius) & (approach < 0), Bump(impulse, shift), no_bump())


def ground_contact(x: Vec[Real, 2], v: Vec[Real, 2], *, ground: float, h: float) -> Body:
    """Position and velocity of one body at the end of a time step h, above a ground that holds what touches it.

    `x` is the place before the step, `v` the velocity that all forces have given it. A body that would
    end below `ground` moves with v until the moment it touches, and from then on not at all.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def fall(x: Vec[Real, 2], v: Vec[Real, 2]):
    ...     return ground_contact(x, v, ground=0.0, h=0.1)
    >>> fall([0.0, 1.0], [1.0, -2.0])  # in the air
    Body(position=array([0.1, 0.8]), velocity=array([ 1., -2.]))
    >>> fall([0.0, 0.1], [1.0, -2.0])  # touches after half of the step
    Body(position=array([0.05, 0.  ]), velocity=array([0., 0.]))
    """
    touches = (x[1] + h * v[1] < ground) & (v[1] < -LEAST_FALL)
    tau = select(touches, -(x[1] - ground) / v[1], 0.0)
    after = select(touches, const(np.zeros(2)), v)
    return Body(x + tau * v + (h - tau) * after, after)
