"""Unknowns in any shape: a Real, a vector of any rank, a structure of these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rosesim.ad.language import types as T
from rosesim.ad.language.arrays import concatenate
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.control.loops import vec
from rosesim.ad.language.control.reductions import max, sum
from rosesim.ad.language.linalg import dot
from rosesim.ad.language.mathematics import maximum, sqrt
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import VecValue, of_atoms, real_zero, to_atoms
from rosesim.ad.program.ir import FloatT, TanT
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here


class Shape:
    """The type of the unknowns."""

    def __init__(self, value: Any, what: str):
        self.type = T.swap_scalars(typeof(value), T.TanType, T.REAL)
        self.leaves = T.flatten(self.type)
        if not all(isinstance(ty.scalar, FloatT) for ty in self.leaves) or not self.leaves:
            raise TypeMismatch(f"{what} is {self.type}; expected a Real, or vectors and structures of Reals", here())

    @property
    def size(self) -> int:
        """The count of numbers."""
        total = 0
        for ty in self.leaves:
            total += ty.size
        return total

    def require(self, value: Any, what: str) -> None:
        """Raise if a value has another type."""
        if (found := typeof(value)) != self.type:
            raise TypeMismatch(f"{what} is {found}; expected {self.type}, as the unknowns are", here())

    def parts(self, value: Any) -> list[Any]:
        """The value, which may be of tangents, as scalars and vectors of scalars."""
        t = typeof(value)
        return [of_atoms(T.of_flat(ty), [a]) for ty, a in zip(T.flatten(t), to_atoms(value, t), strict=True)]

    def whole(self, parts: Sequence[Any]) -> Any:
        """The value with these parts, which may be tangents."""
        atoms = [a for p in parts for a in to_atoms(p, typeof(p))]
        tangent = any(isinstance(a.ty.scalar, TanT) for a in atoms)
        t = T.swap_scalars(self.type, T.RealType, T.TAN) if tangent else self.type
        return of_atoms(t, atoms)

    def minus(self, a: Any, b: Any) -> Any:
        """a - b, also for tangents."""
        return self.whole([x - y for x, y in zip(self.parts(a), self.parts(b), strict=True)])

    def negative(self, a: Any) -> Any:
        """-a, also for a tangent."""
        return self.whole([-x for x in self.parts(a)])

    def chosen(self, p: Any, a: Any, b: Any) -> Any:
        """a where p is true, otherwise b."""
        return self.whole([select(p, x, y) for x, y in zip(self.parts(a), self.parts(b), strict=True)])

    def zero(self) -> Any:
        """Zeros of this type."""
        return real_zero(self.type)

    def zero_tangent(self) -> Any:
        """Zero tangents of these unknowns."""
        return real_zero(T.swap_scalars(self.type, T.RealType, T.TAN))

    def dot(self, a: Any, b: Any) -> Any:
        """The scalar product of all numbers."""
        total: Any = None
        for x, y in zip(self.parts(a), self.parts(b), strict=True):
            term = _dot(x, y)
            total = term if total is None else total + term
        return total

    def norm(self, a: Any) -> Any:
        """The Euclidean norm of all numbers."""
        return sqrt(self.dot(a, a))

    def largest(self, a: Any) -> Any:
        """The largest absolute value of all numbers; NaN if one is NaN."""
        found: Any = Real(0.0)
        for x in self.parts(a):
            found = maximum(found, _largest(x))
        return found

    def magnitude(self, a: Any) -> Any:
        """The Euclidean norm of all numbers, also where their squares would overflow or vanish."""
        unit = self.unit(a)
        return unit * self.norm(self.over(a, unit))

    def unit(self, a: Any) -> Any:
        """A number by which a can be divided so that its squares are of a good size: the largest, or 1."""
        most = self.largest(a)
        return select((most > 0.0) & (most < float("inf")), most, 1.0)

    def over(self, a: Any, divisor: Any) -> Any:
        """a / divisor."""
        return self.whole([x / divisor for x in self.parts(a)])

    def plus(self, a: Any, factor: Any, b: Any) -> Any:
        """a + factor * b."""
        return self.whole([x + factor * y for x, y in zip(self.parts(a), self.parts(b), strict=True)])

    def moved(self, a: Any, factor: Any, terms: Sequence[tuple[float, Any]]) -> Any:
        """a + factor * (the sum of weight * b over the terms (weight, b)), as one loop over each part."""
        columns = [self.parts(b) for weight, b in terms if weight]
        weights = [weight for weight, _ in terms if weight]
        moved: list[Any] = []
        for x, *row in zip(self.parts(a), *columns, strict=True):
            total = row[0] if weights[0] == 1.0 else weights[0] * row[0]
            for weight, b in zip(weights[1:], row[1:], strict=True):
                total = total + (b if weight == 1.0 else weight * b)
            moved.append(x + factor * total)
        return self.whole(moved)

    def flat(self, value: Any) -> Any:
        """All numbers as one vector."""
        parts = self.parts(value)
        if len(parts) == 1 and len(self.leaves[0].shape) == 1:
            return parts[0]
        return concatenate([_flattened(p) for p in parts])

    def shaped(self, flat: Any) -> Any:
        """The value whose numbers are those of a vector."""
        if len(self.leaves) == 1 and len(self.leaves[0].shape) == 1:
            return self.whole([flat])
        parts: list[Any] = []
        start = 0
        for ty in self.leaves:
            parts.append(_reshaped(flat[start : start + ty.size], ty.shape))
            start += ty.size
        return self.whole(parts)


def _largest(x: Any) -> Any:
    if not isinstance(x, VecValue):
        return abs(x)
    return max(len(x), lambda i: _largest(x[i])) if len(x) else Real(0.0)


def _dot(x: Any, y: Any) -> Any:
    if not isinstance(x, VecValue):
        return x * y
    if isinstance(x.type.elem, T.VecType):
        return sum(len(x), lambda i: _dot(x[i], y[i]))
    return dot(x, y)


def _flattened(x: Any) -> Any:
    """The numbers of a Real or a vector of any rank, as one vector."""
    if not isinstance(x, VecValue):
        return VecValue(T.VecType(1, typeof(x)), items=[x])
    while isinstance(x.type.elem, T.VecType):
        rows, columns = x.type.n, x.type.elem.n
        if rows * columns == 0:
            return VecValue(T.VecType(0, T.REAL), items=[])
        x = vec(rows * columns, lambda k, x=x, c=columns: x[k // c][k % c])
    return x


def _reshaped(x: Any, shape: tuple[int, ...]) -> Any:
    """A vector as an array of this shape; one number as a scalar."""
    if not shape:
        return x[0]
    if len(shape) == 1:
        return x
    inner = 1
    for n in shape[1:]:
        inner *= n
    return vec(shape[0], lambda i: _reshaped(vec(inner, lambda j: x[i * inner + j]), shape[1:]))


def is_tangent(value: Any) -> bool:
    """Whether a value has a tangent in it."""
    return any(isinstance(ty.scalar, TanT) for ty in T.flatten(typeof(value)))


def columns(rows: Any) -> tuple[Any, ...]:
    """A vector of tuples as a tuple of vectors. Nothing is copied."""
    t = typeof(rows)
    assert isinstance(t, T.VecType) and isinstance(t.elem, T.StructType)
    leaves, found = to_atoms(rows, t), []
    for part in t.elem.types:
        count = len(T.flatten(part))
        found.append(of_atoms(T.VecType(t.n, part), leaves[:count]))
        leaves = leaves[count:]
    return tuple(found)
