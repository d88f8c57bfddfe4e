"""Traced vectors, and conversion between Python structures and flat atoms. In one file, as each makes the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.boolean import Bool, to_bool
from rosesim.ad.language.values.index import Index, checked_index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import kind
from rosesim.ad.language.values.scalar import to_real, try_integer
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.tangent import Tan
from rosesim.ad.language.values.updates import At
from rosesim.ad.language.values.vector_operators import VectorOperators
from rosesim.ad.program.ir import Atom, FloatT, IntT, Lit, TanT, Ty, storage
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_array, is_boolean, is_list, is_tuple

SHORT = 4
"""Vectors of at most this many scalars are computed element by element instead of in a loop."""


class VecValue(VectorOperators):
    """A traced vector. It holds its elements as Python values (`items`), or as flat arrays (`leaves`), or both."""

    __slots__ = ("_items", "_leaves", "_made_in", "type")
    type: T.VecType
    _items: list[Any] | None
    _leaves: tuple[Atom, ...] | None
    _made_in: trace.Frame | None
    """The function in which the leaves were made of the items; None if they were given."""

    def __init__(self, t: T.VecType, items: list[Any] | None = None, leaves: tuple[Atom, ...] | None = None):
        object.__setattr__(self, "type", t)
        object.__setattr__(self, "_items", items)
        object.__setattr__(self, "_leaves", leaves)
        object.__setattr__(self, "_made_in", None)

    def _kind(self) -> str:
        return str(self.type)

    def _number_hint(self) -> str:
        return f"; vec({self.type.n}, lambda i: ... x[i] ...) computes element by element"

    def __repr__(self) -> str:
        return f"<traced {self.type}>"

    @property
    def __rose_type__(self) -> T.VecType:
        return self.type

    def leaves(self) -> tuple[Atom, ...]:
        """The flat arrays."""
        if self._leaves is None or not trace.is_within(self._made_in):
            items = self._items or []
            if not items:
                return tuple(trace.emit(lambda b, ty=ty: b.zeros(ty)) for ty in T.flatten(self.type))
            rows = [to_atoms(v, self.type.elem) for v in items]
            f = trace.frame()
            columns = [[f.resolve(r[k]) for r in rows] for k in range(len(T.flatten(self.type)))]
            made = tuple(trace.emit(lambda b, c=c: b.stack(c)) for c in columns)
            if f.builder.outer is not None:
                return made  # made in an inner block, so an outer block must not find it
            object.__setattr__(self, "_leaves", made)
            object.__setattr__(self, "_made_in", f)
        assert self._leaves is not None
        return self._leaves

    def items(self) -> list[Any]:
        """The elements as Python values."""
        return [self[i] for i in range(self.type.n)]

    def __len__(self) -> int:
        return self.type.n

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items())

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, Index):  # by far the most frequent case
            return self.element(checked_index(i, self.type.n, str(self.type)))
        from rosesim.ad.language.indexing import read  # late: it needs loops, and loops make vectors

        return read(self, i)

    if not TYPE_CHECKING:  # this is `balls.mass`; an editor knows only `balls[i].mass`

        def __getattr__(self, name: str) -> Any:
            """The field of all structs in the vector, as a vector."""
            elem = self.type.elem
            if not isinstance(elem, T.StructType) or elem.kind in (tuple, dict) or name not in elem.names:
                return super().__getattr__(name)
            k = elem.names.index(name)
            before = sum(len(T.flatten(part)) for part in elem.types[:k])
            if elem.types[k] == T.NULL:
                return None
            t = T.VecType(self.type.n, elem.types[k])
            return VecValue(t, leaves=self.leaves()[before : before + len(T.flatten(t))])

    @property
    def is_listed(self) -> bool:
        """Whether its elements are held one by one."""
        return self._items is not None

    def element(self, i: Atom) -> Any:
        """The element at a place that is known to be in range."""
        if self._items is not None and isinstance(i, Lit):
            return self._items[int(i.value)]
        f = trace.frame()
        at = f.resolve(i)
        atoms = [trace.emit(lambda b, a=a: b.get(a, (at,))) for a in map(f.resolve, self.leaves())]
        return of_atoms(self.type.elem, atoms)

    @property
    def at(self) -> At:
        """`x.at[i].set(v)` and `x.at[i].add(v)`: a vector with an element replaced or increased."""
        return At(self, ())

    def __pos__(self) -> VecValue:
        return self


def as_vec(v: Any) -> VecValue | None:
    """v as a vector, if it is one: a vector, a list or a NumPy array."""
    if isinstance(v, VecValue):
        return v
    if isinstance(v, list | np.ndarray) and not (isinstance(v, np.ndarray) and v.ndim == 0):
        return lift(v, typeof(v))
    return None


def lift(v: Any, t: T.Type) -> Any:
    """v as a traced value of type t. Otherwise raises and says what was found."""
    return of_atoms(t, to_atoms(v, t))


def to_atoms(v: Any, t: T.Type) -> list[Atom]:
    """The flat atoms of a Python structure, converted to type t."""
    match t:
        case T.NullType():
            if v is not None:
                _mismatch(v, t)
            return []
        case T.RealType():
            if isinstance(v, Index | Bool | Tan | VecValue):
                _mismatch(v, t)
            return [to_real(v)]
        case T.BoolType():
            return [to_bool(v)]
        case T.TanType():
            if isinstance(v, int | float) and not is_boolean(v) and v == 0:
                return [Tan().atom]
            if not isinstance(v, Tan):
                _mismatch(v, t)
            return [v.atom]
        case T.IntType():
            return [_integer_as(v, t)]
        case T.VecType():
            return _vec_atoms(v, t)
        case T.StructType():
            return _struct_atoms(v, t)


def _integer_as(v: Any, t: T.IntType) -> Atom:
    a = try_integer(v)
    if a is None:
        _mismatch(v, t)
    s = a.ty.scalar
    assert isinstance(s, IntT)
    if s.lo < t.lo or s.hi > t.hi:
        raise TypeMismatch(
            f"{kind(v)} was found where {t} was expected"
            + (f"; {t}.clamp(i), .wrap(i) or .check(i) makes it fit" if t.lo == 0 <= t.hi else ""),
            here(),
        )
    if isinstance(a, Lit):
        return Lit(a.value, Ty(IntT(t.lo, t.hi)))
    return a if a.ty == Ty(IntT(t.lo, t.hi)) else trace.op("cast", a, ty=Ty(IntT(t.lo, t.hi)))


def _vec_atoms(v: Any, t: T.VecType) -> list[Atom]:
    if isinstance(v, VecValue) and v.type == t:
        return list(v.leaves())
    if is_array(v):
        return _array_atoms(v, t)
    if _is_columns(v, t):
        assert isinstance(t.elem, T.StructType)
        columns = tuple(p if p == T.NULL else T.VecType(t.n, p) for p in t.elem.types)
        return _struct_atoms(v, T.StructType(t.elem.kind, t.elem.names, columns))
    if (isinstance(v, VecValue) or is_list(v) or is_tuple(v)) and not T.is_struct_class(type(v)):
        if len(v) != t.n:
            raise TypeMismatch(f"a vector of {len(v)} elements was found where {t} was expected", here())
        if isinstance(v, VecValue) and t.n > SHORT and not v.is_listed:
            _mismatch(v, t)
        return list(VecValue(t, items=[lift(x, t.elem) for x in v]).leaves())
    _mismatch(v, t)


def _is_columns(v: Any, t: T.VecType) -> bool:
    """Whether v is a struct of vectors that is given for a vector of structs."""
    e = t.elem
    return isinstance(e, T.StructType) and (
        isinstance(v, dict) if e.kind is dict else e.kind is not tuple and isinstance(v, e.kind)
    )


def _array_atoms(v: np.ndarray[Any, Any], t: T.VecType) -> list[Atom]:
    if v.dtype.names is not None:
        elem: T.Type = t
        while isinstance(elem, T.VecType):
            elem = elem.elem
        fields: list[Atom] = []
        if not isinstance(elem, T.StructType) or set(elem.names) != set(v.dtype.names):
            _mismatch(v, t)
        for name, part in zip(elem.names, elem.types, strict=True):
            column = np.ascontiguousarray(v[name])
            fields += to_atoms(column, _like(t, part))
        return fields
    leaves = T.flatten(t)
    if len(leaves) != 1 or leaves[0].shape != v.shape:
        raise TypeMismatch(f"a NumPy array of shape {v.shape} was found where {t} was expected", here())
    s = leaves[0].scalar
    if isinstance(s, IntT):
        if v.dtype.kind not in "iu" or (v.size and not (s.lo <= v.min() and v.max() <= s.hi)):
            raise TypeMismatch(f"an array of {v.dtype} with values outside of {t} was found", here())
    elif isinstance(s, TanT) or not (v.dtype == np.bool_ if not isinstance(s, FloatT) else v.dtype.kind in "iuf"):
        raise TypeMismatch(f"a NumPy array of {v.dtype} was found where {t} was expected", here())
    if trace.current() is not None and trace.frame().dependencies.is_handed(v):
        return [trace.emit(lambda b: b.data(v, leaves[0], live=True))]
    copy = np.array(v, dtype=storage(s), order="C")
    copy.flags.writeable = False
    return [trace.emit(lambda b: b.data(copy, leaves[0]))]


def _like(t: T.Type, elem: T.Type) -> T.Type:
    return T.VecType(t.n, _like(t.elem, elem)) if isinstance(t, T.VecType) else elem


def _struct_atoms(v: Any, t: T.StructType) -> list[Atom]:
    fits = (
        is_tuple(v) and not hasattr(v, "_fields")
        if t.kind is tuple
        else isinstance(v, dict)
        if t.kind is dict
        else isinstance(v, t.kind)
    )
    if not fits:
        _mismatch(v, t)
    if t.kind in (tuple, dict):
        names = set(v) if t.kind is dict else set(map(str, range(len(v))))
        if names != set(t.names):
            raise TypeMismatch(
                f"a {t.kind.__name__} with {', '.join(sorted(map(str, names))) or 'nothing'} was found; expected "
                f"{', '.join(t.names)}",
                here(),
            )
    out: list[Atom] = []
    for name, x, part in zip(t.names, t.parts(v), t.types, strict=True):
        try:
            out += to_atoms(x, part)
        except TypeMismatch as e:
            if t.kind is tuple:
                raise
            raise TypeMismatch(f"in the field {name!r}: {str(e).removeprefix(f'{e.where}: ')}", e.where) from None
    return out


def _mismatch(v: Any, t: T.Type) -> NoReturn:
    found = typeof(v) if not isinstance(v, str) else kind(v)
    hint = ""
    if not isinstance(found, str) and T.swap_scalars(found, T.TanType, T.REAL) == t:
        hint = ": linear_solve, and a function that is marked by linear(f), take a tangent in place of a Real"
    raise TypeMismatch(f"{found} was found where {t} was expected{hint}", here())


def of_atoms(t: T.Type, atoms: Sequence[Atom]) -> Any:
    """The Python structure of traced values of type t that consists of these flat atoms."""
    match t:
        case T.NullType():
            return None
        case T.RealType():
            return Real.of(atoms[0])
        case T.BoolType():
            return Bool.of(atoms[0])
        case T.TanType():
            return Tan.of(atoms[0])
        case T.IntType():
            return Index.of(atoms[0])
        case T.VecType():
            return VecValue(t, leaves=tuple(atoms))
        case T.StructType():
            parts: list[Any] = []
            k = 0
            for part in t.types:
                m = len(T.flatten(part))
                parts.append(of_atoms(part, atoms[k : k + m]))
                k += m
            return t.build(parts)


def real_zero(t: T.Type) -> Any:
    """A value of type t in which every Real is 0 and every Bool false."""
    return of_atoms(t, [trace.emit(lambda b, ty=ty: b.zeros(ty)) for ty in T.flatten(t)])
