"""The three languages as data: what a text says, before any name is looked up.

Each record has the place of its first character. Names are as written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rosesim.diagrams.errors import NOWHERE, Place

# --- Domain, checked ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signature:
    """A predicate, function or constructor: the types of its arguments, and of its result ("" for a predicate)."""

    name: str
    args: tuple[str, ...]
    result: str = ""
    symmetric: bool = False
    place: Place = NOWHERE


LITERAL_TYPES = ("String", "Number")


@dataclass(slots=True)
class Domain:
    """A Domain text after all its checks."""

    types: dict[str, Place] = field(default_factory=dict)
    """Declared types, in order; `LITERAL_TYPES` are not among them."""
    supertypes: dict[str, frozenset[str]] = field(default_factory=dict)
    """For each type, literal ones too: itself and all above it."""
    predicates: dict[str, Signature] = field(default_factory=dict)
    functions: dict[str, Signature] = field(default_factory=dict)
    constructors: dict[str, Signature] = field(default_factory=dict)

    def is_subtype(self, lower: str, upper: str) -> bool:
        """Whether `lower` is `upper` or below it."""
        return upper in self.supertypes.get(lower, ())


# --- Substance, checked; indexed statements are written out ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """A string or a number as an argument. Two literals are one object where they are equal."""

    value: str | float

    @property
    def type(self) -> str:
        """ "String" or "Number"."""
        return "String" if isinstance(self.value, str) else "Number"


Argument = str | Literal
"""An object's name, or a literal."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """`Near(a, b)`."""

    name: str
    args: tuple[Argument, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Binding:
    """`target := call(args)`, or `target := args[0]` where `call` is ""."""

    target: str
    call: str
    args: tuple[Argument, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Label:
    """An object's label: its text and its kind ("none", "math" or "text")."""

    text: str = ""
    kind: str = "none"


@dataclass(slots=True)
class Substance:
    """A Substance text after all its checks."""

    objects: dict[str, str] = field(default_factory=dict)
    """Declared objects and their types, in order."""
    places: dict[str, Place] = field(default_factory=dict)
    literals: list[Literal] = field(default_factory=list)
    """In order of first appearance."""
    statements: list[Predicate | Binding] = field(default_factory=list)
    """In the order of the text."""
    labels: dict[str, Label] = field(default_factory=dict)
    """For each object."""


# --- Style: the tree ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variable:
    """A selector's variable, or an object's name in backticks (`quoted`)."""

    name: str
    quoted: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Declaration:
    """`Shop s` in a header."""

    type: str
    variable: Variable
    place: Place = NOWHERE


SelectorArgument = Variable | Literal


@dataclass(frozen=True, slots=True)
class BindingRelation:
    """`v := f(a, b)`, or `v := w` where `call` is ""."""

    target: Variable
    call: str
    args: tuple[SelectorArgument, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class PredicateRelation:
    """`Near(s, t) as n`; `alias` is "" where there is none."""

    name: str
    args: tuple[SelectorArgument, ...]
    alias: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class FieldRelation:
    """`s has label`; `kind` is "math", "text" or "". `field` is what was written after `has`."""

    variable: Variable
    field: str = "label"
    kind: str = ""
    place: Place = NOWHERE


Relation = BindingRelation | PredicateRelation | FieldRelation


@dataclass(frozen=True, slots=True)
class Selector:
    """`forall ... with ... where ...`."""

    declarations: tuple[Declaration, ...]
    with_: tuple[Declaration, ...] = ()
    where: tuple[Relation, ...] = ()
    repeatable: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Collector:
    """`collect T x into xs where ... with ... foreach ...`."""

    declaration: Declaration
    into: Variable
    with_: tuple[Declaration, ...] = ()
    where: tuple[Relation, ...] = ()
    foreach: tuple[Declaration, ...] = ()
    repeatable: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Namespace:
    """A block that is a name alone."""

    name: str
    place: Place = NOWHERE


Header = Selector | Collector | Namespace


@dataclass(frozen=True, slots=True)
class Stages:
    """`in [a, b]` or `except [a]`."""

    names: tuple[str, ...]
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class PathName:
    """`a.b.c[i][j]`; `first` may be in backticks."""

    first: Variable
    members: tuple[str, ...] = ()
    indices: tuple[Expression, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a string, or `true` and `false`."""

    value: float | str | bool
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Hex:
    """`#rrggbb`; `digits` are those after the `#`, any number of them."""

    digits: str
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Vary:
    """`?`, `?[v] in s`."""

    start: float | None = None
    stages: Stages | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Call:
    """A library function."""

    name: str
    args: tuple[Expression, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Binary:
    """`a op b`, op one of + - * / .* ./ ^; `A then B` is `B * A`, with B as `left`."""

    op: str
    left: Expression
    right: Expression
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Unary:
    """`-a` (op "-"), or the transpose `a'` (op "'")."""

    op: str
    operand: Expression
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Items:
    """`[a, b]` (form "list"), `(a, b)` ("vector"), `{a, b}` ("pair")."""

    form: str
    items: tuple[Expression, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class CollectionAccess:
    """`listof f from xs` (op "listof"), `numberof xs`, `nameof x`."""

    op: str
    path: PathName
    field: str = ""
    place: Place = NOWHERE


Expression = PathName | Constant | Hex | Vary | Call | Binary | Unary | Items | CollectionAccess


@dataclass(frozen=True, slots=True)
class ShapeDeclaration:
    """`Circle { r: 3 ... }`."""

    kind: str
    properties: tuple[tuple[str, Expression, Place], ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class TermDeclaration:
    """`encourage near(a, b) in s` ("encourage" or "ensure" as `verb`). An inline comparison has its library name:
    `a < b` is lessThan, `a == b` equal, `a > b` greaterThan (`inline` is true)."""

    verb: str
    name: str
    args: tuple[Expression, ...]
    stages: Stages | None = None
    inline: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Layering:
    """`a above b, c` or `a below b`."""

    first: PathName
    relation: str
    others: tuple[PathName, ...]
    place: Place = NOWHERE


Anonymous = ShapeDeclaration | TermDeclaration | Layering
RightSide = Expression | Anonymous


@dataclass(frozen=True, slots=True)
class Assign:
    """`path = rhs`, with `override` before it or not. A type before the path has no meaning."""

    path: PathName
    value: RightSide
    override: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Delete:
    """`delete path`."""

    path: PathName
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class AnonymousStatement:
    """A statement without a name: a shape, a term, a layering."""

    value: Anonymous
    place: Place = NOWHERE


Statement = Assign | Delete | AnonymousStatement


@dataclass(frozen=True, slots=True)
class Block:
    """A header and its statements."""

    header: Header
    statements: tuple[Statement, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Layout:
    """`layout = [a, b]`."""

    stages: tuple[str, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Style:
    """A Style text: blocks and layout lines in order (both count as items)."""

    items: tuple[Block | Layout, ...]
