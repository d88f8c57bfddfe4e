"""Which leaves of a struct are real numbers, which are booleans, and which are integers.

A value alone does not tell: a 2 in a field `Real` is a number to be tuned, a 2 in a field `Index[4]` is a choice
that must stay as it is. So a dataclass's annotations decide; a leaf without one is judged by its value.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import sys
import types
import typing
from typing import Any

import numpy as np

from rosesim.ad.language import types as T
from rosesim.ad.language.values.annotations import Vec
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.program.ir import IntT
from rosesim.ad.support.errors import RosesimError

_WORDS = {"Bool": Bool, "Index": Index, "Real": Real, "Vec": Vec}
"""Names that a module lacks if it imports them within a function."""

Kind = type[float] | type[bool] | type[int]


def leaf_kinds(struct: Any) -> dict[str, Kind]:
    """For each leaf, by its dotted name: float where it is real, bool where it is a boolean, int for an Index.

    >>> from dataclasses import dataclass
    >>> from typing import Any
    >>> from rosesim import Index, Real
    >>> two: Any = 2
    >>> @dataclass(frozen=True)
    ... class Params:
    ...     speed: Real = two
    ...     gear: Index[4] = two
    ...     on: bool = True
    >>> leaf_kinds(Params())
    {'speed': <class 'float'>, 'gear': <class 'int'>, 'on': <class 'bool'>}
    """
    return {name: _kind(leaf, t) for name, (leaf, t) in _typed(struct, None, "").items()}


def index_ranges(struct: Any) -> dict[str, tuple[int, int]]:
    """The least and the greatest value of each leaf that is annotated as an Index."""
    found = {name: _scalar(t) for name, (_, t) in _typed(struct, None, "").items()}
    return {name: (s.lo, s.hi) for name, s in found.items() if isinstance(s, IntT)}


def _typed(struct: Any, t: T.Type | None, name: str) -> dict[str, tuple[Any, T.Type | None]]:
    """The leaves, each with the type that its annotation, or that of a field around it, gives; None without one."""
    if struct is None:
        return {}
    parts = struct_parts(struct)
    if parts is None:
        return {name: (struct, t)}
    known = _field_types(type(struct)) if dataclasses.is_dataclass(struct) else {}
    found: dict[str, tuple[Any, T.Type | None]] = {}
    for key, part in parts:
        found |= _typed(part, known.get(key, _part_of(t, key)), f"{name}.{key}" if name else key)
    return found


def struct_parts(struct: Any) -> list[tuple[str, Any]] | None:
    """The parts of a struct by name, in order; None where it is a number or an array."""
    if dataclasses.is_dataclass(struct) and not isinstance(struct, type):
        return [(f.name, getattr(struct, f.name)) for f in dataclasses.fields(struct)]
    if isinstance(struct, dict):
        return [(str(k), v) for k, v in struct.items()]
    if isinstance(struct, tuple):
        names = getattr(struct, "_fields", None) or map(str, range(len(struct)))
        return list(zip(names, struct, strict=True))
    return None


def _part_of(t: T.Type | None, key: str) -> T.Type | None:
    """The type of a part; all elements of a vector have the same type."""
    match t:
        case T.VecType(_, elem):
            return elem
        case T.StructType(_, names, types) if key in names:
            return types[names.index(key)]
        case _:
            return None


def _scalar(t: T.Type | None) -> Any:
    """The only scalar that a type is made of; None for structs, and where the type is unknown."""
    scalars = () if t is None else T.flatten(t)
    return scalars[0].scalar if len(scalars) == 1 else None


def _kind(leaf: Any, t: T.Type | None) -> Kind:
    # A boolean in a field of another type is a mistake, which the first call refuses in its own words.
    if isinstance(_scalar(t), IntT):
        return int
    return bool if np.asarray(leaf).dtype == np.bool_ else float


@functools.lru_cache(maxsize=256)
def _field_types(kind: type) -> dict[str, T.Type]:
    """The types that the annotations of a dataclass's fields give, as far as they can be read."""
    scope = {**_WORDS, **vars(sys.modules.get(kind.__module__, typing))}
    found: dict[str, T.Type] = {}
    for base in reversed(kind.__mro__):
        for name, annotation in inspect.get_annotations(base).items():
            # An annotation may name a local of an enclosing function, which cannot be found; then the value decides.
            with contextlib.suppress(RosesimError, NameError, TypeError, AttributeError, SyntaxError):
                alone = types.SimpleNamespace(__annotations__={name: annotation})
                known = typing.get_type_hints(alone, scope, include_extras=True)
                found[name] = T.from_annotation(known[name], scope)
    return found
