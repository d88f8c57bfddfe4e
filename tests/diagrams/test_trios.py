"""Problems of whole trios are those of Penrose: inputs, start, terms, drawing order.

A few trios run in the suite, of each milestone those with the rarest features; all do with ROSESIM_ALL_DIAGRAMS=1.
"""

import os
from typing import Any

import pytest
from diagrams_style_kit import as_written, is_near, nested, trio_problem, trio_reference, trios, with_reference_labels

from rosesim.diagrams.problem import Problem
from rosesim.diagrams.values import Value

FEW = (
    "tutorials/tutorial3",
    "graph-domain/textbook/sec1/fig1",  # stages, predicates with aliases, labels
    "matrix-ops/tests/matrix-transpose",  # overridden fields
    "animation/center-shrink-circle",  # three stages
    "set-theory-domain/tree-euler-3d",  # written label sizes, matrices
    "logic-circuit-domain/half-adder",  # more than eight fields of a scope
    "interactive/planets",  # variables bound to literals, objects in backticks
    "alloy-models/icicle-plot-file-system",  # collectors, groups, inputs that start at a given value
    "word-cloud/example",
    "geometric-queries/closest-point/test-group",  # groups with members that are drawn in order
    "atoms-and-bonds/one-water-molecule",
    "tsne/tsne",  # random functions
)

ALL = sorted(trios()) if os.environ.get("ROSESIM_ALL_DIAGRAMS") == "1" else FEW

FROM_LAYOUT = "BBoxApproximationWarning"
"""A warning that terms give when they are built into the energy, which is after this stage."""

SHAPE_DIGITS = 1e-6
"""The references print the end and its shapes with 9 digits; a shape's number may be a difference of large ones."""

LABEL_DIGITS = 1e-8
"""The references print label sizes with 9 digits."""


def listed(p: Problem) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(i.path, i.what, tuple(sorted({p.stages[s] for s in i.stages}))) for i in p.inputs]


@pytest.mark.parametrize("name", ALL)
def test_a_trio_becomes_the_problem_of_its_reference(name: str):
    p, expected = trio_problem(name), trio_reference(name)
    assert list(p.canvas) == expected["canvas"]
    assert list(p.stages) == expected["stages"]
    runs = [
        (path, what, tuple(sorted(*stages or [set(p.stages)])), n) for path, what, n, *stages in expected["inputs"]
    ]
    assert listed(p) == [(path, what, stages) for path, what, stages, n in runs for _ in range(n)]
    assert [i for i, made in enumerate(p.inputs) if made.kind == "given"] == expected.get("given", [])
    assert [[t.name, *t.printed] for t in p.objectives] == expected["objectives"]
    assert [[t.name, *t.printed] for t in p.constraints] == expected["constraints"]
    assert [s.name for s in p.shapes] == [s["name"] for s in expected["end"]["shapes"]]
    assert sorted({w.kind for w in p.warnings} - {FROM_LAYOUT}) == sorted({*expected["warnings"]} - {FROM_LAYOUT})


@pytest.mark.parametrize("name", ALL)
def test_a_trio_starts_bit_for_bit_where_its_reference_does(name: str):
    p = with_reference_labels(trio_problem(name), expected := trio_reference(name))
    measured = [i for i, made in enumerate(p.inputs) if made.kind == "label"]
    drawn = [i for i, made in enumerate(p.inputs) if made.kind != "label"]
    assert [p.x0[i] for i in drawn] == [expected["x0"][i] for i in drawn]
    assert [p.x0[i] for i in measured] == pytest.approx([expected["x0"][i] for i in measured], rel=LABEL_DIGITS)


@pytest.mark.parametrize("name", ALL)
def test_shapes_have_the_properties_of_the_reference_where_that_ends(name: str):
    p, expected = trio_problem(name), trio_reference(name)
    x = list(expected["x0"])
    for i, value in zip(expected["live"], expected["end"]["x"], strict=True):
        x[i] = value
    shapes = {s.name: s for s in p.all_shapes}
    wrong: list[str] = []
    for row in nested(expected["end"]["shapes"]):
        found = shapes[row["name"]]
        assert found.kind == row["type"]
        written = {k: v for k, v in row.items() if k not in ("type", "pass")}
        wrong += [f"{found.name}.{k}" for k, v in written.items() if not agrees(found.properties[k], v, x)]
        passed = row.get("pass", {})
        wrong += [f"{found.name}.{k}" for k, v in passed.items() if not agrees(found.passthrough.get(k), v, x)]
    assert wrong == []


def agrees(found: Value | None, expected: Any, x: list[float]) -> bool:
    return is_near(as_written(found, x), expected, SHAPE_DIGITS)
