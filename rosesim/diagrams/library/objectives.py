"""Objectives: what the layout makes small."""

from __future__ import annotations

from rosesim.diagrams.boxes import center, point
from rosesim.diagrams.kinds import BOOLEAN, NUMBER, ROWS, SHAPE
from rosesim.diagrams.library.curves import spread_of_edges
from rosesim.diagrams.library.items import objective
from rosesim.diagrams.scalars import EPS, Number, div, maximum, neg, total
from rosesim.diagrams.values import Rows, Shape
from rosesim.diagrams.vectors import dot, minus, normalised, plus, squared, times

REPULSION = 1e7
SAMPLES = 16
"""Points of a Line that repel."""


def _square(x: Number) -> Number:
    return x * x


@objective("equal", x=NUMBER, y=NUMBER)
def equal(x: Number, y: Number) -> Number:
    """(x − y)²."""
    return _square(x - y)


@objective("lessThan", x=NUMBER, y=NUMBER)
def less_than(x: Number, y: Number) -> Number:
    """max(0, x − y)²."""
    return _square(maximum(0.0, x - y))


@objective("greaterThan", x=NUMBER, y=NUMBER)
def greater_than(x: Number, y: Number) -> Number:
    """max(0, y − x)²."""
    return _square(maximum(0.0, y - x))


@objective(x=NUMBER)
def minimal(x: Number) -> Number:
    """x."""
    return x


@objective(x=NUMBER)
def maximal(x: Number) -> Number:
    """−x."""
    return neg(x)


@objective(s1=SHAPE, s2=SHAPE)
def sameCenter(s1: Shape, s2: Shape) -> Number:
    """|c₁ − c₂|², c the centres: a shape's `center`, otherwise its box's."""
    return squared(minus(center(s1), center(s2)))


@objective(s=SHAPE, x=NUMBER, y=NUMBER)
def nearPt(s: Shape, x: Number, y: Number) -> Number:
    """|c − (x, y)|²."""
    return squared(minus(center(s), (x, y)))


@objective(s1=SHAPE, s2=SHAPE, offset=NUMBER)
def near(s1: Shape, s2: Shape, offset: Number = 10.0) -> Number:
    """|c₁ − c₂|² − offset²; may be negative."""
    return squared(minus(center(s1), center(s2))) - offset * offset


@objective(s1=SHAPE, s2=SHAPE, weight=NUMBER)
def notTooClose(s1: Shape, s2: Shape, weight: Number = 10.0) -> Number:
    """1e7 / (|c₁ − c₂|² + eps), the weight ignored; of a Line s1, 1e7 weight Σ weight / (|c₂ − p_i|² + eps).

    The points of the Line are p_i = start (1 − i/16) + end i/16, i = 0 to 15.
    """
    if s1.kind != "Line":
        return div(REPULSION, squared(minus(center(s1), center(s2))) + EPS)
    start, end, other = point(s1, "start"), point(s1, "end"), center(s2)
    samples = [plus(times(1 - i / SAMPLES, start), times(i / SAMPLES, end)) for i in range(SAMPLES)]
    return REPULSION * weight * total(div(weight, squared(minus(other, p)) + EPS) for p in samples)


@objective(top=SHAPE, bottom=SHAPE, offset=NUMBER)
def above(top: Shape, bottom: Shape, offset: Number = 100.0) -> Number:
    """((c_top − c_bottom) · normalise((0, 1)) − offset)²."""
    return _square(dot(minus(center(top), center(bottom)), normalised((0.0, 1.0))) - offset)


@objective("isEquilateral", points=ROWS, closed=BOOLEAN)
def is_equilateral(points: Rows, closed: bool) -> Number:
    """The sum over edges of (length − mean length)²."""
    return spread_of_edges(points.rows, closed)
