"""What functions of linear algebra are given: sizes, checked, and duals taken apart and put together."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from rosesim.ad.language import types as T
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.linalg import matmul
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.tangent import Tan
from rosesim.ad.language.values.vector import VecValue, as_vec
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here

WRITTEN_OUT = 8
"""Up to here factorisations and substitutions are written out, without loops. In the lanes of a batch they then take
about half of their time, and as long as by hand. 12 by 12 would take five times as long to compile."""

# ---------------------------------------------------------------------------------------------- sizes


def shape(x: Any) -> tuple[int, ...]:
    """The lengths of a vector of numbers, of a matrix, or of a block matrix; () of anything else."""
    t = typeof(x)
    lengths: list[int] = []
    while isinstance(t, T.VecType):
        lengths.append(t.n)
        t = t.elem
    return tuple(lengths) if isinstance(t, T.RealType | T.TanType) else ()


def matrix(a: Any, what: str) -> tuple[int, int]:
    """The rows and columns of a matrix. Raises with the user's line if `a` is none."""
    sizes = shape(a)
    if len(sizes) != 2:
        raise TypeMismatch(f"{typeof(a)} was found in {what}; expected a matrix of Reals", here())
    return sizes[0], sizes[1]


def square(a: Any, what: str) -> int:
    """The size of a square matrix. Raises with the user's line if `a` is none."""
    sizes = shape(a)
    if len(sizes) != 2 or sizes[0] != sizes[1]:
        raise TypeMismatch(f"{typeof(a)} was found in {what}; expected a square matrix of Reals", here())
    return sizes[0]


def right_side(b: Any, n: int, what: str) -> bool:
    """Whether the right side of a system of n equations is a matrix, of one column a system. Raises if it is none."""
    sizes = shape(b)
    if len(sizes) not in (1, 2) or sizes[0] != n:
        raise TypeMismatch(
            f"{typeof(b)} was found in {what}; expected a vector of {n} Reals, or a matrix of {n} rows", here()
        )
    return len(sizes) == 2


def one_of(value: str, allowed: tuple[str, ...], name: str) -> str:
    """A word that chooses. Raises with the user's line if it is not among the allowed ones."""
    if value not in allowed:
        raise TypeMismatch(f"{name}={value!r} was found; expected {' or '.join(map(repr, allowed))}", here())
    return value


# --------------------------------------------------------------------------------------------- values


def zeros(*sizes: int, of: Any = None) -> Any:
    """A vector, matrix or so on of zeros: of Tans where `of` is of tangents, otherwise of Reals."""
    zero = Tan(0.0) if of is not None and _scalar(typeof(of)) == T.TAN else Real(0.0)

    def part(rest: tuple[int, ...]) -> Any:
        return vec(rest[0], lambda _: part(rest[1:])) if rest else zero

    return part(sizes)


def _scalar(t: T.Type) -> T.Type:
    while isinstance(t, T.VecType):
        t = t.elem
    return t


def elementwise(f: Callable[[Any], Any], x: Any) -> Any:
    """f of each number of a vector or matrix, or of a number."""
    return pairwise(lambda p, _: f(p), x, x)


def pairwise(f: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """f of the corresponding numbers of two vectors or matrices of one shape, or of two numbers."""
    if not isinstance(x, VecValue):
        return f(x, y)
    n = len(x)
    if 0 < n <= WRITTEN_OUT and len(shape(x)) == 1:
        return as_vec([f(x[i], y[i]) for i in range(n)])
    return vec(n, lambda i: pairwise(f, x[i], y[i]))


def transposed(a: Any) -> Any:
    """A matrix with rows and columns swapped, also of tangents."""
    rows, columns = shape(a)
    return vec(columns, lambda j: vec(rows, lambda i: a[i, j]))


def symmetrised(a: Any) -> Any:
    """(a + aᵀ) / 2: what the functions of symmetric matrices see, so that their gradients are symmetric."""
    n = shape(a)[0]
    return vec(n, lambda i: vec(n, lambda j: 0.5 * (a[i, j] + a[j, i])))


def triangle(a: Any, inside: Callable[[Any, Any], Any]) -> Any:
    """The elements of a square matrix at those (i, j) that are inside; zeros elsewhere."""
    n = len(a)
    zero = zeros(of=a)
    return vec(n, lambda i: vec(n, lambda j: select(inside(i, j), a[i, j], zero)))


def upper_part(a: Any) -> Any:
    """The upper triangle of a square matrix, with its diagonal."""
    return triangle(a, lambda i, j: i <= j)


def lower_part(a: Any) -> Any:
    """The lower triangle of a square matrix, with its diagonal."""
    return triangle(a, lambda i, j: i >= j)


def strictly_lower(a: Any) -> Any:
    """The lower triangle of a square matrix, without its diagonal."""
    return triangle(a, lambda i, j: i > j)


def unit_lower(a: Any) -> Any:
    """The lower triangle of a square matrix of Reals, with ones on its diagonal."""
    n = len(a)
    return vec(n, lambda i: vec(n, lambda j: select(i > j, a[i, j], select(i == j, Real(1.0), 0.0))))


def minus(x: Any, y: Any) -> Any:
    """x − y of vectors or matrices."""
    return pairwise(lambda p, q: p - q, x, y)


def plus(x: Any, y: Any) -> Any:
    """x + y of vectors or matrices."""
    return pairwise(lambda p, q: p + q, x, y)


def times(a: Any, x: Any) -> Any:
    """a x, x a vector or a matrix. One of them may be of tangents."""
    n = len(a)
    if len(shape(x)) == 1 and 0 < n <= WRITTEN_OUT and len(x) <= WRITTEN_OUT:
        return as_vec([builtins.sum((a[i, j] * x[j] for j in range(1, len(x))), a[i, 0] * x[0]) for i in range(n)])
    return matmul(a, x)
