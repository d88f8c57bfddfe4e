"""From blocks and their matches to the table path -> expression: assign, override, delete.

Nothing is evaluated here, so an `override` reaches all readers, above and below. Mistakes are collected; one that
every match of a block makes is reported once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from rosesim.diagrams.errors import Fault, Place
from rosesim.diagrams.shapes import SHAPES
from rosesim.diagrams.style.hashing import OrderedMap, string_rank
from rosesim.diagrams.style.headers import checked
from rosesim.diagrams.style.hints import did_you_mean
from rosesim.diagrams.style.matching import Match, Matcher, grouped
from rosesim.diagrams.style.mentions import Mentions
from rosesim.diagrams.style.table import Bound, Collection, Context, Field, Resolved, Scope, Table, key, resolve
from rosesim.diagrams.syntax import (
    AnonymousStatement,
    Assign,
    Block,
    CollectionAccess,
    Collector,
    Constant,
    Delete,
    Domain,
    Layering,
    Layout,
    Namespace,
    PathName,
    RightSide,
    Selector,
    ShapeDeclaration,
    Statement,
    Style,
    Substance,
    TermDeclaration,
)

IMPLICIT = ("match_id", "match_total")


@dataclass(slots=True)
class Assigned:
    """The table and the stages of the layout, with all that was found wrong."""

    table: Table
    mentions: Mentions
    stages: tuple[str, ...] = ("",)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


def assigned(domain: Domain, substance: Substance, style: Style) -> Assigned:
    """Walks all blocks in order, for each block its matches, for each match its statements.

    Faults are those of headers, and MultipleLayoutError, RedeclareNamespaceError, InvalidGPITypeError,
    AssignAccessError, AssignGlobalError, AssignSubstanceError, DeleteGlobalError, DeleteSubstanceError,
    MissingShapeError, NestedShapeError, NotShapeError, NotValueError, NonWellFormedPathError, UndeclaredSubVarError,
    CollectionMemberAccessError.
    """
    walk = _Walk(domain, substance)
    for number, item in enumerate(style.items):
        if isinstance(item, Layout):
            walk.layout(item)
        else:
            walk.block(number, item)
    result = walk.result
    result.faults = distinct(result.faults)
    result.warnings = distinct(result.warnings)
    return result


def distinct(faults: list[Fault]) -> list[Fault]:
    """The first fault of each kind at each place: the matches of a block repeat its mistakes."""
    found: dict[tuple[str, Place] | int, Fault] = {}
    for i, fault in enumerate(faults):
        found.setdefault((fault.kind, fault.place) if fault.place.line else -1 - i, fault)
    return list(found.values())


def _written(scope: Scope, field: str) -> str:
    """A field as Style writes it: a match's own names stand alone."""
    return field if scope.kind == "local" else f"{scope.name}.{field}"


