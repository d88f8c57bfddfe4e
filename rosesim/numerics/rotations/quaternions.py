"""Rotations as unit quaternions (w, x, y, z), as `qmul` multiplies them, and what they are made of and made to.

Quaternions stand in the middle: a matrix of a rotation vector is `to_matrix(exp(w))`, Euler angles of a matrix are
`to_euler(from_matrix(m), "xyz")`. All is smooth wherever the map itself is, at zero and near half a turn too, to
second order and beyond.
"""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.linalg import dot, qmul, qrotate
from rosesim.ad.language.mathematics import sqrt
from rosesim.ad.language.values.vector import as_vec
from rosesim.numerics.rotations.analytic import angle_over_sine, cos_half, cubic, sin_half, versine
from rosesim.numerics.rotations.given import matrix, vector


def exp(w: Any) -> Any:
    """The quaternion of a rotation vector: about the axis w by |w| radians, right-handed.

    >>> import numpy as np
    >>> from rosesim import fn, jacobian, rotations, Real, Vec
    >>> @fn
    ... def turned(w: Vec[Real, 3], v: Vec[Real, 3]):
    ...     return rotations.rotate(rotations.exp(w), v)
    >>> np.round(turned([0.0, 0.0, np.pi / 2], [1.0, 0.0, 0.0]), 12) + 0.0
    array([0., 1., 0.])
    >>> jacobian(turned, wrt=0)(np.zeros(3), [1.0, 0.0, 0.0])  # of w x v
    array([[ 0.,  0.,  0.],
           [ 0.,  0.,  1.],
           [ 0., -1.,  0.]])
    """
    x = vector(w, 3, "exp")
    t = dot(x, x)
    s = sin_half(t)
    return as_vec([cos_half(t), s * x[0], s * x[1], s * x[2]])


def log(q: Any) -> Any:
    """The rotation vector of a quaternion of any length but zero, at most half a turn long. q and -q give the same.

    At half a turn two vectors are right, and it jumps from one to the other; it is smooth on either side.

    >>> import numpy as np
    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def there_and_back(w: Vec[Real, 3]):
    ...     return rotations.log(rotations.exp(w))
    >>> np.round(there_and_back([0.1, -2.0, 0.3]), 12)
    array([ 0.1, -2. ,  0.3])
    """
    x = vector(q, 4, "log")
    near = x[0] >= 0.0
    s = angle_over_sine(x[1] * x[1] + x[2] * x[2] + x[3] * x[3], select(near, x[0], -x[0]))
    s = select(near, s, -s)
    return as_vec([s * x[1], s * x[2], s * x[3]])


def inverse(q: Any) -> Any:
    """The rotation back: the conjugate of a unit quaternion.

    >>> from rosesim import fn, qmul, rotations, Real, Vec
    >>> @fn
    ... def nothing(q: Vec[Real, 4]):
    ...     return qmul(q, rotations.inverse(q))
    >>> nothing([0.6, 0.0, 0.8, 0.0])
    array([1., 0., 0., 0.])
    """
    x = vector(q, 4, "inverse")
    return as_vec([x[0], -x[1], -x[2], -x[3]])


def rotate(q: Any, v: Any) -> Any:
    """The vector v of 3, rotated by a unit quaternion.

    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def half_turn(v: Vec[Real, 3]):
    ...     return rotations.rotate([0.0, 0.0, 0.0, 1.0], v)
    >>> half_turn([1.0, 2.0, 3.0])
    array([-1., -2.,  3.])
    """
    return qrotate(vector(q, 4, "rotate"), vector(v, 3, "rotate"))


def slerp(a: Any, b: Any, t: Any) -> Any:
    """From quaternion a at t = 0 to b at t = 1 at constant angular velocity, the short way round (K. Shoemake:
    Animating rotation with quaternion curves. SIGGRAPH '85): a exp(t log(a^-1 b)).

    >>> import numpy as np
    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def between(t: Real):
    ...     end = rotations.exp([0.0, 0.0, 1.0])
    ...     return rotations.log(rotations.slerp([1.0, 0.0, 0.0, 0.0], end, t))
    >>> np.round(between(0.25), 12)
    array([0.  , 0.  , 0.25])
    """
    x, y = vector(a, 4, "slerp"), vector(b, 4, "slerp")
    return qmul(x, exp(log(qmul(inverse(x), y)) * t))


def integrate(q: Any, velocity: Any, dt: Any) -> Any:
    """The rotation after a time dt at constant angular velocity (radians a unit of time, along the axes of the
    world), exp(velocity dt) q. It is exact, and stays of length 1 to rounding.

    >>> import numpy as np
    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def spun(velocity: Vec[Real, 3]):
    ...     return rotations.log(rotations.integrate(rotations.exp([0.0, 0.0, 0.5]), velocity, 0.1))
    >>> np.round(spun([0.0, 0.0, 2.0]), 12)
    array([0. , 0. , 0.7])
    """
    return qmul(exp(vector(velocity, 3, "integrate") * dt), vector(q, 4, "integrate"))


