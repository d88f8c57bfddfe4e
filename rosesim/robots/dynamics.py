"""The equation of motion M(q) a + c(q, v) = τ of a tree.

Mass matrix by composite rigid bodies, c and inverse dynamics by recursive Newton and Euler (R. Featherstone, Rigid
Body Dynamics Algorithms, 2008, chapters 5, 6 and 6.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rosesim.robots.algebra import (
    V3,
    ZERO,
    Number,
    add,
    cross,
    dot,
    is_zero,
    mat_vec,
    minus,
    mul,
    plus,
    scaled,
    total,
)
from rosesim.robots.inertia import NONE, Moments, matrix, point_moments, turned_moments
from rosesim.robots.kinematics import STILL, Frames, Motion
from rosesim.robots.mechanism import Mechanism


@dataclass(frozen=True)
class Spatial:
    """A spatial inertia at the reference point: mass, mass times centre, moments."""

    mass: Number
    first: V3
    second: Moments

    def __add__(self, other: Spatial) -> Spatial:
        return Spatial(add(self.mass, other.mass), plus(self.first, other.first), plus(self.second, other.second))

    def __matmul__(self, motion: Motion) -> Motion:
        """The momentum (or force) of a motion (or acceleration)."""
        w, v = motion
        moment = plus(mat_vec(matrix(self.second), w), cross(self.first, v))
        return moment, minus(scaled(self.mass, v), cross(self.first, w))


NOTHING = Spatial(0.0, ZERO, NONE)


def spatial_inertias(m: Mechanism, f: Frames) -> list[Spatial]:
    """Of every moving body with what is welded to it."""
    found = [NOTHING] * len(m.robot.bodies)
    for body in m.moving:
        lump, r = m.lumps[body], f.rotation[body]
        centre = plus(f.place[body], mat_vec(r, lump.com))
        moments = plus(turned_moments(r, lump.inertia), point_moments(lump.mass, centre))
        found[body] = Spatial(lump.mass, scaled(lump.mass, centre), moments)
    return found


def motion_cross(a: Motion, b: Motion) -> Motion:
    """a × b of two motions."""
    return cross(a[0], b[0]), plus(cross(a[0], b[1]), cross(a[1], b[0]))


def force_cross(a: Motion, f: Motion) -> Motion:
    """a × f of a motion and a force."""
    return plus(cross(a[0], f[0]), cross(a[1], f[1])), cross(a[0], f[1])


def both(a: Motion, b: Motion) -> Motion:
    """a + b."""
    return plus(a[0], b[0]), plus(a[1], b[1])


def power(a: Motion, f: Motion) -> Number:
    """a · f of a motion and a force."""
    return total((dot(a[0], f[0]), dot(a[1], f[1])))


def combined(f: Frames, dofs: Sequence[int], v: Sequence[Number]) -> Motion:
    """The motion of some degrees of freedom together."""
    found = STILL
    for d in dofs:
        angular, linear = f.motion[d]
        found = both(found, (scaled(v[d], angular), scaled(v[d], linear)))
    return found


Sparse = dict[tuple[int, int], Number]
"""The lower triangle of a symmetric matrix: (i, j) with j an ancestor of i, or i."""


def mass_matrix(m: Mechanism, f: Frames, inertias: list[Spatial]) -> Sparse:
    """M, with armature."""
    composite = list(inertias)
    found: Sparse = {}
    for body in reversed(m.moving):
        for i in reversed(m.dofs_of(body)):
            force = composite[body] @ f.motion[i]
            for j in (i, *m.ancestors(i)):
                value = power(f.motion[j], force)
                if i == j:
                    value = add(value, m.joint_number(m.dofs[i].joint, "armature"))
                if not is_zero(value):
                    found[i, j] = value
        parent = m.parent(body)
        if parent:
            composite[parent] = composite[parent] + composite[body]
    return found


def motions(
    m: Mechanism, f: Frames, v: Sequence[Number], a: Sequence[Number] | None = None, *, gravity: V3 = ZERO
) -> tuple[list[Motion], list[Motion]]:
    """Spatial velocity and acceleration of all bodies; gravity counts as an acceleration of the world upwards."""
    n = len(m.robot.bodies)
    velocity, acceleration = [STILL] * n, [STILL] * n
    acceleration[0] = (ZERO, scaled(-1.0, gravity))
    for body in m.moving:
        parent = m.parent(body)
        now, change = velocity[parent], acceleration[parent]
        for group in groups(m, body):
            own = combined(f, group, v)
            if m.robot.joints[m.dofs[group[0]].joint].kind != "free" or m.dofs[group[0]].within:
                change = both(change, motion_cross(now, own))  # the translations of a free joint are constant axes
            if a is not None:
                change = both(change, combined(f, group, a))
            now = both(now, own)
        velocity[body], acceleration[body] = now, change
    return velocity, acceleration


def newton_euler(
    m: Mechanism,
    f: Frames,
    inertias: list[Spatial],
    v: Sequence[Number],
    a: Sequence[Number] | None = None,
    *,
    gravity: V3 = ZERO,
) -> list[Number]:
    """The joint forces M a + c(q, v), one for each degree of freedom; without `a`, c alone."""
    velocity, acceleration = motions(m, f, v, a, gravity=gravity)
    force = [STILL] * len(m.robot.bodies)
    for body in m.moving:
        now, change = velocity[body], acceleration[body]
        force[body] = both(inertias[body] @ change, force_cross(now, inertias[body] @ now))
    found: list[Number] = [0.0] * m.nv
    for body in reversed(m.moving):
        for i in m.dofs_of(body):
            found[i] = power(f.motion[i], force[body])
            if a is not None:
                found[i] = add(found[i], mul(m.joint_number(m.dofs[i].joint, "armature"), a[i]))
        parent = m.parent(body)
        force[parent] = both(force[parent], force[body])
    return found


def groups(m: Mechanism, body: int) -> list[list[int]]:
    """A body's degrees of freedom, together where the axes turn with all of them: a ball, a free joint's turns."""
    found: list[list[int]] = []
    for k in m.joints_of[body]:
        first, joint = m.dof[k], m.robot.joints[k]
        found += [list(range(at, at + size)) for at, size in _parts(first, joint.kind)]
    return found


def _parts(first: int, kind: str) -> list[tuple[int, int]]:
    if kind == "free":
        return [(first, 3), (first + 3, 3)]
    return [(first, 3 if kind == "ball" else 1)]


def velocities(m: Mechanism, f: Frames, v: Sequence[Number]) -> list[Motion]:
    """Of every moving body, at the reference point of its tree."""
    found = [STILL] * len(m.robot.bodies)
    for body in m.moving:
        found[body] = both(found[m.parent(body)], combined(f, m.dofs_of(body), v))
    return found