class _Walk:
    def __init__(self, domain: Domain, substance: Substance):
        self.domain = domain
        self.matcher = Matcher(domain, substance)
        self.result = Assigned(Table(substance.objects), Mentions())
        self.table = self.result.table
        self.namespaces: dict[str, Bound] = {}
        self.has_layout = False
        for name in substance.objects:
            scope = self.table.of(name)
            text = Constant(
                substance.labels[name].text if name in substance.labels else "", substance.places.get(name, Place())
            )
            scope.fields["label"] = Field(scope, "label", text, Context({}, scope), text.place)

    def fault(self, kind: str, sentence: str, place: Place) -> None:
        self.result.faults.append(Fault(kind, sentence, place))

    def warn(self, kind: str, sentence: str, place: Place) -> None:
        self.result.warnings.append(Fault(kind, sentence, place))

    def layout(self, layout: Layout) -> None:
        if self.has_layout:
            sentence = "the layout's stages are given twice; expected one `layout = ...` in all style texts together"
            self.fault("MultipleLayoutError", sentence, layout.place)
            return
        self.has_layout = True
        self.result.stages = layout.stages

    def block(self, number: int, block: Block) -> None:
        header = block.header
        match header:
            case Namespace():
                if header.name in self.namespaces:
                    sentence = f"namespace {header.name} is opened twice; expected all its fields in one block"
                    self.fault("RedeclareNamespaceError", sentence, header.place)
                    return
                scope = Scope(header.name, "namespace")
                self.namespaces[header.name] = scope
                self.match(block, Context(dict(self.namespaces), scope), 0, 1)
            case Selector() | Collector():
                found = self.bindings(header)
                for m, bound in enumerate(found):
                    local = self.table.local(number, m)
                    local.bound = tuple(b.name for b in bound.values() if isinstance(b, Scope))
                    self.match(block, Context({**self.namespaces, **bound}, local), m, len(found))

    def bindings(self, header: Selector | Collector) -> list[dict[str, Bound]]:
        """What the variables of a block are bound to, for each match or group."""
        check, faults = checked(header, self.domain)
        if faults:
            self.result.faults.extend(faults)
            return []
        matches = self.matcher.matches(check)
        if isinstance(header, Selector):
            return [self.scopes(found) for found in matches]
        into = key(header.into.name, header.into.quoted)
        collected = header.declaration.variable
        foreach = [key(d.variable.name, d.variable.quoted) for d in header.foreach]
        return [
            {**self.scopes(found), into: Collection(tuple(map(self.table.of, members)))}
            for found, members in grouped(matches, key(collected.name, collected.quoted), foreach)
        ]

    def scopes(self, found: Match) -> dict[str, Bound]:
        of = self.table.of
        return {name: of(object_) for name, object_ in found.items()}

    def match(self, block: Block, context: Context, number: int, total: int) -> None:
        if number == 0:
            # Names mean the same kinds of things in all matches, so one look at the paths is enough.
            for statement in block.statements:
                self.check(statement, context)
        local = context.local
        for name, value in zip(IMPLICIT, (number + 1, total), strict=True):
            self.table.put(local, Field(local, name, _counted(value), context, block.place))
        for k, statement in enumerate(block.statements, len(IMPLICIT)):
            match statement:
                case Assign():
                    self.assign(statement, context)
                case Delete():
                    target = self.target(statement.path, context, "Delete")
                    if target:
                        self.delete(target, statement.path)
                case AnonymousStatement():
                    self.store(context.local, f"$ANON_{k}", statement.value, context, statement.place)

    # --- paths -----------------------------------------------------------------------------------------------

    def check(self, statement: Statement, context: Context) -> None:
        """Faults of the paths on a right side: too long, into a collection, in backticks that nobody declared."""
        if isinstance(statement, Delete):
            return
        for mention in self.result.mentions.of(statement.value):
            if isinstance(mention, CollectionAccess):
                self.is_well_formed(mention.path, context)
                for index in mention.path.indices:
                    for inner in self.result.mentions.of(index):
                        self.is_well_formed(inner.path if isinstance(inner, CollectionAccess) else inner, context)
            else:
                self.is_well_formed(mention, context)

    def is_well_formed(self, path: PathName, context: Context) -> bool:
        first = key(path.first.name, path.first.quoted)
        base = context.names.get(first)
        written = ".".join((first, *path.members))
        if base is None and path.first.quoted:
            sentence = f"{first} is not declared in the header of this block; expected `forall T {first}` there"
            self.fault("UndeclaredSubVarError", sentence, path.place)
        elif isinstance(base, Collection) and path.members:
            sentence = f"{first} is a collection, which has no fields; write `listof {path.members[0]} from {first}`"
            self.fault("CollectionMemberAccessError", sentence, path.place)
        elif len(path.members) > (1 if base is None else 2):
            sentence = f"path {written} is too long; expected a field, or a field and a shape's property"
            self.fault("NonWellFormedPathError", sentence, path.place)
        else:
            return True
        return False

    def target(self, path: PathName, context: Context, verb: str) -> Resolved | None:
        """Where a left side leads; None, with a fault, where nothing can be put or deleted."""
        if not self.is_well_formed(path, context):
            return None
        name = key(path.first.name, path.first.quoted)
        if path.indices:
            sentence = f"an element cannot be {_PAST[verb]} alone; expected a path without [...]"
            self.fault("AssignAccessError", sentence, path.place)
            return None
        where = resolve(path, context)
        if where.field:
            return where
        if isinstance(where.base, Scope) and where.base.kind == "namespace":
            self.fault(f"{verb}GlobalError", f"{name} is a namespace; expected {name}.field", path.place)
        elif isinstance(where.base, Scope):
            self.fault(f"{verb}SubstanceError", f"{name} is an object; expected {name}.field", path.place)
        else:
            self.fault(f"{verb}SubstanceError", f"{name} is a collection, which has no fields", path.place)
        return None

    # --- statements ------------------------------------------------------------------------------------------

    def assign(self, statement: Assign, context: Context) -> None:
        path = statement.path
        target = self.target(path, context, "Assign")
        if target is None:
            return
        assert isinstance(target.base, Scope)
        if statement.override:
            self.delete(target, path)
        if target.property:
            self.assign_property(statement, target.base, target, context)
        else:
            if target.field in target.base.fields:
                self.overridden(f"{target.base.name}.{target.field}", path.place)
            self.store(target.base, target.field, statement.value, context, statement.place)

    def assign_property(self, statement: Assign, scope: Scope, target: Resolved, context: Context) -> None:
        shape = self.shape_at(scope, target.field, target.property, statement.path)
        if shape is None or shape.properties is None:
            return
        value = statement.value
        path = f"{shape.path}.{target.property}"
        if isinstance(value, ShapeDeclaration):
            sentence = f"a shape cannot be the value of property {path}; expected it in a field of its own"
            self.fault("NestedShapeError", sentence, statement.place)
            return
        if isinstance(value, TermDeclaration | Layering):
            sentence = (
                f"an objective, a constraint or a layering has no value for property {path}; expected an expression"
            )
            self.fault("NotValueError", sentence, statement.place)
            return
        if target.property in shape.properties:
            self.overridden(path, statement.path.place)
        shape.properties[target.property] = Field(scope, target.property, value, context, statement.place, shape)

    def overridden(self, path: str, place: Place) -> None:
        sentence = f"{path} is assigned a second time; write `override` before it if that is meant"
        self.warn("ImplicitOverrideWarning", sentence, place)

    def shape_at(self, scope: Scope, name: str, property_: str, path: PathName) -> Field | None:
        """The shape whose property is meant."""
        found = scope.fields.get(name)
        where = _written(scope, name)
        if found is None:
            hint = did_you_mean(name, scope.fields) or "; expected a shape there, above this line"
            self.fault(
                "MissingShapeError", f"{where} does not exist, so it has no property {property_}{hint}", path.place
            )
        elif not found.kind:
            sentence = f"{where} is not a shape, so it has no property {property_} to set or delete"
            self.fault("NotShapeError", sentence, path.place)
        else:
            return found
        return None

    def delete(self, target: Resolved, path: PathName) -> None:
        scope = target.base
        assert isinstance(scope, Scope)
        if target.property:
            shape = self.shape_at(scope, target.field, target.property, path)
            if shape is not None and shape.properties is not None and target.property in shape.properties:
                del shape.properties[target.property]
        elif target.field in scope.fields:
            del scope.fields[target.field]
        else:
            hint = did_you_mean(target.field, scope.fields)
            where = _written(scope, target.field)
            sentence = f"{where} does not exist, so there is nothing to delete or override{hint}"
            self.warn("NoopDeleteWarning", sentence, path.place)

    def store(self, scope: Scope, name: str, value: RightSide, context: Context, place: Place) -> None:
        """Puts a field; a shape becomes a field with properties."""
        if not isinstance(value, ShapeDeclaration):
            self.table.put(scope, Field(scope, name, value, context, place))
            return
        if value.kind not in SHAPES:
            hint = did_you_mean(value.kind, SHAPES) or f"; there are {', '.join(SHAPES)}"
            self.fault("InvalidGPITypeError", f"no shape is called {value.kind}{hint}", value.place)
            return
        shape = Field(scope, name, None, context, value.place)
        shape.kind = value.kind
        shape.properties = OrderedMap(string_rank)
        for property_, expression, at in value.properties:
            shape.properties[property_] = Field(scope, property_, expression, context, at, shape)
        self.table.put(scope, shape)


@cache
def _counted(value: int) -> Constant:
    return Constant(float(value))


_PAST = {"Assign": "assigned", "Delete": "deleted"}
