"""Moments of inertia while a file is read: turned, moved, added and judged.

Six numbers are (xx, yy, zz, xy, xz, yz), as in `Inertial`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rosesim.robots.description import Inertial, Vector
from rosesim.robots.files.frames import HERE, IDENTITY, Frame, matrix

ROUNDING = 1e-6
"""Relative: files write moments with six digits or so, and a thin plate has A + B = C exactly."""

NOTHING = 1e-15
"""kg m²: moments below are rounding of 0, which exporters write for links that only hold a sensor."""


def full(six: Vector) -> NDArray[np.float64]:
    """The symmetric 3×3 matrix."""
    xx, yy, zz, xy, xz, yz = six
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def packed(m: NDArray[np.float64]) -> Vector:
    """The six numbers of a symmetric 3×3 matrix."""
    return tuple(float(m[i, j]) for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)))


def turned(six: Vector, quat: Vector) -> Vector:
    """Moments about axes that stand in a frame by `quat`, about the axes of that frame: R I Rᵀ.

    >>> [round(x, 12) for x in turned((1.0, 2.0, 3.0, 0.0, 0.0, 0.0), (0.5, 0.5, 0.5, 0.5))]
    [3.0, 1.0, 2.0, 0.0, 0.0, 0.0]
    """
    if quat == IDENTITY:
        return six
    r = np.array(matrix(quat))
    return packed(r @ full(six) @ r.T)


def moved(inertial: Inertial, frame: Frame) -> Inertial:
    """A body's inertia as another sees it, in which the body's frame stands at `frame`."""
    if frame == HERE:
        return inertial
    return Inertial(inertial.mass, frame.point(inertial.com), turned(inertial.inertia, frame.quat))


def total(parts: Sequence[Inertial]) -> Inertial:
    """The inertia of bodies that are one, all in one frame; moments by the parallel axes.

    >>> a = Inertial(1.0, (1.0, 0.0, 0.0), (0.1, 0.1, 0.1, 0.0, 0.0, 0.0))
    >>> b = Inertial(1.0, (-1.0, 0.0, 0.0), (0.1, 0.1, 0.1, 0.0, 0.0, 0.0))
    >>> total([a, b])
    Inertial(mass=2.0, com=(0.0, 0.0, 0.0), inertia=(0.2, 2.2, 2.2, 0.0, 0.0, 0.0))
    """
    if len(parts) == 1:
        return parts[0]
    mass = sum(p.mass for p in parts)
    if mass == 0:
        return Inertial(
            0.0, (0.0, 0.0, 0.0), packed(np.asarray(sum((full(p.inertia) for p in parts), np.zeros((3, 3)))))
        )
    com = np.asarray(sum((p.mass * np.array(p.com) for p in parts), np.zeros(3))) / mass
    moments = np.zeros((3, 3))
    for p in parts:
        d = np.array(p.com) - com
        moments += full(p.inertia) + p.mass * (d @ d * np.eye(3) - np.outer(d, d))
    return Inertial(mass, tuple(float(x) for x in com), packed(moments))


def fault(six: Vector) -> str | None:
    """Why no body can have these moments; None where one can.

    The principal ones A ≤ B ≤ C are not negative, and A + B ≥ C, since C is the sum of two of the three second
    moments that A + B counts with the third twice.

    >>> print(fault((0.1, 0.06, 0.025, 0.0, 0.0, 0.0)))
    inertia 0.1 0.06 0.025 is not that of a body (0.06 + 0.025 < 0.1)
    """
    if any(six[3:]):
        a, b, c = (float(x) for x in np.linalg.eigvalsh(full(six)))
        given = f"{c:.6g} {b:.6g} {a:.6g} (its principal moments)"
    else:
        a, b, c = sorted(six[:3])
        given = " ".join(f"{x:.6g}" for x in six[:3])
    if a < -ROUNDING * abs(c) - NOTHING:
        return f"inertia {given} is not that of a body (one is negative)"
    if a + b < c * (1 - ROUNDING) - NOTHING:
        return f"inertia {given} is not that of a body ({b:.6g} + {a:.6g} < {c:.6g})"
    return None
