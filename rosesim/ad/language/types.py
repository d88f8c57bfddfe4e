"""The types that a programmer writes, and how each is stored in flat arrays.

A struct (dataclass, tuple, dict) of vectors and a vector of structs are stored alike, as one array for each scalar
field: `Vec[n, {x: Real, v: Vec[2, Real]}]` is an array of shape (n,) and one of shape (n, 2).
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import types as pytypes
import typing
from dataclasses import dataclass
from typing import Any

from rosesim.ad.program.ir import BoolT, FloatT, IntT, TanT, Ty
from rosesim.ad.support.errors import OpenLength, TypeMismatch


@dataclass(frozen=True, slots=True)
class NullType:
    """The unit type, `None` in Python.

    >>> from rosesim import fn, Null, Real
    >>> @fn
    ... def nothing(x: Real) -> Null:
    ...     return None
    >>> nothing(1.0) is None
    True
    """

    def __str__(self) -> str:
        return "Null"


@dataclass(frozen=True, slots=True)
class BoolType:
    """True or false."""

    def __str__(self) -> str:
        return "Bool"


@dataclass(frozen=True, slots=True)
class RealType:
    """A 64-bit float."""

    width: int = 64

    def __str__(self) -> str:
        return "Real"


@dataclass(frozen=True, slots=True)
class TanType:
    """The tangent of a Real. It occurs only in custom derivatives."""

    width: int = 64

    def __str__(self) -> str:
        return "Tan"


@dataclass(frozen=True, slots=True)
class IntType:
    """An integer from lo to hi. It is written Index[n] if lo is 0."""

    lo: int
    hi: int

    def __str__(self) -> str:
        return f"Index[{self.hi + 1}]" if self.lo == 0 else f"Int[{self.lo}..{self.hi}]"


@dataclass(frozen=True, slots=True)
class VecType:
    """n values of one type."""

    n: int
    elem: Type

    def __str__(self) -> str:
        return f"Vec[{self.elem}, {self.n}]"


@dataclass(frozen=True, slots=True)
class StructType:
    """Named fields. `kind` is tuple, dict or the dataclass."""

    kind: type[Any]
    names: tuple[str, ...]
    types: tuple[Type, ...]

    def __str__(self) -> str:
        return _struct_words(self.kind, self.names, self.types)

    def build(self, values: list[Any]) -> Any:
        """The Python struct with these field values."""
        if self.kind is tuple:
            return tuple(values)
        if self.kind is dict:
            return dict(zip(self.names, values, strict=True))
        if hasattr(self.kind, "_fields"):
            return self.kind(*values)
        struct: Any = object.__new__(self.kind)  # not __init__: a __post_init__ may expect plain numbers
        for name, v in zip(self.names, values, strict=True):
            object.__setattr__(struct, name, v)
        return struct

    def parts(self, struct: Any) -> list[Any]:
        """The field values of a Python struct of this kind, in order."""
        return _parts(self.kind, self.names, struct)


Type = NullType | BoolType | RealType | TanType | IntType | VecType | StructType
Types = tuple[Type, ...]
NULL, BOOL, REAL, TAN = NullType(), BoolType(), RealType(), TanType()
if typing.TYPE_CHECKING:
    Null: typing.TypeAlias = None  # what `Null` in an annotation means to an editor
else:
    Null = NULL


def index(n: int) -> IntType:
    """Index[n]."""
    return IntType(0, n - 1)


def flatten(t: Type) -> tuple[Ty, ...]:
    """The types of the flat arrays that store a value of this type, field by field."""
    match t:
        case NullType():
            return ()
        case BoolType():
            return (Ty(BoolT()),)
        case RealType(w):
            return (Ty(FloatT(w)),)
        case TanType(w):
            return (Ty(TanT(w)),)
        case IntType(lo, hi):
            return (Ty(IntT(lo, hi)),)
        case VecType(n, elem):
            return tuple(Ty(f.scalar, (n, *f.shape)) for f in flatten(elem))
        case StructType():
            return tuple(f for part in t.types for f in flatten(part))


def of_flat(ty: Ty) -> Type:
    """A type that is stored as one flat array of this type."""
    match ty.scalar:
        case IntT(lo, hi):
            t: Type = IntType(lo, hi)
        case BoolT():
            t = BOOL
        case TanT():
            t = TAN
        case FloatT():
            t = REAL
    for n in reversed(ty.shape):
        t = VecType(n, t)
    return t


def leaf_names(t: Type, name: str) -> tuple[str, ...]:
    """A name for each flat array, as users write it: `state.x`."""
    match t:
        case NullType():
            return ()
        case VecType(_, elem):
            return leaf_names(elem, name)
        case StructType():
            dotted = [f"{name}[{n}]" if t.kind is tuple else f"{name}.{n}" for n in t.names]
            return tuple(x for n, p in zip(dotted, t.types, strict=True) for x in leaf_names(p, n))
        case _:
            return (name,)


def swap_scalars(t: Type, old: type, new: Any) -> Type:
    """t with every scalar type of class `old` replaced by `new`."""
    match t:
        case VecType(n, elem):
            return VecType(n, swap_scalars(elem, old, new))
        case StructType(kind, names, parts):
            return StructType(kind, names, tuple(swap_scalars(p, old, new) for p in parts))
        case _:
            return new if isinstance(t, old) else t


def only(t: Type, scalar: type) -> Type:
    """t with Null in place of all scalars that are not of this class. A vector of Nulls is itself Null."""
    match t:
        case VecType(n, elem):
            inner = only(elem, scalar)
            return NULL if inner == NULL else VecType(n, inner)
        case StructType(kind, names, parts):
            return StructType(kind, names, tuple(only(p, scalar) for p in parts))
        case _:
            return t if isinstance(t, scalar) else NULL


def struct_type(kind: type, fields: dict[str, Type]) -> StructType:
    """A struct type from its fields in order."""
    return StructType(kind, tuple(fields), tuple(fields.values()))


def tuple_type(*parts: Type) -> StructType:
    """The type of a tuple."""
    return StructType(tuple, tuple(map(str, range(len(parts)))), parts)


@dataclass(frozen=True, slots=True)
class OpenVec:
    """A vector of unknown length (n is None) or with elements of unknown lengths: the annotation `Vec[T, ...]`."""

    n: int | None
    elem: Declared

    def __str__(self) -> str:
        return f"Vec[{self.elem}, {'...' if self.n is None else self.n}]"


@dataclass(frozen=True, slots=True)
class OpenStruct:
    """A struct that contains such vectors."""

    kind: type[Any]
    names: tuple[str, ...]
    types: tuple[Declared, ...]

    def __str__(self) -> str:
        return _struct_words(self.kind, self.names, self.types)

    def parts(self, struct: Any) -> list[Any]:
        """The field values of a Python struct of this kind, in order."""
        return _parts(self.kind, self.names, struct)


Declared = Type | OpenVec | OpenStruct
"""What an annotation declares: a type, or a type with open lengths, which a value completes (`fitted`)."""


def _parts(kind: type[Any], names: tuple[str, ...], struct: Any) -> list[Any]:
    if kind is tuple:
        return list(struct)
    return [struct[n] if kind is dict else getattr(struct, n) for n in names]


def _struct_words(kind: type[Any], names: tuple[str, ...], parts: tuple[Declared, ...]) -> str:
    if kind is tuple:
        return f"({', '.join(map(str, parts))})"
    fields = ", ".join(f"{n}: {t}" for n, t in zip(names, parts, strict=True))
    return f"{{{fields}}}" if kind is dict else f"{kind.__name__}({fields})"


def is_open(t: Declared | None) -> typing.TypeGuard[OpenVec | OpenStruct]:
    """Whether some length in it is open."""
    return isinstance(t, OpenVec | OpenStruct)


def vector_of(n: int | None, elem: Declared) -> Declared:
    """Vec[elem, n]; of any length if n is None."""
    return OpenVec(n, elem) if n is None or is_open(elem) else VecType(n, typing.cast("Type", elem))


def _struct_of(kind: type[Any], fields: dict[str, Declared]) -> Declared:
    parts = tuple(fields.values())
    if any(map(is_open, parts)):
        return OpenStruct(kind, tuple(fields), parts)
    return StructType(kind, tuple(fields), typing.cast("Types", parts))


def complete(d: Declared, t: Type) -> Type | None:
    """The type that d becomes if a value of type t is given: t fills in open lengths. None if they do not fit.

    Where d leaves nothing open, only d counts. Whether the value has that type is checked when it is converted.
    """
    match d, t:
        case (OpenVec(n, elem), VecType(m, found)) if n is None or n == m:
            inner = complete(elem, found)
            return None if inner is None else VecType(m, inner)
        case OpenVec(), StructType(kind, names, parts) if kind is not tuple and _base(d) is kind:
            # a struct of vectors, given where a vector of structs is declared
            columns = [p for p in parts if isinstance(p, VecType)]
            if not columns or len(columns) != len(parts) or len({c.n for c in columns}) != 1:
                return None
            return complete(d, VecType(columns[0].n, StructType(kind, names, tuple(c.elem for c in columns))))
        case OpenStruct(kind, names, parts), StructType() if kind is t.kind and names == t.names:
            found_parts = [complete(p, x) for p, x in zip(parts, t.types, strict=True)]
            known = [p for p in found_parts if p is not None]
            return StructType(kind, names, tuple(known)) if len(known) == len(found_parts) else None
        case (OpenVec() | OpenStruct(), _):
            return None
        case _:
            return d


def of_no_length(d: Declared) -> Type:
    """d with 0 for open lengths. They are the elements of an empty list, so no value says more."""
    match d:
        case OpenVec(n, elem):
            return VecType(n or 0, of_no_length(elem))
        case OpenStruct(kind, names, parts):
            return StructType(kind, names, tuple(map(of_no_length, parts)))
        case _:
            return d


def _base(d: Declared) -> type[Any] | None:
    """The class of the structs in a vector, or in a vector of vectors."""
    while isinstance(d, OpenVec | VecType):
        d = d.elem
    return d.kind if isinstance(d, StructType | OpenStruct) else None


def depth(d: Declared) -> int:
    """The number of axes of a vector before its elements."""
    count = 0
    while isinstance(d, OpenVec | VecType):
        d, count = d.elem, count + 1
    return count


def is_struct_class(a: object) -> bool:
    """Whether instances of a class are structs: it is a dataclass or a named tuple."""
    return isinstance(a, type) and ((tuple in a.__mro__ and hasattr(a, "_fields")) or dataclasses.is_dataclass(a))


def from_annotation(a: Any, scope: dict[str, Any] | None = None) -> Type:
    """The type that an annotation names; `scope` resolves strings inside dataclasses."""
    d = declared(a, scope)
    if is_open(d):
        raise OpenLength("a vector whose length is left open was found; expected a length, as in Vec[Real, 3]")
    return typing.cast("Type", d)


def declared(a: Any, scope: dict[str, Any] | None = None) -> Declared:
    """What an annotation declares. It may leave lengths open."""
    known: dict[Any, Type] = {None: NULL, pytypes.NoneType: NULL, float: REAL, bool: BOOL}
    if isinstance(a, _TYPES):
        return a
    if isinstance(a, typing.Hashable) and a in known:
        return known[a]
    rose = getattr(a, "__rose_type__", None)
    if rose is not None:
        return rose
    if isinstance(a, dict):
        items = typing.cast("dict[str, Any]", a)
        return _struct_of(dict, {str(k): declared(v, scope) for k, v in items.items()})
    if isinstance(a, tuple):
        return _tuple_of(typing.cast("tuple[Any, ...]", a), scope)
    if typing.get_origin(a) in (typing.Union, pytypes.UnionType):
        # A rule or helper may be annotated "Real | float" for the editor's sake. That is a Real.
        others = [part for part in typing.get_args(a) if part not in (float, int)]
        if len(others) == 1 and len(typing.get_args(a)) > 1:
            return declared(others[0], scope)
    if typing.get_origin(a) is tuple:
        return _tuple_of(typing.get_args(a), scope)
    if isinstance(a, type) and is_struct_class(a):
        hints = _hints(a, scope)
        return _struct_of(a, {n: _field(a, n, hints, scope) for n in field_names(a)})
    if typing.is_typeddict(a):
        hints = _hints(a, scope)
        return _struct_of(dict, {n: _field(a, n, hints, scope) for n in hints})
    raise TypeMismatch(
        f"the annotation {a!r} is not a type of rosesim; expected Real, Bool, Null, Index[n], Vec[T, n], "
        "a dataclass, a tuple or a dict of such types"
    )


_TYPES = (NullType, BoolType, RealType, TanType, IntType, VecType, StructType, OpenVec, OpenStruct)


def is_annotation(v: Any) -> bool:
    """Whether v is a type, where an example value could stand too."""
    if isinstance(v, (type, *_TYPES)) or hasattr(v, "__rose_type__") and not hasattr(v, "_kind"):
        return True
    if typing.get_origin(v) is not None:
        return True
    parts: list[Any] = []
    if type(v) is tuple:
        parts = list(typing.cast("tuple[Any, ...]", v))
    elif isinstance(v, dict):
        parts = list(typing.cast("dict[str, Any]", v).values())
    return bool(parts) and all(p is None or is_annotation(p) for p in parts) and any(p is not None for p in parts)


def _tuple_of(parts: tuple[Any, ...], scope: dict[str, Any] | None) -> Declared:
    return _struct_of(tuple, {str(k): declared(v, scope) for k, v in enumerate(parts)})


def field_names(struct: Any) -> list[str]:
    """The names of the fields of a dataclass or named tuple, or of its class, in order."""
    named = getattr(struct, "_fields", None)
    return [f.name for f in dataclasses.fields(struct)] if named is None else list(named)


def _field(a: Any, name: str, hints: dict[str, Any], scope: dict[str, Any] | None) -> Declared:
    hint = hints.get(name, typing.Any)
    if isinstance(hint, Unknown):
        raise TypeMismatch(f"the annotation of the field {name} of {a.__name__} names {hint.name!r}, which is not "
                           "known there; expected a name of its module")  # fmt: skip
    return declared(hint, scope)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A field's annotation that names something that cannot be found."""

    name: str


