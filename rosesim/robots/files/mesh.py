"""Triangle meshes from files: OBJ and binary STL.

A file is damaged or a mesh; nothing between. Vertices that an STL repeats for each triangle are one again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rosesim.robots.description import Mesh, Vector
from rosesim.robots.files import hull, source
from rosesim.robots.files.errors import RobotError, quoted
from rosesim.robots.files.frames import conjugate, matrix
from rosesim.robots.files.values import GREATEST, NUMBER

LARGEST_BYTES = 64 << 20
MOST = 200_000
"""Vertices, and triangles: as many triangles as MuJoCo reads of an STL."""

Fault = Callable[[str], RobotError]


def read(path: str, name: str) -> Mesh:
    """The mesh of a file. RobotError where it cannot be read."""
    kind = os.path.splitext(path)[1].lower()
    if kind not in (".obj", ".stl"):
        raise RobotError(path, 0, f"is a mesh of the kind {quoted(kind)}; OBJ and binary STL are read: convert it.")
    content = source.read(path, LARGEST_BYTES)
    return _stl(content, path, name) if kind == ".stl" else _obj(content, path, name)


def _stl(content: bytes, path: str, name: str) -> Mesh:
    """80 bytes, the number of triangles, and for each: a normal, three corners, two bytes."""
    if content[:5] == b"solid" and b"facet" in content[:1000]:
        raise RobotError(path, 0, "is an STL of text; the binary form is read: convert it.")
    count = int.from_bytes(content[80:84], "little")
    if len(content) < 84 or len(content) != 84 + 50 * count:
        size = f"{len(content)} bytes, and says {count} triangles, which take {84 + 50 * count}"
        raise RobotError(path, 0, f"is damaged: an STL of {size}.")
    if not 1 <= count <= MOST:
        raise RobotError(path, 0, f"has {count} triangles; 1 to {MOST} are read.")
    records = np.frombuffer(
        content, np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("tail", "<u2")]), count, 84
    )
    corners = records["corners"].reshape(-1, 3).astype(np.float64)
    return _merged(name, corners, path)


def _merged(name: str, corners: NDArray[np.float64], path: str) -> Mesh:
    if not np.isfinite(corners).all():
        raise RobotError(path, 0, "is damaged: it has a corner that is not finite.")
    vertices, index = np.unique(corners, axis=0, return_inverse=True)
    return _packed(name, vertices, index.reshape(-1, 3), lambda what: RobotError(path, 0, what))


def _obj(content: bytes, path: str, name: str) -> Mesh:
    """Lines `v x y z` and `f i j k ...`, counted from 1, or from the end where negative; faces become fans."""
    vertices: list[float] = []
    faces: list[int] = []
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        parts = line.split()
        if not parts or parts[0] not in ("v", "f"):
            continue  # normals, textures, groups, materials, comments
        if parts[0] == "v":
            if len(parts) < 4 or not all(len(p) < 100 and NUMBER.fullmatch(p) for p in parts[1:4]):
                raise RobotError(path, number, f"has {quoted(line)}; v and three numbers are expected.")
            vertices += (float(p) for p in parts[1:4])
        else:
            corners = [p.split("/")[0] for p in parts[1:]]
            if len(corners) < 3 or not all(c.removeprefix("-").isascii() and _is_index(c) for c in corners):
                raise RobotError(path, number, f"has {quoted(line)}; f and three or more numbers are expected.")
            counted = [int(c) for c in corners]
            index = [c - 1 if c > 0 else len(vertices) // 3 + c for c in counted]
            if not all(0 <= i < len(vertices) // 3 for i in index):
                raise RobotError(path, number, f"has a face of vertices that are not there, {quoted(line)}: mend it.")
            for a, b in pairwise(index[1:]):
                faces += (index[0], a, b)
        if len(vertices) > 3 * MOST or len(faces) > 3 * MOST:
            raise RobotError(path, number, f"has more than {MOST} vertices or triangles, the most that is read.")
    return made(name, vertices, faces, lambda what: RobotError(path, 0, what))


def _is_index(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isdigit() and len(digits) < 10 and int(digits) != 0


def made(name: str, vertices: Vector | list[float], faces: Vector | list[int], fault: Fault) -> Mesh:
    """A mesh of numbers in sequence; `fault` makes an error of what is wrong."""
    points = np.array(vertices, np.float64).reshape(-1, 3)
    index = np.array(faces, np.float64).reshape(-1, 3)
    if (np.floor(index) != index).any() or (np.abs(index) > 1 << 31).any():
        raise fault("has a face of numbers that count no vertices: mend it.")
    return _packed(name, points, index.astype(np.int64), fault)


def spanned(name: str, vertices: Vector, fault: Fault) -> Mesh:
    """The hull of points in sequence: a mesh without faces of its own."""
    points = np.array(vertices, np.float64).reshape(-1, 3)
    if np.abs(points).max() > GREATEST:
        raise fault(f"has a number over {GREATEST:g}: mend it.")
    try:
        found = hull.hull(Mesh(name, tuple(map(tuple, points.tolist())), ()))
    except hull.TooManyVertices as error:
        raise fault(f"{error}; simplify it.") from None
    if found is None:
        raise fault("has no faces, and its vertices are in one plane: give it faces, or a height.")
    return found


def _packed(name: str, vertices: NDArray[np.float64], faces: NDArray[np.int64], fault: Fault) -> Mesh:
    if len(vertices) < 4 or len(faces) < 4:
        raise fault(f"has {len(vertices)} vertices and {len(faces)} triangles; a mesh has at least 4 of both.")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise fault("has a face of vertices that are not there: mend it.")
    if np.abs(vertices).max() > GREATEST:
        raise fault(f"has a number over {GREATEST:g}: mend it.")
    return Mesh(name, tuple(map(tuple, vertices.tolist())), tuple(map(tuple, faces.tolist())))


def placed(found: Mesh, pos: Vector, quat: Vector, scale: Vector, fault: Fault) -> Mesh:
    """A mesh whose own frame is where `pos` and `quat` say, then scaled; a mirror image turns its triangles over."""
    if pos == (0.0, 0.0, 0.0) and quat == (1.0, 0.0, 0.0, 0.0) and scale == (1.0, 1.0, 1.0):
        return found
    moved = (np.array(found.vertices) - np.array(pos)) @ np.array(matrix(conjugate(quat))).T * np.array(scale)
    if np.abs(moved).max() > GREATEST:
        raise fault(f"has a number over {GREATEST:g} when it is scaled: mend it.")
    is_mirrored = scale[0] * scale[1] * scale[2] < 0
    faces = tuple((a, c, b) for a, b, c in found.faces) if is_mirrored else found.faces
    return Mesh(found.name, tuple(map(tuple, moved.tolist())), faces)


def hulled(found: Mesh, fault: Fault) -> Mesh:
    """A mesh as contact takes it, and inertia unless its file says otherwise: its convex hull. A flat one stays."""
    try:
        return hull.hull(found) or found
    except hull.TooManyVertices as error:
        raise fault(f"{error}; simplify it.") from None


def unfit_for_inertia(found: Mesh) -> str | None:
    """Why mass and inertia do not follow from a mesh's triangles; None where they do."""
    vertices, faces = np.array(found.vertices), np.array(found.faces)
    edges = np.concatenate([faces[:, (0, 1)], faces[:, (1, 2)], faces[:, (2, 0)]])
    there, back = edges[:, 0] * len(vertices) + edges[:, 1], edges[:, 1] * len(vertices) + edges[:, 0]
    if len(np.unique(there)) != len(there) or not np.array_equal(np.sort(there), np.sort(back)):
        return "its surface is not closed, or has triangles the wrong way round"
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    if np.einsum("ij,ij->", a - a[0], np.cross(b - a[0], c - a[0])) <= 0:
        return "it has no volume, or its triangles look inwards (they go clockwise, seen from outside)"
    return None
