"""Rotations and rigid motions, as `rosesim.rotations`: smooth at zero and near half a turn, to every order."""

from rosesim.numerics.rotations.euler import from_euler, to_euler
from rosesim.numerics.rotations.poses import (
    Pose,
    adjoint,
    coadjoint,
    compose,
    exp_pose,
    inverse_pose,
    log_pose,
    place,
)
from rosesim.numerics.rotations.quaternions import (
    dexp,
    exp,
    from_matrix,
    integrate,
    integrate_body,
    inverse,
    log,
    rotate,
    slerp,
    to_matrix,
)
from rosesim.numerics.rotations.spatial import cross_force, cross_motion, spatial_inertia

__all__ = [
    "Pose",
    "adjoint",
    "coadjoint",
    "compose",
    "cross_force",
    "cross_motion",
    "dexp",
    "exp",
    "exp_pose",
    "from_euler",
    "from_matrix",
    "integrate",
    "integrate_body",
    "inverse",
    "inverse_pose",
    "log",
    "log_pose",
    "place",
    "rotate",
    "slerp",
    "spatial_inertia",
    "to_euler",
    "to_matrix",
]
