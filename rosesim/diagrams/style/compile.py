"""From the three texts, read, to a problem."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.ad.support.collector import uncollected
from rosesim.diagrams.errors import DiagramError, Fault, Place
from rosesim.diagrams.problem import Input, Problem, Term
from rosesim.diagrams.style.assignment import Assigned, assigned, distinct
from rosesim.diagrams.style.dependencies import Graph, cycle, described_cycle, topological
from rosesim.diagrams.style.evaluation import Evaluation, evaluated
from rosesim.diagrams.style.inputs import Inputs
from rosesim.diagrams.style.layering import drawn
from rosesim.diagrams.style.table import Scope
from rosesim.diagrams.syntax import Constant, Domain, Style, Substance

DIMENSIONS = ("width", "height")


def compile_problem(domain: Domain, substance: Substance, style: Style, variation: str) -> Problem:
    """The problem of a diagram, with its start drawn from `variation`. Labels still have the size 0.

    Raises a DiagramError with all mistakes of the first stage that has any: blocks, the canvas, cycles, values.

    >>> from rosesim.diagrams.language import read_domain, read_style, read_substance
    >>> domain = read_domain("type Shop", "shops.domain")
    >>> substance = read_substance("Shop a, b", "shops.substance", domain)
    >>> style = read_style([('''
    ... canvas {
    ...   width = 400
    ...   height = 300
    ... }
    ... forall Shop s {
    ...   s.icon = Circle { }
    ... }
    ... forall Shop s; Shop t {
    ...   ensure disjoint(s.icon, t.icon, 10)
    ... }''', "shops.style")])
    >>> problem = compile_problem(domain, substance, style, "a seed")
    >>> [(term.name, *term.printed) for term in problem.constraints][0]
    ('disjoint', '`a`.icon', '`b`.icon', '10')
    >>> len(problem.inputs), [shape.name for shape in problem.shapes]
    (12, ['`a`.icon', '`b`.icon'])
    """
    with uncollected():  # which would take half of the time of a large diagram
        return _compiled(domain, substance, style, variation)


def _compiled(domain: Domain, substance: Substance, style: Style, variation: str) -> Problem:
    table = assigned(domain, substance, style)
    if table.faults:
        raise DiagramError(table.faults)
    canvas = _canvas(table)
    graph = Graph(table.table, table.mentions)
    order = topological(graph.after)
    if order is None:
        nodes = [graph.nodes[n] for n in cycle(graph.after)]
        sentence = (
            f"these fields need each other: {described_cycle(nodes)}; expected one that needs none of the others"
        )
        raise DiagramError(Fault("CyclicAssignmentError", sentence, nodes[0].place))
    inputs = Inputs(variation, table.stages, canvas)
    evaluation = Evaluation(inputs)
    shapes = evaluated(evaluation, graph.nodes, order)
    if evaluation.faults:
        raise DiagramError(distinct(evaluation.faults))
    inputs.forget_written_labels(shapes)
    drawing = drawn(shapes, evaluation.layerings)
    everywhere = inputs.stages(None)
    texts = tuple(f"canvas.{name}" for name in DIMENSIONS)
    within = [
        Term("onCanvas", (shape, *canvas), (shape.name, *texts), everywhere, shape.place)
        for shape in drawing.order
        if shape.properties.get("ensureOnCanvas") is True
    ]
    return Problem(
        canvas=canvas,
        stages=table.stages,
        inputs=inputs.inputs,
        x0=inputs.x0,
        objectives=evaluation.objectives,
        constraints=[*evaluation.constraints, *within],
        shapes=drawing.top,
        all_shapes=shapes,
        label_inputs=inputs.label_inputs,
        warnings=[*table.warnings, *distinct(evaluation.warnings), *drawing.warnings],
        cut_at_start=evaluation.looked,
        matched=_matched(table, inputs.inputs),
    )


def _matched(table: Assigned, inputs: Sequence[Input]) -> dict[str, str]:
    """What the matches are whose own names have inputs.

    A match's number says nothing in another Substance text; its objects do. What a collector collected is left out:
    a group with one member more is the same group.
    """
    owners = {i.path.partition(".")[0] for i in inputs}
    return {
        scope.name: f"{scope.name.partition(':')[0]}:({', '.join(scope.bound)})"
        for scope in table.table.locals.values()
        if scope.name in owners
    }


def _canvas(table: Assigned) -> tuple[float, float]:
    """Width and height, which must be written as numbers, since everything else may depend on them."""
    scope = table.table.namespaces.get("canvas")
    sizes: list[float] = []
    faults: list[Fault] = []
    for name in DIMENSIONS:
        found = scope.fields.get(name) if isinstance(scope, Scope) else None
        value = found.content.value if found is not None and isinstance(found.content, Constant) else None
        if isinstance(value, float | int) and not isinstance(value, bool) and 0 <= value < float("inf"):
            sizes.append(float(value))
            continue
        problem = "is not given" if found is None else "is not a number, 0 or above"
        sentence = (
            f"canvas.{name} {problem}; expected a namespace such as canvas {{ width = 400 ... height = 300 ... }}"
        )
        faults.append(Fault("CanvasNonexistentDimsError", sentence, found.place if found is not None else Place()))
    if faults:
        raise DiagramError(faults)
    return sizes[0], sizes[1]