def integrate_body(q: Any, velocity: Any, dt: Any) -> Any:
    """The same for an angular velocity along the axes of the body: q exp(velocity dt).

    >>> import numpy as np
    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def rolled(rate: Real):
    ...     on_side = rotations.exp([np.pi / 2, 0.0, 0.0])  # the body's y points up
    ...     return rotations.rotate(rotations.integrate_body(on_side, [0.0, rate, 0.0], 1.0), [0.0, 0.0, 1.0])
    >>> np.round(rolled(np.pi / 2), 12) + 0.0
    array([1., 0., 0.])
    """
    return qmul(vector(q, 4, "integrate_body"), exp(vector(velocity, 3, "integrate_body") * dt))


def to_matrix(q: Any) -> Any:
    """The matrix of a quaternion of any length but zero; its columns are the rotated axes.

    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def m(q: Vec[Real, 4]):
    ...     return rotations.to_matrix(q)
    >>> m([1.0, 0.0, 0.0, 1.0])
    array([[ 0., -1.,  0.],
           [ 1.,  0.,  0.],
           [ 0.,  0.,  1.]])
    """
    v = vector(q, 4, "to_matrix")
    w, x, y, z = (v[k] for k in range(4))
    s = 2.0 / dot(v, v)
    return as_vec([
        [1.0 - s * (y * y + z * z), s * (x * y - w * z), s * (x * z + w * y)],
        [s * (x * y + w * z), 1.0 - s * (x * x + z * z), s * (y * z - w * x)],
        [s * (x * z - w * y), s * (y * z + w * x), 1.0 - s * (x * x + y * y)],
    ])  # fmt: skip


def from_matrix(m: Any) -> Any:
    """The unit quaternion of a rotation matrix, with w >= 0, computed by its largest component (S. W. Shepperd:
    Quaternion from rotation matrix. Journal of Guidance and Control 1 (1978), 223-224). Its derivative is meant for
    changes of m that leave it a rotation.

    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def q(m: Vec[Vec[Real, 3], 3]):
    ...     return rotations.from_matrix(m)
    >>> q([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    array([0., 0., 0., 1.])
    """
    r = matrix(m, 3, "from_matrix")
    a, b, c = r[0, 0], r[1, 1], r[2, 2]
    x, y, z = r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]
    xy, xz, yz = r[0, 1] + r[1, 0], r[0, 2] + r[2, 0], r[1, 2] + r[2, 1]
    # Each row is 4 q_k q, k the component on the diagonal.
    rows = [
        [1.0 + (a + b + c), x, y, z],
        [x, 1.0 + (a - b - c), xy, xz],
        [y, xy, 1.0 + (b - a - c), yz],
        [z, xz, yz, 1.0 + (c - a - b)],
    ]
    largest, best = rows[0], rows[0][0]
    for k in (1, 2, 3):
        better = rows[k][k] > best
        largest = [select(better, new, old) for new, old in zip(rows[k], largest, strict=True)]
        best = select(better, rows[k][k], best)
    length = sqrt(dot(largest, largest))
    return as_vec([select(largest[0] < 0.0, -p, p) / length for p in largest])


def dexp(w: Any) -> Any:
    """The derivative of `exp`, a matrix of 3 rows: where w changes by dw, the rotation exp(w) is followed by the
    small rotation dexp(w) dw along the axes of the world (the left Jacobian of SO(3)).

    >>> import numpy as np
    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def m(w: Vec[Real, 3]):
    ...     return rotations.dexp(w)
    >>> np.round(m([0.0, 0.0, np.pi]) * np.pi, 12)
    array([[ 0.        , -2.        ,  0.        ],
           [ 2.        ,  0.        ,  0.        ],
           [ 0.        ,  0.        ,  3.14159265]])
    """
    x = vector(w, 3, "dexp")
    t = dot(x, x)
    return of_axis(x, 1.0 - t * cubic(t), versine(t), cubic(t))


def of_axis(x: Any, unit: Any, skew: Any, square: Any) -> Any:
    """unit I + skew [x] + square x x^T, where [x] y = x cross y."""
    turn = [[None, (-1.0, 2), (1.0, 1)], [(1.0, 2), None, (-1.0, 0)], [(-1.0, 1), (1.0, 0), None]]
    rows: list[list[Any]] = []
    for i in range(3):
        row: list[Any] = []
        for j in range(3):
            entry = turn[i][j]
            rest = unit if entry is None else entry[0] * skew * x[entry[1]]
            row.append(square * x[i] * x[j] + rest)
        rows.append(row)
    return as_vec(rows)
