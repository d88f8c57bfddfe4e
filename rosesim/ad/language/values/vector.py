"""Traced vectors, and the passage between Python structures of values and flat atoms."""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast, overload

import numpy as np

from rosesim.ad.dependencies.reach import TAKERS
from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.boolean import Bool, to_bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import Value, kind
from rosesim.ad.language.values.scalar import Scalar, to_real, try_whole
from rosesim.ad.language.values.tangent import Tan
from rosesim.ad.program.ir import Atom, FloatT, IntT, Lit, TanT, Ty, storage
from rosesim.ad.support.errors import ArgumentError, MissingAttribute, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import (
    class_of,
    holds_truth,
    is_array,
    is_dict,
    is_list,
    is_truth,
    is_tuple,
    is_whole,
)

SHORT = 4
"""Vectors of at most this many scalars are computed element by element instead of by a loop."""


class VectorOperators(Value):
    """What Python's operators do to a vector: they go element by element, or are refused with what to write."""

    __slots__ = ()
    type: T.VecType

    def _zip(self, o: Any, f: Callable[[Any, Any], Any], sign: str) -> VecValue:
        """The vector of f(a, b) of the elements of both."""
        raise NotImplementedError

    def _map(self, f: Callable[[Any], Any]) -> VecValue:
        """The vector of f(a) of each element."""
        raise NotImplementedError

    def __add__(self, o: Any) -> VecValue:
        return self._zip(o, lambda a, b: a + b, "+")

    def __radd__(self, o: Any) -> VecValue:
        return self._zip(o, lambda a, b: b + a, "+")

    def __sub__(self, o: Any) -> VecValue:
        return self._zip(o, lambda a, b: a - b, "-")

    def __rsub__(self, o: Any) -> VecValue:
        return self._zip(o, lambda a, b: b - a, "-")

    def __neg__(self) -> VecValue:
        return self._map(lambda a: -a)

    def __mul__(self, o: Any) -> VecValue:
        if _is_vector(o):
            raise TypeMismatch(
                f"{self.type} * {kind(o)} was found; expected a number: dot(a, b) and a @ b are the products of "
                "vectors, vec(n, lambda i: a[i] * b[i]) multiplies element by element",
                here(),
            )
        return self._map(lambda a: a * o)

    def __rmul__(self, o: Any) -> VecValue:
        return self.__mul__(o)

    def __truediv__(self, o: Any) -> VecValue:
        if _is_vector(o):
            raise TypeMismatch(f"{self.type} / {kind(o)} was found; expected a number", here())
        return self._map(lambda a: a / o)

    def __matmul__(self, o: Any) -> Any:
        from rosesim.ad.language.linalg import matmul  # written in the language, on top of vectors

        return matmul(self, o)

    def __rmatmul__(self, o: Any) -> Any:
        from rosesim.ad.language.linalg import matmul  # written in the language, on top of vectors

        return matmul(o, self)

    def _not_at_once(self, found: str, instead: str) -> NoReturn:
        raise TypeMismatch(
            f"{found} was found; expected numbers: vec({self.type.n}, lambda i: {instead}) computes element by "
            "element",
            here(),
        )

    def __pow__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{self.type} ** {kind(o)}", "x[i] ** p")

    def __rpow__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{kind(o)} ** {self.type}", "a ** x[i]")

    def __rtruediv__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{kind(o)} / {self.type}", "a / x[i]")

    def __mod__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{self.type} % {kind(o)}", "x[i] % y")

    def __rmod__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{kind(o)} % {self.type}", "a % x[i]")

    def __floordiv__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{self.type} // {kind(o)}", "x[i] // y")

    def __rfloordiv__(self, o: Any) -> NoReturn:
        self._not_at_once(f"{kind(o)} // {self.type}", "a // x[i]")

    def __abs__(self) -> NoReturn:
        self._not_at_once(f"abs of {self.type}", "abs(x[i])")

    def __invert__(self) -> NoReturn:
        self._not_at_once(f"~ {self.type}", "~x[i]")

    def _truths(self, o: Any) -> NoReturn:
        self._not_at_once(f"&, | or ^ of {self.type} and {kind(o)}", "x[i] & y[i]")

    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _truths

    def _ordered(self, o: object) -> NoReturn:
        raise TypeMismatch(
            f"a comparison of {self.type} with {kind(o)} was found; expected numbers: all({self.type.n}, lambda i: "
            f"x[i] > c) is one truth, vec({self.type.n}, lambda i: x[i] > c) one for each element",
            here(),
        )

    __lt__ = __le__ = __gt__ = __ge__ = _ordered

    def __eq__(self, o: object) -> Any:
        raise TypeMismatch(
            f"{self.type} == {kind(o)} was found; expected a comparison of numbers: all(n, lambda i: a[i] == b[i])",
            here(),
        )

    def __ne__(self, o: object) -> Any:
        raise TypeMismatch(
            f"{self.type} != {kind(o)} was found; expected a comparison of numbers: any(n, lambda i: a[i] != b[i])",
            here(),
        )

    __hash__ = Value.__hash__


