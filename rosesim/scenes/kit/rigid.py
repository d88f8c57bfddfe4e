"""Rigid bodies in the plane: how they turn, and the impulses of springs, joints and the ground.

All functions here compute impulses from the state before a time step; these are added. A positive angle
turns x towards y. The formulas follow DiffTaichi's rigid-body example (Hu et al., ICLR 2020). Coulomb's law limits a
contact's impulse: by friction, and by the impulse that stops the point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rosesim.ad.language.arrays import stack
from rosesim.ad.language.constants import const
from rosesim.ad.language.control.accumulate import accumulate
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import for_each, vec
from rosesim.ad.language.linalg import norm
from rosesim.ad.language.mathematics import cos, sin
from rosesim.ad.language.values.annotations import Struct, Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import is_traced
from rosesim.scenes.kit.springs import strength

CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])


@dataclass(frozen=True)
class RigidBody(Struct):
    """One rigid body: an element of a `Vec[RigidBody, n]`."""

    position: Vec[Real, 2]
    velocity: Vec[Real, 2]
    angle: Real
    spin: Real


@dataclass(frozen=True)
class RigidBodies(Struct):
    """The positions of the centres of n bodies, their angles, and the velocities of both."""

    position: Vec[Vec[Real, 2], ...]
    """Lengths."""
    velocity: Vec[Vec[Real, 2], ...]
    """Lengths per unit of time."""
    angle: Vec[Real, ...]
    """Radians."""
    spin: Vec[Real, ...]
    """Angular velocities, radians per unit of time."""


@dataclass(frozen=True)
class Inertia(Struct):
    """The inertia of n bodies: masses, and moments of inertia about their centres."""

    mass: Vec[Real, ...]
    moment: Vec[Real, ...]


@dataclass(frozen=True)
class Impulse(Struct):
    """Changes of momentum and of angular momentum."""

    linear: Vec[Real, 2]
    angular: Real


@dataclass(frozen=True)
class Kick(Struct):
    """The effect of one step's contacts on a body beyond its motion: on its velocities, its position and its
    angle."""

    velocity: Vec[Real, 2]
    spin: Real
    shift: Vec[Real, 2]
    turn: Real


@dataclass(frozen=True)
class Links:
    """Pairs of points between which something acts, known while tracing: arrays of m rows."""

    bodies: NDArray[np.integer[Any]]
    """Two bodies each, of shape (m, 2)."""
    first: NDArray[np.float64]
    """The point on the first body, in that body's own axes, of shape (m, 2)."""
    second: NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """A link at an instant: the arms from the bodies' centres to the points, their distance and relative velocity."""

    index: Index
    """The index of the link."""
    bodies: tuple[Index, Index]
    arms: tuple[Any, Any]
    gap: Any
    """First point minus second, a vector."""
    slip: Any
    """Velocity of the first minus that of the second, a vector."""


