"""Which leaves of a struct are real numbers, which are true or false, and which are whole numbers.

A value alone does not say: a 2 in a field `Real` is a number to be tuned, one in a field `Index[4]` is a choice
that must stay what it is. So a dataclass's annotations count, and what has none is told by its value.
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
"""What a module that imports these within a function does not know by itself."""

Kind = type[float] | type[bool] | type[int]


def leaf_kinds(struct: Any) -> dict[str, Kind]:
    """For each leaf, by its dotted name: float where it is real, bool where it is a truth value, int for an Index.

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
    """The leaves, each with the type that the annotation of the field around it says, if one does."""
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
    """The type of a part: a vector's elements are all alike."""
    match t:
        case T.VecType(_, elem):
            return elem
        case T.StructType(_, names, types) if key in names:
            return types[names.index(key)]
        case _:
            return None


def _scalar(t: T.Type | None) -> Any:
    """The one scalar that a type is made of; None for structs, and where nothing is known."""
    scalars = () if t is None else T.flatten(t)
    return scalars[0].scalar if len(scalars) == 1 else None


def _kind(leaf: Any, t: T.Type | None) -> Kind:
    # A truth value in a field that says otherwise is a mistake, which the first call refuses in its own words.
    if isinstance(_scalar(t), IntT):
        return int
    return bool if np.asarray(leaf).dtype == np.bool_ else float


@functools.lru_cache(maxsize=256)
def _field_types(kind: type) -> dict[str, T.Type]:
    """The types of a dataclass's fields that their annotations name, as far as they can be read."""
    scope = {**_WORDS, **vars(sys.modules.get(kind.__module__, typing))}
    found: dict[str, T.Type] = {}
    for base in reversed(kind.__mro__):
        for name, annotation in inspect.get_annotations(base).items():
            # What names something of an enclosing function cannot be found again; the value says enough then.
            with contextlib.suppress(RosesimError, NameError, TypeError, AttributeError, SyntaxError):
                alone = types.SimpleNamespace(__annotations__={name: annotation})
                known = typing.get_type_hints(alone, scope, include_extras=True)
                found[name] = T.from_annotation(known[name], scope)
    return found
