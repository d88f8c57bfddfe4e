"""A horizontal ground under boxes: impacts, rest, dry friction.

A body that stands or lands on a ground touches it with its lowest corner, or with the lowest two. Their impulses are
solved together, at the moment of touch:

- In the normal direction Newton's restitution: a corner leaves with e times the speed at which it came
  (Newton and not Poisson, who relates impulses; Brogliato, Nonsmooth Mechanics, 2016, section 4.2). A box that
  lands on a face then has its velocity and spin both reversed, times e, whatever its shape.
- In the tangential direction Coulomb's law: friction stops sliding, with at most mu times the normal impulse.
  A face has one friction impulse, because its corners slide as one.
- Both impulses of one corner turn the box, so each changes the other (they are solved together too). With
  restitution such an impact could gain energy (Kane and Levinson, Dynamics, 1985); the friction impulse is limited so
  that it does not.

Impulses at a single corner are unique for every friction. Not unique is the motion of a corner that slides with no
speed towards the ground: where mu |r_x r_y| > I/m + r_x² (r is the arm to the corner; for no box below mu = 4/3) it
may go on sliding, or jam at once (Painlevé 1895; Génot and Brogliato, Eur. J. Mech. A 18, 1999). Here a corner that
does not approach the ground gets no impulse, and one that approaches, however slowly, jams. The order is not unique
either in which two corners touch within one step: they touch at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.mathematics import clamp, copysign, cos, maximum, minimum, sin, sqrt
from rosesim.ad.language.values.annotations import Struct, Vec
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.real import Real
from rosesim.scenes.kit.rigid import Kick, RigidBody, no_kick, turned

MOST_TURN, LITTLE_TURN = 0.5, 0.01
"""Radians until a touch. Up to the first, a corner's path is followed along the arc and not along its tangent. Up to
the second, the tangent is wrong by at most 1e-4, which two rounds of Newton's method reduce to 1e-16."""


@dataclass(frozen=True)
class Touch(Struct):
    """Where and when a corner meets the ground, if it does so in this step."""

    happens: Bool
    time: Real
    """Time since the step began; a little below 0 where a corner is already below the ground."""
    arm: Vec[Real, 2]
    """The arm from the centre, with the box turned as it is at that time."""
    rise: Real
    """The corner's upward velocity."""