def box_inertia(half: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Masses and moments of inertia of boxes of density 1 with these half sides, of shape (n, 2).

    >>> box_inertia([[0.5, 0.5]])  # a unit square: 1 and 1/6
    (array([1.]), array([0.16666667]))
    """
    sides = np.asarray(half, dtype=np.float64)
    mass = 4.0 * sides[:, 0] * sides[:, 1]
    return mass, mass * (sides**2).sum(axis=1) / 3.0


def direction(angle: Real) -> list[Real]:
    """Cosine and sine: a body's own x axis, by which `turned` turns its points.

    >>> from rosesim import fn
    >>> @fn
    ... def arm(angle: Real, point: Vec[Real, 2]):
    ...     return turned(direction(angle), point)
    >>> np.round(arm(np.pi / 2, [2.0, 1.0]), 9)
    array([-1.,  2.])
    """
    return [cos(angle), sin(angle)]


def turned(axis: Any, point: Any) -> list[Real]:
    """A point in a body's own axes as an arm from its centre; `axis` is the body's `direction`."""
    return [axis[0] * point[0] - axis[1] * point[1], axis[1] * point[0] + axis[0] * point[1]]


def point_velocity(velocity: Any, spin: Any, arm: Any) -> list[Real]:
    """The velocity of a point of a body.

    >>> from rosesim import fn
    >>> @fn
    ... def rim(spin: Real):
    ...     return point_velocity([1.0, 0.0], spin, [0.0, 2.0])
    >>> rim(3.0)  # the top of a wheel
    array([-5.,  0.])
    """
    return [velocity[0] - spin * arm[1], velocity[1] + spin * arm[0]]


def moment(arm: Any, force: Any) -> Real:
    """The effect of a force (or impulse) at an arm on a body's spin: arm × force."""
    return arm[0] * force[1] - arm[1] * force[0]


def link_impulses(
    bodies: RigidBodies, axes: Any, groups: list[tuple[Links, Callable[[Pair], Any]]]
) -> Vec[Impulse, ...]:
    """The impulses that links of several kinds give to each of n bodies.

    Each kind of link has a rule from a `Pair` to an impulse, a vector. The impulse is taken from the first body at
    its point and given to the second at its own. `axes` are the bodies' `direction`s. Momentum is conserved by
    every rule; where both points coincide, angular momentum is too.

    >>> from rosesim import fn
    >>> links = Links(np.array([[0, 1]]), np.array([[0.0, 1.0]]), np.array([[0.0, 0.0]]))
    >>> @fn
    ... def pull(bodies: RigidBodies):
    ...     axes = vec(2, lambda i: direction(bodies.angle[i]))
    ...     return link_impulses(bodies, axes, [(links, lambda pair: spring_impulse(pair.gap, 10.0, 1.0, 0.1))])
    >>> given = pull(RigidBodies(np.array([[0.0, 0.0], [3.0, 1.0]]), np.zeros((2, 2)), np.zeros(2), np.zeros(2)))
    >>> np.round(given.linear[:, 0], 3), np.round(given.angular, 3)
    (array([ 2., -2.]), array([-2.,  0.]))
    """
    x, v, spin = bodies.position, bodies.velocity, bodies.spin

    def add_all(given: Any) -> None:
        for links, rule in groups:
            if len(links.bodies):
                for_each(len(links.bodies), lambda k, links=links, rule=rule: add(given, links, rule, k))

    def add(given: Any, links: Links, rule: Callable[[Pair], Any], k: Index) -> None:
        i, j = const(links.bodies[:, 0])[k], const(links.bodies[:, 1])[k]
        p, q = turned(axes[i], const(links.first)[k]), turned(axes[j], const(links.second)[k])
        gap = [x[i][c] + p[c] - x[j][c] - q[c] for c in (0, 1)]
        of_p, of_q = point_velocity(v[i], spin[i], p), point_velocity(v[j], spin[j], q)
        slip = [of_p[c] - of_q[c] for c in (0, 1)]
        given_q = rule(Pair(k, (i, j), (p, q), gap, slip))
        given_p = [-given_q[0], -given_q[1]]
        given.at[i].add(Impulse(given_p, moment(p, given_p)))  # pyright: ignore[reportArgumentType] -- lists are vectors
        given.at[j].add(Impulse(given_q, moment(q, given_q)))

    return accumulate(Vec[Impulse, len(x)], add_all)


def spring_impulse(gap: Any, stiffness: Any, rest: Any, h: float, softening: float = 0.0) -> list[Real]:
    """The impulse of a linear spring on the second of two points in a time step h; `gap` is first minus second.

    With L = |gap| + softening: h stiffness (L - rest) gap / L; zero where the points meet.

    >>> from rosesim import fn
    >>> @fn
    ... def pull(gap: Vec[Real, 2]):
    ...     return spring_impulse(gap, stiffness=10.0, rest=1.0, h=0.1)
    >>> np.round(pull([3.0, 0.0]), 3)  # of the second point, towards the first
    array([2., 0.])
    """
    pull = strength(h * stiffness, norm(gap), rest, softening)
    return [pull * gap[0], pull * gap[1]]


def joint_impulse(
    pair: Pair, inertia: Inertia, stiffness: Any, h: float, softening: float = 0.0, least_slip: float = 0.0
) -> list[Real]:
    """The impulse of a joint on the second of two points in a time step h: a spring of length zero, and a stop.

    The stop removes the relative velocity: with the slip u, s = |u| + least_slip and n = u / s it is
    s / k · n, where k is how far an impulse along n moves the points apart, summed over both bodies
    (1/mass + (n × arm)²/moment). DiffTaichi has a speed of 0.1 as `least_slip`, so that n is smooth at rest; n is
    then shorter than 1, and k too small. Without it n is 0 at rest. `softening` is that of `spring_impulse`.

    >>> from rosesim import fn
    >>> links = Links(np.array([[0, 1]]), np.zeros((1, 2)), np.zeros((1, 2)))
    >>> @fn
    ... def stop(bodies: RigidBodies, inertia: Inertia):
    ...     axes = vec(2, lambda i: direction(bodies.angle[i]))
    ...     return link_impulses(bodies, axes, [(links, lambda pair: joint_impulse(pair, inertia, 0.0, 0.1))])
    >>> meeting = RigidBodies(np.zeros((2, 2)), np.array([[1.0, 0.0], [-1.0, 0.0]]), np.zeros(2), np.zeros(2))
    >>> np.round(stop(meeting, Inertia(np.ones(2), np.ones(2))).linear, 3) + 0.0  # each is brought to rest
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    u, (i, j), (p, q) = pair.slip, pair.bodies, pair.arms
    s = norm(u) + least_slip
    n = [u[c] / s if least_slip > 0 else select(s > 0, u[c] / s, 0.0) for c in (0, 1)]
    k = 1 / inertia.mass[i] + moment(n, p) ** 2 / inertia.moment[i]
    k = k + 1 / inertia.mass[j] + moment(n, q) ** 2 / inertia.moment[j]
    pull = spring_impulse(pair.gap, stiffness, 0.0, h, softening)
    return [pull[0] + u[0] / k, pull[1] + u[1] / k]


def no_kick() -> Kick:
    """The kick of a body that touches nothing.

    >>> from rosesim import fn
    >>> @fn
    ... def nothing():
    ...     return no_kick()
    >>> nothing().velocity, nothing().spin
    (array([0., 0.]), 0.0)
    """
    return Kick(const(np.zeros(2)), Real(0.0), const(np.zeros(2)), Real(0.0))


def moved_on(
    bodies: RigidBodies, given: Callable[[Index], tuple[Any, Any, Kick]], keep: float, h: float
) -> RigidBodies:
    """All bodies after a time step h: a part of the velocity is kept, changes are added, and the bodies move with it.

    `given(i)` returns the changes of body i: of its velocity and of its spin by forces, and its contacts' `Kick`.

    >>> from rosesim import fn
    >>> @fn
    ... def coast(x: RigidBodies):
    ...     return moved_on(x, lambda i: ([0.0, -1.0], 2.0, no_kick()), keep=0.5, h=0.1)
    >>> coast(RigidBodies(np.zeros((1, 2)), np.array([[2.0, 0.0]]), np.zeros(1), np.zeros(1))).position
    array([[ 0.1, -0.1]])
    """

    def move(i: Index) -> RigidBody:
        velocity, spin, kick = given(i)
        v = [keep * bodies.velocity[i][c] + velocity[c] + kick.velocity[c] for c in (0, 1)]
        w = keep * bodies.spin[i] + spin + kick.spin
        x = [bodies.position[i][c] + h * v[c] + kick.shift[c] for c in (0, 1)]
        return RigidBody(x, v, bodies.angle[i] + h * w + kick.turn, w)  # pyright: ignore[reportArgumentType] -- as above

    after = vec(len(bodies.position), move)
    return RigidBodies(after.position, after.velocity, after.angle, after.spin)


def outlines(position: Any, angle: Any, half: ArrayLike) -> Any:
    """The corners of boxes in order, of shape (n, 4, 2), for drawing: of traced values, or of NumPy's.

    >>> outlines([[1.0, 3.0]], [np.pi / 2], [[2.0, 0.5]]).round(9)[0].tolist()
    [[1.5, 1.0], [1.5, 5.0], [0.5, 5.0], [0.5, 1.0]]
    """
    own = CORNERS[[0, 1, 3, 2]] * np.asarray(half)[:, None, :]
    if is_traced(position):
        c, s = cos(angle)[:, None], sin(angle)[:, None]
        across, up = const(own[..., 0]), const(own[..., 1])
        return position[:, None] + stack([c * across - s * up, s * across + c * up], axis=2)
    x, a = np.asarray(position), np.asarray(angle)
    c, s = np.cos(a)[:, None], np.sin(a)[:, None]
    around = np.stack([c * own[..., 0] - s * own[..., 1], s * own[..., 0] + c * own[..., 1]], -1)
    return x[:, None, :] + around
