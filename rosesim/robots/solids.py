"""Volume, centre and moments of what a mesh bounds: sums over tetrahedra, of its triangles with one point."""

from __future__ import annotations

import numpy as np

from rosesim.robots.description import Mesh, Vector


def mesh_moments(mesh: Mesh) -> tuple[float, Vector, Vector]:
    """Volume (m³), centre (m), and the moments (xx, yy, zz, xy, xz, yz) about it of 1 kg spread evenly (m²).

    The mesh is closed, with its triangles counterclockwise from outside. With corners a, b, c seen from the common
    point, a tetrahedron of volume V has ∫ x xᵀ = V/20 (s sᵀ + a aᵀ + b bᵀ + c cᵀ), where s = a + b + c.

    >>> corners = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    >>> volume, centre, _ = mesh_moments(Mesh("t", corners, ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3))))
    >>> round(6 * volume, 12), centre
    (1.0, (0.25, 0.25, 0.25))
    """
    vertices = np.array(mesh.vertices)
    middle = vertices.mean(axis=0)  # near the centre, so that little cancels
    corners = (vertices - middle)[np.array(mesh.faces)]
    volumes = np.linalg.det(corners) / 6
    sums = corners.sum(axis=1)
    volume = float(volumes.sum())
    centre = volumes @ sums / (4 * volume)
    second = np.einsum("n,ni,nj->ij", volumes, sums, sums) + np.einsum("n,nki,nkj->ij", volumes, corners, corners)
    spread = second / (20 * volume) - np.outer(centre, centre)
    moments = np.trace(spread) * np.eye(3) - spread
    six = tuple(float(moments[i, j]) for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)))
    return volume, tuple(float(x) for x in centre + middle), six
