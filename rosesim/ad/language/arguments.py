"""Conversion between Python structures of numbers and arrays, and the flat arguments and results of a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any

import numpy as np

from rosesim.ad.language import types as T
from rosesim.ad.support.errors import ArgumentError
from rosesim.ad.support.typeguards import is_array, is_dict, is_list, is_tuple

Flatten = Callable[[Any, list[Any]], None]
"""Appends the flat arguments for a value to a list."""


def flat_args(v: Any, t: T.Type, name: str) -> list[Any]:
    """The flat arguments for a value given where type t is expected; codegen checks shapes and dtypes."""
    flat: list[Any] = []
    flattener(t, name)(v, flat)
    return flat


def flattener(t: T.Type, name: str) -> Flatten:
    """`flat_args` for one type: a function made once, for many calls."""
    match t:
        case T.NullType():

            def none(v: Any, flat: list[Any]) -> None:
                if v is not None:
                    raise ArgumentError(f"{name}: {type(v).__name__} was found; expected None")

            return none
        case T.VecType(n, elem) if not is_plain(elem):
            return lambda v, flat: flat.extend(_flat_structs(v, n, elem, name))
        case T.StructType():
            inner = [flattener(p, n) for p, n in zip(t.types, _names(t, name), strict=True)]
            if t.kind not in (tuple, dict) and len(inner) > 1 and all(append is _append for append in inner):
                fields = attrgetter(*t.names)

                def plain(v: Any, flat: list[Any]) -> None:
                    flat.extend(fields(v) if isinstance(v, t.kind) else _fields(v, t, name))

                return plain

            def struct(v: Any, flat: list[Any]) -> None:
                for part, append in zip(_fields(v, t, name), inner, strict=True):
                    append(part, flat)

            return struct
        case _:
            return _append


def _append(v: Any, flat: list[Any]) -> None:
    flat.append(v)


def _names(t: T.StructType, name: str) -> list[str]:
    return [f"{name}[{n}]" if t.kind is tuple else f"{name}.{n}" for n in t.names]


def is_plain(t: T.Type) -> bool:
    """Whether a value of type t is one number or array."""
    while isinstance(t, T.VecType):
        t = t.elem
    return not isinstance(t, T.StructType | T.NullType)


def _fields(v: Any, t: T.StructType, name: str) -> list[Any]:
    fits = (
        (is_tuple(v) or is_list(v)) and len(v) == len(t.names)
        if t.kind is tuple
        else is_dict(v) and set(v) == set(t.names)
        if t.kind is dict
        else isinstance(v, t.kind)
    )
    if not fits:
        found = f"a dict with {', '.join(map(str, v)) or 'nothing'}" if is_dict(v) else type(v).__name__
        raise ArgumentError(f"{name}: {found} was found; expected {t}")
    return list(v) if t.kind is tuple else t.parts(v)


def _flat_structs(v: Any, n: int, elem: T.Type, name: str) -> list[Any]:
    """A vector of structs, given as a list of structs, a structured array, or one struct whose fields are vectors."""
    if isinstance(elem, T.StructType):
        if is_array(v) and v.dtype.names is not None:
            missing = [x for x in elem.names if x not in v.dtype.names]
            if missing:
                raise ArgumentError(f"{name}: an array without the field {missing[0]!r} was found; expected {elem}")
            parts = [v[x] for x in elem.names]
            return [a for p, pt in zip(parts, elem.types, strict=True) for a in flat_args(p, T.VecType(n, pt), name)]
        if not (is_list(v) or is_array(v)):
            whole = T.StructType(
                elem.kind, elem.names, tuple(p if p == T.NULL else T.VecType(n, p) for p in elem.types)
            )
            return flat_args(v, whole, name)
    if len(v) != n:
        raise ArgumentError(f"{name}: {len(v)} elements were found; expected {n}")
    tys = T.flatten(elem)
    if n == 0:
        return [np.zeros((0, *ty.shape)) for ty in tys]
    rows = [flat_args(x, elem, f"{name}[{i}]") for i, x in enumerate(v)]
    # Not stacked here: NumPy would turn booleans among numbers into numbers, and codegen must see them to refuse
    # them.
    return [[r[k] for r in rows] for k in range(len(tys))]


def build(t: T.Type, flat: Iterable[Any]) -> Any:
    """The Python structure of type t, made of the next flat results."""
    return builder(t)(iter(flat))


def builder(t: T.Type) -> Callable[[Iterator[Any]], Any]:
    """`build` for one type: a function made once, for many calls."""
    match t:
        case T.NullType():
            return lambda flat: None
        case T.StructType():
            inner = [builder(p) for p in t.types]
            return lambda flat: t.build([make(flat) for make in inner])
        case T.VecType(n, elem) if not is_plain(elem):
            if isinstance(elem, T.StructType):
                rows = [builder(T.VecType(n, p)) for p in elem.types]
                return lambda flat: elem.build([make(flat) for make in rows])
            return builder(_inward(n, elem))
        case _:
            return next


def _inward(n: int, elem: T.Type) -> T.Type:
    """The type of a vector of vectors of structs, as a struct of arrays of arrays."""
    match elem:
        case T.VecType(m, inner):
            deeper = _inward(m, inner)
            return _inward(n, deeper) if isinstance(deeper, T.StructType) else T.NULL
        case T.StructType(kind, names, parts):
            return T.StructType(kind, names, tuple(T.VecType(n, p) for p in parts))
        case _:
            return T.NULL
