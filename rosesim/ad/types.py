"""The types that a programmer writes, and how each lies in flat arrays.

A struct (dataclass, tuple, dict) of vectors and a vector of structs both become one array a scalar
field: `Vec[n, {x: Real, v: Vec[2, Real]}]` is an array of shape (n,) and one of shape (n, 2).
"""

from __future__ import annotations

import dataclasses
import types as pytypes
import typing
from dataclasses import dataclass
from typing import Any

from rosesim.ad.errors import OpenLength, TypeMismatch
from rosesim.ad.ir import BoolT, FloatT, IntT, TanT, Ty


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
    """The tangent of a Real, met in custom derivatives alone."""

    width: int = 64

    def __str__(self) -> str:
        return "Tan"


@dataclass(frozen=True, slots=True)
class IntType:
    """A whole number from lo to hi; Index[n] where lo is 0."""

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
    """Named fields; `kind` is tuple, dict or the dataclass."""

    kind: type[Any]
    names: tuple[str, ...]
    types: tuple[Type, ...]

    def __str__(self) -> str:
        if self.kind is tuple:
            return f"({', '.join(map(str, self.types))})"
        fields = ", ".join(f"{n}: {t}" for n, t in zip(self.names, self.types, strict=True))
        return f"{{{fields}}}" if self.kind is dict else f"{self.kind.__name__}({fields})"

    def build(self, values: list[Any]) -> Any:
        """The Python struct with these field values."""
        if self.kind is tuple:
            return tuple(values)
        if self.kind is dict:
            return dict(zip(self.names, values, strict=True))
        if hasattr(self.kind, "_fields"):
            return self.kind(*values)
        struct: Any = object.__new__(self.kind)  # not __init__: a __post_init__ may compute with plain numbers
        for name, v in zip(self.names, values, strict=True):
            object.__setattr__(struct, name, v)
        return struct

    def parts(self, struct: Any) -> list[Any]:
        """The field values of a Python struct of this kind, in order."""
        if self.kind is tuple:
            return list(struct)
        if self.kind is dict:
            return [struct[n] for n in self.names]
        return [getattr(struct, n) for n in self.names]


Type = NullType | BoolType | RealType | TanType | IntType | VecType | StructType
Types = tuple[Type, ...]
NULL, BOOL, REAL, TAN = NullType(), BoolType(), RealType(), TanType()
if typing.TYPE_CHECKING:
    Null: typing.TypeAlias = None  # what an annotation `Null` means to an editor
else:
    Null = NULL


def index(n: int) -> IntType:
    """Index[n]."""
    return IntType(0, n - 1)


def flatten(t: Type) -> tuple[Ty, ...]:
    """The flat arrays that hold a value of this type, field by field."""
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


def leaf_names(t: Type, name: str) -> tuple[str, ...]:
    """A name for each flat array, as a person would write it: `state.x`."""
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


def struct_type(kind: type, fields: dict[str, Type]) -> StructType:
    """A struct type from its fields in order."""
    return StructType(kind, tuple(fields), tuple(fields.values()))


def tuple_type(*parts: Type) -> StructType:
    """The type of a tuple."""
    return StructType(tuple, tuple(map(str, range(len(parts)))), parts)


class OpenType:
    """What `Vec[T, ...]` is: a vector of any length. A function's parameter of it has the type of its argument."""

    def __repr__(self) -> str:
        return "Vec[..., ...]"


OPEN = OpenType()


def is_struct_class(a: object) -> bool:
    """Whether a class is one of those that act as structs: a dataclass or a named tuple."""
    return isinstance(a, type) and ((tuple in a.__mro__ and hasattr(a, "_fields")) or dataclasses.is_dataclass(a))


def from_annotation(a: Any, scope: dict[str, Any] | None = None) -> Type:
    """The type that an annotation names; `scope` resolves strings inside dataclasses."""
    known: dict[Any, Type] = {None: NULL, pytypes.NoneType: NULL, float: REAL, bool: BOOL}
    if isinstance(a, NullType | BoolType | RealType | TanType | IntType | VecType | StructType):
        return a
    if isinstance(a, OpenType):
        raise OpenLength("a vector whose length is left open was found; expected a length, as in Vec[Real, 3]")
    if isinstance(a, typing.Hashable) and a in known:
        return known[a]
    rose = getattr(a, "__rose_type__", None)
    if rose is not None:
        return rose
    if isinstance(a, dict):
        items = typing.cast("dict[str, Any]", a)
        return struct_type(dict, {str(k): from_annotation(v, scope) for k, v in items.items()})
    if isinstance(a, tuple):
        return tuple_type(*(from_annotation(v, scope) for v in typing.cast("tuple[Any, ...]", a)))
    if typing.get_origin(a) in (typing.Union, pytypes.UnionType):
        # "a Real or a plain number", which a rule or helper may say for the editor's sake, is a Real
        others = [part for part in typing.get_args(a) if part not in (float, int)]
        if len(others) == 1 and len(typing.get_args(a)) > 1:
            return from_annotation(others[0], scope)
    if typing.get_origin(a) is tuple:
        return tuple_type(*(from_annotation(v, scope) for v in typing.get_args(a)))
    if isinstance(a, type) and is_struct_class(a):
        hints = typing.get_type_hints(a, localns=scope, include_extras=True)
        names = getattr(a, "_fields", None) or [f.name for f in dataclasses.fields(typing.cast("Any", a))]
        return struct_type(a, {n: from_annotation(hints[n], scope) for n in names})
    if typing.is_typeddict(a):
        hints = typing.get_type_hints(a, localns=scope, include_extras=True)
        return struct_type(dict, {n: from_annotation(h, scope) for n, h in hints.items()})
    raise TypeMismatch(
        f"the annotation {a!r} is not a type of rosesim; expected Real, Bool, Null, Index[n], Vec[T, n], "
        "a dataclass, a tuple or a dict of such types"
    )