@dataclass(frozen=True)
class Ground:
    """A horizontal ground, and its contact with boxes in a time step."""

    h: float
    """Time step."""
    height: float
    mu: Any
    """Friction coefficient: the tangential impulse is at most mu times the normal one."""
    e: Any
    """Restitution: 0 where a corner is stopped, 1 where it bounces off as fast as it came."""
    p: float = 0.0
    """Penetration stiffness, 1/time²: a corner below that comes down or rests is pushed out at h p times its
    depth."""

    def box_contact(self, body: RigidBody, axis: Any, half: Any, mass: Any, moment_: Any) -> Kick:
        """The effect of the ground on a box.

        `body` has the velocity that all forces of the step give it, `axis` is its `direction`, `half` its half
        sides. A box in the air costs a comparison. The contact of one corner is exact, in value and derivative. Of
        a face, both corners end where they touched, or left from. A corner found below the ground is put back on it.

        >>> import numpy as np
        >>> from rosesim import fn
        >>> from rosesim.scenes.kit import direction
        >>> ground = Ground(h=0.01, height=0.0, mu=0.5, e=0.5)
        >>> @fn
        ... def land(y: Real, vx: Real):
        ...     body = RigidBody(position=[0.0, y], velocity=[vx, -1.0], angle=Real(0.0), spin=Real(0.0))
        ...     return ground.box_contact(body, direction(body.angle), [0.3, 0.1], 0.12, 0.12 * 0.1 / 3)
        >>> np.round(land(1.0, 1.0).velocity, 3)  # in the air
        array([0., 0.])
        >>> np.round(land(0.105, 3.0).velocity, 9)  # from -1 to 0.5, and it slides
        array([-0.75,  1.5 ])
        """
        # The sums of |components| are the box's reach: in a step, a corner moves down by at most
        # h(|v| + |spin| reach).
        high = abs(axis[1] * half[0]) + abs(axis[0] * half[1])
        wide = abs(axis[0] * half[0]) + abs(axis[1] * half[1])
        lowest = body.position[1] - high + self.h * (body.velocity[1] - abs(body.spin) * wide)
        return cond(lowest < self.height, lambda: self._landed(body, axis, half, mass, moment_), no_kick)

    def _landed(self, body: RigidBody, axis: Any, half: Any, mass: Any, moment_: Any) -> Kick:
        # A corner's height at the step's end is a constant plus these two, each with a sign. The lowest corner has
        # both signs against them; the next one has the sign of the smaller reversed.
        h, spin = self.h, body.spin
        along, across = half[0] * (axis[1] + h * spin * axis[0]), half[1] * (axis[0] - h * spin * axis[1])
        p, q = copysign(Real(1.0), -along), copysign(Real(1.0), -across)
        flat = abs(along) < abs(across)
        first = self._touch(body, turned(axis, [p * half[0], q * half[1]]))
        second = self._touch(body, turned(axis, [select(flat, -p, p) * half[0], select(flat, q, -q) * half[1]]))
        m, i = mass, moment_

        def one() -> Kick:
            alone = select(first.happens, first, second)
            return self._corner(body, alone, m, i)

        def both() -> Kick:
            return self._face(body, first, second, m, i)

        return cond(first.happens & second.happens, both, lambda: cond(first.happens | second.happens, one, no_kick))

    def _touch(self, body: RigidBody, arm: Any) -> Touch:
        """When a corner touches the ground, and its motion at that time."""
        v, spin = body.velocity, body.spin
        gap, rise = body.position[1] + arm[1] - self.height, v[1] + spin * arm[0]
        falls = (gap + self.h * rise < 0) & (rise < 0)

        def meet() -> Touch:
            straight = -gap / rise

            def rounds(count: int) -> Real:  # Newton's method: each round squares the relative error
                time = straight
                for _ in range(count):
                    r = turned([cos(spin * time), sin(spin * time)], arm)
                    time = time - (body.position[1] + v[1] * time + r[1] - self.height) / (v[1] + spin * r[0])
                return time

            time = cond(abs(spin * straight) < LITTLE_TURN, lambda: rounds(2), lambda: rounds(6))
            there = turned([cos(spin * time), sin(spin * time)], arm)
            round_ = (abs(spin * time) < MOST_TURN) & (v[1] + spin * there[0] < 0)
            time = select(round_, time, straight)
            there = [select(round_, a, b) for a, b in zip(there, [arm[0], arm[1]], strict=True)]
            return Touch(time < self.h, time, there, v[1] + spin * there[0])  # pyright: ignore[reportArgumentType] -- lists are vectors

        nothing = Touch(Real(0.0) > 1.0, Real(0.0), [Real(0.0), Real(0.0)], Real(0.0))  # pyright: ignore[reportArgumentType] -- as above
        return cond(falls, meet, lambda: nothing)

    def _leaves(self, touch: Touch) -> Any:
        """The upward speed of a corner after the contact."""
        up = -self.e * touch.rise
        if self.p > 0:
            up = up + self.h * self.p * maximum(-touch.time, 0.0) * -touch.rise
        return up

    def _corner(self, body: RigidBody, touch: Touch, mass: Any, moment_: Any) -> Kick:
        """One corner: the friction impulse t, and the normal impulse n that together with t gives the corner its
        speed."""
        (x, y), spin = (touch.arm[0], touch.arm[1]), body.spin
        nn, tt, nt = 1 / mass + x * x / moment_, 1 / mass + y * y / moment_, -x * y / moment_
        slip, change = body.velocity[0] - spin * y, self._leaves(touch) - touch.rise
        # On the line n = (change - nt t) / nn the slip is that without friction + yields t, and 0 at `stick`.
        free, yields = slip + nt * change / nn, tt - nt * nt / nn
        stick = -free / yields
        # The energy gained is half of: (rise + leaves) n + (slip + free + yields t) t.
        mean = touch.rise + self._leaves(touch)
        t = _lossy(stick, yields, slip + free - mean * nt / nn, mean * change / nn)
        # |t| <= mu n on that line. Where a denominator is not positive, n grows with t and t has no limit.
        ends = [nn + self.mu * nt, nn - self.mu * nt]
        high, low = (select(end > 0, self.mu * change / select(end > 0, end, 1.0), abs(t)) for end in ends)
        t = maximum(minimum(t, high), -low)
        n = (change - nt * t) / nn
        after = maximum(touch.time, 0.0)
        # From the touch on, the corner's height follows its new course, also if the touch was before the step.
        lift = (-touch.time * change + nt * after * t) / nn
        shift, turn = [-after * t / mass, lift / mass], (x * lift + y * after * t) / moment_
        return Kick([t / mass, n / mass], (x * n - y * t) / moment_, shift, turn)  # pyright: ignore[reportArgumentType] -- lists are vectors

    def _face(self, body: RigidBody, a: Touch, b: Touch, mass: Any, moment_: Any) -> Kick:
        """Two corners: the contacts determine height and angle, and the friction impulse stops the slip.

        If the ground would have to pull at one of them, the other one touches alone.
        """
        v, spin = body.velocity, body.spin
        apart = a.arm[0] - b.arm[0]
        up_a, up_b = self._leaves(a), self._leaves(b)
        new_spin = (up_a - up_b) / apart
        rise = up_a - new_spin * a.arm[0]
        n, y = mass * (rise - v[1]), 0.5 * (a.arm[1] + b.arm[1])
        stick = mass * (new_spin * y - v[0])
        lost = n * (rise + v[1]) + moment_ * (new_spin - spin) * (new_spin + spin)
        t = _lossy(stick, 1 / mass, 2 * v[0], lost)
        t = clamp(t, -self.mu * maximum(n, 0.0), self.mu * maximum(n, 0.0))
        at_a = (moment_ * (new_spin - spin) + y * t - b.arm[0] * n) / apart
        at_b = n - at_a

        def hold() -> Kick:
            after = maximum(0.5 * (a.time + b.time), 0.0)
            drop_a, drop_b = -a.time * (up_a - a.rise), -b.time * (up_b - b.rise)
            turn = (drop_a - drop_b) / apart
            shift = [-after * t / mass, drop_a - turn * a.arm[0]]
            return Kick([t / mass, rise - v[1]], new_spin - spin, shift, turn)  # pyright: ignore[reportArgumentType] -- lists are vectors

        def tip() -> Kick:
            return self._corner(body, select(at_a < at_b, b, a), mass, moment_)

        return cond((at_a >= 0) & (at_b >= 0), hold, tip)


def _lossy(stick: Real, yields: Any, slope: Any, lost: Any) -> Real:
    """The impulse nearest to `stick` at which lost + slope t + yields t² is at most 0, so that no energy is
    gained."""
    gains = stick * (slope + yields * stick) + lost > 0

    def cut() -> Real:
        root = sqrt(maximum(slope * slope - 4 * yields * lost, 0.0))
        return clamp(stick, (-slope - root) / (2 * yields), (-slope + root) / (2 * yields))

    return cond(gains, cut, lambda: stick)
