"""Objectives and constraints, by their formulas."""

from typing import Any

import pytest
from diagrams_kit import SQUARE, apply, circle, line, poly, rectangle

from rosesim.diagrams import library
from rosesim.diagrams.scalars import EPS
from rosesim.diagrams.values import Shapes

A, B = circle(0, 0, 1), circle(3, 4, 2)

OBJECTIVES = [
    ("equal", (5, 2), 9),
    ("lessThan", (5, 2), 9),
    ("lessThan", (2, 5), 0),
    ("greaterThan", (2, 5), 9),
    ("greaterThan", (5, 2), 0),
    ("minimal", (7,), 7),
    ("maximal", (7,), -7),
    ("sameCenter", (A, B), 25),
    ("sameCenter", (poly("Polygon", *SQUARE), B), 25),
    ("nearPt", (B, 1, 1), 13),
    ("near", (A, B), 25 - 100),
    ("near", (A, B, 2), 21),
    ("notTooClose", (A, B), 1e7 / (25 + EPS)),
    ("notTooClose", (A, B, 3), 1e7 / (25 + EPS)),
    ("notTooClose", (line((3, 4), (3, 4)), A, 2), 1e7 * 2 * 16 * 2 / (25 + EPS)),
    ("above", (circle(0, 107, 1), circle(5, 0, 1)), ((107 / (1 + EPS)) - 100) ** 2),
    ("above", (circle(0, 7, 1), circle(5, 0, 1), 7), (7 / (1 + EPS) - 7) ** 2),
]
CONSTRAINTS = [
    ("equal", (5, 2), 3),
    ("lessThan", (5, 2), 3),
    ("lessThan", (2, 5, 1), -2),
    ("greaterThan", (2, 5, 1), 4),
    ("inRange", (3, 1, 5), 0),
    ("inRange", (7, 1, 5), 2),
    ("inRange", (-1, 1, 5), 2),
    ("disjoint", (A, B), -2),
    ("disjoint", (A, B, 3), 1),
    ("overlapping", (A, B), 2),
    ("overlapping", (A, B, 1), 3),
    ("touching", (A, B), 2),
    ("touching", (A, B, 5), 3),
    ("onCanvas", (A, 10, 10), 0),
    ("onCanvas", (circle(-5, 4, 2), 10, 10), 2 + 1),
    ("onCanvas", (circle(5, -4, 2), 10, 10), 2 + 1),
]


@pytest.mark.parametrize(("name", "args", "expected"), OBJECTIVES)
def test_an_objective(name: str, args: tuple[Any, ...], expected: float):
    assert apply("objective", name, *args) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(("name", "args", "expected"), CONSTRAINTS)
def test_a_constraint(name: str, args: tuple[Any, ...], expected: float):
    assert apply("constraint", name, *args) == pytest.approx(expected, rel=1e-13)


def test_a_line_repels_from_all_its_length_but_its_end():
    near_start = apply("objective", "notTooClose", line((1, 2), (9, 2)), circle(1, 3, 1), 1)
    expected = sum(1e7 / ((i / 2) ** 2 + 1 + EPS) for i in range(16))
    assert near_start == pytest.approx(expected, rel=1e-12)


STACK = [rectangle(0, 10, 2, 2), rectangle(0, 6, 2, 2), rectangle(0, 1, 2, 2)]
"""From the top; the gaps are 2 and 3."""


@pytest.mark.parametrize(
    ("name", "shapes", "padding", "forward", "expected"),
    [
        ("distributeVertically", STACK, 2, True, 0 + 1),
        ("distributeVertically", STACK[::-1], 2, False, 0 + 1),
        ("distributeVertically", STACK[::-1], 2, True, (11 + 2 - 5) + (7 + 2 - 0)),
        ("distributeHorizontally", [circle(x, 0, 1) for x in (0, 5, 8)], 3, True, 0 + 2),
        ("distributeHorizontally", [circle(x, 0, 1) for x in (8, 5, 0)], 3, False, 0 + 2),
    ],
)
def test_a_distribution(name: str, shapes: list[Any], padding: float, forward: bool, expected: float):
    assert apply("constraint", name, list(shapes), padding, forward) == pytest.approx(expected)


def test_a_distribution_turns_the_list_itself_but_only_when_it_is_called():
    constraint = library.constraint("distributeVertically")
    assert constraint is not None
    shapes = Shapes(list(STACK))
    checked = constraint.check((shapes, 2.0))
    assert shapes.items == STACK[::-1]
    values = [constraint.apply(checked) for _ in range(3)]
    assert values == [1, 1, 1]
    assert shapes.items == STACK[::-1]
    # A second call turns the list again, and does not change the first.
    constraint.check((shapes, 2.0))
    assert shapes.items == STACK
    assert constraint.apply(checked) == 1


def test_shapes_in_a_row_are_not_turned():
    constraint = library.constraint("distributeHorizontally")
    assert constraint is not None
    shapes = Shapes(list(STACK))
    constraint.check((shapes,))
    assert shapes.items == STACK
