"""Contact at the moment of touch.

A contact changes velocities at one moment within a time step, and that moment depends on where the bodies
were. A program that leaves this out draws the same picture, but its derivative is wrong (Hu et al.,
DiffTaichi, ICLR 2020, section on time of impact). So is the derivative of one that knows the moment and takes the
direction of the contact at another: where discs meet off centre, most of the derivative is in that direction.

Both contacts here find the moment, and compute everything at it. A step with one touch is then exact,
whatever its length. The formulas of DiffTaichi are in `published`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rosesim.ad.language.constants import const
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.linalg import dot, norm
from rosesim.ad.language.mathematics import sqrt
from rosesim.ad.language.values.annotations import Struct, Vec
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.real import Real
from rosesim.scenes.kit.bodies import Body

Two = float | tuple[Any, Any]
"""One number for both bodies of a pair, or one for each: a radius, a mass."""
OLDEST = 10
"""Most steps by which a touch may lie in the past. Several contacts of one disc can hide one another for a few steps.
An older overlap was set up by the user: for a slow disc its touch might lie at any distance."""


@dataclass(frozen=True)
class Bump(Struct):
    """The effect of one contact on one body in a step."""

    impulse: Vec[Real, 2]
    """Added to its velocity."""
    shift: Vec[Real, 2]
    """Added to its position, beyond the step's motion with the new velocity."""


def no_bump() -> Bump:
    """The bump of a body that touches nothing.

    >>> from rosesim import fn
    >>> @fn
    ... def nothing():
    ...     return no_bump()
    >>> nothing()
    Bump(impulse=array([0., 0.]), shift=array([0., 0.]))
    """
    return Bump(const(np.zeros(2)), const(np.zeros(2)))


def opposite(bump: Bump, mass: Two = 1.0) -> Bump:
    """The bump of the other of two bodies; `mass` is the argument that `disc_contact` was given.

    >>> from rosesim import fn, Vec, Real
    >>> @fn
    ... def back(push: Vec[Real, 2]):
    ...     return opposite(Bump(push, push)), opposite(Bump(push, push), mass=(1.0, 4.0)).impulse
    >>> back([1.0, 2.0])
    (Bump(impulse=array([-1., -2.]), shift=array([-1., -2.])), array([-0.25, -0.5 ]))
    """
    m_i, m_j = _two(mass)
    return Bump(-(m_i / m_j) * bump.impulse, -(m_i / m_j) * bump.shift)


def _two(given: Two) -> tuple[Any, Any]:
    return given if isinstance(given, tuple) else (given, given)


def discs_touch(
    x_i: Vec[Real, 2], v_i: Vec[Real, 2], x_j: Vec[Real, 2], v_j: Vec[Real, 2], *, radius: Two, h: float | Real
) -> Bool:
    """Whether two discs collide in a time step h: they approach, and meet before it ends.

    It is a few products, to guard `disc_contact` where most pairs are far apart. Discs that overlap at the
    step's beginning collide if they approach. Discs that pass through each other within the step collide too.

    >>> from rosesim import fn, Real
    >>> @fn
    ... def meet(gap: Real, h: Real):
    ...     at, still = const(np.zeros(2)), const(np.zeros(2))
    ...     return discs_touch(at, at.at[0].set(1.0), at.at[0].set(1.0 + gap), still, radius=0.5, h=h)
    >>> meet(0.05, 0.1), meet(0.2, 0.1), meet(0.2, 9.0)
    (True, False, True)
    """
    r_i, r_j = _two(radius)
    d, w, reach = x_i - x_j, v_i - v_j, r_i + r_j
    after = d + h * w
    b, ww, across = dot(d, w), dot(w, w), d[0] * w[1] - d[1] * w[0]
    # Their relative motion follows a line that passes the centre at the distance across / |w|, at the time
    # -b / ww.
    meets = across * across < ww * (reach * reach)
    return (b < 0.0) & meets & ((dot(after, after) < reach * reach) | (-b < h * ww))


