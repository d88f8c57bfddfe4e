"""The types of Python structures: of traced values, numbers, arrays, lists, dicts, tuples and dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NoReturn, cast

import numpy as np

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import Value
from rosesim.ad.language.values.scalar import Scalar
from rosesim.ad.language.values.vector_operators import VectorOperators
from rosesim.ad.program.ir import IntT
from rosesim.ad.support.errors import ArgumentError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import class_of, is_array, is_boolean, is_dict, is_list, is_tuple


def typeof(v: Any, name: str = "") -> T.Type:
    """The type of a Python structure of traced values, numbers and arrays. Errors call it `name`.

    A plain number in a dataclass has the type of its field: 1 in an `Index` field is an Index, not a Real.
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
    if is_boolean(v):
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
        "dataclasses, tuples or dicts of them (a traced function gets other objects from its closure)",
        here(),
    )


def _of_name(name: str) -> str:
    return f"{name}: " if name else ""


def fitted(d: T.Declared | None, v: Any, name: str) -> T.Type:
    """The type of a value given where d is declared: d, with open lengths taken from the value. d may be None."""
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
    """The type of an argument of which `compile` is given an example or the type."""
    if not T.is_annotation(like):
        return fitted(d, like, name)
    t = T.from_annotation(like)
    if d is not None and T.complete(d, t) != t:
        raise TypeMismatch(f"{name}: {t} was found; expected {d}", here())
    return t


def _struct_type(v: Any, name: str) -> T.Type:
    """The type of a dataclass or named tuple. Fields with plain values have their annotated types."""
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
        return typeof(x, name)  # a plain number is no tangent; this is reported when the struct is converted
    if T.is_struct_class(class_of(x)):
        return typeof(x, name)  # an instance of a subclass keeps all of its fields
    if isinstance(d, T.Unknown):
        raise TypeMismatch(
            f"{name}: an annotation that names {d.name!r} was found, which is not known there; expected names of "
            "the module that defines the class, or a parameter that is annotated with the class",
            here(),
        )
    return fitted(d, x, name)


def is_traced(x: Any) -> bool:
    """Whether a Python structure contains a traced value."""
    if isinstance(x, Value):
        return True
    if is_list(x) or is_tuple(x):
        return any(map(is_traced, x))
    if is_dict(x):
        return any(map(is_traced, x.values()))
    return dataclasses.is_dataclass(x) and any(is_traced(getattr(x, n)) for n in T.field_names(x))


def _columns_type(v: Any, prefix: str) -> T.Type | None:
    """The type of v as a vector of structs, if all its fields have equally many axes more than annotated."""
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
            for _ in range(axes):
                d = T.OpenVec(None, d)
        part = _field_type(d, x, prefix + n)
        shape: list[int] = []
        for _ in range(axes):
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
    """By how many axes the arrays in a struct exceed their annotations."""
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
        raise TypeMismatch(f"a NumPy array of {v.dtype} was found; expected float64, bool or integers", here())
    for n in reversed(v.shape):
        elem = T.VecType(n, elem)
    return elem


def added(a: Any, b: Any) -> Any:
    """a + b, for structs field by field."""
    t = typeof(a)
    if isinstance(t, T.StructType):
        return t.build([added(x, y) for x, y in zip(t.parts(a), t.parts(b), strict=True)])
    return None if a is None else a + b


def unify(a: T.Type, b: T.Type, what: str) -> T.Type:
    """The one type of both sides of `what`. Bounds of integers widen."""
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