def _is_vector(v: Any) -> bool:
    return isinstance(v, VectorOperators) or is_list(v) or (is_array(v) and v.ndim > 0)


class VecValue(VectorOperators):
    """A traced vector: its elements as Python values (`items`), or flat arrays (`leaves`), or both."""

    __slots__ = ("_items", "_leaves", "type")
    type: T.VecType
    _items: list[Any] | None
    _leaves: tuple[Atom, ...] | None

    def __init__(self, t: T.VecType, items: list[Any] | None = None, leaves: tuple[Atom, ...] | None = None):
        object.__setattr__(self, "type", t)
        object.__setattr__(self, "_items", items)
        object.__setattr__(self, "_leaves", leaves)

    def _kind(self) -> str:
        return str(self.type)

    def _as_number(self) -> str:
        return f"; vec({self.type.n}, lambda i: ... x[i] ...) computes element by element"

    def __repr__(self) -> str:
        return f"<traced {self.type}>"

    @property
    def __rose_type__(self) -> T.VecType:
        return self.type

    def leaves(self) -> tuple[Atom, ...]:
        """The flat arrays."""
        if self._leaves is None:
            items = self._items or []
            if not items:
                return tuple(trace.emit(lambda b, ty=ty: b.zeros(ty)) for ty in T.flatten(self.type))
            rows = [to_atoms(v, self.type.elem) for v in items]
            f = trace.frame()
            columns = [[f.resolve(r[k]) for r in rows] for k in range(len(T.flatten(self.type)))]
            made = tuple(trace.emit(lambda b, c=c: b.stack(c)) for c in columns)
            if f.builder.outer is not None:
                return made  # made in an inner block: not to be remembered beyond it
            object.__setattr__(self, "_leaves", made)
        assert self._leaves is not None
        return self._leaves

    def items(self) -> list[Any]:
        """The elements as Python values."""
        return [self[i] for i in builtins.range(self.type.n)]

    def __len__(self) -> int:
        return self.type.n

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items())

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, Index):  # by far the most frequent
            return self.element(checked_index(i, self.type.n, str(self.type)))
        from rosesim.ad.language.indexing import read  # written with loops, which are made of vectors themselves

        return read(self, i)

    if not TYPE_CHECKING:  # an editor knows `balls[i].mass`; this is `balls.mass`

        def __getattr__(self, name: str) -> Any:
            """The field of all structs in the vector, as a vector."""
            elem = self.type.elem
            if not isinstance(elem, T.StructType) or elem.kind in (tuple, dict) or name not in elem.names:
                return super().__getattr__(name)
            k = elem.names.index(name)
            before = builtins.sum(len(T.flatten(part)) for part in elem.types[:k])
            if elem.types[k] == T.NULL:
                return None
            t = T.VecType(self.type.n, elem.types[k])
            return VecValue(t, leaves=self.leaves()[before : before + len(T.flatten(t))])

    @property
    def is_listed(self) -> bool:
        """Whether its elements are at hand one by one."""
        return self._items is not None

    def element(self, i: Atom) -> Any:
        """The element at a place that is known to be inside."""
        if self._items is not None and isinstance(i, Lit):
            return self._items[int(i.value)]
        f = trace.frame()
        at = f.resolve(i)
        atoms = [trace.emit(lambda b, a=a: b.get(a, (at,))) for a in map(f.resolve, self.leaves())]
        return of_atoms(self.type.elem, atoms)

    @property
    def at(self) -> At:
        """`x.at[i].set(v)` and `x.at[i].add(v)`: a vector with one element replaced or increased."""
        return At(self, ())

    def __pos__(self) -> VecValue:
        return self

    def _zip(self, o: Any, f: Callable[[Any, Any], Any], sign: str) -> VecValue:
        other = as_vec(o)
        if other is None:
            raise TypeMismatch(
                f"{self.type} {sign} {kind(o)} was found; expected vectors of one length: vec({self.type.n}, "
                f"lambda i: x[i] {sign} c) computes element by element",
                here(),
            )
        if other.type.n != self.type.n:
            raise TypeMismatch(f"{self.type} {sign} {other.type} was found; expected vectors of equal length", here())
        return _elementwise(self.type.n, lambda i: f(self[i], other[i]))

    def _map(self, f: Callable[[Any], Any]) -> VecValue:
        return _elementwise(self.type.n, lambda i: f(self[i]))


