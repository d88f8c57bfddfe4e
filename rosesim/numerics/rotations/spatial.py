"""Spatial vectors of 6: motions (angular velocity, linear velocity of the frame's origin) and forces (moment about
the origin, force). R. Featherstone: Rigid Body Dynamics Algorithms. Springer 2008, chapter 2, whose names crm, crf
and mcI stand beside ours."""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.linalg import cross, dot
from rosesim.ad.language.values.vector import as_vec
from rosesim.numerics.rotations.given import matrix, vector
from rosesim.numerics.rotations.quaternions import of_axis


def cross_motion(v: Any, m: Any) -> Any:
    """v x m, the rate at which a motion vector m that moves with v changes (crm(v) m).

    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def f(v: Vec[Real, 6], m: Vec[Real, 6]):
    ...     return rotations.cross_motion(v, m)
    >>> f([0.0, 0.0, 1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 2.0, 0.0])
    array([ 0.,  1.,  0., -2.,  0.,  0.])
    """
    w, u = _parts(v, "cross_motion")
    a, b = _parts(m, "cross_motion")
    return _joined(cross(w, a), cross(u, a) + cross(w, b))


def cross_force(v: Any, f: Any) -> Any:
    """v x* f, the rate at which a force vector f that moves with v changes (crf(v) f).

    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def g(v: Vec[Real, 6], f: Vec[Real, 6]):
    ...     return rotations.cross_force(v, f)
    >>> g([0.0, 0.0, 1.0, 3.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 2.0, 0.0])
    array([ 0.,  1.,  6., -2.,  0.,  0.])
    """
    w, u = _parts(v, "cross_force")
    n, g = _parts(f, "cross_force")
    return _joined(cross(w, n) + cross(u, g), cross(w, g))


def spatial_inertia(mass: Any, centre: Any, inertia: Any) -> Any:
    """The matrix of 6 rows that takes a body's motion to its momentum (mcI), of its mass, its centre of mass in the
    frame, and its matrix of inertia about that centre.

    >>> import numpy as np
    >>> from rosesim import fn, rotations, Real, Vec
    >>> @fn
    ... def momentum(v: Vec[Real, 6]):
    ...     return rotations.spatial_inertia(2.0, [1.0, 0.0, 0.0], 0.1 * np.eye(3)) @ v
    >>> momentum([0.0, 0.0, 1.0, 0.0, 0.0, 0.0])  # the centre moves along y with speed 1
    array([0. , 0. , 2.1, 0. , 2. , 0. ])
    """
    c, about = vector(centre, 3, "spatial_inertia"), matrix(inertia, 3, "spatial_inertia")
    skew = of_axis(c, 0.0, mass, 0.0)  # m [c]
    shifted = of_axis(c, mass * dot(c, c), 0.0, -mass)  # m [c] [c]^T
    rows = [[*(about[i, j] + shifted[i, j] for j in range(3)), *(skew[i, j] for j in range(3))] for i in range(3)]
    rows += [[*(skew[j, i] for j in range(3)), *(mass if i == j else 0.0 for j in range(3))] for i in range(3)]
    return as_vec(rows)


def _parts(v: Any, what: str) -> tuple[Any, Any]:
    x = vector(v, 6, what)
    return x[:3], x[3:]


def _joined(a: Any, b: Any) -> Any:
    return as_vec([*(a[k] for k in range(3)), *(b[k] for k in range(3))])
