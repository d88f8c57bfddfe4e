"""The convex hull of a mesh, by Quickhull (C. Barber, D. Dobkin, H. Huhdanpaa, ACM TOMS 22, 1996).

A mesh is its hull for contact, and, unless its file says otherwise, for mass and inertia. The hull has far fewer
vertices, is closed, and has its triangles outside out, whatever the file's are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rosesim.robots.description import Mesh

SHAKEN = 1e-7
"""Of the mesh's size: how far points are moved before their hull is looked for. Points in one plane, which meshes
consist of, are then in none, and which sides a point sees is no matter of rounding. The vertices are the file's. The
volumes of 489 meshes of robots are those of Qhull to 1.4e-7; without shaking, one was wrong by 2.7e-6.
"""
NEAREST = 3e-7
"""Of the mesh's size: a point less than this outside a side is on it; more than shaking brings out."""
THINNEST = 1e-6
"""Of the mesh's size: a mesh with no more height than single precision rounds to is flat."""

MOST_VERTICES = 20_000  # some ten seconds; the hulls of robots' parts have up to 10,000

Points = NDArray[np.float64]


class TooManyVertices(ValueError):
    """A mesh whose hull would take too long."""


def hull(mesh: Mesh) -> Mesh | None:
    """The hull of a mesh, with its vertices in their order; None where the mesh is flat. TooManyVertices.

    >>> square = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0, 0.0))
    >>> found = hull(Mesh("pyramid", (*square, (0.5, 0.5, 0.2), (0.5, 0.5, 1.0)), ()))
    >>> found and (len(found.vertices), len(found.faces)), hull(Mesh("square", square, ()))
    ((5, 6), None)
    """
    points = np.array(mesh.vertices)
    first = _tetrahedron(points)
    if first is None:
        return None
    size = float(np.ptp(points, axis=0).max())
    shaken = points + SHAKEN * size * np.random.default_rng(1).uniform(-1, 1, points.shape)
    faces = _Quickhull(shaken, first, NEAREST * size).run()
    used, index = np.unique(faces, return_inverse=True)
    vertices = tuple(mesh.vertices[i] for i in used.tolist())
    return Mesh(mesh.name, vertices, tuple((a, b, c) for a, b, c in index.reshape(-1, 3).tolist()))


def _tetrahedron(points: Points) -> tuple[int, int, int, int] | None:
    """Four points far apart, the fourth behind the first three; None where all points are in a plane."""
    least = THINNEST * float(np.ptp(points, axis=0).max())
    a = int(points[:, 0].argmin())
    b = int(np.linalg.norm(points - points[a], axis=1).argmax())
    along = points[b] - points[a]
    if not least or np.linalg.norm(along) <= least:
        return None
    along /= np.linalg.norm(along)
    across = points - points[a]
    across = np.linalg.norm(across - np.outer(across @ along, along), axis=1)
    c = int(across.argmax())
    if across[c] <= least:
        return None
    normal = np.cross(points[b] - points[a], points[c] - points[a])
    heights = (points - points[a]) @ (normal / np.linalg.norm(normal))
    d = int(np.abs(heights).argmax())
    if abs(heights[d]) <= least:
        return None
    return (a, b, c, d) if heights[d] < 0 else (a, c, b, d)


class _Quickhull:
    """The hull so far: triangles with outward normals, and for each the points that are outside it."""

    def __init__(self, points: Points, first: tuple[int, int, int, int], least: float):
        self.points = points
        self.least = least
        self.faces: dict[int, tuple[int, int, int]] = {}
        self.planes: dict[int, tuple[float, float, float, float]] = {}
        self.outside: dict[int, NDArray[np.intp]] = {}
        self.of_edge: dict[tuple[int, int], int] = {}
        """The triangle on the left of an edge, from corner to corner."""
        self.count = 0
        a, b, c, d = first
        self._add([(a, b, c), (a, d, b), (b, d, c), (c, d, a)], np.arange(len(points)))

    def run(self) -> NDArray[np.int64]:
        """Add the farthest point of a triangle, until no point is outside any."""
        for _ in range(MOST_VERTICES):
            if not self.outside:
                return np.array(list(self.faces.values()), np.int64)
            face, candidates = next(reversed(self.outside.items()))
            x, y, z, _ = self.planes[face]
            far = int(candidates[(self.points[candidates] @ (x, y, z)).argmax()])
            seen = self._seen_from(far, face)
            edges = [(a, b) for f in seen for a, b in _edges(self.faces[f]) if self.of_edge[b, a] not in seen]
            inside = [self._remove(f) for f in seen]
            self._add([(a, b, far) for a, b in edges], np.concatenate(inside))
        raise TooManyVertices(f"has a hull of more than {MOST_VERTICES} vertices, the most that is read")

    def _seen_from(self, point: int, face: int) -> set[int]:
        """The triangles that a point is outside of, as far as they hang together."""
        px, py, pz = self.points[point].tolist()
        seen, ahead = {face}, [face]
        while ahead:
            for a, b in _edges(self.faces[ahead.pop()]):
                other = self.of_edge[b, a]
                if other not in seen:
                    x, y, z, height = self.planes[other]
                    # No tolerance here: with one, a hull may end up dented, or open.
                    if x * px + y * py + z * pz > height:
                        seen.add(other)
                        ahead.append(other)
        return seen

    def _remove(self, face: int) -> NDArray[np.intp]:
        for edge in _edges(self.faces.pop(face)):
            if self.of_edge[edge] == face:
                del self.of_edge[edge]
        del self.planes[face]
        return self.outside.pop(face, np.zeros(0, np.intp))

    def _add(self, triangles: list[tuple[int, int, int]], candidates: NDArray[np.intp]) -> None:
        """New triangles; each candidate goes to the one that it is farthest outside of."""
        corners = self.points[np.array(triangles)]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
        heights = np.einsum("ij,ij->i", normals, corners[:, 0])
        above = self.points[candidates] @ normals.T - heights
        nearest, height = above.argmax(axis=1), above.max(axis=1)
        for i, triangle in enumerate(triangles):
            self.faces[self.count] = triangle
            x, y, z = normals[i].tolist()
            self.planes[self.count] = (x, y, z, float(heights[i]))
            for edge in _edges(triangle):
                self.of_edge[edge] = self.count
            mine = candidates[(nearest == i) & (height > self.least)]
            if len(mine):
                self.outside[self.count] = mine
            self.count += 1


def _edges(face: tuple[int, int, int]) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    a, b, c = face
    return (a, b), (b, c), (c, a)