if TYPE_CHECKING:
    from typing import Annotated as Vec

    from numpy.typing import NDArray

    from rosesim.ad.language.values.scalar import Many, Place
else:

    class Vec(VecValue):
        """`Vec[T, n]`: n values of type T (`Vec[n, T]` says the same, but editors refuse it).

        To an editor it is `typing.Annotated[T, n]`: a parameter annotated `Vec[Real, 3]` is a Real that can
        be indexed, and `x[i]` is a Real.

        >>> from rosesim import fn, Real, Vec, sum
        >>> @fn
        ... def total(x: Vec[Real, 3]) -> Real:
        ...     return sum(3, lambda i: x[i])
        >>> total([1.0, 2.0, 3.0])
        6.0
        """

        __slots__ = ()

        def __class_getitem__(cls, of):
            if not isinstance(of, tuple) or len(of) != 2:
                raise TypeMismatch(f"Vec[{of}] was found; expected Vec[T, n], as in Vec[Real, 3]", here())
            elem, n = of if not _is_size(of[0]) else of[::-1]
            if n is not Ellipsis and not _is_size(n):
                raise TypeMismatch(
                    f"Vec[{elem}, {n!r}] was found; expected a Python whole number n >= 0 known while tracing",
                    here(),
                )
            return T.vector_of(None if n is Ellipsis else int(n), T.declared(elem))


def _is_size(n: object) -> bool:
    return is_whole(n) and int(n) >= 0


