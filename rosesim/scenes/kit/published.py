"""Contact as DiffTaichi published it, kept for the results that were published with it.

Each has an exact counterpart, which a new scene should use. The softenings here are lengths and speeds, so that the
results depend on the unit (Hu et al., DiffTaichi, ICLR 2020, and its examples).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.constants import const
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.linalg import dot, norm
from rosesim.ad.language.mathematics import clamp, maximum, minimum
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.scenes.kit.contact import Bump, no_bump
from rosesim.scenes.kit.rigid import CORNERS, Kick, RigidBody, moment, no_kick, point_velocity, turned


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
    """The effect of disc j on disc i of the same radius and mass; `disc_contact` is the exact one.

    The impulse is along the line between the centres at the *end* of the step, to whose length `softening` is
    added. `time_of_impact` moves the discs as if velocities had changed when they touched, at an approach
    of at least `least_approach`. Off centre the value is right to first order in h, but its derivative is wrong
    for every h. The time between the touch and the step's end changes with the position of the discs, and so
    does the direction.

    >>> import numpy as np
    >>> from rosesim import const, fn
    >>> @fn
    ... def oblique(x: Real, y: Real) -> Bump:
    ...     here, still = const(np.array([0.0, 0.0])), const(np.array([0.0, 0.0]))
    ...     there = here.at[0].set(x).at[1].set(y)
    ...     return published_disc_contact(
    ...         here, here.at[0].set(1.0), there, still, radius=0.5, restitution=1.0, h=0.1)
    >>> np.round(oblique(0.85, 0.6).impulse, 3)  # (-0.64, -0.48) is right
    array([-0.61 , -0.488])
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


@dataclass(frozen=True)
class PublishedGround:
    """A horizontal ground whose four corner contacts are independent; `Ground` solves them together.

    Each corner gets the impulse of a single contact, and each of its two directions that of a contact in this
    direction alone. A box that lands flat leaves with a speed that depends on its shape, and a box at rest sinks
    unless `p` pushes it out.
    """

    h: float
    """Time step."""
    height: float
    mu: Any
    """Friction coefficient: the tangential impulse is at most mu times the normal one."""
    e: Any
    """Restitution: 0 where a corner is stopped, 1 where it bounces off as fast as it came."""
    p: float = 0.0
    """Penetration stiffness, 1/time²: pushes out what lies below; 0 pushes nothing."""
    time_of_impact: bool = True
    """Whether a body is moved as if its velocities had changed at the moment of contact."""
    least_descent: float = 0.0
    """Least speed at which a corner is taken to sink, which bounds the time since it touched."""

    def box_contact(self, body: RigidBody, axis: Any, half: Any, mass: Any, moment_: Any) -> Kick:
        """The sum of the contacts of a box's four corners.

        `body` has the velocity that all forces of the step give it, `axis` is its `direction`, `half` its half
        sides. A corner in the air costs one comparison, and a box in the air one for all four.

        >>> import numpy as np
        >>> from rosesim import fn
        >>> from rosesim.scenes.kit import direction
        >>> ground = PublishedGround(h=0.01, height=0.0, mu=0.5, e=0.0)
        >>> @fn
        ... def land(y: Real, vx: Real):
        ...     body = RigidBody(position=[0.0, y], velocity=[vx, -1.0], angle=Real(0.3), spin=Real(0.0))
        ...     return ground.box_contact(body, direction(body.angle), [0.1, 0.1], 0.04, 0.04 * 0.02 / 3)
        >>> np.round(land(1.0, 1.0).velocity, 3)  # in the air
        array([0., 0.])
        >>> kick = land(0.13, 3.0)
        >>> bool(kick.velocity[1] > 0), round(float(kick.velocity[0] / kick.velocity[1]), 9)  # it slides
        (True, -0.5)
        """
        x, v, spin = body.position, body.velocity, body.spin
        # The sums of |components| are the box's reach: in a step, a corner moves down by at most
        # h(|v| + |spin| reach).
        high = abs(axis[1] * half[0]) + abs(axis[0] * half[1])
        wide = abs(axis[0] * half[0]) + abs(axis[1] * half[1])
        lowest = x[1] - high + self.h * (v[1] - abs(spin) * wide)

        def corner(k: Index) -> Kick:
            signs = const(CORNERS)
            arm = turned(axis, [signs[k, 0] * half[0], signs[k, 1] * half[1]])
            u = point_velocity(v, spin, arm)
            after = x[1] + arm[1] + self.h * u[1]
            return cond(after < self.height, lambda: self._touched(body, arm, u, mass, moment_), no_kick)

        return cond(lowest < self.height, lambda: sum(4, corner), no_kick)

    def _touched(self, body: RigidBody, arm: Any, u: Any, mass: Any, moment_: Any) -> Kick:
        """The contact of a corner that would end below the ground; the impulse acts at the point where it would
        be."""
        h, y = self.h, body.position[1] + arm[1]
        there = [arm[0] + h * u[0], arm[1] + h * u[1]]
        yielding = 1 / mass + arm[0] ** 2 / moment_
        falls = u[1] < 0
        stop = select(falls, -(1 + self.e) * u[1] / yielding, 0.0)
        grip = clamp(-u[0] / (1 / mass + arm[1] ** 2 / moment_), -self.mu * stop, self.mu * stop)
        velocity, spin = [grip / mass, stop / mass], moment(there, [grip, stop]) / moment_
        if self.time_of_impact:
            tau = minimum(
                maximum((self.height - y) / select(falls, minimum(u[1], -self.least_descent), -1.0), 0.0), h
            )
        else:
            tau = Real(0.0)
        shift, turn = [-tau * velocity[0], -tau * velocity[1]], -tau * spin
        if self.p > 0:
            push = h * self.p * (self.height - y - h * u[1]) / yielding
            velocity, spin = [velocity[0], velocity[1] + push / mass], spin + there[0] * push / moment_
        return Kick(velocity, spin, shift, turn)  # pyright: ignore[reportArgumentType] -- lists are vectors