def _hints(a: Any, scope: dict[str, Any] | None) -> dict[str, Any]:
    """The annotations of a class's fields."""
    try:
        return typing.get_type_hints(a, localns=scope, include_extras=True)
    except NameError:
        pass
    found: dict[str, Any] = {}
    for base in reversed(a.__mro__):
        one = type("one", (), {})
        own: dict[str, Any] = getattr(base, "__annotations__", {})
        for name, hint in own.items():
            one.__annotations__ = {name: hint}
            try:
                space = vars(sys.modules[base.__module__])
                found |= typing.get_type_hints(one, space, scope, include_extras=True)
            except NameError as e:
                found[name] = Unknown(str(e.name))
    return found


@functools.lru_cache(maxsize=1024)
def fields_of(struct: type[Any]) -> dict[str, Declared | Unknown | None]:
    """What the annotations of a struct's fields declare. None for an annotation that is no type of the language
    (`Any`, an array, a union of classes): then the value alone decides."""
    hints = _hints(struct, None)
    out: dict[str, Declared | Unknown | None] = {}
    for name in field_names(struct):
        hint = hints.get(name)
        if hint is None and name not in hints:
            out[name] = None
            continue
        try:
            out[name] = hint if isinstance(hint, Unknown) else declared(hint)
        except TypeMismatch:
            out[name] = None
    return out
