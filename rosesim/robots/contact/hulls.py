"""Convex hulls of a robot's meshes as tables that programs read: vertices, and faces with their corners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language.constants import const
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.function import Fn
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.robots.algebra import V3, Number
from rosesim.robots.description import Mesh
from rosesim.robots.files.hull import TooManyVertices, hull

CORNERS = 8
"""Of a face that has more, those count that are farthest to eight sides."""
FLAT = 1e-5
"""Of a mesh's size: triangles this near to a plane are one face. Files hold single precision, and slim triangles."""


class Hulls:
    """The meshes of a robot, one after the other."""

    def __init__(self, meshes: Sequence[Mesh]) -> None:
        self._places: list[tuple[float, ...]] = []
        self._functions: dict[Any, Fn[..., Any]] = {}
        vertices: list[NDArray[Any]] = []
        normals: list[NDArray[Any]] = []
        corners: list[list[int]] = []
        count = 0
        for mesh in map(_convex, meshes):
            points = np.array(mesh.vertices)
            found = _faces(points, np.array(mesh.faces))
            reach = float(np.linalg.norm(points, axis=1).max())
            self._places.append((float(count), float(len(points)), float(len(normals)), float(len(found)), reach))
            for normal, loop in found:
                normals.append(normal)
                corners.append([count + i for i in loop] + [count + loop[0]] * (CORNERS - len(loop)))
            vertices.append(points)
            count += len(points)
        self.vertices, self.normals, self.corners = np.concatenate(vertices), np.array(normals), np.array(corners)
        self._most = int(max(p[1] for p in self._places)), int(max(p[3] for p in self._places))

    def size(self, index: int) -> tuple[float, ...]:
        """What tells a mesh from others: where its vertices begin, their number, the same of its faces, and how
        far it reaches from the origin of its frame."""
        return self._places[index]

    def function(self, of: Any, make: Callable[[], Fn[..., Any]]) -> Fn[..., Any]:
        """A function of the language that reads these tables, made once, by what it is of."""
        if of not in self._functions:
            self._functions[of] = make()
        return self._functions[of]

    def vertex(self, i: Any) -> V3:
        """A vertex by its index in the table."""
        table = const(self.vertices)
        return table[i, 0], table[i, 1], table[i, 2]

    def each_vertex(self, size: Sequence[Number], step: Any, start: Any) -> Any:
        """`step(state, i)` for each vertex of a mesh, in turn."""
        return _each(size[0], size[1], self._most[0], len(self.vertices), step, start)

    def each_face(self, size: Sequence[Number], step: Any, start: Any) -> Any:
        """`step(state, i)` for each face of a mesh, in turn."""
        return _each(size[2], size[3], self._most[1], len(self.normals), step, start)

    def normal(self, i: Any) -> V3:
        """The outward unit normal of a face by its index in the table."""
        table = const(self.normals)
        return table[i, 0], table[i, 1], table[i, 2]

    def corner(self, i: Any, k: int) -> Any:
        """The index of a vertex of a face: its corners are counter-clockwise, the first again at places without."""
        return Index[len(self.vertices)].clamp(const(self.corners)[i, k])

    def farthest(self, size: Sequence[Number], along: V3) -> V3:
        """The vertex of a mesh that is farthest along a direction."""
        return self.vertex(self.each_vertex(size, *_most_along(self.vertices, along))[1])

    def facing(self, size: Sequence[Number], along: V3) -> Any:
        """The index of the face of a mesh that looks most along a direction."""
        return self.each_face(size, *_most_along(self.normals, along))[1]


def _most_along(rows: NDArray[Any], along: V3) -> tuple[Any, Any]:
    """The step and the start of a loop over vectors, for the one that is farthest along another."""
    table = const(rows)

    def step(state: Any, i: Any) -> Any:
        x = table[i, 0] * along[0] + table[i, 1] * along[1] + table[i, 2] * along[2]
        more = x > state[0]
        return select(more, x, state[0]), select(more, i, state[1])

    return step, (Real(-1e300), Index[len(rows)](0))


def _each(first: Number, count: Number, most: int, size: int, step: Any, start: Any) -> Any:
    begin, upto = Index[size].clamp(first), Index[most + 1].clamp(count)
    return scan(lambda state, k: step(state, Index[size].clamp(begin + k)), start, most, upto=upto)


@lru_cache(maxsize=16)
def hulls(meshes: tuple[Mesh, ...]) -> Hulls:
    """The tables of meshes."""
    return Hulls(meshes)


def _convex(mesh: Mesh) -> Mesh:
    """Its hull: a mesh that gives its mass as it is may be dented. A flat one stays."""
    points, triangles = np.array(mesh.vertices), np.array(mesh.faces)
    beside = {(t[k], t[k - 2]): t[k - 1] for t in triangles.tolist() for k in range(3)}
    opposite = [[beside.get((t[k - 2], t[k]), -1) for k in range(3)] for t in triangles.tolist()]
    corners = points[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    heights = np.einsum("fkd,fd->fk", points[opposite] - corners[:, :1], normals)
    least = FLAT * float(np.ptp(points, axis=0).max()) * lengths
    if np.min(opposite) >= 0 and (heights <= least[:, None]).all():
        return mesh
    try:
        return hull(mesh) or mesh
    except TooManyVertices as error:
        raise ValueError(f"mesh {mesh.name!r} {error}; simplify it") from None


def _faces(points: NDArray[Any], triangles: NDArray[Any]) -> list[tuple[NDArray[Any], list[int]]]:
    """Faces as (unit normal, corners counter-clockwise from outside): triangles in one plane, the largest first."""
    size = float(np.ptp(points, axis=0).max())
    a, b, c = (points[triangles[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    areas = np.linalg.norm(normals, axis=1)
    units = normals / np.where(areas > 0.0, areas, 1.0)[:, None]
    beside: dict[tuple[int, int], int] = {}
    for f, t in enumerate(triangles.tolist()):
        for k in range(3):
            beside[t[k], t[k - 2]] = f
    left, found = set(range(len(triangles))), list[tuple[NDArray[Any], list[int]]]()
    for seed in np.argsort(-areas, kind="stable").tolist():
        if seed not in left:
            continue
        left.discard(seed)
        ahead, members = [seed], [seed]
        while ahead:
            t = triangles[ahead.pop()].tolist()
            for k in range(3):
                f = beside.get((t[k - 2], t[k]))
                if f is None or f not in left:
                    continue
                heights = (points[triangles[f]] - a[seed]) @ units[seed]
                if np.abs(heights).max() < FLAT * size and (areas[f] == 0.0 or units[f] @ units[seed] > 0.0):
                    left.discard(f)
                    ahead.append(f)
                    members.append(f)
        normal = normals[members].sum(axis=0)
        if areas[seed] > 0.0:
            normal = normal / np.linalg.norm(normal)
            found.append((normal, _loop(points, np.unique(triangles[members]), normal)))
    return found


def _loop(points: NDArray[Any], used: NDArray[Any], normal: NDArray[Any]) -> list[int]:
    """The corners of a convex face in order."""
    side = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
    side /= np.linalg.norm(side)
    flat = (points[used] - points[used].mean(axis=0)) @ np.stack([side, np.cross(normal, side)], axis=1)
    angles = np.arctan2(flat[:, 1], flat[:, 0])
    if len(used) > CORNERS:
        ways = 2.0 * np.pi * (np.arange(CORNERS) + 0.5) / CORNERS
        kept = np.unique((flat @ np.stack([np.cos(ways), np.sin(ways)])).argmax(axis=0))
        used, angles = used[kept], angles[kept]
    return used[np.argsort(angles)].tolist()