def disc_contact(
    x_i: Vec[Real, 2],
    v_i: Vec[Real, 2],
    x_j: Vec[Real, 2],
    v_j: Vec[Real, 2],
    *,
    radius: Two,
    restitution: Real | float,
    h: float,
    mass: Two = 1.0,
) -> Bump:
    """The effect of disc j on disc i in a time step h: none, or a collision without friction at the touch.

    `restitution` is 1 where no energy is lost and 0 where they do not bounce. `radius` and `mass` are one number
    for both discs, or (that of i, that of j). With d = x_i - x_j and w = v_i - v_j the discs touch at the
    first tau with |d + tau w| = r_i + r_j. The line between their centres at that time is the direction of the
    impulse, and from there they move on with the new velocities. Value and derivative are those of the closed
    form. A grazing collision changes nothing, but its derivative is infinite on the side where they touch.

    The impulses of several pairs are added. If a disc is hit and thereby enters a third one within one step, the
    next step finds that touch in the past, at tau below 0, and is exact again. Discs that have overlapped for
    more than `OLDEST` steps collide as they are, at tau = 0. Two discs that hit a third one in the same step both
    use the velocities before it: momentum is conserved, but energy can grow (1.75 times where one hits two at once,
    at 30 degrees). Mechanics has no unique answer there: it depends on which is hit first.

    >>> from rosesim import fn, Real
    >>> @fn
    ... def oblique(x: Real, y: Real) -> Bump:
    ...     here, still = const(np.array([0.0, 0.0])), const(np.array([0.0, 0.0]))
    ...     there = here.at[0].set(x).at[1].set(y)
    ...     return disc_contact(here, here.at[0].set(1.0), there, still, radius=0.5, restitution=1.0, h=0.1)
    >>> np.round(oblique(0.85, 0.6).impulse, 6), oblique(1.2, 0.0).impulse  # they touch at (0.05, 0)
    (array([-0.64, -0.48]), array([0., 0.]))
    """
    r_i, r_j = _two(radius)
    m_i, m_j = _two(mass)

    def collide() -> Bump:
        d, w, reach = x_i - x_j, v_i - v_j, r_i + r_j
        # The smaller root of |d + tau w| = reach, written without cancellation.
        across = d[0] * w[1] - d[1] * w[0]
        root = sqrt(dot(w, w) * (reach * reach) - across * across)
        tau = (dot(d, d) - reach * reach) / (root - dot(d, w))
        overlap = tau < -OLDEST * h
        tau = select(overlap, 0.0, tau)
        n = (d + tau * w) / select(overlap, norm(d), reach)
        impulse = -(1 + restitution) * (m_j / (m_i + m_j)) * dot(n, w) * n
        return Bump(impulse, -tau * impulse)

    return cond(discs_touch(x_i, v_i, x_j, v_j, radius=radius, h=h), collide, no_bump)


def ground_contact(x: Vec[Real, 2], v: Vec[Real, 2], *, ground: float, h: float, least_fall: float = 0.0) -> Body:
    """Position and velocity of one body at the end of a time step h, above a ground that holds what touches it.

    `x` is the position before the step, `v` the velocity that all forces have given it. A body that would
    end below `ground` moves with v until it touches, and stands still from then on. A body that falls more slowly
    than `least_fall` is not held (DiffTaichi's robots have 1e-4 metres per second; no reason is given).

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def fall(x: Vec[Real, 2], v: Vec[Real, 2]):
    ...     return ground_contact(x, v, ground=0.0, h=0.1)
    >>> fall([0.0, 1.0], [1.0, -2.0])  # in the air
    Body(position=array([0.1, 0.8]), velocity=array([ 1., -2.]))
    >>> fall([0.0, 0.1], [1.0, -2.0])  # touches after half of the step
    Body(position=array([0.05, 0.  ]), velocity=array([0., 0.]))
    """
    touches = (x[1] + h * v[1] < ground) & (v[1] < -least_fall)
    tau = select(touches, -(x[1] - ground) / v[1], 0.0)
    after = select(touches, const(np.zeros(2)), v)
    return Body(x + tau * v + (h - tau) * after, after)