class Struct:
    """A base for dataclasses that are elements of vectors. At run time it is empty; to an editor it says
    that what is annotated `Vec[Ball, n]`, a Ball, can be indexed, giving a Ball.

    >>> from dataclasses import dataclass
    >>> from rosesim import fn, sum, Real, Struct, Vec
    >>> @dataclass(frozen=True)
    ... class Ball(Struct):
    ...     mass: Real
    ...     speed: Real
    >>> @fn
    ... def momentum(balls: Vec[Ball, 2]) -> Real:
    ...     return sum(2, lambda i: balls[i].mass * balls[i].speed)
    >>> momentum([Ball(1.0, 2.0), Ball(3.0, 4.0)])
    14.0
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __getitem__(self, i: Any) -> Self: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Self]: ...
        @property
        def at(self) -> Place[Self]: ...

        # As a field of another dataclass: what is read, and what may be given.
        def __get__(self, owner: Any, kind: Any = None) -> Self: ...
        def __set__(self, owner: Any, value: Self | Many) -> None: ...


@dataclasses.dataclass(frozen=True, slots=True)
class At:
    """Places in a vector: `x.at[i]`, `x.at[i, j]`, `x.at[:, 0]`, `x.at[i][j]`."""

    x: VecValue
    places: tuple[Any, ...]

    def __getitem__(self, i: Any) -> At:
        return At(self.x, (*self.places, i))

    def set(self, v: Any) -> VecValue:
        """The vector with what stands here replaced by v; in place where the old vector is not used again.

        >>> from rosesim import fn, Real, Vec
        >>> @fn
        ... def second_zero(x: Vec[Real, 3]) -> Vec[Real, 3]:
        ...     return x.at[1].set(0.0)
        >>> second_zero([1.0, 2.0, 3.0])
        array([1., 0., 3.])
        """
        return self._changed(v, "set", add=False)

    def add(self, v: Any) -> VecValue:
        """The vector with v added to what stands here.

        >>> from rosesim import fn, Real, Vec
        >>> @fn
        ... def raised(x: Vec[Vec[Real, 2], 2]):
        ...     return x.at[:, 0].add(10.0)
        >>> raised([[1.0, 2.0], [3.0, 4.0]])
        array([[11.,  2.],
               [13.,  4.]])
        """
        return self._changed(v, "add", add=True)

    if not TYPE_CHECKING:  # an editor would take every misspelt attribute for one that exists

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):
                raise AttributeError(name)  # Python asks for these to find out what an object can do
            raise MissingAttribute(
                f"x.at[i].{name} was found; expected x.at[i].set(v) or x.at[i].add(v), with x[i] in v where the new "
                "element is made of the old one",
                here(),
            )

    def _changed(self, v: Any, name: str, *, add: bool) -> VecValue:
        if not self.places:
            raise TypeMismatch(f"x.at.{name}(v) was found; expected x.at[i].{name}(v)", here())
        from rosesim.ad.language.indexing import write  # written with loops, which are made of vectors themselves

        return write(self.x, self.places, v, add=add)


def checked_index(i: Any, n: int, what: str) -> Atom:
    """The atom of an index known to be below n."""
    a = try_whole(i)
    if a is None:
        raise TypeMismatch(f"{what} indexed by {kind(i)} was found; expected an Index[{n}]", here())
    s = a.ty.scalar
    assert isinstance(s, IntT)
    if s.lo < 0 or s.hi >= n:
        if n == 0:
            raise TypeMismatch(f"{what} was indexed; expected a vector with elements, for it has none", here())
        raise TypeMismatch(
            f"{what} indexed by a whole number that may be {s.lo if s.lo < 0 else s.hi} was found; expected one "
            f"in 0 .. {n - 1}: Index[{n}].clamp(i), .wrap(i) or .check(i) makes it fit",
            here(),
        )
    return a


def _elementwise(n: int, f: Callable[[Any], Any]) -> VecValue:
    if n <= SHORT:
        items = [f(i) for i in builtins.range(n)]
        if items:
            return VecValue(T.VecType(n, typeof(items[0])), items=items)
    from rosesim.ad.language.control import vec  # a loop, which is made of vectors itself

    return vec(n, f)


# ------------------------------------------------------------------------------- structures


def as_vec(v: Any) -> VecValue | None:
    """A vector of anything that is one: a vector, a list, a NumPy array."""
    if isinstance(v, VecValue):
        return v
    if isinstance(v, list | np.ndarray) and not (isinstance(v, np.ndarray) and v.ndim == 0):
        return lift(v, typeof(v))
    return None


def typeof(v: Any, name: str = "") -> T.Type:
    """The type of a Python structure of traced values, numbers and arrays; `name` is what errors call it.

    What is plain in a dataclass is read as its field is annotated: 1 in an `Index` is one, and no Real.
    """
    if v is None:
        return T.NULL
    if isinstance(v, VectorOperators):
        return v.type
    if isinstance(v, Index):
        s = v.atom.ty.scalar
        assert isinstance(s, IntT)
        return T.IntType(s.lo, s.hi)
    if isinstance(v, Scalar):
        t = type(v)
        return T.REAL if t is Real else T.BOOL if t is Bool else T.TAN
    if is_truth(v):
        return T.BOOL
    if isinstance(v, int | float | np.integer | np.floating):
        return T.REAL
    if is_array(v):
        return _array_type(v)
    if is_list(v):
        if not v:
            raise TypeMismatch("an empty list was found, whose elements' type is unknown; write vec(0, ...)", here())
        elem = typeof(v[0], f"{name}[0]")
        for k, other in enumerate(v[1:], 1):
            elem = unify(elem, typeof(other, f"{name}[{k}]"), f"the elements of {name or 'a list'}")
        return T.VecType(len(v), elem)
    if is_dict(v):
        return T.struct_type(dict, {str(k): typeof(x, f"{name}.{k}") for k, x in v.items()})
    if T.is_struct_class(class_of(v)):
        return _struct_type(v, name)
    if is_tuple(v):
        return T.tuple_type(*(typeof(x, f"{name}[{k}]") for k, x in enumerate(v)))
    raise TypeMismatch(
        f"{_of_name(name)}a value of Python's type {type(v).__name__} was found; expected numbers, vectors, "
        "dataclasses, tuples or dicts of them (other objects reach a traced function by its closure)",
        here(),
    )


def _of_name(name: str) -> str:
    return f"{name}: " if name else ""


def fitted(d: T.Declared | None, v: Any, name: str) -> T.Type:
    """The type of a value given where d is declared (None: nothing): d, its open lengths as the value has them."""
    if d is None:
        return typeof(v, name)
    if not T.is_open(d):
        return cast("T.Type", d)
    if isinstance(d, T.OpenVec) and (is_list(v) or class_of(v) is tuple) and d.n in (None, len(v)):
        if not T.is_open(d.elem) or not v:
            return T.VecType(len(v), T.of_no_length(d.elem))
        rows = [fitted(d.elem, x, f"{name}[{k}]") for k, x in enumerate(v)]
        for row in rows:
            if row != rows[0]:
                _refuse_argument(f"{name}: {rows[0]} and {row} were found in one list; expected one length for all")
        return T.VecType(len(v), rows[0])
    if isinstance(d, T.OpenStruct) and _is_struct(v, d.kind, d.names):
        names = [f"{name}[{n}]" if d.kind is tuple else f"{name}.{n}" for n in d.names]
        each = zip(d.types, d.parts(v), names, strict=True)
        return T.StructType(d.kind, d.names, tuple(fitted(p, x, n) for p, x, n in each))
    found = typeof(v, name)
    t = T.complete(d, found)
    if t is None:
        _refuse_argument(f"{name}: {found} was found; expected {d}")
    return t


def _refuse_argument(words: str) -> NoReturn:
    raise (ArgumentError if trace.current() is None else TypeMismatch)(words, here())


def _is_struct(v: Any, kind_: type[Any], names: Sequence[str]) -> bool:
    """Whether v is a struct of this kind with these fields."""
    if kind_ is tuple:
        return class_of(v) is tuple and len(v) == len(names)
    return is_dict(v) and set(v) == set(names) if kind_ is dict else isinstance(v, kind_)


def of_example(d: T.Declared | None, like: Any, name: str) -> T.Type:
    """The type of an argument of which an example, or the type, is given to `compile`."""
    if not T.is_annotation(like):
        return fitted(d, like, name)
    t = T.from_annotation(like)
    if d is not None and T.complete(d, t) != t:
        raise TypeMismatch(f"{name}: {t} was found; expected {d}", here())
    return t


def _struct_type(v: Any, name: str) -> T.Type:
    """The type of a dataclass or named tuple: of its fields as annotated, where their values are plain."""
    cls = class_of(v)
    fields = T.fields_of(cls)
    prefix = f"{name}." if name else f"{cls.__name__}."
    values = {n: getattr(v, n) for n in fields}
    plain = {n for n, x in values.items() if trace.current() is None or not is_traced(x)}
    if len(plain) == len(fields):
        columns = _columns_type(v, prefix)
        if columns is not None:
            return columns
    return T.struct_type(
        cls, {n: _field_type(fields[n] if n in plain else None, x, prefix + n) for n, x in values.items()}
    )


def _field_type(d: T.Declared | T.Unknown | None, x: Any, name: str) -> T.Type:
    if x is None:
        return T.NULL  # the gradient of an Index, say
    if d == T.TAN:
        return typeof(x, name)  # a plain number is no tangent, and is said to be none where it is given
    if T.is_struct_class(class_of(x)):
        return typeof(x, name)  # a subclass of what is annotated keeps all of its fields
    if isinstance(d, T.Unknown):
        raise TypeMismatch(
            f"{name}: an annotation that names {d.name!r} was found, which is not known there; expected names of "
            "the module that defines the class, or a parameter that is annotated with the class",
            here(),
        )
    return fitted(d, x, name)


def is_traced(x: Any) -> bool:
    """Whether a traced value stands in a Python structure."""
    if isinstance(x, Value):
        return True
    if is_list(x) or is_tuple(x):
        return builtins.any(map(is_traced, x))
    if is_dict(x):
        return builtins.any(map(is_traced, x.values()))
    return dataclasses.is_dataclass(x) and builtins.any(is_traced(getattr(x, n)) for n in T.field_names(x))


def _columns_type(v: Any, prefix: str) -> T.Type | None:
    """The vector of structs that v is where each of its fields has the same axes more than are annotated."""
    more = _more_axes(v)
    if len(more) != 1 or (axes := more.pop()) < 1:
        return None
    cls = class_of(v)
    parts: list[T.Type] = []
    shapes: set[tuple[int, ...]] = set()
    for n, d in T.fields_of(cls).items():
        x = getattr(v, n)
        if x is None:
            parts.append(T.NULL)
            continue
        if d is not None and not isinstance(d, T.Unknown):
            for _ in builtins.range(axes):
                d = T.OpenVec(None, d)
        part = _field_type(d, x, prefix + n)
        shape: list[int] = []
        for _ in builtins.range(axes):
            if not isinstance(part, T.VecType):
                return None
            shape.append(part.n)
            part = part.elem
        shapes.add(tuple(shape))
        parts.append(part)
    if len(shapes) != 1:
        return None
    t: T.Type = T.StructType(cls, tuple(T.fields_of(cls)), tuple(parts))
    for n in reversed(shapes.pop()):
        t = T.VecType(n, t)
    return t


def _more_axes(v: Any) -> set[int]:
    """By how many axes the arrays in a struct exceed what is annotated."""
    more: set[int] = set()
    for n, d in T.fields_of(class_of(v)).items():
        x = getattr(v, n)
        if T.is_struct_class(class_of(x)):
            more |= _more_axes(x)
        elif d is not None and x is not None and not isinstance(d, T.Unknown):
            more.add(_ndim(x) - T.depth(d))
    return more


def _ndim(x: Any) -> int:
    if is_array(x):
        return x.ndim
    return 1 + (_ndim(x[0]) if x else 0) if is_list(x) or class_of(x) is tuple else 0


def _array_type(v: np.ndarray[Any, Any]) -> T.Type:
    if v.dtype.names is not None:
        elem: T.Type = T.struct_type(dict, {n: _array_type(v[n].reshape(-1)[:1].reshape(())) for n in v.dtype.names})
    elif v.dtype == np.bool_:
        elem = T.BOOL
    elif np.can_cast(v.dtype, np.float64, "safe") or v.dtype.kind in "iu":
        elem = T.REAL
    else:
        raise TypeMismatch(f"a NumPy array of {v.dtype} was found; expected float64, bool or whole numbers", here())
    for n in reversed(v.shape):
        elem = T.VecType(n, elem)
    return elem


def added(a: Any, b: Any) -> Any:
    """a + b, of structs field by field."""
    t = typeof(a)
    if isinstance(t, T.StructType):
        return t.build([added(x, y) for x, y in zip(t.parts(a), t.parts(b), strict=True)])
    return None if a is None else a + b


def unify(a: T.Type, b: T.Type, what: str) -> T.Type:
    """The one type that both sides of `what` have; bounds of whole numbers widen."""
    match a, b:
        case (T.IntType(), T.IntType()):
            return T.IntType(min(a.lo, b.lo), max(a.hi, b.hi))
        case (T.VecType(), T.VecType()) if a.n == b.n:
            return T.VecType(a.n, unify(a.elem, b.elem, what))
        case (T.StructType(), T.StructType()) if a.kind is b.kind and a.names == b.names:
            parts = (unify(x, y, what) for x, y in zip(a.types, b.types, strict=True))
            return T.StructType(a.kind, a.names, tuple(parts))
        case _ if a == b:
            return a
        case _:
            raise TypeMismatch(f"{what} have different types, {a} and {b}; expected one type", here())


def lift(v: Any, t: T.Type) -> Any:
    """v as a traced value of type t, or an error that says what was found."""
    return of_atoms(t, to_atoms(v, t))


def to_atoms(v: Any, t: T.Type) -> list[Atom]:
    """The flat atoms of a Python structure taken as type t."""
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
            if isinstance(v, int | float) and not is_truth(v) and v == 0:
                return [Tan().atom]
            if not isinstance(v, Tan):
                _mismatch(v, t)
            return [v.atom]
        case T.IntType():
            return [_whole_as(v, t)]
        case T.VecType():
            return _vec_atoms(v, t)
        case T.StructType():
            return _struct_atoms(v, t)


def _whole_as(v: Any, t: T.IntType) -> Atom:
    a = try_whole(v)
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
    """Whether v is a struct of vectors, given for a vector of structs."""
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
    if trace.current() is not None and trace.frame().world.is_handed(v):
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
        names = set(v) if t.kind is dict else set(map(str, builtins.range(len(v))))
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
    raise TypeMismatch(f"{found} was found where {t} was expected", here())


def of_atoms(t: T.Type, atoms: Sequence[Atom]) -> Any:
    """The Python structure of traced values of type t over flat atoms."""
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


@overload
def const(array: NDArray[np.floating[Any]]) -> Real: ...
@overload
def const(array: NDArray[np.bool_]) -> Bool: ...
@overload
def const(array: NDArray[np.integer[Any]]) -> Index: ...
@overload
def const(array: Any) -> Any: ...
def const(array: Any) -> Any:
    """A constant array as a traced vector; large ones are handed over at run time, not as program text.

    Floats become Real, whole numbers Index[max + 1], truths Bool.

    >>> import numpy as np
    >>> from rosesim import fn, const, sum, Real
    >>> table = np.array([1.0, 2.0, 4.0])
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return sum(3, lambda i: const(table)[i]) * x
    >>> f(2.0)
    14.0
    """
    if is_traced(array):
        raise TypeMismatch("const of traced values was found; expected numbers: stack([a, b]) makes a vector of them",
                           here())  # fmt: skip
    a = np.asarray(array)
    if a.dtype != np.bool_ and holds_truth(array):
        raise TypeMismatch("const of numbers with a truth among them was found; expected numbers: float(p) makes one "
                           "of a truth", here())  # fmt: skip
    t = typeof(a)
    if a.dtype.kind in "iu" and a.size and a.min() >= 0:
        t = T.swap_scalars(t, T.RealType, T.from_annotation(Index[int(a.max()) + 1]))
    return lift(a, t)


TAKERS.append(const)


def stack(values: Any) -> Any:
    """The vector of these values: numbers, truths, vectors or structs, traced or plain, of one type.

    A list of them is taken for a vector in most places; this one can be indexed by a traced index.

    >>> from rosesim import fn, stack, Index, Real
    >>> @fn
    ... def chosen(x: Real, i: Index[3]) -> Real:
    ...     return stack([x, x**2, x**3])[i]
    >>> chosen(2.0, 2)
    8.0
    """
    if isinstance(values, VecValue):
        return values
    if not (is_list(values) or is_tuple(values)) or not values:
        found = "nothing" if (is_list(values) or is_tuple(values)) else kind(values)
        raise TypeMismatch(f"stack of {found} was found; expected a list of values, as in stack([a, b])", here())
    items = list(values)
    return lift(items, typeof(items))


def real_zero(t: T.Type) -> Any:
    """A value of type t with every Real 0, every Bool false."""
    return of_atoms(t, [trace.emit(lambda b, ty=ty: b.zeros(ty)) for ty in T.flatten(t)])


__all__ = ["SHORT", "At", "Vec", "VecValue", "const", "lift", "of_atoms", "stack", "to_atoms", "typeof"]
