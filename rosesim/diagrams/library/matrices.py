"""Matrices: linear maps, and the camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from rosesim.diagrams import scalars
from rosesim.diagrams.kinds import NUMBER, ROWS, VECTOR, VECTOR2, VECTOR3, VECTOR4
from rosesim.diagrams.library.items import function
from rosesim.diagrams.library.numbers import whole
from rosesim.diagrams.library.vectors import paired
from rosesim.diagrams.scalars import Number, div, neg
from rosesim.diagrams.values import Rows, Vector
from rosesim.diagrams.vectors import Numbers, dot, minus, normalised, over, plus, times

Matrix = Sequence[Sequence[Number]]


def applied(matrix: Matrix, v: Sequence[Number]) -> Numbers:
    """A v. Raises ValueError where the rows are not as long as v."""
    if any(len(row) != len(v) for row in matrix):
        raise ValueError(f"the matrix has rows of {len(matrix[0])} numbers; expected {len(v)}, as in the vector")
    return tuple(dot(row, v) for row in matrix)


def product(a: Matrix, b: Matrix) -> list[Numbers]:
    """A B."""
    columns = list(zip(*b, strict=True))
    return [applied(columns, row) for row in a]


def _rows(rows: Matrix) -> Rows:
    return Rows(tuple(tuple(row) for row in rows))


def _diagonal(numbers: Sequence[Number]) -> list[list[Number]]:
    return [[d if i == j else 0.0 for j in range(len(numbers))] for i, d in enumerate(numbers)]


def _outer(v: Sequence[Number], w: Sequence[Number]) -> list[Numbers]:
    return [times(a, w) for a in v]


def _sum(a: Matrix, b: Matrix) -> list[Numbers]:
    return [plus(x, y) for x, y in zip(a, b, strict=True)]


def _cross_matrix(v: Sequence[Number]) -> list[list[Number]]:
    return [[0.0, neg(v[2]), v[1]], [v[2], 0.0, neg(v[0])], [neg(v[1]), v[0], 0.0]]


def _cross(v: Sequence[Number], w: Sequence[Number]) -> Numbers:
    return (v[1] * w[2] - v[2] * w[1], v[2] * w[0] - v[0] * w[2], v[0] * w[1] - v[1] * w[0])


@function(n=NUMBER)
def identity(n: Number) -> Rows:
    """The n × n unit matrix; n is known."""
    return _rows(_diagonal([1.0] * whole(n, "n", 1)))


@function(v=VECTOR)
def diagonal(v: Vector) -> Rows:
    """The matrix with v on its diagonal."""
    return _rows(_diagonal(v.items))


@function(sx=NUMBER, sy=NUMBER)
def scale2d(sx: Number, sy: Number) -> Rows:
    """The matrix with (sx, sy) on its diagonal."""
    return _rows(_diagonal((sx, sy)))


@function(sx=NUMBER, sy=NUMBER, sz=NUMBER)
def scale3d(sx: Number, sy: Number, sz: Number) -> Rows:
    """The matrix with (sx, sy, sz) on its diagonal."""
    return _rows(_diagonal((sx, sy, sz)))


@function(A=ROWS)
def inverse(A: Rows) -> Rows:
    """The inverse of a matrix of 2, 3 or 4 rows: the adjugate divided by the determinant; singular: not finite."""
    n = len(A.rows)
    if n not in (2, 3, 4) or len(A.rows[0]) != n:
        raise ValueError(f"the matrix is {n} × {len(A.rows[0])}; expected 2 × 2, 3 × 3 or 4 × 4")

    @cache
    def minor(rows: tuple[int, ...], columns: tuple[int, ...]) -> Number:
        """The determinant of what these rows and columns hold, expanded along its first row."""
        first, *rest = rows
        if not rest:
            return A.rows[first][columns[0]]
        result: Number = 0.0
        for k, column in enumerate(columns):
            term = A.rows[first][column] * minor(tuple(rest), columns[:k] + columns[k + 1 :])
            result = result - term if k % 2 else result + term
        return result

    every = tuple(range(n))

    def cofactor(i: int, j: int) -> Number:
        value = minor(every[:i] + every[i + 1 :], every[:j] + every[j + 1 :])
        return neg(value) if (i + j) % 2 else value

    determinant = minor(every, every)
    return _rows([[div(cofactor(j, i), determinant) for j in every] for i in every])


@function(v=VECTOR, w=VECTOR)
def outerProduct(v: Vector, w: Vector) -> Rows:
    """The matrix of v_i w_j."""
    return _rows(_outer(*paired(v, w)))


@function(v=VECTOR3)
def crossProductMatrix(v: Vector) -> Rows:
    """The matrix A with A w = v × w: rows (0, −v₂, v₁), (v₂, 0, −v₀), (−v₁, v₀, 0)."""
    return _rows(_cross_matrix(v.items))


@function(A=ROWS, V=ROWS)
def matrixMultiplyList(A: Rows, V: Rows) -> Rows:
    """A v for each vector v of a list."""
    return Rows(tuple(applied(A.rows, v) for v in V.rows), "lists")


@function(t=NUMBER)
def rotate2d(t: Number) -> Rows:
    """Turns by t radians: rows (cos t, −sin t), (sin t, cos t)."""
    c, s = scalars.cos(t), scalars.sin(t)
    return _rows([[c, neg(s)], [s, c]])


@function(t=NUMBER, v=VECTOR3)
def rotate3d(t: Number, v: Vector) -> Rows:
    """Turns by t radians about a unit vector: I + sin t K + (1 − cos t) K K, K v's crossProductMatrix (Rodrigues)."""
    k = _cross_matrix(v.items)
    turned = [times(scalars.sin(t), row) for row in k]
    twice = [times(1 - scalars.cos(t), row) for row in product(k, k)]
    return _rows(_sum(_sum(_diagonal([1.0] * 3), turned), twice))


