"""Frames while a file is read: quaternions (w, x, y, z) and positions, in Python's own numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rosesim.robots.description import Vector

IDENTITY: Vector = (1.0, 0.0, 0.0, 0.0)
SHORTEST = 1e-14
"""Of a direction: a shorter one is rounding of zero."""


def unit(v: Vector) -> Vector | None:
    """A vector scaled to length 1, or None where it has no direction.

    >>> unit((0.0, 3.0, 4.0)), unit((0.0, 0.0, 0.0))
    ((0.0, 0.6, 0.8), None)
    """
    length = math.hypot(*v)
    return None if length < SHORTEST else tuple(x / length for x in v)


def cross(a: Vector, b: Vector) -> Vector:
    """The cross product."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def product(a: Vector, b: Vector) -> Vector:
    """The quaternion that turns by b, then by a."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def conjugate(q: Vector) -> Vector:
    """The opposite turn."""
    return q[0], -q[1], -q[2], -q[3]


def matrix(q: Vector) -> tuple[Vector, Vector, Vector]:
    """The rows of the rotation matrix of a unit quaternion."""
    w, x, y, z = q
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )


def turned(q: Vector, v: Vector) -> Vector:
    """A vector turned by a unit quaternion."""
    if q == IDENTITY:  # no rounding where nothing turns
        return v
    return tuple(r[0] * v[0] + r[1] * v[1] + r[2] * v[2] for r in matrix(q))


def about(axis: Vector, angle: float) -> Vector:
    """The turn about a unit axis by an angle in radians."""
    s = math.sin(angle / 2)
    return math.cos(angle / 2), s * axis[0], s * axis[1], s * axis[2]


def z_to(direction: Vector) -> Vector:
    """The shortest turn of z to a unit direction; about x where that is −z.

    >>> [round(x, 3) for x in z_to((1.0, 0.0, 0.0))], z_to((0.0, 0.0, 1.0))
    ([0.707, 0.0, 0.707, 0.0], (1.0, 0.0, 0.0, 0.0))
    """
    x, y, z = direction
    s = math.hypot(x, y)
    axis = (1.0, 0.0, 0.0) if s < 1e-10 else ((0.0 - y) / s, x / s, 0.0)  # nearer to z the cross product is rounding
    return about(axis, math.atan2(s, z))


def of_axes(x: Vector, y: Vector, z: Vector) -> Vector:
    """The quaternion of three orthogonal unit axes, by the largest of its numbers (Shepperd 1978)."""
    t = x[0] + y[1] + z[2]
    largest = max(range(4), key=lambda i: (t, x[0], y[1], z[2])[i])
    if largest == 0:
        q = (1 + t, y[2] - z[1], z[0] - x[2], x[1] - y[0])
    elif largest == 1:
        q = (y[2] - z[1], 1 + x[0] - y[1] - z[2], x[1] + y[0], z[0] + x[2])
    elif largest == 2:
        q = (z[0] - x[2], x[1] + y[0], 1 - x[0] + y[1] - z[2], y[2] + z[1])
    else:
        q = (x[1] - y[0], z[0] + x[2], y[2] + z[1], 1 - x[0] - y[1] + z[2])
    return unit(q) or IDENTITY


def of_rpy(roll: float, pitch: float, yaw: float) -> Vector:
    """Turns about the fixed x, then y, then z axis, in radians.

    >>> [round(x, 3) for x in of_rpy(0.0, 0.0, math.pi / 2)]
    [0.707, 0.0, 0.0, 0.707]
    """
    turns = about((0.0, 0.0, 1.0), yaw), about((0.0, 1.0, 0.0), pitch), about((1.0, 0.0, 0.0), roll)
    return product(product(turns[0], turns[1]), turns[2])


@dataclass(frozen=True)
class Frame:
    """Where a frame is in another: x ↦ pos + R(quat) x."""

    pos: Vector = (0.0, 0.0, 0.0)
    quat: Vector = IDENTITY

    def of(self, inner: Frame) -> Frame:
        """A frame that is given in this one, in the one outside."""
        if self == HERE:
            return inner
        return Frame(self.point(inner.pos), unit(product(self.quat, inner.quat)) or IDENTITY)

    def point(self, p: Vector) -> Vector:
        """A point that is given in this frame, in the one outside."""
        moved = turned(self.quat, p)
        return tuple(a + b for a, b in zip(self.pos, moved, strict=True))


HERE = Frame()
