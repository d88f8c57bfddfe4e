"""What a library parameter or a shape property accepts, and what it makes of it.

A kind turns vectors, lists and pairs into a `Vector`, and all rows of numbers into `Rows`, so that who reads a value
meets one form only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rosesim.diagrams.scalars import Scalar
from rosesim.diagrams.values import Clip, Color, List, Pair, Path, Paths, Rows, Shape, Shapes, Value, Vector


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` completes "expected ..."; `accept` gives the value in its one form, or None where it does not fit.

    >>> VECTOR.accept(List((1.0, 2.0)))
    Vector(items=(1.0, 2.0))
    >>> VECTOR3.name, VECTOR3.accept(List((1.0, 2.0)))
    ('a vector of 3 numbers', None)
    """

    name: str
    accept: Callable[[Value], Value | None]


def _number(value: Value) -> Value | None:
    if isinstance(value, Scalar):
        return value
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _vector(length: int | None = None) -> Callable[[Value], Value | None]:
    def accept(value: Value) -> Value | None:
        if not isinstance(value, Vector | List | Pair) or length not in (None, len(value.items)):
            return None
        return value if isinstance(value, Vector) else Vector(value.items)

    return accept


def _rows(value: Value) -> Value | None:
    """Rows of one length."""
    return value if isinstance(value, Rows) and len({len(r) for r in value.rows}) == 1 else None


def _points(value: Value) -> Value | None:
    return value if isinstance(value, Rows) and value.rows and all(len(r) == 2 for r in value.rows) else None


def _of(cls: type) -> Callable[[Value], Value | None]:
    return lambda value: value if isinstance(value, cls) else None


def _word(*words: str) -> Callable[[Value], Value | None]:
    return lambda value: value if value in words else None


NUMBER = Kind("a number", _number)
VECTOR = Kind("a vector", _vector())
VECTOR2 = Kind("a vector of 2 numbers", _vector(2))
VECTOR3 = Kind("a vector of 3 numbers", _vector(3))
VECTOR4 = Kind("a vector of 4 numbers", _vector(4))
POINTS = Kind("a list of points, each with 2 numbers", _points)
ROWS = Kind("a matrix or a list of vectors, all of one length", _rows)
ANY_ROWS = Kind("a list of points", _of(Rows))
COLOR = Kind("a colour", _of(Color))
STRING = Kind("a string", _of(str))
BOOLEAN = Kind("true or false", _of(bool))
PATH = Kind("path data", _of(Path))
PATHS = Kind("a list of path data", _of(Paths))
CLIP = Kind("clip data", _of(Clip))
SHAPE = Kind("a shape", _of(Shape))
SHAPES = Kind("a list of shapes", _of(Shapes))
PATH_TYPE = Kind('"open" or "closed"', _word("open", "closed"))


def shape(*kinds: str) -> Kind:
    """A shape of one of these kinds.

    >>> shape("Circle", "Line").name
    'a Circle or a Line'
    """
    names = " or ".join(f"{'an' if k[0] in 'AEIOU' else 'a'} {k}" for k in kinds)
    return Kind(names, lambda v: v if isinstance(v, Shape) and v.kind in kinds else None)


def described(value: Value) -> str:
    """What a value is, as the end of "found ...".

    >>> described(Vector((1.0, 2.0))), described("red")
    ('a vector of 2 numbers', 'the string "red"')
    """
    match value:
        case bool():
            return "true" if value else "false"
        case float() | int() | Scalar():
            return "a number"
        case str():
            return f'the string "{value}"'
        case Vector() | Pair():
            return f"a vector of {len(value.items)} numbers"
        case List():
            return f"a list of {len(value.items)} numbers" if value.items else "an empty list"
        case Rows():
            lengths = sorted({len(r) for r in value.rows})
            return f"{len(value.rows)} rows of {' or '.join(map(str, lengths)) or 'no'} numbers"
        case Color():
            return "a colour"
        case Path():
            return "path data"
        case Paths():
            return "a list of path data"
        case Shape():
            return f"{'an' if value.kind[:1] in 'AEIOU' else 'a'} {value.kind}"
        case Shapes():
            return f"a list of {len(value.items)} shapes"
        case Clip():
            return "clip data"