@function(u=VECTOR2, v=VECTOR2)
def shear2d(u: Vector, v: Vector) -> Rows:
    """I + outerProduct(u, v): moves along u by how far a point lies along v."""
    return _rows(_sum(_diagonal([1.0] * 2), _outer(u.items, v.items)))


@function(u=VECTOR3, v=VECTOR3)
def shear3d(u: Vector, v: Vector) -> Rows:
    """I + outerProduct(u, v): moves along u by how far a point lies along v."""
    return _rows(_sum(_diagonal([1.0] * 3), _outer(u.items, v.items)))


@function(ax=NUMBER, ay=NUMBER)
def skew2d(ax: Number, ay: Number = 0.0) -> Rows:
    """Rows (1, tan ax), (tan ay, 1)."""
    return _rows([[1.0, scalars.tan(ax)], [scalars.tan(ay), 1.0]])


@function(eye=VECTOR3, center=VECTOR3, up=VECTOR3)
def lookAt(eye: Vector, center: Vector, up: Vector) -> Rows:
    """The 4 × 4 matrix of a camera at `eye` that looks at `center`.

    f = normalise(center − eye), s = normalise(f × up), t = s × f: rows (s, 0), (t, 0), (−f, 0), (0, 0, 0, 1) times
    the translation by −eye.
    """
    f = normalised(minus(center.items, eye.items))
    s = normalised(_cross(f, up.items))
    t = _cross(s, f)
    back = times(-1.0, eye.items)
    rows: list[Numbers] = [(*row, dot(row, back)) for row in (s, t, times(-1.0, f))]
    return _rows([*rows, (0.0, 0.0, 0.0, 1.0)])


@function(fovy=NUMBER, aspect=NUMBER, zNear=NUMBER, zFar=NUMBER)
def perspective(fovy: Number, aspect: Number, zNear: Number = 0.1, zFar: Number = 100.0) -> Rows:
    """The 4 × 4 matrix of a perspective projection; `fovy` is the vertical angle in degrees.

    c = 1/tan(π fovy/360): M₀₀ = c/aspect, M₁₁ = −c, M₂₂ = −(zFar + zNear)/(zFar − zNear),
    M₂₃ = 2 zNear zFar/(zFar − zNear), M₃₂ = −1, the rest 0 (the signs of M₁₁ and M₂₃ are Penrose's).
    """
    c = div(1.0, scalars.tan(fovy * math.pi / 360))
    depth = zFar - zNear
    return _rows(
        [
            [div(c, aspect), 0.0, 0.0, 0.0],
            [0.0, neg(c), 0.0, 0.0],
            [0.0, 0.0, neg(div(zFar + zNear, depth)), div(2 * zNear * zFar, depth)],
            [0.0, 0.0, -1.0, 0.0],
        ]
    )


@function(p=VECTOR3, model=ROWS, proj=ROWS, view=VECTOR4)
def project(p: Vector, model: Rows, proj: Rows, view: Vector) -> Vector:
    """The point p, seen by a camera: q = proj (model (p, 1)), r = q_xyz/q_w/2 + ½, (r_x w + x, r_y h + y).

    `view` is (x, y, w, h).
    """
    x, y, w, h = view.items
    qx, qy, _, qw = applied(proj.rows, applied(model.rows, (*p.items, 1.0)))
    rx, ry = (a / 2 + 0.5 for a in over((qx, qy), qw))
    return Vector((rx * w + x, ry * h + y))
