"""Small linear algebra, written in the language. A vector is a `Vec` of Reals, a matrix a `Vec` of vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.ad.language import types as T
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import sum
from rosesim.ad.language.mathematics import cos, sin, sqrt
from rosesim.ad.language.values.broadcast import shape_of
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import kind
from rosesim.ad.language.values.scalar import to_real
from rosesim.ad.language.values.vector import SHORT, VecValue, as_vec
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here


def _vec(v: Any, n: int | None, what: str) -> VecValue:
    x = as_vec(v)
    if x is None or (n is not None and len(x) != n):
        found = kind(v) if x is None else str(x.type)
        raise TypeMismatch(f"{found} was found in {what}; expected a vector" + (f" of {n}" if n else ""), here())
    return x


def _flat(v: Any, n: int | None, what: str) -> VecValue:
    """A vector whose elements are no vectors: arithmetic would take rows for numbers."""
    x = _vec(v, n, what)
    if _is_matrix(x):
        raise TypeMismatch(
            f"{x.type} was found in {what}; expected a vector of {n or ''}".rstrip() + " numbers", here()
        )
    return x


def _total(n: int, f: Callable[[Any], Any]) -> Any:
    if 0 < n <= SHORT:
        out = f(0)
        for i in range(1, n):
            out = out + f(i)
        return out
    return sum(n, f)


def _is_matrix(x: VecValue) -> bool:
    return isinstance(x.type.elem, T.VecType)


def dot(a: Any, b: Any) -> Real:
    """The scalar product of two vectors of equal length.

    >>> from rosesim import fn, dot, Real, Vec
    >>> @fn
    ... def f(a: Vec[Real, 2], b: Vec[Real, 2]) -> Real:
    ...     return dot(a, b)
    >>> f([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    x = _flat(a, None, "dot")
    y = _flat(b, len(x), "dot")
    return _total(len(x), lambda i: x[i] * y[i])


def norm(a: Any) -> Real:
    """The Euclidean length of a vector, of a matrix the root of the sum of all squares. Its derivative at zero is
    taken as 0.

    >>> from rosesim import fn, norm, Real, Vec
    >>> @fn
    ... def f(a: Vec[Real, 2]) -> Real:
    ...     return norm(a)
    >>> f([3.0, 4.0])
    5.0
    """
    x = _vec(a, None, "norm")
    return sqrt(_squares(x))


def _squares(x: Any) -> Any:
    if not isinstance(x, VecValue):
        return x * x
    return _total(len(x), lambda i: _squares(x[i]))


def cross(a: Any, b: Any) -> Any:
    """The vector product of vectors of 3. For vectors of 2 it gives the third component, a Real.

    >>> from rosesim import fn, cross, Real, Vec
    >>> @fn
    ... def f(a: Vec[Real, 3], b: Vec[Real, 3]) -> Vec[Real, 3]:
    ...     return cross(a, b)
    >>> f([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    array([0., 0., 1.])
    """
    x = _flat(a, None, "cross")
    if len(x) not in (2, 3):
        raise TypeMismatch(f"{x.type} was found in cross; expected a vector of 2 or 3", here())
    y = _flat(b, len(x), "cross")
    if len(x) == 2:
        return x[0] * y[1] - x[1] * y[0]
    return as_vec([x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]])


def matmul(a: Any, b: Any) -> Any:
    """The product of matrices and vectors. `a @ b` is the same.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def f(m: Vec[Vec[Real, 2], 2], x: Vec[Real, 2]) -> Vec[Real, 2]:
    ...     return m @ x
    >>> f([[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0])
    array([21., 43.])
    """
    x, y = _vec(a, None, "@"), _vec(b, None, "@")
    for v in (x, y):
        if len(shape_of(v)) > 2:
            raise TypeMismatch(
                f"{v.type} was found in @; expected vectors or matrices: of a batch, vec(n, lambda i: a[i] @ b)",
                here(),
            )
    if not _is_matrix(x):
        if not _is_matrix(y):
            return dot(x, y)
        _vec(y, len(x), "@")
        return _rows(_columns(y), lambda j: _total(len(x), lambda i: x[i] * y[i][j]))
    inner = _columns(x)
    _vec(y, inner, "@")
    if not _is_matrix(y):
        return _rows(len(x), lambda i: _total(inner, lambda k: x[i][k] * y[k]))
    return _rows(len(x), lambda i: _rows(_columns(y), lambda j: _total(inner, lambda k: x[i][k] * y[k][j])))


def _columns(m: VecValue) -> int:
    assert isinstance(m.type.elem, T.VecType)
    return m.type.elem.n


def _rows(n: int, f: Callable[[Any], Any]) -> Any:
    return as_vec([f(i) for i in range(n)]) if 0 < n <= SHORT else vec(n, f)


def transpose(m: Any) -> Any:
    """The matrix with rows and columns swapped.

    >>> from rosesim import fn, transpose, Real, Vec
    >>> @fn
    ... def f(m: Vec[Vec[Real, 2], 2]):
    ...     return transpose(m)
    >>> f([[1.0, 2.0], [3.0, 4.0]])
    array([[1., 3.],
           [2., 4.]])
    """
    x = _matrix(_vec(m, None, "transpose"), "transpose")
    return _rows(_columns(x), lambda j: _rows(len(x), lambda i: x[i][j]))


def diag(m: Any) -> Any:
    """The diagonal of a matrix; of a vector, the matrix that has it as its diagonal.

    >>> from rosesim import diag, fn
    >>> fn(lambda m: (diag(m), diag(m[0])))([[1.0, 2.0], [3.0, 4.0]])
    (array([1., 4.]), array([[1., 0.],
           [0., 2.]]))
    """
    x = _vec(m, None, "diag")
    if _is_matrix(x):
        _matrix(x, "diag")
        return _rows(min(len(x), _columns(x)), lambda i: x[i][i])
    n = len(x)
    return _rows(n, lambda i: _rows(n, lambda j: select(i == j, x[i], 0.0)))


def trace(m: Any) -> Real:
    """The sum of the diagonal of a matrix.

    >>> from rosesim import fn, trace
    >>> fn(lambda m: trace(m))([[1.0, 2.0], [3.0, 4.0]])
    5.0
    """
    x = _matrix(_vec(m, None, "trace"), "trace")
    return _total(min(len(x), _columns(x)), lambda i: x[i][i])


def _matrix(x: VecValue, what: str) -> VecValue:
    if len(shape_of(x)) != 2:
        write = f": of a batch, vec(n, lambda i: {what}(m[i]))" if _is_matrix(x) else ""
        raise TypeMismatch(f"{x.type} was found in {what}; expected a matrix{write}", here())
    return x


def outer(a: Any, b: Any) -> Any:
    """The matrix with the elements a[i] * b[j].

    >>> from rosesim import fn, outer, Real, Vec
    >>> @fn
    ... def f(a: Vec[Real, 2], b: Vec[Real, 2]):
    ...     return outer(a, b)
    >>> f([1.0, 2.0], [3.0, 4.0])
    array([[3., 4.],
           [6., 8.]])
    """
    x, y = _flat(a, None, "outer"), _flat(b, None, "outer")
    return _rows(len(x), lambda i: _rows(len(y), lambda j: x[i] * y[j]))


def identity(n: int) -> Any:
    """The n by n identity matrix.

    >>> from rosesim import fn, identity, Real, Vec
    >>> @fn
    ... def f(x: Vec[Real, 2]):
    ...     return identity(2) @ x
    >>> f([1.0, 2.0])
    array([1., 2.])
    """
    return as_vec([[Real(1.0 if i == j else 0.0) for j in range(n)] for i in range(n)])


def det(m: Any) -> Real:
    """The determinant of a 2 by 2 or 3 by 3 matrix.

    >>> from rosesim import fn, det, Real, Vec
    >>> @fn
    ... def f(m: Vec[Vec[Real, 2], 2]) -> Real:
    ...     return det(m)
    >>> f([[1.0, 2.0], [3.0, 4.0]])
    -2.0
    """
    x = _square(m, "det")
    if len(x) == 2:
        return cross(x[0], x[1])
    return dot(x[0], cross(x[1], x[2]))


def inv(m: Any) -> Any:
    """The inverse of a 2 by 2 or 3 by 3 matrix; infinities or NaN if there is none.

    >>> from rosesim import fn, inv, Real, Vec
    >>> @fn
    ... def f(m: Vec[Vec[Real, 2], 2]):
    ...     return inv(m)
    >>> f([[1.0, 2.0], [3.0, 4.0]])
    array([[-2. ,  1. ],
           [ 1.5, -0.5]])
    """
    x = _square(m, "inv")
    k = 1.0 / det(x)
    if len(x) == 2:
        return as_vec([[x[1][1] * k, (0.0 - x[0][1]) * k], [(0.0 - x[1][0]) * k, x[0][0] * k]])
    a, b, c = cross(x[1], x[2]), cross(x[2], x[0]), cross(x[0], x[1])
    return as_vec([[a[i] * k, b[i] * k, c[i] * k] for i in range(3)])


def _square(m: Any, what: str) -> VecValue:
    x = _vec(m, None, what)
    if len(x) not in (2, 3) or not _is_matrix(x) or _columns(x) != len(x):
        raise TypeMismatch(f"{x.type} was found in {what}; expected a 2 by 2 or 3 by 3 matrix", here())
    return x


def qmul(p: Any, q: Any) -> Any:
    """The product of two quaternions (w, x, y, z), in Hamilton's convention: as rotations, first q, then p.

    >>> from rosesim import fn, qmul, Real, Vec
    >>> @fn
    ... def f(p: Vec[Real, 4], q: Vec[Real, 4]):
    ...     return qmul(p, q)
    >>> f([0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0])
    array([0., 0., 0., 1.])
    """
    a, b = _flat(p, 4, "qmul"), _flat(q, 4, "qmul")
    return as_vec(
        [
            a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
            a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
            a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
            a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
        ]
    )


def qrotate(q: Any, v: Any) -> Any:
    """The vector v of 3, rotated by the unit quaternion q (w, x, y, z).

    >>> from rosesim import fn, qrotate, Real, Vec
    >>> @fn
    ... def f(q: Vec[Real, 4], v: Vec[Real, 3]):
    ...     return qrotate(q, v)
    >>> f([0.0, 0.0, 0.0, 1.0], [1.0, 2.0, 3.0])
    array([-1., -2.,  3.])
    """
    a, x = _flat(q, 4, "qrotate"), _flat(v, 3, "qrotate")
    u = a[1:]
    t = 2.0 * cross(u, x)
    return x + a[0] * t + cross(u, t)


def axis_angle(axis: Any, angle: Any) -> Any:
    """The quaternion (w, x, y, z) of a rotation by `angle` radians about the unit vector `axis`.

    >>> from rosesim import fn, axis_angle, Real, Vec
    >>> @fn
    ... def f(axis: Vec[Real, 3], angle: Real):
    ...     return axis_angle(axis, angle)
    >>> f([0.0, 0.0, 1.0], 0.0)
    array([1., 0., 0., 0.])
    """
    u = _flat(axis, 3, "axis_angle")
    half = Real.of(to_real(angle)) * 0.5
    s = sin(half)
    return as_vec([cos(half), s * u[0], s * u[1], s * u[2]])
