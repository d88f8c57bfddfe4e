"""The values of expressions, within a match."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rosesim.diagrams import library
from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.scalars import Number
from rosesim.diagrams.style.hints import did_you_mean, with_article
from rosesim.diagrams.style.indexing import element
from rosesim.diagrams.style.inputs import Inputs
from rosesim.diagrams.style.literals import collected, color
from rosesim.diagrams.style.operators import binary, unary
from rosesim.diagrams.style.printing import path_text
from rosesim.diagrams.style.table import Collection, Context, Field, Resolved, Scope, key, resolve
from rosesim.diagrams.syntax import (
    Binary,
    Call,
    CollectionAccess,
    Constant,
    Expression,
    Hex,
    Items,
    Layering,
    Literal,
    PathName,
    Unary,
    Vary,
)
from rosesim.diagrams.values import Value


class SilentError(Exception):
    """The value depends on a field whose mistake has been reported."""


class Expressions:
    """Evaluates expressions whose paths have values already. `path` is whose expression it is, which inputs name."""

    def __init__(self, inputs: Inputs):
        self.path = ""
        self._inputs = inputs
        self._rules: dict[type, Callable[[Any, Context], Value]] = {
            PathName: self.of_path,
            Constant: self._constant,
            Hex: self._hex,
            Vary: self._vary,
            Binary: self._binary,
            Unary: self._unary,
            Items: self._items,
            Call: self._call,
            CollectionAccess: self._collection,
        }

    def value(self, e: Expression, context: Context) -> Value:
        """The value of an expression."""
        return self._rules[type(e)](e, context)

    def _constant(self, e: Constant, context: Context) -> Value:
        return e.value

    def _hex(self, e: Hex, context: Context) -> Value:
        return color(e.digits, e.place)

    def _vary(self, e: Vary, context: Context) -> Value:
        return self._inputs.varied(self.path, e.start, e.stages)

    def _binary(self, e: Binary, context: Context) -> Value:
        return binary(e.op, self.value(e.left, context), self.value(e.right, context), e.place)

    def _unary(self, e: Unary, context: Context) -> Value:
        return unary(e.op, self.value(e.operand, context), e.place)

    def _items(self, e: Items, context: Context) -> Value:
        return collected(e.form, [self.value(a, context) for a in e.items], e.place)

    def _call(self, e: Call, context: Context) -> Value:
        found = library.function(e.name)
        if found is None:
            raise _unknown_function(e)
        try:
            return found.apply(found.check([self.value(a, context) for a in e.args]), self._draw)
        except library.CallError as error:
            raise DiagramError(Fault(error.kind, str(error), e.place)) from None

    def _draw(self, what: str, low: float, high: float) -> Number:
        """An input for a random function."""
        return self._inputs.random(self.path, what, low, high)

    def of_path(self, e: PathName, context: Context) -> Value:
        """The value of a path.

        Faults: MissingPathError, NotValueError, PathToNamespaceError, PathToSubstanceError, PathToCollectionError,
        and those of indices.
        """
        where = resolve(e, context)
        value = self._field_value(e, where) if where.field else self._bound_value(e, where)
        if not e.indices:
            return value
        indices = [self.value(i, context) for i in e.indices]
        return element(value, indices, path_text(PathName(e.first, e.members), context), e.place)

    def _field_value(self, e: PathName, where: Resolved) -> Value:
        assert isinstance(where.base, Scope)
        field = where.base.fields.get(where.field)
        if field is None:
            raise _missing(e, where)
        if not where.property:
            return self._read(field, e)
        shape = field.shape
        if shape is None:
            if field.failed:
                raise SilentError
            sentence = f"{field.path} is not a shape, so it has no property {where.property}"
            raise DiagramError(Fault("MissingPathError", sentence, e.place))
        value = shape.properties.get(where.property)
        if value is None:
            value = shape.passthrough.get(where.property)
        if value is None:
            written = field.properties.get(where.property) if field.properties is not None else None
            if written is not None and written.failed:
                raise SilentError
            hint = did_you_mean(where.property, shape.properties)
            sentence = (
                f"{field.path}.{where.property} does not exist; {with_article(shape.kind)} has no such property"
            )
            raise DiagramError(Fault("MissingPathError", sentence + hint, e.place))
        return value

    def _read(self, field: Field, e: PathName | CollectionAccess) -> Value:
        """The value of a field that has been evaluated."""
        if field.value is not None:
            return field.value
        if field.failed:
            raise SilentError
        what = "a layering" if isinstance(field.content, Layering) else "an objective or constraint"
        raise DiagramError(Fault("NotValueError", f"{field.path} is {what}, which has no value", e.place))

    def _bound_value(self, e: PathName, where: Resolved) -> Value:
        """The value of a path that is a name only."""
        base, name = where.base, key(e.first.name, e.first.quoted)
        if isinstance(base, Collection):
            literals = [m.object.value for m in base.members if isinstance(m.object, Literal)]
            if len(literals) == len(base.members) and all(isinstance(v, float | int) for v in literals):
                return collected("vector", literals, e.place)
            sentence = f"{name} is a collection of objects; expected `listof field from {name}` or `numberof {name}`"
            raise DiagramError(Fault("PathToCollectionError", sentence, e.place))
        if isinstance(base.object, Literal):
            return base.object.value
        what, kind = ("a namespace", "Namespace") if base.kind == "namespace" else ("an object", "Substance")
        sentence = f"{name} is {what}, which has no value; expected {name}.field"
        raise DiagramError(Fault(f"PathTo{kind}Error", sentence, e.place))

    def _collection(self, e: CollectionAccess, context: Context) -> Value:
        where = resolve(e.path, context)
        name = path_text(e.path, context) if where.field else key(e.path.first.name, e.path.first.quoted)
        if e.op == "nameof":
            if where.field or isinstance(where.base, Collection) or where.base.kind != "object":
                sentence = f"nameof takes a variable of the header that is one object; found {name}"
                raise DiagramError(Fault("NotStyleVariableError", sentence, e.place))
            return _name(where.base)
        if where.field or not isinstance(where.base, Collection):
            sentence = f"{e.op} takes a collection, the name after `into` in the header; found {name}"
            raise DiagramError(Fault("NotSubstanceCollectionError", sentence, e.place))
        if e.op == "numberof":
            return float(len(where.base.members))
        fields = [f for member in where.base.members if (f := member.fields.get(e.field)) is not None]
        return collected("listof", [self._read(f, e) for f in fields], e.place)


def _unknown_function(e: Call) -> DiagramError:
    hint = did_you_mean(e.name, library.names("function")) or "; expected a function of the library, such as vdist"
    for verb, found in (("encourage", library.objective(e.name)), ("ensure", library.constraint(e.name))):
        if found is not None:
            hint = f"; as a statement it is `{verb} {e.name}(...)`"
    return DiagramError(Fault("InvalidFunctionNameError", f"no function is called {e.name}{hint}", e.place))


def _name(scope: Scope) -> Value:
    """The name of an object, or the text of a literal, without what paths put around it."""
    return scope.name.removeprefix("lit(").removesuffix(")") if isinstance(scope.object, Literal) else scope.object


def _missing(e: PathName, where: Resolved) -> DiagramError:
    """A field that is not there: perhaps misspelt, perhaps a namespace that is opened further down."""
    assert isinstance(where.base, Scope)
    scope = where.base
    hint = did_you_mean(where.field, [f for f in scope.fields if not f.startswith("$")])
    written = ".".join((key(e.first.name, e.first.quoted), *e.members))
    if scope.kind == "local":
        sentence = f"{written} does not exist: {where.field} is no variable, no local name, and no namespace above"
    else:
        sentence = f"{written} does not exist: {scope.name} has no field {where.field}"
    return DiagramError(Fault("MissingPathError", sentence + hint, e.place))
