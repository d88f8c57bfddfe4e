"""What tests of Style share: small diagrams, trios with their references, and values at the start."""

import json
from functools import cache
from typing import Any

import diagrams_kit
import pytest

from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.labels import Table, measure_into
from rosesim.diagrams.language import read_domain, read_style, read_substance
from rosesim.diagrams.problem import Problem
from rosesim.diagrams.scalars import Scalar, evaluated
from rosesim.diagrams.style.assignment import assigned
from rosesim.diagrams.style.compile import compile_problem
from rosesim.diagrams.style.dependencies import Graph, topological
from rosesim.diagrams.style.evaluation import Evaluation
from rosesim.diagrams.style.evaluation import evaluated as evaluated_fields
from rosesim.diagrams.style.inputs import Inputs
from rosesim.diagrams.values import Clip, Color, List, Pair, Path, Rows, Shape, Shapes, Value, Vector

DOMAIN = """
type Shop
type Cafe <: Shop
type Road
symmetric predicate Near(Shop, Shop)
predicate Rated(Shop, Number)
predicate Named(Shop, String)
constructor Street(Shop a, Shop b) -> Road
"""

SHOPS = "Shop a, b, c"

CANVAS = "canvas {\n  width = 200\n  height = 100\n}\n"


def problem(style: str, substance: str = SHOPS, variation: str = "", canvas: str = CANVAS) -> Problem:
    """The problem of a small diagram of shops; the style stands below the canvas's four lines."""
    domain = read_domain(DOMAIN, "shops.domain")
    text = read_substance(substance, "shops.substance", domain)
    return compile_problem(domain, text, read_style([(canvas + style, "shops.style")]), variation)


def mistakes(style: str, substance: str = SHOPS, canvas: str = CANVAS) -> list[tuple[str, str]]:
    """Kind and text of all faults of a small diagram, which must have some."""
    with pytest.raises(DiagramError) as caught:
        problem(style, substance, canvas=canvas)
    return [(f.kind, str(f)) for f in caught.value.faults]


def mistake(style: str, substance: str = SHOPS, canvas: str = CANVAS) -> tuple[str, str]:
    """The only fault."""
    (found,) = mistakes(style, substance, canvas)
    return found


def shape(p: Problem, path: str) -> Shape:
    """The shape of a path."""
    (found,) = [s for s in p.all_shapes if s.name == path]
    return found


def plain(value: Value | None, x: list[float] | None = None) -> Any:
    """A value as Python's numbers and lists, where the inputs are x."""
    at = x or []
    match value:
        case Scalar():
            return evaluated([value], at)[0]
        case Vector() | List() | Pair():
            return evaluated(value.items, at)
        case Rows():
            return [evaluated(row, at) for row in value.rows]
        case Color():
            return evaluated(value.channels, at)
        case _:
            return value


def value_of(expression: str, fields: str = "", substance: str = SHOPS) -> Any:
    """The value of an expression that stands in a namespace; `fields` are lines of it above."""
    return plain(probed(expression, fields, substance))


def probed(expression: str, fields: str = "", substance: str = SHOPS) -> Value:
    """The value itself."""
    domain = read_domain(DOMAIN, "shops.domain")
    text = read_substance(substance, "shops.substance", domain)
    style = f"{CANVAS}here {{\n{fields}\n  it = {expression}\n}}\n"
    table = assigned(domain, text, read_style([(style, "shops.style")]))
    if table.faults:
        raise DiagramError(table.faults)
    graph = Graph(table.table, table.mentions)
    evaluation = Evaluation(Inputs("", ("",), (200.0, 100.0)))
    order = topological(graph.after)
    assert order is not None
    evaluated_fields(evaluation, graph.nodes, order)
    if evaluation.faults:
        raise DiagramError(evaluation.faults)
    here = table.table.namespaces.get("here")
    field = here.fields.get("it") if here is not None else None
    assert field is not None
    assert field.value is not None
    return field.value


def as_written(value: Value | None, x: list[float]) -> Any:
    """A value as references write it, where the inputs are x; shapes in it as their names."""
    match value:
        case Color(space="none"):
            return "none"
        case Color():
            return [value.space, *evaluated(value.channels, x)]
        case Path():
            return [[letter, *_points(letter, evaluated(data, x))] for letter, data in value.commands]
        case Shapes():
            return [s.name for s in value.items]
        case Clip():
            return value.shape.name if value.shape else ""
        case _:
            return plain(value, x)


def _points(letter: str, data: list[float]) -> list[list[float]]:
    head = [data[:5]] if letter == "A" else []
    rest = data[5:] if letter == "A" else data
    return head + [rest[i : i + 2] for i in range(0, len(rest), 2)]


def is_near(found: Any, expected: Any, tolerance: float) -> bool:
    """Whether two values as references write them agree, relative to 1 and the expected number."""
    match expected:
        case list():
            pairs = zip(found, expected, strict=False)
            return len(found) == len(expected) and all(is_near(a, b, tolerance) for a, b in pairs)
        case "NaN" | "Infinity" | "-Infinity":
            return found == float(expected) or found != found
        case int() | float():
            return abs(found - expected) <= tolerance * max(1.0, abs(expected))
        case _:
            return found == expected


def nested(shapes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The shapes of a reference with those in groups and those that clip; there, names stand for them."""
    result: list[dict[str, Any]] = []
    for row in shapes:
        inner = [*row.get("shapes", ()), *([row["clipPath"]] if isinstance(row.get("clipPath"), dict) else ())]
        named = {k: [s["name"] for s in v] if k == "shapes" else v for k, v in row.items()}
        if isinstance(row.get("clipPath"), dict):
            named["clipPath"] = row["clipPath"]["name"]
        result += [named, *nested(inner)]
    return result


# --- trios -------------------------------------------------------------------------------------------------------


@cache
def trios() -> dict[str, dict[str, Any]]:
    """All trios by their ids; none where they are not beside the repository."""
    index = diagrams_kit.SHARED / "trios" / "index.json"
    if not index.exists():
        return {}
    return {row["id"]: row for row in json.loads(index.read_text(encoding="utf-8"))}


def trio_problem(name: str, variation: str | None = None) -> Problem:
    """The problem of a trio, without label sizes, by its own variation or another; skips where there are no trios."""
    if name not in trios():
        pytest.skip("the trios of diagrams are not beside the repository")
    row = trios()[name]

    def text(file: str) -> str:
        return (diagrams_kit.SHARED / "trios" / "files" / file).read_text(encoding="utf-8")

    domain = read_domain(text(row["domain"]), row["domain"])
    substance = read_substance(text(row["substance"]), row["substance"], domain)
    style = read_style([(text(file), file) for file in row["style"]])
    return compile_problem(domain, substance, style, row["variation"] if variation is None else variation)


def trio_reference(name: str) -> Any:
    """The reference of a trio."""
    return diagrams_kit.reference(name.replace("/", "__"))


def with_reference_labels(p: Problem, reference: Any) -> Problem:
    """The problem, with the label sizes of its reference."""
    measure_into(p, Table.of(reference.get("labels", ())))
    return p
