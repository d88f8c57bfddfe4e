"""From the table to values: shapes with all properties, terms, layerings, inputs.

Fields are evaluated in topological order. A field with a mistake reports it and stays without a value; what reads it
stays silent, since its reader would only hear of the same mistake again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rosesim.diagrams import library
from rosesim.diagrams.errors import DiagramError, Fault, Place
from rosesim.diagrams.kinds import described
from rosesim.diagrams.problem import Term
from rosesim.diagrams.scalars import Number
from rosesim.diagrams.shapes import SHAPES
from rosesim.diagrams.style.hints import did_you_mean, with_article
from rosesim.diagrams.style.indexing import element
from rosesim.diagrams.style.inputs import Inputs
from rosesim.diagrams.style.literals import collected, color, is_number
from rosesim.diagrams.style.operators import binary, unary
from rosesim.diagrams.style.printing import path_text, printed
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
    TermDeclaration,
    Unary,
    Vary,
)
from rosesim.diagrams.values import Shape, Value


class SilentError(Exception):
    """The value depends on a field whose mistake has been reported."""


class Evaluation:
    """Evaluates fields one by one; `fault`s are collected."""

    def __init__(self, inputs: Inputs):
        self.inputs = inputs
        self.faults: list[Fault] = []
        self.objectives: list[Term] = []
        self.constraints: list[Term] = []
        self.layerings: list[tuple[str, str, Place]] = []
        """(path of the lower shape, path of the upper shape, where it is said)."""
        self._path = ""

    def shape(self, field: Field) -> Shape:
        """The shape of a field, with defaults; its written properties follow."""
        shape = Shape(field.kind, field.path, place=field.place)
        self.inputs.defaults(shape)
        field.value = shape
        return shape

    def field(self, field: Field) -> None:
        """Evaluates a field or a written property, after all that it reads."""
        content = field.content
        if content is None:
            return
        self._path = field.path
        try:
            if isinstance(content, TermDeclaration):
                self.term(content, field.context)
            elif isinstance(content, Layering):
                self.layering(content, field.context)
            else:
                value = self.value(content, field.context)
                if field.owner is not None:
                    value = self.property(field, field.owner, value)
                field.value = value
        except DiagramError as error:
            self.faults.extend(error.faults)
            self.lost(field)
        except SilentError:
            self.lost(field)

    def lost(self, field: Field) -> None:
        """Marks a field as one without value."""
        field.failed = True
        if field.owner is not None and field.owner.shape is not None:
            field.owner.shape.properties.pop(field.name, None)

    def property(self, field: Field, owner: Field, value: Value) -> Value:
        """Puts a written property into its shape, in the form that its kind asks for."""
        shape = owner.shape
        assert shape is not None
        known = SHAPES[shape.kind].properties.get(field.name)
        if known is None:
            if not is_number(value) and not isinstance(value, str):
                hint = did_you_mean(field.name, SHAPES[shape.kind].properties)
                sentence = (
                    f"{with_article(shape.kind)} has no property {field.name}{hint}; one that is copied to the SVG as it is"
                    f" must be a number or a string, but it is {described(value)}"
                )
                raise DiagramError(Fault("BadShapeParamTypeError", sentence, field.place))
            shape.passthrough[field.name] = value
            return value
        if field.name == "name":
            return value  # a shape's name is its path
        accepted = known.kind.accept(value)
        if accepted is None:
            sentence = f"{field.path} is {described(value)}; expected {known.kind.name}"
            raise DiagramError(Fault("BadShapeParamTypeError", sentence, field.place))
        shape.properties[field.name] = accepted
        return value

    # --- terms and layerings ---------------------------------------------------------------------------------

    def term(self, term: TermDeclaration, context: Context) -> None:
        is_objective = term.verb == "encourage"
        found = library.objective(term.name) if is_objective else library.constraint(term.name)
        if found is None:
            raise self.unknown_term(term, is_objective)
        values = [self.value(a, context) for a in term.args]
        try:
            args = found.check(values)
        except library.CallError as error:
            raise DiagramError(Fault(error.kind, error.sentence, term.place)) from None
        texts = tuple([printed(a, context) for a in term.args])
        terms = self.objectives if is_objective else self.constraints
        terms.append(Term(term.name, tuple(args), texts, self.inputs.stages(term.stages), term.place))

    def unknown_term(self, term: TermDeclaration, is_objective: bool) -> DiagramError:
        what, other = ("objective", "constraint") if is_objective else ("constraint", "objective")
        kind = f"Invalid{what.capitalize()}NameError"
        if (library.constraint if is_objective else library.objective)(term.name):
            hint = f", but there is such a {other}; write `{'ensure' if is_objective else 'encourage'}` instead"
        else:
            hint = did_you_mean(term.name, library.OBJECTIVES if is_objective else library.CONSTRAINTS)
        return DiagramError(Fault(kind, f"no {what} is called {term.name}{hint}", term.place))

    def layering(self, layering: Layering, context: Context) -> None:
        first = self.layered(layering.first, context)
        for path in layering.others:
            other = self.layered(path, context)
            below, above = (other, first) if layering.relation == "above" else (first, other)
            self.layerings.append((below, above, layering.place))

    def layered(self, path: PathName, context: Context) -> str:
        value = self.path(path, context)
        if isinstance(value, Shape):
            return value.name
        sentence = f"{path_text(path, context)} is {described(value)}; only shapes are above or below others"
        raise DiagramError(Fault("LayerOnNonShapesError", sentence, path.place))

    # --- expressions -----------------------------------------------------------------------------------------

    def value(self, e: Expression, context: Context) -> Value:
        """The value of an expression."""
        return _EVALUATE[type(e)](self, e, context)

    def constant(self, e: Constant, context: Context) -> Value:
        return e.value

    def hex(self, e: Hex, context: Context) -> Value:
        return color(e.digits, e.place)

    def vary(self, e: Vary, context: Context) -> Value:
        return self.inputs.varied(self._path, e.start, e.stages)

    def binary(self, e: Binary, context: Context) -> Value:
        return binary(e.op, self.value(e.left, context), self.value(e.right, context), e.place)

    def unary(self, e: Unary, context: Context) -> Value:
        return unary(e.op, self.value(e.operand, context), e.place)

    def items(self, e: Items, context: Context) -> Value:
        return collected(e.form, [self.value(a, context) for a in e.items], e.place)

    def call(self, e: Call, context: Context) -> Value:
        found = library.function(e.name)
        if found is None:
            hint = did_you_mean(e.name, library.FUNCTIONS)
            raise DiagramError(Fault("InvalidFunctionNameError", f"no function is called {e.name}{hint}", e.place))
        try:
            return found.apply([self.value(a, context) for a in e.args], self.draw)
        except library.CallError as error:
            raise DiagramError(Fault(error.kind, error.sentence, e.place)) from None

    def draw(self, what: str, low: float, high: float) -> Number:
        """An input for a random function."""
        return self.inputs.random(self._path, what, low, high)

    def path(self, e: PathName, context: Context) -> Value:
        where = resolve(e, context)
        value = self.field_value(e, where) if where.field else self.bound_value(e, where)
        if not e.indices:
            return value
        indices = [self.value(i, context) for i in e.indices]
        return element(value, indices, path_text(PathName(e.first, e.members), context), e.place)

    def field_value(self, e: PathName, where: Resolved) -> Value:
        assert isinstance(where.base, Scope)
        field = where.base.fields.get(where.field)
        if field is None:
            raise _missing(e, where)
        if not where.property:
            return self.read(field, e)
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
            sentence = f"{field.path}.{where.property} does not exist; {with_article(shape.kind)} has no such property"
            raise DiagramError(Fault("MissingPathError", sentence + hint, e.place))
        return value

    def read(self, field: Field, e: PathName | CollectionAccess) -> Value:
        """The value of a field that has been evaluated."""
        if field.value is not None:
            return field.value
        if field.failed:
            raise SilentError
        what = "a layering" if isinstance(field.content, Layering) else "an objective or constraint"
        raise DiagramError(Fault("NotValueError", f"{field.path} is {what}, which has no value", e.place))

    def bound_value(self, e: PathName, where: Resolved) -> Value:
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

    def collection(self, e: CollectionAccess, context: Context) -> Value:
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
        return collected("listof", [self.read(f, e) for f in fields], e.place)


def _name(scope: Scope) -> Value:
    """The name of an object, or the text of a literal, without what paths put around it."""
    return scope.name.removeprefix("lit(").removesuffix(")") if isinstance(scope.object, Literal) else scope.object


def _missing(e: PathName, where: Resolved) -> DiagramError:
    """A field that is not there: perhaps misspelt, perhaps a namespace that is opened further down."""
    assert isinstance(where.base, Scope)
    scope = where.base
    hint = did_you_mean(where.field, [f for f in scope.fields.keys() if not f.startswith("$")])
    written = ".".join((key(e.first.name, e.first.quoted), *e.members))
    if scope.kind == "local":
        sentence = f"{written} does not exist: {where.field} is no variable, no local name, and no namespace above"
    else:
        sentence = f"{written} does not exist: {scope.name} has no field {where.field}"
    return DiagramError(Fault("MissingPathError", sentence + hint, e.place))


_EVALUATE: dict[type, Callable[[Evaluation, Expression, Context], Value]] = {
    PathName: Evaluation.path,
    Constant: Evaluation.constant,
    Hex: Evaluation.hex,
    Vary: Evaluation.vary,
    Binary: Evaluation.binary,
    Unary: Evaluation.unary,
    Items: Evaluation.items,
    Call: Evaluation.call,
    CollectionAccess: Evaluation.collection,
}  # pyright: ignore[reportAssignmentType]  # each takes the expressions of its key


def evaluated(evaluation: Evaluation, nodes: Sequence[Field], order: Sequence[int]) -> list[Shape]:
    """Makes all shapes in node order, then evaluates all fields in topological order. The shapes are returned."""
    shapes = [evaluation.shape(node) for node in nodes if node.kind]
    for number in order:
        evaluation.field(nodes[number])
    return shapes
