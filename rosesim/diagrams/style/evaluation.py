"""From the table to values: shapes with all properties, terms, layerings, inputs.

Fields are evaluated in topological order. A field with a mistake reports it and stays without a value; what reads it
stays silent, since its reader would only hear of the same mistake again.
"""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.diagrams import library
from rosesim.diagrams.errors import NOWHERE, DiagramError, Fault, Place
from rosesim.diagrams.kinds import described
from rosesim.diagrams.problem import Term
from rosesim.diagrams.scalars import Number
from rosesim.diagrams.shapes import SHAPES
from rosesim.diagrams.style.expressions import Expressions, SilentError
from rosesim.diagrams.style.hints import did_you_mean, with_article
from rosesim.diagrams.style.inputs import Inputs
from rosesim.diagrams.style.literals import is_number
from rosesim.diagrams.style.printing import path_text, printed
from rosesim.diagrams.style.table import Context, Field
from rosesim.diagrams.syntax import Layering, PathName, TermDeclaration
from rosesim.diagrams.values import Shape, Value


class Evaluation:
    """Evaluates fields one by one; `fault`s are collected."""

    def __init__(self, inputs: Inputs):
        self.inputs = inputs
        self.expressions = Expressions(inputs)
        self.faults: list[Fault] = []
        self.objectives: list[Term] = []
        self.constraints: list[Term] = []
        self.layerings: list[tuple[str, str, Place]] = []
        """(path of the lower shape, path of the upper shape, where it is said)."""
        self.warnings: list[Fault] = []
        self.looked = False
        """Whether a value depends on where an input starts."""
        self._field: Field | None = None

    def warn(self, kind: str, sentence: str) -> None:
        """Takes a warning of the library."""
        self.warnings.append(Fault(kind, sentence, self._field.place if self._field is not None else NOWHERE))

    def look(self, _: Sequence[Number]) -> None:
        """Notes that a value depends on where an input starts."""
        self.looked = True

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
        self._field = field
        self.expressions.path = field.path
        try:
            if isinstance(content, TermDeclaration):
                self._term(content, field.context)
            elif isinstance(content, Layering):
                self._layering(content, field.context)
            else:
                value = self.expressions.value(content, field.context)
                if field.owner is not None:
                    value = self._property(field, field.owner, value)
                field.value = value
        except DiagramError as error:
            self.faults.extend(error.faults)
            self._lost(field)
        except SilentError:
            self._lost(field)

    def _lost(self, field: Field) -> None:
        """Marks a field as one without value."""
        field.failed = True
        if field.owner is not None and field.owner.shape is not None:
            field.owner.shape.properties.pop(field.name, None)

    def _property(self, field: Field, owner: Field, value: Value) -> Value:
        """Puts a written property into its shape, in the form that its kind asks for."""
        shape = owner.shape
        assert shape is not None
        known = SHAPES[shape.kind].properties.get(field.name)
        if known is None:
            if not is_number(value) and not isinstance(value, str):
                hint = did_you_mean(field.name, SHAPES[shape.kind].properties)
                sentence = (
                    f"{with_article(shape.kind)} has no property {field.name}{hint}; expected a number or a string,"
                    f" which the SVG then has as it is, but found {described(value)}"
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

    def _term(self, term: TermDeclaration, context: Context) -> None:
        is_objective = term.verb == "encourage"
        found = library.objective(term.name) if is_objective else library.constraint(term.name)
        if found is None:
            raise self._unknown_term(term, is_objective)
        values = [self.expressions.value(a, context) for a in term.args]
        try:
            args = found.check(values)
        except library.CallError as error:
            raise DiagramError(Fault(error.kind, str(error), term.place)) from None
        texts = tuple([printed(a, context) for a in term.args])
        terms = self.objectives if is_objective else self.constraints
        terms.append(Term(term.name, args, texts, self.inputs.stages(term.stages), term.place))

    def _unknown_term(self, term: TermDeclaration, is_objective: bool) -> DiagramError:
        what, other = ("objective", "constraint") if is_objective else ("constraint", "objective")
        kind = f"Invalid{what.capitalize()}NameError"
        if (library.constraint if is_objective else library.objective)(term.name):
            verb = "ensure" if is_objective else "encourage"
            hint = f", but {with_article(other)} is; write `{verb}` instead"
        else:
            hint = did_you_mean(term.name, library.names(what))
        return DiagramError(Fault(kind, f"no {what} is called {term.name}{hint}", term.place))

    def _layering(self, layering: Layering, context: Context) -> None:
        first = self._layered(layering.first, context)
        for path in layering.others:
            other = self._layered(path, context)
            below, above = (other, first) if layering.relation == "above" else (first, other)
            self.layerings.append((below, above, layering.place))

    def _layered(self, path: PathName, context: Context) -> str:
        value = self.expressions.of_path(path, context)
        if isinstance(value, Shape):
            return value.name
        sentence = f"{path_text(path, context)} is {described(value)}; only shapes are above or below others"
        raise DiagramError(Fault("LayerOnNonShapesError", sentence, path.place))


def evaluated(evaluation: Evaluation, nodes: Sequence[Field], order: Sequence[int]) -> list[Shape]:
    """Makes all shapes in node order, then evaluates all fields in topological order. The shapes are returned."""
    shapes = [evaluation.shape(node) for node in nodes if node.kind]
    with library.at_start(evaluation.inputs.x0, evaluation.warn, evaluation.look):
        for number in order:
            evaluation.field(nodes[number])
    return shapes
