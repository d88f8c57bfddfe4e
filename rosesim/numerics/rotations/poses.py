"""Poses: where a body is and how it is turned, the group SE(3), with its exponential map and its adjoint.

A spatial vector is a vector of 6, the angular part first, as in Featherstone (see `spatial`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.linalg import cross, dot, qmul
from rosesim.ad.language.values.annotations import Struct, Vec
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.vector import as_vec
from rosesim.numerics.rotations import quaternions
from rosesim.numerics.rotations.analytic import cotangent
from rosesim.numerics.rotations.given import vector


@dataclass(frozen=True)
class Pose(Struct):
    """A body's frame: `rotation`, a unit quaternion, and `position`, a vector of 3. A point p of the body is at
    rotate(rotation, p) + position in the world.

    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def place(pose: rotations.Pose, p: Vec[Real, 3]):
    ...     return rotations.place(pose, p)
    >>> place(rotations.Pose([0.0, 0.0, 0.0, 1.0], [5.0, 0.0, 0.0]), [1.0, 2.0, 3.0])
    array([ 4., -2.,  3.])
    """

    rotation: Vec[Real, 4]
    position: Vec[Real, 3]


def place(pose: Pose, p: Any) -> Any:
    """Where a point p of the body is in the world.

    >>> from rosesim import fn, rotations
    >>> @fn
    ... def origin(pose: rotations.Pose):
    ...     return rotations.place(pose, [0.0, 0.0, 0.0])
    >>> origin(rotations.Pose([1.0, 0.0, 0.0, 0.0], [5.0, 6.0, 7.0]))
    array([5., 6., 7.])
    """
    return quaternions.rotate(pose.rotation, p) + vector(pose.position, 3, "place")


def compose(a: Pose, b: Pose) -> Pose:
    """The pose b, given in the frame a, in the world.

    >>> import numpy as np
    >>> from rosesim import fn, rotations
    >>> @fn
    ... def twice(a: rotations.Pose) -> rotations.Pose:
    ...     return rotations.compose(a, a)
    >>> np.round(twice(rotations.Pose([0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 2.0])).position, 12)
    array([0., 0., 4.])
    """
    return Pose(qmul(a.rotation, b.rotation), place(a, b.position))


def inverse_pose(pose: Pose) -> Pose:
    """The pose of the world in the frame of the body.

    >>> from rosesim import fn, rotations
    >>> @fn
    ... def position_of_world(pose: rotations.Pose):
    ...     return rotations.inverse_pose(pose).position
    >>> position_of_world(rotations.Pose([0.0, 0.0, 0.0, 1.0], [1.0, 2.0, 3.0]))
    array([ 1.,  2., -3.])
    """
    back = quaternions.inverse(pose.rotation)
    return Pose(back, -quaternions.rotate(back, pose.position))


def exp_pose(v: Any) -> Pose:
    """The pose that a body reaches from the world's frame in a unit of time at constant spatial velocity v, a vector
    of 6 (angular, linear): a screw. Its position is dexp(angular) linear.

    >>> import numpy as np
    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def quarter(v: Vec[Real, 6]):
    ...     return rotations.exp_pose(v).position
    >>> np.round(quarter([0.0, 0.0, np.pi / 2, np.pi / 2, 0.0, 1.0]), 12)  # round a circle of radius 1, and up
    array([1., 1., 1.])
    """
    x = vector(v, 6, "exp_pose")
    return Pose(quaternions.exp(x[:3]), quaternions.dexp(x[:3]) @ x[3:])


def log_pose(pose: Pose) -> Any:
    """The spatial velocity, a vector of 6, whose `exp_pose` is this pose, by at most half a turn.

    >>> import numpy as np
    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def again(v: Vec[Real, 6]):
    ...     return rotations.log_pose(rotations.exp_pose(v))
    >>> np.round(again([0.3, -0.2, 0.1, 1.0, 2.0, 3.0]), 12)
    array([ 0.3, -0.2,  0.1,  1. ,  2. ,  3. ])
    """
    w = quaternions.log(pose.rotation)
    t = dot(w, w)
    # The inverse of dexp(w) is I - [w] / 2 + cotangent(t) [w]^2.
    c = cotangent(t)
    linear = quaternions.of_axis(w, 1.0 - c * t, -0.5, c) @ vector(pose.position, 3, "log_pose")
    return as_vec([*(w[k] for k in range(3)), *(linear[k] for k in range(3))])


def adjoint(pose: Pose) -> Any:
    """The matrix of 6 rows that takes a motion vector (angular, linear) given in the body's frame to the world's.

    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def in_world(pose: rotations.Pose, v: Vec[Real, 6]):
    ...     return rotations.adjoint(pose) @ v
    >>> in_world(rotations.Pose([1.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0]), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    array([ 0.,  0.,  1.,  0., -2.,  0.])
    """
    m, moved = _blocks(pose)
    return as_vec([[*m[i], 0.0, 0.0, 0.0] for i in range(3)] + [[*moved[i], *m[i]] for i in range(3)])


def coadjoint(pose: Pose) -> Any:
    """The matrix of 6 rows that takes a force vector (moment, force) given in the body's frame to the world's: the
    power of a force and a motion stays what it is.

    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def in_world(pose: rotations.Pose, f: Vec[Real, 6]):
    ...     return rotations.coadjoint(pose) @ f
    >>> in_world(rotations.Pose([1.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0]), [0.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    array([0., 0., 2., 0., 1., 0.])
    """
    m, moved = _blocks(pose)
    return as_vec([[*m[i], *moved[i]] for i in range(3)] + [[0.0, 0.0, 0.0, *m[i]] for i in range(3)])


def _blocks(pose: Pose) -> tuple[list[list[Any]], list[list[Any]]]:
    """The rows of the rotation's matrix R, and those of [position] R."""
    r, p = quaternions.to_matrix(pose.rotation), vector(pose.position, 3, "adjoint")
    columns = [cross(p, as_vec([r[i, j] for i in range(3)])) for j in range(3)]
    return [[r[i, j] for j in range(3)] for i in range(3)], [[columns[j][i] for j in range(3)] for i in range(3)]
