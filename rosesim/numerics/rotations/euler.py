"""Euler angles, in radians, with the sequences of SciPy's `Rotation`: "xyz" turns about the axes of the world, one
after the other; "XYZ" about the axes of the body, as they are then."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.linalg import qmul
from rosesim.ad.language.mathematics import atan2, cos, hypot, sin
from rosesim.ad.language.values.scalar import try_real
from rosesim.ad.language.values.vector import as_vec
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.numerics.rotations.given import vector


def from_euler(sequence: str, angles: Any) -> Any:
    """The quaternion of a sequence of one to three turns by these angles; for one turn the angle may be a number.

    >>> import numpy as np
    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def q(yaw: Real):
    ...     return rotations.from_euler("z", yaw)
    >>> np.round(q(np.pi / 3), 6)
    array([0.866025, 0.      , 0.      , 0.5     ])
    """
    axes = _axes(sequence, (1, 2, 3))
    a = as_vec([angles]) if len(axes) == 1 and try_real(angles) is not None else angles
    a = vector(a, len(axes), "from_euler")
    turns = [_turn(axis, a[k]) for k, axis in enumerate(axes)]
    q = turns[0]
    for turn in turns[1:]:
        q = qmul(q, turn) if sequence.isupper() else qmul(turn, q)
    return q


def to_euler(q: Any, sequence: str) -> Any:
    """The three angles of a quaternion of any length but zero. The outer two are in -pi .. pi; the middle one is in
    -pi/2 .. pi/2, or in 0 .. pi where the first axis is the third (E. Bernardes, S. Viollet: Quaternion to Euler
    angles conversion. PLOS ONE 17 (2022)).

    Where the middle angle is at an end of its range (gimbal lock) only the sum or the difference of the others is
    known: each gets half. The angles have no derivative there.

    >>> import numpy as np
    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def again(angles: Vec[Real, 3]):
    ...     return rotations.to_euler(rotations.from_euler("ZYX", angles), "ZYX")
    >>> np.round(again([0.3, -0.2, 1.0]), 12)
    array([ 0.3, -0.2,  1. ])
    """
    axes = _axes(sequence, (3,))
    intrinsic = sequence.isupper()
    i, j, k = axes[::-1] if intrinsic else axes
    symmetric = i == k
    k = 3 - i - j if symmetric else k
    sign = (i - j) * (j - k) * (k - i) // 2  # of the permutation
    v = vector(q, 4, "to_euler")
    w, x, y, z = v[0], v[1 + i], v[1 + j], v[1 + k] * float(sign)
    a, b, c, d = (w, x, y, z) if symmetric else (w - y, x + z, y + w, z - x)
    middle = 2.0 * atan2(hypot(c, d), hypot(a, b))
    half_sum, half_difference = atan2(b, a), atan2(d, c)
    first, third = _wrapped(half_sum - half_difference), half_sum + half_difference
    if not symmetric:
        middle, third = middle - math.pi / 2.0, third * float(sign)
    third = _wrapped(third)
    return as_vec([third, middle, first] if intrinsic else [first, middle, third])


def _wrapped(angle: Any) -> Any:
    """An angle of -2 pi .. 2 pi in -pi .. pi."""
    down = select(angle > math.pi, angle - 2.0 * math.pi, angle)
    return select(angle < -math.pi, angle + 2.0 * math.pi, down)


def _turn(axis: int, angle: Any) -> Any:
    half = 0.5 * angle
    return as_vec([cos(half), *(sin(half) if k == axis else 0.0 for k in range(3))])


def _axes(sequence: Any, lengths: tuple[int, ...]) -> list[int]:
    """The axes as 0, 1, 2."""
    good = isinstance(sequence, str) and len(sequence) in lengths
    good = good and (set(sequence) <= set("xyz") or set(sequence) <= set("XYZ"))
    if not good or any(a == b for a, b in pairwise(sequence)):
        raise TypeMismatch(
            f"the sequence {sequence!r} was found; expected {' or '.join(map(str, lengths))} of x, y, z (axes of the "
            "world) or of X, Y, Z (axes of the body), none twice in a row",
            here(),
        )
    return ["xyz".index(letter) for letter in sequence.lower()]
