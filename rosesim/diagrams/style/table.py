"""The table path -> expression, before anything is evaluated: scopes, their fields, the properties of shapes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from rosesim.diagrams.errors import Place
from rosesim.diagrams.style.hashing import OrderedMap, scope_rank, string_rank
from rosesim.diagrams.syntax import Argument, Constant, Expression, Layering, Literal, PathName, TermDeclaration
from rosesim.diagrams.values import Shape, Value

Content = Expression | TermDeclaration | Layering | None
"""What a path means. None: a shape, whose properties are fields of their own."""


class Field:
    """What stands at a path: a field of a scope, or a written property of a shape (then `owner` is the shape's)."""

    __slots__ = (
        "content",
        "context",
        "failed",
        "kind",
        "name",
        "number",
        "owner",
        "place",
        "properties",
        "scope",
        "value",
    )

    def __init__(
        self, scope: Scope, name: str, content: Content, context: Context, place: Place, owner: Field | None = None
    ):
        self.scope = scope
        self.name = name
        self.content = content
        self.context = context
        self.place = place
        self.owner = owner
        self.kind = ""
        """The kind of the shape, for a shape."""
        self.properties: OrderedMap[str, Field] | None = None
        """The written properties of a shape."""
        self.number = -1
        """The place in the order of nodes, once there is one."""
        self.value: Value | None = content.value if type(content) is Constant and owner is None else None
        self.failed = False
        """Whether its mistake has been reported, so that readers stay silent."""

    @property
    def path(self) -> str:
        """The path as people read it, and as shapes are named."""
        return f"{self.owner.path}.{self.name}" if self.owner else f"{self.scope.name}.{self.name}"

    @property
    def shape(self) -> Shape | None:
        """The shape, where it is one."""
        return self.value if isinstance(self.value, Shape) else None


class Scope:
    """A place for fields: a namespace, an object of Substance, or the local names of a match.

    `name` is how paths begin; `object` is the object's name or the literal; `bound` are the objects of a match, as
    paths begin.
    """

    __slots__ = ("bound", "fields", "kind", "listed", "name", "object")

    def __init__(self, name: str, kind: str, object_: Argument = ""):
        self.name = name
        self.kind = kind
        self.object = object_
        self.bound: tuple[str, ...] = ()
        self.fields: OrderedMap[str, Field] = OrderedMap(string_rank)
        self.listed = False
        """Whether the table has it: it counts from its first field on."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What `into xs` is bound to: the objects in order."""

    members: tuple[Scope, ...]


Bound = Scope | Collection


@dataclass(slots=True)
class Context:
    """What a name means within a match: `names` are variables and the namespaces that are open; others are local.

    A name in backticks is a key with its backticks.
    """

    names: dict[str, Bound]
    local: Scope


class Resolved(NamedTuple):
    """Where a path leads: a scope or collection, then a field and a property, "" where it ends before."""

    base: Bound
    field: str = ""
    property: str = ""


def key(name: str, quoted: bool) -> str:
    """A selector variable as a key.

    >>> key("A", True), key("s", False)
    ('`A`', 's')
    """
    return f"`{name}`" if quoted else name


def resolve(path: PathName, context: Context) -> Resolved:
    """Where a path leads. Members beyond a property have been refused before."""
    first, members = path.first, path.members
    base = context.names.get(f"`{first.name}`" if first.quoted else first.name)
    if base is None:
        return Resolved(context.local, first.name, members[0] if members else "")
    return Resolved(base, members[0] if members else "", members[1] if len(members) > 1 else "")


class Table:
    """All scopes, in the three maps whose order decides the order of nodes."""

    def __init__(self, objects: dict[str, str]):
        self.namespaces: OrderedMap[str, Scope] = OrderedMap(string_rank)
        self.locals: OrderedMap[tuple[int, int], Scope] = OrderedMap(scope_rank)
        self.objects: OrderedMap[str, Scope] = OrderedMap(string_rank)
        self._known: dict[Argument, Scope] = {}
        for name in objects:
            scope = self.of(name)
            self.objects[name] = scope
            scope.listed = True

    def of(self, object_: Argument) -> Scope:
        """The scope of an object, an alias object or a literal."""
        scope = self._known.get(object_)
        if scope is None:
            scope = Scope(object_name(object_), "object", object_)
            self._known[object_] = scope
        return scope

    def put(self, scope: Scope, field: Field) -> None:
        """Stores a field; a scope without any before enters the table."""
        if not scope.listed:
            scope.listed = True
            if scope.kind == "namespace":
                self.namespaces[scope.name] = scope
            else:
                self.objects[scope.name if isinstance(scope.object, Literal) else scope.object] = scope
        scope.fields[field.name] = field

    def local(self, block: int, match: int) -> Scope:
        """A new scope for the local names of a match."""
        scope = Scope(f"{block}:{match}", "local")
        scope.listed = True
        self.locals[block, match] = scope
        return scope

    @cached_property
    def scopes(self) -> list[Scope]:
        """All scopes in order, once all fields are there."""
        return [*self.namespaces.values(), *self.locals.values(), *self.objects.values()]


def object_name(object_: Argument) -> str:
    """How an object begins a path.

    >>> object_name("A"), object_name(Literal(20.0))
    ('`A`', 'lit(20)')
    """
    return f"lit({plain(object_.value)})" if isinstance(object_, Literal) else f"`{object_}`"


def plain(value: float | str) -> str:
    """A number as JavaScript writes it, or a string as it is.

    >>> plain(20.0), plain(-0.25), plain(1e-7), plain(1e21), plain(123456789012345680000.0)
    ('20', '-0.25', '1e-7', '1e+21', '123456789012345680000')
    """
    if isinstance(value, str):
        return value
    if value != value or value in (float("inf"), float("-inf")):
        return {float("inf"): "Infinity", float("-inf"): "-Infinity"}.get(value, "NaN")
    if value == int(value) and abs(value) < 1e21:
        return str(_shortest_integer(value))
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    power = int(exponent)
    if -7 < power < 0:  # JavaScript writes 0.00001 where Python writes 1e-05
        sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
        return f"{sign}0.{'0' * (-power - 1)}{digits.replace('.', '')}"
    return f"{mantissa.removesuffix('.0')}e{power:+d}"


def _shortest_integer(value: float) -> int:
    """The integer of the shortest digits that give the double, as JavaScript prints it."""
    digits, _, exponent = repr(value).partition("e")
    if not exponent:
        return int(value)
    whole, _, fraction = digits.removesuffix(".0").partition(".")
    return int(whole + fraction) * 10 ** (int(exponent) - len(fraction))
